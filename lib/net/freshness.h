/* lib/net/freshness.h - how long an answer may be used again: RFC 9111 for a private cache, as pure decisions.
 *
 * Departures: an answer without an age of its own is fresh for the caller's time to live (section 4.2.2 leaves the heuristic open); no ranges, no HEAD, no
 * invalidation by other methods. A failure to connect is kept for a while, too, which HTTP knows nothing of. */
#ifndef NET_FRESHNESS_H
#define NET_FRESHNESS_H
#include "base/buf.h"

enum {
	FRESHNESS_FAILURE_MS = 10 * 60000, /* no such name, nobody answers, no end */
	FRESHNESS_NEGATIVE_MS = 3600000, /* 4xx */
	FRESHNESS_STALE_MS = 24 * 3600000, /* how long after its time an answer still stands in for an error */
};

struct freshness {
	bool is_kept; /* may be stored */
	int64_t until_ms; /* when the server's word, or a negative answer, runs out; INT64_MAX: no bound but the caller's time to live */
};

/* An answer that came at now_ms. With is_policy the caller's time to live counts, whatever the server says of ages and revalidation; no-store is honoured all the
 * same. Statuses that tell of a passing state (401, 407, 408, 423, 425, 429, 5xx) are never kept, nor parts (206). */
struct freshness freshness_of(long status, struct slice headers, bool is_policy, int64_t now_ms);

/* Whether a stored answer may stand in for an error although its time is over: not with must-revalidate or no-cache, unless is_policy. */
bool freshness_may_be_stale(struct slice headers, bool is_policy);

/* Puts what may be stored of an answer's header lines: not those of the connection (section 3.1), and cookies by name only. */
void freshness_put_headers(struct buf *out, struct slice headers);

/* The same of a stored answer, with what a 304 says anew (section 3.2). */
void freshness_put_updated(struct buf *out, struct slice stored, struct slice update);
#endif
