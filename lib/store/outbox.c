#include "store/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sha256.h"

enum { BUSY_MS = 30000, SCHEMA_VERSION = 1 };

static const char schema[] = "CREATE TABLE IF NOT EXISTS outbox("
			     " key TEXT PRIMARY KEY NOT NULL,"
			     " state TEXT NOT NULL CHECK(state IN ('intended', 'sent')),"
			     " at_ms INTEGER NOT NULL,"
			     " target TEXT NOT NULL,"
			     " recipient TEXT NOT NULL"
			     ") STRICT, WITHOUT ROWID;"
			     "PRAGMA user_version = 1;";

enum statement { GET, INTEND, SETTLE, STATEMENTS };
static const char *const sources[STATEMENTS] = {
	[GET] = "SELECT state, at_ms, target, recipient FROM outbox WHERE key = ?1",
	/* A message that is sent stays so, whatever comes later. */
	[INTEND] = ("INSERT INTO outbox(key, state, at_ms, target, recipient) VALUES(?1, 'intended', ?2, ?3, ?4) ON CONFLICT(key) DO UPDATE"
		    " SET at_ms = ?2, target = ?3, recipient = ?4 WHERE state = 'intended'"),
	[SETTLE] = "UPDATE outbox SET state = 'sent', at_ms = ?2 WHERE key = ?1",
};

struct outbox {
	sqlite3 *db; /* NULL: read-only, and there is none */
	sqlite3_stmt *statements[STATEMENTS];
	int lock_fd; /* -1: read-only */
	off_t locked; /* the byte that is held; -1: none */
	char error[OUTBOX_ERROR_BYTES];
};

static int failed(struct outbox *o, const char *what)
{
	snprintf(o->error, sizeof o->error, "%s: %s", what, o->db == NULL ? strerror(errno) : sqlite3_errmsg(o->db));
	return -1;
}

/* -- locks: one byte of the lock file for each key, far past its end; byte 0 while the database is opened -- */

static int lock_byte(struct outbox *o, off_t byte)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	if (o->lock_fd >= 0 && fcntl(o->lock_fd, F_OFD_SETLKW, &lock) != 0)
		return -1;
	o->locked = byte;
	return 0;
}

int outbox_lock(struct outbox *o, const char *key)
{
	unsigned char digest[SHA256_BYTES];
	uint64_t byte = 0;
	sha256(slice_of(key), digest);
	for (size_t i = 0; i < sizeof byte; i++)
		byte = byte << 8 | digest[i];
	return lock_byte(o, (off_t)(byte >> 2) + 1);
}

void outbox_unlock(struct outbox *o)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = o->locked, .l_len = 1 };
	if (o->lock_fd >= 0 && o->locked >= 0)
		fcntl(o->lock_fd, F_OFD_SETLK, &lock);
	o->locked = -1;
}

/* -- opening -- */

static int open_lock_file(struct outbox *o, const char *path)
{
	char *name = sqlite3_mprintf("%s.lock", path);
	if (name == NULL)
		return -1;
	o->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	sqlite3_free(name);
	return o->lock_fd < 0 ? -1 : lock_byte(o, 0);
}

static int user_version(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	int version = -1;
	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

static int open_database(struct outbox *o, const char *path, bool read_only)
{
	int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(path, &o->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return failed(o, path);
	sqlite3_busy_timeout(o->db, BUSY_MS);
	if (!read_only && sqlite3_exec(o->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK)
		return failed(o, path);
	int version = user_version(o->db);
	if (version < 0)
		return failed(o, path);
	if (version > SCHEMA_VERSION) {
		snprintf(o->error, sizeof o->error, "%s: was made by a newer version of this program", path);
		return -1;
	}
	if (version == 0 && !read_only && sqlite3_exec(o->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return failed(o, path);
	for (int i = 0; i < (read_only ? INTEND : STATEMENTS); i++)
		if (sqlite3_prepare_v3(o->db, sources[i], -1, SQLITE_PREPARE_PERSISTENT, &o->statements[i], NULL) != SQLITE_OK)
			return failed(o, path);
	return 0;
}

struct outbox *outbox_open(const char *path, bool read_only, char error[OUTBOX_ERROR_BYTES])
{
	struct outbox *o = calloc(1, sizeof *o);
	if (o == NULL) {
		snprintf(error, OUTBOX_ERROR_BYTES, "out of memory");
		return NULL;
	}
	o->lock_fd = -1;
	o->locked = -1;
	if (read_only && access(path, F_OK) != 0 && errno == ENOENT)
		return o;
	int result = !read_only && open_lock_file(o, path) != 0 ? failed(o, path) : open_database(o, path, read_only);
	outbox_unlock(o);
	if (result == 0)
		return o;
	memcpy(error, o->error, OUTBOX_ERROR_BYTES);
	outbox_close(o);
	return NULL;
}

void outbox_close(struct outbox *o)
{
	if (o == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(o->statements[i]);
	sqlite3_close(o->db);
	if (o->lock_fd >= 0)
		close(o->lock_fd);
	free(o);
}

const char *outbox_error(const struct outbox *o)
{
	return o->error;
}

/* -- entries -- */

static int finish(struct outbox *o, sqlite3_stmt *statement, int result)
{
	if (result != SQLITE_DONE && result != SQLITE_ROW)
		failed(o, "outbox");
	sqlite3_reset(statement);
	return result == SQLITE_DONE || result == SQLITE_ROW ? 0 : -1;
}

static void copy_column(sqlite3_stmt *statement, int column, char *text, size_t size)
{
	const unsigned char *value = sqlite3_column_text(statement, column);
	snprintf(text, size, "%s", value == NULL ? "" : (const char *)value);
}

int outbox_get(struct outbox *o, const char *key, struct outbox_entry *entry)
{
	sqlite3_stmt *statement = o->statements[GET];
	*entry = (struct outbox_entry){ .state = OUTBOX_NONE };
	if (o->db == NULL)
		return 0;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT);
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		entry->state = strcmp((const char *)sqlite3_column_text(statement, 0), "sent") == 0 ? OUTBOX_SENT : OUTBOX_INTENDED;
		entry->at_ms = sqlite3_column_int64(statement, 1);
		copy_column(statement, 2, entry->target, sizeof entry->target);
		copy_column(statement, 3, entry->recipient, sizeof entry->recipient);
	}
	return finish(o, statement, result);
}

int outbox_intend(struct outbox *o, const char *key, const struct outbox_entry *entry)
{
	sqlite3_stmt *statement = o->statements[INTEND];
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(statement, 2, entry->at_ms);
	sqlite3_bind_text(statement, 3, entry->target, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(statement, 4, entry->recipient, -1, SQLITE_TRANSIENT);
	return finish(o, statement, sqlite3_step(statement));
}

int outbox_settle(struct outbox *o, const char *key, int64_t at_ms)
{
	sqlite3_stmt *statement = o->statements[SETTLE];
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(statement, 2, at_ms);
	return finish(o, statement, sqlite3_step(statement));
}
