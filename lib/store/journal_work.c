/* The journal's work and effects: intents, outcomes, what is left to finish, and the history of it all. */
#include <stdio.h>
#include <string.h>

#include "store/journal_db.h"

#define WORK_COLUMNS                                                                                                                                 \
	"work.id, work.run, work.kind, work.task, work.token, work.generation, work.contact, work.company, work.route, work.verdict, work.reason,"   \
	" work.attempt, work.due_ms, work.now, work.body, work.member, work.result, work.rules, work.at_ms, work.state, work.origin"
#define EFFECT_COLUMNS                                                                                                                               \
	"effect.id, effect.work, effect.name, effect.ordinal, effect.key, effect.is_create, effect.object, effect.object_id, effect.input,"          \
	" effect.before, effect.after, effect.state, effect.sent_ms"
enum { WORK_COLUMN_COUNT = 21 };

int journal_add_work(struct journal *j, struct journal_work *w)
{
	int result = journal_run_query(j,
		journal_query(j,
			"INSERT INTO work(run, origin, kind, task, token, generation, contact, company, route, verdict, reason, attempt, due_ms, now, body, member, result,"
			" rules, at_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			"iizttttttttiittttti", j->run, j->run, w->kind, w->task, w->token, w->generation, w->contact, w->company, w->route,
			w->verdict, w->reason, w->attempt, w->due_ms, w->now, w->body, w->member, w->result, w->rules, w->at_ms));
	if (result == 0) {
		w->id = j->db == NULL ? 0 : sqlite3_last_insert_rowid(j->db);
		w->run = j->run;
	}
	return result;
}

/* A create that was entered before, by an earlier try of the same record: true. */
static bool find_key(struct journal *j, struct journal_effect *e, bool *failed)
{
	sqlite3_stmt *row = journal_query(j,
		"SELECT effect.id, work.run, effect.state, effect.sent_ms FROM effect LEFT JOIN work ON work.id = effect.work AND work.state = 0"
		" WHERE effect.is_create = 1 AND effect.key = ?",
		"s", e->key);
	if (!journal_row(j, row, failed))
		return false;
	e->id = sqlite3_column_int64(row, 0);
	e->state = (enum journal_effect_state)sqlite3_column_int(row, 2);
	e->sent_ms = sqlite3_column_int64(row, 3);
	int64_t run = sqlite3_column_int64(row, 1);
	sqlite3_reset(row);
	e->is_others = e->is_shared && (e->state == JOURNAL_INTENDED || e->state == JOURNAL_SENT) && run != j->run && journal_is_alive(j, run);
	return true;
}

int journal_add_effect(struct journal *j, struct journal_effect *e)
{
	bool failed = false;
	if (e->is_create && e->key.len > 0 && find_key(j, e, &failed)) {
		if (e->state == JOURNAL_EFFECT_DONE || e->is_others)
			return 0;
		if (e->state == JOURNAL_UNDONE || e->state == JOURNAL_REFUSED)
			e->state = JOURNAL_INTENDED;
		return journal_run_query(j,
			journal_query(j, "UPDATE effect SET work = ?, input = ?, state = ? WHERE id = ?", "itii", e->work, e->input,
				(int64_t)e->state, e->id));
	}
	if (failed)
		return -1;
	int result = journal_run_query(j,
		journal_query(j, "INSERT INTO effect(work, name, ordinal, key, is_create, object, object_id, input) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
			"izitiztt", e->work, e->name, e->ordinal, e->key, (int64_t)e->is_create, e->object, e->object_id, e->input));
	if (result == 0)
		e->id = j->db == NULL ? 0 : sqlite3_last_insert_rowid(j->db);
	return result;
}

int journal_clear_intents(struct journal *j, int64_t work)
{
	return journal_run_query(j, journal_query(j, "DELETE FROM effect WHERE work = ? AND state = ?", "ii", work, (int64_t)JOURNAL_INTENDED));
}

int journal_update_work(struct journal *j, const struct journal_work *w)
{
	return journal_run_query(j,
		journal_query(j, "UPDATE work SET token = ?, generation = ?, attempt = ? WHERE id = ?", "ttii", w->token, w->generation, w->attempt,
			w->id));
}

