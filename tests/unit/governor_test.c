#include "net/governor.h"

#include <stdlib.h>

#include "base/random.h"
#include "check.h"

enum { SECOND = 1000000, WINDOW = 10 * SECOND };
#define START ((int64_t)1000 * SECOND)

static struct governor *make(unsigned max, int64_t window_us, unsigned burst, unsigned reserved)
{
	struct governor_limits limits = { .max = max, .window_us = window_us, .burst = burst, .reserved = reserved };
	struct governor *g = governor_new("hubspot", &limits);
	assert_non_null(g);
	return g;
}

static int take(struct governor *g, int64_t now)
{
	int64_t again;
	return governor_take(g, GOVERNOR_BACKGROUND, now, &again);
}

static int take_now(struct governor *g, int64_t now)
{
	int64_t again;
	return governor_take(g, GOVERNOR_INTERACTIVE, now, &again);
}

/* One call at a time, answered at once. */
static void call(struct governor *g, enum governor_outcome outcome, int64_t now)
{
	int slot = take_now(g, now);
	assert_true(slot >= 0);
	governor_answer(g, slot, outcome, now);
}

/* -- a world of clients and a server, played without waiting -- */

struct world {
	struct governor *g;
	struct random random;
	int64_t now, latency_us, spread_us;
	unsigned workers; /* calls that may be in flight */
	struct {
		bool is_busy;
		int slot;
		int64_t sent, counted, answered;
	} calls[400];
	int64_t *counted; /* when the server counted each call, in no order */
	size_t count, cap;
};

static void count_call(struct world *w, int64_t when)
{
	if (w->count == w->cap) {
		w->cap = w->cap == 0 ? 1024 : w->cap * 2;
		w->counted = reallocarray(w->counted, w->cap, sizeof *w->counted);
		assert_non_null(w->counted);
	}
	w->counted[w->count++] = when;
}

/* Sends whatever the governor lets go; the time at which to ask again. */
static int64_t send_all(struct world *w)
{
	int64_t again = INT64_MAX;
	for (unsigned i = 0; i < w->workers; i++) {
		if (w->calls[i].is_busy)
			continue;
		int slot = governor_take(w->g, GOVERNOR_BACKGROUND, w->now, &again);
		if (slot < 0)
			return again;
		int64_t took = w->latency_us + (int64_t)random_below(&w->random, (uint64_t)w->spread_us + 1);
		w->calls[i].is_busy = true;
		w->calls[i].slot = slot;
		w->calls[i].sent = w->now;
		w->calls[i].answered = w->now + took;
		/* The server may count at any instant: the ends are what a bad proof would get wrong. */
		uint64_t where = random_below(&w->random, 4);
		w->calls[i].counted = where == 0 ? w->now
			: where == 1             ? w->now + took
						 : w->now + (int64_t)random_below(&w->random, (uint64_t)took + 1);
		count_call(w, w->calls[i].counted);
	}
	return INT64_MAX;
}

