/* record/line: what is a line of JSON and what is not: a table of RFC 8259, every place in a block, and the word of another parser. */
#include "record/line.h"

#include <jv.h>
#include <stdlib.h>

#include "chance.h"
#include "check.h"

enum { SEED = 20260106, RANDOM_LINES = 120000 };

static const enum scan_path paths[] = { SCAN_SCALAR, SCAN_AVX2 };

static const char *path_name(enum scan_path path)
{
	return path == SCAN_SCALAR ? "scalar" : "avx2";
}

/* What the line's check says, with the text in memory that is exactly as large as promised. */
static enum line_result check_line(struct record *r, struct slice line, struct json_error *error)
{
	*error = (struct json_error){ 0 };
	return line_parse_own(r, line, error);
}

/* -- the grammar -- */

struct row {
	const char *text;
	size_t len; /* 0: strlen */
	const char *fault; /* NULL: accepted */
	size_t offset;
};
#define GOOD(text)                                                                                                                                   \
	{                                                                                                                                            \
		(text), 0, NULL, 0                                                                                                                   \
	}
#define BAD(text, fault, offset)                                                                                                                     \
	{                                                                                                                                            \
		(text), 0, (fault), (offset)                                                                                                         \
	}
#define BAD_BYTES(text, fault, offset)                                                                                                               \
	{                                                                                                                                            \
		(text), sizeof(text) - 1, (fault), (offset)                                                                                          \
	}

static const struct row structure_rows[] = {
	GOOD("{}"),
	GOOD(" { } "),
	GOOD("\t{\t}\r"),
	GOOD("{\"\":0}"),
	GOOD("{\"a\":[]}"),
	GOOD("{\"a\":{}}"),
	GOOD("{\"a\":[{}]}"),
	GOOD("{\"a\":[[],[[]],{}]}"),
	GOOD("{\"a\":1,\"a\":2}"),
	GOOD("{\"a\" : 1 , \"b\" : [ 1 , 2 ] }"),
	GOOD("{\"a\":[1,\"b\",null,true,false,{\"c\":[]}]}"),
	GOOD("{\"{\":\"}\",\"[\":\"],:\"}"),
	BAD("{", "unexpected end", 1),
	BAD("}", "expected a value", 0),
	BAD("[", "unexpected end", 1),
	BAD("]", "expected a value", 0),
	BAD("{\"a\"", "unexpected end", 4),
	BAD("{\"a\":", "unexpected end", 5),
	BAD("{\"a\":1", "unexpected end", 6),
	BAD("{\"a\":1,", "unexpected end", 7),
	BAD("{\"a\":[", "unexpected end", 6),
	BAD("{\"a\":[1", "unexpected end", 7),
	BAD("{\"a\":[1,", "unexpected end", 8),
	BAD("{,}", "expected a member name or '}'", 1),
	BAD("{\"a\":1,}", "expected a member name", 7),
	BAD("{\"a\":1,,\"b\":2}", "expected a member name", 7),
	BAD("{\"a\"}", "expected ':'", 4),
	BAD("{\"a\" 1}", "expected ':'", 5),
	BAD("{\"a\",1}", "expected ':'", 4),
	BAD("{\"a\"::1}", "expected a value", 5),
	BAD("{\"a\":}", "expected a value", 5),
	BAD("{\"a\":,}", "expected a value", 5),
	BAD("{1:2}", "expected a member name or '}'", 1),
	BAD("{a:1}", "expected a member name or '}'", 1),
	BAD("{'a':1}", "expected a member name or '}'", 1),
	BAD("{[]:1}", "expected a member name or '}'", 1),
	BAD("{\"a\":1 \"b\":2}", "expected ',' or '}'", 7),
	BAD("{\"a\":1]", "expected ',' or '}'", 6),
	BAD("{\"a\":[1}", "expected ',' or ']'", 7),
	BAD("{\"a\":[1 2]}", "expected ',' or ']'", 8),
	BAD("{\"a\":[,]}", "expected a value or ']'", 6),
	BAD("{\"a\":[1,]}", "expected a value", 8),
	BAD("{\"a\":[1,,2]}", "expected a value", 8),
	BAD("{\"a\":[\"b\":1]}", "expected ',' or ']'", 9),
	BAD("{\"a\":\"b\"\"c\"}", "expected ',' or '}'", 8),
	BAD("{\"a\":\"b\"c}", "expected ',' or '}'", 8),
	BAD("{\"a\":1\"b\"}", "expected ',' or '}'", 6),
	BAD("{\"a\":[]1}", "expected ',' or '}'", 7),
	BAD("{}}", "text behind the value", 2),
	BAD("{}{}", "text behind the value", 2),
	BAD("{} 1", "text behind the value", 3),
	BAD("{},", "text behind the value", 2),
	BAD("{}\"\"", "text behind the value", 2),
	BAD("{}#", "text behind the value", 2),
	BAD("{\"a\":1}//", "text behind the value", 7),
	BAD("{\"a\":/**/1}", "not a JSON value", 5),
	BAD("\xef\xbb\xbf{}", "not a JSON value", 0),
	BAD("{\xc2\xa0}", "expected a member name or '}'", 1),
	BAD("{\x0c}", "expected a member name or '}'", 1),
	BAD("{\x0b}", "expected a member name or '}'", 1),
	BAD("{\"a\":1}\x1a", "text behind the value", 7),
	BAD_BYTES("{\0}", "expected a member name or '}'", 1),
	BAD_BYTES("{}\0", "text behind the value", 2),
	BAD("[]", "found an array", 0),
	BAD(" [1]", "found an array", 1),
	BAD("\"a\"", "found a string", 0),
	BAD("1", "found a bare word or number", 0),
	BAD("null", "found a bare word or number", 0),
	BAD("nul", "not a JSON value", 0),
	BAD("hello", "not a JSON value", 0),
	BAD("{}\n{}", "line feed in a record", 2),
	BAD("{\n}", "unexpected end", 1),
};

