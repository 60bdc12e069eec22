// uses: bin/qualify/match.c
// uses: bin/qualify/unicode.c

#include "check.h"

#include "../../bin/qualify/match.h"
#include "../../bin/qualify/unicode.h"
#include "base/random.h"

struct row {
	const char *phrase;
	enum match_kind kind;
	const char *text;
	bool want;
};

static const struct row rows[] = {
	{ "vp", MATCH_WORD, "VP", true }, { "vp", MATCH_WORD, "vp sales", true }, { "vp", MATCH_WORD, "MVP", false },
	{ "vp", MATCH_WORD, "VPs", false }, { "vp", MATCH_WORD, "MVP, VP", true }, { "vp", MATCH_WORD, "vp_sales", false },
	{ "vp", MATCH_WORD, "vp2", false }, { "vp", MATCH_WORD, "(VP)", true }, { "vp", MATCH_WORD, "ex-VP", true },
	{ "vp", MATCH_WORD, "VP\xe2\x80\x93Sales", true }, /* an en dash */
	{ "vp", MATCH_WORD, "VP\xe2\x84\xa2", true }, /* a trade mark sign */
	{ "vp", MATCH_WORD, "\xc2\xa0VP\xc2\xa0", true }, /* no-break spaces */
	{ "vp", MATCH_WORD, "\xc3\xa9VP", false }, /* a letter beside it */
	{ "vp", MATCH_WORD, "VP\xcc\x81", false }, /* an accent on it */
	{ "vp", MATCH_WORD, "VP\xf0\x9f\x9a\x80", true }, /* a rocket */
	{ "vp", MATCH_WORD, "", false }, { "vp", MATCH_WORD, "v", false }, { "vice president", MATCH_WORD, "Senior Vice President, Sales", true },
	{ "vice president", MATCH_WORD, "Vice  President", false }, { "vice president", MATCH_WORD, "Vice-President", false },
	{ "vice-president", MATCH_WORD, "Vice-President", true }, { "vice president", MATCH_WORD, "Service President", false },
	{ "head of", MATCH_WORD, "Head of Sales", true }, { "head of", MATCH_WORD, "Head office", false },
	{ "c++", MATCH_WORD, "C++ developer", true }, { "c++", MATCH_WORD, "C++17", true }, { "c++", MATCH_WORD, "ABC++", false },
	{ ".net", MATCH_WORD, "asp.net", true }, { ".net", MATCH_WORD, ".nets", false }, { "tech", MATCH_ANYWHERE, "Biotechnology", true },
	{ "tech", MATCH_ANYWHERE, "FINTECH", true }, { "tech", MATCH_ANYWHERE, "tec h", false }, { "financ", MATCH_ANYWHERE, "Microfinance", true },
	{ "aab", MATCH_ANYWHERE, "aaab", true }, { "de", MATCH_WHOLE, "DE", true }, { "de", MATCH_WHOLE, "DEU", false },
	{ "de", MATCH_WHOLE, " DE", false },
	{ "gesch\xc3\xa4"
	  "ftsf\xc3\xbchrer",
		MATCH_WORD,
		"GESCH\xc3\x84"
		"FTSF\xc3\x9cHRER (CEO)",
		true },
	{ "\xd0\xb4\xd0\xb8\xd1\x80\xd0\xb5\xd0\xba\xd1\x82\xd0\xbe\xd1\x80", MATCH_WORD,
		"\xd0\x94\xd0\x98\xd0\xa0\xd0\x95\xd0\x9a\xd0\xa2\xd0\x9e\xd0\xa0", true },
	{ "\xc5\xb8", MATCH_WORD, "\xc3\xbf", true }, /* the two cases of this letter start with different bytes */
};

static bool finds(const char *phrase, enum match_kind kind, const char *text)
{
	uint64_t hits[1] = { 0 };
	struct matcher *m = matcher_new();
	assert_non_null(m);
	assert_int_equal(matcher_add(m, slice_of(phrase), kind, 3), MATCH_ADDED);
	assert_true(matcher_compile(m));
	matcher_find(m, slice_of(text), hits);
	matcher_free(m);
	assert_true(hits[0] == 0 || hits[0] == 8);
	return hits[0] != 0;
}

static void words_phrases_and_parts_are_found_where_they_stand_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_int(rows[i].text, finds(rows[i].phrase, rows[i].kind, rows[i].text), rows[i].want);
	}
}

static void many_phrases_share_one_automaton_and_each_sets_its_bit(void **state)
{
	(void)state;
	uint64_t hits[2] = { 0 };
	struct matcher *m = matcher_new();
	static const char *const words[] = { "chief", "chief executive", "chief executive officer", "officer", "ex" };
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(matcher_add(m, slice_of(words[i]), i == 4 ? MATCH_ANYWHERE : MATCH_WORD, (unsigned)(i == 4 ? 100 : i)), MATCH_ADDED);
	assert_int_equal(matcher_add(m, slice_of("chief"), MATCH_WHOLE, 10), MATCH_ADDED);
	assert_true(matcher_compile(m));
	matcher_find(m, slice_of("Chief Executive Officers"), hits);
	assert_int_equal(hits[0], 1 + 2);
	assert_int_equal(hits[1], UINT64_C(1) << 36);
	hits[0] = hits[1] = 0;
	matcher_find(m, slice_of("CHIEF"), hits);
	assert_int_equal(hits[0], 1 + (1 << 10));
	assert_int_equal(hits[1], 0);
	matcher_free(m);
}

