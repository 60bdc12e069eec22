/* base/clock: RFC 3339 in and out, spans, days from 0001 to 9999. */
#include "base/clock.h"
#include "check.h"

static void test_parse(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", true, 0 },
		{ "2026-01-05T09:00:00Z", true, 1767603600000 },
		{ "2026-01-05T09:00:00.123Z", true, 1767603600123 },
		{ "2026-01-05T09:00:00.5Z", true, 1767603600500 },
		{ "2026-01-05T09:00:00.123999Z", true, 1767603600123 },
		{ "2026-01-05t09:00:00z", true, 1767603600000 },
		{ "2026-01-05 09:00:00Z", true, 1767603600000 },
		{ "2026-01-05T10:00:00+01:00", true, 1767603600000 },
		{ "2026-01-05T10:00:00+0100", true, 1767603600000 },
		{ "2026-01-05T03:30:00-05:30", true, 1767603600000 },
		{ "2026-01-04T23:30:00-09:30", true, 1767603600000 },
		{ "  2026-01-05T09:00:00Z\n", true, 1767603600000 },
		{ "2026-01-05", true, 1767571200000 },
		{ "2000-02-29", true, 951782400000 },
		{ "2024-02-29", true, 1709164800000 },
		{ "1969-12-31T23:59:59.999Z", true, -1 },
		{ "0001-01-01T00:00:00Z", true, -62135596800000 },
		{ "9999-12-31T23:59:59.999Z", true, 253402300799999 },
		{ "2016-12-31T23:59:60Z", true, 1483228800000 }, /* a leap second is the next one */
		{ "1767603600000", true, 1767603600000 },
		{ "0", true, 0 },
		{ "253402300799999", true, 253402300799999 },
		{ "", false, 0 },
		{ "today", false, 0 },
		{ "253402300800000", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "-5", false, 0 },
		{ "2026-1-05", false, 0 },
		{ "26-01-05", false, 0 },
		{ "2026/01/05", false, 0 },
		{ "2026-00-05", false, 0 },
		{ "2026-13-05", false, 0 },
		{ "2026-01-00", false, 0 },
		{ "2026-01-32", false, 0 },
		{ "2026-04-31", false, 0 },
		{ "2026-02-29", false, 0 },
		{ "1900-02-29", false, 0 },
		{ "0000-01-01", false, 0 },
		{ "2026-01-05T09:00:00", false, 0 }, /* no offset: whose time? */
		{ "2026-01-05T09:00Z", false, 0 },
		{ "2026-01-05T24:00:00Z", false, 0 },
		{ "2026-01-05T09:60:00Z", false, 0 },
		{ "2026-01-05T09:00:61Z", false, 0 },
		{ "2026-01-05T09:00:00.Z", false, 0 },
		{ "2026-01-05T09:00:00+24:00", false, 0 },
		{ "2026-01-05T09:00:00+01:60", false, 0 },
		{ "2026-01-05T09:00:00+1:00", false, 0 },
		{ "2026-01-05T09:00:00ZZ", false, 0 },
		{ "2026-01-05T09:00:00Z+01:00", false, 0 },
		{ "2026-01-05T", false, 0 },
		{ "2026-01-05x", false, 0 },
		{ "0001-01-01T00:00:00+00:01", false, 0 }, /* the year before the first */
		{ "9999-12-31T23:59:59-00:01", false, 0 },
		{ "9999-12-31T23:59:60Z", false, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t got = 0;
		check_int(rows[i].text, clock_parse(slice_of(rows[i].text), &got), rows[i].ok);
		if (rows[i].ok)
			check_int(rows[i].text, got, rows[i].want);
	}
	int64_t ms;
	assert_false(clock_parse((struct slice){ "2026-01-05\0", 11 }, &ms));
	assert_false(clock_parse((struct slice){ NULL, 0 }, &ms));
}

static void test_format(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 1767603600123, "2026-01-05T09:00:00.123Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 951868800000, "2000-03-01T00:00:00.000Z" },
		{ 1735689599999, "2024-12-31T23:59:59.999Z" },
		{ -62135596800000, "0001-01-01T00:00:00.000Z" },
		{ 253402300799999, "9999-12-31T23:59:59.999Z" },
		{ 253402300800000, "9999-12-31T23:59:59.999Z" },
		{ -62135596800001, "0001-01-01T00:00:00.000Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
		{ INT64_MIN, "0001-01-01T00:00:00.000Z" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[CLOCK_TEXT_BYTES], date[CLOCK_TEXT_BYTES];
		clock_format(rows[i].ms, text);
		check_text(rows[i].want, slice_of(text), slice_of(rows[i].want));
		clock_format_date(rows[i].ms, date);
		check_text(rows[i].want, slice_of(date), (struct slice){ rows[i].want, 10 });
	}
}

/* Every day of all years, there and back, and one after the other. */
static void test_every_day(void **state)
{
	(void)state;
	int64_t day = -62135596800000;
	char text[CLOCK_TEXT_BYTES], before[CLOCK_TEXT_BYTES] = "";
	size_t count = 0;
	for (; day <= 253402300799999; day += MS_PER_DAY, count++) {
		int64_t back;
		clock_format(day, text);
		if (!clock_parse(slice_of(text), &back) || back != day || strcmp(before, text) >= 0)
			fail_msg("%s after %s", text, before);
		memcpy(before, text, sizeof before);
	}
	assert_int_equal(count, 3652059);
}

static void test_span(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} rows[] = {
		{ "500ms", true, 500 },
		{ "90s", true, 90000 },
		{ "90", true, 90000 },
		{ "0", true, 0 },
		{ "10m", true, 600000 },
		{ "2h", true, 7200000 },
		{ "1d", true, 86400000 },
		{ "9223372036854775807ms", true, INT64_MAX },
		{ "9223372036854775808ms", false, 0 },
		{ "106751991167d", true, 106751991167 * 86400000 },
		{ "106751991168d", false, 0 },
		{ "", false, 0 },
		{ "s", false, 0 },
		{ "-1s", false, 0 },
		{ "1.5h", false, 0 },
		{ "1w", false, 0 },
		{ "1 s", false, 0 },
		{ "1S", false, 0 },
		{ "1sec", false, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t got = 0;
		check_int(rows[i].text, clock_parse_span(slice_of(rows[i].text), &got), rows[i].ok);
		check_int(rows[i].text, got, rows[i].want);
	}
}

static void test_now(void **state)
{
	(void)state;
	struct clock fixed = { .is_fixed = true, .fixed_ms = 1767603600000 }, real = { .is_fixed = false, .fixed_ms = 5 };
	assert_int_equal(clock_now_ms(&fixed), 1767603600000);
	int64_t before = clock_real_ms(), now = clock_now_ms(&real), after = clock_real_ms();
	assert_true(before <= now && now <= after);
	assert_true(before > 1700000000000); /* milliseconds, not seconds */
	int64_t start_us = clock_steady_us(), end_us = start_us;
	for (int i = 0; i < 1000000 && end_us == start_us; i++)
		end_us = clock_steady_us();
	assert_true(end_us > start_us);
	assert_true(end_us - start_us < 10000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
