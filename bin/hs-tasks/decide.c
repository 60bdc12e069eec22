#include "decide.h"

#include "base/clock.h"

static const struct {
	const char *name;
	enum task_status status;
} statuses[] = {
	{ "NOT_STARTED", TASK_NOT_STARTED },
	{ "IN_PROGRESS", TASK_IN_PROGRESS },
	{ "WAITING", TASK_WAITING },
	{ "COMPLETED", TASK_COMPLETED },
	{ "DEFERRED", TASK_DEFERRED },
};

enum task_status task_status_of(struct slice text)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (slice_is(text, statuses[i].name))
			return statuses[i].status;
	return TASK_OTHER;
}

static struct slice property(const struct json *properties, const char *name)
{
	return json_text(json_get(properties, name));
}

static int64_t time_property(const struct json *properties, const char *name, int64_t missing)
{
	int64_t ms;
	return clock_parse(property(properties, name), &ms) ? ms : missing;
}

struct task_state task_state_of(const struct json *properties)
{
	uint64_t attempt;
	return (struct task_state){
		.status = task_status_of(property(properties, "hs_task_status")),
		.due_ms = time_property(properties, "hs_timestamp", INT64_MIN),
		.lease = property(properties, "leadpipe_lease"),
		.done = property(properties, "leadpipe_done"),
		.expires_ms = time_property(properties, "leadpipe_expires", INT64_MIN),
		.retry_at_ms = time_property(properties, "leadpipe_retry_at", INT64_MAX),
		.attempt = slice_to_u64(property(properties, "leadpipe_attempt"), &attempt) && attempt < INT32_MAX ? (int64_t)attempt : 0,
	};
}

static bool has_run_out(const struct task_state *task, int64_t server_ms)
{
	return task->expires_ms < server_ms - LEASE_MARGIN_MS;
}

static enum claim_verdict take(const struct task_state *task)
{
	return task->done.len > 0 ? CLAIM_TAKE_REOPENED : CLAIM_TAKE;
}

enum claim_verdict decide_claim(const struct task_state *task, int64_t now_ms, int64_t server_ms)
{
	/* Once it was completed, a standing lease says nothing: whoever opened it again meant it to be worked. */
	bool is_leased = task->lease.len > 0 && !slice_equal(task->lease, task->done) && !has_run_out(task, server_ms);
	switch (task->status) {
	case TASK_NOT_STARTED: return is_leased ? CLAIM_LEASED : task->due_ms <= now_ms ? take(task) : CLAIM_NOT_DUE;
	case TASK_WAITING:
		if (task->retry_at_ms == INT64_MAX)
			return CLAIM_CLOSED;
		return is_leased ? CLAIM_LEASED : task->retry_at_ms <= now_ms ? take(task) : CLAIM_NOT_DUE;
	case TASK_IN_PROGRESS:
		if (task->lease.len == 0)
			return CLAIM_PERSONS;
		if (slice_equal(task->lease, task->done))
			return CLAIM_REPAIR;
		return is_leased ? CLAIM_LEASED : CLAIM_TAKE;
	default: return CLAIM_CLOSED;
	}
}

bool is_free(const struct task_state *task, bool takes_waiting, int64_t server_ms)
{
	return (takes_waiting && task->status == TASK_WAITING) || decide_claim(task, INT64_MAX - 1, server_ms) <= CLAIM_TAKE_REOPENED;
}

enum fence_verdict decide_fence(const struct task_state *task, struct slice token, bool takes_waiting, int64_t server_ms)
{
	if (token.len == 0)
		return is_free(task, takes_waiting, server_ms) ? FENCE_CLAIM_FIRST : FENCE_LOST;
	if (slice_equal(task->done, token))
		return FENCE_SETTLED;
	if (!slice_equal(task->lease, token) || task->status == TASK_COMPLETED)
		return FENCE_LOST;
	int64_t left_ms = task->expires_ms == INT64_MIN ? -1 : task->expires_ms - LEASE_MARGIN_MS - server_ms;
	return left_ms <= 0 ? FENCE_CLAIM_FIRST : left_ms < LEASE_RENEW_MS ? FENCE_RENEW : FENCE_OURS;
}

static const char *const verdict_names[] = {
	[SETTLE_DONE] = "done",
	[SETTLE_RETRY] = "retry",
	[SETTLE_PARK] = "park",
	[SETTLE_SUPPRESSED] = "suppressed",
	[SETTLE_DEFERRED] = "deferred",
	[SETTLE_APPROVAL] = "approval",
	[SETTLE_NO_RESULT] = "no_result",
	[SETTLE_ESCALATE] = "escalate",
};

const char *settle_verdict_name(enum settle_verdict verdict)
{
	return verdict_names[verdict];
}

bool settle_verdict_find(struct slice name, enum settle_verdict *verdict)
{
	for (size_t i = 0; i < sizeof verdict_names / sizeof verdict_names[0]; i++)
		if (slice_is(name, verdict_names[i])) {
			*verdict = (enum settle_verdict)i;
			return true;
		}
	return false;
}

enum settle_verdict decide_settle(const struct outcome *o)
{
	if (o->has_error)
		return o->is_retryable && o->attempt < o->max_attempts ? SETTLE_RETRY : SETTLE_PARK;
	if (o->is_done)
		return SETTLE_DONE;
	if (slice_is(o->outreach_state, "failed") || slice_is(o->outreach_state, "unknown"))
		return SETTLE_PARK;
	if (slice_is(o->outreach_state, "suppressed"))
		return SETTLE_SUPPRESSED;
	if (slice_is(o->outreach_state, "deferred"))
		return SETTLE_DEFERRED;
	if (slice_is(o->outreach_state, "rendered"))
		return SETTLE_APPROVAL;
	return SETTLE_NO_RESULT;
}

int64_t retry_pause_ms(int64_t attempt)
{
	int64_t pause = RETRY_BASE_MS;
	for (int64_t i = 1; i < attempt && pause < RETRY_CAP_MS; i++)
		pause *= 2;
	return pause < RETRY_CAP_MS ? pause : RETRY_CAP_MS;
}
