#include "variables.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SOURCES = 3, PATH_BYTES = 256 };

enum binding_kind { FROM_FIELDS, FROM_FULL_NAME, FROM_OUTSIDE };

struct binding {
	enum binding_kind kind;
	int fields[MAX_SOURCES]; /* -1: none; for a full name the first and the last name */
	size_t offset; /* in struct outside */
};

struct variables {
	struct field_set *fields;
	struct binding *bindings;
	size_t count;
	struct value *values; /* one for each field */
};

static const struct {
	const char *name;
	size_t offset;
} outsides[] = {
	{ "from", offsetof(struct outside, from) },
	{ "from.name", offsetof(struct outside, from_name) },
	{ "from.address", offsetof(struct outside, from_address) },
	{ "signature", offsetof(struct outside, signature) },
	{ "previous.subject", offsetof(struct outside, previous_subject) },
	{ "previous.message_id", offsetof(struct outside, previous_message_id) },
};

/* The contact's own value goes first, as for qualify(1). */
static const struct {
	const char *name;
	enum binding_kind kind;
	const char *sources[MAX_SOURCES];
} derived[] = {
	{ "name", FROM_FULL_NAME, { "contact.firstname", "contact.lastname" } },
	{ "company", FROM_FIELDS, { "company.name", "contact.company", "enrichment.facts.company_name.value" } },
	{ "title", FROM_FIELDS, { "contact.jobtitle", "enrichment.facts.title.value" } },
	{ "industry", FROM_FIELDS, { "contact.industry", "enrichment.facts.industry.value" } },
};

static bool bind_field(struct variables *v, struct binding *b, size_t source, const char *path)
{
	b->fields[source] = field_set_add(v->fields, slice_of(path));
	return b->fields[source] >= 0;
}

/* Whether the name begins with one of the containers that records have. */
static bool is_path(struct slice name)
{
	static const char *const starts[] = { "contact.", "company.", "task.", "qualification.", "enrichment.", "facts." };
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (slice_starts(name, starts[i]) && name.len > strlen(starts[i]))
			return true;
	return false;
}

enum bound { BOUND, UNKNOWN, NO_MEMORY };

static enum bound bind(struct variables *v, struct slice name, struct binding *b)
{
	*b = (struct binding){ .kind = FROM_FIELDS, .fields = { -1, -1, -1 } };
	for (size_t i = 0; i < sizeof outsides / sizeof outsides[0]; i++)
		if (slice_is(name, outsides[i].name)) {
			b->kind = FROM_OUTSIDE;
			b->offset = outsides[i].offset;
			return BOUND;
		}
	for (size_t i = 0; i < sizeof derived / sizeof derived[0]; i++) {
		if (!slice_is(name, derived[i].name))
			continue;
		b->kind = derived[i].kind;
		for (size_t k = 0; k < MAX_SOURCES && derived[i].sources[k] != NULL; k++)
			if (!bind_field(v, b, k, derived[i].sources[k]))
				return NO_MEMORY;
		return BOUND;
	}
	char path[PATH_BYTES];
	if (!is_path(name) || name.len >= sizeof path - 32)
		return UNKNOWN;
	if (slice_starts(name, "facts."))
		snprintf(path, sizeof path, "enrichment.%.*s.value", (int)name.len, name.ptr);
	else
		snprintf(path, sizeof path, "%.*s", (int)name.len, name.ptr);
	return bind_field(v, b, 0, path) ? BOUND : NO_MEMORY;
}

struct variables *variables_bind(const struct template *t, struct template_error *error)
{
	struct variables *v = calloc(1, sizeof *v);
	*error = (struct template_error){ .message = "out of memory" };
	if (v == NULL)
		return NULL;
	v->count = template_variable_count(t);
	v->fields = field_set_new(RECORD_AS_CONTACT);
	v->bindings = calloc(v->count + 1, sizeof *v->bindings);
	enum bound bound = v->fields == NULL || v->bindings == NULL ? NO_MEMORY : BOUND;
	for (size_t i = 0; i < v->count && bound == BOUND; i++) {
		struct slice name = template_variable(t, i);
		bound = bind(v, name, &v->bindings[i]);
		if (bound == UNKNOWN) {
			error->line = template_variable_line(t, i);
			snprintf(error->message, sizeof error->message,
				"unknown variable \"%.*s\"; known are name, company, title, industry, signature, from, from.name, from.address, "
				"previous.subject, and contact. company. task. facts. qualification. enrichment. with a name behind",
				(int)(name.len < 40 ? name.len : 40), name.ptr);
		}
	}
	if (bound == BOUND)
		v->values = calloc(field_set_count(v->fields) + 1, sizeof *v->values);
	if (v->values != NULL)
		return v;
	variables_free(v);
	return NULL;
}

void variables_free(struct variables *v)
{
	if (v == NULL)
		return;
	field_set_free(v->fields);
	free(v->bindings);
	free(v->values);
	free(v);
}

/* Blanks only: a line end or an ESC at an end is an offence that template_run must see. */
static struct slice trim_blanks(struct slice text)
{
	while (text.len > 0 && text.ptr[0] == ' ')
		text = (struct slice){ text.ptr + 1, text.len - 1 };
	while (text.len > 0 && text.ptr[text.len - 1] == ' ')
		text.len--;
	return text;
}

static struct slice field_text(const struct variables *v, int field, struct arena *scratch)
{
	return field < 0 ? (struct slice)SLICE("") : trim_blanks(value_text(v->values[field], scratch));
}

/* By length, not by printf: a NUL in a name must reach the check for control characters. */
static struct slice join(struct slice first, struct slice last, struct arena *scratch)
{
	char *text = arena_alloc(scratch, first.len + 1 + last.len);
	if (text == NULL)
		return (struct slice)SLICE("");
	memcpy(text, first.ptr, first.len);
	text[first.len] = ' ';
	memcpy(text + first.len + 1, last.ptr, last.len);
	return (struct slice){ text, first.len + 1 + last.len };
}

static struct slice text_of(const struct variables *v, const struct binding *b, const struct outside *outside, struct arena *scratch)
{
	if (b->kind == FROM_OUTSIDE)
		return *(const struct slice *)(const void *)((const char *)outside + b->offset);
	struct slice first = field_text(v, b->fields[0], scratch);
	if (b->kind == FROM_FULL_NAME) {
		struct slice last = field_text(v, b->fields[1], scratch);
		if (first.len == 0 || last.len == 0)
			return first.len == 0 ? last : first;
		return join(first, last, scratch);
	}
	for (size_t i = 1; i < MAX_SOURCES && first.len == 0; i++)
		first = field_text(v, b->fields[i], scratch);
	return first;
}

void variables_get(struct variables *v, const struct record *r, const struct outside *outside, struct arena *scratch, struct slice *values)
{
	field_set_get(v->fields, r, v->values);
	for (size_t i = 0; i < v->count; i++)
		values[i] = text_of(v, &v->bindings[i], outside, scratch);
}
