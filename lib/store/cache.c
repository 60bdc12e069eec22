#include "store/cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/db.h"

enum {
	BUSY_MS = 100, /* an event loop waits behind it */
	TOUCH_EVERY_MS = 10 * MS_PER_MINUTE, /* who was used last is known this finely: a read is seldom a write */
	HELD_BYTES = 512 << 10, /* more than this is given back */
	LARGEST_PART = 8, /* of the whole, for one entry */
};

static const char *const versions[] = {
	("CREATE TABLE entry("
	 " key TEXT PRIMARY KEY NOT NULL,"
	 " kind TEXT NOT NULL,"
	 " outcome INTEGER NOT NULL,"
	 " status INTEGER NOT NULL,"
	 " stored_ms INTEGER NOT NULL,"
	 " fresh_until_ms INTEGER NOT NULL,"
	 " used_ms INTEGER NOT NULL,"
	 " error TEXT NOT NULL,"
	 " headers BLOB NOT NULL,"
	 " body BLOB NOT NULL"
	 ") STRICT;"
	 "CREATE INDEX entry_by_use ON entry(used_ms)"),
	NULL,
};

enum statement { GET, BYTES, PUT, TOUCH, PRUNE, STATEMENTS };
static const char *const statements[STATEMENTS] = {
	[GET] = "SELECT kind, outcome, status, stored_ms, fresh_until_ms, used_ms, error, headers, body FROM entry WHERE key = ?1",
	[BYTES] = ("SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"),
	[PUT] = ("INSERT OR REPLACE INTO entry(key, kind, outcome, status, stored_ms, fresh_until_ms, used_ms, error, headers, body)"
		 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7, ?8, ?9)"),
	[TOUCH] = "UPDATE entry SET used_ms = ?2 WHERE key = ?1",
	/* More at a time than one entry brings, so that most writes need not prune; few enough not to hold anybody up. */
	[PRUNE] = "DELETE FROM entry WHERE key IN (SELECT key FROM entry ORDER BY used_ms LIMIT 32)",
};

static const struct db_plan plan = { .versions = versions, .statements = statements, .statement_count = STATEMENTS, .read_count = PUT };

struct cache {
	struct db db; /* without a handle once it could not be mended */
	char *path;
	int64_t max_bytes;
	struct buf texts; /* of the entry handed out */
};

static int open_database(struct cache *c)
{
	int result = db_open(&c->db, c->path, &plan, false);
	if (result != 0 && c->db.is_damaged)
		result = db_open_anew(&c->db, c->path, &plan);
	if (result == 0)
		sqlite3_busy_timeout(c->db.handle, BUSY_MS);
	return result;
}

/* After a call that failed: a full disk or a busy database passes, damage does not. Keys that were held are free then, which costs others a fetch. */
static void mend(struct cache *c)
{
	if (!c->db.is_damaged)
		return;
	db_close(&c->db);
	if (db_open_anew(&c->db, c->path, &plan) == 0)
		sqlite3_busy_timeout(c->db.handle, BUSY_MS);
}

struct cache *cache_open(const char *path, int64_t max_bytes, char error[CACHE_ERROR_BYTES])
{
	struct cache *c = calloc(1, sizeof *c);
	char *copy = strdup(path);
	if (c == NULL || copy == NULL) {
		snprintf(error, CACHE_ERROR_BYTES, "out of memory");
		free(copy);
		free(c);
		return NULL;
	}
	*c = (struct cache){ .path = copy, .max_bytes = max_bytes > 0 ? max_bytes : CACHE_MAX_BYTES };
	buf_init(&c->texts, (size_t)c->max_bytes);
	if (open_database(c) == 0)
		return c;
	snprintf(error, CACHE_ERROR_BYTES, "%s", c->db.error);
	cache_close(c);
	return NULL;
}

void cache_close(struct cache *c)
{
	if (c == NULL)
		return;
	db_close(&c->db);
	buf_release(&c->texts);
	free(c->path);
	free(c);
}

