/* tests/unit/http_client.h - requests of the HTTP engine to the server of http_server.h, and what their done functions were told. */
#ifndef UNIT_HTTP_CLIENT_H
#define UNIT_HTTP_CLIENT_H
#include "http_server.h"
#include "net/http.h"

enum { MAX_GOT = 256 };

/* What the done functions were told, in their order. */
static struct got {
	struct http_response response;
	char body[4096], headers[4096], url[512];
	size_t body_len;
	void *arg;
} got[MAX_GOT];
static size_t got_count;

static inline void note(const struct http_response *r, void *arg)
{
	assert_true(got_count < MAX_GOT);
	struct got *g = &got[got_count++];
	g->response = *r;
	g->arg = arg;
	g->body_len = r->body.len;
	snprintf(g->body, sizeof g->body, "%.*s", (int)(r->body.len < 4000 ? r->body.len : 4000), r->body.ptr);
	snprintf(g->headers, sizeof g->headers, "%.*s", (int)r->headers.len, r->headers.ptr);
	snprintf(g->url, sizeof g->url, "%s", r->effective_url);
}

static inline struct http *open_engine(struct http_options options)
{
	got_count = 0;
	options.seed = 1;
	struct http *h = http_new(&options);
	assert_non_null(h);
	return h;
}

/* Borrowed until the next call. */
static inline const char *url_of(const char *host, const char *path)
{
	static char url[512];
	snprintf(url, sizeof url, "http://%s:%u%s", host, server.port, path);
	return url;
}

static inline struct http_spec get(const char *path)
{
	return (struct http_spec){ .method = "GET", .url = url_of("127.0.0.1", path), .done = note, .timeout_ms = 20000 };
}

static inline void submit(struct http *h, struct http_spec spec)
{
	assert_true(http_submit(h, &spec));
}

static inline void finish_all(struct http *h)
{
	while (http_step(h, -1, NULL, 0) > 0)
		continue;
}

/* One request on an engine of its own. */
static inline const struct got *run_with(struct http_options options, struct http_spec spec)
{
	struct http *h = open_engine(options);
	submit(h, spec);
	finish_all(h);
	http_free(h);
	assert_int_equal(got_count, 1);
	return &got[0];
}

static inline const struct got *run(struct http_spec spec)
{
	return run_with((struct http_options){ .in_flight = 4 }, spec);
}

static inline struct governor *make_governor(unsigned max)
{
	struct governor *g = governor_new("test", &(struct governor_limits){ .max = max, .window_us = 10000000 });
	assert_non_null(g);
	return g;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)
#endif
