/* outreach/mime: headers and bodies byte by byte; that other programs read them back is tested in tests/outreach.bats. */
// uses: bin/outreach/mime.c
// uses: bin/outreach/mail.c
// uses: bin/outreach/address.c
// uses: bin/outreach/control.c
#include "../../bin/outreach/mime.h"
#include "check.h"

enum { OUT_BYTES = 1 << 20 };

static void test_headers(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "plain", "Subject: plain\n" },
		{ "a  b", "Subject: a  b\n" },
		{ "Zo\xc3\xab", "Subject: =?UTF-8?Q?Zo=C3=AB?=\n" },
		{ "\xe4\xbd\xa0\xe5\xa5\xbd", "Subject: =?UTF-8?B?5L2g5aW9?=\n" },
		{ "=?UTF-8?Q?x?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=\n" },
		{ " led by a blank", "Subject: =?UTF-8?Q?_led_by_a_blank?=\n" },
		{ "ended by one ", "Subject: =?UTF-8?Q?ended_by_one_?=\n" },
		{ "a long subject of plain words is folded before a blank, so that no line is long",
			"Subject: a long subject of plain words is folded before a blank, so that no\n line is long\n" },
		{ "Z\xc3\xbcrich, a long subject with one letter that is not ASCII, in more than one encoded word",
			"Subject: =?UTF-8?Q?Z=C3=BCrich=2C_a_long_subject_with_one_letter_that_is_n?=\n"
			" =?UTF-8?Q?ot_ASCII=2C_in_more_than_one_encoded_word?=\n" },
	};
	struct buf out;
	buf_init(&out, OUT_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&out);
		mime_header(&out, "Subject", slice_of(rows[i].text));
		check_text(rows[i].text, buf_slice(&out), slice_of(rows[i].want));
	}
	buf_release(&out);
}

/* No line of `text` has more than `max` bytes. */
static void check_lines(const char *row, struct slice text, size_t max)
{
	struct slice line;
	while (slice_split(&text, '\n', &line))
		if (line.len > max)
			fail_msg("%s: a line of %zu bytes: %.*s", row, line.len, (int)line.len, line.ptr);
}

static void test_header_lines_are_short_and_whole_characters(void **state)
{
	(void)state;
	static const char *const units[] = { "a", "a ", "\xc3\xab", "\xe4\xbd\xa0", "\xf0\x9f\x98\x80", "x\xd7\xa9", "?" };
	struct buf text, out;
	buf_init(&text, OUT_BYTES);
	buf_init(&out, OUT_BYTES);
	for (size_t i = 0; i < COUNT(units); i++) {
		buf_reset(&text);
		for (int n = 1; n < 1200; n++) {
			buf_puts(&text, units[i]);
			buf_reset(&out);
			mime_header(&out, "Subject", buf_slice(&text));
			bool is_encoded = memmem(out.ptr, out.len, "=?UTF-8?", 8) != NULL;
			check_lines(units[i], buf_slice(&out), is_encoded ? 76 : strchr(units[i], ' ') == NULL ? 998 : 78);
		}
	}
	buf_release(&out);
	buf_release(&text);
}

#define X70 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void test_quoted_printable(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "plain\n", "plain\n" },
		{ "no line end", "no line end" },
		{ "1 = 1", "1 =3D 1" },
		{ "blank \ntab\t\nend ", "blank=20\ntab=09\nend=20" },
		{ ".\n..\na.b", "=2E\n=2E.\na.b" },
		{ "From here\nFromage\n>From", "=46rom here\nFromage\n>From" },
		{ "\xc3\xab", "=C3=AB" },
		{ X70 "123456\n", X70 "123456\n" },
		{ X70 "1234567\n", X70 "12345=\n67\n" },
		{ X70 "12345\xc3\xab\n", X70 "12345=\n=C3=AB\n" },
		{ X70 "12345.78\n", X70 "12345=\n=2E78\n" },
		{ X70 "12345 \n", X70 "12345=\n=20\n" },
	};
	struct buf out;
	buf_init(&out, OUT_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&out);
		mime_quoted_printable(&out, slice_of(rows[i].text));
		check_text(rows[i].text, buf_slice(&out), slice_of(rows[i].want));
		check_lines(rows[i].text, buf_slice(&out), 76);
	}
	buf_release(&out);
}

#define KEY "0123456789abcdef0123456789abcdef01234567"

