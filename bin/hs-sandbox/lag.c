#include "lag.h"

#include <stdarg.h>
#include <stdio.h>

/* Real time in milliseconds since 1970; SQLite counts julian days in whole milliseconds. */
#define NOW_MS "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"

enum { MAX_SQL_BYTES = 1 << 20 };

static void run(struct store *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void run(struct store *s, const char *format, ...)
{
	char sql[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(sql, sizeof sql, format, args);
	va_end(args);
	store_run(s, sql, "");
}

static bool has_table(struct store *s, const char *name)
{
	return store_number(s, 0, "SELECT count(*) FROM sqlite_master WHERE type='table' AND name=?", "z", name) > 0;
}

/* The index is the table as it was created, with one more column at the front: when the row was written. */
static void create_index_table(struct store *s, const char *table)
{
	struct buf sql;
	buf_init(&sql, MAX_SQL_BYTES);
	buf_printf(&sql, "CREATE TABLE %s_index(written_ms INTEGER, ", table);
	sqlite3_stmt *stmt = store_query(s, "SELECT substr(sql, instr(sql, '(') + 1) FROM sqlite_master WHERE type='table' AND name=?", "z", table);
	if (store_next(s, stmt)) {
		buf_put_slice(&sql, store_text(stmt, 0));
		sqlite3_reset(stmt);
	}
	if (sql.failed)
		s->failed = true;
	store_run(s, buf_text(&sql), "");
	buf_release(&sql);
}

static void start_type(struct store *s, const struct object_type *type, const struct schema *schema)
{
	char index[64];
	const char *table = type->plural;
	snprintf(index, sizeof index, "%s_index", table);
	if (has_table(s, index))
		return;
	create_index_table(s, table);
	run(s, "INSERT INTO %s_index SELECT 0, * FROM %s", table, table);
	schema_create_indexes(s, type, index);
	for (size_t i = 0; i < schema->count; i++)
		if (schema->properties[i].archived == NULL)
			schema_index_property(s, type, &schema->properties[i]);
	run(s, "CREATE TABLE %s_pending AS SELECT * FROM %s_index WHERE 0", table, table);
	/* Of several changes in one millisecond the last one stands for all. */
	run(s, "CREATE UNIQUE INDEX %s_pending_order ON %s_pending(written_ms, hs_object_id)", table, table);
	for (int is_update = 0; is_update <= 1; is_update++)
		run(s,
			"CREATE TRIGGER %s_%s AFTER %s ON %s BEGIN"
			" INSERT OR REPLACE INTO %s_pending SELECT " NOW_MS ", * FROM %s WHERE hs_object_id=NEW.hs_object_id; END",
			table, is_update ? "updated" : "inserted", is_update ? "UPDATE" : "INSERT", table, table, table);
}

/* A link that is gone stays in the index as a row that says so, as an archived record does. */
static void start_links(struct store *s)
{
	static const char columns[] = "from_type INTEGER, from_id INTEGER, to_type INTEGER, to_id INTEGER, type_id INTEGER, is_linked INTEGER";
	if (has_table(s, "associations_index"))
		return;
	run(s, "CREATE TABLE associations_index(written_ms INTEGER, %s, PRIMARY KEY(from_type, from_id, to_type, to_id, type_id)) WITHOUT ROWID",
		columns);
	run(s, "INSERT INTO associations_index SELECT 0, from_type, from_id, to_type, to_id, type_id, 1 FROM associations");
	run(s,
		"CREATE TABLE associations_pending(written_ms INTEGER, %s,"
		" PRIMARY KEY(written_ms, from_type, from_id, to_type, to_id, type_id)) WITHOUT ROWID",
		columns);
	for (int is_linked = 0; is_linked <= 1; is_linked++) {
		const char *row = is_linked ? "NEW" : "OLD";
		/* No OR REPLACE: the OR IGNORE of the statement outside would take its place. */
		run(s,
			"CREATE TRIGGER associations_%s AFTER %s ON associations BEGIN INSERT INTO associations_pending"
			" VALUES(" NOW_MS ", %s.from_type, %s.from_id, %s.to_type, %s.to_id, %s.type_id, %d)"
			" ON CONFLICT DO UPDATE SET is_linked=excluded.is_linked; END",
			is_linked ? "inserted" : "deleted", is_linked ? "INSERT" : "DELETE", row, row, row, row, row, is_linked);
	}
}

void lag_start(struct store *s, const struct schema schemas[TYPE_COUNT])
{
	for (int i = 0; i < TYPE_COUNT; i++)
		start_type(s, &object_types[i], &schemas[i]);
	start_links(s);
}

void lag_stop(struct store *s)
{
	for (int i = 0; i <= TYPE_COUNT; i++) {
		const char *table = i < TYPE_COUNT ? object_types[i].plural : "associations";
		run(s, "DROP TRIGGER IF EXISTS %s_inserted", table);
		run(s, "DROP TRIGGER IF EXISTS %s_%s", table, i < TYPE_COUNT ? "updated" : "deleted");
		run(s, "DROP TABLE IF EXISTS %s_pending", table);
		run(s, "DROP TABLE IF EXISTS %s_index", table);
	}
}

void lag_catch_up(struct store *s, int64_t written_ms)
{
	char sql[256];
	for (int i = 0; i <= TYPE_COUNT; i++) {
		const char *table = i < TYPE_COUNT ? object_types[i].plural : "associations";
		snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO %s_index SELECT * FROM %s_pending WHERE written_ms<=? ORDER BY written_ms", table,
			table);
		store_run(s, sql, "i", written_ms);
		snprintf(sql, sizeof sql, "DELETE FROM %s_pending WHERE written_ms<=?", table);
		store_run(s, sql, "i", written_ms);
	}
}
