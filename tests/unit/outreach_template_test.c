/* outreach/template: what a template says with values, and what is refused where. */
// uses: bin/outreach/template.c
// uses: bin/outreach/template_tags.c
// uses: bin/outreach/control.c
#include "../../bin/outreach/template.h"
#include "check.h"

enum { OUT_BYTES = 1 << 20 };

#define HEAD "subject: s\nfollow_up_days: 3\n\n"

struct given {
	const char *name, *value;
};

/* Runs a part of `source`; the variables that `given` does not name are missing. */
static enum template_result run(
	const char *row, const char *source, enum template_part part, const struct given *given, struct buf *out, char missing[64])
{
	struct template_error error;
	struct slice values[TEMPLATE_MAX_VARIABLES];
	size_t variable = 0;
	struct template *t = template_parse(slice_of(source), &error);
	if (t == NULL)
		fail_msg("%s: line %u: %s", row, error.line, error.message);
	for (size_t i = 0; i < template_variable_count(t); i++) {
		values[i] = slice_of("");
		for (const struct given *g = given; g->name != NULL; g++)
			if (slice_is(template_variable(t, i), g->name))
				values[i] = slice_of(g->value);
	}
	buf_reset(out);
	enum template_result result = template_run(t, part, values, out, &variable);
	struct slice name = result == TEMPLATE_OK ? slice_of("") : template_variable(t, variable);
	snprintf(missing, 64, "%.*s", (int)name.len, name.ptr);
	template_free(t);
	return result;
}

static void test_says(void **state)
{
	(void)state;
	static const struct given given[] = { { "contact.firstname", "Zoë" }, { "contact.two words", "x y" }, { "company", "A<b>&\"'" },
		{ "flag", "false" }, { "yes", "true" }, { "lines", "a\r\nb\tc" }, { NULL, NULL } };
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "plain", "plain\n" },
		{ "Hi {{contact.firstname}}.", "Hi Zoë.\n" },
		{ "Hi {{ contact.firstname }}.", "Hi Zoë.\n" },
		{ "{{contact.two words}}", "x y\n" },
		{ "Hi {{nobody|there}}.", "Hi there.\n" },
		{ "Hi {{contact.firstname|there}}.", "Hi Zoë.\n" },
		{ "[{{nobody|}}]", "[]\n" },
		{ "{{nobody|a|b}}", "a|b\n" },
		{ "{{company}}", "A<b>&\"'\n" },
		{ "a{{#yes}}b{{/yes}}c{{^yes}}d{{/yes}}e", "abce\n" },
		{ "a{{#nobody}}b{{/nobody}}c{{^nobody}}d{{/nobody}}e", "acde\n" },
		{ "{{#flag}}b{{/flag}}{{^flag}}d{{/flag}}", "d\n" },
		{ "{{#yes}}{{#nobody}}x{{/nobody}}y{{/yes}}", "y\n" },
		{ "{{#nobody}}{{required.inside}}{{/nobody}}ok", "ok\n" },
		{ "a{{! a remark {{#yes} }}b", "ab\n" },
		{ "a\n{{#yes}}\nb\n{{/yes}}\nc", "a\nb\nc\n" },
		{ "a\n  {{#nobody}}  \nb\n\t{{/nobody}}\nc", "a\nc\n" },
		{ "a\n{{! alone }}\nb", "a\nb\n" },
		{ "a\n{{#yes}} b{{/yes}}\nc", "a\n b\nc\n" },
		{ "a\n{{nobody|}}\nb", "a\n\nb\n" },
		{ "{{#yes}}\na\n{{/yes}}", "a\n" },
		{ "a \n\n\n", "a\n" },
		{ "{{lines}}", "a\nb\tc\n" },
		{ "a } b { c }} d", "a } b { c }} d\n" },
	};
	struct buf out, source;
	char missing[64];
	buf_init(&out, OUT_BYTES);
	buf_init(&source, OUT_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&source);
		buf_printf(&source, HEAD "%s", rows[i].text);
		check_int(rows[i].text, run(rows[i].text, source.ptr, TEMPLATE_TEXT, given, &out, missing), TEMPLATE_OK);
		check_text(rows[i].text, buf_slice(&out), slice_of(rows[i].want));
	}
	buf_release(&source);
	buf_release(&out);
}