static int64_t answer_due(struct world *w)
{
	int64_t next = INT64_MAX;
	for (unsigned i = 0; i < w->workers; i++) {
		if (!w->calls[i].is_busy)
			continue;
		if (w->calls[i].answered <= w->now) {
			governor_answer(w->g, w->calls[i].slot, GOVERNOR_OK, w->now);
			w->calls[i].is_busy = false;
		} else if (w->calls[i].answered < next) {
			next = w->calls[i].answered;
		}
	}
	return next;
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void play(struct world *w, int64_t duration)
{
	int64_t end = w->now + duration;
	while (w->now < end) {
		int64_t answer = answer_due(w), again = send_all(w), next = again < answer ? again : answer;
		int64_t sent = answer_due(w);
		next = sent < next ? sent : next;
		assert_true(next > w->now);
		w->now = next;
	}
	qsort(w->counted, w->count, sizeof *w->counted, compare_times);
}

/* The most calls that any closed window of that length holds, begun at any call: the worst of all rolling and all fixed windows. */
static size_t worst_window(const struct world *w, int64_t window)
{
	size_t worst = 0, first = 0;
	for (size_t i = 0; i < w->count; i++) {
		while (w->counted[i] - w->counted[first] > window)
			first++;
		if (i - first + 1 > worst)
			worst = i - first + 1;
	}
	return worst;
}

static void no_window_of_the_server_sees_more_than_max(void **state)
{
	static const struct {
		unsigned max, workers;
		int64_t window, latency, spread;
	} worlds[] = {
		{ 100, 100, WINDOW, 20000, 30000 },
		{ 100, 400, WINDOW, 0, 9000000 },
		{ 190, 200, WINDOW, 100000, 400000 },
		{ 190, 400, WINDOW, 0, 30000000 },
		{ 5, 3, SECOND, 50000, 200000 },
		{ 5, 100, SECOND, 0, 2500000 },
		{ 1, 10, SECOND, 0, 100000 },
		{ 250, 400, WINDOW, 1, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(worlds); i++)
		for (unsigned burst = 1; burst <= 401; burst += 200) {
			struct world w = {
				.now = START, .latency_us = worlds[i].latency, .spread_us = worlds[i].spread, .workers = worlds[i].workers
			};
			w.g = make(worlds[i].max, worlds[i].window, burst, 4);
			random_seed(&w.random, 7 + i);
			play(&w, 3600 * (int64_t)SECOND);
			assert_true(w.count > 3600 * (size_t)worlds[i].max * SECOND / (size_t)worlds[i].window / 10);
			size_t worst = worst_window(&w, worlds[i].window);
			if (worst > worlds[i].max)
				fail_msg("world %zu, burst %u: %zu calls in a window of %u", i, burst, worst, worlds[i].max);
			free(w.counted);
			governor_free(w.g);
		}
}

static void nearly_all_of_the_rate_is_used_when_answers_are_fast(void **state)
{
	static const unsigned maxes[] = { 100, 190, 250 };
	(void)state;
	for (size_t i = 0; i < COUNT(maxes); i++) {
		struct world w = { .now = START, .latency_us = 50000, .spread_us = 200000, .workers = 100 };
		w.g = make(maxes[i], WINDOW, 40, 4);
		random_seed(&w.random, 11);
		play(&w, 3600 * (int64_t)SECOND);
		double share = (double)w.count / (360.0 * maxes[i]);
		if (share < 0.95 || share > 1.01)
			fail_msg("max %u: %.3f of the rate was used", maxes[i], share);
		assert_true(worst_window(&w, WINDOW) <= maxes[i]);
		free(w.counted);
		governor_free(w.g);
	}
}

/* -- rule by rule -- */

static void a_slot_stays_busy_until_the_window_after_the_answer(void **state)
{
	struct governor *g = make(1, WINDOW, 0, 0);
	int64_t again;
	(void)state;
	int slot = take_now(g, START);
	assert_int_equal(slot, 0);
	assert_int_equal(governor_take(g, GOVERNOR_INTERACTIVE, START + 60 * SECOND, &again), -1);
	governor_answer(g, slot, GOVERNOR_OK, START + 60 * SECOND);
	assert_int_equal(governor_take(g, GOVERNOR_INTERACTIVE, START + 60 * SECOND, &again), -1);
	assert_int_equal(again, START + 60 * SECOND + WINDOW + WINDOW / 1000 + 1);
	assert_int_equal(governor_take(g, GOVERNOR_INTERACTIVE, again - 1, &again), -1);
	assert_int_equal(governor_take(g, GOVERNOR_INTERACTIVE, again, &again), 0);
	assert_int_equal(governor_state(g, again).busy, 1);
	governor_free(g);
}

static void what_never_left_frees_its_slot_at_once(void **state)
{
	static const struct {
		enum governor_outcome outcome;
		unsigned busy;
	} rows[] = { { GOVERNOR_OK, 1 }, { GOVERNOR_FAILED, 1 }, { GOVERNOR_LIMITED, 1 }, { GOVERNOR_GIVEN_UP, 1 }, { GOVERNOR_UNSENT, 0 },
		{ GOVERNOR_UNREACHABLE, 0 } };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct governor *g = make(3, WINDOW, 0, 0);
		call(g, rows[i].outcome, START);
		assert_int_equal(governor_state(g, START).busy, rows[i].busy);
		governor_free(g);
	}
}

static void the_pace_spreads_what_the_burst_leaves(void **state)
{
	struct governor *g = make(100, WINDOW, 40, 0);
	int64_t again, now = START;
	(void)state;
	for (int i = 0; i < 40; i++)
		assert_true(take(g, now) >= 0);
	assert_int_equal(governor_take(g, GOVERNOR_BACKGROUND, now, &again), -1);
	assert_int_equal(again, START + WINDOW / 100);
	assert_true(take_now(g, now) >= 0); /* a person does not wait for the pace */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(governor_take(g, GOVERNOR_BACKGROUND, now, &again), -1);
		now = again;
		assert_true(take(g, now) >= 0);
	}
	assert_int_equal(now, START + 20 * (WINDOW / 100));
	governor_free(g);
}

