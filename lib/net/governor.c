#include "net/governor.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BURST = 40, RETRY_TOKENS = 500, RETRY_COST = 5, RETRY_COST_TIMED_OUT = 10 };
enum { BREAKER_MIN = 20, BREAKER_WINDOW = 100, BREAKER_OPEN_US = 60000000, BREAKER_PROBES = 10 };
enum { WAITER_GRACE_US = 1000000 }; /* an interactive call that did not ask again within this has gone */
enum { DRIFT = 1000 }; /* two clocks may run apart by 1 in 1,000 and the window still holds (NTP slews by at most 1 in 2,000) */

enum slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_ANSWERED };

struct slot {
	enum slot_state state;
	unsigned generation; /* of the breaker, when the call went out */
	int64_t answered_us;
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

/* Outcomes count only for the state in which their call went out: what a slow call of the time before has to say is old news. */
struct breaker {
	enum breaker_state state;
	unsigned generation;
	bool failed[BREAKER_WINDOW]; /* a ring of the last outcomes */
	unsigned count, next, failures;
	int64_t open_until_us;
	unsigned probes_sent, probes_ok, probes_failed;
};

struct governor {
	char *key;
	struct governor_limits limits;
	struct slot *slots;
	unsigned slot_count;
	int64_t earliest_us; /* GCRA: the theoretical arrival time of the next background call */
	int64_t hold_until_us;
	int64_t interactive_until_us; /* until then an interactive call is taken to be waiting */
	unsigned retry_tokens;
	struct breaker breaker;
};

struct governor *governor_new(const char *key, const struct governor_limits *limits)
{
	struct governor *g = calloc(1, sizeof *g);
	if (g == NULL)
		return NULL;
	*g = (struct governor){ .key = strdup(key), .limits = *limits, .retry_tokens = RETRY_TOKENS };
	g->earliest_us = g->interactive_until_us = INT64_MIN;
	if (g->limits.burst == 0)
		g->limits.burst = DEFAULT_BURST;
	if (g->key == NULL) {
		governor_free(g);
		return NULL;
	}
	return g;
}

void governor_free(struct governor *g)
{
	if (g == NULL)
		return;
	free(g->slots);
	free(g->key);
	free(g);
}

const char *governor_key(const struct governor *g)
{
	return g->key;
}

/* -- slots -- */

static int64_t busy_until(const struct governor *g, const struct slot *slot)
{
	if (slot->state == SLOT_FREE)
		return INT64_MIN;
	if (slot->state == SLOT_IN_FLIGHT)
		return INT64_MAX;
	if (g->limits.max == 0)
		return INT64_MIN;
	return slot->answered_us + g->limits.window_us + g->limits.window_us / DRIFT + 1;
}

static unsigned count_busy(const struct governor *g, int64_t now_us)
{
	unsigned busy = 0;
	for (unsigned i = 0; i < g->slot_count; i++)
		busy += busy_until(g, &g->slots[i]) > now_us;
	return busy;
}

/* When the number of busy slots is next to fall. With all of them in flight: an answer now would free one a window from now. */
static int64_t next_free_us(const struct governor *g, int64_t now_us)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < g->slot_count; i++) {
		int64_t until = busy_until(g, &g->slots[i]);
		if (until > now_us && until < next)
			next = until;
	}
	return next < INT64_MAX ? next : now_us + g->limits.window_us;
}

/* The number of a slot that is free, made where there is none; -1 without memory. */
static int find_slot(struct governor *g, int64_t now_us)
{
	for (unsigned i = 0; i < g->slot_count; i++)
		if (busy_until(g, &g->slots[i]) <= now_us)
			return (int)i;
	if (g->slot_count > INT_MAX / 4)
		return -1;
	unsigned count = g->slot_count == 0 ? 16 : g->slot_count * 2;
	struct slot *slots = reallocarray(g->slots, count, sizeof *slots);
	if (slots == NULL)
		return -1;
	memset(slots + g->slot_count, 0, (count - g->slot_count) * sizeof *slots);
	int first = (int)g->slot_count;
	g->slots = slots;
	g->slot_count = count;
	return first;
}

/* -- pace -- */

/* One call's share of the window. */
static int64_t interval_us(const struct governor *g)
{
	return g->limits.window_us / g->limits.max;
}

static int64_t paced_until(const struct governor *g)
{
	if (g->limits.max == 0 || g->earliest_us == INT64_MIN)
		return INT64_MIN;
	return g->earliest_us - (int64_t)(g->limits.burst - 1) * interval_us(g);
}

static void advance_pace(struct governor *g, int64_t now_us)
{
	if (g->limits.max > 0)
		g->earliest_us = (g->earliest_us > now_us ? g->earliest_us : now_us) + interval_us(g);
}

/* -- breaker -- */

static void breaker_enter(struct breaker *b, enum breaker_state state)
{
	*b = (struct breaker){ .state = state, .generation = b->generation + 1 };
}

