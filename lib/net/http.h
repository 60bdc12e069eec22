/* lib/net/http.h - the HTTP engine: many requests in flight over one event loop (curl multi).
 *
 * Requests go out as the governor grants them, are retried only where that is safe (RFC 9110 section 9.2.2, HubSpot's error pages) with full jitter and the
 * server's own wish first, and each attempt writes one span. The caller's function runs once for each request, from http_step (or http_free), in the order in
 * which requests end. It may submit further ones and cancel; it may not call http_step or http_free.
 *
 * Only http and https; TLS 1.2 or later, always verified; no netrc, no cookies, no credentials in URLs. Every sending is ours: libcurl's own silent second
 * try on a lost connection is stopped, since the first may have taken effect. */
#ifndef NET_HTTP_H
#define NET_HTTP_H
#include "base/buf.h"
#include "net/governor.h"
#include "net/turns.h"
#include "store/cache.h"
#include "trace/trace.h"

enum { HTTP_IN_FLIGHT = 100, HTTP_MAX_BODY_BYTES = 32 << 20, HTTP_ATTEMPTS = 5, HTTP_MAX_FDS = 16 };

struct http;
struct http_request;
struct cassette;

enum http_result {
	HTTP_ANSWERED, /* any status, whole body */
	HTTP_UNREACHABLE, /* no connection could be made: name, refused, TLS; nothing was sent */
	HTTP_BROKEN, /* the connection was lost, or the answer was no HTTP; it may have taken effect */
	HTTP_TIMED_OUT, /* likewise; where no connection came about in time it is HTTP_UNREACHABLE */
	HTTP_TOO_LARGE, /* the decoded body passed the cap, or swelled to more than 100 times what was sent */
	HTTP_REFUSED_ADDRESS, /* the address guard said no */
	HTTP_BAD_URL, /* also the target of a redirect */
	HTTP_CANCELLED, /* http_cancel_all, or shutting down */
	HTTP_BREAKER_OPEN, /* the governor's breaker is open: nothing was sent */
	HTTP_OUT_OF_BUDGET, /* the server said to come back later than max_wait_ms (daily limit) */
};

enum http_source { HTTP_FROM_NETWORK, HTTP_FROM_CACHE /* also where it stands in for an error */, HTTP_FROM_CASSETTE };

struct http_response {
	enum http_result result;
	enum http_source source;
	long status; /* 0 unless HTTP_ANSWERED, or HTTP_OUT_OF_BUDGET where an answer said so; a 3xx where redirects were not to be followed or too many */
	struct slice body; /* borrowed for the call; decoded; empty where status is 0 */
	struct slice headers; /* of the last hop, raw lines; borrowed likewise */
	const char *effective_url; /* after redirects; borrowed */
	char address[64]; /* the peer's */
	unsigned attempts; /* that were begun; 0: it never got its turn */
	double ms, wait_ms; /* of the last attempt */
	int64_t retry_after_ms; /* what the server asked for last; -1: nothing */
	char error[256]; /* in words, where result is not HTTP_ANSWERED */
};

/* The value of the first header of that name (without case); false where there is none. */
bool http_header(const struct http_response *r, const char *name, struct slice *value);

typedef void http_done(const struct http_response *response, void *arg);

