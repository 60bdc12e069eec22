#include "store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCHEMA_VERSION = 2 };

static const char base_tables[] =
	"CREATE TABLE properties(object_type INTEGER, name TEXT, label TEXT, type TEXT, field_type TEXT, group_name TEXT, description TEXT,"
	" display_order INTEGER, unique_value INTEGER, hidden INTEGER, form_field INTEGER, hubspot_defined INTEGER, read_only INTEGER, options TEXT,"
	" created TEXT, updated TEXT, archived TEXT, PRIMARY KEY(object_type, name)) WITHOUT ROWID;"
	"CREATE TABLE property_groups(object_type INTEGER, name TEXT, label TEXT, display_order INTEGER, archived INTEGER,"
	" PRIMARY KEY(object_type, name)) WITHOUT ROWID;"
	"CREATE TABLE owners(id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, user_id INTEGER, type TEXT, created TEXT);"
	"CREATE TABLE associations(from_type INTEGER, from_id INTEGER, to_type INTEGER, to_id INTEGER, type_id INTEGER,"
	" PRIMARY KEY(from_type, from_id, to_type, to_id, type_id)) WITHOUT ROWID;"
	"CREATE TABLE association_labels(type_id INTEGER PRIMARY KEY AUTOINCREMENT, from_type INTEGER, to_type INTEGER, name TEXT, label TEXT,"
	" inverse_id INTEGER);"
	"CREATE TABLE history(id INTEGER PRIMARY KEY, object_type INTEGER, object_id INTEGER, at TEXT, changes TEXT);"
	"CREATE INDEX history_of ON history(object_id);";

static void fail(struct store *s)
{
	if (!s->failed)
		snprintf(s->error, sizeof s->error, "%s", s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db));
	s->failed = true;
}

/* The file is a rehearsal's: WAL and synchronous=OFF keep it whole over a kill of this process, not over a power cut, for a third of the time. */
static bool prepare_file(struct store *s)
{
	char sql[64];
	if (sqlite3_exec(s->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536", NULL, NULL,
		    NULL) != SQLITE_OK)
		return false;
	int64_t version = store_number(s, 0, "PRAGMA user_version", "");
	if (version == SCHEMA_VERSION)
		return true;
	if (version != 0) {
		snprintf(s->error, sizeof s->error, "made by another version of hs-sandbox");
		s->failed = true;
		return false;
	}
	snprintf(sql, sizeof sql, "PRAGMA user_version=%d", SCHEMA_VERSION);
	return sqlite3_exec(s->db, base_tables, NULL, NULL, NULL) == SQLITE_OK && sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

bool store_open(struct store *s, const char *path)
{
	*s = (struct store){ .db = NULL };
	if (sqlite3_open_v2(path == NULL ? ":memory:" : path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
			SQLITE_OK ||
		!prepare_file(s)) {
		fail(s);
		sqlite3_close(s->db);
		s->db = NULL;
		return false;
	}
	return true;
}

bool store_close(struct store *s)
{
	if (s->db == NULL)
		return true;
	for (size_t i = 0; i < STORE_CACHED_STATEMENTS; i++) {
		sqlite3_finalize(s->cached[i].stmt);
		free(s->cached[i].sql);
	}
	bool good = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
	if (!good)
		fail(s);
	good = sqlite3_close(s->db) == SQLITE_OK && good;
	s->db = NULL;
	return good;
}

/* FNV-1a. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash;
}

static struct store_statement *find_statement(struct store *s, const char *sql)
{
	uint64_t hash = hash_text(sql);
	struct store_statement *oldest = &s->cached[0];
	for (size_t i = 0; i < STORE_CACHED_STATEMENTS; i++) {
		struct store_statement *entry = &s->cached[i];
		if (entry->hash == hash && entry->sql != NULL && strcmp(entry->sql, sql) == 0)
			return entry;
		if (entry->used_at < oldest->used_at)
			oldest = entry;
	}
	sqlite3_finalize(oldest->stmt);
	free(oldest->sql);
	*oldest = (struct store_statement){ .sql = strdup(sql), .hash = hash };
	if (oldest->sql == NULL || sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &oldest->stmt, NULL) != SQLITE_OK) {
		fail(s);
		free(oldest->sql);
		*oldest = (struct store_statement){ .sql = NULL };
		return NULL;
	}
	return oldest;
}

static sqlite3_stmt *bind(struct store *s, const char *sql, const char *kinds, va_list args)
{
	struct store_statement *entry = s->failed ? NULL : find_statement(s, sql);
	if (entry == NULL)
		return NULL;
	entry->used_at = ++s->clock;
	sqlite3_reset(entry->stmt);
	for (int i = 0; kinds[i] != '\0'; i++) {
		struct slice text;
		switch (kinds[i]) {
		case 'i': sqlite3_bind_int64(entry->stmt, i + 1, va_arg(args, int64_t)); break;
		case 's':
			text = va_arg(args, struct slice);
			sqlite3_bind_text64(entry->stmt, i + 1, text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
			break;
		default: sqlite3_bind_text(entry->stmt, i + 1, va_arg(args, const char *), -1, SQLITE_STATIC); break;
		}
	}
	return entry->stmt;
}

sqlite3_stmt *store_query(struct store *s, const char *sql, const char *kinds, ...)
{
	va_list args;
	va_start(args, kinds);
	sqlite3_stmt *stmt = bind(s, sql, kinds, args);
	va_end(args);
	return stmt;
}

bool store_next(struct store *s, sqlite3_stmt *stmt)
{
	if (stmt == NULL)
		return false;
	int result = sqlite3_step(stmt);
	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		fail(s);
	sqlite3_reset(stmt);
	return false;
}

void store_run(struct store *s, const char *sql, const char *kinds, ...)
{
	va_list args;
	va_start(args, kinds);
	sqlite3_stmt *stmt = bind(s, sql, kinds, args);
	va_end(args);
	while (store_next(s, stmt))
		;
}

int64_t store_number(struct store *s, int64_t fallback, const char *sql, const char *kinds, ...)
{
	va_list args;
	va_start(args, kinds);
	sqlite3_stmt *stmt = bind(s, sql, kinds, args);
	va_end(args);
	if (!store_next(s, stmt))
		return fallback;
	int64_t number = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? fallback : sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return number;
}

void store_begin(struct store *s)
{
	s->error[0] = '\0';
	store_run(s, "BEGIN", "");
}

bool store_end(struct store *s, bool keep)
{
	if (keep && !s->failed)
		store_run(s, "COMMIT", "");
	bool good = !s->failed;
	s->failed = false;
	if (!sqlite3_get_autocommit(s->db))
		store_run(s, "ROLLBACK", "");
	s->failed = false;
	return good;
}

struct slice store_text(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	return (struct slice){ text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, column) };
}
