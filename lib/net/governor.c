#include "net/governor.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "net/governor_core.h"

enum { DEFAULT_BURST = 40, RETRY_COST = 5, RETRY_COST_TIMED_OUT = 10 };
enum { WAITER_GRACE_US = 1000000 }; /* an interactive call that did not ask again within this has gone */
enum { LATE_US = 50000 }; /* a waiter so late is passed over; it keeps its ticket */
enum { SOON_US = 3000, LOOK_US = 1000000, REAP_US = 200000 };
enum { CATCH_UP = 4 }; /* calls that may follow at once when one came late to its turn */
enum { DRIFT = 1000 }; /* two clocks may run apart by 1 in 1,000 and the window still holds (NTP slews by at most 1 in 2,000) */

void governor_core_init(struct governor_core *core, const struct governor_limits *limits)
{
	*core = (struct governor_core){ .limits = *limits, .retry_tokens = RETRY_TOKENS, .next_ticket = 1, .earliest_us = INT64_MIN };
	if (core->limits.burst == 0)
		core->limits.burst = DEFAULT_BURST;
	if (core->limits.window_us == 0)
		core->limits.window_us = 1;
}

static struct governor *new_governor(const char *key)
{
	struct governor *g = calloc(1, sizeof *g);
	if (g == NULL)
		return NULL;
	g->fd = -1;
	g->key = strdup(key);
	if (g->key != NULL)
		return g;
	free(g);
	return NULL;
}

struct governor *governor_new(const char *key, const struct governor_limits *limits)
{
	struct governor *g = new_governor(key);
	if (g == NULL)
		return NULL;
	/* Of the waiters only our own place is used: thousands of these live in one process. */
	g->core = calloc(1, offsetof(struct governor_core, waiters) + sizeof g->core->waiters[0]);
	g->member_count = 1;
	if (g->core == NULL) {
		governor_free(g);
		return NULL;
	}
	struct governor_core fresh;
	governor_core_init(&fresh, limits);
	memcpy(g->core, &fresh, offsetof(struct governor_core, waiters));
	return g;
}

struct governor *governor_open(
	const char *folder, const char *key, const struct governor_limits *limits, int64_t now_us, char error[GOVERNOR_ERROR_BYTES])
{
	struct governor *g = new_governor(key);
	if (g != NULL && governor_map(g, folder, limits, now_us, error))
		return g;
	if (g == NULL)
		memcpy(error, "out of memory", sizeof "out of memory");
	governor_free(g);
	return NULL;
}

void governor_free(struct governor *g)
{
	if (g == NULL)
		return;
	if (g->fd >= 0) {
		governor_unmap(g);
	} else {
		free(g->slots);
		free(g->core);
	}
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
	if (g->core->limits.max == 0)
		return INT64_MIN;
	return slot->answered_us + g->core->limits.window_us + g->core->limits.window_us / DRIFT + 1;
}

static unsigned count_busy(const struct governor *g, int64_t now_us)
{
	unsigned busy = 0;
	for (unsigned i = 0; i < g->slot_count; i++)
		busy += busy_until(g, &g->slots[i]) > now_us;
	return busy;
}

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* When `count` of the busy slots will have become free. With fewer of them answered: an answer now would free one a window from now. */
static int64_t free_us(const struct governor *g, unsigned count, int64_t now_us)
{
	int64_t times[GOVERNOR_SHARED_SLOTS];
	size_t n = 0;
	for (unsigned i = 0; i < g->slot_count && n < GOVERNOR_SHARED_SLOTS; i++) {
		int64_t until = busy_until(g, &g->slots[i]);
		if (until > now_us && until < INT64_MAX)
			times[n++] = until;
	}
	if (count == 0 || n < count)
		return now_us + (count == 0 ? 0 : g->core->limits.window_us);
	qsort(times, n, sizeof *times, by_time);
	return times[count - 1];
}

/* The number of a slot that is free, made where there is none; -1 without memory. */
static int find_slot(struct governor *g, int64_t now_us)
{
	for (unsigned i = 0; i < g->slot_count; i++)
		if (busy_until(g, &g->slots[i]) <= now_us)
			return (int)i;
	if (g->fd >= 0 || g->slot_count > INT_MAX / 4)
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
	return g->core->limits.window_us / g->core->limits.max;
}

static int64_t paced_until(const struct governor *g)
{
	if (g->core->limits.max == 0 || g->core->earliest_us == INT64_MIN)
		return INT64_MIN;
	return g->core->earliest_us - (int64_t)(g->core->limits.burst - 1) * interval_us(g);
}

/* Time in which a call had to wait gives no credit, but for a few late wakings. Else what went out in one burst would come free at once, and go out in one burst
 * again, window after window, and a person would find no slot for as long as the burst had been early. */
static void advance_pace(struct governor *g, bool had_to_wait, int64_t now_us)
{
	struct governor_core *core = g->core;
	int64_t from = now_us;
	if (core->limits.max == 0)
		return;
	if (had_to_wait && core->limits.burst > CATCH_UP)
		from += (int64_t)(core->limits.burst - 1 - CATCH_UP) * interval_us(g);
	core->earliest_us = (core->earliest_us > from ? core->earliest_us : from) + interval_us(g);
}

