/* hs-sandbox's rate limits: windows that roll, tokens apart, searches by themselves, days. */
// uses: bin/hs-sandbox/limits.c
#include "../../bin/hs-sandbox/limits.h"
#include "check.h"

enum { MS = 1000 };

static const struct slice token = SLICE("t"), other = SLICE("u");

static void test_window_rolls(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t at_ms;
		enum limit_verdict verdict;
		int64_t remaining;
	} rows[] = {
		{ "first", 0, LIMIT_OK, 2 },
		{ "second", 4000, LIMIT_OK, 1 },
		{ "third fills it", 4001, LIMIT_OK, 0 },
		{ "full", 4002, LIMIT_TEN_SECONDLY, 0 },
		{ "one tick before the first leaves", 9999, LIMIT_TEN_SECONDLY, 0 },
		{ "the first has left; what was refused did not count", 10000, LIMIT_OK, 0 },
		{ "full again", 13999, LIMIT_TEN_SECONDLY, 0 },
		{ "second and third have left", 14001, LIMIT_OK, 1 },
		{ "long after", 90000, LIMIT_OK, 2 },
	};
	struct limits l;
	assert_true(limits_init(&l, &(struct limit_settings){ .rate = 3, .search_rate = 5, .daily = 0 }));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct limit_state s = limits_arrive(&l, token, false, rows[i].at_ms * MS, 1);
		check_int(rows[i].name, s.verdict, rows[i].verdict);
		check_int(rows[i].name, s.remaining, rows[i].remaining);
	}
	limits_release(&l);
}

static void test_a_fixed_window_starts_anew_at_its_seam(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int64_t at_ms;
		bool is_search;
		enum limit_verdict verdict;
		int64_t remaining;
	} rows[] = {
		{ "first, long before the seam", 1500, false, LIMIT_OK, 1 },
		{ "second fills it", 1501, false, LIMIT_OK, 0 },
		{ "full", 1999, false, LIMIT_TEN_SECONDLY, 0 },
		{ "a search, in a window of a second", 1999, true, LIMIT_OK, 0 },
		{ "searches are full", 1999, true, LIMIT_SECONDLY, 0 },
		{ "a seam of both, a span before the one given", 2000, false, LIMIT_OK, 1 },
		{ "twice the rate within half a second", 2001, false, LIMIT_OK, 0 },
		{ "searches too", 2000, true, LIMIT_OK, 0 },
		{ "full, to the last moment", 11999, false, LIMIT_TEN_SECONDLY, 0 },
		{ "the seam that was given", 12000, false, LIMIT_OK, 1 },
		{ "windows later", 45000, false, LIMIT_OK, 1 },
		{ "in the same one", 51999, false, LIMIT_OK, 0 },
	};
	struct limits l;
	assert_true(limits_init(&l, &(struct limit_settings){ .rate = 2, .search_rate = 1, .is_fixed = true, .seam_us = 12000 * MS }));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct limit_state s = limits_arrive(&l, token, rows[i].is_search, rows[i].at_ms * MS, 1);
		check_int(rows[i].name, s.verdict, rows[i].verdict);
		check_int(rows[i].name, s.remaining, rows[i].remaining);
	}
	limits_release(&l);
}

static void test_tokens_and_searches_are_apart(void **state)
{
	(void)state;
	struct limits l;
	assert_true(limits_init(&l, &(struct limit_settings){ .rate = 1, .search_rate = 1, .daily = 0 }));
	assert_int_equal(limits_arrive(&l, token, false, 0, 1).verdict, LIMIT_OK);
	assert_int_equal(limits_arrive(&l, token, false, 1, 1).verdict, LIMIT_TEN_SECONDLY);
	assert_int_equal(limits_arrive(&l, other, false, 2, 1).verdict, LIMIT_OK);
	assert_int_equal(limits_arrive(&l, token, true, 3, 1).verdict, LIMIT_OK);
	assert_int_equal(limits_arrive(&l, other, true, 4, 1).verdict, LIMIT_SECONDLY);
	assert_int_equal(limits_arrive(&l, other, true, 3 + 1000 * MS, 1).verdict, LIMIT_OK);
	limits_release(&l);
}

static void test_too_many_tokens_share_a_window(void **state)
{
	(void)state;
	struct limits l;
	char name[8];
	assert_true(limits_init(&l, &(struct limit_settings){ .rate = 1, .search_rate = 1, .daily = 0 }));
	for (int i = 0; i < LIMIT_MAX_TOKENS; i++) {
		snprintf(name, sizeof name, "%d", i);
		assert_int_equal(limits_arrive(&l, slice_of(name), false, i, 1).verdict, LIMIT_OK);
	}
	assert_int_equal(limits_arrive(&l, token, false, 100, 1).verdict, LIMIT_TEN_SECONDLY);
	limits_release(&l);
}

static void test_no_limits(void **state)
{
	(void)state;
	struct limits l;
	assert_true(limits_init(&l, &(struct limit_settings){ .rate = 0, .search_rate = 0, .daily = 0 }));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(limits_arrive(&l, token, i % 2 == 0, 0, 1).verdict, LIMIT_OK);
	limits_release(&l);
}

static void test_a_day_ends(void **state)
{
	(void)state;
	struct limits l;
	assert_true(limits_init(&l, &(struct limit_settings){ .rate = 0, .search_rate = 0, .daily = 2 }));
	assert_int_equal(limits_arrive(&l, token, false, 0, 7).daily_remaining, 1);
	assert_int_equal(limits_arrive(&l, other, true, 0, 7).daily_remaining, 0);
	assert_int_equal(limits_arrive(&l, token, false, 0, 7).verdict, LIMIT_DAILY);
	assert_int_equal(limits_arrive(&l, token, false, 0, 8).verdict, LIMIT_OK);
	limits_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_rolls),
		cmocka_unit_test(test_a_fixed_window_starts_anew_at_its_seam),
		cmocka_unit_test(test_tokens_and_searches_are_apart),
		cmocka_unit_test(test_too_many_tokens_share_a_window),
		cmocka_unit_test(test_no_limits),
		cmocka_unit_test(test_a_day_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
