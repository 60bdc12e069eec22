#include "batch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "idmap.h"
#include "record/write.h"

enum { MAX_BODY_BYTES = 16 << 20, MAX_ARENA_BYTES = 256 << 20 };

/* Rows first..first+count-1 of a batch in one request. */
struct part {
	struct batch *batch;
	size_t first, count;
};

static const char *const verb_names[] = { "read", "update", "create", "archive" };
static const char *const ops[OBJECT_COUNT][4] = {
	{ "crm.contacts.read", "crm.contacts.update", "crm.contacts.create", "crm.contacts.archive" },
	{ "crm.companies.read", "crm.companies.update", "crm.companies.create", "crm.companies.archive" },
	{ "crm.tasks.read", "crm.tasks.update", "crm.tasks.create", "crm.tasks.archive" },
	{ "crm.notes.read", "crm.notes.update", "crm.notes.create", "crm.notes.archive" },
	{ "crm.emails.read", "crm.emails.update", "crm.emails.create", "crm.emails.archive" },
};

struct batch *batch_new(struct hubspot *api, enum hubspot_object object, enum batch_verb verb)
{
	struct batch *batch = must(calloc(1, sizeof *batch));
	batch->api = api;
	batch->object = object;
	batch->verb = verb;
	arena_init(&batch->arena, MAX_ARENA_BYTES);
	return batch;
}

size_t batch_add(struct batch *batch, struct slice key, struct slice input, void *arg)
{
	struct batch_row *row = &batch->rows[batch->count];
	struct buf text;
	*row = (struct batch_row){ .key = arena_copy(&batch->arena, key), .arg = arg };
	if (batch->verb == BATCH_READ || batch->verb == BATCH_ARCHIVE) {
		struct jsonw w;
		buf_init(&text, MAX_BODY_BYTES);
		jsonw_init(&w, &text);
		jsonw_object(&w);
		jsonw_put_string(&w, "id", key);
		jsonw_object_end(&w);
		row->input = arena_copy(&batch->arena, buf_slice(&text));
		buf_release(&text);
	} else {
		row->input = arena_copy(&batch->arena, input);
	}
	if (batch->arena.failed)
		must(NULL);
	return batch->count++;
}

struct slice result_property(const struct json *result, const char *name)
{
	return json_text(json_path(result, "properties", name, NULL));
}

struct slice batch_existing_id(struct slice message)
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

/* -- requests -- */

static void on_answer(const struct hubspot_answer *answer, void *arg);

static void send_part(struct batch *batch, size_t first, size_t count)
{
	struct part *part = must(malloc(sizeof *part));
	struct buf body, path, rest;
	struct jsonw w;
	*part = (struct part){ batch, first, count };
	buf_init(&body, MAX_BODY_BYTES);
	buf_init(&path, 1024);
	buf_init(&rest, 256);
	jsonw_init(&w, &body);
	jsonw_object(&w);
	jsonw_name(&w, "inputs");
	jsonw_array(&w);
	for (size_t i = first; i < first + count; i++)
		jsonw_raw(&w, batch->rows[i].input);
	jsonw_array_end(&w);
	if (batch->verb == BATCH_READ) {
		jsonw_put_raw(&w, "properties", batch->properties);
		/* The description of the API demands the member. */
		jsonw_put_raw(&w, "propertiesWithHistory", slice_of("[]"));
		if (batch->id_property != NULL)
			jsonw_put_text(&w, "idProperty", batch->id_property);
	}
	jsonw_object_end(&w);
	buf_printf(&rest, "%s/batch/%s", hubspot_object_name(batch->object), verb_names[batch->verb]);
	hubspot_path(batch->api, API_OBJECTS, buf_text(&rest), &path);
	if (body.failed)
		cli_die(EXIT_IO_FAILED, "out of memory, or a batch above 16 MiB");
	static const enum hubspot_kind kinds[] = { CALL_READ, CALL_WRITE, CALL_CREATE, CALL_WRITE };
	batch->open_calls++;
	hubspot_call(batch->api,
		&(struct hubspot_call){
			.method = "POST",
			.path = buf_text(&path),
			.body = buf_slice(&body),
			.kind = batch->verb == BATCH_CREATE && batch->is_repeatable ? CALL_WRITE : kinds[batch->verb],
			.op = batch->op != NULL ? batch->op : ops[batch->object][batch->verb],
			.count = count,
			.done = on_answer,
			.arg = part,
		});
	buf_release(&body);
	buf_release(&path);
	buf_release(&rest);
}

static void finish_if_answered(struct batch *batch)
{
	if (batch->open_calls > 0)
		return;
	batch->done(batch, batch->arg);
	arena_release(&batch->arena);
	free(batch);
}

static void finish_empty(void *arg)
{
	finish_if_answered(arg);
}

void batch_send(struct batch *batch, void (*done)(struct batch *batch, void *arg), void *arg)
{
	batch->done = done;
	batch->arg = arg;
	if (batch->count == 0)
		hubspot_at(batch->api, 0, finish_empty, batch);
	else
		send_part(batch, 0, batch->count);
}

/* -- answers -- */

static void settle(struct batch *batch, struct batch_row *row, enum row_outcome outcome, struct slice message)
{
	row->outcome = outcome;
	row->message = arena_copy(&batch->arena, message);
}

