/* base/slice: comparing, cutting and checking pieces of text. */
#include "check.h"

static void test_equal(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool exact, nocase;
	} rows[] = {
		{ "", "", true, true }, { "a", "a", true, true }, { "a", "A", false, true }, { "Zebra", "zEBRA", false, true },
		{ "a", "ab", false, false }, { "ab", "a", false, false }, { "a", "b", false, false },
		{ "[", "{", false, false }, /* 0x20 apart, but no letters */
		{ "@", "`", false, false }, { "\xc3\x84", "\xc3\xa4", false, false }, /* Ä and ä: beyond ASCII case counts */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_int(rows[i].a, slice_equal(slice_of(rows[i].a), slice_of(rows[i].b)), rows[i].exact);
		check_int(rows[i].a, slice_is(slice_of(rows[i].a), rows[i].b), rows[i].exact);
		check_int(rows[i].a, slice_equal_nocase(slice_of(rows[i].a), slice_of(rows[i].b)), rows[i].nocase);
	}
	assert_true(slice_equal((struct slice){ NULL, 0 }, slice_of("")));
	assert_int_equal(slice_of(NULL).len, 0);
	/* A NUL is a byte like others. */
	assert_false(slice_equal((struct slice){ "a\0b", 3 }, (struct slice){ "a\0c", 3 }));
}

static void test_starts_and_ends(void **state)
{
	(void)state;
	static const struct {
		const char *text, *part;
		bool starts, ends;
	} rows[] = {
		{ "", "", true, true },
		{ "abc", "", true, true },
		{ "abc", "ab", true, false },
		{ "abc", "bc", false, true },
		{ "abc", "abc", true, true },
		{ "abc", "abcd", false, false },
		{ "abab", "ab", true, true },
		{ "abc", "AB", false, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_int(rows[i].part, slice_starts(slice_of(rows[i].text), rows[i].part), rows[i].starts);
		check_int(rows[i].part, slice_ends(slice_of(rows[i].text), rows[i].part), rows[i].ends);
	}
	assert_true(slice_starts((struct slice){ NULL, 0 }, ""));
	assert_true(slice_ends((struct slice){ NULL, 0 }, ""));
	assert_false(slice_starts((struct slice){ NULL, 0 }, "a"));
}

static void test_find(void **state)
{
	(void)state;
	static const struct {
		const char *text, *needle;
		int at; /* -1: absent */
	} rows[] = {
		{ "", "a", -1 },
		{ "a", "", 0 },
		{ "The Chief", "chief", 4 },
		{ "the chief", "CHIEF", 4 },
		{ "aab", "ab", 1 },
		{ "ab", "abc", -1 },
		{ "abc", "d", -1 },
		{ "xyz", "Z", 2 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *at = slice_find_nocase(slice_of(rows[i].text), slice_of(rows[i].needle));
		check_int(rows[i].needle, at == NULL ? -1 : at - rows[i].text, rows[i].at);
	}
}

static void test_trim(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" }, { " \t\r\n", "" }, { "a", "a" }, { "  a b\n", "a b" }, { "\ta", "a" }, { "a\r\n", "a" },
		{ "\va\f", "\va\f" }, /* not JSON's blanks */
		{ "\xc2\xa0"
		  "a",
			"\xc2\xa0"
			"a" }, /* a no-break space stays */
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		check_text(rows[i].text, slice_trim(slice_of(rows[i].text)), slice_of(rows[i].want));
	assert_int_equal(slice_trim((struct slice){ NULL, 0 }).len, 0);
}

static void test_split(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t count;
		const char *parts[4];
	} rows[] = {
		{ "", 1, { "" } },
		{ "a", 1, { "a" } },
		{ ",", 2, { "", "" } },
		{ "a,b", 2, { "a", "b" } },
		{ "a,,b", 3, { "a", "", "b" } },
		{ "a,", 2, { "a", "" } },
		{ ",a", 2, { "", "a" } },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice rest = slice_of(rows[i].text), part;
		size_t count = 0;
		while (slice_split(&rest, ',', &part)) {
			assert_true(count < rows[i].count);
			check_text(rows[i].text, part, slice_of(rows[i].parts[count++]));
		}
		check_int(rows[i].text, (int64_t)count, (int64_t)rows[i].count);
	}
	struct slice nothing = { NULL, 0 }, part;
	assert_false(slice_split(&nothing, ',', &part));
}

static void test_number(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool ok;
		uint64_t want;
	} rows[] = {
		{ "0", true, 0 },
		{ "7", true, 7 },
		{ "007", true, 7 },
		{ "9007199254740993", true, 9007199254740993 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "18446744073709551620", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "1.0", false, 0 },
		{ "0x10", false, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t got = 0;
		check_int(rows[i].text, slice_to_u64(slice_of(rows[i].text), &got), rows[i].ok);
		if (got != rows[i].want)
			fail_msg("%s: %llu", rows[i].text, (unsigned long long)got);
	}
}

/* RFC 3629 section 4, at both ends of every range. */
static void test_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t good;
	} rows[] = {
		{ "", 0 },
		{ "plain", 5 },
		{ "\x7f", 1 },
		{ "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 },
		{ "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 },
		{ "\xee\x80\x80", 3 },
		{ "\xef\xbf\xbf", 3 },
		{ "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "a\x80", 1 }, /* a follower alone */
		{ "a\xbf", 1 },
		{ "\xc0\xaf", 0 }, /* overlong */
		{ "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xed\xa0\x80", 0 }, /* surrogates */
		{ "\xed\xbf\xbf", 0 },
		{ "\xf4\x90\x80\x80", 0 }, /* past U+10FFFF */
		{ "\xf5\x80\x80\x80", 0 },
		{ "\xff", 0 },
		{ "ab\xc3", 2 }, /* cut off */
		{ "ab\xe2\x82", 2 },
		{ "ab\xf0\x9f\x98", 2 },
		{ "ab\xe2\x82z", 2 }, /* broken off */
		{ "\xf0\x9f\x98z", 0 },
		{ "\xf0\x9fz\x80", 0 },
		{ "\xc3(", 0 },
		{ "\xe2(\xa1", 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		check_int(rows[i].text, (int64_t)slice_utf8_prefix(slice_of(rows[i].text)), (int64_t)rows[i].good);
	assert_int_equal(slice_utf8_prefix((struct slice){ "a\0b", 3 }), 3);
}

static void test_hex(void **state)
{
	char hex[9] = "xxxxxxxx";
	(void)state;
	slice_hex((struct slice){ "\0\x0f\xa0\xff", 4 }, hex);
	assert_string_equal(hex, "000fa0ff");
	slice_hex((struct slice){ "", 0 }, hex);
	assert_string_equal(hex, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_starts_and_ends),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_hex),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
