#include "net/request.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_HEADER_BYTES = 256 << 10 };

static bool is_local_name(const char *host)
{
	struct slice name = slice_of(host);
	return slice_equal_nocase(name, (struct slice)SLICE("localhost")) || (name.len > 10 && strcasecmp(host + name.len - 10, ".localhost") == 0);
}

static bool append(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static char *copy_bytes(struct slice text)
{
	char *copy = malloc(text.len + 1);
	if (copy == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return copy;
}

/* Name resolution that needs no server: *.localhost (RFC 6761 section 6.3), and the caller's own entries, of which the last for a name counts. */
static bool copy_resolve(struct http_request *r, const char *host, const char *port, const char *const *resolve)
{
	char entry[320];
	r->is_local = is_local_name(host);
	if (r->is_local && (size_t)snprintf(entry, sizeof entry, "%s:%s:127.0.0.1", host, port) < sizeof entry && !append(&r->resolve, entry))
		return false;
	for (; resolve != NULL && *resolve != NULL; resolve++)
		if (!append(&r->resolve, *resolve))
			return false;
	return true;
}

/* Looks at the URL: `refused` where it is none of ours. False when out of memory. */
static bool check_url(struct http_request *r, const char *const *resolve)
{
	CURLU *url = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
	bool ok = url != NULL;
	if (!ok)
		return false;
	if (curl_url_set(url, CURLUPART_URL, r->url, 0) != CURLUE_OK || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		r->refused = "not a URL";
	else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		r->refused = "neither http nor https";
	else if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		r->refused = "not a URL";
	else if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK)
		r->refused = "a URL with a user name in it";
	else
		ok = curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK && copy_resolve(r, host, port, resolve) &&
			asprintf(&r->origin, "%s://%s:%s", scheme, host, port) >= 0;
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_url_cleanup(url);
	return ok;
}

static bool copy_headers(struct http_request *r, const char *const *headers)
{
	bool has_type = false;
	for (; headers != NULL && *headers != NULL; headers++) {
		if (strpbrk(*headers, "\r\n") != NULL)
			r->refused = "a header with a line break in it";
		has_type = has_type || strncasecmp(*headers, "Content-Type:", 13) == 0;
		if (!append(&r->headers, *headers))
			return false;
	}
	/* libcurl would call every body a form, and wait a second for a 100 before a large one. */
	return (has_type || append(&r->headers, "Content-Type:")) && append(&r->headers, "Expect:");
}

struct http_request *request_new(const struct http_spec *spec, const char *const *resolve)
{
	struct http_request *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	r->spec = *spec;
	if (r->spec.max_attempts == 0)
		r->spec.max_attempts = HTTP_ATTEMPTS;
	if (r->spec.timeout_ms <= 0)
		r->spec.timeout_ms = 100000;
	if (r->spec.max_wait_ms <= 0)
		r->spec.max_wait_ms = 60000;
	if (r->spec.max_body_bytes == 0)
		r->spec.max_body_bytes = HTTP_MAX_BODY_BYTES;
	buf_init(&r->header_lines, MAX_HEADER_BYTES);
	buf_init(&r->content, r->spec.max_body_bytes);
	r->method = strdup(spec->method);
	r->url = strdup(spec->url);
	r->task = copy_bytes(spec->task);
	r->body = spec->body.ptr == NULL ? NULL : copy_bytes(spec->body);
	r->slot = -1;
	r->response.retry_after_ms = -1;
	if (r->method == NULL || r->url == NULL || r->task == NULL || (spec->body.ptr != NULL && r->body == NULL) ||
		!copy_headers(r, spec->headers) || !check_url(r, resolve)) {
		request_free(r);
		return NULL;
	}
	r->spec.task.ptr = r->task;
	return r;
}

void request_free(struct http_request *r)
{
	if (r == NULL)
		return;
	buf_release(&r->header_lines);
	buf_release(&r->content);
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->resolve);
	free(r->effective_url);
	free(r->origin);
	free(r->method);
	free(r->url);
	free(r->body);
	free(r->task);
	free(r);
}
