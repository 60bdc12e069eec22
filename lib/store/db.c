#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sha256.h"

enum { BUSY_MS = 30000 };

/* Taken while the database is opened: a change to WAL mode does not wait for others, it fails. */
static const off_t OPENING_BYTE = 0;

static int failed(struct db *d, const char *what)
{
	int code = d->handle == NULL ? SQLITE_OK : sqlite3_errcode(d->handle) & 0xff;
	d->is_damaged = d->is_damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	if (what == NULL)
		snprintf(d->error, sizeof d->error, "%s", sqlite3_errmsg(d->handle));
	else
		snprintf(d->error, sizeof d->error, "%s: %s", what, d->handle == NULL ? strerror(errno) : sqlite3_errmsg(d->handle));
	return -1;
}

/* -- locks -- */

static int set_lock(struct db *d, off_t byte, short type, bool wait)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	if (d->lock_fd < 0 || fcntl(d->lock_fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) == 0)
		return 0;
	return !wait && (errno == EAGAIN || errno == EACCES) ? 1 : -1;
}

/* Far past the file's end, which stays empty. */
static off_t byte_of(const char *key)
{
	unsigned char digest[SHA256_BYTES];
	uint64_t number = 0;
	sha256(slice_of(key), digest);
	for (size_t i = 0; i < sizeof number; i++)
		number = number << 8 | digest[i];
	return OPENING_BYTE + 1 + (off_t)(number >> 2);
}

int db_lock(struct db *d, const char *key, bool wait)
{
	return set_lock(d, byte_of(key), F_WRLCK, wait);
}

void db_unlock(struct db *d, const char *key)
{
	set_lock(d, byte_of(key), F_UNLCK, false);
}

/* -- opening -- */

static int open_lock_file(struct db *d, const char *path)
{
	char *name = sqlite3_mprintf("%s.lock", path);
	if (name != NULL)
		d->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	sqlite3_free(name);
	return d->lock_fd < 0 || set_lock(d, OPENING_BYTE, F_WRLCK, true) != 0 ? failed(d, path) : 0;
}

static int read_version(struct db *d)
{
	sqlite3_stmt *statement = NULL;
	int version = -1;
	if (sqlite3_prepare_v2(d->handle, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

static int upgrade(struct db *d, const char *sql, int version)
{
	char *script = sqlite3_mprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT", sql, version);
	int result = script == NULL ? -1 : db_execute(d, script);
	sqlite3_free(script);
	return result;
}

static int prepare(struct db *d, const struct db_plan *plan, size_t count)
{
	if ((d->statements = calloc(count, sizeof(sqlite3_stmt *))) == NULL)
		return -1;
	for (; d->statement_count < count; d->statement_count++)
		if (sqlite3_prepare_v3(d->handle, plan->statements[d->statement_count], -1, SQLITE_PREPARE_PERSISTENT,
			    &d->statements[d->statement_count], NULL) != SQLITE_OK)
			return -1;
	return 0;
}

/* SQLite's own way to empty a damaged database: other connections see it as a transaction like any other. */
static int empty(struct db *d)
{
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
	int result = db_execute(d, "VACUUM");
	sqlite3_db_config(d->handle, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
	return result;
}

enum mode { READ_ONLY, READ_WRITE, ANEW };

static int open_database(struct db *d, const char *path, const struct db_plan *plan, enum mode mode)
{
	const bool read_only = mode == READ_ONLY;
	/* A reader too may find what a writer left that died, and has to recover it first. */
	int flags = SQLITE_OPEN_READWRITE | (read_only ? 0 : SQLITE_OPEN_CREATE);
	int latest = 0;
	while (plan->versions[latest] != NULL)
		latest++;
	if (sqlite3_open_v2(path, &d->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return failed(d, path);
	sqlite3_busy_timeout(d->handle, BUSY_MS);
	if (mode == ANEW && empty(d) != 0)
		return failed(d, path);
	if (!read_only &&
		(db_execute(d, "PRAGMA journal_mode = WAL") != 0 ||
			db_execute(d, plan->is_durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL") != 0))
		return failed(d, path);
	int version = read_version(d);
	if (version < 0)
		return failed(d, path);
	if (version > latest) {
		snprintf(d->error, sizeof d->error, "%s: was made by a newer version of this program", path);
		return -1;
	}
	if (version == 0 && read_only) {
		sqlite3_close(d->handle);
		d->handle = NULL;
		return 0;
	}
	for (; version < latest && !read_only; version++)
		if (upgrade(d, plan->versions[version], version + 1) != 0)
			return failed(d, path);
	return prepare(d, plan, read_only ? plan->read_count : plan->statement_count) == 0 ? 0 : failed(d, path);
}

static int open_mode(struct db *d, const char *path, const struct db_plan *plan, enum mode mode)
{
	*d = (struct db){ .lock_fd = -1 };
	if (mode == READ_ONLY && access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	int result = mode != READ_ONLY && open_lock_file(d, path) != 0 ? -1 : open_database(d, path, plan, mode);
	set_lock(d, OPENING_BYTE, F_UNLCK, false);
	if (result != 0)
		db_close(d);
	return result;
}

int db_open(struct db *d, const char *path, const struct db_plan *plan, bool read_only)
{
	return open_mode(d, path, plan, read_only ? READ_ONLY : READ_WRITE);
}

int db_open_anew(struct db *d, const char *path, const struct db_plan *plan)
{
	return open_mode(d, path, plan, ANEW);
}

void db_close(struct db *d)
{
	for (size_t i = 0; i < d->statement_count; i++)
		sqlite3_finalize(d->statements[i]);
	free(d->statements);
	sqlite3_close(d->handle);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
	d->handle = NULL;
	d->statements = NULL;
	d->statement_count = 0;
	d->lock_fd = -1;
}

/* -- statements -- */

int db_execute(struct db *d, const char *sql)
{
	return sqlite3_exec(d->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(d, NULL);
}

void db_bind_text(sqlite3_stmt *statement, int parameter, struct slice text)
{
	sqlite3_bind_text64(statement, parameter, text.ptr == NULL ? "" : text.ptr, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int db_next(struct db *d, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		return 1;
	if (result != SQLITE_DONE)
		failed(d, NULL);
	sqlite3_reset(statement);
	return result == SQLITE_DONE ? 0 : -1;
}

int db_run(struct db *d, sqlite3_stmt *statement)
{
	int result = db_next(d, statement);
	sqlite3_reset(statement);
	return result < 0 ? -1 : 0;
}

struct slice db_column(sqlite3_stmt *statement, int column)
{
	const char *bytes = sqlite3_column_blob(statement, column);
	return (struct slice){ bytes == NULL ? "" : bytes, (size_t)sqlite3_column_bytes(statement, column) };
}