static const struct row scalar_rows[] = {
	GOOD("{\"a\":0}"),
	GOOD("{\"a\":-0}"),
	GOOD("{\"a\":1234567890}"),
	GOOD("{\"a\":-1}"),
	GOOD("{\"a\":0.0}"),
	GOOD("{\"a\":1.25}"),
	GOOD("{\"a\":1e5}"),
	GOOD("{\"a\":1E+5}"),
	GOOD("{\"a\":1e-05}"),
	GOOD("{\"a\":0e1}"),
	GOOD("{\"a\":-0.1E00}"),
	GOOD("{\"a\":12345678901234567890.10}"),
	GOOD("{\"a\":1e400}"),
	GOOD("{\"a\":1 }"),
	GOOD("{\"a\":[1\t,2\r]}"),
	GOOD("{\"a\":true}"),
	GOOD("{\"a\":false}"),
	GOOD("{\"a\":null}"),
	BAD("{\"a\":01}", "not a JSON value", 5),
	BAD("{\"a\":-}", "not a JSON value", 5),
	BAD("{\"a\":-01}", "not a JSON value", 5),
	BAD("{\"a\":+1}", "not a JSON value", 5),
	BAD("{\"a\":.5}", "not a JSON value", 5),
	BAD("{\"a\":1.}", "not a JSON value", 5),
	BAD("{\"a\":1.e1}", "not a JSON value", 5),
	BAD("{\"a\":1e}", "not a JSON value", 5),
	BAD("{\"a\":1e+}", "not a JSON value", 5),
	BAD("{\"a\":1e1.5}", "not a JSON value", 5),
	BAD("{\"a\":1.2.3}", "not a JSON value", 5),
	BAD("{\"a\":--1}", "not a JSON value", 5),
	BAD("{\"a\":0x1F}", "not a JSON value", 5),
	BAD("{\"a\":1_000}", "not a JSON value", 5),
	BAD("{\"a\":1a}", "not a JSON value", 5),
	BAD("{\"a\":- 1}", "not a JSON value", 5),
	BAD("{\"a\":1 000}", "expected ',' or '}'", 7),
	BAD("{\"a\":Infinity}", "not a JSON value", 5),
	BAD("{\"a\":NaN}", "not a JSON value", 5),
	BAD("{\"a\":nan}", "not a JSON value", 5),
	BAD("{\"a\":True}", "not a JSON value", 5),
	BAD("{\"a\":tru}", "not a JSON value", 5),
	BAD("{\"a\":truee}", "not a JSON value", 5),
	BAD("{\"a\":nulL}", "not a JSON value", 5),
	BAD("{\"a\":fals}", "not a JSON value", 5),
	BAD("{\"a\":falsey}", "not a JSON value", 5),
	BAD("{\"a\":undefined}", "not a JSON value", 5),
	BAD("{\"a\":\xef\xbc\x91}", "not a JSON value", 5),
	BAD("{\"a\":1\\u0030}", "not a JSON value", 5),
	BAD("{\"a\":\\\"b\"}", "not a JSON value", 5),
	BAD_BYTES("{\"a\":1\0}", "not a JSON value", 5),
};