static void test_message(void **state)
{
	(void)state;
	struct mail m = { .message_id = SLICE("<" KEY "@b.example>"),
		.in_reply_to = SLICE(""),
		.from = SLICE("Lovelace, \"A\" <a@b.example>"),
		.to = SLICE("c@d.example"),
		.list_unsubscribe = SLICE(""),
		.subject = SLICE("s"),
		.text = SLICE("t\n"),
		.html = SLICE("") };
	struct buf out;
	buf_init(&out, OUT_BYTES);
	mime_write(&out, &m, 1767603600999);
	check_text("text only", buf_slice(&out),
		slice_of("Date: Mon, 05 Jan 2026 09:00:00 +0000\nFrom: \"Lovelace, \\\"A\\\"\" <a@b.example>\nTo: c@d.example\nSubject: s\n"
			 "Message-ID: <" KEY "@b.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
			 "Content-Transfer-Encoding: quoted-printable\n\nt\n"));
	m.from = slice_of("Zo\xc3\xab <a@b.example>");
	m.html = slice_of("<p>h</p>\n");
	m.in_reply_to = slice_of("<x@b.example>");
	m.list_unsubscribe = slice_of("<mailto:u@b.example>");
	buf_reset(&out);
	mime_write(&out, &m, -1);
	check_text("both parts", buf_slice(&out),
		slice_of("Date: Wed, 31 Dec 1969 23:59:59 +0000\nFrom: =?UTF-8?Q?Zo=C3=AB?= <a@b.example>\nTo: c@d.example\nSubject: s\n"
			 "Message-ID: <" KEY "@b.example>\nIn-Reply-To: <x@b.example>\nReferences: <x@b.example>\n"
			 "List-Unsubscribe: <mailto:u@b.example>\nMIME-Version: 1.0\n"
			 "Content-Type: multipart/alternative; boundary=\"=_" KEY "\"\n\n--=_" KEY "\n"
			 "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nt\n\n--=_" KEY "\n"
			 "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<p>h</p>\n\n--=_" KEY "--\n"));
	buf_release(&out);
}

/* One byte more or less anywhere is another digest, and bytes cannot move between members. */
static void test_digest_covers_every_member(void **state)
{
	(void)state;
	const struct mail m = { SLICE("1"), SLICE("2"), SLICE("3"), SLICE("4"), SLICE("5"), SLICE("6"), SLICE("7"), SLICE("8") };
	char first[SHA256_HEX_BYTES], other[SHA256_HEX_BYTES];
	mail_digest(&m, first);
	for (size_t i = 0; i < sizeof m / sizeof m.to; i++) {
		struct mail changed = m;
		((struct slice *)(void *)&changed)[i] = slice_of("x");
		mail_digest(&changed, other);
		assert_string_not_equal(first, other);
	}
	struct mail moved = m;
	moved.text = slice_of("78");
	moved.html = slice_of("");
	mail_digest(&moved, other);
	assert_string_not_equal(first, other);
}

static void test_check_refuses_what_would_break_a_header(void **state)
{
	(void)state;
	const struct mail good = { .message_id = SLICE("<" KEY "@b.example>"),
		.in_reply_to = SLICE(""),
		.from = SLICE("A <a@b.example>"),
		.to = SLICE("c@d.example"),
		.list_unsubscribe = SLICE(""),
		.subject = SLICE("s"),
		.text = SLICE("t\n"),
		.html = SLICE("") };
	static const struct {
		size_t member;
		const char *value;
	} rows[] = {
		{ offsetof(struct mail, message_id), "<x@b.example>" },
		{ offsetof(struct mail, message_id), "<" KEY "@b.example>\nBcc: x@y.example" },
		{ offsetof(struct mail, message_id), "<0123456789ABCDEF0123456789abcdef01234567@b.example>" },
		{ offsetof(struct mail, in_reply_to), "x@y" },
		{ offsetof(struct mail, in_reply_to), "<x@y>\r\nBcc: <a@b.example>" },
		{ offsetof(struct mail, list_unsubscribe), "<mailto:a@b.example>\nX: <y>" },
		{ offsetof(struct mail, from), "A\r\nBcc: x <a@b.example>" },
		{ offsetof(struct mail, to), "c@d.example, e@f.example" },
		{ offsetof(struct mail, to), "c@d.example\nBcc: e@f.example" },
		{ offsetof(struct mail, subject), "s\nBcc: e@f.example" },
		{ offsetof(struct mail, subject), " " },
		{ offsetof(struct mail, text), "t\r" },
		{ offsetof(struct mail, html), "\x1b[2J" },
	};
	assert_null(mail_check(&good));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mail bad = good;
		*(struct slice *)(void *)((char *)&bad + rows[i].member) = slice_of(rows[i].value);
		if (mail_check(&bad) == NULL)
			fail_msg("taken: %s", rows[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_header_lines_are_short_and_whole_characters),
		cmocka_unit_test(test_quoted_printable),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_digest_covers_every_member),
		cmocka_unit_test(test_check_refuses_what_would_break_a_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
