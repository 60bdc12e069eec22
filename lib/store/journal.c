#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "store/journal_db.h"

enum { BUSY_MS = 60000, SCHEMA_VERSION = 1, PATH_BYTES = 8192, CHECKPOINT_PAGES = 1000, LEASE_KEPT_MS = 7 * 24 * 3600000, MAX_CLAIMS = 64 };

/* Byte 0 of the lock file is held while the database is made; a run's own byte lies at this offset plus its number. */
enum { RUN_LOCKS = 1 << 10 };

static const char schema[] =
	"CREATE TABLE run("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" verb TEXT NOT NULL,"
	" host TEXT NOT NULL,"
	" began_ms INTEGER NOT NULL"
	") STRICT;"
	"CREATE TABLE lease("
	" task TEXT PRIMARY KEY NOT NULL,"
	" token TEXT NOT NULL,"
	" run INTEGER NOT NULL,"
	" settler INTEGER NOT NULL DEFAULT 0,"
	" state INTEGER NOT NULL," /* enum journal_lease_state */
	" expires_ms INTEGER NOT NULL,"
	" claimed_ms INTEGER NOT NULL,"
	" attempt INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE settler(claim INTEGER NOT NULL, run INTEGER NOT NULL, PRIMARY KEY(claim, run)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE work("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" run INTEGER NOT NULL," /* who has it now: it changes when another run finishes it */
	" origin INTEGER NOT NULL," /* who read the record */
	" kind TEXT NOT NULL, task TEXT, token TEXT, generation TEXT, contact TEXT, company TEXT, route TEXT, verdict TEXT, reason TEXT,"
	" attempt INTEGER NOT NULL, due_ms INTEGER NOT NULL, now TEXT, body TEXT, member TEXT, result TEXT, rules TEXT,"
	" at_ms INTEGER NOT NULL,"
	" state INTEGER NOT NULL DEFAULT 0" /* enum journal_work_state */
	") STRICT;"
	"CREATE INDEX work_pending ON work(id) WHERE state = 0;"
	"CREATE INDEX work_contact ON work(contact);"
	"CREATE INDEX work_at ON work(at_ms);"
	"CREATE TABLE effect("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" work INTEGER NOT NULL,"
	" name TEXT NOT NULL, ordinal INTEGER NOT NULL, key TEXT, is_create INTEGER NOT NULL,"
	" object TEXT NOT NULL, object_id TEXT, input TEXT, before TEXT, after TEXT,"
	" state INTEGER NOT NULL DEFAULT 0," /* enum journal_effect_state */
	" sent_ms INTEGER NOT NULL DEFAULT 0"
	") STRICT;"
	"CREATE UNIQUE INDEX effect_key ON effect(key) WHERE is_create = 1 AND key IS NOT NULL;"
	"CREATE INDEX effect_work ON effect(work);"
	"CREATE INDEX effect_object ON effect(object_id);"
	"CREATE TABLE paused(route TEXT PRIMARY KEY NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"PRAGMA user_version = 1;";

/* -- statements -- */

int journal_failed(struct journal *j, const char *what)
{
	snprintf(j->error, sizeof j->error, "%s: %s", what, j->db == NULL ? strerror(errno) : sqlite3_errmsg(j->db));
	return -1;
}