static const struct row string_rows[] = {
	GOOD("{\"a\":\"\"}"),
	GOOD("{\"a\":\" \"}"),
	GOOD("{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"),
	GOOD("{\"a\":\"\\u0000\\u001f\\uABCD\\uabcd\\uFFFF\"}"),
	GOOD("{\"a\":\"\\ud83d\\ude00\"}"),
	GOOD("{\"a\":\"\\uDBFF\\uDFFF\"}"),
	GOOD("{\"a\":\"\\uD800\\uDC00\"}"),
	GOOD("{\"a\":\"\\\\u12\"}"),
	GOOD("{\"a\\n\":1}"),
	GOOD("{\"a\":\"\x7f\"}"),
	GOOD("{\"a\":\"\\\\\"}"),
	GOOD("{\"a\":\"\\\\\\\\\"}"),
	GOOD("{\"a\":\"\\\\\\\"\"}"),
	GOOD("{\"a\":\"\\uE000\\uD7FF\"}"),
	GOOD("{\"a\":\"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\"}"),
	GOOD("{\"a\":\"\xe2\x80\xa8\"}"),
	BAD("{\"a\":\"", "unexpected end", 6),
	BAD("{\"a\":\"b", "unexpected end", 7),
	BAD("{\"a\":\"b\\\"}", "unexpected end", 10),
	BAD("{\"a\":\"\\", "unexpected end", 7),
	BAD("{\"a", "unexpected end", 3),
	BAD("{\"a\\\":1}", "unexpected end", 8),
	BAD("{\"a\":\"\\a\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\'\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\0\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\x41\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\U0041\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\ \"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\u\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\u12\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\u123\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\u123g\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\\xc3\xa9\"}", "bad escape in a string", 6),
	BAD("{\"\\q\":1}", "bad escape in a string", 2),
	BAD("{\"a\":\"\\ud800\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\udc00\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\udc00\\udc00\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\udfff\\ud800\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\ud800x\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\ud800\\n\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\ud800\\ud800\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\ud800\\u0041\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\\ud800\\udc0\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"ok\\n\\uDBFF\"}", "bad escape in a string", 10),
	BAD("{\"a\":\"\x01\"}", "control character", 6),
	BAD("{\"a\":\"\t\"}", "control character", 6),
	BAD("{\"a\":\"\r\"}", "control character", 6),
	BAD("{\"a\":\"\x1f\"}", "control character", 6),
	BAD("{\"a\tb\":1}", "control character", 3),
	BAD_BYTES("{\"a\":\"\0\"}", "NUL byte", 6),
	BAD("{\"a\":\"\\\t\"}", "bad escape in a string", 6),
	BAD("{\"a\":\"\x80\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xbf\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xc0\x80\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xc1\xbf\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xc2\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xc3\x28\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xe0\x9f\xbf\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xe2\x82\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xe2\x28\xa1\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xed\xa0\x80\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xed\xbf\xbf\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xf0\x8f\xbf\xbf\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xf0\x9f\x98\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xf0\x9f\x28\x80\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xf4\x90\x80\x80\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xf5\x80\x80\x80\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xf8\x88\x80\x80\x80\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xfe\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xff\"}", "broken UTF-8", 6),
	BAD("{\"a\":\"\xc2\x80\x80\"}", "broken UTF-8", 8),
	BAD("{\"\xc3\":1}", "broken UTF-8", 2),
	BAD("{\"a\":\"x\xc3", "broken UTF-8", 7),
	BAD("{\"a\":\"b\xff\" x}", "broken UTF-8", 7),
	BAD("{x\"\xff\"}", "expected a member name or '}'", 1),
};