int journal_effect_sent(struct journal *j, int64_t effect, int64_t sent_ms, struct slice before)
{
	return journal_run_query(j,
		journal_query(j, "UPDATE effect SET state = ?, sent_ms = ?, before = coalesce(before, ?) WHERE id = ?", "iiti", (int64_t)JOURNAL_SENT,
			sent_ms, before, effect));
}

int journal_effect_ended(struct journal *j, int64_t effect, enum journal_effect_state state, struct slice object_id, struct slice after)
{
	return journal_run_query(j,
		journal_query(j, "UPDATE effect SET state = ?, object_id = coalesce(?, object_id), after = coalesce(?, after) WHERE id = ?", "itti",
			(int64_t)state, object_id, after, effect));
}

int journal_work_ended(struct journal *j, int64_t work, enum journal_work_state state)
{
	return journal_run_query(j, journal_query(j, "UPDATE work SET state = ? WHERE id = ?", "ii", (int64_t)state, work));
}

/* -- reading -- */

static void take_work(sqlite3_stmt *row, struct arena *arena, struct journal_work *w)
{
	*w = (struct journal_work){
		.id = sqlite3_column_int64(row, 0),
		.run = sqlite3_column_int64(row, 20),
		.kind = journal_column(row, 2, arena).ptr,
		.task = journal_column(row, 3, arena),
		.token = journal_column(row, 4, arena),
		.generation = journal_column(row, 5, arena),
		.contact = journal_column(row, 6, arena),
		.company = journal_column(row, 7, arena),
		.route = journal_column(row, 8, arena),
		.verdict = journal_column(row, 9, arena),
		.reason = journal_column(row, 10, arena),
		.attempt = sqlite3_column_int64(row, 11),
		.due_ms = sqlite3_column_int64(row, 12),
		.now = journal_column(row, 13, arena),
		.body = journal_column(row, 14, arena),
		.member = journal_column(row, 15, arena),
		.result = journal_column(row, 16, arena),
		.rules = journal_column(row, 17, arena),
		.at_ms = sqlite3_column_int64(row, 18),
		.state = (enum journal_work_state)sqlite3_column_int(row, 19),
	};
}

static void take_effect(sqlite3_stmt *row, int from, struct arena *arena, struct journal_effect *e)
{
	*e = (struct journal_effect){
		.id = sqlite3_column_int64(row, from),
		.work = sqlite3_column_int64(row, from + 1),
		.name = journal_column(row, from + 2, arena).ptr,
		.ordinal = sqlite3_column_int64(row, from + 3),
		.key = journal_column(row, from + 4, arena),
		.is_create = sqlite3_column_int(row, from + 5) != 0,
		.object = journal_column(row, from + 6, arena).ptr,
		.object_id = journal_column(row, from + 7, arena),
		.input = journal_column(row, from + 8, arena),
		.before = journal_column(row, from + 9, arena),
		.after = journal_column(row, from + 10, arena),
		.state = (enum journal_effect_state)sqlite3_column_int(row, from + 11),
		.sent_ms = sqlite3_column_int64(row, from + 12),
	};
}

static int no_memory(struct journal *j)
{
	snprintf(j->error, sizeof j->error, "out of memory");
	return -1;
}

int journal_adopt(struct journal *j, int64_t after, size_t max, struct arena *arena, struct journal_work **works, size_t *count)
{
	bool failed;
	*count = 0;
	*works = arena_alloc(arena, max * sizeof **works);
	if (*works == NULL)
		return no_memory(j);
	/* Most runs find nothing, and should not have to write to see it. */
	sqlite3_stmt *row = journal_query(j, "SELECT 1 FROM work WHERE state = 0 AND id > ? LIMIT 1", "i", after);
	bool any = journal_row(j, row, &failed);
	if (any)
		sqlite3_reset(row);
	if (failed || !any)
		return failed ? -1 : 0;
	if (journal_begin(j) != 0)
		return -1;
	row = journal_query(j, "SELECT " WORK_COLUMNS " FROM work WHERE state = 0 AND id > ? ORDER BY id", "i", after);
	while (journal_row(j, row, &failed)) {
		if (journal_is_alive(j, sqlite3_column_int64(row, 1)))
			continue;
		take_work(row, arena, &(*works)[(*count)++]);
		if (*count == max) {
			sqlite3_reset(row);
			break;
		}
	}
	for (size_t i = 0; i < *count && !failed; i++)
		failed = journal_run_query(j, journal_query(j, "UPDATE work SET run = ? WHERE id = ?", "ii", j->run, (*works)[i].id)) != 0;
	if (failed || arena->failed) {
		journal_roll_back(j);
		return arena->failed ? no_memory(j) : -1;
	}
	return journal_commit(j);
}

