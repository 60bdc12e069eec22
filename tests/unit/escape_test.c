/* base/escape: nothing from a stranger moves a terminal's cursor, turns its text around, or breaks its encoding. */
#include "base/escape.h"
#include "check.h"

struct row {
	const char *text, *want, *want_lines; /* want_lines NULL: the same */
};

static const struct row rows[] = {
	{ "", "", NULL },
	{ "plain text \\ \"quoted\"", "plain text \\ \"quoted\"", NULL },
	{ "Zo\xc3\xab \xe6\x9d\x8e \xf0\x9f\x98\x80", "Zo\xc3\xab \xe6\x9d\x8e \xf0\x9f\x98\x80", NULL },
	{ "a\x1b[2Jb", "a\\x1b[2Jb", NULL },
	{ "\x07\x08\x7f", "\\x07\\x08\\x7f", NULL },
	{ "a\r\nb\tc", "a\\x0d\\x0ab\\x09c", "a\\x0d\nb\tc" },
	{ "\xc2\x9b"
	  "31m",
		"\\xc2\\x9b31m", NULL }, /* C1: CSI as one character */
	{ "\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f", NULL },
	{ "\xc2\xa0", "\xc2\xa0", NULL },
	{ "\xe2\x80\xa9", "\xe2\x80\xa9", NULL }, /* U+2029, before the overrides */
	{ "\xe2\x80\xaa", "\\xe2\\x80\\xaa", NULL }, /* U+202A */
	{ "\xe2\x80\xae", "\\xe2\\x80\\xae", NULL }, /* U+202E */
	{ "\xe2\x80\xaf", "\xe2\x80\xaf", NULL },
	{ "\xe2\x81\xa5", "\xe2\x81\xa5", NULL },
	{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6", NULL }, /* U+2066 */
	{ "\xe2\x81\xa9", "\\xe2\\x81\\xa9", NULL }, /* U+2069 */
	{ "\xe2\x81\xaa", "\xe2\x81\xaa", NULL },
	{ "a\xff"
	  "b",
		"a\\xffb", NULL },
	{ "\xc3", "\\xc3", NULL },
	{ "\xe2\x82", "\\xe2\\x82", NULL },
	{ "\xc0\xaf", "\\xc0\\xaf", NULL },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", NULL },
	{ "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80", NULL },
	{ "\xe2\x82z", "\\xe2\\x82z", NULL },
};

static void test_rows(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&out);
		escape_terminal(&out, slice_of(rows[i].text));
		check_text(rows[i].want, buf_slice(&out), slice_of(rows[i].want));
		buf_reset(&out);
		escape_terminal_lines(&out, slice_of(rows[i].text));
		const char *want = rows[i].want_lines == NULL ? rows[i].want : rows[i].want_lines;
		check_text(want, buf_slice(&out), slice_of(want));
	}
	buf_reset(&out);
	escape_terminal(&out, (struct slice){ "a\0b", 3 });
	assert_string_equal(buf_text(&out), "a\\x00b");
	buf_release(&out);
}

/* Every one of 2^16 pairs of bytes comes out as printable, well-formed text. */
static void test_all_pairs(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 1000);
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		char text[2] = { (char)(pair >> 8), (char)pair };
		buf_reset(&out);
		escape_terminal(&out, (struct slice){ text, 2 });
		if (out.failed || slice_utf8_prefix(buf_slice(&out)) != out.len)
			fail_msg("%04x: broken", pair);
		for (size_t i = 0; i < out.len; i++)
			if ((unsigned char)out.ptr[i] < 0x20 || out.ptr[i] == 0x7f)
				fail_msg("%04x: a control byte", pair);
	}
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_all_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
