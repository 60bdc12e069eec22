#include "schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "record/write.h"

enum { SQL_BYTES = 512, TABLE_NAME_BYTES = 64, MAX_SCHEMA_BYTES = 64 << 20, MAX_OPTIONS_BYTES = 1 << 20 };

static const char *const type_names[VALUE_TYPE_COUNT] = { "string", "number", "bool", "date", "datetime", "enumeration", "phone_number" };

const char *value_type_name(enum value_type type)
{
	return type_names[type];
}

enum value_type value_type_find(struct slice name)
{
	int type = 0;
	while (type < VALUE_TYPE_COUNT && !slice_is(name, type_names[type]))
		type++;
	return (enum value_type)type;
}

/* -- a new portal -- */

static void put_options(struct buf *out, const char *options)
{
	struct jsonw w;
	struct slice rest = slice_of(options), item;
	int order = 0;
	jsonw_init(&w, out);
	jsonw_array(&w);
	while (options != NULL && slice_split(&rest, '|', &item)) {
		struct slice value, label = item;
		slice_split(&label, '=', &value);
		jsonw_object(&w);
		jsonw_put_string(&w, "label", label.len > 0 ? label : value);
		jsonw_put_string(&w, "value", value);
		jsonw_put_int(&w, "displayOrder", order++);
		jsonw_put_bool(&w, "hidden", false);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
}

static void create_defaults(struct store *s, const char *now)
{
	struct buf options;
	buf_init(&options, MAX_OPTIONS_BYTES);
	for (size_t i = 0; i < default_property_count; i++) {
		const struct default_property *d = &default_properties[i];
		buf_reset(&options);
		put_options(&options, d->options);
		struct property p = {
			.name = d->name,
			.label = d->label,
			.field_type = d->field_type,
			.group = d->group,
			.description = "",
			.created = now,
			.updated = now,
			.options_json = buf_text(&options),
			.type = d->value_type,
			.display_order = -1,
			.is_unique = d->kind == DEFAULT_UNIQUE,
			.is_form_field = d->kind != DEFAULT_READ_ONLY,
			.is_hubspot_defined = true,
			.is_read_only = d->kind == DEFAULT_READ_ONLY,
		};
		schema_insert(s, &object_types[d->type], &p);
		store_run(s, "INSERT OR IGNORE INTO property_groups VALUES(?,?,?,?,0)", "izzi", (int64_t)d->type, d->group, d->group, (int64_t)-1);
	}
	buf_release(&options);
}

static void create_owners(struct store *s, const char *now)
{
	static const struct {
		int64_t id, user_id;
		const char *email, *first_name, *last_name, *type;
	} owners[] = {
		{ 71001, 51001, "ai-agents@leadpipe.example", "AI-Agents", "", "QUEUE" },
		{ 71002, 51002, "sales-team@leadpipe.example", "Sales", "Team", "PERSON" },
		{ 71003, 51003, "dana.reyes@leadpipe.example", "Dana", "Reyes", "PERSON" },
	};
	for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++)
		store_run(s, "INSERT INTO owners VALUES(?,?,?,?,?,?,?)", "izzzizz", owners[i].id, owners[i].email, owners[i].first_name,
			owners[i].last_name, owners[i].user_id, owners[i].type, now);
}

void schema_create(struct store *s, const char *now)
{
	char sql[SQL_BYTES];
	for (int i = 0; i < TYPE_COUNT; i++) {
		snprintf(sql, sizeof sql, "CREATE TABLE %s(hs_object_id INTEGER PRIMARY KEY, _archived_at TEXT)", object_types[i].plural);
		store_run(s, sql, "");
	}
	create_defaults(s, now);
	create_owners(s, now);
	for (int i = 0; i < TYPE_COUNT; i++)
		schema_create_indexes(s, &object_types[i], object_types[i].plural);
}

static void create_index(struct store *s, const char *table, const char *suffix, const char *columns)
{
	char sql[SQL_BYTES];
	snprintf(sql, sizeof sql, "CREATE INDEX IF NOT EXISTS \"%s%s\" ON %s(%s)", table, suffix, table, columns);
	store_run(s, sql, "");
}

static bool has_column(struct store *s, const char *table, const char *name)
{
	return store_number(s, 0, "SELECT count(*) FROM pragma_table_info(?) WHERE name=?", "zz", table, name) > 0;
}

void schema_create_indexes(struct store *s, const struct object_type *type, const char *table)
{
	if (type->index == TYPE_TASK) {
		create_index(s, table, "_queue", "hs_task_status, hubspot_owner_id, hs_timestamp");
		create_index(s, table, "_due", "hs_timestamp");
	}
	if (type->index == TYPE_COMPANY)
		create_index(s, table, "_domain", "domain");
}

void schema_index_property(struct store *s, const struct object_type *type, const struct property *p)
{
	char sql[SQL_BYTES], table[TABLE_NAME_BYTES], suffix[128];
	if (!p->is_unique) {
		/* One of that name may have been, before it was archived. */
		snprintf(sql, sizeof sql, "DROP INDEX IF EXISTS \"%s.%s\"", type->plural, p->name);
		store_run(s, sql, "");
		return;
	}
	snprintf(sql, sizeof sql, "CREATE UNIQUE INDEX IF NOT EXISTS \"%s.%s\" ON %s(\"%s\") WHERE _archived_at IS NULL", type->plural, p->name,
		type->plural, p->name);
	store_run(s, sql, "");
	/* What search sees may hold a value twice: once where it was, once where it is now. */
	snprintf(table, sizeof table, "%s_index", type->plural);
	snprintf(suffix, sizeof suffix, ".%s", p->name);
	if (has_column(s, table, p->name))
		create_index(s, table, suffix, p->name);
}

