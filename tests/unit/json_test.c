/* base/json: what RFC 8259 allows comes out as it is, everything else is refused at the byte where it goes wrong. */
#include "base/json.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>

enum { ARENA_BYTES = 1 << 20 };

/* Writes the tree in a form of its own: types, names, decoded strings, raw scalars. */
static void show(struct buf *out, const struct json *value)
{
	switch (value->type) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		buf_putc(out, value->type == JSON_OBJECT ? '{' : '[');
		for (const struct json *item = value->child; item != NULL; item = item->next) {
			if (value->type == JSON_OBJECT) {
				buf_put_slice(out, item->name);
				buf_putc(out, '=');
			}
			show(out, item);
			buf_putc(out, ' ');
		}
		buf_printf(out, "%zu%c", value->count, value->type == JSON_OBJECT ? '}' : ']');
		break;
	case JSON_STRING:
		buf_putc(out, '\'');
		buf_put_slice(out, value->string);
		buf_putc(out, '\'');
		break;
	default: buf_put_slice(out, value->raw); break;
	}
}

static void test_accepts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "null", "null" },
		{ "true", "true" },
		{ "false", "false" },
		{ " \t\r\n1 \t\r\n", "1" },
		{ "\"\"", "''" },
		{ "\"text\"", "'text'" },
		{ "[]", "[0]" },
		{ "[ ]", "[0]" },
		{ "{}", "{0}" },
		{ "{ }", "{0}" },
		{ "[1,2]", "[1 2 2]" },
		{ "[1 , [2] ,{}]", "[1 [2 1] {0} 3]" },
		{ "{\"a\":1,\"b\":[null]}", "{a=1 b=[null 1] 2}" },
		{ "{\"a\":1,\"a\":2}", "{a=1 a=2 2}" },
		{ "{\"\":0}", "{=0 1}" },
		{ "{\"\\u0061\":1}", "{a=1 1}" },
		{ "[true,false,null]", "[true false null 3]" },
		{ "[-0,-1.5e+10,1E5,0.1,1e-2]", "[-0 -1.5e+10 1E5 0.1 1e-2 5]" },
		{ "9007199254740993", "9007199254740993" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "'\"\\/\b\f\n\r\t'" },
		{ "\"\\u00e9\\u20AC\\ud83d\\uDE00\"", "'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'" },
		{ "\"\\ufffe\\uffff\\ud7ff\\ue000\"", "'\xef\xbf\xbe\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80'" },
		{ "\"\\udbff\\udfff\"", "'\xf4\x8f\xbf\xbf'" },
		{ "\"\x7f\xc3\xa9\"", "'\x7f\xc3\xa9'" },
		{ "\"a/b\"", "'a/b'" },
	};
	struct arena arena;
	struct buf out;
	arena_init(&arena, ARENA_BYTES);
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_error error;
		arena_reset(&arena);
		buf_reset(&out);
		const struct json *root = json_parse(&arena, slice_of(rows[i].text), &error);
		if (root == NULL)
			fail_msg("%s: %s at byte %zu", rows[i].text, error.message, error.offset);
		show(&out, root);
		check_text(rows[i].text, buf_slice(&out), slice_of(rows[i].want));
		check_text(rows[i].text, root->raw, slice_trim(slice_of(rows[i].text)));
	}
	buf_release(&out);
	arena_release(&arena);
}

