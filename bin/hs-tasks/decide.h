/* bin/hs-tasks/decide.h - what is to happen to a task: pure functions of its properties, a record's outcome and the time.
 *
 * Three questions: may it be claimed, is it still ours, and what does a finished record do to it. The tables are in hs-tasks(1). */
#ifndef HS_TASKS_DECIDE_H
#define HS_TASKS_DECIDE_H
#include "base/json.h"

enum {
	LEASE_PROVISIONAL_MS = 120000, /* written before it is known who won */
	LEASE_RENEW_MS = 120000, /* with less than this left, a lease is renewed before effects */
	LEASE_MARGIN_MS = 2000, /* the server's Date header has whole seconds, and its clock is not ours */
	RETRY_BASE_MS = 5 * 60000,
	RETRY_CAP_MS = 6 * 3600000,
};

enum task_status { TASK_NOT_STARTED, TASK_IN_PROGRESS, TASK_WAITING, TASK_COMPLETED, TASK_DEFERRED, TASK_OTHER };

/* A task's properties as far as they decide; slices are borrowed from the answer. */
struct task_state {
	enum task_status status;
	int64_t due_ms; /* INT64_MIN: none */
	struct slice lease, done; /* empty: none */
	int64_t expires_ms; /* INT64_MIN: none */
	int64_t retry_at_ms; /* INT64_MAX: never */
	int64_t attempt; /* 0: none yet */
};

enum task_status task_status_of(struct slice text);
struct task_state task_state_of(const struct json *properties);

enum claim_verdict {
	CLAIM_TAKE,
	CLAIM_TAKE_REOPENED, /* completed once, then opened again by a person: attempts count from the start */
	CLAIM_NOT_DUE,
	CLAIM_LEASED, /* somebody's lease still runs */
	CLAIM_PERSONS, /* IN_PROGRESS without a lease of ours: a person's work */
	CLAIM_REPAIR, /* completed, but a late write set it back to IN_PROGRESS */
	CLAIM_CLOSED, /* COMPLETED, DEFERRED, WAITING for a person */
};

/* now_ms decides what is due (--now), server_ms whether a lease has run out. */
enum claim_verdict decide_claim(const struct task_state *task, int64_t now_ms, int64_t server_ms);

enum fence_verdict {
	FENCE_OURS,
	FENCE_RENEW, /* ours, but ends soon */
	FENCE_CLAIM_FIRST, /* run out with our token still on it, or free and the record has no lease */
	FENCE_SETTLED, /* this very claim has completed it already */
	FENCE_LOST,
};

/* token: the record's, empty where it has no lease. takes_waiting: then also a task that waits for a person counts as free, for a person's word. */
enum fence_verdict decide_fence(const struct task_state *task, struct slice token, bool takes_waiting, int64_t server_ms);

/* Whether a record without a lease may take the task: when it was due is no matter, the record says itself that it was worked. */
bool is_free(const struct task_state *task, bool takes_waiting, int64_t server_ms);

/* leadpipe_reason of a task whose mail a person has yet to read. */
#define REASON_APPROVAL "mail awaits approval"

enum settle_verdict {
	SETTLE_DONE, /* properties, note, follow-ups, COMPLETED */
	SETTLE_RETRY, /* NOT_STARTED, due after a pause */
	SETTLE_PARK, /* WAITING with the reason */
	SETTLE_SUPPRESSED, /* COMPLETED with a note, no follow-up */
	SETTLE_DEFERRED, /* NOT_STARTED, due when the mail is */
	SETTLE_APPROVAL, /* WAITING: REASON_APPROVAL */
	SETTLE_NO_RESULT, /* lease released, record printed */
	SETTLE_ESCALATE, /* NOT_STARTED, another owner's */
};

/* "done", as the journal has it; and back, false where it is none. */
const char *settle_verdict_name(enum settle_verdict verdict);
bool settle_verdict_find(struct slice name, enum settle_verdict *verdict);

struct outcome {
	bool has_error, is_retryable;
	bool is_done; /* what the route's `done` says */
	struct slice outreach_state; /* empty where the route makes no mail */
	int64_t attempt, max_attempts;
};
enum settle_verdict decide_settle(const struct outcome *o);

/* The pause after a failed attempt (1, 2, ...): doubles from 5 minutes, at most 6 hours. */
int64_t retry_pause_ms(int64_t attempt);
#endif
