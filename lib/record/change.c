/* lib/record/change.c - changes to a record: noted when they are asked for, spliced in when it is written; and the error member. */
#include "record/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/line.h"
#include "record/write.h"

enum { ERROR_TREE_BYTES = 1 << 20 };

static struct slice pending_name(const struct record *r, const struct change *c)
{
	return (struct slice){ r->pending.ptr + c->name_at, c->name_len };
}

static struct slice pending_json(const struct record *r, const struct change *c)
{
	return (struct slice){ r->pending.ptr + c->json_at, c->json_len };
}

static struct change *find_change(const struct record *r, struct slice name)
{
	for (size_t i = 0; i < r->change_count; i++)
		if (slice_equal(pending_name(r, &r->changes[i]), name))
			return &r->changes[i];
	return NULL;
}

/* The change to that member, a new one where there is none. */
static struct change *note_change(struct record *r, struct slice name)
{
	enum { FEWEST = 8 };
	struct change *c = find_change(r, name);
	if (c != NULL)
		return c;
	if (r->change_count == r->change_cap) {
		size_t cap = r->change_cap == 0 ? FEWEST : 2 * r->change_cap;
		struct change *changes = realloc(r->changes, cap * sizeof *changes);
		if (changes == NULL) {
			r->failed = true;
			return NULL;
		}
		r->changes = changes;
		r->change_cap = cap;
	}
	c = &r->changes[r->change_count];
	*c = (struct change){ .name_at = r->pending.len, .name_len = name.len };
	buf_put_slice(&r->pending, name);
	if (r->pending.failed) {
		r->failed = true;
		return NULL;
	}
	r->change_count++;
	return c;
}

void record_put(struct record *r, const char *member, struct slice json)
{
	struct change *c = note_change(r, slice_of(member));
	if (c == NULL)
		return;
	c->is_removal = false;
	c->json_at = r->pending.len;
	c->json_len = json.len;
	buf_put_slice(&r->pending, json);
	r->failed |= r->pending.failed;
}

void record_remove(struct record *r, const char *member)
{
	struct change *c = note_change(r, slice_of(member));
	if (c != NULL)
		c->is_removal = true;
}

static struct change *change_of(const struct record *r, uint32_t name_entry)
{
	struct slice name = line_name(r, name_entry);
	for (size_t i = 0; i < r->change_count; i++)
		if (line_name_is(r, name, pending_name(r, &r->changes[i])))
			return &r->changes[i];
	return NULL;
}

static void put_range(const struct record *r, size_t from, size_t to, struct buf *out)
{
	buf_put(out, r->text + from, to - from);
}

/* The members with their replacements, without those that are taken out: what stands between two members goes with the second one, but the first
 * that is left takes what stood before the first of all. Gives where the text continues, and whether a member is left. */
static size_t write_members(const struct record *r, struct buf *out, bool *has_member)
{
	uint32_t end = r->jump[r->root], next;
	size_t brace = r->at[r->root], first_name = r->at[r->root + 1], behind = brace + 1;
	put_range(r, r->start, brace + 1, out);
	*has_member = false;
	for (uint32_t entry = r->root + 1; entry < end; entry = line_skip_comma(next)) {
		struct value value = line_value(r, entry + 3, &next);
		size_t name = r->at[entry], value_at = (size_t)(value.raw.ptr - r->text), value_end = value_at + value.raw.len;
		struct change *c = change_of(r, entry);
		if (c == NULL || !c->is_removal) {
			if (*has_member)
				put_range(r, behind, name, out);
			else
				put_range(r, brace + 1, first_name, out);
			*has_member = true;
			if (c != NULL && c->last == entry) {
				put_range(r, name, value_at, out);
				buf_put_slice(out, pending_json(r, c));
			} else {
				put_range(r, name, value_end, out);
			}
		}
		behind = value_end;
	}
	return behind;
}