struct http_options {
	unsigned in_flight; /* 0: HTTP_IN_FLIGHT */
	unsigned per_host; /* connections per host, each with one request under HTTP/1.1; 0: 8 */
	const char *user_agent; /* copied; NULL: no such header */
	const char *ca_file; /* PEM file of the authorities that are trusted; borrowed beyond http_free; NULL: the system's */
	/* For requests without a governor: one at a time to a host among all processes. Borrowed, beyond http_free; NULL: others do not count. */
	struct turns *turns;
	bool guard; /* judge every address at connect time (net/guard.h); also ignores proxy variables */
	bool allow_private; /* with guard: loopback and private addresses are let through (never link-local and the rest) */
	/* "HOST:PORT:ADDRESS" entries as in curl --resolve, NULL-ended, copied; NULL for none. "*.localhost" needs none: the engine resolves it to 127.0.0.1
	 * (RFC 6761) and takes no proxy for it. */
	const char *const *resolve;
	struct trace *trace; /* borrowed; NULL: none */
	struct cache *cache; /* for requests that want it; borrowed, beyond http_free; NULL: none */
	struct cassette *cassette; /* records, or replaces the network; borrowed likewise; then without cache. NULL: none */
	uint64_t seed; /* for jitter; 0: from the kernel */
	bool quiet_retries;
	/* Told about waiting and trying again, at most once a second and not with quiet_retries; and, once for all processes, that a server is down or up again:
	 * cli_warn or cli_note. NULL: nobody. */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

/* NULL when out of memory. */
struct http *http_new(const struct http_options *options);

/* Unfinished requests end with HTTP_CANCELLED first. */
void http_free(struct http *h);

enum http_retry {
	HTTP_RETRY_NEVER,
	HTTP_RETRY_UNSENT, /* only when it cannot have taken effect: no connection, 429, 477 and 503 with Retry-After */
	HTTP_RETRY_SAFE, /* also lost connections, time-outs, and 408, 423, 500, 502-504, 520, 521, 523, 524: for reads and repeatable writes */
};

/* How an answer may be used again (net/reuse.h, net/freshness.h). For GET, and where is_policy for a POST that is a read. */
struct http_reuse {
	const char *kind; /* "web", for who looks into the cache; a literal. NULL: neither looked up nor kept */
	int64_t max_age_ms; /* none that is older; 0: the server is asked each time, if only whether what is kept is still good */
	bool is_policy; /* max_age_ms counts whatever the server says of ages; only no-store is honoured */
	const char *identity; /* whose answers these are: a digest, for the time of the call. Where NULL, a request with Authorization is not kept. */
};

struct http_spec {
	const char *method; /* "GET" */
	const char *url; /* copied */
	const char *const *headers; /* "Name: value", NULL-ended; copied; NULL for none */
	struct slice body; /* copied; ptr NULL: none */
	enum http_retry retry;
	bool interactive; /* a person waits: skips the governor's pace */
	unsigned max_attempts; /* 0: HTTP_ATTEMPTS. A 429 has done nothing: up to four for each further attempt are waited out and not counted. */
	int64_t timeout_ms; /* per attempt; 0: 100,000 (HubSpot's own 524 comes at 100 s) */
	int64_t max_wait_ms; /* the longest the server may make us wait before an attempt, and a cap on our own back-off; 0: 60,000 */
	size_t max_body_bytes; /* 0: HTTP_MAX_BODY_BYTES */
	unsigned max_redirects; /* followed, for GET and HEAD only; 0: none. Authorization goes to the first host alone. */
	struct governor *governor; /* borrowed, beyond http_free; NULL: not limited */
	int64_t pause_ms; /* with turns: after its answer nobody asks the host for so long, nor for what Retry-After asks */
	struct http_reuse reuse;
	const char *op; /* span's name, a literal */
	struct slice task; /* span's task; copied */
	int64_t count; /* objects in it, for the span */
	http_done *done;
	void *arg;
};

/* Queues it. False when out of memory or inside http_free (done is not called). */
bool http_submit(struct http *h, const struct http_spec *spec);

/* Works until something happens, at most timeout_ms (negative: no limit): sends, receives, calls `done` functions. Returns early when one of the fds (at most
 * HTTP_MAX_FDS; -1 is skipped) is ready to be read or at its end, or on a signal; now and then also for nothing. The number of requests not finished. */
size_t http_step(struct http *h, int timeout_ms, const int *fds, size_t fd_count);

size_t http_pending(const struct http *h);

/* All end with HTTP_CANCELLED; their done functions run in the next http_step. */
void http_cancel_all(struct http *h);

/* Totals of this engine, for the summary under -v. */
struct http_totals {
	uint64_t requests, cached, attempts, retries, bytes_in; /* cached: requests answered without an attempt */
	double waited_ms;
};
struct http_totals http_totals(const struct http *h);
#endif
