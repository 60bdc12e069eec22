// uses: bin/perfstat/sketch.c
// uses: bin/perfstat/series.c

#include "check.h"

#include <math.h>
#include <stdlib.h>

#include "../../bin/perfstat/series.h"
#include "../../bin/perfstat/sketch.h"
#include "base/random.h"

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return a < b ? -1 : a > b;
}

enum shape { UNIFORM, EXPONENTIAL, PARETO, TWO_PEAKS, CONSTANT, SHAPES };

static double draw(struct random *r, enum shape shape)
{
	double u = random_unit(r);
	switch (shape) {
	case UNIFORM: return 1000 * u;
	case EXPONENTIAL: return -20 * log(1 - u);
	case PARETO: return 0.05 / pow(1 - u, 2);
	case TWO_PEAKS: return u < 0.7 ? 1 + u : 5000 + u;
	default: return 7.77;
	}
}

static const double quantiles[] = { 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1 };

static void every_quantile_is_within_one_percent_of_the_sorted_sample(void **state)
{
	(void)state;
	enum { N = 5000 };
	static double sample[N];
	struct random r;
	random_seed(&r, 42);
	for (enum shape shape = 0; shape < SHAPES; shape++)
		for (size_t n = 1; n <= N; n *= 7) {
			struct sketch s;
			sketch_init(&s);
			for (size_t i = 0; i < n; i++) {
				sample[i] = draw(&r, shape);
				assert_true(sketch_add(&s, sample[i]));
			}
			qsort(sample, n, sizeof sample[0], by_size);
			for (size_t q = 0; q < COUNT(quantiles); q++) {
				double want = sample[(size_t)ceil(quantiles[q] * (double)n) - 1], got = sketch_quantile(&s, quantiles[q]);
				assert_true(fabs(got - want) <= 0.01 * want + SKETCH_LEAST_MS);
				assert_true(got >= sample[0] && got <= sample[n - 1]);
			}
			assert_true(s.min_ms == sample[0]);
			assert_true(s.max_ms == sample[n - 1]);
			sketch_release(&s);
		}
}

static void two_sketches_add_up_to_the_sketch_of_both(void **state)
{
	(void)state;
	struct random r;
	struct sketch a, b, both, empty;
	random_seed(&r, 7);
	sketch_init(&a);
	sketch_init(&b);
	sketch_init(&both);
	sketch_init(&empty);
	for (int i = 0; i < 3000; i++) {
		double ms = draw(&r, i % 2 == 0 ? EXPONENTIAL : TWO_PEAKS);
		assert_true(sketch_add(i % 3 == 0 ? &a : &b, ms));
		assert_true(sketch_add(&both, ms));
	}
	assert_true(sketch_merge(&a, &b));
	assert_true(sketch_merge(&a, &empty));
	assert_int_equal(a.n, both.n);
	assert_true(a.min_ms == both.min_ms && a.max_ms == both.max_ms);
	assert_true(fabs(sketch_mean(&a) - sketch_mean(&both)) <= 1e-12 * sketch_mean(&both));
	for (double q = 0.001; q <= 1; q += 0.001)
		assert_true(sketch_quantile(&a, q) == sketch_quantile(&both, q));
	sketch_release(&a);
	sketch_release(&b);
	sketch_release(&both);
}

/* Naive addition loses the small values here: NIST StRD names such sets "NumAcc4" and its kin. */
static void the_mean_keeps_its_digits(void **state)
{
	(void)state;
	struct sketch s;
	sketch_init(&s);
	assert_true(sketch_add(&s, 1e15));
	for (int i = 0; i < 100000; i++)
		assert_true(sketch_add(&s, 0.1));
	assert_true(fabs(sketch_mean(&s) * 100001 - (1e15 + 10000)) < 0.5);
	sketch_release(&s);
	sketch_init(&s);
	for (int i = 0; i < 1001; i++)
		assert_true(sketch_add(&s, 10000000.2 + (i % 2 == 1 ? 0.1 : i == 0 ? 0 : -0.1)));
	assert_true(fabs(sketch_mean(&s) / 10000000.2 - 1) < 1e-14);
	sketch_release(&s);
}

static void memory_stays_small_from_nanoseconds_to_centuries(void **state)
{
	(void)state;
	struct sketch s;
	sketch_init(&s);
	for (double ms = SKETCH_LEAST_MS; ms <= SKETCH_GREATEST_MS; ms *= 1.1)
		assert_true(sketch_add(&s, ms));
	assert_true(sketch_add(&s, 0));
	assert_true(s.length * sizeof *s.counts < 24 * 1024);
	assert_true(s.min_ms == 0);
	assert_true(sketch_quantile(&s, 1e-9) <= SKETCH_LEAST_MS * 1.01);
	sketch_release(&s);
}

