#include "template.h"

#include <stdlib.h>

#include "control.h"
#include "template_program.h"

enum { MAX_DAYS = 365, MAX_STEP = 99 };

static bool take_number(
	struct template *t, struct template_error *error, struct slice value, const char *place, unsigned min, unsigned max, unsigned *number)
{
	uint64_t n;
	if (!slice_to_u64(value, &n) || n < min || n > max)
		return template_fail(
			error, template_line(t, place), "\"%.*s\" is not a whole number from %u to %u", (int)value.len, value.ptr, min, max);
	*number = (unsigned)n;
	return true;
}

/* "name: value" lines up to the first empty one; "#" starts a remark. */
static bool parse_front(struct template *t, struct template_error *error, const char **body)
{
	struct slice rest = buf_slice(&t->text), line, name;
	bool has_days = false;
	while (slice_split(&rest, '\n', &line) && slice_trim(line).len > 0) {
		const char *place = line.ptr;
		if (line.ptr[0] == '#')
			continue;
		struct slice value = line;
		slice_split(&value, ':', &name);
		if (name.len == line.len)
			return template_fail_at(t, error, place, "a line \"name: value\" is wanted here, not", line);
		value = slice_trim((struct slice){ line.ptr + name.len + 1, line.len - name.len - 1 });
		if (slice_is(name, "subject")) {
			if (value.len == 0 || t->has[TEMPLATE_SUBJECT])
				return template_fail_at(
					t, error, place, value.len == 0 ? "an empty subject" : "a second subject", (struct slice)SLICE(""));
			if (!template_parse_part(t, value, TEMPLATE_SUBJECT, error))
				return false;
		} else if (slice_is(name, "follow_up_days")) {
			has_days = true;
			if (!take_number(t, error, value, place, 0, MAX_DAYS, &t->follow_up_days))
				return false;
		} else if (slice_is(name, "step")) {
			if (!take_number(t, error, value, place, 1, MAX_STEP, &t->step))
				return false;
		} else {
			return template_fail_at(t, error, place, "known are subject, follow_up_days and step, not", name);
		}
	}
	if (!t->has[TEMPLATE_SUBJECT] || !has_days)
		return template_fail(error, 1, "no \"%s:\" line before the first empty line", has_days ? "subject" : "follow_up_days");
	*body = rest.ptr == NULL ? t->text.ptr + t->text.len : rest.ptr;
	return true;
}

/* The line "--- html"; `end` where there is none. */
static const char *find_html(const char *from, const char *end, const char **behind)
{
	static const struct slice mark = SLICE("--- html");
	for (const char *line = from; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		struct slice text = { line, (size_t)((stop == NULL ? end : stop) - line) };
		*behind = stop == NULL ? end : stop + 1;
		if (text.len >= mark.len && memcmp(text.ptr, mark.ptr, mark.len) == 0 && slice_trim(text).len == mark.len)
			return line;
		line = *behind;
	}
	*behind = end;
	return end;
}

static bool copy_text(struct template *t, struct slice text, struct template_error *error)
{
	buf_init(&t->text, TEMPLATE_MAX_BYTES);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != '\r' || i + 1 == text.len || text.ptr[i + 1] != '\n')
			buf_putc(&t->text, text.ptr[i]);
	if (t->text.failed || t->text.len == 0)
		return template_fail(error, 1, t->text.failed ? "larger than %d bytes, or out of memory" : "an empty file", TEMPLATE_MAX_BYTES);
	struct slice copy = buf_slice(&t->text);
	size_t good = slice_utf8_prefix(copy);
	if (good < copy.len)
		return template_fail(error, template_line(t, copy.ptr + good), "not UTF-8");
	size_t clean = control_find_in_body(copy);
	return clean == copy.len ||
		template_fail(error, template_line(t, copy.ptr + clean), "a control character (0x%02x)", (unsigned)(unsigned char)copy.ptr[clean]);
}

