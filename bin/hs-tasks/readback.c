#include "readback.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "batch.h"
#include "idmap.h"
#include "record/write.h"
#include "search.h"

enum { MAX_ARENA_BYTES = 64 << 20, MAX_BODY_BYTES = 1 << 20, KEYS_PER_SEARCH = 30 /* a search takes 3,000 characters */ };

struct readback {
	struct hubspot *api;
	enum hubspot_object object;
	struct effect *effects[BATCH_ROWS];
	struct slice found[BATCH_ROWS];
	size_t count;
	struct arena arena;
	struct slice *candidates; /* ids of objects that may be ours */
	size_t candidate_count, candidate_capacity, next_candidate;
	unsigned open;
	bool failed, has_read;
	void (*done)(const struct slice *found, bool ok, void *arg);
	void *arg;
};

static const char *const body_properties[OBJECT_COUNT] = {
	[OBJECT_TASKS] = "hs_task_body",
	[OBJECT_NOTES] = "hs_note_body",
	[OBJECT_EMAILS] = "hs_email_html",
};

static void read_candidates(struct readback *r);

static void step_done(struct readback *r)
{
	if (--r->open > 0)
		return;
	if (!r->has_read && !r->failed) {
		read_candidates(r);
		return;
	}
	r->done(r->found, !r->failed, r->arg);
	arena_release(&r->arena);
	free(r->candidates);
	free(r);
}

/* -- what each candidate holds -- */

static void match(struct readback *r, const struct json *object)
{
	const char *body = body_properties[r->object];
	struct slice key = result_property(object, "leadpipe_key"), text = body == NULL ? (struct slice){ "", 0 } : result_property(object, body);
	for (size_t i = 0; i < r->count; i++) {
		struct buf marker;
		buf_init(&marker, 256);
		effect_put_marker(&marker, r->effects[i]);
		if (slice_is(key, r->effects[i]->key) || slice_find_nocase(text, buf_slice(&marker)) != NULL)
			r->found[i] = arena_copy(&r->arena, json_string(object, "id", ""));
		buf_release(&marker);
	}
}

static void on_read(struct batch *batch, void *arg)
{
	struct readback *r = arg;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->rows[i].outcome == ROW_OK)
			match(r, batch->rows[i].result);
		else if (batch->rows[i].outcome != ROW_MISSING)
			r->failed = true;
	step_done(r);
}

static void read_candidates(struct readback *r)
{
	char properties[128];
	const char *body = body_properties[r->object];
	r->has_read = true;
	r->open = 1;
	snprintf(properties, sizeof properties, "[\"leadpipe_key\"%s%s%s]", body == NULL ? "" : ",\"", body == NULL ? "" : body,
		body == NULL ? "" : "\"");
	struct slice list = arena_copy(&r->arena, slice_of(properties));
	while (r->next_candidate < r->candidate_count) {
		struct batch *batch = batch_new(r->api, r->object, BATCH_READ);
		batch->properties = list;
		batch->op = "crm.readback";
		while (batch->count < BATCH_ROWS && r->next_candidate < r->candidate_count)
			batch_add(batch, r->candidates[r->next_candidate++], (struct slice){ 0 }, NULL);
		r->open++;
		batch_send(batch, on_read, r);
	}
	step_done(r);
}

static void add_candidate(struct readback *r, struct slice id)
{
	for (size_t i = 0; i < r->candidate_count; i++)
		if (slice_equal(r->candidates[i], id))
			return;
	if (r->candidate_count == r->candidate_capacity) {
		r->candidate_capacity = 2 * r->candidate_capacity + 128;
		r->candidates = must(realloc(r->candidates, r->candidate_capacity * sizeof *r->candidates));
	}
	r->candidates[r->candidate_count++] = arena_copy(&r->arena, id);
}

/* -- by association -- */

struct link_input {
	struct slice id, after;
};

struct link_call {
	struct readback *r;
	enum hubspot_object from;
};

static void read_links(struct readback *r, enum hubspot_object from, const struct link_input *inputs, size_t count);

static void on_links(const struct hubspot_answer *answer, void *arg)
{
	struct link_call *call = arg;
	struct readback *r = call->r;
	const struct json *results = json_get(answer->body, "results");
	struct link_input more[BATCH_ROWS];
	size_t n = 0;
	r->failed = r->failed || answer->outcome != HUBSPOT_OK;
	for (const struct json *result = results == NULL ? NULL : results->child; result != NULL; result = result->next) {
		const struct json *to = json_get(result, "to"), *after = json_path(result, "paging", "next", "after", NULL);
		for (const struct json *one = to == NULL ? NULL : to->child; one != NULL; one = one->next)
			add_candidate(r, json_text(json_get(one, "toObjectId")));
		if (after != NULL && n < BATCH_ROWS)
			more[n++] = (struct link_input){ arena_copy(&r->arena, json_text(json_path(result, "from", "id", NULL))),
				arena_copy(&r->arena, json_text(after)) };
	}
	if (n > 0)
		read_links(r, call->from, more, n);
	free(call);
	step_done(r);
}

