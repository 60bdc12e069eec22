/* record/pattern: PCRE2 patterns: what they match, what they catch, and that no pattern or text runs away. */
#include "record/pattern.h"

#include <stdlib.h>

#include "check.h"

static void patterns_match_what_they_say(void **state)
{
	static const struct {
		const char *source;
		unsigned flags;
		const char *subject;
		enum pattern_result want;
	} rows[] = {
		{ "cto", 0, "the cto", PATTERN_YES },
		{ "cto", 0, "the CTO", PATTERN_NO },
		{ "cto", PATTERN_NOCASE, "the CTO", PATTERN_YES },
		{ "cto", PATTERN_WORDS, "director", PATTERN_NO },
		{ "cto", PATTERN_WORDS, "a cto, too", PATTERN_YES },
		{ "cto|ceo", PATTERN_WORDS, "video", PATTERN_NO },
		/* A letter is a letter in every script: no boundary inside "chefé". */
		{ "chef", PATTERN_WORDS, "chef\xc3\xa9", PATTERN_NO },
		{ "\xc3\x89"
		  "COLE",
			PATTERN_NOCASE,
			"\xc3\xa9"
			"cole",
			PATTERN_YES },
		{ "^.$", 0, "\xf0\x9f\x98\x80", PATTERN_YES },
		/* Broken UTF-8 matches nothing, what stands beside it does. */
		{ "a", 0,
			"\xff"
			"a",
			PATTERN_YES },
		{ "^.a", 0,
			"\xff"
			"a",
			PATTERN_NO },
		{ "", 0, "", PATTERN_YES },
		{ "x", 0, "", PATTERN_NO },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char error[128];
		struct pattern *p = pattern_new(slice_of(rows[i].source), rows[i].flags, error, sizeof error);
		assert_non_null(p);
		enum pattern_result got = pattern_match(p, slice_of(rows[i].subject), NULL, 0);
		if (got != rows[i].want)
			fail_msg("/%s/ on \"%s\": %d, want %d", rows[i].source, rows[i].subject, (int)got, (int)rows[i].want);
		pattern_free(p);
	}
}

static void brackets_are_caught(void **state)
{
	char error[128];
	struct slice groups[5];
	(void)state;
	struct pattern *p = pattern_new(slice_of("(\\d+)-(\\d+)(x)?(y)?"), 0, error, sizeof error);
	assert_non_null(p);
	assert_int_equal(pattern_match(p, slice_of("size 11-50y."), groups, 5), PATTERN_YES);
	assert_true(slice_is(groups[0], "11-50y"));
	assert_true(slice_is(groups[1], "11"));
	assert_true(slice_is(groups[2], "50"));
	assert_null(groups[3].ptr);
	assert_true(slice_is(groups[4], "y"));
	/* Fewer asked for, and none left over from the last match. */
	assert_int_equal(pattern_match(p, slice_of("none"), groups, 2), PATTERN_NO);
	assert_null(groups[0].ptr);
	assert_null(groups[1].ptr);
	pattern_free(p);
}

static void a_bad_pattern_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *source, *want;
	} rows[] = {
		{ "a(b", "missing closing parenthesis at offset 3" },
		{ "[z-a]", "range out of order in character class at offset 3" },
		{ "\\C", "using \\C is disabled by the application at offset 2" },
		{ "\xff", "UTF-8 error: illegal byte (0xfe or 0xff) at offset 0" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char error[128] = "";
		assert_null(pattern_new(slice_of(rows[i].source), 0, error, sizeof error));
		assert_string_equal(error, rows[i].want);
	}
}

static void a_pattern_that_explodes_gives_no_verdict(void **state)
{
	/* Each letter more takes 1.6 times as many steps: 30 are past our limit, and far from the library's. */
	static const struct {
		const char *subject;
		enum pattern_result want;
	} rows[] = {
		{ "aaaaaaaaaab", PATTERN_NO },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", PATTERN_LIMIT },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", PATTERN_LIMIT },
		/* It is good for the next text. */
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", PATTERN_YES },
	};
	char error[128];
	(void)state;
	struct pattern *p = pattern_new(slice_of("^(a|aa)+$"), 0, error, sizeof error);
	assert_non_null(p);
	for (size_t i = 0; i < COUNT(rows); i++)
		check_int(rows[i].subject, pattern_match(p, slice_of(rows[i].subject), NULL, 0), rows[i].want);
	pattern_free(p);
}

static void a_deep_match_stays_within_its_stack(void **state)
{
	enum { LEN = PATTERN_SUBJECT_BYTES };
	char error[128], *subject = malloc(LEN + 1);
	(void)state;
	assert_non_null(subject);
	memset(subject, '(', LEN + 1);
	struct pattern *p = pattern_new(slice_of("^(\\((?1)*+\\)|\\()+$"), 0, error, sizeof error);
	assert_non_null(p);
	assert_int_equal(pattern_match(p, (struct slice){ subject, LEN }, NULL, 0), PATTERN_LIMIT);
	pattern_free(p);
	p = pattern_new(slice_of("x"), 0, error, sizeof error);
	assert_non_null(p);
	assert_int_equal(pattern_match(p, (struct slice){ subject, LEN }, NULL, 0), PATTERN_NO);
	assert_int_equal(pattern_match(p, (struct slice){ subject, LEN + 1 }, NULL, 0), PATTERN_LIMIT);
	pattern_free(p);
	free(subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_what_they_say),
		cmocka_unit_test(brackets_are_caught),
		cmocka_unit_test(a_bad_pattern_is_refused_with_its_place),
		cmocka_unit_test(a_pattern_that_explodes_gives_no_verdict),
		cmocka_unit_test(a_deep_match_stays_within_its_stack),
	};
	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
