/* The batch endpoints of CRM objects: up to 100 inputs.
 *
 * Create, update and upsert have two manners. If every input carries its own objectWriteTraceId, bad rows come back as errors of a 207 and the rest is
 * written; otherwise the first bad row fails the batch with its own status and nothing is written. Ids that do not exist are an error of a 207 in
 * both (HubSpot/hubspot-api-php#619). A batch that names a record twice is refused. */
#include <stdio.h>

#include "history.h"
#include "links.h"
#include "objects.h"
#include "records.h"
#include "values.h"

enum { BATCH_MAX = 100 };

struct batch {
	const struct json *inputs;
	bool has_trace_ids; /* every input has one of its own */
	struct batch_error errors[BATCH_MAX];
	size_t error_count;
	struct slice missing[BATCH_MAX]; /* ids without a record, of inputs without trace id */
	size_t missing_count;
	int64_t seen[BATCH_MAX];
	size_t seen_count;
};

static struct slice trace_id(const struct json *input)
{
	return json_text(json_get(input, "objectWriteTraceId"));
}

/* NULL when an error has been answered. The batch lies in the arena. */
static struct batch *batch_start(struct call *c)
{
	const struct json *inputs = call_inputs(c, BATCH_MAX);
	if (inputs == NULL)
		return NULL;
	struct batch *b = arena_new(c->arena, struct batch);
	if (b == NULL) {
		reply_error(c, 500, NULL, "out of memory");
		return NULL;
	}
	b->inputs = inputs;
	b->has_trace_ids = true;
	for (const struct json *input = inputs->child; input != NULL; input = input->next) {
		struct slice id = trace_id(input);
		b->has_trace_ids &= id.len > 0;
		for (const struct json *other = inputs->child; id.len > 0 && other != input; other = other->next)
			if (slice_equal(trace_id(other), id)) {
				reply_invalid(
					c, "Duplicate objectWriteTraceId found in batch input: [%.*s]. They must be unique", (int)id.len, id.ptr);
				return NULL;
			}
	}
	return b;
}

static bool refuse_twice(struct call *c, struct slice name)
{
	reply_invalid(c, "Duplicate IDs found in batch input: [%.*s]. IDs must be unique", (int)name.len, name.ptr);
	return false;
}

/* False when an error has been answered: the record was named before. */
static bool see(struct call *c, struct batch *b, int64_t id, struct slice name)
{
	for (size_t i = 0; i < b->seen_count; i++)
		if (b->seen[i] == id)
			return refuse_twice(c, name);
	b->seen[b->seen_count++] = id;
	return true;
}

/* False when an error has been answered: a new record may not be named twice by its value either. */
static bool is_named_once(struct call *c, const struct batch *b, const struct json *input, struct slice (*name)(const struct json *))
{
	struct slice own = slice_trim(name(input));
	for (const struct json *other = b->inputs->child; own.len > 0 && other != input; other = other->next)
		if (slice_equal_nocase(slice_trim(name(other)), own))
			return refuse_twice(c, own);
	return true;
}

/* Takes a bad row into the 207; false when the whole batch has been answered with it. */
static bool take_problem(struct call *c, struct batch *b, const struct json *input, const struct problem *problem)
{
	struct slice trace = trace_id(input);
	if (problem->status == 404 && trace.len == 0) {
		b->missing[b->missing_count++] = json_text(json_get(input, "id"));
		return true;
	}
	if (!b->has_trace_ids && problem->status != 404) {
		reply_problem(c, problem);
		return false;
	}
	struct batch_error *error = &b->errors[b->error_count++];
	*error = (struct batch_error){ .problem = *problem, .trace_id = trace };
	if (problem->status == 404) {
		error->ids = arena_new(c->arena, struct slice);
		if (error->ids != NULL) {
			error->ids[0] = json_text(json_get(input, "id"));
			error->id_count = 1;
		}
	}
	return true;
}

static void batch_end(struct call *c, struct batch *b, unsigned status)
{
	if (b->missing_count > 0 && b->error_count < BATCH_MAX) {
		struct batch_error *error = &b->errors[b->error_count++];
		*error = (struct batch_error){ .ids = b->missing, .id_count = b->missing_count };
		error->problem = problem_new(c, 404, "OBJECT_NOT_FOUND",
			"Could not get some %s objects, they may be deleted or not exist. Check that ids are valid.", c->type->capitals);
	}
	reply_batch_end(c, status, b->errors, b->error_count);
}

void batch_read(struct call *c)
{
	struct problem problem;
	struct reader reader;
	size_t count;
	bool archived = call_query_true(c, "archived");
	struct slice id_property = json_text(json_get(c->body, "idProperty"));
	struct batch *b = batch_start(c);
	if (b == NULL)
		return;
	if (id_property.len > 0 && !slice_is(id_property, "hs_object_id") && record_unique(c, c->type, id_property, &problem) == NULL) {
		reply_problem(c, &problem);
		return;
	}
	struct slice *names = call_strings(c, json_get(c->body, "properties"), &count);
	reader_init(c, &reader, c->type, names, count);
	names = call_strings(c, json_get(c->body, "propertiesWithHistory"), &count);
	reader_want_histories(c, &reader, names, count);
	if (reader.history_count > 0 && b->inputs->count > HISTORY_MAX_RECORDS) {
		reply_invalid(c,
			"The maximum number of inputs supported in a batch request for property histories is %d. Please reduce the number of items and try"
			" again",
			HISTORY_MAX_RECORDS);
		return;
	}
	reply_batch_start(c);
	for (const struct json *input = b->inputs->child; input != NULL; input = input->next) {
		struct slice name = json_text(json_get(input, "id"));
		int64_t id = record_locate(c, c->type, name, id_property, archived, &problem);
		bool is_repeated = false;
		for (size_t i = 0; id != 0 && i < b->seen_count; i++)
			is_repeated |= b->seen[i] == id;
		if (id == 0) {
			b->missing[b->missing_count++] = name;
		} else if (!is_repeated) { /* a record is read once, however often it is named */
			b->seen[b->seen_count++] = id;
			reader_put(c, &reader, id, archived, NULL);
		}
	}
	batch_end(c, b, 200);
}

