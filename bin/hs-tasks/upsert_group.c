/* A group of upsert: reads its contacts by e-mail address, updates those that are there, makes the others.
 *
 * It goes in rounds: one for most groups, another for whom somebody made or merged meanwhile, and for what has to wait for an item of the same address. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "group.h"
#include "idmap.h"
#include "record/write.h"
#include "upsert_plan.h"

enum { MAX_INPUT_BYTES = 4 << 20, MAX_TRIES = 3 };

static void find(struct group *g);

static const struct json *parse(struct group *g, struct slice text)
{
	struct json_error error;
	return text.len == 0 ? NULL : json_parse(&g->arena, text, &error);
}

static bool is_open(const struct group_item *item)
{
	return item->outcome == ROW_OPEN && !item->has_effect;
}

/* -- what is to be written -- */

/* The bodies of earlier items of the address that have been written. Their number. */
static size_t find_earlier(const struct group *g, const struct group_item *item, struct slice earlier[BATCH_ROWS])
{
	size_t count = 0;
	for (const struct group_item *other = g->items; other < item; other++)
		if (other->was_written && slice_equal(other->subject, item->subject))
			earlier[count++] = other->body;
	return count;
}

/* `others`: another item of the address writes in this round too, so that what stands there may not stand for long. */
static void plan_item(struct group *g, struct group_item *item, struct slice id, const struct json *current, bool others)
{
	struct slice earlier[BATCH_ROWS];
	struct upsert_plan plan;
	char work[24];
	struct effect *e = &item->effect;
	if (!upsert_plan(&plan, &g->arena, item->body, current, earlier, find_earlier(g, item, earlier)))
		must(NULL);
	if (current != NULL && (plan.count == 0 || (plan.stands && !others))) {
		item->outcome = ROW_OK;
		return;
	}
	*e = (struct effect){ .name = current == NULL ? "create" : "contact", .object = OBJECT_CONTACTS, .is_create = current == NULL };
	e->is_repeatable = e->is_create; /* an address is unique */
	e->object_id = arena_copy(&g->arena, id);
	e->input = plan.input;
	if (current != NULL)
		e->before = plan.before;
	/* Of the work too: the same address may come again another day, with other values. */
	snprintf(work, sizeof work, "%lld", (long long)item->work);
	effect_make_key(e, g->context.portal->id, item->subject, slice_of(work));
	item->has_effect = true;
}

/* -- rounds -- */

/* The open items of an address, in order: all at once; one after the other where it is to be made, or where the refusal of one must not be the others'. */
static void plan_address(struct group *g, struct slice email, struct slice id, const struct json *current)
{
	bool is_single = current == NULL;
	size_t count = 0;
	for (size_t i = 0; i < g->count; i++)
		if (is_open(&g->items[i]) && slice_equal(g->items[i].subject, email)) {
			is_single = is_single || g->items[i].is_alone;
			count++;
		}
	for (size_t i = 0; i < g->count; i++) {
		struct group_item *item = &g->items[i];
		if (!is_open(item) || !slice_equal(item->subject, email))
			continue;
		plan_item(g, item, id, current, count > 1 && !is_single);
		if (is_single)
			break;
	}
}

static void end_address(struct group *g, struct slice email, enum row_outcome outcome, struct slice message)
{
	for (size_t i = 0; i < g->count; i++)
		if (is_open(&g->items[i]) && slice_equal(g->items[i].subject, email)) {
			g->items[i].outcome = outcome;
			g->items[i].message = arena_copy(&g->arena, message);
		}
}

static bool has_peer(const struct group *g, const struct group_item *item)
{
	for (size_t i = 0; i < g->count; i++)
		if (&g->items[i] != item && g->items[i].has_effect && slice_equal(g->items[i].subject, item->subject))
			return true;
	return false;
}

/* Whether what became of an item asks for another round. */
static bool tries_again(const struct group *g, struct group_item *item)
{
	const struct effect *e = &item->effect;
	if (item->outcome == ROW_OPEN)
		return true;
	if (!item->has_effect)
		return false;
	if (item->outcome == ROW_REFUSED && !e->is_create && !item->is_alone && has_peer(g, item)) {
		item->is_alone = true;
		return true;
	}
	/* Somebody made the contact, or merged it into another, between our reading and our writing. */
	return (e->is_create ? item->outcome == ROW_CONFLICT : item->outcome == ROW_MISSING) && ++item->tries < MAX_TRIES;
}

