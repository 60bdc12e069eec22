/* lib/net/engine.h - the engine's state, and the life of one attempt (attempt.c). Inside the engine only: http.c has the loop and whose turn it is. */
#ifndef NET_ENGINE_H
#define NET_ENGINE_H
#include <curl/curl.h>

#include "base/random.h"
#include "net/lanes.h"
#include "net/playback.h"
#include "net/request.h"
#include "net/transfer.h"

/* A request is in exactly one place: waiting for another process, its lane, the delayed ones, the active ones, or the finished ones whose function has not been called yet. */
struct http {
	CURLM *multi;
	CURL **pool; /* handles at rest */
	size_t pool_count;
	struct lanes lanes;
	struct http_request *waiting, *delayed, *active, *finished, **finished_end;
	struct http_request *holding; /* their keys of the cache, wherever they stand (reuse.h) */
	struct cache *cache; /* NULL: none */
	struct cassette *cassette; /* NULL: none */
	struct turns *turns; /* NULL: none */
	unsigned in_flight, active_count, per_host;
	size_t pending;
	char *user_agent;
	char **resolve; /* NULL-ended */
	struct transfer_options transfer;
	struct trace *trace;
	struct random random;
	void (*tell)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2))); /* NULL also where retries are to be quiet */
	int64_t warned_us;
	bool is_closing;
	struct http_totals totals;
};

/* Sends a request, which stands in no list, with the slot that its governor granted (-1: none). Without memory it ends. */
void attempt_begin(struct http *h, struct http_request *r, int slot, int64_t now_us);

/* libcurl is done with it: another attempt later, or the request's end. */
void attempt_end(struct http *h, struct http_request *r, CURLcode code);

/* Takes it off the network; the request ends. */
void attempt_cancel(struct http *h, struct http_request *r, int64_t now_us);

/* Writes the span of what r->response says. */
void engine_span(struct http *h, const struct http_request *r);

/* The request, which stands in no list, waits for its done function to be called. */
void engine_finish(struct http *h, struct http_request *r);

/* The same, for one that did not get its turn (again): says why. */
void engine_finish_unsent(struct http *h, struct http_request *r, enum http_result result, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
#endif
