/* lib/store/journal_db.h - the journal's connection and its prepared statements. Inside the journal only. */
#ifndef STORE_JOURNAL_DB_H
#define STORE_JOURNAL_DB_H
#include <sqlite3.h>

#include "store/journal.h"

enum { JOURNAL_STATEMENTS = 48 };

struct journal {
	sqlite3 *db; /* NULL: read-only, and there is none */
	struct {
		const char *source; /* a literal; its address names the statement */
		sqlite3_stmt *statement;
	} prepared[JOURNAL_STATEMENTS];
	size_t prepared_count;
	int lock_fd; /* -1: read-only */
	int watch_fd; /* -1: none */
	int64_t run; /* 0: none begun */
	char error[JOURNAL_ERROR_BYTES];
};

/* A statement, which must be a literal, with its values bound: a letter for each of `kinds`, i int64_t, s struct slice, t text (struct slice, NULL where empty),
 * z const char *. NULL with the error noted. Without a database: NULL, and no error. */
sqlite3_stmt *journal_query(struct journal *j, const char *source, const char *kinds, ...);

/* Runs it to its end. */
int journal_run_query(struct journal *j, sqlite3_stmt *statement);

/* The next row; false at the end (the statement is then reset), or after a failure, which *failed tells. */
bool journal_row(struct journal *j, sqlite3_stmt *statement, bool *failed);

int journal_failed(struct journal *j, const char *what);

/* A column's text in the arena, with a NUL behind it; empty for null. */
struct slice journal_column(sqlite3_stmt *statement, int column, struct arena *arena);
#endif
