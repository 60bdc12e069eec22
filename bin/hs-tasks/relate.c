#include "relate_parts.h"

#include <stdlib.h>

#include "base/cli.h"
#include "batch.h"
#include "idmap.h"

enum { MAX_GROUP_BYTES = 512 << 20 };

struct relate *relate_new(struct hubspot *api, const struct relate_options *options)
{
	struct relate *r = must(calloc(1, sizeof *r));
	r->api = api;
	r->options = *options;
	r->end = &r->first;
	return r;
}

static void group_free(struct relate_group *g)
{
	arena_release(&g->arena);
	free(g->items);
	free(g);
}

void relate_free(struct relate *r)
{
	if (r == NULL)
		return;
	for (struct relate_group *g; (g = r->first) != NULL; group_free(g))
		r->first = g->next;
	free(r);
}

size_t relate_pending(const struct relate *r)
{
	return r->pending;
}

struct slice relate_keep(struct relate_group *g, struct slice text)
{
	struct slice copy = arena_copy(&g->arena, text);
	if (g->arena.failed)
		must(NULL);
	return copy;
}

static struct slice keep_object(struct relate_group *g, struct slice json)
{
	return json.len == 0 ? (struct slice){ NULL, 0 } : relate_keep(g, json);
}

/* HubSpot keeps and answers e-mail addresses in lower case. */
static struct slice keep_email(struct relate_group *g, struct slice email)
{
	char *copy = must(arena_strdup(&g->arena, email));
	for (size_t i = 0; i < email.len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	return (struct slice){ copy, email.len };
}

/* -- objects -- */

enum read { TASKS_BY_ID, CONTACTS_BY_EMAIL, CONTACTS_BY_ID, COMPANIES_BY_ID };
static const struct {
	enum hubspot_object object;
	const char *id_property, *what;
} reads[] = {
	[TASKS_BY_ID] = { OBJECT_TASKS, NULL, "reading tasks" },
	[CONTACTS_BY_EMAIL] = { OBJECT_CONTACTS, "email", "reading contacts" },
	[CONTACTS_BY_ID] = { OBJECT_CONTACTS, NULL, "reading contacts" },
	[COMPANIES_BY_ID] = { OBJECT_COMPANIES, NULL, "reading companies" },
};

struct object_read {
	struct relate_group *group;
	enum read read;
};

static struct slice properties_of(const struct relate_options *options, enum read read)
{
	switch (reads[read].object) {
	case OBJECT_TASKS: return options->task_properties;
	case OBJECT_CONTACTS: return options->contact_properties;
	default: return options->company_properties;
	}
}

static struct slice *place_of(struct relate_item *item, enum read read)
{
	switch (reads[read].object) {
	case OBJECT_TASKS: return &item->task;
	case OBJECT_CONTACTS: return &item->contact;
	default: return &item->company;
	}
}

/* What the object is asked for by; empty where it is there, or not known. */
static struct slice read_key(struct relate_item *item, enum read read)
{
	static const struct slice none = { "", 0 };
	if (place_of(item, read)->ptr != NULL)
		return none;
	switch (read) {
	case TASKS_BY_ID: return item->task_id;
	case CONTACTS_BY_EMAIL: return item->contact_id.len == 0 ? item->email : none;
	case CONTACTS_BY_ID: return item->contact_id;
	default: return item->company_id;
	}
}

static void on_objects(struct batch *batch, void *arg)
{
	struct object_read *call = arg;
	struct relate_group *g = call->group;
	struct idmap rows = { 0 };
	for (size_t i = 0; i < batch->count; i++) {
		enum row_outcome outcome = batch->rows[i].outcome;
		idmap_add(&rows, batch->rows[i].key, i);
		if (outcome != ROW_OK && outcome != ROW_MISSING) {
			struct hubspot_answer answer = { .outcome = HUBSPOT_FAILED };
			size_t len = batch->rows[i].message.len < sizeof answer.message ? batch->rows[i].message.len : sizeof answer.message - 1;
			memcpy(answer.message, batch->rows[i].message.ptr, len);
			hubspot_give_up(g->relate->api, &answer, reads[call->read].what);
			g->failed = true;
		}
	}
	/* One copy of an object serves all items that have it. */
	struct slice *copies = must(calloc(batch->count + 1, sizeof *copies));
	for (size_t i = 0; i < g->count; i++) {
		struct relate_item *item = &g->items[i];
		struct slice key = read_key(item, call->read);
		size_t at = key.len == 0 ? idmap_none : idmap_get(&rows, key);
		if (at == idmap_none || batch->rows[at].result == NULL)
			continue;
		if (copies[at].ptr == NULL)
			copies[at] = relate_keep(g, batch->rows[at].result->raw);
		*place_of(item, call->read) = copies[at];
		if (call->read == CONTACTS_BY_EMAIL)
			item->contact_id = relate_keep(g, json_string(batch->rows[at].result, "id", ""));
	}
	free(copies);
	idmap_release(&rows);
	free(call);
	relate_step_done(g);
}

static void send_objects(struct relate_group *g, enum read read, struct batch *batch)
{
	struct object_read *call = must(malloc(sizeof *call));
	*call = (struct object_read){ g, read };
	batch->properties = properties_of(&g->relate->options, read);
	batch->id_property = reads[read].id_property;
	g->open++;
	batch_send(batch, on_objects, call);
}

static void read_objects(struct relate_group *g, enum read read)
{
	struct idmap seen = { 0 };
	struct batch *batch = NULL;
	if (properties_of(&g->relate->options, read).len == 0)
		return;
	for (size_t i = 0; i < g->count; i++) {
		struct slice key = read_key(&g->items[i], read);
		if (key.len == 0 || idmap_add(&seen, key, i) != i)
			continue;
		if (batch == NULL)
			batch = batch_new(g->relate->api, reads[read].object, BATCH_READ);
		batch_add(batch, key, (struct slice){ 0 }, NULL);
		if (batch->count == BATCH_ROWS) {
			send_objects(g, read, batch);
			batch = NULL;
		}
	}
	if (batch != NULL)
		send_objects(g, read, batch);
	idmap_release(&seen);
}

/* -- stages -- */

static void hand_out(struct relate *r)
{
	while (r->first != NULL && r->first->finished) {
		struct relate_group *g = r->first;
		r->first = g->next;
		if (r->first == NULL)
			r->end = &r->first;
		r->pending -= g->count;
		r->options.done(g->items, g->count, !g->failed, r->options.arg);
		group_free(g);
	}
}

enum { STAGES = 3 };

/* Starts the next stage that has something to ask, or finishes. */
static void go_on(struct relate_group *g)
{
	while (g->open == 0 && !g->finished) {
		switch (g->failed ? STAGES : g->stage++) {
		case 0:
			read_objects(g, TASKS_BY_ID);
			relate_links(g, LINK_TASK_CONTACT);
			relate_links(g, LINK_TASK_COMPANY);
			read_objects(g, CONTACTS_BY_EMAIL);
			break;
		case 1:
			read_objects(g, CONTACTS_BY_ID);
			relate_links(g, LINK_CONTACT_COMPANY);
			break;
		case 2: read_objects(g, COMPANIES_BY_ID); break;
		default: g->finished = true;
		}
	}
}

void relate_step_done(struct relate_group *g)
{
	struct relate *r = g->relate;
	if (--g->open > 0)
		return;
	go_on(g);
	hand_out(r);
}

/* done is called from hubspot_step only, also for a group that asks nothing. */
static void start(void *arg)
{
	relate_step_done(arg);
}

void relate_flush(struct relate *r)
{
	struct relate_group *g = r->filling;
	if (g == NULL)
		return;
	r->filling = NULL;
	g->open = 1;
	hubspot_at(r->api, 0, start, g);
}

void relate_add(struct relate *r, const struct relate_item *item)
{
	struct relate_group *g = r->filling;
	if (g == NULL) {
		g = must(calloc(1, sizeof *g));
		g->relate = r;
		g->items = must(calloc(RELATE_ITEMS, sizeof *g->items));
		arena_init(&g->arena, MAX_GROUP_BYTES);
		*r->end = g;
		r->end = &g->next;
		r->filling = g;
	}
	struct relate_item *mine = &g->items[g->count++];
	*mine = (struct relate_item){ .arg = item->arg };
	mine->task_id = relate_keep(g, item->task_id);
	mine->contact_id = relate_keep(g, item->contact_id);
	mine->company_id = relate_keep(g, item->company_id);
	mine->email = keep_email(g, item->email);
	mine->task = keep_object(g, item->task);
	mine->contact = keep_object(g, item->contact);
	mine->company = keep_object(g, item->company);
	r->pending++;
	if (g->count == RELATE_ITEMS)
		relate_flush(r);
}
