/* lib/net/governor.h - who may call now: ceiling, pace, retry budget and breaker of one key, shared by every process of this machine (QUEUE.md, Governor).
 *
 * The ceiling is a set of slots, each busy from a call's sending until the window's length after its ANSWER, or after its process was found dead: the server
 * counts somewhere between, so no window, rolling or fixed, can see more than Max. The pace (GCRA) spreads background calls over the window. Waiters stand in a
 * line for each class, a ticket a process; one that does not come when it is its turn is passed over.
 *
 * All state is in one file that every process maps, and is only touched under a lock on its first byte: an open-file-description lock, which the kernel drops
 * whatever kills a process, so no state can be left locked. (QUEUE.md has compare-and-swap in mind; at some 20 calls a second a lock costs nothing, and what a
 * death in the middle can leave is one slot too many in use.) Every process holds a lock on a byte of its own as long as it lives; by that the others see its death.
 * Times are CLOCK_BOOTTIME in microseconds (clock_steady_us), the same for all processes of a boot; the caller brings them. */
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

/* key: "hubspot", "hubspot-search", "web:example.com"; copied. In this process alone. NULL when out of memory. */
struct governor *governor_new(const char *key, const struct governor_limits *limits);

enum { GOVERNOR_ERROR_BYTES = 512 };

/* Shared, in the file FOLDER/KEY.governor, made where it is missing and allocated whole. What its file knows of Max and window counts, not `limits`, once a server
 * has said it. A file of another boot, or a damaged one, starts with all slots as used just now; one of a newer version is refused. NULL with the reason in `error`. */
struct governor *governor_open(
	const char *folder, const char *key, const struct governor_limits *limits, int64_t now_us, char error[GOVERNOR_ERROR_BYTES]);
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

/* That the breaker has opened, or closed again, is told to one process only, once: to the one whose answer did it. */
enum governor_news { GOVERNOR_NO_NEWS, GOVERNOR_DOWN, GOVERNOR_UP };
enum governor_news governor_answer(struct governor *g, int slot, enum governor_outcome outcome, int64_t now_us);

/* No call before `until_us`: what Retry-After or a 429's policy asked for. */
void governor_hold(struct governor *g, int64_t until_us);
int64_t governor_held_until(struct governor *g); /* may have passed; 0: never held */

/* The server's own figures (X-HubSpot-RateLimit-Max, -Interval-Milliseconds): adopted at once, for calls already answered too. Zeros change nothing. */
void governor_learn(struct governor *g, unsigned max, int64_t window_us);

/* Retry budget: 500 tokens; a retry costs 5, one after a time-out 10, a success gives 1. False: no retry. A call that was answered 429 is not charged: the
 * hold and the ceiling bound it. */
bool governor_may_retry(struct governor *g, bool timed_out);

/* What the server says of the day's calls; -1: not said. Kept for governor_state. */
void governor_note_daily(struct governor *g, int64_t max, int64_t remaining, int64_t real_ms);

/* For the status line, hs-tasks limits, and tests. */
struct governor_state {
	unsigned busy, in_flight, max, retry_tokens, members, waiting, waiting_interactive;
	int64_t window_us;
	bool breaker_open;
	int64_t breaker_until_us;
	int64_t hold_until_us; /* may have passed; 0: never held */
	int64_t daily_max, daily_remaining, daily_ms; /* when it was said, real time; 0: never */
};
struct governor_state governor_state(struct governor *g, int64_t now_us);
#endif
