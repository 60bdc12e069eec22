/* hs-sandbox's latency and faults: what is taken for a distribution, and that draws follow it. */
// uses: bin/hs-sandbox/latency.c
#include "../../bin/hs-sandbox/latency.h"
#include <stdlib.h>
#include "check.h"

enum { DRAWS = 20001 };

static void test_what_is_a_distribution(void **state)
{
	(void)state;
	static const char *const taken[] = { "0", "50ms", "0.5s", "1.5ms", "50ms..200ms", "0..1s", "7ms..7ms", "p50=300ms,p99=1200ms",
		"p5=1ms,p50=300ms,p95=1s", "p50=5ms,p90=5ms" };
	static const char *const refused[] = { "", "50", "ms", "-5ms", "5min", "9999s", "200ms..50ms", "50ms..", "..50ms", "p50=300ms",
		"p50=300ms,p50=400ms", "p99=300ms,p50=200ms", "p50=300ms,p99=200ms", "p0=1ms,p50=2ms", "p50=1ms,p100=2ms", "p50=0,p99=1ms",
		"p50=1ms,", "p50=1ms,q99=2ms", "p10=1ms,p20=2ms,p30=3ms,p40=4ms,p50=5ms,p60=6ms,p70=7ms,p80=8ms,p90=9ms" };
	struct latency l;
	char error[DIST_ERROR_BYTES];
	for (size_t i = 0; i < COUNT(taken); i++)
		check_int(taken[i], latency_parse(&l, slice_of(taken[i]), error), true);
	for (size_t i = 0; i < COUNT(refused); i++)
		check_int(refused[i], latency_parse(&l, slice_of(refused[i]), error), false);
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void draw(const char *text, int64_t *sorted_us)
{
	struct latency l;
	struct random r;
	char error[DIST_ERROR_BYTES];
	random_seed(&r, 3);
	assert_true(latency_parse(&l, slice_of(text), error));
	for (size_t i = 0; i < DRAWS; i++)
		sorted_us[i] = latency_draw_us(&l, &r);
	qsort(sorted_us, DRAWS, sizeof *sorted_us, compare);
}

static void test_draws_have_the_percentiles_asked_for(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		double share;
		int64_t low_ms, high_ms;
	} rows[] = {
		{ "50ms", 0, 50, 50 },
		{ "50ms", 1, 50, 50 },
		{ "50ms..200ms", 0, 50, 51 },
		{ "50ms..200ms", 0.5, 122, 128 },
		{ "50ms..200ms", 1, 199, 200 },
		{ "p50=300ms,p95=800ms,p99=1200ms", 0.5, 292, 308 },
		{ "p50=300ms,p95=800ms,p99=1200ms", 0.95, 770, 830 },
		{ "p50=300ms,p95=800ms,p99=1200ms", 0.99, 1120, 1280 },
	};
	static int64_t drawn[DRAWS];
	for (size_t i = 0; i < COUNT(rows); i++) {
		draw(rows[i].text, drawn);
		int64_t us = drawn[(size_t)(rows[i].share * (DRAWS - 1))];
		if (us < rows[i].low_ms * 1000 || us > rows[i].high_ms * 1000)
			fail_msg("%s at %g: %lld us", rows[i].text, rows[i].share, (long long)us);
	}
}

static void test_what_is_a_list_of_faults(void **state)
{
	(void)state;
	static const char *const taken[] = { "500=5%", "500=5%,reset=2%,stall=1%,429=10%,lost=0.5%,502=1%,503=1%", "429=100%", "late=1%:30s",
		"lost=33.3%,late=33.3%:500ms,reset=33.4%", "500=0%,late=100%:2h" };
	static const char *const refused[] = { "", "500", "500=5", "500=-5%", "404=5%", "500=101%", "500=60%,429=60%", "500=5%,", "=5%", "500=0%",
		"none=5%", "500=5%,500=5%", "late=1%", "late=1%:", "late=1%:soon", "late=1%:30s:30s", "late=30s:1%", "500=5%:30s",
		"late=60%:1s,lost=41%" };
	struct faults f;
	char error[DIST_ERROR_BYTES];
	for (size_t i = 0; i < COUNT(taken); i++)
		check_int(taken[i], faults_parse(&f, slice_of(taken[i]), error), true);
	for (size_t i = 0; i < COUNT(refused); i++)
		check_int(refused[i], faults_parse(&f, slice_of(refused[i]), error), false);
	check_text("message", slice_of(error),
		(struct slice)SLICE("wants shares of 500, 502, 503, 429, reset, lost, stall and late, each once, such as"
				    " 500=5%,reset=2%,late=1%:30s, of 100% at most together"));
	assert_true(faults_parse(&f, slice_of("500=5%,late=1%:30s"), error));
	assert_int_equal(f.late_ms, 30000);
}

static void test_faults_come_in_their_shares(void **state)
{
	(void)state;
	struct faults f;
	struct random r;
	char error[DIST_ERROR_BYTES];
	unsigned counts[FAULT_COUNT] = { 0 };
	random_seed(&r, 5);
	assert_true(faults_parse(&f, slice_of("500=10%,lost=20%"), error));
	for (size_t i = 0; i < DRAWS; i++)
		counts[faults_draw(&f, &r)]++;
	assert_in_range(counts[FAULT_500], DRAWS * 9 / 100, DRAWS * 11 / 100);
	assert_in_range(counts[FAULT_LOST], DRAWS * 19 / 100, DRAWS * 21 / 100);
	assert_int_equal(counts[FAULT_NONE] + counts[FAULT_500] + counts[FAULT_LOST], DRAWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_distribution),
		cmocka_unit_test(test_draws_have_the_percentiles_asked_for),
		cmocka_unit_test(test_what_is_a_list_of_faults),
		cmocka_unit_test(test_faults_come_in_their_shares),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