int journal_effects(struct journal *j, int64_t work, struct arena *arena, struct journal_effect **effects, size_t *count)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j, "SELECT count(*) FROM effect WHERE work = ?", "i", work);
	size_t rows = 0;
	if (journal_row(j, row, &failed)) {
		rows = (size_t)sqlite3_column_int64(row, 0);
		sqlite3_reset(row);
	}
	*count = 0;
	*effects = rows == 0 ? NULL : arena_alloc(arena, rows * sizeof **effects);
	if (failed || rows == 0)
		return failed ? -1 : 0;
	if (*effects == NULL)
		return no_memory(j);
	row = journal_query(j, "SELECT " EFFECT_COLUMNS " FROM effect WHERE work = ? ORDER BY id", "i", work);
	while (*count < rows && journal_row(j, row, &failed))
		take_effect(row, 0, arena, &(*effects)[(*count)++]);
	if (row != NULL)
		sqlite3_reset(row);
	return failed ? -1 : 0;
}

int journal_counts(struct journal *j, struct slice route, int64_t since_ms, struct journal_counts *counts)
{
	bool failed;
	sqlite3_stmt *row =
		journal_query(j, "SELECT verdict, state, count(*) FROM work WHERE at_ms >= ? AND (?2 IS NULL OR route = ?2) GROUP BY verdict, state",
			"it", since_ms, route);
	*counts = (struct journal_counts){ .done = 0 };
	while (journal_row(j, row, &failed)) {
		const char *text = (const char *)sqlite3_column_text(row, 0);
		struct slice verdict = slice_of(text == NULL ? "" : text);
		size_t n = (size_t)sqlite3_column_int64(row, 2);
		if (sqlite3_column_int(row, 1) == JOURNAL_PENDING)
			counts->pending += n;
		else if (sqlite3_column_int(row, 1) == JOURNAL_FAILED)
			counts->failed += n;
		else if (slice_is(verdict, "done") || slice_is(verdict, "suppressed"))
			counts->done += n;
		else if (slice_is(verdict, "park") || slice_is(verdict, "approval"))
			counts->waiting += n;
		else if (slice_is(verdict, "retry"))
			counts->retried += n;
		else
			counts->returned += n;
	}
	return failed ? -1 : 0;
}

int journal_has_work(struct journal *j, struct slice task, bool *has)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j, "SELECT 1 FROM work WHERE state = 0 AND task = ? LIMIT 1", "s", task);
	*has = journal_row(j, row, &failed);
	if (*has)
		sqlite3_reset(row);
	return failed ? -1 : 0;
}

int journal_totals(struct journal *j, struct journal_totals *totals)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j,
		"SELECT (SELECT count(*) FROM work WHERE state = 0), (SELECT coalesce(min(at_ms), 0) FROM work WHERE state = 0),"
		" (SELECT count(*) FROM effect JOIN work ON work.id = effect.work WHERE work.state = 0 AND effect.state IN (0, 1, 3)),"
		" (SELECT count(*) FROM effect JOIN work ON work.id = effect.work WHERE work.state = 0 AND effect.state = 3), (SELECT count(*) FROM lease WHERE state > 0)",
		"");
	*totals = (struct journal_totals){ .pending_works = 0 };
	if (journal_row(j, row, &failed)) {
		totals->pending_works = (size_t)sqlite3_column_int64(row, 0);
		totals->oldest_ms = sqlite3_column_int64(row, 1);
		totals->pending_effects = (size_t)sqlite3_column_int64(row, 2);
		totals->unknown_effects = (size_t)sqlite3_column_int64(row, 3);
		totals->leases = (size_t)sqlite3_column_int64(row, 4);
		sqlite3_reset(row);
	}
	return failed ? -1 : 0;
}

