#include "records.h"

#include <stdio.h>

#include "history.h"
#include "links.h"
#include "values.h"

static const struct schema *schema_of(const struct call *c, const struct object_type *type)
{
	return &c->portal->schemas[type->index];
}

/* SQL text in the arena. */
static const char *keep_sql(struct call *c, struct buf *sql)
{
	const char *kept = sql->failed ? "" : arena_strdup(c->arena, buf_slice(sql));
	buf_release(sql);
	return kept == NULL ? "" : kept;
}

/* -- reading -- */

static void want(const struct call *c, struct reader *r, struct slice name)
{
	const struct property *p = schema_find(schema_of(c, r->type), name);
	for (size_t i = 0; i < r->count; i++)
		if (r->wanted[i] == p)
			return;
	if (p != NULL)
		r->wanted[r->count++] = p;
}

void reader_init(struct call *c, struct reader *r, const struct object_type *type, const struct slice *names, size_t count)
{
	struct buf sql;
	*r = (struct reader){ .type = type, .wanted = arena_alloc(c->arena, (count + 10) * sizeof(const struct property *)), .sql = "" };
	if (r->wanted == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		want(c, r, names[i]);
	for (size_t i = 0; count == 0 && type->defaults[i] != NULL; i++)
		want(c, r, slice_of(type->defaults[i]));
	want(c, r, slice_of(type->created));
	want(c, r, slice_of(type->modified));
	want(c, r, slice_of("hs_object_id"));
	buf_init(&sql, SQL_MAX_BYTES);
	buf_printf(&sql, "SELECT _archived_at, %s, %s", type->created, type->modified);
	for (size_t i = 0; i < r->count; i++)
		buf_printf(&sql, ", \"%s\"", r->wanted[i]->name);
	buf_printf(&sql, " FROM %s WHERE hs_object_id=?", type->plural);
	r->sql = keep_sql(c, &sql);
}

void reader_want_histories(struct call *c, struct reader *r, const struct slice *names, size_t count)
{
	r->histories = arena_alloc(c->arena, (count + 1) * sizeof(const struct property *));
	for (size_t i = 0; r->histories != NULL && i < count; i++) {
		const struct property *p = schema_find(schema_of(c, r->type), names[i]);
		if (p != NULL)
			r->histories[r->history_count++] = p;
	}
}

static void put_histories(struct call *c, const struct reader *r, int64_t id)
{
	jsonw_name(&c->json, "propertiesWithHistory");
	jsonw_object(&c->json);
	for (size_t i = 0; i < r->history_count; i++) {
		jsonw_name(&c->json, r->histories[i]->name);
		history_put(c, r->histories[i], id);
	}
	jsonw_object_end(&c->json);
}

static void put_extra(struct call *c, const struct reader *r, int64_t id, const struct record_extra *extra)
{
	if (extra->is_new != NULL)
		jsonw_put_bool(&c->json, "new", *extra->is_new);
	if (extra->trace_id.ptr != NULL)
		jsonw_put_string(&c->json, "objectWriteTraceId", extra->trace_id);
	if (extra->association_count > 0)
		links_put_ids(c, r->type, id, extra->associations, extra->association_count);
}

static struct slice id_text(struct call *c, int64_t id)
{
	return arena_printf(c->arena, "%lld", (long long)id);
}

bool reader_put(struct call *c, const struct reader *r, int64_t id, bool archived, const struct record_extra *extra)
{
	struct store *s = &c->portal->store;
	struct jsonw *w = &c->json;
	sqlite3_stmt *stmt = store_query(s, r->sql, "i", id);
	if (!store_next(s, stmt))
		return false;
	struct slice archived_at = store_text(stmt, 0);
	if ((archived_at.ptr != NULL) != archived && !r->shows_archived) {
		sqlite3_reset(stmt);
		return false;
	}
	jsonw_object(w);
	jsonw_put_string(w, "id", id_text(c, id));
	jsonw_name(w, "properties");
	jsonw_object(w);
	for (size_t i = 0; i < r->count; i++) {
		struct slice value = store_text(stmt, (int)i + 3);
		jsonw_name(w, r->wanted[i]->name);
		if (value.ptr == NULL)
			jsonw_null(w);
		else
			jsonw_string(w, value);
	}
	jsonw_object_end(w);
	if (r->history_count > 0)
		put_histories(c, r, id);
	jsonw_put_string(w, "createdAt", store_text(stmt, 1));
	jsonw_put_string(w, "updatedAt", store_text(stmt, 2));
	jsonw_put_bool(w, "archived", archived);
	if (archived)
		jsonw_put_string(w, "archivedAt", archived_at);
	sqlite3_reset(stmt);
	if (extra != NULL)
		put_extra(c, r, id, extra);
	jsonw_object_end(w);
	c->objects++;
	return true;
}

bool record_exists(struct call *c, const struct object_type *type, int64_t id, bool archived)
{
	char sql[128];
	snprintf(sql, sizeof sql, "SELECT (_archived_at IS NOT NULL) = ? FROM %s WHERE hs_object_id=?", type->plural);
	return store_number(&c->portal->store, 0, sql, "ii", (int64_t)archived, id) == 1;
}

const struct property *record_unique(struct call *c, const struct object_type *type, struct slice id_property, struct problem *problem)
{
	const struct property *p = schema_find(schema_of(c, type), id_property);
	if (p == NULL || !p->is_unique) {
		*problem = problem_invalid(
			c, "Unable to perform update/upsert by non-unique %s property %.*s", type->type_id, (int)id_property.len, id_property.ptr);
		return NULL;
	}
	return p;
}

int64_t record_holder(struct call *c, const struct object_type *type, const struct property *p, struct slice value)
{
	char sql[512];
	snprintf(sql, sizeof sql, "SELECT hs_object_id FROM %s WHERE \"%s\"=? AND _archived_at IS NULL", type->plural, p->name);
	return store_number(&c->portal->store, 0, sql, "s", value);
}

int64_t record_locate(
	struct call *c, const struct object_type *type, struct slice value, struct slice id_property, bool archived, struct problem *problem)
{
	if (id_property.len == 0 || slice_is(id_property, "hs_object_id")) {
		int64_t id = call_object_id(value);
		if (id != 0 && record_exists(c, type, id, archived))
			return id;
	} else {
		const char *code;
		struct slice message;
		const struct property *p = record_unique(c, type, id_property, problem);
		if (p == NULL)
			return 0;
		const struct slice *normal = value_normalise(c, type, p, value, (struct slice){ "", 0 }, &code, &message);
		int64_t id = normal == NULL || normal->len == 0 ? 0 : record_holder(c, type, p, *normal);
		if (id != 0 && !archived)
			return id;
	}
	*problem = problem_new(c, 404, "OBJECT_NOT_FOUND", "resource not found");
	return 0;
}

/* -- writing -- */

static void bind_values(sqlite3_stmt *stmt, int first, const struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		struct slice value = changes->list[i].value;
		if (value.len == 0)
			sqlite3_bind_null(stmt, first + (int)i);
		else
			sqlite3_bind_text64(stmt, first + (int)i, value.ptr, value.len, SQLITE_STATIC, SQLITE_UTF8);
	}
}

