#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "site.h"
#include "timer.h"

enum {
	MAX_BODY_BYTES = 16 << 20,
	MAX_REPORT_BYTES = 1 << 20,
	CONNECTION_MEMORY_BYTES = 64 << 10,
	MAX_CONNECTIONS = 4096,
	LISTEN_BACKLOG = 1024,
	SPARE_FILES = 64,
	HEADER_BYTES = 32,
};

struct http {
	struct api *api;
	int fd;
	unsigned port;
	struct timer timer;
	bool has_timer;
	struct MHD_Daemon *daemon;
};

enum request_state { REQUEST_NEW, REQUEST_RECEIVING, REQUEST_DECIDED };
enum request_kind { REQUEST_API, REQUEST_SITE, REQUEST_SANDBOX };

/* One request, from its first line until its answer is sent. */
struct request {
	enum request_state state;
	enum request_kind kind;
	char *uri;
	struct buf body;
	bool body_too_large;
	struct slice site;
	struct arrival arrival;
};

/* -- connections -- */

static int open_socket(unsigned *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
		listen(fd, LISTEN_BACKLOG) == 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0) {
		*port = ntohs(address.sin_port);
		return fd;
	}
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int connection_fd(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	return info == NULL ? -1 : info->connect_fd;
}

/* A reset, not an orderly end: what a client sees when a load balancer dies. Linux sends one when a socket is dissolved by connect(2) to AF_UNSPEC;
 * SO_LINGER would be too late, after the library's shutdown(2). */
static enum MHD_Result cut(struct MHD_Connection *connection)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	int ignored = connect(connection_fd(connection), &nowhere, sizeof nowhere); /* fails where the client is gone already */
	(void)ignored;
	return MHD_NO;
}