static void read_links(struct readback *r, enum hubspot_object from, const struct link_input *inputs, size_t count)
{
	struct link_call *call = must(malloc(sizeof *call));
	struct buf body, path, rest;
	struct jsonw w;
	buf_init(&body, MAX_BODY_BYTES);
	buf_init(&path, 1024);
	buf_init(&rest, 256);
	*call = (struct link_call){ r, from };
	jsonw_init(&w, &body);
	jsonw_object(&w);
	jsonw_name(&w, "inputs");
	jsonw_array(&w);
	for (size_t i = 0; i < count; i++) {
		jsonw_object(&w);
		jsonw_put_string(&w, "id", inputs[i].id);
		if (inputs[i].after.len > 0)
			jsonw_put_string(&w, "after", inputs[i].after);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	buf_printf(&rest, "%s/%s/batch/read", hubspot_object_name(from), hubspot_object_name(r->object));
	hubspot_path(r->api, API_ASSOCIATIONS, buf_text(&rest), &path);
	if (body.failed)
		must(NULL);
	r->open++;
	hubspot_call(r->api,
		&(struct hubspot_call){ .method = "POST",
			.path = buf_text(&path),
			.body = buf_slice(&body),
			.kind = CALL_READ,
			.op = "crm.associations.read",
			.count = count,
			.done = on_links,
			.arg = call });
	buf_release(&body);
	buf_release(&path);
	buf_release(&rest);
}

static void find_by_links(struct readback *r, enum hubspot_object from)
{
	struct link_input inputs[BATCH_ROWS];
	size_t n = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct effect *e = r->effects[i];
		struct slice id = from == OBJECT_CONTACTS ? e->contact : e->contact.len > 0 ? (struct slice){ "", 0 } : e->company;
		bool is_new = id.len > 0;
		for (size_t k = 0; k < n && is_new; k++)
			is_new = !slice_equal(inputs[k].id, id);
		if (is_new)
			inputs[n++] = (struct link_input){ id, { "", 0 } };
	}
	if (n > 0)
		read_links(r, from, inputs, n);
}

/* -- by search -- */

static bool take_hits(struct search *search, const struct json *results, void *arg)
{
	(void)search;
	for (const struct json *object = results == NULL ? NULL : results->child; object != NULL; object = object->next)
		add_candidate(arg, json_string(object, "id", ""));
	return true;
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	struct readback *r = arg;
	(void)search;
	r->failed = r->failed || failed != NULL;
	step_done(r);
}

static void search_keys(struct readback *r, const struct buf *keys)
{
	struct search *search = search_new(r->api, r->object, slice_of("[\"leadpipe_key\"]"), "hs_createdate", SEARCH_CAP);
	search->page = take_hits;
	search->done = end_search;
	search->arg = r;
	search_group(search);
	search_filter_in(search, "leadpipe_key", "IN", buf_slice(keys));
	r->open++;
	search_start(search);
}

static void find_by_search(struct readback *r)
{
	struct buf keys;
	size_t n = 0;
	buf_init(&keys, MAX_BODY_BYTES);
	for (size_t i = 0; i < r->count; i++) {
		if (r->effects[i]->contact.len + r->effects[i]->company.len > 0)
			continue;
		buf_printf(&keys, "%s\"%s\"", n == 0 ? "[" : ",", r->effects[i]->key);
		if (++n < KEYS_PER_SEARCH)
			continue;
		buf_putc(&keys, ']');
		search_keys(r, &keys);
		buf_reset(&keys);
		n = 0;
	}
	if (n > 0) {
		buf_putc(&keys, ']');
		search_keys(r, &keys);
	}
	buf_release(&keys);
}

static void start(void *arg)
{
	step_done(arg);
}

void readback(
	struct hubspot *api, struct effect *const *effects, size_t count, void (*done)(const struct slice *found, bool ok, void *arg), void *arg)
{
	struct readback *r = must(calloc(1, sizeof *r));
	r->api = api;
	r->object = effects[0]->object;
	r->count = count;
	r->done = done;
	r->arg = arg;
	r->open = 1;
	arena_init(&r->arena, MAX_ARENA_BYTES);
	for (size_t i = 0; i < count; i++) {
		r->effects[i] = effects[i];
		r->found[i] = (struct slice){ "", 0 };
	}
	find_by_links(r, OBJECT_CONTACTS);
	find_by_links(r, OBJECT_COMPANIES);
	find_by_search(r);
	hubspot_at(api, 0, start, r);
}
