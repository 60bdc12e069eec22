/* tests/unit/http_server.h - a small web server on loopback with good and bad manners, for the tests of the engine. The path says how it behaves.
 *
 * A thread for each connection. It keeps a log of the requests that it has read whole, in order. It sleeps nowhere: what stalls, stalls until the
 * client closes. */
#ifndef UNIT_HTTP_SERVER_H
#define UNIT_HTTP_SERVER_H
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "check.h"

enum { MAX_LOG = 512, MAX_REQUEST = 8192, MAX_FDS = 1024 };

static struct {
	int fd;
	unsigned port;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct {
		char line[256]; /* "GET /path" */
		char text[MAX_REQUEST]; /* all of it */
		int64_t at_us;
	} log[MAX_LOG];
	unsigned logged, connections, threads, inside, most_inside, arrived;
	bool is_open[MAX_FDS];
} server;

static void send_text(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		bytes += sent;
		len -= (size_t)sent;
	}
}

static void say(int fd, const char *text)
{
	send_text(fd, text, strlen(text));
}

__attribute__((format(printf, 3, 4))) static void answer(int fd, const char *status, const char *format, ...)
{
	char body[MAX_REQUEST + 256], head[1024];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(body, sizeof body, format, args);
	va_end(args);
	/* The status may bring header lines with it. */
	int head_len = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n", status, len);
	send_text(fd, head, (size_t)head_len);
	send_text(fd, body, (size_t)len);
}

static void wait_for_close(int fd)
{
	char byte;
	while (recv(fd, &byte, 1, 0) > 0)
		continue;
}

/* gzip of "hello" */
static const unsigned char gzipped[] = { 0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36,
	0x05, 0, 0, 0 };

/* Zeros in a deflate block with fixed codes (RFC 1951 section 3.2.6): 13 bits say "258 more of the byte before", 158 for 1. */
static void send_bomb(int fd)
{
	enum { COPIES = 200000 };
	static unsigned char bytes[COPIES * 13 / 8 + 64] = { 0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03 };
	size_t bit = 80;
	static const char copy[] = "1100010100000", first[] = "11000110000"; /* last block, fixed codes: 1 10, then the literal 0: 00110000 */
	for (const char *b = first; *b != '\0'; b++, bit++)
		bytes[bit / 8] |= (unsigned char)((*b - '0') << bit % 8);
	for (int i = 0; i < COPIES; i++)
		for (const char *b = copy; *b != '\0'; b++, bit++)
			bytes[bit / 8] |= (unsigned char)((*b - '0') << bit % 8);
	char head[128];
	int len = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", bit / 8 + 64);
	send_text(fd, head, (size_t)len);
	send_text(fd, (const char *)bytes, bit / 8);
	wait_for_close(fd);
}

/* How often that request line came, this time among them. */
static unsigned count_line(const char *line)
{
	unsigned count = 0;
	pthread_mutex_lock(&server.lock);
	for (unsigned i = 0; i < server.logged; i++)
		count += strcmp(server.log[i].line, line) == 0;
	pthread_mutex_unlock(&server.lock);
	return count;
}

/* Waits until `wanted` requests are inside at once, or the client is gone from this one. */
static void meet(unsigned wanted)
{
	pthread_mutex_lock(&server.lock);
	server.arrived++;
	pthread_cond_broadcast(&server.changed);
	while (server.arrived < wanted)
		pthread_cond_wait(&server.changed, &server.lock);
	pthread_mutex_unlock(&server.lock);
}

