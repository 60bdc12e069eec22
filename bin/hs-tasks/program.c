#include "program.h"

#include <stdio.h>
#include <stdlib.h>

#include "record/expr.h"

enum { MAX_PROGRAM_BYTES = 4 << 20, MAX_PIECES = 2048, PLACE_BYTES = 160 };

/* An expression of the file, to find the one that jq refuses. */
struct piece {
	char place[PLACE_BYTES];
	unsigned line;
	struct slice source;
};

struct program {
	const struct workflow *w;
	struct expr *expr;
	struct buf input;
};

struct builder {
	const struct workflow *w;
	struct buf text;
	struct piece *pieces;
	size_t piece_count;
	const char *template_fault; /* NULL: none */
	struct piece fault_at;
};

/* Whatever may fail stands in brackets: jq 1.6 lets an earlier try, ? or // catch the errors of what follows it, until its outputs are collected. */
static const char prelude[] =
	"def text: if . == null then \"\" elif type == \"string\" then . else tostring end;\n"
	"def html: text | @html;\n"
	"def get($name): if type == \"object\" then .[$name] else null end;\n"
	"def object: if type == \"object\" then . else {} end;\n"
	"def or_else($other): if . == null or . == \"\" then $other else . end;\n"
	".now as $now | .route as $route | .record | . as $record\n"
	"| (.task | get(\"properties\") | object) as $task\n"
	"| (.contact | if get(\"properties\") == null then . else .properties end | object) as $contact\n"
	"| (.company | if get(\"properties\") == null then . else .properties end | object) as $company\n"
	"| (.enrichment | get(\"facts\") | object) as $facts\n"
	"| ([$contact.firstname, $contact.lastname] | map(text | select(. != \"\")) | join(\" \") | or_else($contact.email | text)\n"
	"   | or_else($record.contact | get(\"id\") | if . == null then \"unknown\" else \"contact \" + text end)) as $name\n"
	"| ($company.name | text | or_else($contact.company | text)) as $company_name\n";

static void put_prelude(struct buf *out, const struct workflow *w)
{
	buf_puts(out, prelude);
	buf_puts(out, "| (");
	buf_put_slice(out, w->settings);
	buf_puts(out, ") as $settings\n| ");
}

/* -- expressions and templates -- */

static void note_piece(struct builder *b, const char *place, unsigned line, struct slice source)
{
	if (b->piece_count == MAX_PIECES)
		return;
	struct piece *piece = &b->pieces[b->piece_count++];
	snprintf(piece->place, sizeof piece->place, "%s", place);
	piece->line = line;
	piece->source = source;
}

/* One output whatever the expression does; an error names its place. The line end keeps a comment in it from reaching further. */
static void put_expr(struct builder *b, const char *place, unsigned line, struct slice source)
{
	note_piece(b, place, line, source);
	buf_puts(&b->text, "([try (");
	buf_put_slice(&b->text, source);
	buf_puts(&b->text, "\n) catch error(");
	json_quote(&b->text, slice_of(place));
	buf_puts(&b->text, " + \": \" + (if type == \"string\" then . else tojson end))] | .[0])");
}

/* The length of the expression up to its closing brace; -1: none. */
static ptrdiff_t expression_length(struct slice text)
{
	unsigned depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{') {
			depth++;
		} else if (c == '}' && depth-- == 0) {
			return (ptrdiff_t)i;
		}
	}
	return -1;
}

static void fault(struct builder *b, const char *place, unsigned line, const char *what)
{
	if (b->template_fault != NULL)
		return;
	b->template_fault = what;
	snprintf(b->fault_at.place, sizeof b->fault_at.place, "%s", place);
	b->fault_at.line = line;
}

static void put_template(struct builder *b, const char *place, unsigned line, struct slice text, bool is_html)
{
	struct buf literal;
	buf_init(&literal, MAX_PROGRAM_BYTES);
	buf_puts(&b->text, "(\"\"");
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if ((c == '{' || c == '}') && i + 1 < text.len && text.ptr[i + 1] == c) {
			buf_putc(&literal, c);
			i++;
			continue;
		}
		if (c == '}')
			fault(b, place, line, "a single \"}\": write \"}}\"");
		if (c != '{') {
			buf_putc(&literal, c);
			continue;
		}
		struct slice rest = { text.ptr + i + 1, text.len - i - 1 };
		ptrdiff_t len = expression_length(rest);
		if (len < 0) {
			fault(b, place, line, "\"{\" without \"}\"");
			break;
		}
		buf_puts(&b->text, " + ");
		json_quote(&b->text, buf_slice(&literal));
		buf_reset(&literal);
		buf_puts(&b->text, " + (");
		put_expr(b, place, line, (struct slice){ rest.ptr, (size_t)len });
		buf_puts(&b->text, is_html ? " | html)" : " | text)");
		i += (size_t)len + 1;
	}
	buf_puts(&b->text, " + ");
	json_quote(&b->text, buf_slice(&literal));
	buf_putc(&b->text, ')');
	buf_release(&literal);
}

