#include "net/headers.h"

#include "check.h"

#define NOW_MS INT64_C(1767604800000) /* 2026-01-05T09:20:00Z */

static const char answer[] = "HTTP/1.1 429 Too Many\r\nServer: x\r\nX-Empty:\r\nX-Name:  a b \t\r\nx-name: second\r\nX-Colon: a:b\r\n\r\n";

static void finds_the_first_without_regard_to_case(void **state)
{
	static const struct {
		const char *name, *want; /* NULL: none */
	} rows[] = { { "server", "x" }, { "SERVER", "x" }, { "X-Empty", "" }, { "X-Name", "a b" }, { "X-Colon", "a:b" }, { "X-Nam", NULL },
		{ "Name", NULL }, { "", NULL }, { "HTTP/1.1 429 Too Many", NULL } };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value;
		bool found = headers_find(slice_of(answer), rows[i].name, &value);
		assert_int_equal(found, rows[i].want != NULL);
		if (found)
			check_text(rows[i].name, value, slice_of(rows[i].want));
	}
	assert_false(headers_find((struct slice){ NULL, 0 }, "Server", &(struct slice){ NULL, 0 }));
}

static void retry_after_in_every_form(void **state)
{
	static const struct {
		const char *headers;
		int64_t want_ms;
	} rows[] = {
		{ "", -1 },
		{ "Retry-After: 0\r\n", 0 },
		{ "Retry-After: 7\r\n", 7000 },
		{ "retry-after:120\r\n", 120000 },
		{ "Retry-After: 1.5\r\n", 1000 },
		{ "Retry-After: 86400\r\n", 86400000 },
		{ "Retry-After: Mon, 05 Jan 2026 09:20:30 GMT\r\n", 30000 },
		{ "Retry-After: Monday, 05-Jan-26 09:21:00 GMT\r\n", 60000 },
		{ "Retry-After: Mon, 05 Jan 2026 09:19:00 GMT\r\n", 0 },
		{ "Retry-After: soon\r\n", -1 },
		{ "Retry-After: -5\r\n", -1 },
		{ "Retry-After:\r\n", -1 },
		{ "Retry-After: 99999999999999999999\r\n", -1 },
		{ "Retry-After: 2\r\nretry-after-ms: 250\r\n", 250 },
		{ "retry-after-ms: 250.75\r\n", 250 },
		{ "retry-after-ms: x\r\nRetry-After: 3\r\n", 3000 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_int(rows[i].headers, headers_retry_after_ms(slice_of(rows[i].headers), NOW_MS), rows[i].want_ms);
}

static void reads_the_rate_limit(void **state)
{
	static const struct {
		const char *headers;
		bool want;
		unsigned max;
		int64_t window_ms;
	} rows[] = {
		{ "X-HubSpot-RateLimit-Max: 190\r\nX-HubSpot-RateLimit-Interval-Milliseconds: 10000\r\n", true, 190, 10000 },
		{ "x-hubspot-ratelimit-max: 100\r\n", true, 100, 0 },
		{ "X-HubSpot-RateLimit-Daily: 250000\r\n", false, 0, 0 },
		{ "X-HubSpot-RateLimit-Max: many\r\n", false, 0, 0 },
		{ "X-HubSpot-RateLimit-Max: 99999999999\r\n", false, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned max;
		int64_t window_ms;
		check_int(rows[i].headers, headers_rate_limit(slice_of(rows[i].headers), &max, &window_ms), rows[i].want);
		check_int(rows[i].headers, max, rows[i].max);
		check_int(rows[i].headers, window_ms, rows[i].window_ms);
	}
}

static void counts_content_codings(void **state)
{
	static const struct {
		const char *headers;
		unsigned want;
	} rows[] = { { "", 0 }, { "Content-Encoding: gzip\r\n", 1 }, { "Content-Encoding: identity\r\n", 0 }, { "Content-Encoding: gzip, br\r\n", 2 },
		{ "Content-Encoding: gzip\r\ncontent-encoding: gzip\r\n", 2 }, { "Content-Encoding: identity, gzip,\r\n", 1 } };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_int(rows[i].headers, headers_codings(slice_of(rows[i].headers)), rows[i].want);
}

static void reads_the_policy_of_a_429(void **state)
{
	static const struct {
		const char *body;
		enum rate_policy want;
	} rows[] = {
		{ "{\"status\":\"error\",\"message\":\"You have reached your ten_secondly_rolling limit.\",\"policyName\":\"TEN_SECONDLY_ROLLING\"}",
			RATE_TEN_SECONDLY },
		{ "{\"policyName\":\"SECONDLY\"}", RATE_SECONDLY },
		{ "{\"policyName\":\"DAILY\"}", RATE_DAILY },
		{ "{\"policyName\":\"WEEKLY\"}", RATE_UNKNOWN },
		{ "{\"policyName\":7}", RATE_UNKNOWN },
		{ "{\"message\":\"policyName DAILY\"}", RATE_UNKNOWN },
		{ "<html>429</html>", RATE_UNKNOWN },
		{ "[\"DAILY\"]", RATE_UNKNOWN },
		{ "", RATE_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_int(rows[i].body, headers_rate_policy(slice_of(rows[i].body)), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_first_without_regard_to_case),
		cmocka_unit_test(retry_after_in_every_form),
		cmocka_unit_test(reads_the_rate_limit),
		cmocka_unit_test(counts_content_codings),
		cmocka_unit_test(reads_the_policy_of_a_429),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
