/* hs-sandbox's waits: what is due comes out by its time, and in the order it came where the times are equal. */
// uses: bin/hs-sandbox/waits.c
#include "../../bin/hs-sandbox/waits.h"
#include "base/random.h"
#include "check.h"

enum { MANY = 5000, TIMES = 100 };

static void test_nothing_comes_before_its_time(void **state)
{
	(void)state;
	struct waits w = { .count = 0 };
	int a, b;
	assert_null(waits_pop(&w, INT64_MAX));
	assert_true(waits_next_us(&w) == INT64_MAX);
	assert_true(waits_push(&w, 20, &a));
	assert_true(waits_push(&w, 10, &b));
	assert_int_equal(waits_next_us(&w), 10);
	assert_null(waits_pop(&w, 9));
	assert_ptr_equal(waits_pop(&w, 10), &b);
	assert_null(waits_pop(&w, 19));
	assert_int_equal(waits_next_us(&w), 20);
	assert_ptr_equal(waits_pop(&w, 1000), &a);
	assert_null(waits_pop(&w, INT64_MAX));
	waits_release(&w);
}

static void test_equal_times_keep_their_order(void **state)
{
	(void)state;
	static struct {
		int64_t due_us;
	} items[MANY];
	struct waits w = { .count = 0 };
	struct random r;
	const char *before = NULL;
	int64_t due_us = -1;
	random_seed(&r, 11);
	for (size_t i = 0; i < MANY; i++) {
		items[i].due_us = (int64_t)random_below(&r, TIMES);
		assert_true(waits_push(&w, items[i].due_us, &items[i]));
	}
	for (size_t i = 0; i < MANY; i++) {
		int64_t next_us = waits_next_us(&w);
		const char *item = waits_pop(&w, TIMES);
		assert_non_null(item);
		assert_true(next_us >= due_us);
		if (next_us == due_us)
			assert_true(item > before); /* of one array: later in it is later come */
		before = item;
		due_us = next_us;
	}
	assert_null(waits_pop(&w, INT64_MAX));
	waits_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_comes_before_its_time),
		cmocka_unit_test(test_equal_times_keep_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
