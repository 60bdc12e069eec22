/* lib/store/journal.h - what is to be written to a CRM and what became of it: an intent before every effect, its outcome after it.
 *
 * One SQLite database a portal, WAL and synchronous=FULL: what a call here reports is on the disk. A finished record becomes a `work` row with one `effect`
 * row for each object it changes; both are written before the first call to the CRM, so that a crash at any moment leaves either the record in the
 * pipe or its work here, to be finished by whoever writes next. `lease` rows say which tasks this machine holds. A run is one process; it holds a lock on
 * its own byte of the lock file, which the kernel drops when it dies, so that nobody has to guess from a process id whether it lives.
 *
 * The journal knows nothing of HubSpot: objects, names and values are text. All functions that return int give 0, or -1 with journal_error. Slices
 * handed out are copies in the caller's arena; slices handed in are borrowed for the call. Times are milliseconds since 1970, real time. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H
#include "base/arena.h"
#include "base/slice.h"

enum { JOURNAL_ERROR_BYTES = 512 };

struct journal;

/* Opens, and makes where missing, journal.db and journal.lock in `folder`, which must exist. With `read_only` nothing is made, and a missing database is an
 * empty one. A damaged database is refused, never replaced: it may hold work. NULL with the reason in `error`. */
struct journal *journal_open(const char *folder, bool read_only, char error[JOURNAL_ERROR_BYTES]);

/* Ends the run where one was begun; NULL is fine. */
void journal_close(struct journal *j);

/* Why the last call failed; borrowed until the next. */
const char *journal_error(const struct journal *j);

/* Everything between is written together, in one flush to the disk. They do not nest. */
int journal_begin(struct journal *j);
int journal_commit(struct journal *j);
void journal_roll_back(struct journal *j);

/* A number that changes with every commit of another process, and a descriptor that becomes readable when there may have been one (inotify; -1 where
 * there is none to be had); journal_watch_clear empties it. */
int journal_watch(struct journal *j);
void journal_watch_clear(struct journal *j);

/* -- runs -- */

/* Enters this process as a run and holds its lock until journal_close. *run is its number, from 1, never used again. */
int journal_begin_run(struct journal *j, const char *verb, const char *host, int64_t now_ms, int64_t *run);
int64_t journal_run(const struct journal *j);

/* Whether the process of that run lives. The own run does. */
bool journal_is_alive(struct journal *j, int64_t run);

/* -- leases: the tasks that processes of this machine hold -- */

enum journal_lease_state {
	JOURNAL_RESERVED, /* not asked for yet: keeps our own processes from racing for it */
	JOURNAL_TAKEN, /* our token may be on it; nobody has seen the record */
	JOURNAL_EMITTED, /* the record has gone out */
};

struct journal_lease {
	struct slice task, token;
	int64_t run; /* of the claim */
	int64_t settler; /* the run that has its record; 0: none */
	enum journal_lease_state state;
	int64_t expires_ms; /* server's time; 0: not known */
	int64_t claimed_ms; /* likewise: when it was first ours */
	int64_t attempt;
};

/* Reserves tasks for this run, in one go: granted is false where a living run of this machine holds the task, unless it holds it under own_token (empty: none). */
struct journal_reservation {
	struct slice task, own_token;
	bool granted;
};
int journal_reserve(struct journal *j, struct journal_reservation *rows, size_t count);

/* A lease of this run, as it stands now: puts or replaces the row. */
int journal_put_lease(struct journal *j, const struct journal_lease *lease);

/* Only where the row still has that token. */
int journal_renew_lease(struct journal *j, struct slice task, struct slice token, int64_t expires_ms);

/* It is settled, or given back, or was never ours: the row goes, if it is of that token or of this run. */
int journal_drop_lease(struct journal *j, struct slice task, struct slice token);

/* This run has the record of the task under that token. False in *known where the journal has no such lease: it was claimed elsewhere. */
int journal_settle_by(struct journal *j, struct slice task, struct slice token, bool *known);

/* That run, which lives, settles what this one claims: it has started the pipeline. */
int journal_add_settler(struct journal *j, int64_t run);

/* When the oldest lease was claimed whose record is out and which that run settles; 0: none. */
int journal_oldest_lease(struct journal *j, int64_t settler, int64_t *claimed_ms);

/* Leases in the order of their tasks: of one run (0: of all) and in that state or a later one. The array and what it names lie in the arena. */
int journal_leases(struct journal *j, int64_t run, enum journal_lease_state from, struct arena *arena, struct journal_lease **leases, size_t *count);

/* The leases of this run whose records have gone out are nobody's from now on: whoever has the records settles them, or they run out. */
int journal_let_go(struct journal *j);

/* The leases of that run, and whoever settles some of them, are this run's from now on. */
int journal_take_over(struct journal *j, int64_t claim_run);

/* Whether a dead run holds leases whose records have not gone out. */
int journal_has_dead_leases(struct journal *j, bool *has);

/* A claim that a run of that verb looked after, and that is dead with all who had records of it, is this run's to look after: as if it had had records of it. */
int journal_adopt_claims(struct journal *j, const char *verb);

/* The claims of dead runs from which this run has had records, at most `max`. */
int journal_orphaned_claims(struct journal *j, int64_t *runs, size_t max, size_t *count);

