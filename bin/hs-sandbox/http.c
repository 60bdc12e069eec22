#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "request.h"
#include "waits.h"

enum {
	CONNECTION_MEMORY_BYTES = 64 << 10,
	MAX_CONNECTIONS = 4096,
	LISTEN_BACKLOG = 1024,
	SPARE_FILES = 64,
	GONE_CHECK_US = 50000,
	MAX_LAST_ROUNDS = 100,
};

struct http {
	struct api *api;
	int fd;
	unsigned port;
	struct waits waits; /* of struct request */
	struct MHD_Daemon *daemon;
	int epoll_fd; /* the daemon's: readable when it has something to do */
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

/* -- requests -- */

static void *start_request(void *closure, const char *uri, struct MHD_Connection *connection)
{
	(void)closure;
	(void)connection;
	return request_new(uri);
}

static void end_request(void *closure, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode reason)
{
	(void)closure;
	(void)connection;
	(void)reason;
	request_free(*state);
	*state = NULL;
}

/* Once it is carried out. Without a response, by a fault or for want of memory, the connection is cut. */
static enum MHD_Result send_answer(struct MHD_Connection *connection, const struct request *r)
{
	return r->response == NULL ? cut(connection) : MHD_queue_response(connection, r->status, r->response);
}

/* The connection of a late call is cut, and the call waits without one. */
static enum MHD_Result part(struct http *http, struct MHD_Connection *connection, struct request *r, int64_t due_us, void **state)
{
	*state = NULL;
	if (!waits_push(&http->waits, due_us, r)) {
		request_carry_out(r, http->api, http->port); /* before its time: dropped */
		request_free(r);
	}
	return cut(connection);
}

static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	const char *upload, size_t *upload_len, void **state)
{
	struct http *http = closure;
	struct request *r = *state;
	(void)url;
	(void)version;
	if (r == NULL)
		return MHD_NO;
	if (r->state == REQUEST_NEW) {
		r->state = REQUEST_RECEIVING;
		return MHD_YES;
	}
	if (r->state == REQUEST_DONE)
		return send_answer(connection, r);
	if (*upload_len > 0) {
		request_receive(r, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	int64_t wait_us = request_arrive(r, http->api, connection, method), due_us = clock_steady_us() + wait_us;
	if (wait_us < 0)
		return MHD_NO;
	if (request_is_late(r))
		return part(http, connection, r, due_us, state);
	if (wait_us > 0 && waits_push(&http->waits, due_us, r)) {
		r->state = REQUEST_WAITING;
		r->connection = connection;
		MHD_suspend_connection(connection);
		return MHD_YES; /* comes back when resumed */
	}
	request_carry_out(r, http->api, http->port);
	return send_answer(connection, r);
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
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	/* The port argument is only for show where a socket is given. */
	http->daemon = MHD_start_daemon(flags, (uint16_t)http->port, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, http->fd,
		MHD_OPTION_URI_LOG_CALLBACK, start_request, http, MHD_OPTION_NOTIFY_COMPLETED, end_request, http, MHD_OPTION_CONNECTION_LIMIT,
		allow_connections(), MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES, MHD_OPTION_END);
	if (http->daemon == NULL)
		return false;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	http->epoll_fd = info == NULL ? -1 : info->epoll_fd;
	return http->epoll_fd >= 0;
}

static bool is_gone(struct MHD_Connection *connection)
{
	char byte;
	ssize_t n = recv(connection_fd(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Carries out one that waited, and lets its connection, if it has one, send the answer. */
static void finish(struct http *http, struct request *r)
{
	struct MHD_Connection *connection = r->connection;
	request_carry_out(r, http->api, http->port);
	if (connection == NULL) {
		request_free(r);
		return;
	}
	MHD_resume_connection(connection);
	MHD_run(http->daemon); /* may end the request */
}

static void finish_due(struct http *http)
{
	for (struct request *r; (r = waits_pop(&http->waits, clock_steady_us())) != NULL;)
		if (!request_is_stalled(r) || is_gone(r->connection) || !waits_push(&http->waits, clock_steady_us() + GONE_CHECK_US, r))
			finish(http, r);
}

/* Waits for the network, a signal, or the next one that is due. */
static void wait_for_work(const struct http *http, const sigset_t *open_mask)
{
	MHD_UNSIGNED_LONG_LONG mhd_ms;
	struct pollfd poll_fd = { .fd = http->epoll_fd, .events = POLLIN };
	int64_t next_us = waits_next_us(&http->waits), now_us = clock_steady_us(), wait_us = next_us == INT64_MAX ? INT64_MAX : next_us - now_us;
	if (MHD_get_timeout(http->daemon, &mhd_ms) == MHD_YES && mhd_ms < (MHD_UNSIGNED_LONG_LONG)INT32_MAX && (int64_t)mhd_ms * 1000 < wait_us)
		wait_us = (int64_t)mhd_ms * 1000;
	if (wait_us < 0)
		wait_us = 0;
	struct timespec timeout = { .tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000 };
	ppoll(&poll_fd, 1, wait_us == INT64_MAX ? NULL : &timeout, open_mask);
}

void http_run(struct http *http, const sigset_t *open_mask, bool (*is_over)(void))
{
	while (!is_over()) {
		finish_due(http);
		wait_for_work(http, open_mask);
		MHD_run(http->daemon);
	}
}

void http_stop(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;
	if (http == NULL)
		return;
	if (http->daemon != NULL) {
		MHD_quiesce_daemon(http->daemon);
		for (struct request *r; (r = waits_pop(&http->waits, INT64_MAX)) != NULL;)
			finish(http, r);
		for (int i = 0; i < MAX_LAST_ROUNDS && MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms == 0; i++)
			MHD_run(http->daemon);
		MHD_stop_daemon(http->daemon);
	}
	waits_release(&http->waits);
	close(http->fd);
	free(http);
}