static sqlite3_stmt *prepare(struct journal *j, const char *source)
{
	sqlite3_stmt *statement = NULL;
	for (size_t i = 0; i < j->prepared_count; i++)
		if (j->prepared[i].source == source)
			return j->prepared[i].statement;
	if (sqlite3_prepare_v3(j->db, source, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK ||
		j->prepared_count == JOURNAL_STATEMENTS) {
		sqlite3_finalize(statement);
		journal_failed(j, "journal");
		return NULL;
	}
	j->prepared[j->prepared_count].source = source;
	j->prepared[j->prepared_count++].statement = statement;
	return statement;
}

static void bind_text(sqlite3_stmt *statement, int at, struct slice text, bool null_if_empty)
{
	if (null_if_empty && text.len == 0)
		sqlite3_bind_null(statement, at);
	else
		sqlite3_bind_text(statement, at, text.len == 0 ? "" : text.ptr, (int)text.len, SQLITE_TRANSIENT);
}

sqlite3_stmt *journal_query(struct journal *j, const char *source, const char *kinds, ...)
{
	va_list values;
	if (j->db == NULL)
		return NULL;
	sqlite3_stmt *statement = prepare(j, source);
	if (statement == NULL)
		return NULL;
	va_start(values, kinds);
	for (int at = 1; kinds[at - 1] != '\0'; at++)
		switch (kinds[at - 1]) {
		case 'i': sqlite3_bind_int64(statement, at, va_arg(values, int64_t)); break;
		case 's': bind_text(statement, at, va_arg(values, struct slice), false); break;
		case 't': bind_text(statement, at, va_arg(values, struct slice), true); break;
		default: sqlite3_bind_text(statement, at, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
		}
	va_end(values);
	return statement;
}

bool journal_row(struct journal *j, sqlite3_stmt *statement, bool *failed)
{
	int result = statement == NULL ? SQLITE_ERROR : sqlite3_step(statement);
	*failed = false;
	if (result == SQLITE_ROW)
		return true;
	if (statement == NULL) { /* no database is an empty one; a statement that could not be made has left its error */
		*failed = j->db != NULL;
		return false;
	}
	if (result != SQLITE_DONE) {
		journal_failed(j, "journal");
		*failed = true;
	}
	sqlite3_reset(statement);
	return false;
}

int journal_run_query(struct journal *j, sqlite3_stmt *statement)
{
	bool failed;
	while (journal_row(j, statement, &failed))
		;
	return failed ? -1 : 0;
}

struct slice journal_column(sqlite3_stmt *statement, int column, struct arena *arena)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	if (text == NULL)
		return (struct slice){ "", 0 };
	return arena_copy(arena, (struct slice){ (const char *)text, (size_t)sqlite3_column_bytes(statement, column) });
}

/* -- opening -- */

static int lock_byte(int fd, off_t byte, int command, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int result;
	do
		result = fcntl(fd, command, &lock);
	while (result != 0 && errno == EINTR && command == F_OFD_SETLKW);
	return command == F_OFD_GETLK && result == 0 ? lock.l_type != F_UNLCK : result;
}

static int64_t number(struct journal *j, const char *source)
{
	sqlite3_stmt *statement = NULL;
	int64_t value = -1;
	if (sqlite3_prepare_v2(j->db, source, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static int make_schema(struct journal *j, const char *path)
{
	int64_t version = number(j, "PRAGMA user_version");
	if (version < 0)
		return journal_failed(j, path);
	if (version > SCHEMA_VERSION) {
		snprintf(j->error, sizeof j->error, "%.400s: was made by a newer version of this program", path);
		return -1;
	}
	if (version == 0 && sqlite3_exec(j->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
		if (sqlite3_exec(j->db, schema, NULL, NULL, NULL) != SQLITE_OK || sqlite3_exec(j->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
			int result = journal_failed(j, path);
			sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
			return result;
		}
	}
	return 0;
}

/* One that somebody is just making holds nothing yet. */
static int read_version(struct journal *j, const char *path)
{
	int64_t version = number(j, "PRAGMA user_version");
	if (version < 0)
		return journal_failed(j, path);
	if (version == 0) {
		sqlite3_close(j->db);
		j->db = NULL;
	}
	return 0;
}

static int open_database(struct journal *j, const char *path, bool read_only)
{
	/* A reader too may find a database whose last writer died, and has to recover it first. */
	int flags = read_only ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	if (sqlite3_open_v2(path, &j->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return journal_failed(j, path);
	sqlite3_busy_timeout(j->db, BUSY_MS);
	if (read_only)
		return read_version(j, path);
	if (sqlite3_exec(j->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK)
		return journal_failed(j, path);
	sqlite3_wal_autocheckpoint(j->db, CHECKPOINT_PAGES);
	return make_schema(j, path);
}

static void watch(struct journal *j, const char *folder)
{
	j->watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (j->watch_fd >= 0 && inotify_add_watch(j->watch_fd, folder, IN_MODIFY) < 0) {
		close(j->watch_fd);
		j->watch_fd = -1;
	}
}

static int open_files(struct journal *j, const char *folder, bool read_only)
{
	char path[PATH_BYTES], lock_path[PATH_BYTES];
	int result;
	if (snprintf(path, sizeof path, "%s/journal.db", folder) >= (int)sizeof path ||
		snprintf(lock_path, sizeof lock_path, "%s/journal.lock", folder) >= (int)sizeof lock_path) {
		snprintf(j->error, sizeof j->error, "%s: the path is too long", folder);
		return -1;
	}
	/* Asked first, for the lock file is made before it. */
	if (read_only && access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	j->lock_fd = open(lock_path, (read_only ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0600);
	if (j->lock_fd < 0)
		return journal_failed(j, path);
	if (!read_only && lock_byte(j->lock_fd, 0, F_OFD_SETLKW, F_WRLCK) != 0)
		return journal_failed(j, path);
	result = open_database(j, path, read_only);
	if (!read_only) {
		lock_byte(j->lock_fd, 0, F_OFD_SETLK, F_UNLCK);
		watch(j, folder);
	}
	return result;
}

struct journal *journal_open(const char *folder, bool read_only, char error[JOURNAL_ERROR_BYTES])
{
	struct journal *j = calloc(1, sizeof *j);
	if (j == NULL) {
		snprintf(error, JOURNAL_ERROR_BYTES, "out of memory");
		return NULL;
	}
	j->lock_fd = j->watch_fd = -1;
	if (open_files(j, folder, read_only) == 0)
		return j;
	memcpy(error, j->error, JOURNAL_ERROR_BYTES);
	journal_close(j);
	return NULL;
}

void journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	for (size_t i = 0; i < j->prepared_count; i++)
		sqlite3_finalize(j->prepared[i].statement);
	sqlite3_close(j->db);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	if (j->watch_fd >= 0)
		close(j->watch_fd);
	free(j);
}

const char *journal_error(const struct journal *j)
{
	return j->error;
}

int journal_begin(struct journal *j)
{
	return journal_run_query(j, journal_query(j, "BEGIN IMMEDIATE", ""));
}

int journal_commit(struct journal *j)
{
	if (journal_run_query(j, journal_query(j, "COMMIT", "")) == 0)
		return 0;
	journal_roll_back(j);
	return -1;
}

void journal_roll_back(struct journal *j)
{
	if (j->db != NULL && sqlite3_get_autocommit(j->db) == 0)
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
}

int journal_watch(struct journal *j)
{
	return j->watch_fd;
}

void journal_watch_clear(struct journal *j)
{
	char events[4096];
	while (j->watch_fd >= 0 && read(j->watch_fd, events, sizeof events) > 0)
		;
}

/* -- runs -- */

/* The lock is taken before others can see the run: a run without a lock is dead. */
int journal_begin_run(struct journal *j, const char *verb, const char *host, int64_t now_ms, int64_t *run)
{
	if (journal_begin(j) != 0)
		return -1;
	if (journal_run_query(j, journal_query(j, "INSERT INTO run(verb, host, began_ms) VALUES(?, ?, ?)", "zzi", verb, host, now_ms)) != 0) {
		journal_roll_back(j);
		return -1;
	}
	*run = sqlite3_last_insert_rowid(j->db);
	/* Nobody will settle these any more. */
	if (journal_run_query(j,
		    journal_query(j, "DELETE FROM lease WHERE state = ? AND expires_ms < ?", "ii", (int64_t)JOURNAL_EMITTED,
			    now_ms - LEASE_KEPT_MS)) != 0) {
		journal_roll_back(j);
		return -1;
	}
	if (lock_byte(j->lock_fd, RUN_LOCKS + *run, F_OFD_SETLKW, F_WRLCK) != 0) {
		snprintf(j->error, sizeof j->error, "journal.lock: %s", strerror(errno));
		journal_roll_back(j);
		return -1;
	}
	if (journal_commit(j) != 0)
		return -1;
	j->run = *run;
	return 0;
}

int64_t journal_run(const struct journal *j)
{
	return j->run;
}

bool journal_is_alive(struct journal *j, int64_t run)
{
	return run == j->run || (run != 0 && j->lock_fd >= 0 && lock_byte(j->lock_fd, RUN_LOCKS + run, F_OFD_GETLK, F_WRLCK) == 1);
}

/* -- leases -- */

static void take_lease(sqlite3_stmt *row, struct arena *arena, struct journal_lease *lease)
{
	*lease = (struct journal_lease){
		.task = journal_column(row, 0, arena),
		.token = journal_column(row, 1, arena),
		.run = sqlite3_column_int64(row, 2),
		.settler = sqlite3_column_int64(row, 3),
		.state = (enum journal_lease_state)sqlite3_column_int(row, 4),
		.expires_ms = sqlite3_column_int64(row, 5),
		.claimed_ms = sqlite3_column_int64(row, 6),
		.attempt = sqlite3_column_int64(row, 7),
	};
}

/* Whether a living process of ours stands in the way. */
static int is_held(struct journal *j, struct slice task, struct slice own_token, bool *held)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j, "SELECT run, settler, token FROM lease WHERE task = ?", "s", task);
	*held = false;
	if (journal_row(j, row, &failed)) {
		int64_t run = sqlite3_column_int64(row, 0), settler = sqlite3_column_int64(row, 1);
		const char *token = (const char *)sqlite3_column_text(row, 2);
		bool is_own = own_token.len > 0 && token != NULL && slice_is(own_token, token);
		*held = !is_own && ((run != j->run && journal_is_alive(j, run)) || (settler != j->run && journal_is_alive(j, settler)));
		sqlite3_reset(row);
	}
	return failed ? -1 : 0;
}

int journal_put_lease(struct journal *j, const struct journal_lease *lease)
{
	return journal_run_query(j,
		journal_query(j,
			"INSERT OR REPLACE INTO lease(task, token, run, settler, state, expires_ms, claimed_ms, attempt) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
			"ssiiiiii", lease->task, lease->token, lease->run, lease->settler, (int64_t)lease->state, lease->expires_ms,
			lease->claimed_ms, lease->attempt));
}

int journal_reserve(struct journal *j, struct journal_reservation *rows, size_t count)
{
	if (journal_begin(j) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		bool held;
		struct journal_lease lease = { .task = rows[i].task, .run = j->run, .state = JOURNAL_RESERVED };
		if (is_held(j, rows[i].task, rows[i].own_token, &held) != 0 || (!held && journal_put_lease(j, &lease) != 0)) {
			journal_roll_back(j);
			return -1;
		}
		rows[i].granted = !held;
	}
	return journal_commit(j);
}

int journal_renew_lease(struct journal *j, struct slice task, struct slice token, int64_t expires_ms)
{
	return journal_run_query(j, journal_query(j, "UPDATE lease SET expires_ms = ? WHERE task = ? AND token = ?", "iss", expires_ms, task, token));
}

int journal_drop_lease(struct journal *j, struct slice task, struct slice token)
{
	return journal_run_query(j, journal_query(j, "DELETE FROM lease WHERE task = ? AND (token = ? OR run = ?)", "ssi", task, token, j->run));
}

int journal_settle_by(struct journal *j, struct slice task, struct slice token, bool *known)
{
	*known = false;
	if (journal_run_query(j,
		    journal_query(j, "INSERT OR IGNORE INTO settler(claim, run) SELECT run, ? FROM lease WHERE run != 0 AND task = ? AND token = ?",
			    "iss", j->run, task, token)) != 0)
		return -1;
	int result = journal_run_query(j, journal_query(j, "UPDATE lease SET settler = ? WHERE task = ? AND token = ?", "iss", j->run, task, token));
	*known = result == 0 && j->db != NULL && sqlite3_changes(j->db) > 0;
	return result;
}

static int add_settler(struct journal *j, int64_t claim, int64_t run)
{
	return journal_run_query(j, journal_query(j, "INSERT OR IGNORE INTO settler(claim, run) VALUES(?, ?)", "ii", claim, run));
}

int journal_add_settler(struct journal *j, int64_t run)
{
	return add_settler(j, j->run, run);
}

int journal_oldest_lease(struct journal *j, int64_t settler, int64_t *claimed_ms)
{
	bool failed;
	sqlite3_stmt *row =
		journal_query(j, "SELECT min(claimed_ms) FROM lease WHERE state = ? AND run IN (SELECT claim FROM settler WHERE settler.run = ?)",
			"ii", (int64_t)JOURNAL_EMITTED, settler);
	*claimed_ms = 0;
	if (journal_row(j, row, &failed)) {
		*claimed_ms = sqlite3_column_int64(row, 0);
		sqlite3_reset(row);
	}
	return failed ? -1 : 0;
}

int journal_leases(struct journal *j, int64_t run, enum journal_lease_state from, struct arena *arena, struct journal_lease **leases, size_t *count)
{
	bool failed;
	size_t capacity = 0;
	sqlite3_stmt *row = journal_query(j,
		"SELECT task, token, run, settler, state, expires_ms, claimed_ms, attempt FROM lease WHERE (?1 = 0 OR run = ?1) AND state >= ?2 ORDER BY task",
		"ii", run, (int64_t)from);
	*leases = NULL;
	*count = 0;
	while (journal_row(j, row, &failed)) {
		if (*count == capacity) {
			struct journal_lease *grown = arena_alloc(arena, (2 * capacity + 64) * sizeof *grown);
			if (grown == NULL) {
				sqlite3_reset(row);
				snprintf(j->error, sizeof j->error, "out of memory");
				return -1;
			}
			if (*count > 0)
				memcpy(grown, *leases, *count * sizeof *grown);
			*leases = grown;
			capacity = 2 * capacity + 64;
		}
		take_lease(row, arena, &(*leases)[(*count)++]);
	}
	return failed ? -1 : 0;
}

int journal_let_go(struct journal *j)
{
	return journal_run_query(j, journal_query(j, "UPDATE lease SET run = 0 WHERE run = ? AND state = ?", "ii", j->run, (int64_t)JOURNAL_EMITTED));
}

int journal_take_over(struct journal *j, int64_t claim_run)
{
	if (journal_begin(j) != 0)
		return -1;
	if (journal_run_query(j, journal_query(j, "UPDATE lease SET run = ? WHERE run = ?", "ii", j->run, claim_run)) == 0 &&
		journal_run_query(j, journal_query(j, "UPDATE OR REPLACE settler SET claim = ? WHERE claim = ?", "ii", j->run, claim_run)) == 0)
		return journal_commit(j);
	journal_roll_back(j);
	return -1;
}

int journal_orphaned_claims(struct journal *j, int64_t *runs, size_t max, size_t *count)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j, "SELECT claim FROM settler WHERE run = ?", "i", j->run);
	*count = 0;
	while (*count < max && journal_row(j, row, &failed))
		if (!journal_is_alive(j, sqlite3_column_int64(row, 0)))
			runs[(*count)++] = sqlite3_column_int64(row, 0);
	if (row != NULL && *count == max)
		sqlite3_reset(row);
	return row != NULL && *count < max && failed ? -1 : 0;
}

int journal_unsettled(struct journal *j, int64_t claim_run, struct journal_unsettled *u)
{
	bool failed;
	*u = (struct journal_unsettled){ .count = 0 };
	sqlite3_stmt *row = journal_query(j, "SELECT count(*) FROM lease WHERE run = ? AND state = ?", "ii", claim_run, (int64_t)JOURNAL_EMITTED);
	if (journal_row(j, row, &failed)) {
		u->count = (size_t)sqlite3_column_int64(row, 0);
		sqlite3_reset(row);
	}
	if (failed)
		return -1;
	row = journal_query(j, "SELECT run FROM settler WHERE claim = ?", "i", claim_run);
	while (journal_row(j, row, &failed)) {
		u->had_settler = true;
		u->live_settlers += journal_is_alive(j, sqlite3_column_int64(row, 0));
	}
	return failed ? -1 : 0;
}

int journal_has_dead_leases(struct journal *j, bool *has)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j, "SELECT DISTINCT run FROM lease WHERE state < ?", "i", (int64_t)JOURNAL_EMITTED);
	*has = false;
	while (journal_row(j, row, &failed))
		*has = *has || !journal_is_alive(j, sqlite3_column_int64(row, 0));
	return failed ? -1 : 0;
}

int journal_adopt_claims(struct journal *j, const char *verb)
{
	int64_t claims[MAX_CLAIMS];
	struct journal_unsettled unsettled;
	size_t count = 0;
	bool failed = false;
	sqlite3_stmt *row = journal_query(j,
		"SELECT DISTINCT settler.claim FROM settler JOIN run ON run.id = settler.run WHERE run.verb = ?"
		" AND settler.claim IN (SELECT lease.run FROM lease WHERE lease.state = ?) LIMIT ?",
		"zii", verb, (int64_t)JOURNAL_EMITTED, (int64_t)MAX_CLAIMS);
	while (journal_row(j, row, &failed))
		claims[count++] = sqlite3_column_int64(row, 0);
	for (size_t i = 0; i < count && !failed; i++) {
		if (journal_is_alive(j, claims[i]))
			continue;
		failed = journal_unsettled(j, claims[i], &unsettled) != 0;
		if (!failed && unsettled.live_settlers == 0)
			failed = add_settler(j, claims[i], j->run) != 0;
	}
	return failed ? -1 : 0;
}
