#include "records.h"

#include <stdio.h>
#include <stdlib.h>

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

/* -- checking -- */

/* What record_check finds wrong with values, as HubSpot lists it: once as text inside the message, once as details. */
struct faults {
	struct buf listed, details;
	struct jsonw listed_json, details_json;
	size_t count;
};

static void faults_init(struct faults *f)
{
	*f = (struct faults){ .count = 0 };
	buf_init(&f->listed, SQL_MAX_BYTES);
	buf_init(&f->details, SQL_MAX_BYTES);
	jsonw_init(&f->listed_json, &f->listed);
	jsonw_init(&f->details_json, &f->details);
	jsonw_array(&f->listed_json);
	jsonw_array(&f->details_json);
}

static void faults_add(struct call *c, struct faults *f, struct slice name, const char *code, struct slice message)
{
	struct jsonw *w = &f->listed_json;
	f->count++;
	jsonw_object(w);
	jsonw_put_bool(w, "isValid", false);
	jsonw_put_string(w, "message", message);
	jsonw_put_text(w, "error", code);
	jsonw_put_string(w, "name", name);
	jsonw_put_string(w, "localizedErrorMessage", message);
	jsonw_put_int(w, "portalId", c->portal->portal_id);
	jsonw_object_end(w);
	w = &f->details_json;
	jsonw_object(w);
	jsonw_put_string(w, "message", message);
	jsonw_put_text(w, "code", code);
	jsonw_name(w, "context");
	jsonw_object(w);
	jsonw_name(w, "propertyName");
	jsonw_array(w);
	jsonw_string(w, name);
	jsonw_array_end(w);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

/* True where there were none. */
static bool faults_end(struct call *c, struct faults *f, struct problem *problem)
{
	bool is_clean = f->count == 0;
	jsonw_array_end(&f->listed_json);
	jsonw_array_end(&f->details_json);
	if (!is_clean) {
		*problem = (struct problem){
			.status = 400,
			.category = "VALIDATION_ERROR",
			.message = arena_printf(c->arena, "Property values were not valid: %s", buf_text(&f->listed)),
			.details = arena_copy(c->arena, buf_slice(&f->details)),
		};
	}
	buf_release(&f->listed);
	buf_release(&f->details);
	return is_clean;
}

static struct slice stored_value(struct call *c, const struct object_type *type, int64_t id, const struct property *p)
{
	char sql[512];
	struct store *s = &c->portal->store;
	struct slice value = { "", 0 };
	snprintf(sql, sizeof sql, "SELECT \"%s\" FROM %s WHERE hs_object_id=?", p->name, type->plural);
	sqlite3_stmt *stmt = store_query(s, sql, "i", id);
	if (store_next(s, stmt)) {
		value = arena_copy(c->arena, store_text(stmt, 0));
		sqlite3_reset(stmt);
	}
	return value;
}

/* One given property: adds a change or a fault. */
static void check_value(
	struct call *c, const struct object_type *type, int64_t id, const struct json *member, struct changes *changes, struct faults *faults)
{
	const struct property *p = schema_find(schema_of(c, type), member->name);
	const char *code = "";
	struct slice message, old = { "", 0 }, given = json_text(member);
	int shown = member->name.len > 200 ? 200 : (int)member->name.len;
	if (p == NULL) {
		faults_add(c, faults, member->name, "PROPERTY_DOESNT_EXIST",
			arena_printf(c->arena, "Property \"%.*s\" does not exist", shown, member->name.ptr));
		return;
	}
	if (p->is_read_only) {
		faults_add(c, faults, member->name, "READ_ONLY_VALUE",
			arena_printf(c->arena, "\"%s\" is a read only property; its value cannot be set.", p->name));
		return;
	}
	if (member->type == JSON_ARRAY || member->type == JSON_OBJECT) {
		faults_add(c, faults, member->name, "INVALID_VALUE", arena_printf(c->arena, "the value of \"%s\" must be a string", p->name));
		return;
	}
	if (id != 0 && given.len > 0 && given.ptr[0] == ';' && strcmp(p->field_type, "checkbox") == 0)
		old = stored_value(c, type, id, p);
	const struct slice *value = value_normalise(c, type, p, given, old, &code, &message);
	if (value == NULL) {
		faults_add(c, faults, member->name, code, message);
		return;
	}
	changes->list[changes->count++] = (struct change){ p, *value };
}

static bool has_change(const struct changes *changes, const char *name)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].value.len > 0 && strcmp(changes->list[i].property->name, name) == 0)
			return true;
	return false;
}

static bool check_required(struct call *c, const struct object_type *type, const struct changes *changes, struct problem *problem)
{
	const char *missing = NULL;
	for (size_t i = 0; missing == NULL && type->required[i] != NULL; i++)
		if (!has_change(changes, type->required[i]))
			missing = type->required[i];
	if (type->index == TYPE_COMPANY && !has_change(changes, "name") && !has_change(changes, "domain"))
		missing = "name";
	if (missing == NULL)
		return true;
	*problem = problem_invalid(c, "Error creating %s. Some required properties were not set.", type->capitals);
	problem->context_name = "properties";
	problem->context_value = slice_of(missing);
	return false;
}

static bool check_unique(struct call *c, const struct object_type *type, int64_t id, const struct changes *changes, struct problem *problem)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];
		if (!change->property->is_unique || change->value.len == 0)
			continue;
		int64_t holder = record_holder(c, type, change->property, change->value);
		if (holder == 0 || holder == id)
			continue;
		if (type->index == TYPE_CONTACT && strcmp(change->property->name, "email") == 0)
			*problem = problem_new(c, 409, "CONFLICT", "Contact already exists. Existing ID: %lld", (long long)holder);
		else
			*problem = problem_new(c, 409, "CONFLICT", "A %s with this value of the unique property %s exists. Existing ID: %lld",
				type->singular, change->property->name, (long long)holder);
		problem->context_name = "existingId";
		problem->context_value = id_text(c, holder);
		return false;
	}
	return true;
}

bool record_check(
	struct call *c, const struct object_type *type, int64_t id, const struct json *properties, struct changes *changes, struct problem *problem)
{
	struct faults faults;
	if (properties == NULL || properties->type != JSON_OBJECT) {
		*problem = problem_invalid(c, "Invalid input JSON: the member properties must be an object");
		return false;
	}
	*changes = (struct changes){ .list = arena_alloc(c->arena, (properties->count + 1) * sizeof *changes->list) };
	if (changes->list == NULL) {
		*problem = problem_new(c, 500, NULL, "out of memory");
		return false;
	}
	faults_init(&faults);
	for (const struct json *member = properties->child; member != NULL; member = member->next)
		if (json_get_slice(properties, member->name) == member)
			check_value(c, type, id, member, changes, &faults);
	return faults_end(c, &faults, problem) && (id != 0 || check_required(c, type, changes, problem)) &&
		check_unique(c, type, id, changes, problem);
}

void changes_default(struct call *c, struct changes *changes, const struct property *p, struct slice value)
{
	struct change *list = arena_alloc(c->arena, (changes->count + 2) * sizeof *list);
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].property == p)
			return;
	if (list == NULL)
		return;
	memcpy(list, changes->list, changes->count * sizeof *list);
	list[changes->count] = (struct change){ p, value };
	*changes = (struct changes){ list, changes->count + 1 };
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