/* The caret stands under the byte that is named. */
static void test_refuses(void **state)
{
	(void)state;
	static const struct {
		const char *text, *caret, *message;
	} rows[] = {
		{ "", "^", "unexpected end" },
		{ "  ", "  ^", "unexpected end" },
		{ "nul", "^", "not a JSON value" },
		{ "nulll", "^", "not a JSON value" },
		{ "True", "^", "not a JSON value" },
		{ "NaN", "^", "not a JSON value" },
		{ "-Infinity", "^", "not a JSON value" },
		{ "'a'", "^", "not a JSON value" },
		{ "01", "^", "not a JSON value" },
		{ "-", "^", "not a JSON value" },
		{ "+1", "^", "not a JSON value" },
		{ ".5", "^", "not a JSON value" },
		{ "1.", "^", "not a JSON value" },
		{ "1e", "^", "not a JSON value" },
		{ "1e+", "^", "not a JSON value" },
		{ "1.e1", "^", "not a JSON value" },
		{ "0x1", "^", "not a JSON value" },
		{ "1_000", "^", "not a JSON value" },
		{ "1 2", "  ^", "text after the value" },
		{ "{} x", "   ^", "text after the value" },
		{ "[] ]", "   ^", "text after the value" },
		{ "[", " ^", "unexpected end" },
		{ "[1", "  ^", "unexpected end" },
		{ "[1,", "   ^", "unexpected end" },
		{ "[1,]", "   ^", "not a JSON value" },
		{ "[,1]", " ^", "not a JSON value" },
		{ "[1 2]", "   ^", "expected ',' or ']'" },
		{ "[1}", "  ^", "expected ',' or ']'" },
		{ "]", "^", "not a JSON value" },
		{ "{", " ^", "unexpected end" },
		{ "{\"a\"", "    ^", "unexpected end" },
		{ "{\"a\":", "     ^", "unexpected end" },
		{ "{\"a\":1", "      ^", "unexpected end" },
		{ "{\"a\":1,", "       ^", "unexpected end" },
		{ "{\"a\":1,}", "       ^", "expected a member name" },
		{ "{,}", " ^", "expected a member name" },
		{ "{a:1}", " ^", "expected a member name" },
		{ "{1:1}", " ^", "expected a member name" },
		{ "{\"a\" 1}", "     ^", "expected ':'" },
		{ "{\"a\":1]", "      ^", "expected ',' or '}'" },
		{ "{\"a\":1 \"b\":2}", "       ^", "expected ',' or '}'" },
		{ "{\"a\"::1}", "     ^", "not a JSON value" },
		{ "\"a", "^", "unterminated string" },
		{ "\"a\\", "^", "unterminated string" },
		{ "\"a\\\"", "^", "unterminated string" },
		{ "[\"a]", " ^", "unterminated string" },
		{ "\"a\tb\"", "  ^", "control character in a string" },
		{ "\"a\x1f\"", "  ^", "control character in a string" },
		{ "\"a\nb\"", "  ^", "control character in a string" },
		{ "\"\\x\"", " ^", "bad escape in a string" },
		{ "\"\\a\"", " ^", "bad escape in a string" },
		{ "\"\\'\"", " ^", "bad escape in a string" },
		{ "\"a\\u12\"", "  ^", "bad escape in a string" },
		{ "\"\\u12g4\"", " ^", "bad escape in a string" },
		{ "\"\\u-123\"", " ^", "bad escape in a string" },
		{ "\"\\ud800\"", " ^", "bad escape in a string" },
		{ "\"\\udc00\"", " ^", "bad escape in a string" },
		{ "\"\\ud800\\u0041\"", " ^", "bad escape in a string" },
		{ "\"\\ud800\\ud800\"", " ^", "bad escape in a string" },
		{ "\"ok\\n\\ud800x\"", "     ^", "bad escape in a string" },
		{ "{\"\\q\":1}", "  ^", "bad escape in a string" },
		{ "\"a\xff\"", "  ^", "broken UTF-8" },
		{ "\"\xed\xa0\x80\"", " ^", "broken UTF-8" },
		{ "\"\xc3\"", " ^", "broken UTF-8" },
		{ "\xef\xbb\xbf{}", "^", "not a JSON value" },
		{ "/* c */ 1", "^", "not a JSON value" },
		{ "[1] // c", "    ^", "text after the value" },
		{ "\x0b"
		  "1",
			"^", "not a JSON value" },
		{ "\xc2\xa0"
		  "1",
			"^", "not a JSON value" },
	};
	struct arena arena;
	arena_init(&arena, ARENA_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_error error;
		arena_reset(&arena);
		if (json_parse(&arena, slice_of(rows[i].text), &error) != NULL)
			fail_msg("%s: was taken for JSON", rows[i].text);
		check_text(rows[i].text, slice_of(error.message), slice_of(rows[i].message));
		check_int(rows[i].text, (int64_t)error.offset, (int64_t)strlen(rows[i].caret) - 1);
		check_int(rows[i].text, error.line, 1);
		check_int(rows[i].text, error.column, (int64_t)strlen(rows[i].caret));
	}
	struct json_error error;
	assert_null(json_parse(&arena, (struct slice){ "[1\0]", 4 }, &error));
	assert_int_equal(error.offset, 2);
	assert_null(json_parse(&arena, (struct slice){ "\"a\0b\"", 5 }, &error));
	assert_string_equal(error.message, "control character in a string");
	arena_release(&arena);
}

