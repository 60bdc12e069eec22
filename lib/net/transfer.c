#include "net/transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/guard.h"
#include "net/headers.h"

/* -- callbacks -- */

static bool is_allowed(struct http_request *r, const struct sockaddr *address)
{
	const struct transfer_options *options;
	const char *reason;
	char text[INET6_ADDRSTRLEN] = "?";
	curl_easy_getinfo(r->easy, CURLINFO_PRIVATE, (char **)&options);
	if (!options->guard)
		return true;
	enum guard_verdict verdict = guard_judge(address, &reason);
	if (verdict == GUARD_GLOBAL || (verdict == GUARD_PRIVATE && options->allow_private))
		return true;
	if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text, sizeof text);
	else
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text, sizeof text);
	snprintf(r->response.address, sizeof r->response.address, "%s", text);
	snprintf(r->response.error, sizeof r->response.error, "address %s refused: %s", text, reason);
	r->is_refused_address = true;
	return false;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct sockaddr_storage copy = { .ss_family = AF_UNSPEC };
	if (purpose != CURLSOCKTYPE_IPCXN || address->addrlen > sizeof copy)
		return CURL_SOCKET_BAD;
	memcpy(&copy, &address->addr, address->addrlen);
	if (!is_allowed(arg, (struct sockaddr *)&copy))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Called when the connection stands, new or reused, before the request goes out on it: each hop of a redirect, and each silent second try. */
static int before_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct http_request *r = arg;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = { .any = { .sa_family = AF_UNSPEC } };
	(void)local, (void)peer_port, (void)local_port;
	if (inet_pton(AF_INET, peer, &address.in.sin_addr) == 1)
		address.in.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, peer, &address.in6.sin6_addr) == 1)
		address.in6.sin6_family = AF_INET6;
	if (!is_allowed(r, &address.any))
		return CURL_PREREQFUNC_ABORT;
	if (r->is_sent && !r->has_answer) {
		r->is_resend = true;
		return CURL_PREREQFUNC_ABORT;
	}
	r->is_sent = true;
	r->has_answer = r->is_refused_address = false;
	snprintf(r->response.address, sizeof r->response.address, "%s", peer);
	return CURL_PREREQFUNC_OK;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_request *r = arg;
	struct slice line = { bytes, size * count };
	r->has_answer = true;
	if (slice_starts(line, "HTTP/")) { /* a further answer: after a 1xx or a redirect */
		buf_reset(&r->header_lines);
		buf_reset(&r->content);
		r->decoded_bytes = 0;
	}
	buf_put_slice(&r->header_lines, line);
	if (slice_trim(line).len == 0) {
		unsigned codings = headers_codings(buf_slice(&r->header_lines));
		r->has_coding = codings > 0;
		r->is_stacked = codings > 1;
	}
	return r->header_lines.failed || r->is_stacked ? 0 : line.len;
}

/* The bytes that came over the network for this body, with the part that libcurl has read but not yet counted. */
static size_t received_bytes(struct http_request *r)
{
	curl_off_t bytes = 0;
	curl_easy_getinfo(r->easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
	return (size_t)bytes + CURL_MAX_WRITE_SIZE;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct http_request *r = arg;
	size_t len = size * count;
	r->decoded_bytes += len;
	if (r->decoded_bytes > r->spec.max_body_bytes || (r->has_coding && r->decoded_bytes / MAX_RATIO > received_bytes(r))) {
		r->is_too_large = true;
		return 0;
	}
	buf_put(&r->content, bytes, len);
	return r->content.failed ? 0 : len;
}

/* -- options -- */

static void set_method(struct http_request *r)
{
	CURL *e = r->easy;
	bool is_get = strcmp(r->method, "GET") == 0, is_head = strcmp(r->method, "HEAD") == 0;
	if (is_head)
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (r->body != NULL || strcmp(r->method, "POST") == 0) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body == NULL ? "" : r->body);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body == NULL ? 0 : r->spec.body.len));
	}
	if (!is_head && !(is_get && r->body == NULL))
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
	if ((is_get || is_head) && r->spec.max_redirects > 0) {
		curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
		curl_easy_setopt(e, CURLOPT_MAXREDIRS, (long)r->spec.max_redirects);
	}
}

static void set_limits(struct http_request *r, const struct transfer_options *options)
{
	CURL *e = r->easy;
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->spec.timeout_ms);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* a name server that does not answer must not hold up the loop */
	if (options->guard || r->is_local)
		curl_easy_setopt(e, CURLOPT_PROXY, "");
}