static void only_durations_are_taken(void **state)
{
	(void)state;
	assert_true(sketch_takes(0));
	assert_true(sketch_takes(SKETCH_GREATEST_MS));
	assert_false(sketch_takes(SKETCH_GREATEST_MS * 1.01));
	assert_false(sketch_takes(-1e-9));
	assert_false(sketch_takes(NAN));
	assert_false(sketch_takes(INFINITY));
}

static void least_samples_are_those_of_the_95_percent_bound(void **state)
{
	(void)state;
	assert_int_equal(sketch_least_n(0.5), 5);
	assert_int_equal(sketch_least_n(0.9), 29);
	assert_int_equal(sketch_least_n(0.95), 59);
	assert_int_equal(sketch_least_n(0.99), 299);
	assert_int_equal(sketch_least_n(0.999), 2995);
}

static void keys_are_kept_apart_up_to_the_bound(void **state)
{
	(void)state;
	struct series_set *set = series_set_new();
	size_t count;
	char key[32];
	assert_non_null(set);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < SERIES_MAX_KEYS + 100; i++) {
			snprintf(key, sizeof key, "key %04d", i);
			struct operation op = { .key = slice_of(key), .ms = i, .is_error = i % 2 == 1 };
			assert_true(series_set_add(set, &op));
			/* A sort in between must not mix keys up. */
			if (i == 250)
				series_set_sorted(set, &count);
		}
	const struct series *series = series_set_sorted(set, &count);
	assert_int_equal(count, SERIES_MAX_KEYS + 1);
	for (int i = 0; i < SERIES_MAX_KEYS; i++) {
		snprintf(key, sizeof key, "key %04d", i);
		check_text(key, series[i].key, slice_of(key));
		assert_int_equal(series[i].sketch.n, 2);
		assert_int_equal(series[i].errors, i % 2 == 1 ? 2 : 0);
		assert_true(series[i].sketch.max_ms == i);
	}
	assert_true(series[count - 1].is_rest);
	assert_int_equal(series[count - 1].sketch.n, 200);
	series_set_free(set);
}

static void a_rate_is_known_only_with_times(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct operation ops[2];
		size_t count;
		double want;
	} rows[] = {
		{ "one operation", { { .ms = 1, .has_time = true, .start_ms = 0, .end_ms = 1 } }, 1, -1 },
		{ "two", { { .has_time = true, .start_ms = 0, .end_ms = 1 }, { .has_time = true, .start_ms = 900, .end_ms = 1000 } }, 2, 2 },
		{ "the first starts last",
			{ { .has_time = true, .start_ms = 900, .end_ms = 1000 }, { .has_time = true, .start_ms = 0, .end_ms = 1 } }, 2, 2 },
		{ "one without a time", { { .has_time = true, .start_ms = 0, .end_ms = 1 }, { .has_time = false } }, 2, -1 },
		{ "the other without a time", { { .has_time = false }, { .has_time = true, .start_ms = 0, .end_ms = 1 } }, 2, -1 },
		{ "no time between", { { .has_time = true, .start_ms = 5, .end_ms = 5 }, { .has_time = true, .start_ms = 5, .end_ms = 5 } }, 2, -1 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct series_set *set = series_set_new();
		size_t count;
		for (size_t k = 0; k < rows[i].count; k++)
			assert_true(series_set_add(set, &rows[i].ops[k]));
		const struct series *series = series_set_sorted(set, &count);
		assert_int_equal(count, 1);
		check_int(rows[i].name, (int64_t)series_rate(series), (int64_t)rows[i].want);
		series_set_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_quantile_is_within_one_percent_of_the_sorted_sample),
		cmocka_unit_test(two_sketches_add_up_to_the_sketch_of_both),
		cmocka_unit_test(the_mean_keeps_its_digits),
		cmocka_unit_test(memory_stays_small_from_nanoseconds_to_centuries),
		cmocka_unit_test(only_durations_are_taken),
		cmocka_unit_test(least_samples_are_those_of_the_95_percent_bound),
		cmocka_unit_test(keys_are_kept_apart_up_to_the_bound),
		cmocka_unit_test(a_rate_is_known_only_with_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