static struct slice email_of(const struct json *input)
{
	return json_text(json_path(input, "properties", "email", NULL));
}

static struct slice id_of(const struct json *input)
{
	return json_text(json_get(input, "id"));
}

void batch_create(struct call *c)
{
	struct batch *b = batch_start(c);
	if (b == NULL)
		return;
	reply_batch_start(c);
	for (const struct json *input = b->inputs->child; input != NULL; input = input->next) {
		struct problem problem;
		struct changes changes;
		struct record_extra extra = { .trace_id = trace_id(input) };
		const struct json *associations = json_get(input, "associations");
		if (c->type->index == TYPE_CONTACT && !is_named_once(c, b, input, email_of))
			return;
		if (!record_check(c, c->type, 0, json_get(input, "properties"), &changes, &problem) ||
			!links_check(c, c->type, associations, &problem)) {
			if (!take_problem(c, b, input, &problem))
				return;
			continue;
		}
		int64_t id = record_insert(c, c->type, &changes);
		links_apply(c, c->type, id, associations);
		record_put_written(c, c->type, id, &changes, &extra);
	}
	batch_end(c, b, 201);
}

void batch_update(struct call *c)
{
	struct batch *b = batch_start(c);
	if (b == NULL)
		return;
	reply_batch_start(c);
	for (const struct json *input = b->inputs->child; input != NULL; input = input->next) {
		struct problem problem;
		struct changes changes;
		struct record_extra extra = { .trace_id = trace_id(input) };
		int64_t id = record_locate(c, c->type, id_of(input), json_text(json_get(input, "idProperty")), false, &problem);
		if (id != 0 && !see(c, b, id, id_of(input)))
			return;
		if (id == 0 || !record_check(c, c->type, id, json_get(input, "properties"), &changes, &problem)) {
			if (!take_problem(c, b, input, &problem))
				return;
			continue;
		}
		record_update(c, c->type, id, &changes);
		record_put_written(c, c->type, id, &changes, &extra);
	}
	batch_end(c, b, 200);
}

/* One row of an upsert: the record it names, made where there is none. False with *problem set. */
static bool upsert_row(struct call *c, const struct json *input, struct changes *changes, int64_t *id, bool *is_new, struct problem *problem)
{
	struct slice id_property = json_text(json_get(input, "idProperty"));
	const struct property *unique = NULL;
	*is_new = false;
	*id = record_locate(c, c->type, id_of(input), id_property, false, problem);
	if (*id == 0 && (problem->status != 404 || id_property.len == 0 || slice_is(id_property, "hs_object_id")))
		return false;
	if (!record_check(c, c->type, *id, json_get(input, "properties"), changes, problem))
		return false;
	if (*id != 0) {
		record_update(c, c->type, *id, changes);
		return true;
	}
	const char *code;
	struct slice message;
	unique = record_unique(c, c->type, id_property, problem);
	const struct slice *value = value_normalise(c, c->type, unique, id_of(input), (struct slice){ "", 0 }, &code, &message);
	if (value == NULL || value->len == 0) {
		*problem = problem_invalid(c, "%.*s", value == NULL ? (int)message.len : 15, value == NULL ? message.ptr : "the id is empty");
		problem->code = value == NULL ? code : NULL;
		return false;
	}
	changes_default(c, changes, unique, *value);
	*id = record_insert(c, c->type, changes);
	*is_new = true;
	return true;
}

void batch_upsert(struct call *c)
{
	struct batch *b = batch_start(c);
	if (b == NULL)
		return;
	reply_batch_start(c);
	for (const struct json *input = b->inputs->child; input != NULL; input = input->next) {
		struct problem problem = { .status = 0 };
		struct changes changes;
		int64_t id;
		bool is_new;
		struct record_extra extra = { .trace_id = trace_id(input), .is_new = &is_new };
		if (!is_named_once(c, b, input, id_of))
			return;
		if (!upsert_row(c, input, &changes, &id, &is_new, &problem)) {
			if (!take_problem(c, b, input, &problem))
				return;
			continue;
		}
		if (!see(c, b, id, id_of(input)))
			return;
		record_put_written(c, c->type, id, &changes, &extra);
	}
	batch_end(c, b, 200);
}

void batch_archive(struct call *c)
{
	struct batch *b = batch_start(c);
	if (b == NULL)
		return;
	for (const struct json *input = b->inputs->child; input != NULL; input = input->next) {
		int64_t id = call_object_id(id_of(input));
		if (!is_named_once(c, b, input, id_of))
			return;
		if (id == 0 || !record_exists(c, c->type, id, false))
			continue;
		record_archive(c, c->type, id);
	}
	reply_empty(c, 204);
}