/* How many emitted leases of that claim stand, how many runs that had records of it live, and whether there ever was one. */
struct journal_unsettled {
	size_t count, live_settlers;
	bool had_settler;
};
int journal_unsettled(struct journal *j, int64_t claim_run, struct journal_unsettled *u);

/* -- work -- */

enum journal_work_state {
	JOURNAL_PENDING, /* not all of its effects are known to be done */
	JOURNAL_DONE,
	JOURNAL_FAILED, /* the record was given back with an error */
};

struct journal_work {
	int64_t id, run;
	const char *kind; /* "task", "upsert", "create": who can finish it; a literal, or in the arena */
	struct slice task, token, generation, contact, company; /* empty: none */
	struct slice route, verdict, reason; /* the caller's own words */
	int64_t attempt, due_ms;
	struct slice now; /* content time of the run, RFC 3339 */
	struct slice body; /* whatever else the caller needs to finish it: a JSON value; empty: none */
	struct slice member, result; /* the record's result member and its name; empty: none */
	struct slice rules; /* digest of the rules it was made by; empty: none */
	int64_t at_ms;
	enum journal_work_state state;
};

enum journal_effect_state {
	JOURNAL_INTENDED,
	JOURNAL_SENT, /* on its way, or the process died while it was */
	JOURNAL_EFFECT_DONE,
	JOURNAL_UNKNOWN, /* its answer was lost */
	JOURNAL_REFUSED, /* the CRM says no; nothing was changed */
	JOURNAL_UNDONE,
};

struct journal_effect {
	int64_t id, work;
	const char *name; /* "contact", "note", "follow_up", "status": with ordinal and generation it makes the key */
	int64_t ordinal;
	struct slice key; /* empty: none. Unique among creates */
	bool is_create;
	const char *object; /* "contacts" */
	struct slice object_id; /* of a create: empty until done */
	struct slice input; /* JSON: what was asked for */
	struct slice before, after; /* JSON objects of property values; empty: not known */
	enum journal_effect_state state;
	int64_t sent_ms; /* 0: never */
	bool is_shared; /* for journal_add_effect: other runs may make it at the same time */
	bool is_others; /* by journal_add_effect: shared, and another run, which lives, is at it */
};

/* Both give the row its id. A create whose key is there already is not entered again: *effect then takes state, object_id and sent_ms of the old row,
 * which moves to the new work unless it is done, or another run's that is at it; an undone one starts anew. */
int journal_add_work(struct journal *j, struct journal_work *work);
int journal_add_effect(struct journal *j, struct journal_effect *effect);

/* Takes back the effects of a work that are merely intended: its generation turned out to be another. */
int journal_clear_intents(struct journal *j, int64_t work);

/* The task's token or generation, found out later. */
int journal_update_work(struct journal *j, const struct journal_work *work);

/* It goes out now. A before-value that is there already stays: it is from before the first try. */
int journal_effect_sent(struct journal *j, int64_t effect, int64_t sent_ms, struct slice before);
int journal_effect_ended(struct journal *j, int64_t effect, enum journal_effect_state state, struct slice object_id, struct slice after);
int journal_work_ended(struct journal *j, int64_t work, enum journal_work_state state);

/* Pending work of runs that are no more, oldest first, at most `max` at once and with an id above `after`; it becomes this run's. kind NULL: all. */
int journal_adopt(struct journal *j, int64_t after, size_t max, struct arena *arena, struct journal_work **works, size_t *count);
int journal_effects(struct journal *j, int64_t work, struct arena *arena, struct journal_effect **effects, size_t *count);

/* Works entered at that time or later, of a route (empty: of all), by verdict. */
struct journal_counts {
	size_t done, waiting, retried, returned, failed, pending; /* returned: deferred, released, escalated */
};
int journal_counts(struct journal *j, struct slice route, int64_t since_ms, struct journal_counts *counts);

/* Whether work on that task is pending. */
int journal_has_work(struct journal *j, struct slice task, bool *has);

struct journal_totals {
	size_t pending_works, pending_effects, unknown_effects, leases;
	int64_t oldest_ms; /* of the pending works; 0: none */
};
int journal_totals(struct journal *j, struct journal_totals *totals);

/* -- history -- */

struct journal_filter {
	int64_t run; /* 0: all */
	int64_t since_ms; /* INT64_MIN: all */
	struct slice contact, task; /* empty: all; the contact of the work, or the object itself */
};

/* Calls fn for each effect that was sent, in the order of the intents, until it returns false; what it is given is borrowed for the call. The verb is the run's. */
int journal_history(struct journal *j, const struct journal_filter *filter,
	bool (*fn)(const struct journal_work *work, const struct journal_effect *effect, const char *verb, void *arg), void *arg);

/* One effect by its id; *found false where there is none. */
int journal_find_effect(struct journal *j, int64_t id, struct arena *arena, struct journal_effect *effect, struct journal_work *work, bool *found);

/* -- paused routes -- */

/* Why a route is paused; empty: it is not. */
int journal_pause(struct journal *j, struct slice route, struct slice reason, int64_t now_ms);
int journal_resume(struct journal *j, struct slice route);
int journal_paused(struct journal *j, struct slice route, struct arena *arena, struct slice *reason);

/* All of them by name, and since when; what fn is given is borrowed for the call. */
int journal_each_paused(struct journal *j, void (*fn)(struct slice route, struct slice reason, int64_t at_ms, void *arg), void *arg);
#endif