static struct slice header(struct MHD_Connection *connection, const char *name)
{
	return slice_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

/* -- answers -- */

static enum MHD_Result send_and_free(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	if (response == NULL)
		return MHD_NO;
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static struct MHD_Response *json_response(struct buf *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->ptr, MHD_RESPMEM_MUST_COPY);
	if (response != NULL && body->len > 0)
		MHD_add_response_header(response, "Content-Type", "application/json;charset=utf-8");
	return response;
}

static void add_number_header(struct MHD_Response *response, const char *name, int64_t number)
{
	char text[HEADER_BYTES];
	snprintf(text, sizeof text, "%lld", (long long)number);
	MHD_add_response_header(response, name, text);
}

static void add_limit_headers(struct MHD_Response *response, const struct api *api, const struct arrival *a)
{
	if (!a->has_limit_headers)
		return;
	add_number_header(response, "X-HubSpot-RateLimit-Max", api->limits.rate);
	add_number_header(response, "X-HubSpot-RateLimit-Remaining", a->limit.remaining);
	add_number_header(response, "X-HubSpot-RateLimit-Interval-Milliseconds", LIMIT_WINDOW_MS);
	if (api->limits.daily > 0) {
		add_number_header(response, "X-HubSpot-RateLimit-Daily", api->limits.daily);
		add_number_header(response, "X-HubSpot-RateLimit-Daily-Remaining", a->limit.daily_remaining);
	}
}

static enum MHD_Result answer_api(struct http *http, struct MHD_Connection *connection, const char *method, struct request *r)
{
	struct api_request request = {
		.method = method,
		.uri = slice_of(r->uri),
		.content_type = header(connection, "Content-Type"),
		.body = buf_slice(&r->body),
		.body_too_large = r->body_too_large,
	};
	unsigned status = api_answer(http->api, &request, &r->arrival);
	if (status == 0)
		return cut(connection);
	struct MHD_Response *response = json_response(&http->api->out);
	if (response != NULL)
		add_limit_headers(response, http->api, &r->arrival);
	return send_and_free(connection, status, response);
}

static enum MHD_Result answer_site(struct http *http, struct MHD_Connection *connection, struct request *r)
{
	struct site_answer answer;
	struct slice rest = slice_of(r->uri), path;
	slice_split(&rest, '?', &path);
	site_get(r->site, path, http->port, &answer);
	struct MHD_Response *response = MHD_create_response_from_buffer(answer.body.len, answer.body.ptr, MHD_RESPMEM_MUST_COPY);
	for (size_t i = 0; response != NULL && i < answer.header_count; i++)
		MHD_add_response_header(response, answer.headers[i].name, answer.headers[i].value);
	buf_release(&answer.body);
	return send_and_free(connection, answer.status, response);
}

/* What the sandbox says of itself: no token, no limit, not counted. */
static enum MHD_Result answer_sandbox(struct http *http, struct MHD_Connection *connection, const char *method, const struct request *r)
{
	struct buf body;
	bool is_known = strcmp(method, "GET") == 0 && strcmp(r->uri, "/sandbox/calls") == 0;
	buf_init(&body, MAX_REPORT_BYTES);
	if (is_known)
		calls_report(&http->api->calls, &body);
	else
		buf_puts(&body, "{\"status\":\"error\",\"message\":\"only GET /sandbox/calls is here\"}");
	buf_putc(&body, '\n');
	struct MHD_Response *response = json_response(&body);
	buf_release(&body);
	return send_and_free(connection, is_known ? 200 : 404, response);
}

/* -- requests -- */

static void *request_new(void *closure, const char *uri, struct MHD_Connection *connection)
{
	struct request *r = calloc(1, sizeof *r);
	(void)closure;
	(void)connection;
	if (r == NULL)
		return NULL;
	buf_init(&r->body, MAX_BODY_BYTES);
	r->uri = strdup(uri);
	return r;
}

static void request_free(void *closure, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode reason)
{
	struct request *r = *state;
	(void)closure;
	(void)connection;
	(void)reason;
	if (r == NULL)
		return;
	buf_release(&r->body);
	free(r->uri);
	free(r);
}

/* The whole request is in. Gives the time to wait before it is answered, in microseconds, or -1 to wait until the client goes away. */
static int64_t decide(struct http *http, struct MHD_Connection *connection, const char *method, struct request *r)
{
	struct slice host = header(connection, "Host");
	r->state = REQUEST_DECIDED;
	if (site_name(host, &r->site)) {
		r->kind = REQUEST_SITE;
		return site_delay_ms(r->site, slice_of(r->uri)) * 1000;
	}
	if (slice_starts(slice_of(r->uri), "/sandbox/")) {
		r->kind = REQUEST_SANDBOX;
		return 0;
	}
	struct api_request request = { .method = method, .uri = slice_of(r->uri), .authorization = header(connection, "Authorization") };
	r->arrival = api_arrive(http->api, &request);
	return r->arrival.verdict == VERDICT_STALL ? -1 : r->arrival.delay_us;
}

static enum MHD_Result answer(struct http *http, struct MHD_Connection *connection, const char *method, struct request *r)
{
	switch (r->kind) {
	case REQUEST_SITE: return answer_site(http, connection, r);
	case REQUEST_SANDBOX: return answer_sandbox(http, connection, method, r);
	default: return answer_api(http, connection, method, r);
	}
}

static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	const char *upload, size_t *upload_len, void **state)
{
	struct http *http = closure;
	struct request *r = *state;
	(void)url;
	(void)version;
	if (r == NULL || r->uri == NULL)
		return MHD_NO;
	if (r->state == REQUEST_NEW) {
		r->state = REQUEST_RECEIVING;
		return MHD_YES;
	}
	if (r->state == REQUEST_RECEIVING && *upload_len > 0) {
		buf_put(&r->body, upload, *upload_len);
		r->body_too_large |= r->body.failed;
		*upload_len = 0;
		return MHD_YES;
	}
	if (r->state == REQUEST_RECEIVING) {
		int64_t wait_us = decide(http, connection, method, r);
		struct timer_wait wait = { clock_steady_us() + (wait_us < 0 ? 0 : wait_us), connection,
			wait_us < 0 ? connection_fd(connection) : -1 };
		if (wait_us != 0 && timer_wait(&http->timer, wait))
			return MHD_YES; /* comes back when resumed */
	}
	return answer(http, connection, method, r);
}

/* -- life -- */

struct http *http_listen(struct api *api, unsigned *port)
{
	struct http *http = calloc(1, sizeof *http);
	if (http == NULL)
		return NULL;
	http->api = api;
	http->fd = open_socket(port);
	http->port = *port;
	if (http->fd < 0) {
		int error = errno;
		free(http);
		errno = error;
		return NULL;
	}
	return http;
}

/* As many connections as the file limit allows. */
static unsigned allow_connections(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return MAX_CONNECTIONS / 8;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_max > MAX_CONNECTIONS + SPARE_FILES ? MAX_CONNECTIONS : (unsigned)files.rlim_max - SPARE_FILES;
}

bool http_start(struct http *http)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
	http->has_timer = timer_start(&http->timer);
	if (!http->has_timer)
		return false;
	/* The port argument is only for show where a socket is given. */
	http->daemon = MHD_start_daemon(flags, (uint16_t)http->port, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, http->fd,
		MHD_OPTION_URI_LOG_CALLBACK, request_new, http, MHD_OPTION_NOTIFY_COMPLETED, request_free, http, MHD_OPTION_CONNECTION_LIMIT,
		allow_connections(), MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_END);
	return http->daemon != NULL;
}

void http_stop(struct http *http)
{
	if (http == NULL)
		return;
	if (http->daemon != NULL)
		MHD_quiesce_daemon(http->daemon);
	if (http->has_timer)
		timer_stop(&http->timer);
	if (http->daemon != NULL)
		MHD_stop_daemon(http->daemon);
	if (http->has_timer)
		timer_release(&http->timer);
	close(http->fd);
	free(http);
}
