#include "relate.h"

#include <stdlib.h>

#include "base/cli.h"
#include "batch.h"
#include "idmap.h"
#include "record/write.h"

enum { MAX_GROUP_BYTES = 512 << 20, MAX_BODY_BYTES = 1 << 20 };

/* Up to a thousand items that go through the stages together. */
struct group {
	struct relate *relate;
	struct arena arena;
	struct relate_item *items;
	size_t count;
	unsigned open; /* calls and batches of this stage */
	unsigned stage;
	bool failed, finished;
	struct group *next;
};

struct relate {
	struct hubspot *api;
	struct relate_options options;
	struct group *first, **end; /* oldest first: that order is kept */
	struct group *filling; /* the newest, not gone yet; NULL: none */
	size_t pending;
};

struct relate *relate_new(struct hubspot *api, const struct relate_options *options)
{
	struct relate *r = must(calloc(1, sizeof *r));
	r->api = api;
	r->options = *options;
	r->end = &r->first;
	return r;
}

static void group_free(struct group *g)
{
	arena_release(&g->arena);
	free(g->items);
	free(g);
}

void relate_free(struct relate *r)
{
	if (r == NULL)
		return;
	for (struct group *g; (g = r->first) != NULL; group_free(g))
		r->first = g->next;
	free(r);
}

size_t relate_pending(const struct relate *r)
{
	return r->pending;
}

static struct slice keep(struct group *g, struct slice text)
{
	struct slice copy = arena_copy(&g->arena, text);
	if (g->arena.failed)
		must(NULL);
	return copy;
}

static struct slice keep_object(struct group *g, struct slice json)
{
	return json.len == 0 ? (struct slice){ NULL, 0 } : keep(g, json);
}

