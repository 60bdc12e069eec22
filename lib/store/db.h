/* lib/store/db.h - a SQLite database that several processes share: opened, brought to its version, its statements prepared; and locks by key beside it.
 *
 * For the parts of this layer only: each describes its tables and statements in a plan. WAL mode. */
#ifndef STORE_DB_H
#define STORE_DB_H
#include <sqlite3.h>

#include "base/slice.h"

enum { DB_ERROR_BYTES = 512 };

struct db_plan {
	const char *const *versions; /* versions[i] is the SQL that takes version i to i + 1, in one transaction; ended by NULL */
	const char *const *statements;
	size_t statement_count;
	size_t read_count; /* the first so many only read: all that a read-only database prepares */
	/* synchronous=FULL: what a call reports is on the disk. Else NORMAL: when the machine dies the last transactions may be lost, no more. */
	bool is_durable;
};

struct db {
	sqlite3 *handle; /* NULL: read-only, and there is none */
	sqlite3_stmt **statements;
	size_t statement_count;
	int lock_fd; /* -1: read-only */
	bool is_damaged; /* a call failed since the file is no database or a broken one */
	char error[DB_ERROR_BYTES]; /* why the last call failed */
};

/* Opens, and makes where missing, the database and its lock file PATH.lock. With `read_only` nothing is made, and a missing or still empty database has
 * no handle. -1 with the reason in d->error; there is then nothing to close. */
int db_open(struct db *d, const char *path, const struct db_plan *plan, bool read_only);

/* The same, but empties what is there, whatever state it is in and whoever else has it open: for what can be had again. */
int db_open_anew(struct db *d, const char *path, const struct db_plan *plan);
void db_close(struct db *d);

/* Several statements without parameters: "BEGIN IMMEDIATE". 0; -1 with d->error. */
int db_execute(struct db *d, const char *sql);

/* Copied for the call. */
void db_bind_text(sqlite3_stmt *statement, int parameter, struct slice text);

/* Steps a statement once, for what it does and not for rows, and resets it. 0; -1 with d->error. */
int db_run(struct db *d, sqlite3_stmt *statement);

/* Steps to the next row: 1; or resets it: 0 at the end, -1 with d->error. A statement that is left before its end is the caller's to reset. */
int db_next(struct db *d, sqlite3_stmt *statement);

/* A column's text or blob, borrowed until the next step or reset; empty for NULL. */
struct slice db_column(sqlite3_stmt *statement, int column);

/* One byte of the lock file stands for each key. The kernel lets go when the process dies. Locks exclude other opened databases, not another use of the same
 * `d`. 0; 1 when another holds it and `wait` is false; -1 with errno set (EINTR: a signal came while waiting). Without a lock file always 0. */
int db_lock(struct db *d, const char *key, bool wait);
void db_unlock(struct db *d, const char *key);
#endif
