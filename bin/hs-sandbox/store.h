/* bin/hs-sandbox/store.h - the portal's SQLite database: statements, transactions, tables.
 *
 * A table per object type with a column per property (so `sqlite3 FILE "select * from tasks"` reads well), a table of associations with a row for each
 * direction and their users' labels, a row of history a write, property definitions, groups, owners. One thread uses it.
 *
 * Failure is sticky: after an SQL error `failed` stays set until store_end, statements do nothing, and the request ends with 500 and no change. */
#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H
#include <sqlite3.h>

#include "base/buf.h"

enum { STORE_ERROR_BYTES = 256, STORE_CACHED_STATEMENTS = 256 };

struct store_statement {
	char *sql;
	sqlite3_stmt *stmt;
	uint64_t hash, used_at;
};

struct store {
	sqlite3 *db;
	struct store_statement cached[STORE_CACHED_STATEMENTS];
	uint64_t clock; /* counts uses, for the least recently used */
	bool failed;
	char error[STORE_ERROR_BYTES];
};

/* Opens or creates the file; NULL keeps all in memory. False with a message in s->error. */
bool store_open(struct store *s, const char *path);

/* Checkpoints and closes. False with a message in s->error. */
bool store_close(struct store *s);

/* A prepared statement with its values bound, from a cache by its text; borrowed until the next call with the same text. `kinds` has a letter a
 * value: i int64_t, s struct slice, z const char * (NULL: null). Text is borrowed until the statement is done. */
sqlite3_stmt *store_query(struct store *s, const char *sql, const char *kinds, ...);

/* The next row; false at the end or on failure. */
bool store_next(struct store *s, sqlite3_stmt *stmt);

/* Binds and steps to the end, for statements without rows. */
void store_run(struct store *s, const char *sql, const char *kinds, ...);

/* Runs a query for one whole number; `fallback` where there is no row or it is null. */
int64_t store_number(struct store *s, int64_t fallback, const char *sql, const char *kinds, ...);

void store_begin(struct store *s);

/* Commits, or rolls back where `keep` is false or something failed. False when it had failed. */
bool store_end(struct store *s, bool keep);

/* A column as text, borrowed until the next step; ptr NULL where it is null. */
struct slice store_text(sqlite3_stmt *stmt, int column);
#endif