/* A text, or lines that are joined by <br>. */
static void put_html(struct builder *b, const char *place, const struct json *value)
{
	if (value->type == JSON_STRING) {
		put_template(b, place, value->line, value->string, true);
		return;
	}
	buf_puts(&b->text, "([");
	for (const struct json *line = value->child; line != NULL; line = line->next) {
		put_template(b, place, line->line, line->string, true);
		if (line->next != NULL)
			buf_putc(&b->text, ',');
	}
	buf_puts(&b->text, "] | map(select(. != \"\")) | join(\"<br>\"))");
}

/* -- routes -- */

static void put_name(struct buf *out, struct slice name)
{
	json_quote(out, name);
	buf_putc(out, ':');
}

/* properties: the variable with what the object has now; NULL: what is to be filled is decided later. */
static void put_mapping(struct builder *b, const char *at, const char *member, const char *properties, const struct json *mapping)
{
	char place[PLACE_BYTES];
	bool first = true;
	put_name(&b->text, slice_of(member));
	buf_putc(&b->text, '{');
	for (const struct json *item = mapping == NULL ? NULL : mapping->child; item != NULL; item = item->next) {
		if (slice_is(item->name, "comment"))
			continue;
		struct slice source = item->type == JSON_STRING ? item->string : json_string(item, "value", "null");
		bool is_fill = properties != NULL && slice_is(json_string(item, "write", "overwrite"), "fill");
		snprintf(place, sizeof place, "%s.%s.%.*s", at, member, (int)item->name.len, item->name.ptr);
		if (!first)
			buf_puts(&b->text, ",\n");
		first = false;
		put_name(&b->text, item->name);
		if (is_fill) {
			buf_printf(&b->text, "(if (%s[", properties);
			json_quote(&b->text, item->name);
			buf_puts(&b->text, "] | text) != \"\" then null else ");
		}
		put_expr(b, place, item->line, source);
		if (is_fill)
			buf_puts(&b->text, " end)");
	}
	buf_puts(&b->text, "},\n");
}

static void join_place(char place[PLACE_BYTES], const char *at, const char *member)
{
	size_t used = strlen(at) < PLACE_BYTES / 2 ? strlen(at) : PLACE_BYTES / 2;
	memcpy(place, at, used);
	snprintf(place + used, PLACE_BYTES - used, ".%s", member == NULL ? "" : member);
}

static void put_optional_template(struct builder *b, const char *at, const struct json *object, const char *member, const char *fallback)
{
	char place[PLACE_BYTES];
	const struct json *value = json_get(object, member);
	put_name(&b->text, slice_of(member));
	join_place(place, at, member);
	if (value == NULL)
		buf_puts(&b->text, fallback);
	else if (strcmp(member, "body") == 0)
		put_html(b, place, value);
	else
		put_template(b, place, value->line, value->string, false);
}

static void put_follow_up(struct builder *b, const char *at, const struct json *item, unsigned ordinal)
{
	char place[PLACE_BYTES];
	const struct json *when = json_get(item, "when");
	buf_puts(&b->text, "(if ");
	snprintf(place, sizeof place, "%s.when", at);
	if (when == NULL)
		buf_puts(&b->text, "true");
	else
		put_expr(b, place, when->line, when->string);
	buf_printf(&b->text, " then {\"ordinal\":%u,", ordinal);
	put_optional_template(b, at, item, "subject", "null");
	buf_putc(&b->text, ',');
	put_optional_template(b, at, item, "due", "null");
	buf_putc(&b->text, ',');
	put_optional_template(b, at, item, "priority", "\"MEDIUM\"");
	buf_putc(&b->text, ',');
	put_optional_template(b, at, item, "type", "\"TODO\"");
	buf_putc(&b->text, ',');
	put_optional_template(b, at, item, "body", "null");
	buf_puts(&b->text, ",\"owner\":");
	json_quote(&b->text, json_string(item, "owner", ""));
	buf_puts(&b->text, "} else empty end)");
}

