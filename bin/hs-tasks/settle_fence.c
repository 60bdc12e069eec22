/* The fence: is a task still the record's? Claims anew what ran out with its token still on it, renews what soon will. */
#include "base/cli.h"
#include "settle.h"

static const struct slice fence_properties =
	SLICE("[\"hs_task_status\",\"hs_timestamp\",\"hs_task_body\",\"hubspot_owner_id\",\"leadpipe_lease\","
	      "\"leadpipe_expires\",\"leadpipe_attempt\",\"leadpipe_done\",\"leadpipe_retry_at\",\"leadpipe_reason\"]");

static void judge_fence(struct settle *s, struct job *job, const struct json *task, bool is_first)
{
	struct task_state state = task_state_of(json_get(task, "properties"));
	enum fence_verdict verdict = decide_fence(&state, job->token, s->context.force.verdict != SETTLE_DONE, s->fence_ms);
	bool is_other_generation = job->is_resumed && !slice_equal(job->generation, state.done);
	job->generation = arena_copy(&s->arena, state.done);
	job->body = arena_copy(&s->arena, result_property(task, "hs_task_body"));
	job->task_properties = arena_copy(&s->arena, json_get(task, "properties")->raw);
	/* Whatever failed on the way: a task that is no longer ours is not parked either. */
	if (verdict == FENCE_SETTLED || verdict == FENCE_LOST)
		job->is_parked = false;
	/* A status that was sent takes the token off, but for a completion: whoever sent it had passed the fence. */
	if (verdict == FENCE_LOST && job->status != NULL && job->status->is_resumed && state.lease.len == 0)
		verdict = FENCE_SETTLED;
	else if (verdict != FENCE_SETTLED && is_other_generation)
		verdict = FENCE_LOST;
	if (verdict == FENCE_SETTLED && job->state == JOB_OPEN)
		job->state = JOB_HANDLED;
	else if (verdict == FENCE_LOST)
		job_fail(s, job, "lease_lost", false,
			slice_of(job->token.len == 0 ? "the task is not free" : "the task is another's by now, or closed: nothing was written"));
	else if (verdict == FENCE_CLAIM_FIRST && is_first)
		job->needs_claim = true;
	else if (verdict == FENCE_RENEW && is_first)
		job->needs_renewal = true;
}

static void on_fence(struct batch *batch, void *arg)
{
	struct settle *s = arg;
	s->fence_ms = batch_server_ms(batch);
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct job *job = row->arg;
		if (row->outcome == ROW_OK)
			judge_fence(s, job, row->result, s->stage == 2);
		else if (row->outcome == ROW_MISSING)
			job_fail(s, job, "lease_lost", false, slice_of("the task is gone"));
		else
			settle_fail_by_row(s, job, row->outcome, row->message);
		if (row->outcome != ROW_OK)
			job->is_parked = false;
	}
	settle_step_done(s);
}

void settle_read_fence(struct settle *s, bool only_with_effects)
{
	if (hubspot_is_dry_run(s->context.api)) {
		/* A record without a lease would get one here. */
		for (size_t i = 0; i < s->count; i++)
			if (s->jobs[i].token.len == 0)
				s->jobs[i].token = slice_of("<token>");
		return;
	}
	struct batch *batch = batch_new(s->context.api, OBJECT_TASKS, BATCH_READ);
	batch->properties = fence_properties;
	batch->op = "crm.fence";
	for (size_t i = 0; i < s->count; i++)
		if (s->jobs[i].state == JOB_OPEN || (s->jobs[i].state == JOB_FAILED && s->jobs[i].is_parked))
			if (!only_with_effects || s->jobs[i].has_effects)
				batch_add(batch, s->jobs[i].task_id, (struct slice){ 0 }, &s->jobs[i]);
	s->open++;
	batch_send(batch, on_fence, s);
}

static enum claim_verdict judge_claim(const struct task_state *task, const struct json *object, int64_t server_ms, void *row_arg, void *arg)
{
	const struct job *job = row_arg;
	const struct settle *s = arg;
	(void)object;
	if (job->token.len > 0 && slice_equal(task->lease, job->token) && !slice_equal(task->done, job->token) && task->status != TASK_COMPLETED)
		return CLAIM_TAKE;
	if (job->token.len > 0 || !is_free(task, s->context.force.verdict != SETTLE_DONE, server_ms))
		return CLAIM_LEASED;
	return task->done.len > 0 ? CLAIM_TAKE_REOPENED : CLAIM_TAKE;
}

static void enter_tokens(struct settle *s)
{
	struct journal *journal = s->context.journal;
	if (journal == NULL)
		return;
	int result = journal_begin(journal);
	for (size_t i = 0; i < s->count && result == 0; i++) {
		const struct job *job = &s->jobs[i];
		if (job->state == JOB_OPEN)
			result = journal_update_work(journal,
				&(struct journal_work){
					.id = job->work, .token = job->token, .generation = job->generation, .attempt = job->attempt });
	}
	journal_end(s->context.api, journal, result);
}

static void on_claimed(const struct lease *leases, size_t count, const struct lease_counts *counts, void *arg)
{
	struct settle *s = arg;
	(void)counts;
	for (size_t i = 0; i < count; i++) {
		struct job *job = leases[i].arg;
		job->needs_claim = false;
		job->attempt = leases[i].attempt;
		job->token = arena_copy(&s->arena, slice_of(leases[i].token));
	}
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		if (!job->needs_claim)
			continue;
		job->is_parked = false;
		if (hubspot_trouble(s->context.api)->status != 0)
			settle_fail_by_trouble(s, job);
		else
			job_fail(s, job, "lease_lost", false, slice_of("the lease had run out, and another took the task"));
	}
	enter_tokens(s);
	settle_step_done(s);
}

static void on_renewed(struct batch *batch, void *arg)
{
	struct settle *s = arg;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->rows[i].outcome != ROW_OK)
			settle_fail_by_row(s, batch->rows[i].arg, batch->rows[i].outcome, batch->rows[i].message);
	settle_step_done(s);
}

void settle_claim_and_renew(struct settle *s)
{
	struct lease_options options = { .portal = s->context.portal,
		.journal = s->context.journal,
		.lease_ms = s->context.lease_ms,
		.properties = fence_properties,
		.judge = judge_claim,
		.done = on_claimed,
		.arg = s };
	struct lease_run *run = NULL;
	struct batch *renewals = NULL;
	char expires[CLOCK_TEXT_BYTES];
	clock_format(s->fence_ms + s->context.lease_ms, expires);
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		if (job->state != JOB_OPEN && !(job->state == JOB_FAILED && job->is_parked))
			continue;
		if (job->needs_claim) {
			run = run == NULL ? lease_run_new(s->context.api, &options) : run;
			lease_run_add(run, job->task_id, job->token, job);
		} else if (job->needs_renewal) {
			renewals = renewals == NULL ? batch_new(s->context.api, OBJECT_TASKS, BATCH_UPDATE) : renewals;
			renewals->op = "crm.renew";
			lease_add_update(renewals, job->task_id, (struct lease_property[]){ { "leadpipe_expires", expires }, { NULL, NULL } }, job);
		}
	}
	s->open += (run != NULL ? 1U : 0) + (renewals != NULL ? 1U : 0);
	if (renewals != NULL)
		batch_send(renewals, on_renewed, s);
	if (run != NULL)
		lease_run_start(run);
}