static void test_lines(void **state)
{
	(void)state;
	static const char text[] = "{\n  \"a\": 1,\r\n  \"b\": [\n    2,\n    {\"c\": 3}\n  ]\n}\n";
	struct arena arena;
	struct json_error error;
	arena_init(&arena, ARENA_BYTES);
	const struct json *root = json_parse(&arena, slice_of(text), &error);
	assert_non_null(root);
	assert_int_equal(root->line, 1);
	assert_int_equal(json_get(root, "a")->line, 2);
	assert_int_equal(json_get(root, "b")->line, 3);
	assert_int_equal(json_get(root, "b")->child->line, 4);
	assert_int_equal(json_path(json_get(root, "b")->child->next, "c", NULL)->line, 5);
	check_text("raw", json_get(root, "b")->child->next->raw, slice_of("{\"c\": 3}"));
	assert_null(json_parse(&arena, slice_of("{\n\n  \"a\": tru\n}"), &error));
	assert_int_equal(error.line, 3);
	assert_int_equal(error.column, 8);
	assert_int_equal(error.offset, 10);
	arena_release(&arena);
}

/* `levels` brackets around a number. */
static bool parses_at_depth(size_t levels, const char *open, const char *close, struct json_error *error)
{
	struct arena arena;
	struct buf text;
	arena_init(&arena, ARENA_BYTES);
	buf_init(&text, ARENA_BYTES);
	for (size_t i = 0; i < levels; i++)
		buf_puts(&text, open);
	buf_puts(&text, "1");
	for (size_t i = 0; i < levels; i++)
		buf_puts(&text, close);
	bool ok = json_parse(&arena, buf_slice(&text), error) != NULL;
	buf_release(&text);
	arena_release(&arena);
	return ok;
}

static void test_depth(void **state)
{
	(void)state;
	struct json_error error;
	assert_true(parses_at_depth(JSON_MAX_DEPTH, "[", "]", &error));
	assert_true(parses_at_depth(JSON_MAX_DEPTH, "{\"a\":", "}", &error));
	assert_false(parses_at_depth(JSON_MAX_DEPTH + 1, "[", "]", &error));
	assert_string_equal(error.message, "nested too deep");
	assert_int_equal(error.offset, JSON_MAX_DEPTH);
	assert_false(parses_at_depth(JSON_MAX_DEPTH + 1, "{\"a\":", "}", &error));
	assert_string_equal(error.message, "nested too deep");
	assert_false(parses_at_depth(100000, "[", "", &error));
	assert_string_equal(error.message, "nested too deep");
}

static void test_memory(void **state)
{
	(void)state;
	struct arena arena;
	struct json_error error;
	struct buf text;
	buf_init(&text, 1 << 20);
	buf_putc(&text, '[');
	for (int i = 0; i < 10000; i++)
		buf_puts(&text, "\"\\n\",");
	buf_puts(&text, "0]");
	/* However small the arena, the answer is a message or a tree, never half of one. */
	for (size_t bytes = 0; bytes < 40000; bytes += 997) {
		arena_init(&arena, bytes);
		assert_null(json_parse(&arena, buf_slice(&text), &error));
		assert_string_equal(error.message, "out of memory");
		assert_int_equal(error.line, 0);
		arena_release(&arena);
	}
	buf_release(&text);
}