static void check_rows(const struct row *rows, size_t count, enum scan_path path)
{
	struct record *r = record_new();
	assert_non_null(r);
	for (size_t i = 0; i < count; i++) {
		struct json_error error;
		struct slice line = { rows[i].text, rows[i].len == 0 ? strlen(rows[i].text) : rows[i].len };
		enum line_result result = check_line(r, line, &error);
		const char *fault = result == LINE_RECORD ? NULL : error.message;
		bool same = fault == NULL || rows[i].fault == NULL ? fault == rows[i].fault
								   : strcmp(fault, rows[i].fault) == 0 && error.offset == rows[i].offset;
		if (!same)
			fail_msg("%s: %s\n%*s^ %s at byte %zu\nwanted: %s at byte %zu", path_name(path), rows[i].text, (int)error.offset, "",
				fault == NULL ? "accepted" : fault, error.offset, rows[i].fault == NULL ? "accepted" : rows[i].fault, rows[i].offset);
	}
	record_free(r);
}

static void the_grammar_is_rfc_8259(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (!scan_choose(paths[i]))
			continue;
		check_rows(structure_rows, COUNT(structure_rows), paths[i]);
		check_rows(scalar_rows, COUNT(scalar_rows), paths[i]);
		check_rows(string_rows, COUNT(string_rows), paths[i]);
	}
}

static void each_fault_has_its_code(void **state)
{
	static const struct {
		const char *text;
		enum line_result want;
		const char *code;
	} rows[] = {
		{ "{\"a\":", LINE_BAD_JSON, "bad_json" },
		{ "{\"a\":\"\xff\"}", LINE_BAD_UTF8, "bad_utf8" },
		{ "[]", LINE_NOT_AN_OBJECT, "not_an_object" },
		{ "\"\xff\"", LINE_BAD_UTF8, "bad_utf8" },
		{ "[", LINE_BAD_JSON, "bad_json" },
		{ "{\"a\":\"\\q\xff\"}", LINE_BAD_JSON, "bad_json" },
		{ "{\"a\":\"\xff\\q\"}", LINE_BAD_UTF8, "bad_utf8" },
	};
	struct record *r = record_new();
	struct json_error error;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum line_result result = check_line(r, slice_of(rows[i].text), &error);
		check_int(rows[i].text, result, rows[i].want);
		check_text(rows[i].text, slice_of(line_code(result)), slice_of(rows[i].code));
	}
	assert_int_equal(check_line(r, slice_of(""), &error), LINE_BLANK);
	assert_int_equal(check_line(r, slice_of(" \t\r"), &error), LINE_BLANK);
	record_free(r);
}