static void breaker_trip(struct breaker *b, int64_t now_us)
{
	breaker_enter(b, BREAKER_OPEN);
	b->open_until_us = now_us + BREAKER_OPEN_US;
}

static void breaker_note(struct breaker *b, bool failed, int64_t now_us)
{
	if (b->state == BREAKER_PROBING) {
		*(failed ? &b->probes_failed : &b->probes_ok) += 1;
		if (b->probes_failed * 2 >= BREAKER_PROBES)
			breaker_trip(b, now_us);
		else if (b->probes_ok + b->probes_failed == BREAKER_PROBES)
			breaker_enter(b, BREAKER_CLOSED);
		return;
	}
	if (b->count == BREAKER_WINDOW)
		b->failures -= b->failed[b->next];
	else
		b->count++;
	b->failed[b->next] = failed;
	b->failures += failed;
	b->next = (b->next + 1) % BREAKER_WINDOW;
	if (b->count >= BREAKER_MIN && b->failures * 2 >= b->count)
		breaker_trip(b, now_us);
}

/* -- the contract -- */

/* The earliest time at which a call of that class could go, as far as hold, pace and slots say; INT64_MIN: now. */
static int64_t blocked_until(struct governor *g, enum governor_class class, int64_t now_us)
{
	bool background = class == GOVERNOR_BACKGROUND;
	if (g->hold_until_us > now_us)
		return g->hold_until_us;
	if (background && paced_until(g) > now_us)
		return paced_until(g);
	if (g->limits.max == 0)
		return INT64_MIN;
	unsigned kept = background && g->interactive_until_us > now_us ? g->limits.reserved : 0;
	if (kept >= g->limits.max)
		kept = g->limits.max - 1;
	return count_busy(g, now_us) + kept < g->limits.max ? INT64_MIN : next_free_us(g, now_us);
}

int governor_take(struct governor *g, enum governor_class class, int64_t now_us, int64_t *again_us)
{
	struct breaker *b = &g->breaker;
	*again_us = now_us;
	if (b->state == BREAKER_OPEN) {
		if (now_us < b->open_until_us) {
			*again_us = b->open_until_us;
			return -2;
		}
		breaker_enter(b, BREAKER_PROBING);
	}
	int64_t until = blocked_until(g, class, now_us);
	if (until == INT64_MIN && b->state == BREAKER_PROBING && b->probes_sent == BREAKER_PROBES)
		until = now_us + WAITER_GRACE_US;
	int slot = until > now_us ? -1 : find_slot(g, now_us);
	if (slot < 0) {
		*again_us = until > now_us ? until : now_us + WAITER_GRACE_US;
		if (class == GOVERNOR_INTERACTIVE)
			g->interactive_until_us = *again_us + WAITER_GRACE_US;
		return -1;
	}
	g->slots[slot] = (struct slot){ .state = SLOT_IN_FLIGHT, .generation = b->generation };
	if (b->state == BREAKER_PROBING)
		b->probes_sent++;
	if (class == GOVERNOR_BACKGROUND)
		advance_pace(g, now_us);
	else
		g->interactive_until_us = INT64_MIN;
	return slot;
}

void governor_answer(struct governor *g, int slot, enum governor_outcome outcome, int64_t now_us)
{
	struct slot *s = &g->slots[slot];
	struct breaker *b = &g->breaker;
	bool is_sent = outcome != GOVERNOR_UNSENT && outcome != GOVERNOR_UNREACHABLE;
	bool is_verdict = outcome == GOVERNOR_OK || outcome == GOVERNOR_FAILED || outcome == GOVERNOR_UNREACHABLE;
	s->state = is_sent ? SLOT_ANSWERED : SLOT_FREE;
	s->answered_us = now_us;
	if (outcome == GOVERNOR_OK && g->retry_tokens < RETRY_TOKENS)
		g->retry_tokens++;
	if (s->generation != b->generation)
		return;
	if (is_verdict)
		breaker_note(b, outcome != GOVERNOR_OK, now_us);
	else if (b->state == BREAKER_PROBING) /* it proved nothing: another may try */
		b->probes_sent--;
}

void governor_hold(struct governor *g, int64_t until_us)
{
	if (until_us > g->hold_until_us)
		g->hold_until_us = until_us;
}

void governor_learn(struct governor *g, unsigned max, int64_t window_us)
{
	if (max > 0)
		g->limits.max = max;
	if (window_us > 0)
		g->limits.window_us = window_us;
}

bool governor_may_retry(struct governor *g, bool timed_out)
{
	unsigned cost = timed_out ? RETRY_COST_TIMED_OUT : RETRY_COST;
	if (g->retry_tokens < cost)
		return false;
	g->retry_tokens -= cost;
	return true;
}

struct governor_state governor_state(const struct governor *g, int64_t now_us)
{
	return (struct governor_state){
		.busy = count_busy(g, now_us),
		.max = g->limits.max,
		.retry_tokens = g->retry_tokens,
		.breaker_open = g->breaker.state == BREAKER_OPEN && now_us < g->breaker.open_until_us,
		.hold_until_us = g->hold_until_us,
	};
}