static void test_get(void **state)
{
	(void)state;
	static const char text[] = "{\"n\":null,\"t\":true,\"f\":false,\"i\":42,\"s\":\"x\",\"s\":\"last\",\"o\":{\"p\":{\"q\":\"deep\"}},\"a\":[1],"
				   "\"es\\u0063\":\"\\u0041\"}";
	struct arena arena;
	struct json_error error;
	arena_init(&arena, ARENA_BYTES);
	const struct json *root = json_parse(&arena, slice_of(text), &error);
	assert_non_null(root);
	check_text("last of two", json_string(root, "s", NULL), slice_of("last"));
	check_text("fallback", json_string(root, "none", "other"), slice_of("other"));
	check_text("no string", json_string(root, "i", "other"), slice_of("other"));
	assert_null(json_string(root, "none", NULL).ptr);
	check_text("path", json_path(root, "o", "p", "q", NULL)->string, slice_of("deep"));
	assert_null(json_path(root, "o", "none", "q", NULL));
	assert_null(json_path(root, "s", "q", NULL));
	assert_ptr_equal(json_path(root, NULL), root);
	assert_null(json_path(NULL, "o", NULL));
	assert_null(json_get(NULL, "o"));
	assert_null(json_get(json_get(root, "a"), "o"));
	assert_null(json_get_slice(root, (struct slice){ "s\0", 2 }));
	check_text("escaped name", json_string(root, "esc", ""), slice_of("A"));

	check_text("null", json_text(json_get(root, "n")), slice_of(""));
	check_text("true", json_text(json_get(root, "t")), slice_of("true"));
	check_text("number", json_text(json_get(root, "i")), slice_of("42"));
	check_text("string", json_text(json_get(root, "s")), slice_of("last"));
	check_text("object", json_text(json_get(root, "o")), slice_of(""));
	check_text("array", json_text(json_get(root, "a")), slice_of(""));
	check_text("nothing", json_text(NULL), slice_of(""));

	assert_true(json_is_true(json_get(root, "t")));
	assert_false(json_is_true(json_get(root, "f")));
	assert_false(json_is_true(json_get(root, "s")));
	assert_false(json_is_true(NULL));
	double number;
	assert_true(json_number(json_get(root, "i"), &number));
	assert_true(number == 42);
	assert_false(json_number(json_get(root, "s"), &number));
	assert_false(json_number(NULL, &number));
	arena_release(&arena);
}

static void test_int(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "-7", -7 },
		{ "9007199254740993", 9007199254740993 },
		{ "9223372036854775807", INT64_MAX },
		{ "9223372036854775808", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
		{ "-9223372036854775809", INT64_MIN },
		{ "123456789012345678901234567890", INT64_MAX },
		{ "-123456789012345678901234567890", INT64_MIN },
		{ "1e3", 1000 },
		{ "2.9", 2 },
		{ "-2.9", -2 },
		{ "1e400", INT64_MAX },
		{ "-1e400", INT64_MIN },
		{ "9.3e18", INT64_MAX },
	};
	struct arena arena;
	arena_init(&arena, ARENA_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json_error error;
		int64_t got = 5;
		assert_true(json_int(json_parse(&arena, slice_of(rows[i].text), &error), &got));
		check_int(rows[i].text, got, rows[i].want);
	}
	struct json_error error;
	int64_t kept = 5;
	assert_false(json_int(json_parse(&arena, slice_of("\"5\""), &error), &kept));
	assert_false(json_int(NULL, &kept));
	arena_release(&arena);
}

