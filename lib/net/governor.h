/* lib/net/governor.h - who may call now: ceiling, pace, retry budget and breaker of one key (QUEUE.md, Governor).
 *
 * The ceiling is a set of slots, each busy from a call's sending until the window's length after its ANSWER: the server counts somewhere between, so no window,
 * rolling or fixed, can see more than Max. The pace (GCRA) spreads background calls over the window. This implementation lives in one process; the
 * contract is the one that all processes will share. Times are real and steady, in microseconds (clock_steady_us); the caller brings them, and never an
 * earlier one than before. */
#ifndef NET_GOVERNOR_H
#define NET_GOVERNOR_H
#include <stdbool.h>
#include <stdint.h>

enum governor_class { GOVERNOR_BACKGROUND, GOVERNOR_INTERACTIVE };

struct governor_limits {
	unsigned max; /* calls a window; 0: not limited */
	int64_t window_us;
	unsigned burst; /* background calls that may go at once; 0: 40 */
	unsigned reserved; /* slots kept for interactive calls, lent while none waits; QUEUE.md: 4 */
};

struct governor;

/* key: "hubspot", "hubspot-search", "web:example.com"; copied. NULL when out of memory. */
struct governor *governor_new(const char *key, const struct governor_limits *limits);
void governor_free(struct governor *g);
const char *governor_key(const struct governor *g);

/* Asks for one call at time now_us. >= 0: granted, the slot's number, to be given back with governor_answer. -1: not now; *again_us is when to ask
 * next, or after any call's answer. -2: the breaker is open until *again_us. A grant is taken when the call is ready to go, never ahead. */
int governor_take(struct governor *g, enum governor_class class, int64_t now_us, int64_t *again_us);

enum governor_outcome {
	GOVERNOR_OK,
	GOVERNOR_FAILED /* 5xx, lost, timed out */,
	GOVERNOR_LIMITED /* 429 */,
	GOVERNOR_UNSENT /* never left, by our own decision: the slot is free at once */,
	GOVERNOR_UNREACHABLE /* never left, since nobody answered at the door: free at once, a failure to the breaker */,
	GOVERNOR_GIVEN_UP /* sent, then cancelled by us: it may be counted, and says nothing of the server */
};
void governor_answer(struct governor *g, int slot, enum governor_outcome outcome, int64_t now_us);

/* No call before `until_us`: what Retry-After or a 429's policy asked for. */
void governor_hold(struct governor *g, int64_t until_us);

/* The server's own figures (X-HubSpot-RateLimit-Max, -Interval-Milliseconds): adopted at once, for calls already answered too. Zeros change nothing. */
void governor_learn(struct governor *g, unsigned max, int64_t window_us);

/* Retry budget: 500 tokens; a retry costs 5, one after a time-out 10, a success gives 1. False: no retry. A call that was answered 429 is not charged: the
 * hold and the ceiling bound it. */
bool governor_may_retry(struct governor *g, bool timed_out);

/* For the status line and tests. */
struct governor_state {
	unsigned busy, max, retry_tokens;
	bool breaker_open;
	int64_t hold_until_us; /* may have passed; 0: never held */
};
struct governor_state governor_state(const struct governor *g, int64_t now_us);
#endif
