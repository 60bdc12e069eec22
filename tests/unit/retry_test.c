#include "net/retry.h"

#include "check.h"

enum { WAIT_MS = 60000 };

static struct retry_verdict decide(const struct retry_case *c, uint64_t seed)
{
	struct random random;
	random_seed(&random, seed);
	return retry_decide(c, &random);
}

static struct retry_case answered(long status, enum http_retry mode)
{
	return (struct retry_case){ .result = HTTP_ANSWERED,
		.status = status,
		.mode = mode,
		.failed_attempts = status != 429,
		.limited_attempts = status == 429,
		.max_attempts = 5,
		.retry_after_ms = -1,
		.max_wait_ms = WAIT_MS };
}

static struct retry_case failed(enum http_result result, enum http_retry mode)
{
	return (struct retry_case){
		.result = result, .mode = mode, .failed_attempts = 1, .max_attempts = 5, .retry_after_ms = -1, .max_wait_ms = WAIT_MS
	};
}

/* N: never tried again, U: also where it is only safe unsent, S: only where repeating is safe. */
static void every_status_and_mode(void **state)
{
	static const struct {
		long status;
		char plain, with_retry_after;
	} rows[] = {
		{ 200, 'N', 'N' },
		{ 201, 'N', 'N' },
		{ 204, 'N', 'N' },
		{ 207, 'N', 'N' },
		{ 301, 'N', 'N' },
		{ 304, 'N', 'N' },
		{ 400, 'N', 'N' },
		{ 401, 'N', 'N' },
		{ 403, 'N', 'N' },
		{ 404, 'N', 'N' },
		{ 408, 'S', 'S' },
		{ 409, 'N', 'N' },
		{ 414, 'N', 'N' },
		{ 422, 'N', 'N' },
		{ 423, 'S', 'S' },
		{ 429, 'U', 'U' },
		{ 477, 'N', 'U' },
		{ 500, 'S', 'S' },
		{ 501, 'N', 'N' },
		{ 502, 'S', 'S' },
		{ 503, 'S', 'U' },
		{ 504, 'S', 'S' },
		{ 520, 'S', 'S' },
		{ 521, 'S', 'S' },
		{ 522, 'N', 'N' },
		{ 523, 'S', 'S' },
		{ 524, 'S', 'S' },
		{ 525, 'N', 'N' },
		{ 526, 'N', 'N' },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int header = 0; header < 2; header++) {
			char name[32], want = header == 0 ? rows[i].plain : rows[i].with_retry_after;
			snprintf(name, sizeof name, "status %ld%s", rows[i].status, header == 0 ? "" : " with Retry-After");
			struct retry_case c = answered(rows[i].status, HTTP_RETRY_NEVER);
			c.retry_after_ms = header == 0 ? -1 : 3000;
			check_int(name, decide(&c, 1).step, RETRY_DELIVER);
			c.mode = HTTP_RETRY_UNSENT;
			check_int(name, decide(&c, 1).step, want == 'U' ? RETRY_AGAIN : RETRY_DELIVER);
			c.mode = HTTP_RETRY_SAFE;
			check_int(name, decide(&c, 1).step, want != 'N' ? RETRY_AGAIN : RETRY_DELIVER);
		}
}

static void every_other_end_and_mode(void **state)
{
	static const struct {
		enum http_result result;
		char want;
	} rows[] = { { HTTP_UNREACHABLE, 'U' }, { HTTP_BROKEN, 'S' }, { HTTP_TIMED_OUT, 'S' }, { HTTP_TOO_LARGE, 'N' }, { HTTP_REFUSED_ADDRESS, 'N' },
		{ HTTP_BAD_URL, 'N' }, { HTTP_CANCELLED, 'N' }, { HTTP_BREAKER_OPEN, 'N' }, { HTTP_OUT_OF_BUDGET, 'N' } };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char name[32];
		snprintf(name, sizeof name, "result %d", rows[i].result);
		struct retry_case c = failed(rows[i].result, HTTP_RETRY_NEVER);
		check_int(name, decide(&c, 1).step, RETRY_DELIVER);
		c.mode = HTTP_RETRY_UNSENT;
		check_int(name, decide(&c, 1).step, rows[i].want == 'U' ? RETRY_AGAIN : RETRY_DELIVER);
		c.mode = HTTP_RETRY_SAFE;
		check_int(name, decide(&c, 1).step, rows[i].want != 'N' ? RETRY_AGAIN : RETRY_DELIVER);
		c.is_final = true;
		check_int(name, decide(&c, 1).step, RETRY_DELIVER);
	}
}

static void attempts_end(void **state)
{
	struct retry_case c = failed(HTTP_UNREACHABLE, HTTP_RETRY_SAFE);
	(void)state;
	c.failed_attempts = 4;
	assert_int_equal(decide(&c, 1).step, RETRY_AGAIN);
	c.failed_attempts = 5;
	assert_int_equal(decide(&c, 1).step, RETRY_DELIVER);
	c = answered(429, HTTP_RETRY_UNSENT);
	c.failed_attempts = 4; /* what failed does not use up what may be waited out */
	c.limited_attempts = 16;
	assert_int_equal(decide(&c, 1).step, RETRY_AGAIN);
	c.limited_attempts = 17;
	assert_int_equal(decide(&c, 1).step, RETRY_DELIVER);
	c.limited_attempts = c.max_attempts = 1;
	assert_int_equal(decide(&c, 1).step, RETRY_DELIVER);
}