static void nesting_ends_at_512_levels(void **state)
{
	static const struct {
		size_t levels;
		enum line_result want;
	} rows[] = { { 511, LINE_RECORD }, { 512, LINE_TOO_DEEP }, { 100000, LINE_TOO_DEEP } };
	struct record *r = record_new();
	struct json_error error;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf text;
		buf_init(&text, 1 << 20);
		buf_puts(&text, "{\"a\":");
		for (size_t k = 0; k < rows[i].levels; k++)
			buf_putc(&text, '[');
		for (size_t k = 0; k < rows[i].levels; k++)
			buf_putc(&text, ']');
		buf_putc(&text, '}');
		check_int("levels", check_line(r, buf_slice(&text), &error), rows[i].want);
		if (rows[i].want == LINE_TOO_DEEP)
			assert_int_equal(error.offset, 5 + 511);
		buf_release(&text);
	}
	assert_string_equal(line_code(LINE_TOO_DEEP), "too_deep");
	record_free(r);
}

/* Whether the line at `start` of a block is a record, and where the next begins. */
static enum line_result next_line(struct record *r, const struct scan *s, const char *block, size_t *start, size_t *entry)
{
	struct json_error error;
	enum line_result result = line_check(r, s, block, *start, *entry, false, &error);
	*start = r->end + 1;
	*entry += r->count;
	return result;
}

static void a_torn_string_spoils_only_its_line(void **state)
{
	/* A quote too many, at every distance from the chunk's border, and an escape that ends its line. */
	static const char *const torn[] = { "{\"a\":\"b}", "{\"a\":\"b\\", "\"", "{\"a\":\"b\\\\\\\"", "{\"a\":\"\xc3" };
	static const char good[] = "{\"c\":\"d, {[ \\\" ]} :\"}";
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct scan s = { 0 };
		struct record *r = record_new();
		if (!scan_choose(paths[i]))
			continue;
		for (size_t t = 0; t < COUNT(torn); t++)
			for (size_t pad = 0; pad < 2 * SCAN_CHUNK_BYTES; pad++) {
				struct buf block;
				size_t start = 0, entry = 0;
				buf_init(&block, 4096);
				buf_printf(&block, "%*s%s\n%s\n%s\n%s\n%s\n", (int)pad, "", good, torn[t], good, torn[t], good);
				buf_put(&block, "\0\0\0\0\0\0\0\0", LINE_SLACK_BYTES);
				assert_true(scan_block(&s, (struct slice){ block.ptr, block.len - LINE_SLACK_BYTES }));
				for (int line = 0; line < 5; line++) {
					enum line_result result = next_line(r, &s, block.ptr, &start, &entry);
					check_int(torn[t], result == LINE_RECORD, line % 2 == 0);
				}
				assert_int_equal(start, block.len - LINE_SLACK_BYTES);
				assert_int_equal(entry, s.count);
				buf_release(&block);
			}
		record_free(r);
		scan_release(&s);
	}
}

static void broken_utf8_is_found_at_every_place(void **state)
{
	static const char *const broken[] = { "\x80", "\xc3", "\xc0\xaf", "\xe2\x82", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x9f\x98",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc3\xa9\xa9", "\xff" };
	static const char *const whole[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf", "\xef\xbf\xbf" };
	struct record *r = record_new();
	struct json_error error;
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (!scan_choose(paths[i]))
			continue;
		for (size_t pad = 0; pad < 3 * SCAN_CHUNK_BYTES; pad++)
			for (size_t b = 0; b < COUNT(broken) + COUNT(whole); b++)
				for (int tail = 0; tail < 2; tail++) {
					struct buf line;
					bool is_broken = b < COUNT(broken);
					buf_init(&line, 4096);
					buf_printf(&line, "{\"a\":\"%*s%s\"%*s}", (int)pad, "", is_broken ? broken[b] : whole[b - COUNT(broken)],
						tail * 90, "");
					enum line_result result = check_line(r, buf_slice(&line), &error);
					check_int(buf_text(&line), result, is_broken ? LINE_BAD_UTF8 : LINE_RECORD);
					buf_release(&line);
				}
	}
	record_free(r);
}

