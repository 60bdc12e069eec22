/* bin/outreach/template_tags.c - the tags of one part, made into a program. */
#include "template_program.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* One part's parse: the text is text[at, end), and `open` are the sections not closed yet. */
struct parser {
	struct template *t;
	struct template_error *error;
	const char *at, *end, *part_start;
	size_t open[TEMPLATE_MAX_DEPTH];
	unsigned open_line[TEMPLATE_MAX_DEPTH];
	size_t depth;
};

unsigned template_line(const struct template *t, const char *place)
{
	unsigned line = 1;
	for (const char *at = t->text.ptr; at < place; at++)
		line += *at == '\n';
	return line;
}

bool template_fail(struct template_error *error, unsigned line, const char *format, ...)
{
	va_list args;
	error->line = line;
	va_start(args, format);
	vsnprintf(error->message, sizeof error->message, format, args);
	va_end(args);
	return false;
}

bool template_fail_at(const struct template *t, struct template_error *error, const char *place, const char *message, struct slice name)
{
	return template_fail(
		error, template_line(t, place), "%s%s%.*s%s", message, name.len > 0 ? " \"" : "", (int)name.len, name.ptr, name.len > 0 ? "\"" : "");
}

static bool fail_at(const struct parser *p, const char *place, const char *message, struct slice name)
{
	return template_fail_at(p->t, p->error, place, message, name);
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
		return template_fail(p->error, 0, "out of memory");
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
		return template_fail(p->error, template_line(t, place), "more than %d variables", TEMPLATE_MAX_VARIABLES);
	t->variables[t->variable_count++] = (struct variable){ name, template_line(t, place) };
	return true;
}

static bool add_variable(struct parser *p, struct slice inside, const char *place)
{
	struct slice rest = inside, name = inside;
	size_t number = 0;
	if (!slice_split(&rest, '|', &name))
		name = inside;
	bool has_default = name.len < inside.len;
	if (!number_variable(p, slice_trim(name), place, &number))
		return false;
	struct op *op = add_op(p->t, OP_VARIABLE);
	if (op == NULL)
		return template_fail(p->error, 0, "out of memory");
	op->variable = number;
	op->has_default = has_default;
	if (has_default)
		op->text = (struct slice){ inside.ptr + name.len + 1, inside.len - name.len - 1 };
	return true;
}

static bool open_section(struct parser *p, enum op_kind kind, struct slice name, const char *place)
{
	size_t number = 0;
	if (p->depth == TEMPLATE_MAX_DEPTH)
		return fail_at(p, place, "sections are nested too deep", name);
	if (!number_variable(p, name, place, &number))
		return false;
	struct op *op = add_op(p->t, kind);
	if (op == NULL)
		return template_fail(p->error, 0, "out of memory");
	op->variable = number;
	p->open_line[p->depth] = template_line(p->t, place);
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
		return template_fail(p->error, template_line(p->t, place), "\"%.*s\" closes, but \"%.*s\" of line %u is open", (int)name.len,
			name.ptr, (int)opened.len, opened.ptr, p->open_line[p->depth - 1]);
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

bool template_parse_part(struct template *t, struct slice text, enum template_part part, struct template_error *error)
{
	struct parser parser = { .t = t, .error = error, .at = text.ptr, .end = text.ptr + text.len, .part_start = text.ptr }, *p = &parser;
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
		return template_fail(p->error, p->open_line[p->depth - 1], "section \"%.*s\" is not closed", (int)name.len, name.ptr);
	}
	if (add_op(p->t, OP_PART_END) == NULL)
		return template_fail(p->error, 0, "out of memory");
	return true;
}