/* Full jitter: anything from nothing to the ceiling, which doubles from 0.5 s to 20 s. */
static void backs_off_with_full_jitter(void **state)
{
	static const int64_t ceilings[] = { 500, 1000, 2000, 4000, 8000, 16000, 20000, 20000, 20000 };
	(void)state;
	for (unsigned n = 1; n <= COUNT(ceilings); n++) {
		struct retry_case c = failed(HTTP_BROKEN, HTTP_RETRY_SAFE);
		int64_t least = INT64_MAX, most = 0, sum = 0, ceiling = ceilings[n - 1];
		c.failed_attempts = n;
		c.max_attempts = 100;
		for (uint64_t seed = 0; seed < 2000; seed++) {
			struct retry_verdict v = decide(&c, seed);
			assert_int_equal(v.step, RETRY_AGAIN);
			assert_int_equal(v.hold_ms, 0);
			assert_true(v.costs_budget);
			least = v.wait_ms < least ? v.wait_ms : least;
			most = v.wait_ms > most ? v.wait_ms : most;
			sum += v.wait_ms;
		}
		assert_true(least >= 0 && least < ceiling / 50);
		assert_true(most <= ceiling && most > ceiling - ceiling / 50);
		assert_true(sum / 2000 > ceiling * 45 / 100 && sum / 2000 < ceiling * 55 / 100);
	}
	struct retry_case c = failed(HTTP_BROKEN, HTTP_RETRY_SAFE);
	c.failed_attempts = c.max_attempts - 1;
	c.max_wait_ms = 10;
	assert_in_range(decide(&c, 3).wait_ms, 0, 10);
}

static void waits_as_the_server_asks(void **state)
{
	static const struct {
		const char *name;
		long status;
		int64_t retry_after_ms, window_ms;
		enum rate_policy policy;
		enum retry_step step;
		int64_t least_ms, most_ms, hold_ms;
	} rows[] = {
		{ "429 with Retry-After", 429, 3000, 0, RATE_UNKNOWN, RETRY_AGAIN, 3000, 3100, 3000 },
		{ "its wish before the policy", 429, 3000, 10000, RATE_TEN_SECONDLY, RETRY_AGAIN, 3000, 3100, 3000 },
		{ "a short wish", 429, 50, 0, RATE_UNKNOWN, RETRY_AGAIN, 50, 55, 50 },
		{ "at once, with a little jitter", 429, 0, 0, RATE_UNKNOWN, RETRY_AGAIN, 0, 500, 0 },
		{ "as long as allowed", 429, WAIT_MS, 0, RATE_UNKNOWN, RETRY_AGAIN, WAIT_MS, WAIT_MS + 100, WAIT_MS },
		{ "longer than allowed", 429, WAIT_MS + 1, 0, RATE_UNKNOWN, RETRY_OUT_OF_BUDGET, 0, 0, WAIT_MS + 1 },
		{ "SECONDLY", 429, -1, 0, RATE_SECONDLY, RETRY_AGAIN, 1000, 1100, 1000 },
		{ "TEN_SECONDLY_ROLLING", 429, -1, 0, RATE_TEN_SECONDLY, RETRY_AGAIN, 10000, 10100, 10000 },
		{ "TEN_SECONDLY_ROLLING of another length", 429, -1, 2000, RATE_TEN_SECONDLY, RETRY_AGAIN, 2000, 2100, 2000 },
		{ "DAILY", 429, -1, 10000, RATE_DAILY, RETRY_OUT_OF_BUDGET, 0, 0, 600000 },
		{ "DAILY with a wish", 429, 5000, 0, RATE_DAILY, RETRY_OUT_OF_BUDGET, 0, 0, 5000 },
		{ "429 that says nothing", 429, -1, 0, RATE_UNKNOWN, RETRY_AGAIN, 0, 500, 0 },
		{ "503 with Retry-After", 503, 4000, 0, RATE_UNKNOWN, RETRY_AGAIN, 4000, 4100, 4000 },
		{ "503 for an hour", 503, 3600000, 0, RATE_UNKNOWN, RETRY_OUT_OF_BUDGET, 0, 0, 3600000 },
		{ "migration for a day", 477, 86400000, 0, RATE_UNKNOWN, RETRY_OUT_OF_BUDGET, 0, 0, 86400000 },
		{ "locked", 423, -1, 0, RATE_UNKNOWN, RETRY_AGAIN, 2000, 2000, 0 },
		{ "404 with Retry-After", 404, 4000, 0, RATE_UNKNOWN, RETRY_DELIVER, 0, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (uint64_t seed = 1; seed < 50; seed++) {
			struct retry_case c = answered(rows[i].status, HTTP_RETRY_SAFE);
			c.retry_after_ms = rows[i].retry_after_ms;
			c.window_ms = rows[i].window_ms;
			c.policy = rows[i].policy;
			struct retry_verdict v = decide(&c, seed);
			check_int(rows[i].name, v.step, rows[i].step);
			check_int(rows[i].name, v.hold_ms, rows[i].hold_ms);
			if (v.wait_ms < rows[i].least_ms || v.wait_ms > rows[i].most_ms)
				fail_msg("%s: waits %lld ms", rows[i].name, (long long)v.wait_ms);
			assert_int_equal(v.costs_budget, rows[i].status != 429 && rows[i].step != RETRY_DELIVER);
		}
}

static void the_same_seed_waits_the_same(void **state)
{
	struct retry_case c = failed(HTTP_BROKEN, HTTP_RETRY_SAFE);
	(void)state;
	assert_int_equal(decide(&c, 42).wait_ms, decide(&c, 42).wait_ms);
	assert_int_not_equal(decide(&c, 42).wait_ms, decide(&c, 43).wait_ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_and_mode),
		cmocka_unit_test(every_other_end_and_mode),
		cmocka_unit_test(attempts_end),
		cmocka_unit_test(backs_off_with_full_jitter),
		cmocka_unit_test(waits_as_the_server_asks),
		cmocka_unit_test(the_same_seed_waits_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
