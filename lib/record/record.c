#include "record/record.h"

#include <stdarg.h>
#include <stdlib.h>

#include "record/line.h"

enum { CHANGES_MAX_BYTES = 4 << 20 };

struct record *record_new(void)
{
	struct record *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	buf_init(&r->pending, CHANGES_MAX_BYTES);
	buf_init(&r->own_text, UINT32_MAX - 1);
	return r;
}

void record_free(struct record *r)
{
	if (r == NULL)
		return;
	if (r->own_scan != NULL)
		scan_release(r->own_scan);
	free(r->own_scan);
	buf_release(&r->own_text);
	buf_release(&r->pending);
	free(r->own_at);
	free(r->changes);
	free(r->jump);
	free(r);
}

bool record_parse(struct record *r, struct slice line, struct json_error *error)
{
	enum line_result result = line_parse_own(r, line, error);
	if (result == LINE_BLANK)
		*error = (struct json_error){ 1, (unsigned)line.len + 1, line.len, "unexpected end" };
	return result == LINE_RECORD;
}

static bool copy_changes(struct record *copy, const struct record *r)
{
	if (r->change_count == 0)
		return true;
	copy->changes = calloc(r->change_count, sizeof *copy->changes);
	if (copy->changes == NULL)
		return false;
	memcpy(copy->changes, r->changes, r->change_count * sizeof *copy->changes);
	copy->change_count = copy->change_cap = r->change_count;
	buf_put_slice(&copy->pending, buf_slice(&r->pending));
	return !copy->pending.failed;
}

struct record *record_copy(const struct record *r)
{
	static const char slack[LINE_SLACK_BYTES];
	struct record *copy = record_new();
	if (copy == NULL)
		return NULL;
	size_t length = r->end - r->start;
	buf_reserve(&copy->own_text, length + 1 + sizeof slack);
	buf_put_slice(&copy->own_text, record_line(r));
	buf_putc(&copy->own_text, '\n');
	buf_put(&copy->own_text, slack, sizeof slack);
	copy->own_at = malloc((r->count + 1) * sizeof *copy->own_at);
	if (r->has_object)
		copy->jump = malloc(r->count * sizeof *copy->jump);
	if (copy->own_text.failed || copy->own_at == NULL || (r->has_object && copy->jump == NULL) || !copy_changes(copy, r)) {
		record_free(copy);
		return NULL;
	}
	for (uint32_t i = 0; i < r->count; i++)
		copy->own_at[i] = r->at[i] - (uint32_t)r->start;
	if (r->has_object) {
		/* Only the entries of opening brackets were ever set. */
		for (uint32_t i = r->root; i < r->count; i++)
			copy->jump[i] = line_byte(r, i) == '{' || line_byte(r, i) == '[' ? r->jump[i] : 0;
		copy->jump_cap = r->count;
	}
	copy->text = copy->own_text.ptr;
	copy->at = copy->own_at;
	copy->count = r->count;
	copy->root = r->root;
	copy->end = length;
	copy->has_object = r->has_object;
	copy->has_escape = r->has_escape;
	copy->failed = r->failed;
	return copy;
}

size_t record_bytes(const struct record *r)
{
	return sizeof *r + (r->end - r->start) + r->count * (sizeof *r->at + sizeof *r->jump) + r->pending.len;
}

struct slice record_line(const struct record *r)
{
	return (struct slice){ r->text == NULL ? "" : r->text + r->start, r->end - r->start };
}

struct value record_root(const struct record *r)
{
	uint32_t next;
	if (!r->has_object)
		return (struct value){ JSON_NULL, { "", 0 }, 0 };
	return line_value(r, r->root, &next);
}

bool record_member(const struct record *r, struct value object, struct slice name, struct value *member)
{
	if (object.type != JSON_OBJECT)
		return false;
	uint32_t end = r->jump[object.at], found = 0, next;
	for (uint32_t entry = object.at + 1; entry < end; entry = line_skip_comma(next)) {
		if (line_name_is(r, line_name(r, entry), name))
			found = entry;
		line_value(r, entry + 3, &next);
	}
	if (found == 0)
		return false;
	*member = line_value(r, found + 3, &next);
	return true;
}

bool record_path(const struct record *r, struct value *value, ...)
{
	struct value at = record_root(r);
	bool found = true;
	va_list names;
	va_start(names, value);
	for (const char *name; found && (name = va_arg(names, const char *)) != NULL;)
		found = record_member(r, at, slice_of(name), &at);
	va_end(names);
	if (found)
		*value = at;
	return found;
}

struct value_iter record_iter(const struct record *r, struct value container)
{
	if (container.type != JSON_OBJECT && container.type != JSON_ARRAY)
		return (struct value_iter){ .next = 1 };
	return (struct value_iter){ .name = { "", 0 }, .value = container, .next = container.at + 1, .end = r->jump[container.at] };
}

bool record_iter_next(const struct record *r, struct value_iter *it)
{
	if (it->next >= it->end)
		return false;
	uint32_t entry = it->next;
	if (line_byte(r, it->end) == '}') {
		it->name = line_name(r, entry);
		it->name_has_escape = line_has_escape(r, it->name);
		entry += 3;
	}
	it->value = line_value(r, entry, &it->next);
	it->next = line_skip_comma(it->next);
	return true;
}

static struct slice string_inside(struct value v)
{
	return (struct slice){ v.raw.ptr + 1, v.raw.len - 2 };
}

struct slice value_text(struct value v, struct arena *scratch)
{
	switch (v.type) {
	case JSON_STRING: break;
	case JSON_NUMBER:
	case JSON_TRUE:
	case JSON_FALSE: return v.raw;
	default: return (struct slice){ "", 0 };
	}
	struct slice inside = string_inside(v);
	if (memchr(inside.ptr, '\\', inside.len) == NULL)
		return inside;
	/* Decoded text is shorter than its escapes, so this buffer never grows; 2 more for its NUL and its look ahead. */
	struct buf out = { .ptr = arena_alloc(scratch, inside.len + 2), .cap = inside.len + 2, .max_bytes = inside.len + 1 };
	size_t at;
	if (out.ptr == NULL || !json_unescape(inside, &out, &at))
		return (struct slice){ "", 0 };
	return buf_slice(&out);
}

/* The bytes of a number, or of a string that holds just one. */
static bool number_bytes(struct value v, char decoded[64], struct slice *bytes)
{
	if (v.type == JSON_NUMBER) {
		*bytes = v.raw;
		return true;
	}
	if (v.type != JSON_STRING)
		return false;
	struct slice inside = string_inside(v);
	if (memchr(inside.ptr, '\\', inside.len) != NULL) {
		struct buf out = { .ptr = decoded, .cap = 64, .max_bytes = 0 };
		size_t at;
		if (!json_unescape(inside, &out, &at) || out.failed)
			return false;
		inside = buf_slice(&out);
	}
	*bytes = slice_trim(inside);
	return bytes->len > 0 && (bytes->ptr[0] == '-' || (bytes->ptr[0] >= '0' && bytes->ptr[0] <= '9'));
}

bool value_number(struct value v, double *number)
{
	char decoded[64];
	struct slice bytes;
	return number_bytes(v, decoded, &bytes) && json_number_value(bytes, number);
}

bool value_int(struct value v, int64_t *number)
{
	char decoded[64];
	struct slice bytes;
	if (!number_bytes(v, decoded, &bytes) || !json_is_number(bytes))
		return false;
	struct json as_number = { .type = JSON_NUMBER, .raw = bytes };
	return json_int(&as_number, number);
}
