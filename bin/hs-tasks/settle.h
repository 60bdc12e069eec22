/* bin/hs-tasks/settle.h - writes back what became of up to 100 claimed tasks, stage by stage, each stage in batches.
 *
 * Intents into the journal; fence (is it still ours?), properties, notes and mails, follow-ups, fence again, status. A crash between any two leaves the work in
 * the journal, and whoever writes next finishes it (resume.c). */
#ifndef HS_TASKS_SETTLE_H
#define HS_TASKS_SETTLE_H
#include "decide.h"
#include "effect.h"
#include "lease.h"
#include "perform.h"
#include "program.h"
#include "record/record.h"

enum job_state { JOB_OPEN, JOB_HANDLED, JOB_FAILED };

/* One record's task. */
struct job {
	uint64_t ticket; /* the caller's */
	struct slice task_id, contact_id, company_id, token;
	struct slice route; /* its name; empty: none */
	bool makes_mail;
	enum settle_verdict verdict;
	struct slice reason; /* why it waits, or is suppressed; HTML-free text */
	struct slice owner; /* SETTLE_ESCALATE: id */
	const struct json *plan; /* program.h, with SETTLE_DONE; else NULL */
	int64_t due_ms; /* SETTLE_RETRY, SETTLE_DEFERRED */
	int64_t attempt;
	struct slice now; /* content time */
	struct slice generation, body; /* of the task as last read */
	struct slice member, result, rules; /* for the journal: the record's result, by which a score can be explained later */

	int64_t work; /* in the journal; 0: not entered */
	struct effect *effects, **effects_end;
	struct slice effects_generation; /* that their keys were made with */
	struct effect *status; /* NULL until it is its turn */
	struct slice task_properties; /* as the fence read them, JSON */
	bool is_resumed; /* from the journal, not from a record */

	enum job_state state;
	bool is_parked; /* failed, but the task is still to be parked with the reason */
	bool is_pending; /* failed, and left in the journal for a later run */
	bool has_effects, needs_claim, needs_renewal;
	const char *code; /* with JOB_FAILED, lead(5) */
	bool is_retryable;
	struct slice message;
};

struct settle;

/* What a verb other than complete decides for all records; verdict SETTLE_DONE: nothing, the record decides. */
struct settle_force {
	enum settle_verdict verdict;
	struct slice reason, owner;
	int64_t due_ms;
};

struct settle_context {
	struct hubspot *api;
	const struct workflow *workflow;
	const struct portal *portal;
	struct program *program;
	struct journal *journal; /* NULL: a dry run */
	struct settle_force force;
	int64_t lease_ms;
	const char *now; /* content time */
	int64_t now_ms;
	void (*done)(struct settle *settle, struct job *jobs, size_t count, void *arg); /* every job handled or failed; then it frees itself */
	void *arg;
};

struct settle *settle_new(const struct settle_context *context);

/* Reads the record and judges it; no call is made. Not for a full settle, nor for a task that is in it already. NULL: the record has no task. */
const struct job *settle_add(struct settle *settle, const struct record *r, uint64_t ticket);

/* Takes up work of a run that is no more, with its effects. False: it is not ours to finish: another version's. */
bool settle_add_work(struct settle *settle, const struct journal_work *work, const struct journal_effect *effects, size_t count);

size_t settle_count(const struct settle *settle);
bool settle_has_task(const struct settle *settle, struct slice task_id);

/* Whether both write to a task, contact or company: then one must wait for the other. */
bool settle_overlaps(const struct settle *a, const struct settle *b);

void settle_start(struct settle *settle);
struct arena *settle_arena(struct settle *settle);

/* Fails every job without a call, because the client is out of service. */
void settle_refuse(struct settle *settle);

/* -- shared by the parts of settle -- */

struct settle {
	struct settle_context context;
	struct arena arena;
	struct job jobs[BATCH_ROWS];
	size_t count;
	unsigned stage, open;
	int64_t fence_ms; /* server time when the fence was read */
};

void job_fail(struct settle *s, struct job *job, const char *code, bool is_retryable, struct slice message);

/* plan.c: what the record says. False: it has no task. */
bool plan_job(struct settle *s, struct job *job, const struct record *r);

/* effects.c: what is to be written for it, in place of what was; the second makes the last write of all. */
void effects_build(struct settle *s, struct job *job);
void effects_build_status(struct settle *s, struct job *job);

/* settle_fence.c: reads the tasks and judges whose they are; claims what ran out, renews what soon will. Each ends with settle_step_done. */
void settle_read_fence(struct settle *s, bool only_with_effects);
void settle_claim_and_renew(struct settle *s);
void settle_step_done(struct settle *s);
void settle_fail_by_trouble(struct settle *s, struct job *job);
void settle_fail_by_row(struct settle *s, struct job *job, enum row_outcome outcome, struct slice message);
#endif