/* Answers one request; whether the connection goes on. `nth` counts the requests on it from 1. */
static bool behave(int fd, const char *line, const char *path, const char *text, unsigned nth)
{
	unsigned number = 0, seen = count_line(line);
	char word[512] = "";
	if (strcmp(path, "/ok") == 0) {
		answer(fd, "200 OK\r\nX-Name: value", "hello");
	} else if (strcmp(path, "/echo") == 0) {
		answer(fd, "200 OK", "%s", text);
	} else if (sscanf(path, "/status/%u", &number) == 1) {
		char status[64];
		snprintf(status, sizeof status, "%u Status", number);
		answer(fd, status, "status %u", number);
	} else if (sscanf(path, "/fail-then-ok/%u", &number) == 1) {
		answer(fd, seen <= number ? "500 Broken" : "200 OK", "try %u", seen);
	} else if (sscanf(path, "/limited/%u", &number) == 1) {
		answer(fd, seen <= number ? "429 Slow\r\nretry-after-ms: 40" : "200 OK", "try %u", seen);
	} else if (sscanf(path, "/headers/%500s", word) == 1) { /* "Cache-Control:max-age=60;Vary:*" */
		char status[600] = "200 OK\r\n";
		for (char *at = word; (at = strchr(at, ';')) != NULL;)
			*at = '\n';
		snprintf(status, sizeof status, "200 OK\r\n%s", word);
		answer(fd, status, "try %u", seen);
	} else if (strcmp(path, "/tagged") == 0 || strcmp(path, "/dated") == 0) {
		bool is_same =
			strstr(text, "If-None-Match: \"v1\"") != NULL || strstr(text, "If-Modified-Since: Mon, 05 Jan 2026 09:00:00 GMT") != NULL;
		const char *validator = path[1] == 't' ? "ETag: \"v1\"" : "Last-Modified: Mon, 05 Jan 2026 09:00:00 GMT";
		char status[256];
		snprintf(status, sizeof status, "%s\r\n%s\r\nX-Try: %u", is_same ? "304 Same" : "200 OK", validator, seen);
		answer(fd, status, "%s", is_same ? "" : "tagged");
	} else if (strcmp(path, "/ok-then-500") == 0) {
		answer(fd, seen == 1 ? "200 OK" : "500 Broken", "try %u", seen);
	} else if (strcmp(path, "/must-then-500") == 0) {
		answer(fd, seen == 1 ? "200 OK\r\nCache-Control: max-age=0, must-revalidate" : "500 Broken", "try %u", seen);
	} else if (strcmp(path, "/come-back-later") == 0) {
		answer(fd, "429 Slow\r\nRetry-After: 3600", "{\"policyName\":\"OTHER\"}");
	} else if (strcmp(path, "/daily") == 0) {
		answer(fd, "429 Slow", "{\"status\":\"error\",\"policyName\":\"DAILY\"}");
	} else if (strcmp(path, "/rated") == 0) {
		answer(fd, "200 OK\r\nX-HubSpot-RateLimit-Max: 7\r\nX-HubSpot-RateLimit-Interval-Milliseconds: 3000", "rated");
	} else if (sscanf(path, "/redirect/%u/%500s", &number, word) == 2) {
		char status[600];
		snprintf(status, sizeof status, "%u Moved\r\nLocation: %s", number, word);
		answer(fd, status, "moved");
	} else if (strcmp(path, "/loop") == 0) {
		answer(fd, "302 Moved\r\nLocation: /loop", "moved");
	} else if (strcmp(path, "/hints") == 0) {
		say(fd, "HTTP/1.1 103 Early Hints\r\nX-Name: early\r\n\r\n");
		answer(fd, "200 OK\r\nX-Name: late", "hello");
	} else if (strcmp(path, "/chunked") == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
	} else if (strcmp(path, "/gzip") == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n");
		send_text(fd, (const char *)gzipped, sizeof gzipped);
	} else if (strcmp(path, "/stacked") == 0) {
		answer(fd, "200 OK\r\nContent-Encoding: gzip, gzip", "hello");
	} else if (strcmp(path, "/bomb") == 0) {
		send_bomb(fd);
		return false;
	} else if (sscanf(path, "/big/%u", &number) == 1) {
		char *body = calloc(1, number + 1);
		int len = snprintf(word, sizeof word, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", number);
		send_text(fd, word, (size_t)len);
		send_text(fd, body, number);
		free(body);
	} else if (sscanf(path, "/meet/%u", &number) == 1) {
		meet(number);
		answer(fd, "200 OK", "met");
	} else if (strcmp(path, "/stall") == 0) {
		wait_for_close(fd);
		return false;
	} else if (strcmp(path, "/slow-headers") == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nX-Na");
		wait_for_close(fd);
		return false;
	} else if (strcmp(path, "/cut") == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes!");
		return false;
	} else if (strcmp(path, "/no-http") == 0) {
		say(fd, "I speak something else\r\n\r\n");
		return false;
	} else if (strcmp(path, "/reset") == 0) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
		return false;
	} else if (strcmp(path, "/only-first") == 0) {
		if (nth > 1)
			return false;
		answer(fd, "200 OK", "first");
	} else {
		return false; /* "/close": without a word */
	}
	return true;
}

