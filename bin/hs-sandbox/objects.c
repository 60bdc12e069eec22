#include "objects.h"

#include <stdio.h>

#include "history.h"
#include "links.h"
#include "records.h"

enum { LIST_DEFAULT = 10, LIST_MAX = 100 };

/* The types of ?associations=, those that can be linked to. */
static const struct object_type **wanted_associations(struct call *c, size_t *count)
{
	size_t name_count;
	struct slice *names = call_query_list(c, "associations", &name_count);
	const struct object_type **list = arena_alloc(c->arena, (name_count + 1) * sizeof(const struct object_type *));
	*count = 0;
	for (size_t i = 0; list != NULL && i < name_count; i++) {
		const struct object_type *to = type_find(names[i]);
		if (to != NULL && association_default(c->type, to) != 0)
			list[(*count)++] = to;
	}
	return list;
}

static void init_reader(struct call *c, struct reader *reader)
{
	size_t count;
	struct slice *names = call_query_list(c, "properties", &count);
	reader_init(c, reader, c->type, names, count);
	names = call_query_list(c, "propertiesWithHistory", &count);
	reader_want_histories(c, reader, names, count);
}

void object_get(struct call *c)
{
	struct problem problem;
	struct reader reader;
	struct record_extra extra = { .is_new = NULL };
	bool archived = call_query_true(c, "archived");
	int64_t id = record_locate(c, c->type, c->id, call_query(c, "idProperty", ""), archived, &problem);
	if (id == 0) {
		reply_problem(c, &problem);
		return;
	}
	init_reader(c, &reader);
	extra.associations = wanted_associations(c, &extra.association_count);
	reply_start(c, 200);
	reader_put(c, &reader, id, archived, &extra);
}

void object_list(struct call *c)
{
	struct store *s = &c->portal->store;
	struct reader reader;
	struct record_extra extra = { .is_new = NULL };
	int64_t limit, ids[LIST_MAX + 1];
	size_t count = 0;
	char sql[256];
	bool archived = call_query_true(c, "archived");
	struct slice after = call_query(c, "after", "0");
	init_reader(c, &reader);
	if (!call_query_limit(c, LIST_DEFAULT, reader.history_count > 0 ? HISTORY_MAX_RECORDS : LIST_MAX, &limit))
		return;
	if (call_object_id(after) == 0 && !slice_is(after, "0")) {
		reply_invalid(c, "Invalid paging cursor %.*s", (int)after.len, after.ptr);
		return;
	}
	extra.associations = wanted_associations(c, &extra.association_count);
	snprintf(sql, sizeof sql, "SELECT hs_object_id FROM %s WHERE _archived_at IS %s NULL AND hs_object_id>=? ORDER BY hs_object_id LIMIT ?",
		c->type->plural, archived ? "NOT" : "");
	sqlite3_stmt *stmt = store_query(s, sql, "ii", call_object_id(after), limit + 1);
	while (count < (size_t)limit + 1 && store_next(s, stmt))
		ids[count++] = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	for (size_t i = 0; i < count && i < (size_t)limit; i++)
		reader_put(c, &reader, ids[i], archived, &extra);
	jsonw_array_end(&c->json);
	if (count > (size_t)limit)
		reply_paging(c, arena_printf(c->arena, "%lld", (long long)ids[limit]));
	jsonw_object_end(&c->json);
}

void object_create(struct call *c)
{
	struct problem problem;
	struct changes changes;
	const struct json *associations = json_get(c->body, "associations");
	if (!record_check(c, c->type, 0, json_get(c->body, "properties"), &changes, &problem) || !links_check(c, c->type, associations, &problem)) {
		reply_problem(c, &problem);
		return;
	}
	int64_t id = record_insert(c, c->type, &changes);
	links_apply(c, c->type, id, associations);
	reply_start(c, 201);
	record_put_written(c, c->type, id, &changes, NULL);
}

void object_update(struct call *c)
{
	struct problem problem;
	struct changes changes;
	int64_t id = record_locate(c, c->type, c->id, call_query(c, "idProperty", ""), false, &problem);
	if (id == 0 || !record_check(c, c->type, id, json_get(c->body, "properties"), &changes, &problem)) {
		reply_problem(c, &problem);
		return;
	}
	record_update(c, c->type, id, &changes);
	reply_start(c, 200);
	record_put_written(c, c->type, id, &changes, NULL);
}

/* Archiving what is not there is no error: HubSpot answers 204 to that as well. */
void object_archive(struct call *c)
{
	int64_t id = call_object_id(c->id);
	if (id != 0 && record_exists(c, c->type, id, false))
		record_archive(c, c->type, id);
	reply_empty(c, 204);
}