static void after_round(struct group *g)
{
	bool again[BATCH_ROWS], any = false;
	for (size_t i = 0; i < g->count; i++) {
		again[i] = tries_again(g, &g->items[i]);
		any = any || again[i];
	}
	for (size_t i = 0; i < g->count; i++) {
		struct group_item *item = &g->items[i];
		item->was_written = item->was_written || (item->has_effect && item->outcome == ROW_OK);
		item->has_effect = false;
		if (!again[i])
			continue;
		item->contact = item->outcome == ROW_CONFLICT ? batch_existing_id(item->message) : (struct slice){ "", 0 };
		item->outcome = ROW_OPEN;
	}
	if (any)
		find(g);
	else
		group_finish(g);
}

static void write_round(struct group *g)
{
	group_enter(g);
	group_perform(g);
}

/* -- reading -- */

struct finding {
	struct group *g;
	unsigned open;
};

static void on_found(struct batch *batch, void *arg)
{
	struct finding *f = arg;
	struct group *g = f->g;
	struct slice none = { "", 0 };
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct slice email = ((const struct group_item *)row->arg)->subject;
		/* Its tree goes with the batch, before the effect does. */
		struct slice text = row->outcome == ROW_OK ? arena_copy(&g->arena, row->result->raw) : none;
		const struct json *contact = parse(g, text);
		if (row->outcome == ROW_OK)
			plan_address(g, email, json_string(contact, "id", ""), json_get(contact, "properties"));
		else if (row->outcome == ROW_MISSING)
			plan_address(g, email, none, NULL);
		else
			end_address(g, email, row->outcome, row->message);
	}
	if (--f->open > 0)
		return;
	free(f);
	write_round(g);
}

/* Every property that an open item may write. */
static struct slice names_of(struct group *g)
{
	struct buf list;
	struct idmap seen = { 0 };
	buf_init(&list, MAX_INPUT_BYTES);
	buf_puts(&list, "[\"email\"");
	for (size_t i = 0; i < g->count; i++) {
		const struct json *properties = is_open(&g->items[i]) ? json_get(parse(g, g->items[i].body), "properties") : NULL;
		for (const struct json *value = properties == NULL ? NULL : properties->child; value != NULL; value = value->next) {
			size_t before = seen.count;
			idmap_add(&seen, value->name, 1);
			if (seen.count == before)
				continue;
			buf_putc(&list, ',');
			json_quote(&list, value->name);
		}
	}
	buf_putc(&list, ']');
	if (list.failed)
		must(NULL);
	struct slice copy = arena_copy(&g->arena, buf_slice(&list));
	idmap_release(&seen);
	buf_release(&list);
	return copy;
}

static struct batch *new_batch(struct group *g, struct slice names, const char *id_property)
{
	struct batch *batch = batch_new(g->context.api, OBJECT_CONTACTS, BATCH_READ);
	batch->properties = names;
	batch->id_property = id_property;
	return batch;
}

/* By the address; by id where a conflict has named it: HubSpot also finds a contact's other addresses, and answers with the first. */
static void find(struct group *g)
{
	struct finding *f = must(malloc(sizeof *f));
	struct slice names = names_of(g);
	struct batch *by_email = new_batch(g, names, "email"), *by_id = new_batch(g, names, NULL);
	struct idmap seen = { 0 }, seen_ids = { 0 };
	for (size_t i = 0; i < g->count; i++) {
		struct group_item *item = &g->items[i];
		if (!is_open(item) || idmap_add(&seen, item->subject, i) != i)
			continue;
		if (item->contact.len == 0)
			batch_add(by_email, item->subject, (struct slice){ "", 0 }, item);
		else if (idmap_add(&seen_ids, item->contact, i) == i)
			batch_add(by_id, item->contact, (struct slice){ "", 0 }, item);
	}
	idmap_release(&seen);
	idmap_release(&seen_ids);
	*f = (struct finding){ g, 2 };
	batch_send(by_email, on_found, f);
	batch_send(by_id, on_found, f);
}

void upsert_start(struct group *g)
{
	g->next = after_round;
	if (!group_enter(g)) {
		g->next = group_finish;
		group_perform(g);
	} else if (g->context.journal != NULL) {
		find(g);
	} else { /* a dry run cannot know who is there */
		g->next = group_finish;
		for (size_t i = 0; i < g->count; i++)
			plan_item(g, &g->items[i], (struct slice){ "", 0 }, NULL, false);
		group_perform(g);
	}
}
