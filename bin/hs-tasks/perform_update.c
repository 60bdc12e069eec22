/* Updates: read the values that are there, merge what several effects write to one object, write it. */
#include "base/cli.h"
#include "idmap.h"
#include "perform_chunk.h"
#include "record/write.h"

enum { MAX_VALUES = 256 };

/* HubSpot's property values are strings; null and missing are the same as "". */
static struct slice value_of(const struct json *properties, struct slice name)
{
	return json_text(json_get_slice(properties, name));
}

static bool is_named(const struct json *list, struct slice name)
{
	for (const struct json *item = list == NULL ? NULL : list->child; item != NULL; item = item->next)
		if (slice_equal(json_text(item), name))
			return true;
	return false;
}

/* Whether a value is to be written over what is there now. What is to fill leaves a value alone; what was sent before and then changed by somebody is theirs. */
static bool is_wanted(
	const struct effect *e, const struct json *value, const struct json *fill, const struct json *before, const struct json *current)
{
	if (current == NULL)
		return true;
	struct slice now = value_of(current, value->name);
	if (slice_equal(now, json_text(value)))
		return !e->is_resumed;
	if (now.len > 0 && is_named(fill, value->name))
		return false;
	return !e->is_resumed || before == NULL || slice_equal(now, value_of(before, value->name));
}

/* The later effect wins. The number of values. */
static size_t merge(struct chunk *c, const struct target *t, const struct json *values[MAX_VALUES])
{
	size_t count = 0;
	for (const struct effect *e = t->first; e != NULL; e = e->peer) {
		const struct json *input = perform_parse(c->p, e->input), *list = json_get(input, "properties"), *fill = json_get(input, "fill"),
				  *before = e->is_resumed ? perform_parse(c->p, e->before) : NULL;
		for (const struct json *value = list == NULL ? NULL : list->child; value != NULL; value = value->next) {
			size_t at = 0;
			if (!is_wanted(e, value, fill, before, t->current))
				continue;
			while (at < count && !slice_equal(values[at]->name, value->name))
				at++;
			if (at == MAX_VALUES)
				continue;
			values[at] = value;
			count += at == count;
		}
	}
	return count;
}

static void put_update(struct buf *input, struct slice id, const struct json *const *values, size_t count)
{
	struct jsonw w;
	jsonw_init(&w, input);
	jsonw_object(&w);
	jsonw_put_string(&w, "id", id);
	jsonw_put_string(&w, "objectWriteTraceId", id);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	for (size_t i = 0; i < count; i++) {
		jsonw_name_slice(&w, values[i]->name);
		jsonw_string(&w, json_text(values[i]));
	}
	jsonw_object_end(&w);
	jsonw_object_end(&w);
}

static void on_updated(struct batch *batch, void *arg)
{
	struct chunk *c = arg;
	struct perform *p = c->p;
	int result = perform_begin(p);
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct target *t = row->arg;
		const struct json *written = json_get(row->result, "properties");
		for (struct effect *e = t->first; e != NULL && result == 0; e = e->peer)
			if (row->outcome == ROW_OK)
				result = perform_enter_end(p, e, JOURNAL_EFFECT_DONE, t->id, perform_values(p, e, written, perform_properties(p, e)));
			else if (row->outcome == ROW_REFUSED || row->outcome == ROW_MISSING || row->outcome == ROW_CONFLICT)
				result = perform_enter_end(p, e, JOURNAL_REFUSED, t->id, (struct slice){ "", 0 });
		chunk_end_target(c, t, row->outcome, row->message);
	}
	perform_commit(p, result);
	chunk_done(c);
}

static void write_chunk(struct chunk *c)
{
	struct perform *p = c->p;
	const struct json *values[MAX_VALUES];
	struct batch *batch = batch_new(p->context.api, c->object, BATCH_UPDATE);
	struct buf input;
	buf_init(&input, PERFORM_INPUT_BYTES);
	int result = perform_begin(p);
	for (size_t i = 0; i < c->count; i++) {
		struct target *t = &c->targets[i];
		size_t count = t->is_ended ? 0 : merge(c, t, values);
		if (t->is_ended)
			continue;
		if (count == 0) { /* all is there already, or another's by now */
			for (struct effect *e = t->first; e != NULL && result == 0; e = e->peer)
				result = perform_enter_end(p, e, JOURNAL_EFFECT_DONE, t->id, perform_values(p, e, t->current, NULL));
			chunk_end_target(c, t, ROW_OK, (struct slice){ "", 0 });
			continue;
		}
		buf_reset(&input);
		put_update(&input, t->id, values, count);
		batch_add(batch, t->id, buf_slice(&input), t);
	}
	if (input.failed || p->arena.failed)
		must(NULL);
	buf_release(&input);
	perform_commit(p, result);
	/* Where the journal cannot be written the client is out of service by now, and the batch ends without having been sent. */
	if (batch->count > 0)
		perform_enter_sending(c);
	batch_send(batch, on_updated, c);
}

static void on_current(struct batch *batch, void *arg)
{
	struct chunk *c = arg;
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct target *t = row->arg;
		struct slice text = row->outcome == ROW_OK ? arena_copy(&c->p->arena, row->result->raw) : (struct slice){ "", 0 };
		if (row->outcome == ROW_OK)
			t->current = json_get(perform_parse(c->p, text), "properties");
		else
			chunk_end_target(c, t, row->outcome, arena_copy(&c->p->arena, row->message));
	}
	write_chunk(c);
}

/* Every property that some effect of the chunk writes. */
static struct slice names_of(struct chunk *c)
{
	struct buf text;
	struct idmap seen = { 0 };
	buf_init(&text, PERFORM_INPUT_BYTES);
	buf_putc(&text, '[');
	for (size_t i = 0; i < c->count; i++)
		for (const struct effect *e = c->targets[i].first; e != NULL; e = e->peer) {
			const struct json *list = perform_properties(c->p, e);
			for (const struct json *value = list == NULL ? NULL : list->child; value != NULL; value = value->next) {
				size_t before = seen.count;
				idmap_add(&seen, value->name, 1);
				if (seen.count == before)
					continue;
				if (before > 0)
					buf_putc(&text, ',');
				json_quote(&text, value->name);
			}
		}
	buf_putc(&text, ']');
	idmap_release(&seen);
	struct slice copy = arena_copy(&c->p->arena, buf_slice(&text));
	buf_release(&text);
	return copy;
}

void chunk_update(struct chunk *c)
{
	bool needs_read = false;
	for (size_t i = 0; i < c->count; i++)
		for (const struct effect *e = c->targets[i].first; e != NULL; e = e->peer)
			needs_read = needs_read || e->before.len == 0 || e->is_resumed;
	if (c->p->context.journal == NULL || !needs_read) {
		write_chunk(c);
		return;
	}
	struct batch *batch = batch_new(c->p->context.api, c->object, BATCH_READ);
	batch->properties = names_of(c);
	batch->op = "crm.before";
	for (size_t i = 0; i < c->count; i++)
		batch_add(batch, c->targets[i].id, (struct slice){ 0 }, &c->targets[i]);
	batch_send(batch, on_current, c);
}
