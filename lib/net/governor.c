#include "net/governor.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "net/governor_core.h"

enum { DEFAULT_BURST = 40, RETRY_COST = 5, RETRY_COST_TIMED_OUT = 10 };
enum { WAITER_GRACE_US = 1000000 }; /* an interactive call that did not ask again within this has gone */
enum { LATE_US = 50000 }; /* a waiter so late is passed over; it keeps its ticket */
enum { LOOK_US = 1000000, REAP_US = 200000 };
enum { CATCH_UP = 4 }; /* calls that may follow at once when one came late to its turn */
enum { DRIFT = 1000 }; /* two clocks may run apart by 1 in 1,000 and the window still holds (NTP slews by at most 1 in 2,000) */

void governor_core_init(struct governor_core *core, const struct governor_limits *limits)
{
	*core = (struct governor_core){ .limits = *limits, .retry_tokens = GOVERNOR_RETRY_TOKENS, .next_ticket = 1, .earliest_us = INT64_MIN };
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

/* When the first busy slot becomes free after at_us, and how many do so then; INT64_MAX where none is known to. */
static int64_t next_free_us(const struct governor *g, int64_t at_us, unsigned *count)
{
	int64_t next_us = INT64_MAX;
	*count = 0;
	for (unsigned i = 0; i < g->slot_count; i++) {
		int64_t until_us = busy_until(g, &g->slots[i]);
		if (until_us > at_us && until_us < next_us) {
			next_us = until_us;
			*count = 0;
		}
		*count += until_us == next_us;
	}
	return next_us;
}

/* When `count` of the busy slots will have become free. With fewer of them answered: an answer now would free one a window from now. */
static int64_t free_us(const struct governor *g, unsigned count, int64_t now_us)
{
	int64_t at_us = now_us;
	for (unsigned freed = 0, more; freed < count; freed += more) {
		at_us = next_free_us(g, at_us, &more);
		if (at_us == INT64_MAX)
			return now_us + g->core->limits.window_us;
	}
	return at_us;
}

/* Calls in flight that the breaker's probes are counted by. */
static unsigned count_probes(const struct governor *g)
{
	unsigned count = 0;
	if (g->core->breaker.state != BREAKER_PROBING)
		return 0;
	for (unsigned i = 0; i < g->slot_count; i++)
		count += g->slots[i].state == SLOT_IN_FLIGHT && g->slots[i].generation == g->core->breaker.generation;
	return count;
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

/* -- the dead -- */

void governor_bury(struct governor *g, unsigned member, int64_t now_us)
{
	for (unsigned i = 0; i < g->slot_count; i++)
		if (g->slots[i].state == SLOT_IN_FLIGHT && g->slots[i].member == member) {
			g->slots[i].answered_us = now_us;
			governor_then();
			g->slots[i].state = SLOT_ANSWERED;
		}
	for (int i = 0; i < GOVERNOR_CLASSES; i++)
		g->core->waiters[member][i].ticket = 0;
}

static void reap(struct governor *g, int64_t now_us)
{
	if (g->fd < 0 || now_us - g->core->reaped_us < REAP_US)
		return;
	g->core->reaped_us = now_us;
	for (unsigned i = 0; i < g->slot_count; i++)
		if (g->slots[i].state == SLOT_IN_FLIGHT && !governor_member_lives(g, g->slots[i].member))
			governor_bury(g, g->slots[i].member % g->member_count, now_us);
	for (unsigned i = 0; i < g->member_count; i++) {
		const struct waiter *w = g->core->waiters[i];
		if ((w[GOVERNOR_BACKGROUND].ticket != 0 || w[GOVERNOR_INTERACTIVE].ticket != 0) && !governor_member_lives(g, i))
			governor_bury(g, i, now_us);
	}
}

/* -- the line -- */

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

static void wait_in_line(struct governor *g, struct waiter *own, int64_t again_us)
{
	own->again_us = again_us;
	if (own->ticket != 0)
		return;
	uint64_t ticket = g->core->next_ticket++;
	governor_then(); /* no two have the same */
	own->ticket = ticket;
}

/* -- the contract -- */

/* When there are slots for one more call beside those `kept` for others; now_us: there are. */
static int64_t slots_us(const struct governor *g, unsigned kept, int64_t now_us)
{
	unsigned max = g->core->limits.max, needed = count_busy(g, now_us) + kept + 1;
	return needed > max ? free_us(g, needed - max, now_us) : now_us;
}

/* When a call of that class may go that has `before` others before it, each of which takes a grant of its own first: as far as hold, pace, slots and breaker say.
 * now_us: at once. */
static int64_t due_us(const struct governor *g, enum governor_class class, unsigned before, int64_t now_us)
{
	const struct governor_core *core = g->core;
	bool is_background = class == GOVERNOR_BACKGROUND;
	int64_t due = now_us, slots, paced;
	if (core->hold_until_us > now_us)
		return core->hold_until_us;
	if (breaker_room(&core->breaker, count_probes(g)) <= before)
		return now_us + WAITER_GRACE_US;
	if (core->limits.max == 0)
		return now_us;
	paced = paced_until(g);
	if (is_background && paced != INT64_MIN && paced + before * interval_us(g) > due)
		due = paced + before * interval_us(g);
	unsigned kept = is_background && is_person_waiting(g, now_us) ? core->limits.reserved : 0;
	slots = slots_us(g, (kept < core->limits.max ? kept : core->limits.max - 1) + before, now_us);
	return slots > due ? slots : due;
}

static int take(struct governor *g, enum governor_class class, int64_t now_us, int64_t *again_us)
{
	struct breaker *b = &g->core->breaker;
	struct waiter *own = &g->core->waiters[g->member][class];
	*again_us = now_us;
	breaker_advance(b, now_us);
	if (b->state == BREAKER_OPEN) {
		*again_us = b->open_until_us;
		return -2;
	}
	int64_t due = due_us(g, class, position(g, class, own->ticket, now_us), now_us);
	int slot = due > now_us ? -1 : find_slot(g, now_us);
	if (slot < 0) {
		*again_us = due > now_us ? due : now_us + WAITER_GRACE_US;
		/* Others may give back what they did not need, learn of a higher limit, or die. */
		if (g->fd >= 0 && *again_us > now_us + LOOK_US && g->core->hold_until_us <= now_us)
			*again_us = now_us + LOOK_US;
		wait_in_line(g, own, *again_us);
		return -1;
	}
	g->slots[slot].member = g->member;
	g->slots[slot].generation = b->generation;
	governor_then(); /* a slot in flight that is another's would stay so as long as that one lives */
	g->slots[slot].state = SLOT_IN_FLIGHT;
	if (class == GOVERNOR_BACKGROUND)
		advance_pace(g, own->ticket != 0, now_us);
	own->ticket = 0;
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

static enum governor_news answer(struct governor *g, int slot, enum governor_outcome outcome, int64_t now_us)
{
	struct slot *s = &g->slots[slot];
	struct breaker *b = &g->core->breaker;
	bool is_sent = outcome != GOVERNOR_UNSENT && outcome != GOVERNOR_UNREACHABLE;
	bool is_verdict = outcome == GOVERNOR_OK || outcome == GOVERNOR_FAILED || outcome == GOVERNOR_UNREACHABLE;
	if (s->state == SLOT_IN_FLIGHT && s->member != g->member) /* the file was damaged and started anew since, and the slot is another's now */
		return GOVERNOR_NO_NEWS;
	s->answered_us = now_us;
	governor_then();
	s->state = is_sent ? SLOT_ANSWERED : SLOT_FREE;
	if (outcome == GOVERNOR_OK && g->core->retry_tokens < GOVERNOR_RETRY_TOKENS)
		g->core->retry_tokens++;
	if (!is_verdict || s->generation != b->generation)
		return GOVERNOR_NO_NEWS;
	return breaker_note(b, outcome != GOVERNOR_OK, now_us);
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
	if (max > 0)
		g->core->limits.max = g->fd >= 0 && max > GOVERNOR_SHARED_SLOTS ? GOVERNOR_SHARED_SLOTS : max;
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
		.is_probing =
			core->breaker.state == BREAKER_PROBING || (core->breaker.state == BREAKER_OPEN && now_us >= core->breaker.open_until_us),
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
