/* base/random: the published sequence, the seed, and ranges without bias. */
#include "base/random.h"
#include "check.h"

/* The first numbers of xoshiro256** from the state 1, 2, 3, 4, as its authors' C code gives them. */
static void test_sequence(void **state)
{
	(void)state;
	static const uint64_t want[] = { 11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625u,
		8476171486693032832, 10595114339597558777u, 2904607092377533576 };
	struct random r = { { 1, 2, 3, 4 } };
	for (size_t i = 0; i < COUNT(want); i++)
		assert_int_equal(random_next(&r), want[i]);
}

/* splitmix64 from 0. */
static void test_seed(void **state)
{
	(void)state;
	struct random a, b;
	random_seed(&a, 0);
	assert_int_equal(a.state[0], 0xe220a8397b1dcdaf);
	assert_int_equal(a.state[1], 0x6e789e6aa1b965f4);
	assert_int_equal(a.state[2], 0x06c45d188009454f);
	assert_int_equal(a.state[3], 0xf88bb8a8724c81ec);
	random_seed(&b, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(random_next(&a), random_next(&b));
	random_seed(&b, 1);
	assert_int_not_equal(random_next(&a), random_next(&b));
	random_seed_real(&a);
	random_seed_real(&b);
	assert_memory_not_equal(a.state, b.state, sizeof a.state);
}

static void test_below(void **state)
{
	(void)state;
	struct random r;
	random_seed(&r, 42);
	assert_int_equal(random_below(&r, 0), 0);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(random_below(&r, 1), 0);
		assert_true(random_below(&r, UINT64_MAX) < UINT64_MAX);
		assert_true(random_below(&r, ((uint64_t)1 << 63) + 1) <= (uint64_t)1 << 63);
	}
	/* 7 values, 70,000 draws: chi-squared with 6 degrees of freedom stays below 22.46 in 999 of 1,000 seeds; this one is fixed. */
	unsigned counts[7] = { 0 };
	for (int i = 0; i < 70000; i++)
		counts[random_below(&r, 7)]++;
	double sum = 0;
	for (size_t i = 0; i < COUNT(counts); i++)
		sum += ((double)counts[i] - 10000) * ((double)counts[i] - 10000) / 10000;
	assert_true(sum < 22.46);
}

/* A third of what 64 bits can hold would be drawn too often by plain modulo: 3 * 2^62 has 2^62 numbers twice. */
static void test_below_has_no_bias(void **state)
{
	(void)state;
	struct random r;
	random_seed(&r, 7);
	unsigned low = 0, draws = 30000;
	for (unsigned i = 0; i < draws; i++)
		low += random_below(&r, (uint64_t)3 << 62) < (uint64_t)1 << 62;
	assert_in_range(low, 9600, 10400); /* modulo: 15,000 */
}

static void test_unit(void **state)
{
	(void)state;
	struct random r;
	random_seed(&r, 3);
	double sum = 0, least = 1, most = 0;
	for (int i = 0; i < 100000; i++) {
		double x = random_unit(&r);
		assert_true(x >= 0 && x < 1);
		sum += x;
		least = x < least ? x : least;
		most = x > most ? x : most;
	}
	assert_true(sum > 49500 && sum < 50500);
	assert_true(least < 0.001 && most > 0.999);
	/* All ones must not round up to 1. */
	struct random top = { { 0, 0, 0, 0 } };
	assert_true(random_unit(&top) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_below_has_no_bias),
		cmocka_unit_test(test_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