/* HubSpot keeps and answers e-mail addresses in lower case. */
static struct slice keep_email(struct group *g, struct slice email)
{
	char *copy = must(arena_strdup(&g->arena, email));
	for (size_t i = 0; i < email.len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	return (struct slice){ copy, email.len };
}

/* -- associations -- */

enum link { TASK_CONTACT, TASK_COMPANY, CONTACT_COMPANY };
static const struct {
	enum hubspot_object from, to;
} links[] = {
	[TASK_CONTACT] = { OBJECT_TASKS, OBJECT_CONTACTS },
	[TASK_COMPANY] = { OBJECT_TASKS, OBJECT_COMPANIES },
	[CONTACT_COMPANY] = { OBJECT_CONTACTS, OBJECT_COMPANIES },
};

struct link_call {
	struct group *group;
	enum link link;
};

static bool wants_link(const struct relate_item *item, enum link link)
{
	switch (link) {
	case TASK_CONTACT: return item->task_id.len > 0 && item->contact_id.len == 0;
	case TASK_COMPANY: return item->task_id.len > 0 && item->company_id.len == 0 && item->company.ptr == NULL;
	default: return item->contact_id.len > 0 && item->company_id.len == 0 && item->company.ptr == NULL;
	}
}

/* Nobody asks for links to objects that are not wanted. */
static bool is_wanted_link(const struct relate_options *options, enum link link)
{
	return (link == TASK_CONTACT ? options->contact_properties : options->company_properties).len > 0;
}

static struct slice link_source(const struct relate_item *item, enum link link)
{
	return link == CONTACT_COMPANY ? item->contact_id : item->task_id;
}

/* The contact's primary company (type 1), else the first. */
static struct slice pick(const struct json *to)
{
	if (to == NULL || to->child == NULL)
		return (struct slice){ "", 0 };
	for (const struct json *one = to->child; one != NULL; one = one->next) {
		const struct json *types = json_get(one, "associationTypes");
		for (const struct json *type = types == NULL ? NULL : types->child; type != NULL; type = type->next)
			if (slice_is(json_text(json_get(type, "typeId")), "1"))
				return json_text(json_get(one, "toObjectId"));
	}
	return json_text(json_get(to->child, "toObjectId"));
}

static void step_done(struct group *g);

static void on_links(const struct hubspot_answer *answer, void *arg)
{
	struct link_call *call = arg;
	struct group *g = call->group;
	const struct json *results = json_get(answer->body, "results");
	struct idmap targets = { 0 };
	if (answer->outcome != HUBSPOT_OK) {
		hubspot_give_up(g->relate->api, answer, "reading associations");
		g->failed = true;
	}
	struct slice *picked = must(calloc(results == NULL ? 1 : results->count + 1, sizeof *picked));
	size_t n = 0;
	for (const struct json *result = results == NULL ? NULL : results->child; result != NULL; result = result->next, n++) {
		picked[n] = pick(json_get(result, "to"));
		idmap_add(&targets, json_text(json_path(result, "from", "id", NULL)), n);
	}
	for (size_t i = 0; i < g->count; i++) {
		struct relate_item *item = &g->items[i];
		size_t at = wants_link(item, call->link) ? idmap_get(&targets, link_source(item, call->link)) : idmap_none;
		if (at == idmap_none || picked[at].len == 0)
			continue;
		*(call->link == TASK_CONTACT ? &item->contact_id : &item->company_id) = keep(g, picked[at]);
	}
	free(picked);
	idmap_release(&targets);
	free(call);
	step_done(g);
}

static void read_links(struct group *g, enum link link)
{
	struct idmap seen = { 0 };
	struct buf body, path, rest;
	struct jsonw w;
	if (!is_wanted_link(&g->relate->options, link))
		return;
	buf_init(&body, MAX_BODY_BYTES);
	buf_init(&path, 1024);
	buf_init(&rest, 256);
	jsonw_init(&w, &body);
	jsonw_object(&w);
	jsonw_name(&w, "inputs");
	jsonw_array(&w);
	for (size_t i = 0; i < g->count; i++) {
		struct slice id = link_source(&g->items[i], link);
		if (!wants_link(&g->items[i], link) || idmap_add(&seen, id, i) != i)
			continue;
		jsonw_object(&w);
		jsonw_put_string(&w, "id", id);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	buf_printf(&rest, "%s/%s/batch/read", hubspot_object_name(links[link].from), hubspot_object_name(links[link].to));
	hubspot_path(g->relate->api, API_ASSOCIATIONS, buf_text(&rest), &path);
	if (body.failed)
		must(NULL);
	if (seen.count > 0) {
		struct link_call *call = must(malloc(sizeof *call));
		*call = (struct link_call){ g, link };
		g->open++;
		hubspot_call(g->relate->api,
			&(struct hubspot_call){
				.method = "POST",
				.path = buf_text(&path),
				.body = buf_slice(&body),
				.kind = CALL_READ,
				.op = "crm.associations.read",
				.count = seen.count,
				.done = on_links,
				.arg = call,
			});
	}
	idmap_release(&seen);
	buf_release(&body);
	buf_release(&path);
	buf_release(&rest);
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
	struct group *group;
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
	struct group *g = call->group;
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
			copies[at] = keep(g, batch->rows[at].result->raw);
		*place_of(item, call->read) = copies[at];
		if (call->read == CONTACTS_BY_EMAIL)
			item->contact_id = keep(g, json_string(batch->rows[at].result, "id", ""));
	}
	free(copies);
	idmap_release(&rows);
	free(call);
	step_done(g);
}

static void send_objects(struct group *g, enum read read, struct batch *batch)
{
	struct object_read *call = must(malloc(sizeof *call));
	*call = (struct object_read){ g, read };
	batch->properties = properties_of(&g->relate->options, read);
	batch->id_property = reads[read].id_property;
	g->open++;
	batch_send(batch, on_objects, call);
}

static void read_objects(struct group *g, enum read read)
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
		struct group *g = r->first;
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
static void go_on(struct group *g)
{
	while (g->open == 0 && !g->finished) {
		switch (g->failed ? STAGES : g->stage++) {
		case 0:
			read_objects(g, TASKS_BY_ID);
			read_links(g, TASK_CONTACT);
			read_links(g, TASK_COMPANY);
			read_objects(g, CONTACTS_BY_EMAIL);
			break;
		case 1:
			read_objects(g, CONTACTS_BY_ID);
			read_links(g, CONTACT_COMPANY);
			break;
		case 2: read_objects(g, COMPANIES_BY_ID); break;
		default: g->finished = true;
		}
	}
}

static void step_done(struct group *g)
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
	step_done(arg);
}

void relate_flush(struct relate *r)
{
	struct group *g = r->filling;
	if (g == NULL)
		return;
	r->filling = NULL;
	g->open = 1;
	hubspot_at(r->api, 0, start, g);
}

void relate_add(struct relate *r, const struct relate_item *item)
{
	struct group *g = r->filling;
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
	mine->task_id = keep(g, item->task_id);
	mine->contact_id = keep(g, item->contact_id);
	mine->company_id = keep(g, item->company_id);
	mine->email = keep_email(g, item->email);
	mine->task = keep_object(g, item->task);
	mine->contact = keep_object(g, item->contact);
	mine->company = keep_object(g, item->company);
	r->pending++;
	if (g->count == RELATE_ITEMS)
		relate_flush(r);
}