static void put_follow_ups(struct builder *b, const char *at, const struct json *list)
{
	char place[PLACE_BYTES];
	unsigned n = 0, ordinal = 0;
	buf_puts(&b->text, "\"follow_ups\":[");
	for (const struct json *item = list == NULL ? NULL : list->child; item != NULL; item = item->next, n++) {
		const struct json *first = json_get(item, "first");
		if (n > 0)
			buf_puts(&b->text, ",\n");
		if (first == NULL) {
			snprintf(place, sizeof place, "%s.follow_ups[%u]", at, n);
			put_follow_up(b, place, item, ordinal++);
			continue;
		}
		unsigned m = 0;
		buf_puts(&b->text, "([");
		for (const struct json *one = first->child; one != NULL; one = one->next, m++) {
			snprintf(place, sizeof place, "%s.follow_ups[%u].first[%u]", at, n, m);
			put_follow_up(b, place, one, ordinal++);
			buf_puts(&b->text, ",\n");
		}
		buf_puts(&b->text, "empty] | .[0:1][])");
	}
	buf_puts(&b->text, "]}");
}

static void put_park(struct builder *b, const char *at, const struct json *rules)
{
	char place[PLACE_BYTES];
	unsigned n = 0;
	buf_puts(&b->text, "\"park\":([");
	for (const struct json *rule = rules == NULL ? NULL : rules->child; rule != NULL; rule = rule->next, n++) {
		const struct json *when = json_get(rule, "when"), *reason = json_get(rule, "reason");
		buf_puts(&b->text, "(if ");
		snprintf(place, sizeof place, "%s.park[%u].when", at, n);
		put_expr(b, place, when->line, when->string);
		buf_puts(&b->text, " then ");
		snprintf(place, sizeof place, "%s.park[%u].reason", at, n);
		put_template(b, place, reason->line, reason->string, false);
		buf_puts(&b->text, " else empty end),\n");
	}
	buf_puts(&b->text, "null] | .[0]),\n");
}

static void put_route(struct builder *b, const struct route *route)
{
	char at[PLACE_BYTES / 2], place[PLACE_BYTES];
	const struct json *json = route->json, *done = json_get(json, "done"), *note = json_get(json, "note"), *email = json_get(json, "email");
	snprintf(at, sizeof at, "routes.%.*s", (int)(route->name.len < 40 ? route->name.len : 40), route->name.ptr);
	if (route->is_upsert)
		snprintf(at, sizeof at, "upsert");
	buf_puts(&b->text, "if $route == ");
	json_quote(&b->text, route->name);
	buf_puts(&b->text, " then\nif (");
	snprintf(place, sizeof place, "%s.done", at);
	if (route->is_upsert) {
		buf_puts(&b->text, "true");
	} else if (done != NULL) {
		put_expr(b, place, done->line, done->string);
	} else {
		buf_puts(&b->text, "get(");
		json_quote(&b->text, route->result);
		buf_puts(&b->text, route->makes_mail ? ") | get(\"state\") == \"sent\"" : ") != null");
	}
	buf_puts(&b->text, ") then {\"done\":true,\n");
	put_park(b, at, json_get(json, "park"));
	put_mapping(b, at, "contact", route->is_upsert ? NULL : "$contact", json_get(json, "contact"));
	put_mapping(b, at, "company", "$company", json_get(json, "company"));
	buf_puts(&b->text, "\"note\":");
	snprintf(place, sizeof place, "%s.note", at);
	if (note == NULL)
		buf_puts(&b->text, "null");
	else
		put_html(b, place, note);
	buf_puts(&b->text, ",\n");
	if (email == NULL)
		buf_puts(&b->text, "\"email\":null,\n");
	else
		put_mapping(b, at, "email", "{}", email);
	put_follow_ups(b, at, json_get(json, "follow_ups"));
	buf_puts(&b->text, " else {\"done\":false} end\nel");
}

/* -- compiling -- */