static void a_waiting_person_gets_the_next_slots(void **state)
{
	struct governor *g = make(10, WINDOW, 100, 4);
	int slots[10];
	int64_t again, now = START;
	(void)state;
	for (int i = 0; i < 10; i++) /* lent while none waits */
		assert_true((slots[i] = take(g, now)) >= 0);
	assert_int_equal(take_now(g, now), -1);
	for (int i = 0; i < 3; i++)
		governor_answer(g, slots[i], GOVERNOR_UNSENT, now);
	assert_int_equal(take(g, now), -1);
	assert_true(take_now(g, now) >= 0);
	assert_true(take(g, now) >= 0); /* nobody waits any more */
	assert_true(take(g, now) >= 0);
	assert_int_equal(governor_take(g, GOVERNOR_INTERACTIVE, now, &again), -1);
	governor_answer(g, slots[5], GOVERNOR_UNSENT, now);
	assert_int_equal(take(g, now), -1);
	assert_true(take(g, again + 2 * SECOND) >= 0); /* the person went away */
	governor_free(g);
}

static void a_hold_stops_everybody(void **state)
{
	struct governor *g = make(100, WINDOW, 40, 4);
	int64_t again;
	(void)state;
	governor_hold(g, START + 5 * SECOND);
	governor_hold(g, START + 3 * SECOND); /* the longer one counts */
	assert_int_equal(governor_take(g, GOVERNOR_INTERACTIVE, START, &again), -1);
	assert_int_equal(again, START + 5 * SECOND);
	assert_int_equal(governor_take(g, GOVERNOR_BACKGROUND, START, &again), -1);
	assert_int_equal(governor_state(g, START).hold_until_us, START + 5 * SECOND);
	assert_true(take(g, START + 5 * SECOND) >= 0);
	governor_free(g);
}

static void learned_figures_count_at_once(void **state)
{
	struct governor *g = make(100, WINDOW, 100, 0);
	int64_t now = START;
	(void)state;
	for (int i = 0; i < 50; i++)
		call(g, GOVERNOR_OK, now);
	governor_learn(g, 20, 0);
	assert_int_equal(governor_state(g, now).max, 20);
	assert_int_equal(governor_state(g, now).busy, 50);
	assert_int_equal(take_now(g, now), -1);
	governor_learn(g, 190, 0);
	for (int i = 0; i < 140; i++)
		call(g, GOVERNOR_OK, now);
	assert_int_equal(take_now(g, now), -1);
	governor_learn(g, 0, 20 * SECOND); /* a longer window holds calls that were answered before, too */
	assert_int_equal(governor_state(g, now).max, 190);
	assert_int_equal(take_now(g, now + 11 * SECOND), -1);
	assert_true(take_now(g, now + 21 * SECOND) >= 0);
	governor_free(g);
}

static void without_a_limit_all_may_go(void **state)
{
	struct governor *g = make(0, 0, 0, 0);
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(take(g, START), i);
	for (int i = 0; i < 1000; i++)
		governor_answer(g, i, GOVERNOR_OK, START);
	assert_int_equal(governor_state(g, START).busy, 0);
	assert_int_equal(take(g, START), 0);
	governor_free(g);
}

static void the_retry_budget_ends_and_comes_back(void **state)
{
	struct governor *g = make(0, 0, 0, 0);
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(governor_may_retry(g, false));
	assert_false(governor_may_retry(g, false));
	for (int i = 0; i < 7; i++)
		call(g, GOVERNOR_OK, START);
	assert_int_equal(governor_state(g, START).retry_tokens, 7);
	assert_false(governor_may_retry(g, true));
	assert_true(governor_may_retry(g, false));
	assert_int_equal(governor_state(g, START).retry_tokens, 2);
	for (int i = 0; i < 600; i++)
		call(g, GOVERNOR_OK, START);
	assert_int_equal(governor_state(g, START).retry_tokens, 500);
	for (int i = 0; i < 50; i++)
		assert_true(governor_may_retry(g, true));
	assert_false(governor_may_retry(g, true));
	governor_free(g);
}

/* -- breaker -- */

static void the_breaker_needs_twenty_outcomes_and_half_of_them_bad(void **state)
{
	struct governor *g = make(0, 0, 0, 0);
	int64_t again;
	(void)state;
	for (int i = 0; i < 19; i++)
		call(g, GOVERNOR_UNREACHABLE, START);
	assert_false(governor_state(g, START).breaker_open);
	call(g, GOVERNOR_OK, START);
	assert_true(governor_state(g, START).breaker_open);
	assert_int_equal(governor_take(g, GOVERNOR_INTERACTIVE, START, &again), -2);
	assert_int_equal(again, START + 60 * SECOND);
	assert_int_equal(governor_take(g, GOVERNOR_BACKGROUND, again - 1, &again), -2);
	assert_false(governor_state(g, again).breaker_open);
	governor_free(g);
}

