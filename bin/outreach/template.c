#include "template.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "control.h"

enum { MAX_DAYS = 365, MAX_STEP = 99 };

enum op_kind { OP_LITERAL, OP_VARIABLE, OP_SECTION, OP_INVERTED, OP_PART_END };

struct op {
	enum op_kind kind;
	bool has_default;
	struct slice text; /* the literal, or the default */
	size_t variable;
	size_t jump; /* of a section: the op behind its end */
};

struct variable {
	struct slice name;
	unsigned line;
};

struct template
{
	struct buf text; /* the file, CRLF made LF; all slices point into it */
	struct op *ops;
	size_t op_count, op_cap;
	struct variable variables[TEMPLATE_MAX_VARIABLES];
	size_t variable_count;
	size_t start[TEMPLATE_PARTS];
	bool has[TEMPLATE_PARTS];
	unsigned follow_up_days, step;
};

/* One part's parse: the text is text[at, end), and `open` are the sections not closed yet. */
struct parser {
	struct template *t;
	struct template_error *error;
	const char *at, *end, *part_start;
	size_t open[TEMPLATE_MAX_DEPTH];
	unsigned open_line[TEMPLATE_MAX_DEPTH];
	size_t depth;
};

static unsigned line_of(const struct template *t, const char *place)
{
	unsigned line = 1;
	for (const char *at = t->text.ptr; at < place; at++)
		line += *at == '\n';
	return line;
}