static void test_escapes_html_only(void **state)
{
	(void)state;
	static const struct given given[] = { { "v", "<script>alert('1 & \"2\"')</script>" }, { NULL, NULL } };
	static const char source[] = HEAD "{{v}}\n\n--- html\n<p title=\"{{v}}\">{{none|a & b}}</p>\n";
	struct buf out;
	char missing[64];
	buf_init(&out, OUT_BYTES);
	run("text", source, TEMPLATE_TEXT, given, &out, missing);
	check_text("text", buf_slice(&out), slice_of("<script>alert('1 & \"2\"')</script>\n"));
	run("html", source, TEMPLATE_HTML, given, &out, missing);
	check_text("html", buf_slice(&out),
		slice_of("<p title=\"&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;\">a &amp; b</p>\n"));
	buf_release(&out);
}

static void test_refuses_values(void **state)
{
	(void)state;
	static const struct {
		const char *row, *value;
		enum template_result subject, text;
	} rows[] = {
		{ "nothing", "", TEMPLATE_MISSING, TEMPLATE_MISSING },
		{ "plain", "x", TEMPLATE_OK, TEMPLATE_OK },
		{ "umlaut", "\xc3\xa4", TEMPLATE_OK, TEMPLATE_OK },
		{ "no-break space", "\xc2\xa0", TEMPLATE_OK, TEMPLATE_OK },
		{ "CR LF", "x\r\nBcc: y@example.com", TEMPLATE_CONTROL, TEMPLATE_OK },
		{ "LF", "x\ny", TEMPLATE_CONTROL, TEMPLATE_OK },
		{ "TAB", "x\ty", TEMPLATE_CONTROL, TEMPLATE_OK },
		{ "CR", "x\ry", TEMPLATE_CONTROL, TEMPLATE_CONTROL },
		{ "CR at the end", "x\r", TEMPLATE_CONTROL, TEMPLATE_CONTROL },
		{ "ESC", "x\x1b[2Jy", TEMPLATE_CONTROL, TEMPLATE_CONTROL },
		{ "DEL", "x\x7f", TEMPLATE_CONTROL, TEMPLATE_CONTROL },
		{ "C1", "x\xc2\x9by", TEMPLATE_CONTROL, TEMPLATE_CONTROL },
		{ "line separator", "x\xe2\x80\xa8y", TEMPLATE_CONTROL, TEMPLATE_CONTROL },
	};
	struct buf out;
	char missing[64];
	buf_init(&out, OUT_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct given given[] = { { "v", rows[i].value }, { NULL, NULL } };
		static const char source[] = "follow_up_days: 0\nsubject: a {{v}}\n\nb {{v}}\n";
		check_int(rows[i].row, run(rows[i].row, source, TEMPLATE_SUBJECT, given, &out, missing), rows[i].subject);
		check_text(rows[i].row, slice_of(missing), slice_of(rows[i].subject == TEMPLATE_OK ? "" : "v"));
		check_int(rows[i].row, run(rows[i].row, source, TEMPLATE_TEXT, given, &out, missing), rows[i].text);
	}
	buf_release(&out);
}