bool transfer_prepare(struct http_request *r, const struct transfer_options *options)
{
	CURL *e = r->easy;
	curl_easy_reset(e);
	buf_reset(&r->header_lines);
	buf_reset(&r->content);
	r->is_sent = r->has_answer = r->is_resend = r->is_too_large = r->is_refused_address = r->is_stacked = r->has_coding = false;
	r->decoded_bytes = 0;
	r->response.status = 0;
	r->response.address[0] = r->response.error[0] = r->curl_error[0] = '\0';
	curl_easy_setopt(e, CURLOPT_PRIVATE, options);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->curl_error);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(e, CURLOPT_RESOLVE, r->resolve);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, r);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	set_limits(r, options);
	set_method(r);
	if (options->ca_file != NULL && curl_easy_setopt(e, CURLOPT_CAINFO, options->ca_file) != CURLE_OK)
		return false;
	return curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK && curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "") == CURLE_OK &&
		curl_easy_setopt(e, CURLOPT_USERAGENT, options->user_agent) == CURLE_OK;
}

/* -- the end -- */

static enum http_result judge(const struct http_request *r, CURLcode code)
{
	if (r->is_refused_address && code != CURLE_OK)
		return HTTP_REFUSED_ADDRESS;
	if (r->is_resend)
		return HTTP_BROKEN;
	if (r->is_too_large)
		return HTTP_TOO_LARGE;
	switch (code) {
	case CURLE_OK:
	case CURLE_TOO_MANY_REDIRECTS: return HTTP_ANSWERED;
	case CURLE_UNSUPPORTED_PROTOCOL: return r->is_sent && !r->has_answer ? HTTP_BROKEN : HTTP_BAD_URL; /* the former: bytes that are no HTTP */
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED: return HTTP_BAD_URL;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY: return HTTP_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT: return r->is_sent ? HTTP_TIMED_OUT : HTTP_UNREACHABLE;
	default: return r->is_sent ? HTTP_BROKEN : HTTP_UNREACHABLE;
	}
}

/* Words that stay the same from run to run: libcurl's own have times in them. */
static void describe(struct http_request *r, CURLcode code)
{
	struct http_response *to = &r->response;
	const char *words = r->curl_error[0] != '\0' ? r->curl_error : curl_easy_strerror(code);
	long os_error = 0;
	size_t room = sizeof to->error;
	curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &os_error);
	if (to->result == HTTP_REFUSED_ADDRESS)
		return; /* said where it was refused */
	if (to->result == HTTP_ANSWERED && code == CURLE_TOO_MANY_REDIRECTS)
		snprintf(to->error, room, "redirected more than %u times", r->spec.max_redirects);
	else if (to->result == HTTP_ANSWERED)
		to->error[0] = '\0';
	else if (to->result == HTTP_TIMED_OUT)
		snprintf(to->error, room, "no answer within %.3g s", (double)r->spec.timeout_ms / 1000);
	else if (to->result == HTTP_TOO_LARGE && r->decoded_bytes > r->spec.max_body_bytes)
		snprintf(to->error, room, "answer larger than %zu bytes", r->spec.max_body_bytes);
	else if (to->result == HTTP_TOO_LARGE)
		snprintf(to->error, room, "answer swells to more than %d times its size when unpacked", MAX_RATIO);
	else if (r->is_resend || code == CURLE_GOT_NOTHING)
		snprintf(to->error, room, "connection closed without an answer");
	else if (r->is_stacked)
		snprintf(to->error, room, "answer packed more than once");
	else if (code == CURLE_PARTIAL_FILE)
		snprintf(to->error, room, "answer cut off");
	else if (code == CURLE_OPERATION_TIMEDOUT)
		snprintf(to->error, room, "no connection to %s in time", r->origin);
	else if (code == CURLE_COULDNT_CONNECT)
		snprintf(to->error, room, "cannot connect to %s%s%s", r->origin, os_error != 0 ? ": " : "",
			os_error != 0 ? strerror((int)os_error) : "");
	else
		snprintf(to->error, room, "%s", words);
}

void transfer_conclude(struct http_request *r, CURLcode code, bool *is_final)
{
	struct http_response *to = &r->response;
	const char *url = NULL;
	to->result = judge(r, code);
	*is_final = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
	describe(r, code);
	if (to->result == HTTP_ANSWERED)
		curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &to->status);
	else
		buf_reset(&r->content);
	free(r->effective_url);
	r->effective_url = NULL;
	if (curl_easy_getinfo(r->easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url != NULL && strcmp(url, r->url) != 0)
		r->effective_url = strdup(url); /* without memory the first URL stands in */
}

const char *transfer_result_name(enum http_result result)
{
	static const char *const names[] = {
		[HTTP_ANSWERED] = "answered",
		[HTTP_UNREACHABLE] = "unreachable",
		[HTTP_BROKEN] = "broken",
		[HTTP_TIMED_OUT] = "timeout",
		[HTTP_TOO_LARGE] = "too_large",
		[HTTP_REFUSED_ADDRESS] = "refused_address",
		[HTTP_BAD_URL] = "bad_url",
		[HTTP_CANCELLED] = "cancelled",
		[HTTP_BREAKER_OPEN] = "breaker_open",
		[HTTP_OUT_OF_BUDGET] = "out_of_budget",
	};
	return names[result];
}