/* Reads one request whole into text; false at the end. The client never sends one before it has the answer to the last. */
static bool read_request(int fd, char text[MAX_REQUEST])
{
	size_t len = 0, want = MAX_REQUEST;
	while (len < want && len + 1 < MAX_REQUEST) {
		ssize_t got = recv(fd, text + len, MAX_REQUEST - 1 - len, 0);
		if (got <= 0)
			return false;
		len += (size_t)got;
		text[len] = '\0';
		const char *body = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length:");
		if (body != NULL)
			want = (size_t)(body + 4 - text) + (length != NULL && length < body ? strtoul(length + 17, NULL, 10) : 0);
	}
	return len == want;
}

static void *serve_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char text[MAX_REQUEST], line[256], method[16], path[200];
	bool goes_on = true;
	for (unsigned nth = 1; goes_on && read_request(fd, text); nth++) {
		if (sscanf(text, "%15s %199s", method, path) != 2)
			break;
		snprintf(line, sizeof line, "%s %s", method, path);
		pthread_mutex_lock(&server.lock);
		if (server.logged < MAX_LOG) {
			strcpy(server.log[server.logged].line, line);
			strcpy(server.log[server.logged].text, text);
			server.log[server.logged++].at_us = clock_steady_us();
		}
		if (++server.inside > server.most_inside)
			server.most_inside = server.inside;
		pthread_mutex_unlock(&server.lock);
		goes_on = behave(fd, line, path, text, nth);
		pthread_mutex_lock(&server.lock);
		server.inside--;
		pthread_mutex_unlock(&server.lock);
	}
	pthread_mutex_lock(&server.lock);
	server.is_open[fd] = false;
	close(fd);
	server.threads--;
	pthread_cond_broadcast(&server.changed);
	pthread_mutex_unlock(&server.lock);
	return NULL;
}

static void *serve(void *arg)
{
	(void)arg;
	for (int fd; (fd = accept(server.fd, NULL, NULL)) >= 0;) {
		pthread_t thread;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		pthread_mutex_lock(&server.lock);
		if (fd >= MAX_FDS)
			abort();
		server.is_open[fd] = true;
		server.connections++;
		server.threads++;
		pthread_mutex_unlock(&server.lock);
		if (pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd) != 0)
			abort();
		pthread_detach(thread);
	}
	return NULL;
}

static int open_port(unsigned *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return -1;
	*port = ntohs(address.sin_port);
	return fd;
}

static int start_server(void **state)
{
	(void)state;
	memset(&server, 0, sizeof server);
	pthread_mutex_init(&server.lock, NULL);
	pthread_cond_init(&server.changed, NULL);
	server.fd = open_port(&server.port);
	if (server.fd < 0 || listen(server.fd, 256) != 0)
		return -1;
	return pthread_create(&server.thread, NULL, serve, NULL);
}

/* Every thread comes to its end: the client has closed its connections, or broke off and they are closed here. */
static int stop_server(void **state)
{
	(void)state;
	shutdown(server.fd, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.fd);
	pthread_mutex_lock(&server.lock);
	for (int fd = 0; fd < MAX_FDS; fd++)
		if (server.is_open[fd])
			shutdown(fd, SHUT_RDWR);
	server.arrived = MAX_LOG;
	pthread_cond_broadcast(&server.changed);
	while (server.threads > 0)
		pthread_cond_wait(&server.changed, &server.lock);
	pthread_mutex_unlock(&server.lock);
	return 0;
}
#endif