/* -- history -- */

enum { HISTORY_ARENA_BYTES = 64 << 20 };

int journal_history(struct journal *j, const struct journal_filter *f,
	bool (*fn)(const struct journal_work *work, const struct journal_effect *effect, const char *verb, void *arg), void *arg)
{
	bool failed;
	struct arena arena;
	struct journal_work work;
	struct journal_effect effect;
	sqlite3_stmt *row = journal_query(j,
		"SELECT " WORK_COLUMNS ", " EFFECT_COLUMNS
		", run.verb FROM work JOIN effect ON effect.work = work.id LEFT JOIN run ON run.id = work.origin"
		" WHERE effect.state NOT IN (0, 4) AND (?1 = 0 OR work.origin = ?1) AND work.at_ms >= ?2"
		" AND (?3 IS NULL OR work.contact = ?3 OR (effect.object = 'contacts' AND effect.object_id = ?3)) AND (?4 IS NULL OR work.task = ?4)"
		" ORDER BY work.id, effect.id",
		"iitt", f->run, f->since_ms, f->contact, f->task);
	arena_init(&arena, HISTORY_ARENA_BYTES);
	while (journal_row(j, row, &failed)) {
		arena_reset(&arena);
		take_work(row, &arena, &work);
		take_effect(row, WORK_COLUMN_COUNT, &arena, &effect);
		const char *verb = (const char *)sqlite3_column_text(row, WORK_COLUMN_COUNT + 13);
		if (arena.failed || !fn(&work, &effect, verb == NULL ? "" : verb, arg)) {
			sqlite3_reset(row);
			failed = arena.failed && no_memory(j) != 0;
			break;
		}
	}
	arena_release(&arena);
	return failed ? -1 : 0;
}

int journal_find_effect(struct journal *j, int64_t id, struct arena *arena, struct journal_effect *effect, struct journal_work *work, bool *found)
{
	bool failed;
	sqlite3_stmt *row = journal_query(
		j, "SELECT " WORK_COLUMNS ", " EFFECT_COLUMNS " FROM effect JOIN work ON work.id = effect.work WHERE effect.id = ?", "i", id);
	*found = journal_row(j, row, &failed);
	if (*found) {
		take_work(row, arena, work);
		take_effect(row, WORK_COLUMN_COUNT, arena, effect);
		sqlite3_reset(row);
	}
	if (arena->failed)
		return no_memory(j);
	return failed ? -1 : 0;
}

/* -- paused routes -- */

int journal_pause(struct journal *j, struct slice route, struct slice reason, int64_t now_ms)
{
	return journal_run_query(
		j, journal_query(j, "INSERT OR REPLACE INTO paused(route, reason, at_ms) VALUES(?, ?, ?)", "ssi", route, reason, now_ms));
}

int journal_resume(struct journal *j, struct slice route)
{
	return journal_run_query(j, journal_query(j, "DELETE FROM paused WHERE route = ?", "s", route));
}

int journal_paused(struct journal *j, struct slice route, struct arena *arena, struct slice *reason)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j, "SELECT reason FROM paused WHERE route = ?", "s", route);
	*reason = (struct slice){ "", 0 };
	if (journal_row(j, row, &failed)) {
		*reason = journal_column(row, 0, arena);
		sqlite3_reset(row);
	}
	return failed ? -1 : 0;
}

static struct slice borrow(sqlite3_stmt *row, int column)
{
	const unsigned char *text = sqlite3_column_text(row, column);
	return (struct slice){ text == NULL ? "" : (const char *)text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(row, column) };
}

int journal_each_paused(struct journal *j, void (*fn)(struct slice route, struct slice reason, int64_t at_ms, void *arg), void *arg)
{
	bool failed;
	sqlite3_stmt *row = journal_query(j, "SELECT route, reason, at_ms FROM paused ORDER BY route", "");
	while (journal_row(j, row, &failed))
		fn(borrow(row, 0), borrow(row, 1), sqlite3_column_int64(row, 2), arg);
	return failed ? -1 : 0;
}