static void below_half_it_stays_closed_and_old_outcomes_fall_out(void **state)
{
	struct governor *g = make(0, 0, 0, 0);
	(void)state;
	for (int i = 0; i < 1000; i++) {
		call(g, i % 5 < 2 ? GOVERNOR_FAILED : GOVERNOR_OK, START);
		call(g, GOVERNOR_LIMITED, START); /* being told to slow down is no failure, nor a success */
	}
	assert_false(governor_state(g, START).breaker_open);
	for (int i = 0; i < 100; i++)
		call(g, GOVERNOR_OK, START);
	for (int i = 0; i < 49; i++)
		call(g, GOVERNOR_FAILED, START);
	assert_false(governor_state(g, START).breaker_open);
	call(g, GOVERNOR_FAILED, START);
	assert_true(governor_state(g, START).breaker_open);
	governor_free(g);
}

static struct governor *make_open(void)
{
	struct governor *g = make(0, 0, 0, 0);
	for (int i = 0; i < 20; i++)
		call(g, GOVERNOR_FAILED, START);
	assert_true(governor_state(g, START).breaker_open);
	return g;
}

static void ten_good_probes_close_it(void **state)
{
	struct governor *g = make_open();
	int64_t now = START + 60 * SECOND;
	int slots[10];
	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true((slots[i] = take(g, now)) >= 0);
	assert_int_equal(take(g, now), -1); /* only ten at first */
	governor_answer(g, slots[0], GOVERNOR_UNSENT, now); /* this one proved nothing */
	assert_true((slots[0] = take(g, now)) >= 0);
	for (int i = 0; i < 10; i++)
		governor_answer(g, slots[i], i < 4 ? GOVERNOR_FAILED : GOVERNOR_OK, now);
	for (int i = 0; i < 19; i++)
		call(g, GOVERNOR_FAILED, now);
	assert_false(governor_state(g, now).breaker_open); /* the count began anew */
	governor_free(g);
}

static void five_bad_probes_open_it_again(void **state)
{
	struct governor *g = make_open();
	int64_t now = START + 60 * SECOND, again;
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_false(governor_state(g, now).breaker_open);
		call(g, GOVERNOR_FAILED, now);
	}
	assert_int_equal(governor_take(g, GOVERNOR_BACKGROUND, now, &again), -2);
	assert_int_equal(again, now + 60 * SECOND);
	governor_free(g);
}

static void calls_of_the_time_before_have_no_say(void **state)
{
	struct governor *g = make(0, 0, 0, 0);
	int64_t now = START + 60 * SECOND;
	int old[20];
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true((old[i] = take(g, START)) >= 0);
	for (int i = 0; i < 20; i++)
		call(g, GOVERNOR_FAILED, START);
	call(g, GOVERNOR_OK, now); /* the first probe */
	for (int i = 0; i < 20; i++)
		governor_answer(g, old[i], GOVERNOR_FAILED, now);
	assert_false(governor_state(g, now).breaker_open);
	for (int i = 0; i < 9; i++)
		call(g, GOVERNOR_OK, now);
	assert_true(take(g, now) >= 0);
	governor_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_window_of_the_server_sees_more_than_max),
		cmocka_unit_test(nearly_all_of_the_rate_is_used_when_answers_are_fast),
		cmocka_unit_test(a_slot_stays_busy_until_the_window_after_the_answer),
		cmocka_unit_test(what_never_left_frees_its_slot_at_once),
		cmocka_unit_test(the_pace_spreads_what_the_burst_leaves),
		cmocka_unit_test(a_waiting_person_gets_the_next_slots),
		cmocka_unit_test(a_hold_stops_everybody),
		cmocka_unit_test(learned_figures_count_at_once),
		cmocka_unit_test(without_a_limit_all_may_go),
		cmocka_unit_test(the_retry_budget_ends_and_comes_back),
		cmocka_unit_test(the_breaker_needs_twenty_outcomes_and_half_of_them_bad),
		cmocka_unit_test(below_half_it_stays_closed_and_old_outcomes_fall_out),
		cmocka_unit_test(ten_good_probes_close_it),
		cmocka_unit_test(five_bad_probes_open_it_again),
		cmocka_unit_test(calls_of_the_time_before_have_no_say),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