/* -- breaker -- */

static void breaker_enter(struct breaker *b, enum breaker_state state)
{
	*b = (struct breaker){ .state = (int32_t)state, .generation = b->generation + 1 };
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

/* -- the dead -- */

void governor_bury(struct governor *g, unsigned member, int64_t now_us)
{
	for (unsigned i = 0; i < g->slot_count; i++)
		if (g->slots[i].state == SLOT_IN_FLIGHT && g->slots[i].member == member) {
			g->slots[i].answered_us = now_us;
			g->slots[i].state = SLOT_ANSWERED;
		}
	for (int i = 0; i < GOVERNOR_CLASSES; i++)
		g->core->waiters[member][i] = (struct waiter){ .ticket = 0 };
}

static void reap(struct governor *g, int64_t now_us)
{
	if (g->fd < 0 || now_us - g->core->reaped_us < REAP_US)
		return;
	g->core->reaped_us = now_us;
	for (unsigned i = 0; i < g->slot_count; i++)
		if (g->slots[i].state == SLOT_IN_FLIGHT && !governor_member_lives(g, g->slots[i].member))
			governor_bury(g, g->slots[i].member, now_us);
}

/* -- the line -- */

static struct waiter *own_waiter(struct governor *g, enum governor_class class)
{
	return &g->core->waiters[g->member][class];
}

static bool is_person_waiting(const struct governor *g, int64_t now_us)
{
	for (unsigned i = 0; i < g->member_count; i++) {
		const struct waiter *w = &g->core->waiters[i][GOVERNOR_INTERACTIVE];
		if (w->ticket != 0 && w->again_us + WAITER_GRACE_US > now_us)
			return true;
	}
	return false;
}

/* How many stand before that ticket (0: we have none yet) and are not late. */
static unsigned position(const struct governor *g, enum governor_class class, uint64_t ticket, int64_t now_us)
{
	unsigned before = 0;
	for (unsigned i = 0; i < g->member_count; i++) {
		const struct waiter *w = &g->core->waiters[i][class];
		if (i != g->member && w->ticket != 0 && (ticket == 0 || w->ticket < ticket) && w->again_us + LATE_US > now_us)
			before++;
	}
	return before;
}

/* -- the contract -- */

/* The earliest time at which a call of that class could go that has `before` others before it, as far as hold, pace and slots say; INT64_MIN: now. */
static int64_t blocked_until(struct governor *g, enum governor_class class, unsigned before, int64_t now_us)
{
	bool background = class == GOVERNOR_BACKGROUND;
	unsigned max = g->core->limits.max;
	int64_t until = INT64_MIN;
	if (g->core->hold_until_us > now_us)
		return g->core->hold_until_us;
	if (max == 0)
		return before == 0 ? INT64_MIN : now_us + SOON_US;
	if (background && paced_until(g) != INT64_MIN && paced_until(g) + before * interval_us(g) > now_us)
		until = paced_until(g) + before * interval_us(g);
	unsigned kept = background && is_person_waiting(g, now_us) ? g->core->limits.reserved : 0;
	if (kept >= max)
		kept = max - 1;
	unsigned needed = count_busy(g, now_us) + kept + 1 + before;
	if (needed > max) {
		int64_t free_at = free_us(g, needed - max, now_us);
		until = free_at > until ? free_at : until;
	}
	if (before == 0)
		return until;
	/* Those before us may have died: then it is our turn sooner. */
	return until <= now_us ? now_us + SOON_US : until > now_us + LOOK_US ? now_us + LOOK_US : until;
}

static int take(struct governor *g, enum governor_class class, int64_t now_us, int64_t *again_us)
{
	struct breaker *b = &g->core->breaker;
	struct waiter *own = own_waiter(g, class);
	*again_us = now_us;
	if (b->state == BREAKER_OPEN) {
		if (now_us < b->open_until_us) {
			*again_us = b->open_until_us;
			return -2;
		}
		breaker_enter(b, BREAKER_PROBING);
	}
	int64_t until = blocked_until(g, class, position(g, class, own->ticket, now_us), now_us);
	if (until == INT64_MIN && b->state == BREAKER_PROBING && b->probes_sent == BREAKER_PROBES)
		until = now_us + WAITER_GRACE_US;
	int slot = until > now_us ? -1 : find_slot(g, now_us);
	if (slot < 0) {
		*again_us = until > now_us ? until : now_us + WAITER_GRACE_US;
		own->again_us = *again_us;
		if (own->ticket == 0)
			own->ticket = g->core->next_ticket++;
		return -1;
	}
	bool had_to_wait = own->ticket != 0;
	own->ticket = 0;
	g->slots[slot].member = g->member;
	g->slots[slot].generation = b->generation;
	g->slots[slot].state = SLOT_IN_FLIGHT;
	if (b->state == BREAKER_PROBING)
		b->probes_sent++;
	if (class == GOVERNOR_BACKGROUND)
		advance_pace(g, had_to_wait, now_us);
	return slot;
}

int governor_take(struct governor *g, enum governor_class class, int64_t now_us, int64_t *again_us)
{
	governor_lock(g);
	reap(g, now_us);
	int slot = take(g, class, now_us, again_us);
	governor_unlock(g);
	return slot;
}

static enum governor_news news_of(enum breaker_state before, enum breaker_state now)
{
	if (before == BREAKER_CLOSED && now == BREAKER_OPEN)
		return GOVERNOR_DOWN;
	return before == BREAKER_PROBING && now == BREAKER_CLOSED ? GOVERNOR_UP : GOVERNOR_NO_NEWS;
}

static enum governor_news answer(struct governor *g, int slot, enum governor_outcome outcome, int64_t now_us)
{
	struct slot *s = &g->slots[slot];
	struct breaker *b = &g->core->breaker;
	enum breaker_state before = (enum breaker_state)b->state;
	bool is_sent = outcome != GOVERNOR_UNSENT && outcome != GOVERNOR_UNREACHABLE;
	bool is_verdict = outcome == GOVERNOR_OK || outcome == GOVERNOR_FAILED || outcome == GOVERNOR_UNREACHABLE;
	s->answered_us = now_us;
	s->state = is_sent ? SLOT_ANSWERED : SLOT_FREE;
	if (outcome == GOVERNOR_OK && g->core->retry_tokens < RETRY_TOKENS)
		g->core->retry_tokens++;
	if (s->generation != b->generation)
		return GOVERNOR_NO_NEWS;
	if (is_verdict)
		breaker_note(b, outcome != GOVERNOR_OK, now_us);
	else if (b->state == BREAKER_PROBING) /* it proved nothing: another may try */
		b->probes_sent--;
	return news_of(before, (enum breaker_state)b->state);
}

enum governor_news governor_answer(struct governor *g, int slot, enum governor_outcome outcome, int64_t now_us)
{
	governor_lock(g);
	enum governor_news news = answer(g, slot, outcome, now_us);
	governor_unlock(g);
	return news;
}

void governor_hold(struct governor *g, int64_t until_us)
{
	governor_lock(g);
	if (until_us > g->core->hold_until_us)
		g->core->hold_until_us = until_us;
	governor_unlock(g);
}

int64_t governor_held_until(struct governor *g)
{
	governor_lock(g);
	int64_t until_us = g->core->hold_until_us;
	governor_unlock(g);
	return until_us;
}

void governor_learn(struct governor *g, unsigned max, int64_t window_us)
{
	governor_lock(g);
	if (max > 0 && (g->fd < 0 || max <= GOVERNOR_SHARED_SLOTS))
		g->core->limits.max = max;
	if (window_us > 0)
		g->core->limits.window_us = window_us;
	governor_unlock(g);
}

void governor_note_daily(struct governor *g, int64_t max, int64_t remaining, int64_t real_ms)
{
	governor_lock(g);
	g->core->daily_max = max;
	g->core->daily_remaining = remaining;
	g->core->daily_ms = real_ms;
	governor_unlock(g);
}

bool governor_may_retry(struct governor *g, bool timed_out)
{
	unsigned cost = timed_out ? RETRY_COST_TIMED_OUT : RETRY_COST;
	governor_lock(g);
	bool may = g->core->retry_tokens >= cost;
	if (may)
		g->core->retry_tokens -= cost;
	governor_unlock(g);
	return may;
}

struct governor_state governor_state(struct governor *g, int64_t now_us)
{
	governor_lock(g);
	const struct governor_core *core = g->core;
	struct governor_state state = {
		.busy = count_busy(g, now_us),
		.max = core->limits.max,
		.window_us = core->limits.window_us,
		.retry_tokens = core->retry_tokens,
		.breaker_open = core->breaker.state == BREAKER_OPEN && now_us < core->breaker.open_until_us,
		.breaker_until_us = core->breaker.open_until_us,
		.hold_until_us = core->hold_until_us,
		.daily_max = core->daily_max,
		.daily_remaining = core->daily_remaining,
		.daily_ms = core->daily_ms,
	};
	for (unsigned i = 0; i < g->slot_count; i++)
		state.in_flight += g->slots[i].state == SLOT_IN_FLIGHT;
	for (unsigned i = 0; i < g->member_count; i++) {
		state.members += governor_member_lives(g, i);
		state.waiting +=
			core->waiters[i][GOVERNOR_BACKGROUND].ticket != 0 && core->waiters[i][GOVERNOR_BACKGROUND].again_us + LATE_US > now_us;
		state.waiting_interactive +=
			core->waiters[i][GOVERNOR_INTERACTIVE].ticket != 0 && core->waiters[i][GOVERNOR_INTERACTIVE].again_us + LATE_US > now_us;
	}
	governor_unlock(g);
	return state;
}