static void test_refuses_templates(void **state)
{
	(void)state;
	static const struct {
		const char *source;
		unsigned line;
		const char *want;
	} rows[] = {
		{ "", 1, "an empty file" },
		{ "subject: s\n\nx", 1, "no \"follow_up_days:\" line before the first empty line" },
		{ "follow_up_days: 1\n\nx", 1, "no \"subject:\" line before the first empty line" },
		{ "subject:\nfollow_up_days: 1\n\nx", 1, "an empty subject" },
		{ "subject: a\nsubject: b\nfollow_up_days: 1\n\nx", 2, "a second subject" },
		{ "# remark\nsubject: a\nfollow_up_days: soon\n\nx", 3, "\"soon\" is not a whole number from 0 to 365" },
		{ "subject: a\nfollow_up_days: 366\n\nx", 2, "\"366\" is not a whole number from 0 to 365" },
		{ "subject: a\nfollow_up_days: 1\nstep: 0\n\nx", 3, "\"0\" is not a whole number from 1 to 99" },
		{ "subject: a\nfollow_up_days: 1\nfrom: b\n\nx", 3, "known are subject, follow_up_days and step, not \"from\"" },
		{ "subject: a\nfollow_up_days: 1\nno colon\n\nx", 3, "a line \"name: value\" is wanted here, not \"no colon\"" },
		{ HEAD, 4, "no text part" },
		{ HEAD "\n \n--- html\n<p>", 4, "no text part" },
		{ HEAD "a\nb {{x", 5, "a tag without its }}" },
		{ HEAD "a {{}} b", 4, "an empty tag" },
		{ HEAD "a {{|b}}", 4, "a tag without a name" },
		{ HEAD "a {{{b}}}", 4, "a tag for text without escaping is not offered: \"b\"" },
		{ HEAD "a {{&b}}", 4, "a tag for text without escaping is not offered: \"b\"" },
		{ HEAD "a {{>b}}", 4, "a template cannot include another: \"b\"" },
		{ HEAD "a {{=b}}", 4, "the braces cannot be changed \"b\"" },
		{ HEAD "a\n{{#b}}\nc\n", 5, "section \"b\" is not closed" },
		{ HEAD "a{{/b}}", 4, "nothing is open that this could close: \"b\"" },
		{ HEAD "{{#a}}\n{{^b}}\n{{/a}}\n{{/b}}", 6, "\"a\" closes, but \"b\" of line 5 is open" },
		{ HEAD "text\n--- html\n<p>\n{{#a}}", 7, "section \"a\" is not closed" },
		{ HEAD "a\n\x1b[2J", 5, "a control character (0x1b)" },
		{ HEAD "a\n\xff", 5, "not UTF-8" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct template_error error;
		assert_null(template_parse(slice_of(rows[i].source), &error));
		check_text(rows[i].source, slice_of(error.message), slice_of(rows[i].want));
		check_int(rows[i].source, error.line, rows[i].line);
	}
}

static void test_limits_nesting(void **state)
{
	(void)state;
	struct template_error error;
	struct buf source;
	buf_init(&source, OUT_BYTES);
	for (int depth = TEMPLATE_MAX_DEPTH; depth <= TEMPLATE_MAX_DEPTH + 1; depth++) {
		buf_reset(&source);
		buf_puts(&source, HEAD);
		for (int i = 0; i < depth; i++)
			buf_puts(&source, "{{#a}}");
		buf_puts(&source, "x");
		for (int i = 0; i < depth; i++)
			buf_puts(&source, "{{/a}}");
		struct template *t = template_parse(buf_slice(&source), &error);
		check_int("depth", t != NULL, depth == TEMPLATE_MAX_DEPTH);
		template_free(t);
	}
	buf_release(&source);
}

static void test_takes_crlf_files(void **state)
{
	(void)state;
	static const struct given given[] = { { NULL, NULL } };
	struct buf out;
	char missing[64];
	buf_init(&out, OUT_BYTES);
	run("crlf", "subject: s\r\nfollow_up_days: 3\r\n\r\na\r\nb\r\n--- html\r\n<p>\r\n", TEMPLATE_TEXT, given, &out, missing);
	check_text("crlf", buf_slice(&out), slice_of("a\nb\n"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says),
		cmocka_unit_test(test_escapes_html_only),
		cmocka_unit_test(test_refuses_values),
		cmocka_unit_test(test_refuses_templates),
		cmocka_unit_test(test_limits_nesting),
		cmocka_unit_test(test_takes_crlf_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