static void add_column(struct store *s, const char *table, const struct property *p)
{
	char sql[SQL_BYTES];
	if (!has_column(s, table, "hs_object_id") || has_column(s, table, p->name))
		return;
	/* A string is compared without case (ASCII); an enumeration's internal values are not. */
	snprintf(sql, sizeof sql, "ALTER TABLE %s ADD COLUMN \"%s\" TEXT%s", table, p->name,
		p->type == VALUE_STRING || p->type == VALUE_PHONE ? " COLLATE NOCASE" : "");
	store_run(s, sql, "");
}

void schema_insert(struct store *s, const struct object_type *type, const struct property *p)
{
	char table[TABLE_NAME_BYTES];
	store_run(s, "INSERT OR REPLACE INTO properties VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", "izzzzzziiiiiizzzz", (int64_t)type->index,
		p->name, p->label, type_names[p->type], p->field_type, p->group, p->description, p->display_order, (int64_t)p->is_unique,
		(int64_t)p->is_hidden, (int64_t)p->is_form_field, (int64_t)p->is_hubspot_defined, (int64_t)p->is_read_only, p->options_json,
		p->created, p->updated, p->archived);
	static const char *const copies[] = { "", "_index", "_pending" }; /* the latter two where there is a lag (lag.h) */
	for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
		snprintf(table, sizeof table, "%s%s", type->plural, copies[i]);
		add_column(s, table, p);
	}
	schema_index_property(s, type, p);
}

/* -- in memory -- */

static const char *copy_text(struct arena *a, sqlite3_stmt *stmt, int column)
{
	struct slice text = store_text(stmt, column);
	return text.ptr == NULL ? NULL : arena_strdup(a, text);
}

static bool parse_options(struct arena *a, struct property *p)
{
	struct json_error error;
	const struct json *list = json_parse(a, slice_of(p->options_json), &error);
	if (list == NULL)
		return false;
	p->options = arena_alloc(a, (list->count + 1) * sizeof *p->options);
	if (p->options == NULL)
		return false;
	for (const struct json *item = list->child; item != NULL; item = item->next)
		p->options[p->option_count++] = (struct property_option){
			arena_strdup(a, json_string(item, "label", "")),
			arena_strdup(a, json_string(item, "value", "")),
		};
	return true;
}

static bool read_property(struct arena *a, sqlite3_stmt *stmt, struct property *p)
{
	*p = (struct property){
		.name = copy_text(a, stmt, 0),
		.label = copy_text(a, stmt, 1),
		.type = value_type_find(store_text(stmt, 2)),
		.field_type = copy_text(a, stmt, 3),
		.group = copy_text(a, stmt, 4),
		.description = copy_text(a, stmt, 5),
		.display_order = sqlite3_column_int64(stmt, 6),
		.is_unique = sqlite3_column_int(stmt, 7) != 0,
		.is_hidden = sqlite3_column_int(stmt, 8) != 0,
		.is_form_field = sqlite3_column_int(stmt, 9) != 0,
		.is_hubspot_defined = sqlite3_column_int(stmt, 10) != 0,
		.is_read_only = sqlite3_column_int(stmt, 11) != 0,
		.options_json = copy_text(a, stmt, 12),
		.created = copy_text(a, stmt, 13),
		.updated = copy_text(a, stmt, 14),
		.archived = copy_text(a, stmt, 15),
	};
	return p->type != VALUE_TYPE_COUNT && p->options_json != NULL && parse_options(a, p);
}

bool schema_load(struct schema *schema, struct store *s, const struct object_type *type)
{
	schema_release(schema);
	arena_init(&schema->arena, MAX_SCHEMA_BYTES);
	int64_t count = store_number(s, 0, "SELECT count(*) FROM properties WHERE object_type=?", "i", (int64_t)type->index);
	schema->properties = arena_alloc(&schema->arena, (size_t)(count + 1) * sizeof *schema->properties);
	if (schema->properties == NULL)
		return false;
	sqlite3_stmt *stmt = store_query(s,
		"SELECT name, label, type, field_type, group_name, description, display_order, unique_value, hidden, form_field, hubspot_defined, read_only,"
		" options, created, updated, archived FROM properties WHERE object_type=? ORDER BY name",
		"i", (int64_t)type->index);
	while (schema->count < (size_t)count && store_next(s, stmt))
		if (!read_property(&schema->arena, stmt, &schema->properties[schema->count++])) {
			sqlite3_reset(stmt);
			return false;
		}
	sqlite3_reset(stmt);
	return !schema->arena.failed && !s->failed;
}

void schema_release(struct schema *schema)
{
	arena_release(&schema->arena);
	*schema = (struct schema){ .count = 0 };
}

static int compare_name(const void *key, const void *element)
{
	const struct slice *name = key;
	const struct property *p = element;
	size_t len = strlen(p->name);
	int order = memcmp(name->ptr, p->name, name->len < len ? name->len : len);
	return order != 0 ? order : (name->len > len) - (name->len < len);
}

const struct property *schema_find_any(const struct schema *schema, struct slice name)
{
	if (name.len == 0 || schema->count == 0)
		return NULL;
	return bsearch(&name, schema->properties, schema->count, sizeof *schema->properties, compare_name);
}

const struct property *schema_find(const struct schema *schema, struct slice name)
{
	const struct property *p = schema_find_any(schema, name);
	return p != NULL && p->archived == NULL ? p : NULL;
}