/* -- reading -- */

/* Copies the row's texts, so that the row is not held: it would keep the write-ahead log from starting over. */
static bool take_row(struct cache *c, sqlite3_stmt *row, struct cache_entry *entry)
{
	struct slice *const texts[] = { &entry->kind, &entry->error, &entry->headers, &entry->body };
	const int columns[] = { 0, 6, 7, 8 };
	*entry = (struct cache_entry){
		.outcome = sqlite3_column_int(row, 1),
		.status = sqlite3_column_int(row, 2),
		.stored_ms = sqlite3_column_int64(row, 3),
		.fresh_until_ms = sqlite3_column_int64(row, 4),
	};
	if (c->texts.cap > HELD_BYTES)
		buf_release(&c->texts);
	buf_reset(&c->texts);
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		*texts[i] = db_column(row, columns[i]);
		buf_put_slice(&c->texts, *texts[i]);
	}
	const char *at = buf_text(&c->texts);
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		texts[i]->ptr = at;
		at += texts[i]->len;
	}
	return !c->texts.failed;
}

static void touch(struct cache *c, const char *key, int64_t now_ms)
{
	db_bind_text(c->db.statements[TOUCH], 1, slice_of(key));
	sqlite3_bind_int64(c->db.statements[TOUCH], 2, now_ms);
	if (db_run(&c->db, c->db.statements[TOUCH]) != 0)
		mend(c);
}

bool cache_get(struct cache *c, const char *key, int64_t now_ms, struct cache_entry *entry)
{
	if (c->db.handle == NULL)
		return false;
	sqlite3_stmt *row = c->db.statements[GET];
	db_bind_text(row, 1, slice_of(key));
	int result = db_next(&c->db, row);
	if (result < 0)
		mend(c);
	if (result != 1)
		return false;
	int64_t used_ms = sqlite3_column_int64(row, 5);
	bool ok = take_row(c, row, entry);
	sqlite3_reset(row);
	if (now_ms - used_ms >= TOUCH_EVERY_MS)
		touch(c, key, now_ms);
	return ok;
}

/* -- writing -- */

static void prune(struct cache *c)
{
	sqlite3_stmt *bytes = c->db.statements[BYTES];
	bool is_full = db_next(&c->db, bytes) == 1 && sqlite3_column_int64(bytes, 0) > c->max_bytes;
	sqlite3_reset(bytes);
	if (is_full && db_run(&c->db, c->db.statements[PRUNE]) != 0)
		mend(c);
}

static void bind_blob(sqlite3_stmt *statement, int parameter, struct slice bytes)
{
	sqlite3_bind_blob64(statement, parameter, bytes.len == 0 ? "" : bytes.ptr, bytes.len, SQLITE_STATIC);
}

void cache_put(struct cache *c, const char *key, const struct cache_entry *entry)
{
	if (c->db.handle == NULL || (int64_t)(entry->headers.len + entry->body.len) > c->max_bytes / LARGEST_PART)
		return;
	sqlite3_stmt *put = c->db.statements[PUT];
	db_bind_text(put, 1, slice_of(key));
	db_bind_text(put, 2, entry->kind);
	sqlite3_bind_int(put, 3, entry->outcome);
	sqlite3_bind_int64(put, 4, entry->status);
	sqlite3_bind_int64(put, 5, entry->stored_ms);
	sqlite3_bind_int64(put, 6, entry->fresh_until_ms);
	db_bind_text(put, 7, entry->error);
	bind_blob(put, 8, entry->headers);
	bind_blob(put, 9, entry->body);
	int result = db_run(&c->db, put);
	sqlite3_clear_bindings(put);
	if (result != 0)
		mend(c);
	if (result == 0)
		prune(c);
}

/* -- single flight -- */

bool cache_lock(struct cache *c, const char *key)
{
	return db_lock(&c->db, key, false) != 1;
}

void cache_unlock(struct cache *c, const char *key)
{
	db_unlock(&c->db, key);
}