int64_t record_insert(struct call *c, const struct object_type *type, const struct changes *changes)
{
	struct store *s = &c->portal->store;
	struct buf sql;
	char now[CLOCK_TEXT_BYTES];
	int64_t id = ++c->portal->next_id;
	portal_now(c->portal, now);
	buf_init(&sql, SQL_MAX_BYTES);
	buf_printf(&sql, "INSERT INTO %s(hs_object_id, %s, %s", type->plural, type->created, type->modified);
	for (size_t i = 0; i < changes->count; i++)
		buf_printf(&sql, ", \"%s\"", changes->list[i].property->name);
	buf_puts(&sql, ") VALUES(?, ?, ?");
	for (size_t i = 0; i < changes->count; i++)
		buf_puts(&sql, ", ?");
	buf_putc(&sql, ')');
	sqlite3_stmt *stmt = store_query(s, keep_sql(c, &sql), "izz", id, now, now);
	bind_values(stmt, 4, changes);
	while (store_next(s, stmt))
		;
	history_add(c, type, id, now, changes);
	return id;
}

int64_t record_update(struct call *c, const struct object_type *type, int64_t id, const struct changes *changes)
{
	struct store *s = &c->portal->store;
	struct buf sql;
	char now[CLOCK_TEXT_BYTES];
	portal_now(c->portal, now);
	buf_init(&sql, SQL_MAX_BYTES);
	buf_printf(&sql, "UPDATE %s SET %s=?2", type->plural, type->modified);
	for (size_t i = 0; i < changes->count; i++)
		buf_printf(&sql, ", \"%s\"=?%zu", changes->list[i].property->name, i + 3);
	buf_puts(&sql, " WHERE hs_object_id=?1");
	sqlite3_stmt *stmt = store_query(s, keep_sql(c, &sql), "iz", id, now);
	bind_values(stmt, 3, changes);
	while (store_next(s, stmt))
		;
	history_add(c, type, id, now, changes);
	return id;
}

void record_archive(struct call *c, const struct object_type *type, int64_t id)
{
	char sql[256], now[CLOCK_TEXT_BYTES];
	portal_now(c->portal, now);
	snprintf(
		sql, sizeof sql, "UPDATE %s SET _archived_at=?1, %s=?1 WHERE hs_object_id=?2 AND _archived_at IS NULL", type->plural, type->modified);
	store_run(&c->portal->store, sql, "zi", now, id);
	links_drop(c, type, id);
	c->objects++;
}

void record_put_written(struct call *c, const struct object_type *type, int64_t id, const struct changes *changes, const struct record_extra *extra)
{
	struct reader reader;
	struct slice *names = arena_alloc(c->arena, (changes->count + 1) * sizeof *names);
	if (names == NULL)
		return;
	for (size_t i = 0; i < changes->count; i++)
		names[i] = slice_of(changes->list[i].property->name);
	names[changes->count] = slice_of("hs_object_id");
	reader_init(c, &reader, type, names, changes->count + 1);
	reader_put(c, &reader, id, false, extra);
}