static void empty_and_long_phrases_are_refused(void **state)
{
	(void)state;
	char text[MATCH_MAX_PHRASE_BYTES + 2];
	struct matcher *m = matcher_new();
	memset(text, 'a', sizeof text);
	assert_int_equal(matcher_add(m, (struct slice){ text, 0 }, MATCH_WORD, 0), MATCH_TOO_LONG);
	assert_int_equal(matcher_add(m, (struct slice){ text, MATCH_MAX_PHRASE_BYTES + 1 }, MATCH_WORD, 0), MATCH_TOO_LONG);
	assert_int_equal(matcher_add(m, (struct slice){ text, MATCH_MAX_PHRASE_BYTES }, MATCH_WORD, 0), MATCH_ADDED);
	matcher_free(m);
}

static void too_many_phrases_are_refused_and_nothing_breaks(void **state)
{
	(void)state;
	struct matcher *m = matcher_new();
	enum match_add result = MATCH_ADDED;
	char text[64];
	for (unsigned i = 0; result == MATCH_ADDED && i < 100000; i++) {
		int len = snprintf(text, sizeof text, "%08x-some-longer-word", i * 2654435761U);
		result = matcher_add(m, (struct slice){ text, (size_t)len }, MATCH_WORD, 0);
	}
	assert_int_equal(result, MATCH_TOO_MANY);
	matcher_free(m);
}

/* The plain way: every place, every phrase. */
static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool plainly_finds(const char *phrase, enum match_kind kind, const char *text, size_t len)
{
	size_t size = strlen(phrase);
	for (size_t i = 0; i + size <= len; i++) {
		bool left = i == 0 || !is_word_char(text[i - 1]) || !is_word_char(text[i]);
		bool right = i + size == len || !is_word_char(text[i + size]) || !is_word_char(text[i + size - 1]);
		if (memcmp(text + i, phrase, size) == 0 &&
			(kind == MATCH_ANYWHERE || (kind == MATCH_WORD && left && right) || (kind == MATCH_WHOLE && size == len)))
			return true;
	}
	return false;
}

static void it_agrees_with_a_search_for_each_phrase(void **state)
{
	(void)state;
	static const char letters[] = "aab-b _c";
	struct random r;
	random_seed(&r, 1);
	for (int round = 0; round < 2000; round++) {
		char phrases[6][8], text[24];
		enum match_kind kinds[6];
		uint64_t hits[1] = { 0 }, want = 0;
		struct matcher *m = matcher_new();
		size_t len = random_below(&r, sizeof text);
		for (size_t i = 0; i < len; i++)
			text[i] = letters[random_below(&r, sizeof letters - 1)];
		for (unsigned p = 0; p < 6; p++) {
			size_t size = 1 + random_below(&r, 4);
			for (size_t i = 0; i < size; i++)
				phrases[p][i] = letters[random_below(&r, sizeof letters - 1)];
			phrases[p][size] = '\0';
			kinds[p] = (enum match_kind)random_below(&r, 3);
			assert_int_equal(matcher_add(m, slice_of(phrases[p]), kinds[p], p), MATCH_ADDED);
			if (plainly_finds(phrases[p], kinds[p], text, len))
				want |= UINT64_C(1) << p;
		}
		assert_true(matcher_compile(m));
		matcher_find(m, (struct slice){ text, len }, hits);
		assert_int_equal(hits[0], want);
		matcher_free(m);
	}
}

static void case_pairs_are_symmetric_and_code_points_survive_encoding(void **state)
{
	(void)state;
	for (uint32_t code = 1; code < 0x20000; code++) {
		char bytes[4];
		size_t len;
		if (code >= 0xd800 && code < 0xe000)
			continue;
		size_t size = unicode_encode(code, bytes);
		assert_int_equal(slice_utf8_prefix((struct slice){ bytes, size }), size);
		assert_int_equal(unicode_at((struct slice){ bytes, size }, 0, &len), code);
		assert_int_equal(len, size);
		assert_int_equal(unicode_other_case(unicode_other_case(code)), code);
	}
	assert_int_equal(unicode_other_case(0xe4), 0xc4);
	assert_int_equal(unicode_other_case(0xd7), 0xd7);
	assert_int_equal(unicode_other_case(0xdf), 0xdf);
	assert_int_equal(unicode_other_case(0x131), 0x131);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_phrases_and_parts_are_found_where_they_stand_alone),
		cmocka_unit_test(many_phrases_share_one_automaton_and_each_sets_its_bit),
		cmocka_unit_test(empty_and_long_phrases_are_refused),
		cmocka_unit_test(too_many_phrases_are_refused_and_nothing_breaks),
		cmocka_unit_test(it_agrees_with_a_search_for_each_phrase),
		cmocka_unit_test(case_pairs_are_symmetric_and_code_points_survive_encoding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
