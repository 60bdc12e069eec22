/* bin/hs-sandbox/limits.h - HubSpot's rate limits: a ten-second window per token, one of a second for searches, and a daily count.
 *
 * A call is counted when it arrives, whatever becomes of it; one that is refused is not counted. HubSpot's windows roll; fixed ones, which start anew
 * every ten seconds, let through up to twice the rate around their seam. (developers.hubspot.com, "API usage guidelines", 2026) */
#ifndef SANDBOX_LIMITS_H
#define SANDBOX_LIMITS_H
#include "base/slice.h"

enum { LIMIT_WINDOW_MS = 10000, LIMIT_MAX_TOKENS = 64 };

enum limit_verdict { LIMIT_OK, LIMIT_TEN_SECONDLY, LIMIT_SECONDLY, LIMIT_DAILY };

struct limit_settings {
	int64_t rate, search_rate, daily; /* 0: no such limit */
	bool is_fixed; /* the windows; else they roll */
	int64_t seam_us; /* steady time at which a fixed window starts, and others any number of spans away */
};

/* The calls of the last `span_us`, or of the fixed window `current`. */
struct limit_window {
	int64_t *arrivals_us; /* of the last `size` calls, the next one goes to `next`; NULL where the window is fixed */
	size_t size, count, next;
	int64_t span_us, current;
	uint64_t token_hash;
};

struct limits {
	struct limit_settings settings;
	int64_t daily_used, day;
	struct limit_window search;
	struct limit_window tokens[LIMIT_MAX_TOKENS];
	size_t token_count;
};

/* What the headers of the answer say. */
struct limit_state {
	enum limit_verdict verdict;
	int64_t remaining, daily_remaining;
};

/* False without memory. */
bool limits_init(struct limits *l, const struct limit_settings *settings);
void limits_release(struct limits *l);

/* A call arrives: now_us is steady time, day counts days (any epoch). */
struct limit_state limits_arrive(struct limits *l, struct slice token, bool is_search, int64_t now_us, int64_t day);
#endif