struct template *template_parse(struct slice text, struct template_error *error)
{
	struct template *t = calloc(1, sizeof *t);
	const char *body = "", *html;
	*error = (struct template_error){ 0 };
	if (t == NULL) {
		template_fail(error, 0, "out of memory");
		return NULL;
	}
	t->step = 1;
	bool ok = copy_text(t, text, error) && parse_front(t, error, &body);
	if (ok) {
		const char *end = t->text.ptr + t->text.len, *mark = find_html(body, end, &html);
		if (slice_trim((struct slice){ body, (size_t)(mark - body) }).len == 0)
			ok = template_fail(error, template_line(t, body), "no text part");
		ok = ok && template_parse_part(t, (struct slice){ body, (size_t)(mark - body) }, TEMPLATE_TEXT, error);
		if (ok && mark < end)
			ok = template_parse_part(t, (struct slice){ html, (size_t)(end - html) }, TEMPLATE_HTML, error);
	}
	if (ok)
		return t;
	template_free(t);
	return NULL;
}

void template_free(struct template *t)
{
	if (t == NULL)
		return;
	buf_release(&t->text);
	free(t->ops);
	free(t);
}

unsigned template_follow_up_days(const struct template *t)
{
	return t->follow_up_days;
}

unsigned template_step(const struct template *t)
{
	return t->step;
}

size_t template_variable_count(const struct template *t)
{
	return t->variable_count;
}

struct slice template_variable(const struct template *t, size_t i)
{
	return t->variables[i].name;
}

unsigned template_variable_line(const struct template *t, size_t i)
{
	return t->variables[i].line;
}

bool template_has(const struct template *t, enum template_part part)
{
	return t->has[part];
}

/* -- running -- */

static void put_html(struct buf *out, char c)
{
	switch (c) {
	case '&': buf_puts(out, "&amp;"); break;
	case '<': buf_puts(out, "&lt;"); break;
	case '>': buf_puts(out, "&gt;"); break;
	case '"': buf_puts(out, "&quot;"); break;
	case '\'': buf_puts(out, "&#39;"); break;
	default: buf_putc(out, c); break;
	}
}

/* A CRM's longer texts have lines: LF, CRLF and TAB are text in a body. A subject is one line. */
static bool put_value(struct buf *out, struct slice value, enum template_part part)
{
	size_t start = out->len;
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '\r' && i + 1 < value.len && value.ptr[i + 1] == '\n' && part != TEMPLATE_SUBJECT)
			continue;
		if (part == TEMPLATE_HTML)
			put_html(out, value.ptr[i]);
		else
			buf_putc(out, value.ptr[i]);
	}
	struct slice done = { buf_text(out) + start, out->len - start };
	return (part == TEMPLATE_SUBJECT ? control_find(done) : control_find_in_body(done)) == done.len;
}

/* HubSpot sends booleans as text. */
static bool is_true(struct slice value)
{
	return value.len > 0 && !slice_is(value, "false");
}

static void end_part(struct buf *out, size_t start)
{
	while (out->len > start && strchr(" \t\n", out->ptr[out->len - 1]) != NULL)
		out->len--;
	buf_putc(out, '\n');
}

enum template_result template_run(const struct template *t, enum template_part part, const struct slice *values, struct buf *out, size_t *variable)
{
	size_t start = out->len;
	for (size_t i = t->start[part];; i++) {
		const struct op *op = &t->ops[i];
		switch (op->kind) {
		case OP_LITERAL: buf_put_slice(out, op->text); break;
		case OP_VARIABLE:
			*variable = op->variable;
			if (values[op->variable].len == 0 && !op->has_default)
				return TEMPLATE_MISSING;
			if (!put_value(out, values[op->variable].len > 0 ? values[op->variable] : op->text, part))
				return TEMPLATE_CONTROL;
			break;
		case OP_SECTION:
		case OP_INVERTED:
			if (is_true(values[op->variable]) != (op->kind == OP_SECTION))
				i = op->jump - 1;
			break;
		case OP_PART_END:
			if (part != TEMPLATE_SUBJECT)
				end_part(out, start);
			return TEMPLATE_OK;
		}
	}
}
