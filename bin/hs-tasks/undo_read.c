/* What undo is to do with each effect, and with which objects. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "batch.h"
#include "idmap.h"
#include "readback.h"
#include "undo.h"

/* -- what each asks for -- */

static void leave(struct undo_item *item, const char *reason, bool is_expected)
{
	item->kind = UNDO_NOTHING;
	item->reason = slice_of(reason);
	item->is_expected = is_expected;
}

static void classify_create(struct undo_item *item)
{
	if (item->object == OBJECT_CONTACTS || item->object == OBJECT_COMPANIES)
		leave(item, "contacts and companies are never archived", false);
	else if (item->object == OBJECT_EMAILS && slice_is(json_string(item->input, "hs_email_status", ""), "SENT"))
		leave(item, "the mail was sent", false);
	else
		item->kind = UNDO_CREATE;
}

void undo_classify(struct undo *u)
{
	for (size_t i = 0; i < u->count; i++) {
		struct undo_item *item = &u->items[i];
		if (item->is_create)
			classify_create(item);
		else if (strcmp(item->name, "archive") == 0)
			leave(item, "what was archived can only be restored in HubSpot itself", false);
		else if (strcmp(item->name, "status") != 0)
			item->kind = UNDO_PROPERTIES;
		else if (u->reopens)
			item->kind = UNDO_STATUS;
		else
			leave(item, "a status is left alone without --reopen", true);
	}
}

/* -- creates whose answer was lost -- */

struct lookup {
	struct undo *u;
	struct undo_item *items[BATCH_ROWS];
	struct effect effects[BATCH_ROWS];
	size_t count;
};

static void take_found(struct undo *u, struct undo_item *item, struct slice id)
{
	if (id.len > 0)
		item->object_id = arena_copy(&u->arena, id);
	else if (hubspot_event(u->tool.api, item->key, clock_real_ms() - item->sent_ms < u->portal.readback_ms))
		leave(item, "its answer was lost, and it may still be made: try again in some minutes", false);
	else
		leave(item, "it was never made", true);
}

static void on_keys_read(struct batch *batch, void *arg)
{
	struct lookup *lookup = arg;
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		if (row->outcome == ROW_OK)
			take_found(lookup->u, row->arg, json_string(row->result, "id", ""));
		else if (row->outcome == ROW_MISSING)
			take_found(lookup->u, row->arg, (struct slice){ "", 0 });
		else
			leave(row->arg, "it could not be looked for", false);
	}
}

static void on_read_back(const struct slice *found, bool ok, void *arg)
{
	struct lookup *lookup = arg;
	for (size_t i = 0; i < lookup->count; i++)
		if (ok)
			take_found(lookup->u, lookup->items[i], found[i]);
		else
			leave(lookup->items[i], "it could not be looked for", false);
}

static void look_up(struct lookup *lookup, enum hubspot_object object)
{
	struct undo *u = lookup->u;
	struct effect *effects[BATCH_ROWS];
	if (lookup->count == 0)
		return;
	if (u->portal.has_unique_key[object]) {
		struct batch *batch = batch_new(u->tool.api, object, BATCH_READ);
		batch->id_property = "leadpipe_key";
		batch->properties = slice_of("[\"leadpipe_key\"]");
		for (size_t i = 0; i < lookup->count; i++)
			batch_add(batch, lookup->items[i]->key, (struct slice){ NULL, 0 }, lookup->items[i]);
		batch_send(batch, on_keys_read, lookup);
	} else {
		for (size_t i = 0; i < lookup->count; i++) {
			const struct undo_item *item = lookup->items[i];
			effects[i] = &lookup->effects[i];
			*effects[i] = (struct effect){ .name = item->name, .object = object, .contact = item->contact, .company = item->company };
			snprintf(effects[i]->key, sizeof effects[i]->key, "%.*s", (int)item->key.len, item->key.ptr);
		}
		readback(u->tool.api, effects, lookup->count, on_read_back, lookup);
	}
	hubspot_drain(u->tool.api);
	lookup->count = 0;
}

void undo_find_lost(struct undo *u)
{
	struct lookup *lookup = must(calloc(1, sizeof *lookup));
	lookup->u = u;
	for (int i = 0; i < OBJECT_COUNT; i++) {
		for (size_t k = 0; k < u->count; k++) {
			struct undo_item *item = &u->items[k];
			if (item->kind != UNDO_CREATE || item->object_id.len > 0 || item->key.len == 0 || item->object != (enum hubspot_object)i)
				continue;
			lookup->items[lookup->count++] = item;
			if (lookup->count == BATCH_ROWS)
				look_up(lookup, item->object);
		}
		look_up(lookup, (enum hubspot_object)i);
	}
	free(lookup);
}

/* -- objects -- */

static int newest_first(const void *a, const void *b)
{
	const struct undo_item *x = *(struct undo_item *const *)a, *y = *(struct undo_item *const *)b;
	return x->id < y->id ? 1 : x->id > y->id ? -1 : 0;
}

void undo_group(struct undo *u)
{
	struct idmap places[OBJECT_COUNT] = { { 0 } };
	struct undo_item **sorted = must(calloc(u->count + 1, sizeof(struct undo_item *))),
			 ***ends = must(calloc(u->count + 1, sizeof(struct undo_item **)));
	u->objects = must(calloc(u->count + 1, sizeof *u->objects));
	for (size_t i = 0; i < u->count; i++)
		sorted[i] = &u->items[i];
	qsort(sorted, u->count, sizeof *sorted, newest_first);
	for (size_t i = 0; i < u->count; i++) {
		struct undo_item *item = sorted[i];
		if (item->kind != UNDO_NOTHING && item->object_id.len == 0)
			leave(item, "the journal does not say which object it is", false);
		if (item->kind == UNDO_NOTHING)
			continue;
		size_t at = idmap_add(&places[item->object], item->object_id, u->object_count);
		struct undo_object *object = &u->objects[at];
		if (at == u->object_count) {
			*object = (struct undo_object){ .object = item->object, .id = item->object_id };
			ends[at] = &object->newest;
			u->object_count++;
		}
		*ends[at] = item;
		ends[at] = &item->older;
		object->count++;
	}
	for (int i = 0; i < OBJECT_COUNT; i++)
		idmap_release(&places[i]);
	free(sorted);
	free(ends);
}