static bool fail(struct template_error *error, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool fail(struct template_error *error, unsigned line, const char *format, ...)
{
	va_list args;
	error->line = line;
	va_start(args, format);
	vsnprintf(error->message, sizeof error->message, format, args);
	va_end(args);
	return false;
}

static bool fail_at(struct parser *p, const char *place, const char *message, struct slice name)
{
	return fail(
		p->error, line_of(p->t, place), "%s%s%.*s%s", message, name.len > 0 ? " \"" : "", (int)name.len, name.ptr, name.len > 0 ? "\"" : "");
}

static struct op *add_op(struct template *t, enum op_kind kind)
{
	if (t->op_count == t->op_cap) {
		size_t cap = t->op_cap == 0 ? 64 : 2 * t->op_cap;
		struct op *ops = realloc(t->ops, cap * sizeof *ops);
		if (ops == NULL)
			return NULL;
		t->ops = ops;
		t->op_cap = cap;
	}
	struct op *op = &t->ops[t->op_count++];
	*op = (struct op){ .kind = kind, .text = SLICE("") };
	return op;
}

static bool add_literal(struct parser *p, const char *from, const char *to)
{
	if (from >= to)
		return true;
	struct op *op = add_op(p->t, OP_LITERAL);
	if (op == NULL)
		return fail(p->error, 0, "out of memory");
	op->text = (struct slice){ from, (size_t)(to - from) };
	return true;
}

static bool number_variable(struct parser *p, struct slice name, const char *place, size_t *number)
{
	struct template *t = p->t;
	if (name.len == 0)
		return fail_at(p, place, "a tag without a name", name);
	for (*number = 0; *number < t->variable_count; ++*number)
		if (slice_equal(t->variables[*number].name, name))
			return true;
	if (t->variable_count == TEMPLATE_MAX_VARIABLES)
		return fail(p->error, line_of(t, place), "more than %d variables", TEMPLATE_MAX_VARIABLES);
	t->variables[t->variable_count++] = (struct variable){ name, line_of(t, place) };
	return true;
}

static bool add_variable(struct parser *p, struct slice inside, const char *place)
{
	struct slice rest = inside, name;
	size_t number;
	if (!slice_split(&rest, '|', &name))
		name = inside;
	bool has_default = name.len < inside.len;
	if (!number_variable(p, slice_trim(name), place, &number))
		return false;
	struct op *op = add_op(p->t, OP_VARIABLE);
	if (op == NULL)
		return fail(p->error, 0, "out of memory");
	op->variable = number;
	op->has_default = has_default;
	if (has_default)
		op->text = (struct slice){ inside.ptr + name.len + 1, inside.len - name.len - 1 };
	return true;
}

static bool open_section(struct parser *p, enum op_kind kind, struct slice name, const char *place)
{
	size_t number;
	if (p->depth == TEMPLATE_MAX_DEPTH)
		return fail_at(p, place, "sections are nested too deep", name);
	if (!number_variable(p, name, place, &number))
		return false;
	struct op *op = add_op(p->t, kind);
	if (op == NULL)
		return fail(p->error, 0, "out of memory");
	op->variable = number;
	p->open_line[p->depth] = line_of(p->t, place);
	p->open[p->depth++] = p->t->op_count - 1;
	return true;
}

static bool close_section(struct parser *p, struct slice name, const char *place)
{
	if (p->depth == 0)
		return fail_at(p, place, "nothing is open that this could close:", name);
	struct op *section = &p->t->ops[p->open[p->depth - 1]];
	struct slice opened = p->t->variables[section->variable].name;
	if (!slice_equal(opened, name))
		return fail(p->error, line_of(p->t, place), "\"%.*s\" closes, but \"%.*s\" of line %u is open", (int)name.len, name.ptr,
			(int)opened.len, opened.ptr, p->open_line[p->depth - 1]);
	section->jump = p->t->op_count;
	p->depth--;
	return true;
}

static bool is_blank(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	return from == to;
}

/* A section's or comment's tag that stands alone takes its whole line with it, as in mustache(5): mails would fill with empty lines. */
static bool is_alone(const struct parser *p, const char *tag, const char *behind, const char **line_start, const char **line_end)
{
	const char *start = tag, *end = behind;
	while (start > p->part_start && start[-1] != '\n')
		start--;
	while (end < p->end && *end != '\n')
		end++;
	if (!is_blank(start, tag) || !is_blank(behind, end))
		return false;
	*line_start = start;
	*line_end = end < p->end ? end + 1 : end;
	return true;
}

static bool run_tag(struct parser *p, struct slice inside, const char *tag)
{
	struct slice name = slice_trim((struct slice){ inside.ptr + 1, inside.len - 1 });
	switch (inside.ptr[0]) {
	case '#': return open_section(p, OP_SECTION, name, tag);
	case '^': return open_section(p, OP_INVERTED, name, tag);
	case '/': return close_section(p, name, tag);
	case '!': return true;
	case '{':
	case '&': return fail_at(p, tag, "a tag for text without escaping is not offered:", name);
	case '>': return fail_at(p, tag, "a template cannot include another:", name);
	case '=': return fail_at(p, tag, "the braces cannot be changed", name);
	default: return add_variable(p, inside, tag);
	}
}

static bool parse_part(struct parser *p, const char *from, const char *to, enum template_part part)
{
	*p = (struct parser){ .t = p->t, .error = p->error, .at = from, .end = to, .part_start = from };
	p->t->start[part] = p->t->op_count;
	p->t->has[part] = true;
	while (p->at < p->end) {
		const char *tag = memmem(p->at, (size_t)(p->end - p->at), "{{", 2);
		if (tag == NULL) {
			if (!add_literal(p, p->at, p->end))
				return false;
			break;
		}
		const char *close = memmem(tag + 2, (size_t)(p->end - tag - 2), "}}", 2);
		if (close == NULL)
			return fail_at(p, tag, "a tag without its }}", (struct slice)SLICE(""));
		struct slice inside = slice_trim((struct slice){ tag + 2, (size_t)(close - tag - 2) });
		if (inside.len == 0)
			return fail_at(p, tag, "an empty tag", inside);
		const char *cut = tag, *behind = close + 2;
		if (strchr("#^/!", inside.ptr[0]) != NULL)
			is_alone(p, tag, behind, &cut, &behind);
		if (!add_literal(p, p->at, cut) || !run_tag(p, inside, tag))
			return false;
		p->at = behind;
	}
	if (p->depth > 0) {
		struct slice name = p->t->variables[p->t->ops[p->open[p->depth - 1]].variable].name;
		return fail(p->error, p->open_line[p->depth - 1], "section \"%.*s\" is not closed", (int)name.len, name.ptr);
	}
	if (add_op(p->t, OP_PART_END) == NULL)
		return fail(p->error, 0, "out of memory");
	return true;
}

static bool take_number(struct parser *p, struct slice value, const char *place, unsigned min, unsigned max, unsigned *number)
{
	uint64_t n;
	if (!slice_to_u64(value, &n) || n < min || n > max)
		return fail(p->error, line_of(p->t, place), "\"%.*s\" is not a whole number from %u to %u", (int)value.len, value.ptr, min, max);
	*number = (unsigned)n;
	return true;
}

/* "name: value" lines up to the first empty one; "#" starts a remark. */
static bool parse_front(struct parser *p, const char **body)
{
	struct slice rest = buf_slice(&p->t->text), line, name;
	bool has_days = false;
	while (slice_split(&rest, '\n', &line) && slice_trim(line).len > 0) {
		const char *place = line.ptr;
		if (line.ptr[0] == '#')
			continue;
		struct slice value = line;
		slice_split(&value, ':', &name);
		if (name.len == line.len)
			return fail_at(p, place, "a line \"name: value\" is wanted here, not", line);
		value = slice_trim((struct slice){ line.ptr + name.len + 1, line.len - name.len - 1 });
		if (slice_is(name, "subject")) {
			if (value.len == 0 || p->t->has[TEMPLATE_SUBJECT])
				return fail_at(p, place, value.len == 0 ? "an empty subject" : "a second subject", (struct slice)SLICE(""));
			if (!parse_part(p, value.ptr, value.ptr + value.len, TEMPLATE_SUBJECT))
				return false;
		} else if (slice_is(name, "follow_up_days")) {
			has_days = true;
			if (!take_number(p, value, place, 0, MAX_DAYS, &p->t->follow_up_days))
				return false;
		} else if (slice_is(name, "step")) {
			if (!take_number(p, value, place, 1, MAX_STEP, &p->t->step))
				return false;
		} else {
			return fail_at(p, place, "known are subject, follow_up_days and step, not", name);
		}
	}
	if (!p->t->has[TEMPLATE_SUBJECT] || !has_days)
		return fail(p->error, 1, "no \"%s:\" line before the first empty line", has_days ? "subject" : "follow_up_days");
	*body = rest.ptr == NULL ? p->t->text.ptr + p->t->text.len : rest.ptr;
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
		return fail(error, 1, t->text.failed ? "larger than %d bytes, or out of memory" : "an empty file", TEMPLATE_MAX_BYTES);
	struct slice copy = buf_slice(&t->text);
	size_t good = slice_utf8_prefix(copy);
	if (good < copy.len)
		return fail(error, line_of(t, copy.ptr + good), "not UTF-8");
	size_t clean = control_find_in_body(copy);
	return clean == copy.len ||
		fail(error, line_of(t, copy.ptr + clean), "a control character (0x%02x)", (unsigned)(unsigned char)copy.ptr[clean]);
}

struct template *template_parse(struct slice text, struct template_error *error)
{
	struct template *t = calloc(1, sizeof *t);
	struct parser p = { .t = t, .error = error };
	const char *body = NULL, *html;
	*error = (struct template_error){ 0 };
	if (t == NULL) {
		fail(error, 0, "out of memory");
		return NULL;
	}
	t->step = 1;
	bool ok = copy_text(t, text, error) && parse_front(&p, &body);
	if (ok) {
		const char *end = t->text.ptr + t->text.len, *mark = find_html(body, end, &html);
		if (slice_trim((struct slice){ body, (size_t)(mark - body) }).len == 0)
			ok = fail(error, line_of(t, body), "no text part");
		ok = ok && parse_part(&p, body, mark, TEMPLATE_TEXT);
		if (ok && mark < end)
			ok = parse_part(&p, html, end, TEMPLATE_HTML);
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