/* Which expression jq refuses, tried one by one. */
static void find_fault(const struct builder *b, const char *whole, char error[WORKFLOW_ERROR_BYTES])
{
	struct buf text;
	char reason[256];
	buf_init(&text, MAX_PROGRAM_BYTES);
	snprintf(error, WORKFLOW_ERROR_BYTES, "%s: %s", b->w->path, whole);
	for (size_t i = 0; i < b->piece_count; i++) {
		buf_reset(&text);
		put_prelude(&text, b->w);
		buf_putc(&text, '(');
		buf_put_slice(&text, b->pieces[i].source);
		buf_puts(&text, "\n)");
		struct expr *expr = expr_new(buf_text(&text), (struct slice){ NULL, 0 }, reason, sizeof reason);
		if (expr == NULL) {
			snprintf(error, WORKFLOW_ERROR_BYTES, "%s:%u: %s: %s", b->w->path, b->pieces[i].line, b->pieces[i].place, reason);
			break;
		}
		expr_free(expr);
	}
	buf_release(&text);
}

static struct program *compile(struct builder *b, char error[WORKFLOW_ERROR_BYTES])
{
	char reason[WORKFLOW_ERROR_BYTES / 2];
	struct program *p = calloc(1, sizeof *p);
	if (p == NULL || b->text.failed) {
		snprintf(error, WORKFLOW_ERROR_BYTES, "%s: out of memory", b->w->path);
		free(p);
		return NULL;
	}
	p->w = b->w;
	buf_init(&p->input, 64 << 20);
	if (b->template_fault != NULL) {
		snprintf(error, WORKFLOW_ERROR_BYTES, "%s:%u: %s: %s", b->w->path, b->fault_at.line, b->fault_at.place, b->template_fault);
	} else if ((p->expr = expr_new(buf_text(&b->text), (struct slice){ NULL, 0 }, reason, sizeof reason)) != NULL) {
		return p;
	} else {
		find_fault(b, reason, error);
	}
	free(p);
	return NULL;
}

static bool builder_init(struct builder *b, const struct workflow *w, char error[WORKFLOW_ERROR_BYTES])
{
	*b = (struct builder){ .w = w, .pieces = calloc(MAX_PIECES, sizeof *b->pieces) };
	buf_init(&b->text, MAX_PROGRAM_BYTES);
	if (b->pieces == NULL)
		snprintf(error, WORKFLOW_ERROR_BYTES, "out of memory");
	return b->pieces != NULL;
}

static void builder_release(struct builder *b)
{
	free(b->pieces);
	buf_release(&b->text);
}

struct program *program_new(const struct workflow *w, char error[WORKFLOW_ERROR_BYTES])
{
	struct builder b;
	if (!builder_init(&b, w, error))
		return NULL;
	put_prelude(&b.text, w);
	for (size_t i = 0; i < w->route_count; i++)
		put_route(&b, &w->routes[i]);
	if (w->upsert.json != NULL)
		put_route(&b, &w->upsert);
	buf_puts(&b.text, w->route_count == 0 && w->upsert.json == NULL ? "{\"done\":false}" : "se {\"done\":false} end");
	struct program *p = compile(&b, error);
	builder_release(&b);
	return p;
}

struct program *program_new_template(const struct workflow *w, const char *text, bool is_html, char error[WORKFLOW_ERROR_BYTES])
{
	struct builder b;
	if (!builder_init(&b, w, error))
		return NULL;
	put_prelude(&b.text, w);
	put_template(&b, "template", 1, slice_of(text), is_html);
	struct program *p = compile(&b, error);
	builder_release(&b);
	return p;
}

void program_free(struct program *p)
{
	if (p == NULL)
		return;
	expr_free(p->expr);
	buf_release(&p->input);
	free(p);
}

bool program_run(struct program *p, const struct route *route, const char *now, struct slice record, struct buf *out)
{
	buf_reset(&p->input);
	buf_puts(&p->input, "{\"now\":");
	json_quote(&p->input, slice_of(now));
	buf_puts(&p->input, ",\"route\":");
	json_quote(&p->input, route == NULL ? slice_of("") : route->name);
	buf_puts(&p->input, ",\"record\":");
	buf_put_slice(&p->input, record);
	buf_putc(&p->input, '}');
	if (p->input.failed) {
		buf_puts(out, "out of memory");
		return false;
	}
	enum expr_result result = expr_eval(p->expr, buf_slice(&p->input), out);
	if (result == EXPR_EMPTY)
		buf_puts(out, "the workflow gives nothing");
	return result == EXPR_VALUE;
}
