/* bin/outreach/template_program.h - what a template is inside: a flat program. Shared by its parser (template_tags.c) and the rest (template.c). */
#ifndef OUTREACH_TEMPLATE_PROGRAM_H
#define OUTREACH_TEMPLATE_PROGRAM_H
#include "template.h"

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

/* Parses one part's text, a piece of t->text. False with *error set. */
bool template_parse_part(struct template *t, struct slice text, enum template_part part, struct template_error *error);

/* Sets *error; `place` points into t->text, `name` may be empty. Always false. */
bool template_fail(struct template_error *error, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool template_fail_at(const struct template *t, struct template_error *error, const char *place, const char *message, struct slice name);

unsigned template_line(const struct template *t, const char *place);
#endif