/* Notes the last occurrence of each changed member; gives whether there is any. */
static bool find_members(const struct record *r)
{
	uint32_t end = r->jump[r->root], next;
	bool found = false;
	for (size_t i = 0; i < r->change_count; i++)
		r->changes[i].last = 0;
	for (uint32_t entry = r->root + 1; entry < end; entry = line_skip_comma(next)) {
		struct change *c = change_of(r, entry);
		if (c != NULL) {
			c->last = entry;
			found = true;
		}
		line_value(r, entry + 3, &next);
	}
	return found;
}

void record_write(const struct record *r, struct buf *out)
{
	if (!r->has_object || r->change_count == 0) {
		buf_put_slice(out, record_line(r));
		return;
	}
	uint32_t end = r->jump[r->root];
	size_t close = r->at[end], behind = r->start;
	bool has_member = end > r->root + 1;
	if (find_members(r))
		behind = write_members(r, out, &has_member);
	put_range(r, behind, close, out);
	for (size_t i = 0; i < r->change_count; i++) {
		const struct change *c = &r->changes[i];
		if (c->is_removal || c->last != 0)
			continue;
		if (has_member)
			buf_putc(out, ',');
		has_member = true;
		json_quote(out, pending_name(r, c));
		buf_putc(out, ':');
		buf_put_slice(out, pending_json(r, c));
	}
	put_range(r, close, r->end, out);
}

/* -- errors -- */

/* Whether an object is an error: string members "tool" and "code". */
static bool is_error(const struct record *r, struct value object, struct slice *code)
{
	struct value tool, v;
	if (!record_member(r, object, slice_of("tool"), &tool) || tool.type != JSON_STRING)
		return false;
	if (!record_member(r, object, slice_of("code"), &v) || v.type != JSON_STRING)
		return false;
	*code = (struct slice){ v.raw.ptr + 1, v.raw.len - 2 };
	return true;
}

/* The same of a change that was noted, whose text has no index. */
static bool is_pending_error(struct slice json, struct slice *code)
{
	struct arena arena;
	struct json_error error;
	bool is = false;
	arena_init(&arena, ERROR_TREE_BYTES);
	const struct json *object = json_parse(&arena, json, &error), *tool = json_get(object, "tool"), *v = json_get(object, "code");
	if (tool != NULL && v != NULL && tool->type == JSON_STRING && v->type == JSON_STRING) {
		*code = (struct slice){ v->raw.ptr + 1, v->raw.len - 2 };
		is = true;
	}
	arena_release(&arena);
	return is;
}

bool record_has_error(const struct record *r, struct slice *code)
{
	struct slice ignored;
	struct value member;
	if (code == NULL)
		code = &ignored;
	if (!r->has_object)
		return false;
	const struct change *c = r->change_count == 0 ? NULL : find_change(r, slice_of("error"));
	if (c != NULL)
		return !c->is_removal && is_pending_error(pending_json(r, c), code);
	if (r->line_error != ERROR_NOT_KNOWN) {
		*code = r->line_error_code;
		return r->line_error == ERROR_PRESENT;
	}
	return record_member(r, record_root(r), slice_of("error"), &member) && is_error(r, member, code);
}

void record_put_error(struct record *r, const char *tool, const char *code, bool retryable, const char *format, ...)
{
	enum { MESSAGE_BYTES = 4096 };
	char message[MESSAGE_BYTES];
	struct buf json;
	struct jsonw w;
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	buf_init(&json, 8 * (size_t)MESSAGE_BYTES);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	jsonw_put_text(&w, "tool", tool);
	jsonw_put_text(&w, "code", code);
	jsonw_put_text(&w, "message", message);
	jsonw_put_bool(&w, "retryable", retryable);
	jsonw_object_end(&w);
	if (json.failed)
		r->failed = true;
	else
		record_put(r, "error", buf_slice(&json));
	buf_release(&json);
}

int record_code_status(struct slice code)
{
	static const struct {
		const char *code;
		int status;
	} codes[] = { { "bad_config", 2 }, { "service_down", 69 }, { "io_failed", 74 }, { "try_later", 75 }, { "not_allowed", 77 } };
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (slice_is(code, codes[i].code))
			return codes[i].status;
	return 0;
}
