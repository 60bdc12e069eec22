/* bin/hs-tasks/settle.h - writes back what became of up to 100 claimed tasks, stage by stage, each stage in batches.
 *
 * Fence (is it still ours?), properties, notes and mails, follow-ups, fence again, status: a crash between two stages leaves a task that is claimed again later, and
 * keys keep what was made from being made twice. */
#ifndef HS_TASKS_SETTLE_H
#define HS_TASKS_SETTLE_H
#include "batch.h"
#include "decide.h"
#include "lease.h"
#include "portal.h"
#include "program.h"
#include "record/record.h"

enum job_state { JOB_OPEN, JOB_HANDLED, JOB_FAILED };

/* One record's task. */
struct job {
	uint64_t ticket; /* the caller's */
	struct slice task_id, contact_id, company_id, token;
	const struct route *route; /* NULL: none */
	enum settle_verdict verdict;
	struct slice reason; /* why it waits, or is suppressed; HTML-free text */
	const struct json *plan; /* program.h, with SETTLE_DONE; else NULL */
	int64_t due_ms; /* SETTLE_RETRY, SETTLE_DEFERRED */
	int64_t attempt;
	struct slice generation, body; /* of the task as last read */

	enum job_state state;
	bool is_parked; /* failed, but the task is still to be parked with the reason */
	bool has_effects, needs_claim, needs_renewal;
	const char *code; /* with JOB_FAILED, lead(5) */
	bool is_retryable;
	struct slice message;
};

struct settle;

struct settle_context {
	struct hubspot *api;
	const struct workflow *workflow;
	const struct portal *portal;
	struct program *program;
	int64_t lease_ms;
	const char *now; /* content time */
	int64_t now_ms;
	void (*done)(struct settle *settle, struct job *jobs, size_t count, void *arg); /* every job handled or failed; then it frees itself */
	void *arg;
};

struct settle *settle_new(const struct settle_context *context);

/* Reads the record and judges it; no call is made. Not for a full settle, nor for a task that is in it already. NULL: the record has no task. */
const struct job *settle_add(struct settle *settle, const struct record *r, uint64_t ticket);
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
	struct batch *filling; /* of the stage in hand */
};

void job_fail(struct settle *s, struct job *job, const char *code, bool is_retryable, struct slice message);

/* plan.c: what the record says; effects.c: what is written. */
bool plan_job(struct settle *s, struct job *job, const struct record *r);
void effect_properties(struct settle *s);
void effect_notes(struct settle *s);
void effect_follow_ups(struct settle *s);
void effect_status(struct settle *s);

/* Adds a row to the batch of the stage, and sends it when it is full or when the object or verb changes; arg is the job, NULL where key names it. */
void settle_put(struct settle *s, enum hubspot_object object, enum batch_verb verb, struct slice key, struct slice input, struct job *job);
void settle_send(struct settle *s);
#endif
