/* Creates: sent once; where the answer is lost, looked for before they are sent again. */
#include <string.h>

#include "base/cli.h"
#include "perform_chunk.h"
#include "readback.h"
#include "record/write.h"

static void on_found(const struct slice *found, bool ok, void *arg)
{
	struct chunk *c = arg;
	struct perform *p = c->p;
	struct chunk *again = NULL;
	int result = perform_begin(p);
	for (size_t i = 0; i < c->count; i++) {
		struct target *t = &c->targets[i];
		if (ok && found[i].len > 0 && result == 0) {
			result = perform_enter_end(p, t->first, JOURNAL_EFFECT_DONE, found[i], (struct slice){ "", 0 });
			t->first->object_id = arena_copy(&p->arena, found[i]);
			chunk_end_target(c, t, ROW_OK, (struct slice){ "", 0 });
		} else if (ok && result == 0) {
			again = again == NULL ? chunk_new(p, c->object, false) : again;
			chunk_add(again, t->id, t->first);
		} else {
			chunk_end_target(c, t, ROW_UNKNOWN, slice_of("HubSpot's answer was lost, and it could not be found out whether it was made"));
		}
	}
	perform_commit(p, result);
	if (again != NULL)
		chunk_create(again);
	chunk_done(c);
}

static void look(void *arg)
{
	struct chunk *c = arg;
	struct effect *effects[BATCH_ROWS];
	if (hubspot_trouble(c->p->context.api)->status != 0) {
		for (size_t i = 0; i < c->count; i++)
			chunk_end_target(c, &c->targets[i], ROW_UNKNOWN, slice_of("HubSpot's answer was lost; the next run will find out"));
		chunk_done(c);
		return;
	}
	for (size_t i = 0; i < c->count; i++)
		effects[i] = c->targets[i].first;
	readback(c->p->context.api, effects, c->count, on_found, c);
}

/* Once no request sent then can take effect any more. */
void chunk_look(struct chunk *c)
{
	int64_t sent_ms = 0;
	for (size_t i = 0; i < c->count; i++)
		sent_ms = c->targets[i].first->sent_ms > sent_ms ? c->targets[i].first->sent_ms : sent_ms;
	int64_t wait_ms = sent_ms + c->p->context.portal->readback_ms - clock_real_ms();
	if (hubspot_is_replay(c->p->context.api))
		wait_ms = 0;
	if (wait_ms > c->p->context.portal->readback_ms) /* the clock was set back meanwhile */
		wait_ms = c->p->context.portal->readback_ms;
	hubspot_at(c->p->context.api, clock_steady_us() + (wait_ms > 0 ? wait_ms : 0) * 1000, look, c);
}

/* HubSpot names the one that is there: "Existing ID: 123". */
static struct slice existing_id(struct slice message)
{
	const char *at = slice_find_nocase(message, slice_of("existing id: "));
	struct slice id = { "", 0 };
	if (at == NULL)
		return id;
	id.ptr = at + strlen("existing id: ");
	while (id.ptr + id.len < message.ptr + message.len && id.ptr[id.len] >= '0' && id.ptr[id.len] <= '9')
		id.len++;
	return id;
}

static int take_created(struct chunk *c, struct target *t, const struct batch_row *row, struct chunk **unknown)
{
	struct perform *p = c->p;
	struct effect *e = t->first;
	bool is_ours = row->outcome == ROW_CONFLICT && c->is_repeatable && !e->is_repeatable; /* the key is there: we made it */
	int result = 0;
	if (row->outcome == ROW_OK || is_ours) {
		struct slice id = row->outcome == ROW_OK ? json_string(row->result, "id", "") : existing_id(row->message);
		e->object_id = arena_copy(&p->arena, id);
		result = perform_enter_end(
			p, e, JOURNAL_EFFECT_DONE, id, perform_values(p, e, json_get(row->result, "properties"), perform_properties(p, e)));
		chunk_end_target(c, t, ROW_OK, (struct slice){ "", 0 });
		return result;
	}
	if (row->outcome == ROW_UNKNOWN && !c->is_repeatable) {
		result = perform_enter_end(p, e, JOURNAL_UNKNOWN, (struct slice){ "", 0 }, (struct slice){ "", 0 });
		*unknown = *unknown == NULL ? chunk_new(p, c->object, false) : *unknown;
		chunk_add(*unknown, t->id, e);
		return result;
	}
	if (row->outcome == ROW_UNKNOWN || row->outcome == ROW_FAILED || row->outcome == ROW_BROKEN)
		result = perform_enter_end(p, e, JOURNAL_UNKNOWN, (struct slice){ "", 0 }, (struct slice){ "", 0 });
	else
		result = perform_enter_end(p, e, JOURNAL_REFUSED, (struct slice){ "", 0 }, (struct slice){ "", 0 });
	chunk_end_target(c, t, row->outcome, row->message);
	return result;
}

static void on_created(struct batch *batch, void *arg)
{
	struct chunk *c = arg, *unknown = NULL;
	int result = perform_begin(c->p);
	for (size_t i = 0; i < batch->count; i++) {
		int step = take_created(c, batch->rows[i].arg, &batch->rows[i], &unknown);
		result = result == 0 ? step : result;
	}
	perform_commit(c->p, result);
	if (unknown != NULL)
		chunk_look(unknown);
	chunk_done(c);
}

static void put_create(struct buf *out, const struct effect *e, const struct json *input)
{
	struct jsonw w;
	const struct json *associations = json_get(input, "associations");
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_text(&w, "objectWriteTraceId", e->key);
	jsonw_put_raw(&w, "properties", json_get(input, "properties")->raw);
	jsonw_put_raw(&w, "associations", associations == NULL ? slice_of("[]") : associations->raw);
	jsonw_object_end(&w);
}

void chunk_create(struct chunk *c)
{
	struct perform *p = c->p;
	struct batch *batch = batch_new(p->context.api, c->object, BATCH_CREATE);
	struct buf input;
	batch->is_repeatable = c->is_repeatable;
	buf_init(&input, PERFORM_INPUT_BYTES);
	perform_enter_sending(c);
	for (size_t i = 0; i < c->count; i++) {
		struct effect *e = c->targets[i].first;
		buf_reset(&input);
		put_create(&input, e, perform_parse(p, e->input));
		batch_add(batch, slice_of(e->key), buf_slice(&input), &c->targets[i]);
	}
	buf_release(&input);
	batch_send(batch, on_created, c);
}
