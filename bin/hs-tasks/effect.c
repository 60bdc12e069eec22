#include "effect.h"

#include <stdio.h>

void effect_make_key(struct effect *e, const char *portal_id, struct slice subject, struct slice generation)
{
	char number[24];
	snprintf(number, sizeof number, "%lld", (long long)e->ordinal);
	const struct slice parts[] = { slice_of(portal_id), subject, generation, slice_of(e->name), slice_of(number) };
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], e->key);
}

int effect_enter(struct effect *e, struct journal *journal, int64_t work)
{
	struct journal_effect row = {
		.work = work,
		.name = e->name,
		.ordinal = e->ordinal,
		.key = slice_of(e->key),
		.is_create = e->is_create,
		.object = hubspot_object_name(e->object),
		.object_id = e->object_id,
		.input = e->input,
		.is_shared = e->is_shared,
	};
	int result = journal_add_effect(journal, &row);
	e->id = row.id;
	e->state = row.state;
	e->sent_ms = row.sent_ms;
	e->is_resumed = row.state == JOURNAL_SENT || row.state == JOURNAL_UNKNOWN;
	e->is_others = row.is_others;
	return result;
}

bool effect_from_row(struct effect *e, const struct journal_effect *row)
{
	*e = (struct effect){
		.name = row->name,
		.ordinal = row->ordinal,
		.is_create = row->is_create,
		.object_id = row->object_id,
		.input = row->input,
		.id = row->id,
		.state = row->state,
		.sent_ms = row->sent_ms,
		.before = row->before,
		.is_resumed = row->state == JOURNAL_SENT || row->state == JOURNAL_UNKNOWN,
	};
	snprintf(e->key, sizeof e->key, "%.*s", (int)row->key.len, row->key.ptr);
	return hubspot_object_find(slice_of(row->object), &e->object);
}

void effect_put_marker(struct buf *out, const struct effect *e)
{
	buf_printf(out, "[leadpipe %.*s]", EFFECT_MARKER_KEY_BYTES, e->key);
}