/* What libjq 1.6 takes that RFC 8259 does not: NaN and its kin, numbers such as 01, .5, 1. and +1 (it hands them to strtod), several values or none, a
 * byte-order mark, control characters and lone surrogates in strings, broken UTF-8. So the texts compared hold none of these, and only what is left must agree. */
static bool is_for_jq(struct slice text)
{
	if (slice_utf8_prefix(text) < text.len || memchr(text.ptr, 0, text.len) != NULL)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c < 0x20 && c != '\t' && c != '\r')
			return false;
	}
	return true;
}

/* Whether some number outside strings is spelt as RFC 8259 does not, or a word is there that is none of its three. */
static bool has_jq_word(struct slice text)
{
	bool in_string = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (in_string && c == '\\') {
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && strchr(" \t\r{}[]:,", c) == NULL) {
			size_t end = i;
			while (end < text.len && strchr(" \t\r{}[]:,\"", text.ptr[end]) == NULL)
				end++;
			struct slice word = { text.ptr + i, end - i };
			if (!json_is_number(word) && !slice_is(word, "null") && !slice_is(word, "true") && !slice_is(word, "false"))
				return true;
			i = end - 1;
		} else if (in_string && (unsigned char)c < 0x20) {
			return true;
		}
	}
	return false;
}

/* jq reads a lone surrogate as U+FFFD. */
static bool has_surrogate(struct slice text)
{
	return slice_find_nocase(text, (struct slice)SLICE("\\ud")) != NULL;
}

/* For the leak sanitizer: libjq 1.6 loses a value where another follows without a comma. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq.so\n";
}

/* Whether jq reads exactly one value. */
static bool jq_accepts(struct slice text)
{
	jv_parser *parser = jv_parser_new(0);
	jv_parser_set_buf(parser, text.ptr, (int)text.len, 0);
	jv first = jv_parser_next(parser), second = jv_is_valid(first) ? jv_parser_next(parser) : jv_invalid();
	bool accepts = jv_is_valid(first) && !jv_is_valid(second) && !jv_invalid_has_msg(jv_copy(second));
	jv_free(first);
	jv_free(second);
	jv_parser_free(parser);
	return accepts;
}

static void another_parser_agrees(void **state)
{
	struct record *r = record_new();
	struct buf text;
	size_t compared = 0, accepted = 0;
	(void)state;
	random_state = SEED;
	buf_init(&text, 1 << 20);
	scan_choose(SCAN_FASTEST);
	for (int i = 0; i < RANDOM_LINES; i++) {
		struct json_error error;
		buf_reset(&text);
		put_random_value(&text, 0);
		bool is_whole = i % 4 == 0;
		if (!is_whole)
			mutate(&text);
		if (!is_for_jq(buf_slice(&text)))
			continue;
		enum line_result result = check_line(r, buf_slice(&text), &error);
		if (is_whole)
			assert_int_equal(result, LINE_RECORD);
		if (has_jq_word(buf_slice(&text)) || (has_surrogate(buf_slice(&text)) && !is_whole))
			continue;
		bool is_value = result == LINE_RECORD || result == LINE_NOT_AN_OBJECT;
		if (is_value != jq_accepts(buf_slice(&text)))
			fail_msg("%s: %s here, %s by jq: %.*s", error.message == NULL ? "" : error.message, is_value ? "accepted" : "refused",
				is_value ? "refused" : "accepted", (int)text.len, text.ptr);
		compared++;
		accepted += is_value;
	}
	/* The comparison is worth something: thousands of both. */
	assert_true(compared > 20000);
	assert_true(accepted > 5000);
	assert_true(compared - accepted > 5000);
	buf_release(&text);
	record_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_grammar_is_rfc_8259),
		cmocka_unit_test(each_fault_has_its_code),
		cmocka_unit_test(nesting_ends_at_512_levels),
		cmocka_unit_test(a_torn_string_spoils_only_its_line),
		cmocka_unit_test(broken_utf8_is_found_at_every_place),
		cmocka_unit_test(another_parser_agrees),
	};
	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