/* Against strtod of the same text, ending where the bytes end and not where a NUL is. */
static void test_number_value(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"0", "-0", "1", "-1", "0.1", "0.30000000000000004", "123456789012345", "-123456789012345", "1234567890123456", "9007199254740993",
		"1e22", "1e23", "1.7976931348623157e308", "1e309", "-1e309", "5e-324", "2.4703282292062327e-324", "1e-400", "1E+2",
		"0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
		"100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = strlen(rows[i]);
		char padded[256];
		double got = 0, want = strtod(rows[i], NULL);
		snprintf(padded, sizeof padded, "%s9", rows[i]);
		if (!json_number_value((struct slice){ padded, len }, &got) || got != want || signbit(got) != signbit(want))
			fail_msg("%s: %.17g, not %.17g", rows[i], got, want);
	}
	double kept = 5;
	assert_false(json_number_value(slice_of(""), &kept));
	assert_false(json_number_value(slice_of(" 1"), &kept));
	assert_false(json_number_value(slice_of("1x"), &kept));
	assert_false(json_number_value(slice_of("inf"), &kept));
	assert_true(kept == 5);
}

static void test_quote(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "\"\"" },
		{ "plain /'", "\"plain /'\"" },
		{ "\"\\", "\"\\\"\\\\\"" },
		{ "\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\"" },
		{ "\x01\x0b\x0e\x1f\x7f", "\"\\u0001\\u000b\\u000e\\u001f\\u007f\"" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "a\xff"
		  "b",
			"\"a\xef\xbf\xbd"
			"b\"" },
		{ "\x80\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xc3\xa9\xff\xc3\xa9", "\"\xc3\xa9\xef\xbf\xbd\xc3\xa9\"" },
		{ "\xc0\xaf\xf8", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};
	struct buf out;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&out);
		json_quote(&out, slice_of(rows[i].text));
		check_text(rows[i].want, buf_slice(&out), slice_of(rows[i].want));
	}
	buf_reset(&out);
	json_quote(&out, (struct slice){ "a\0b", 3 });
	assert_string_equal(buf_text(&out), "\"a\\u0000b\"");
	buf_release(&out);
}

/* Every character that is one can be quoted, read back, and is the same. */
static void test_quote_and_back(void **state)
{
	(void)state;
	struct arena arena;
	struct buf out;
	arena_init(&arena, ARENA_BYTES);
	buf_init(&out, 1000);
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		char text[16];
		size_t at = 0;
		struct json_error error;
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		snprintf(text, sizeof text, "\\u%04x", code);
		if (code > 0xffff)
			snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
		buf_reset(&out);
		if (!json_unescape(slice_of(text), &out, &at) || out.len == 0 || slice_utf8_prefix(buf_slice(&out)) != out.len)
			fail_msg("U+%04X was not decoded", code);
		size_t decoded = out.len;
		memcpy(text, out.ptr, decoded);
		buf_reset(&out);
		json_quote(&out, (struct slice){ text, decoded });
		arena_reset(&arena);
		const struct json *back = json_parse(&arena, buf_slice(&out), &error);
		if (back == NULL || !slice_equal(back->string, (struct slice){ text, decoded }))
			fail_msg("U+%04X did not come back", code);
	}
	buf_release(&out);
	arena_release(&arena);
}

static void test_unescape_offset(void **state)
{
	(void)state;
	struct buf out;
	size_t at = 99;
	buf_init(&out, 100);
	assert_true(json_unescape((struct slice){ NULL, 0 }, &out, &at));
	assert_true(json_unescape(slice_of("a\\nb"), &out, &at));
	assert_string_equal(buf_text(&out), "a\nb");
	assert_false(json_unescape(slice_of("ab\\n\\q"), &out, &at));
	assert_int_equal(at, 4);
	assert_false(json_unescape(slice_of("\\"), &out, &at));
	assert_int_equal(at, 0);
	assert_false(json_unescape(slice_of("x\\ud83d\\u"), &out, &at));
	assert_int_equal(at, 1);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_number_value),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_quote_and_back),
		cmocka_unit_test(test_unescape_offset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
