#include "store/outbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/db.h"

static const char *const versions[] = {
	("CREATE TABLE IF NOT EXISTS outbox("
	 " key TEXT PRIMARY KEY NOT NULL,"
	 " state TEXT NOT NULL CHECK(state IN ('intended', 'sent')),"
	 " at_ms INTEGER NOT NULL,"
	 " target TEXT NOT NULL,"
	 " recipient TEXT NOT NULL"
	 ") STRICT, WITHOUT ROWID"),
	NULL,
};

enum statement { GET, INTEND, SETTLE, STATEMENTS };
static const char *const statements[STATEMENTS] = {
	[GET] = "SELECT state, at_ms, target, recipient FROM outbox WHERE key = ?1",
	/* A message that is sent stays so, whatever comes later. */
	[INTEND] = ("INSERT INTO outbox(key, state, at_ms, target, recipient) VALUES(?1, 'intended', ?2, ?3, ?4) ON CONFLICT(key) DO UPDATE"
		    " SET at_ms = ?2, target = ?3, recipient = ?4 WHERE state = 'intended'"),
	[SETTLE] = "UPDATE outbox SET state = 'sent', at_ms = ?2 WHERE key = ?1",
};

static const struct db_plan plan = {
	.versions = versions, .statements = statements, .statement_count = STATEMENTS, .read_count = INTEND, .is_durable = true
};

struct outbox {
	struct db db;
	char *locked; /* the key that is held; NULL: none */
};

struct outbox *outbox_open(const char *path, bool read_only, char error[OUTBOX_ERROR_BYTES])
{
	struct outbox *o = calloc(1, sizeof *o);
	if (o == NULL) {
		snprintf(error, OUTBOX_ERROR_BYTES, "out of memory");
		return NULL;
	}
	if (db_open(&o->db, path, &plan, read_only) == 0)
		return o;
	snprintf(error, OUTBOX_ERROR_BYTES, "%s", o->db.error);
	free(o);
	return NULL;
}

void outbox_close(struct outbox *o)
{
	if (o == NULL)
		return;
	db_close(&o->db);
	free(o->locked);
	free(o);
}

const char *outbox_error(const struct outbox *o)
{
	return o->db.error;
}

int outbox_lock(struct outbox *o, const char *key)
{
	char *copy = strdup(key);
	if (copy == NULL || db_lock(&o->db, key, true) != 0) {
		free(copy);
		return -1;
	}
	o->locked = copy;
	return 0;
}

void outbox_unlock(struct outbox *o)
{
	if (o->locked != NULL)
		db_unlock(&o->db, o->locked);
	free(o->locked);
	o->locked = NULL;
}

static void copy_column(sqlite3_stmt *statement, int column, char *text, size_t size)
{
	struct slice value = db_column(statement, column);
	snprintf(text, size, "%.*s", (int)value.len, value.ptr);
}

int outbox_get(struct outbox *o, const char *key, struct outbox_entry *entry)
{
	*entry = (struct outbox_entry){ .state = OUTBOX_NONE };
	if (o->db.handle == NULL)
		return 0;
	sqlite3_stmt *statement = o->db.statements[GET];
	db_bind_text(statement, 1, slice_of(key));
	int result = db_next(&o->db, statement);
	if (result != 1)
		return result;
	entry->state = slice_is(db_column(statement, 0), "sent") ? OUTBOX_SENT : OUTBOX_INTENDED;
	entry->at_ms = sqlite3_column_int64(statement, 1);
	copy_column(statement, 2, entry->target, sizeof entry->target);
	copy_column(statement, 3, entry->recipient, sizeof entry->recipient);
	sqlite3_reset(statement);
	return 0;
}

int outbox_intend(struct outbox *o, const char *key, const struct outbox_entry *entry)
{
	sqlite3_stmt *statement = o->db.statements[INTEND];
	db_bind_text(statement, 1, slice_of(key));
	sqlite3_bind_int64(statement, 2, entry->at_ms);
	db_bind_text(statement, 3, slice_of(entry->target));
	db_bind_text(statement, 4, slice_of(entry->recipient));
	return db_run(&o->db, statement);
}

int outbox_settle(struct outbox *o, const char *key, int64_t at_ms)
{
	sqlite3_stmt *statement = o->db.statements[SETTLE];
	db_bind_text(statement, 1, slice_of(key));
	sqlite3_bind_int64(statement, 2, at_ms);
	return db_run(&o->db, statement);
}