static void settle_part(struct part *part, enum row_outcome outcome, const char *message)
{
	for (size_t i = part->first; i < part->first + part->count; i++)
		settle(part->batch, &part->batch->rows[i], outcome, slice_of(message));
}

static struct slice row_name(const struct batch *batch, const struct json *result)
{
	switch (batch->verb) {
	case BATCH_READ: return batch->id_property == NULL ? json_string(result, "id", "") : result_property(result, batch->id_property);
	case BATCH_UPDATE: return json_string(result, "id", "");
	default: return json_string(result, "objectWriteTraceId", "");
	}
}

/* The answer's text goes away with the call; its tree is made anew in the batch's arena. */
static const struct json *keep(struct batch *batch, struct slice text)
{
	struct json_error error;
	struct slice copy = arena_copy(&batch->arena, text);
	if (batch->arena.failed)
		must(NULL);
	return json_parse(&batch->arena, copy, &error);
}

static struct batch_row *find_row(const struct part *part, const struct idmap *names, struct slice name)
{
	size_t at = idmap_get(names, name);
	return at == idmap_none ? NULL : &part->batch->rows[at];
}

static enum row_outcome error_outcome(const struct json *error)
{
	struct slice category = json_string(error, "category", "");
	if (slice_is(category, "OBJECT_NOT_FOUND"))
		return ROW_MISSING;
	if (slice_is(category, "CONFLICT") || slice_is(category, "OBJECT_ALREADY_EXISTS"))
		return ROW_CONFLICT;
	return ROW_REFUSED;
}

static void take_error(struct part *part, const struct idmap *names, const struct json *error)
{
	static const char *const lists[] = { "objectWriteTraceId", "ids", "id" };
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const struct json *list = json_path(error, "context", lists[i], NULL);
		if (list == NULL || list->type != JSON_ARRAY)
			continue;
		for (const struct json *name = list->child; name != NULL; name = name->next) {
			struct batch_row *row = find_row(part, names, json_text(name));
			if (row != NULL && row->outcome == ROW_OPEN)
				settle(part->batch, row, error_outcome(error), json_string(error, "message", "refused"));
		}
	}
}

static void take_rows(struct part *part, const struct json *body)
{
	struct batch *batch = part->batch;
	struct idmap names = { 0 };
	const struct json *results = json_get(keep(batch, body->raw), "results"), *errors = json_get(body, "errors");
	for (size_t i = part->first; i < part->first + part->count; i++)
		idmap_add(&names, batch->rows[i].key, i);
	size_t at = part->first;
	for (const struct json *result = results == NULL ? NULL : results->child; result != NULL; result = result->next, at++) {
		struct slice name = row_name(batch, result);
		struct batch_row *row = find_row(part, &names, name);
		/* One row can only be answered by one result, whatever it is called. */
		if (row == NULL && name.len == 0 && part->count == 1)
			row = &batch->rows[part->first];
		if (row != NULL && row->outcome == ROW_OPEN) {
			row->outcome = ROW_OK;
			row->result = result;
		}
	}
	for (const struct json *error = errors == NULL ? NULL : errors->child; error != NULL; error = error->next)
		take_error(part, &names, error);
	for (size_t i = part->first; i < part->first + part->count; i++)
		if (batch->rows[i].outcome == ROW_OPEN) {
			bool is_read = batch->verb == BATCH_READ;
			enum row_outcome lost = is_read ? ROW_MISSING : batch->verb == BATCH_CREATE ? ROW_UNKNOWN : ROW_FAILED;
			settle(batch, &batch->rows[i], lost, slice_of(is_read ? "no such object" : "HubSpot's answer does not mention it"));
		}
	idmap_release(&names);
}

static enum row_outcome refusal(const struct hubspot_answer *answer)
{
	return answer->status == 404 ? ROW_MISSING : answer->status == 409 ? ROW_CONFLICT : ROW_REFUSED;
}

static void on_answer(const struct hubspot_answer *answer, void *arg)
{
	struct part *part = arg;
	struct batch *batch = part->batch;
	if (answer->server_ms != 0)
		batch->server_ms = answer->server_ms;
	switch (answer->outcome) {
	case HUBSPOT_OK:
		if (batch->verb == BATCH_ARCHIVE)
			settle_part(part, ROW_OK, ""); /* 204, whether or not they were there */
		else if (answer->body != NULL)
			take_rows(part, answer->body);
		else if (hubspot_is_dry_run(batch->api))
			settle_part(part, ROW_OK, "");
		else
			settle_part(part, batch->verb == BATCH_CREATE ? ROW_UNKNOWN : ROW_FAILED, "HubSpot's answer is empty");
		break;
	case HUBSPOT_REFUSED:
		if (part->count == 1) {
			settle_part(part, refusal(answer), answer->message);
		} else {
			send_part(batch, part->first, part->count / 2);
			send_part(batch, part->first + part->count / 2, part->count - part->count / 2);
		}
		break;
	case HUBSPOT_FAILED: settle_part(part, ROW_FAILED, answer->message); break;
	case HUBSPOT_UNKNOWN: settle_part(part, ROW_UNKNOWN, answer->message); break;
	case HUBSPOT_BROKEN: settle_part(part, ROW_BROKEN, answer->message); break;
	}
	free(part);
	batch->open_calls--;
	finish_if_answered(batch);
}

int64_t batch_server_ms(const struct batch *batch)
{
	return batch->server_ms != 0 ? batch->server_ms : hubspot_server_ms(batch->api);
}
