#include "settle.h"

#include <stdlib.h>

#include "base/cli.h"

enum { MAX_ARENA_BYTES = 256 << 20 };

static const struct slice fence_properties = SLICE("[\"hs_task_status\",\"hs_timestamp\",\"hs_task_body\",\"leadpipe_lease\",\"leadpipe_expires\","
						   "\"leadpipe_attempt\",\"leadpipe_done\",\"leadpipe_retry_at\"]");

struct settle *settle_new(const struct settle_context *context)
{
	struct settle *s = must(calloc(1, sizeof *s));
	s->context = *context;
	arena_init(&s->arena, MAX_ARENA_BYTES);
	return s;
}

struct arena *settle_arena(struct settle *s)
{
	return &s->arena;
}

size_t settle_count(const struct settle *s)
{
	return s->count;
}

const struct job *settle_add(struct settle *s, const struct record *r, uint64_t ticket)
{
	struct job *job = &s->jobs[s->count];
	*job = (struct job){ .ticket = ticket };
	if (!plan_job(s, job, r))
		return NULL;
	if (s->arena.failed)
		must(NULL);
	s->count++;
	return job;
}

bool settle_has_task(const struct settle *s, struct slice task_id)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_equal(s->jobs[i].task_id, task_id))
			return true;
	return false;
}

static bool same(struct slice a, struct slice b)
{
	return a.len > 0 && slice_equal(a, b);
}

bool settle_overlaps(const struct settle *a, const struct settle *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (same(a->jobs[i].task_id, b->jobs[k].task_id) || same(a->jobs[i].contact_id, b->jobs[k].contact_id) ||
				same(a->jobs[i].company_id, b->jobs[k].company_id))
				return true;
	return false;
}

void job_fail(struct settle *s, struct job *job, const char *code, bool is_retryable, struct slice message)
{
	if (job->state == JOB_FAILED)
		return;
	job->state = JOB_FAILED;
	job->code = code;
	job->is_retryable = is_retryable;
	job->message = arena_copy(&s->arena, message);
}

static void fail_by_trouble(struct settle *s, struct job *job)
{
	const struct hubspot_trouble *trouble = hubspot_trouble(s->context.api);
	job_fail(s, job, trouble->code, trouble->is_retryable, slice_of(trouble->message));
	job->is_parked = false;
}

/* A row that HubSpot did not take. What it blames the record for is parked: the next try would meet the same. */
static void fail_by_row(struct settle *s, struct job *job, const struct batch_row *row)
{
	switch (row->outcome) {
	case ROW_BROKEN: fail_by_trouble(s, job); break;
	case ROW_FAILED: job_fail(s, job, "service_down", true, row->message); break;
	case ROW_UNKNOWN:
		job->is_parked = job->state == JOB_OPEN;
		job_fail(s, job, "unknown", false, row->message);
		break;
	default: job->is_parked = job->state == JOB_OPEN; job_fail(s, job, "crm_refused", false, row->message);
	}
}

/* -- rows of a stage -- */

static void step_done(struct settle *s);

static bool is_hit(const struct settle *s, const struct job *job, const struct batch *batch, const struct batch_row *row)
{
	(void)s;
	struct slice id = batch->object == OBJECT_CONTACTS ? job->contact_id : job->company_id;
	return job->verdict == SETTLE_DONE && slice_equal(id, row->key);
}

static void on_rows(struct batch *batch, void *arg)
{
	struct settle *s = arg;
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		bool is_fine = row->outcome == ROW_OK || (row->outcome == ROW_CONFLICT && batch->verb == BATCH_CREATE && batch->is_repeatable);
		if (row->arg != NULL) {
			if (!is_fine)
				fail_by_row(s, row->arg, row);
			continue;
		}
		for (size_t k = 0; k < s->count; k++)
			if (is_hit(s, &s->jobs[k], batch, row)) {
				s->jobs[k].has_effects = true;
				if (!is_fine)
					fail_by_row(s, &s->jobs[k], row);
			}
	}
	step_done(s);
}

void settle_send(struct settle *s)
{
	struct batch *batch = s->filling;
	if (batch == NULL)
		return;
	s->filling = NULL;
	s->open++;
	batch_send(batch, on_rows, s);
}

void settle_put(struct settle *s, enum hubspot_object object, enum batch_verb verb, struct slice key, struct slice input, struct job *job)
{
	if (s->filling != NULL && (s->filling->object != object || s->filling->verb != verb || s->filling->count == BATCH_ROWS))
		settle_send(s);
	if (s->filling == NULL) {
		s->filling = batch_new(s->context.api, object, verb);
		s->filling->is_repeatable = verb == BATCH_CREATE && s->context.portal->has_unique_key[object];
	}
	batch_add(s->filling, key, input, job);
}

/* -- the fence -- */

static void judge_fence(struct settle *s, struct job *job, const struct batch *batch, const struct json *task, bool is_first)
{
	int64_t server_ms = batch->server_ms != 0 ? batch->server_ms : hubspot_server_ms(s->context.api);
	struct task_state state = task_state_of(json_get(task, "properties"));
	enum fence_verdict verdict = decide_fence(&state, job->token, server_ms);
	job->generation = arena_copy(&s->arena, state.done);
	job->body = arena_copy(&s->arena, result_property(task, "hs_task_body"));
	/* Whatever failed on the way: a task that is no longer ours is not parked either. */
	if (verdict == FENCE_SETTLED || verdict == FENCE_LOST)
		job->is_parked = false;
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
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct job *job = row->arg;
		if (row->outcome == ROW_OK)
			judge_fence(s, job, batch, row->result, s->stage == 1);
		else if (row->outcome == ROW_MISSING)
			job_fail(s, job, "lease_lost", false, slice_of("the task is gone"));
		else
			fail_by_row(s, job, row);
		if (row->outcome != ROW_OK)
			job->is_parked = false;
	}
	step_done(s);
}

static void read_fence(struct settle *s, bool only_with_effects)
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
	if (batch->count > 0)
		batch_send(batch, on_fence, s);
	else
		batch_send(batch, on_rows, s);
}

/* -- claiming what ran out, renewing what soon will -- */

static enum claim_verdict judge_claim(const struct task_state *task, const struct json *object, int64_t server_ms, void *row_arg, void *arg)
{
	const struct job *job = row_arg;
	(void)object;
	(void)arg;
	if (job->token.len > 0 && slice_equal(task->lease, job->token) && !slice_equal(task->done, job->token) && task->status != TASK_COMPLETED)
		return CLAIM_TAKE;
	/* Without a lease the record says itself that it was worked: when the task was due is no matter. */
	return job->token.len > 0 ? CLAIM_LEASED : decide_claim(task, INT64_MAX - 1, server_ms);
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
			fail_by_trouble(s, job);
		else
			job_fail(s, job, "lease_lost", false, slice_of("the lease had run out, and another took the task"));
	}
	step_done(s);
}

static void claim_and_renew(struct settle *s)
{
	struct lease_options options = { .portal = s->context.portal,
		.lease_ms = s->context.lease_ms,
		.properties = fence_properties,
		.judge = judge_claim,
		.done = on_claimed,
		.arg = s };
	struct lease_run *run = NULL;
	char expires[CLOCK_TEXT_BYTES];
	clock_format(hubspot_server_ms(s->context.api) + s->context.lease_ms, expires);
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		if (job->state == JOB_FAILED && !job->is_parked)
			continue;
		if (job->needs_claim) {
			if (run == NULL)
				run = lease_run_new(s->context.api, &options);
			lease_run_add(run, job->task_id, job);
		} else if (job->needs_renewal) {
			struct buf input;
			buf_init(&input, 4096);
			lease_put_update(&input, job->task_id, (struct lease_property[]){ { "leadpipe_expires", expires }, { NULL, NULL } });
			settle_put(s, OBJECT_TASKS, BATCH_UPDATE, job->task_id, buf_slice(&input), job);
			buf_release(&input);
		}
	}
	settle_send(s);
	if (run != NULL) {
		s->open++;
		lease_run_start(run);
	}
}

/* -- stages -- */

static void go_on(struct settle *s)
{
	while (s->open == 0) {
		switch (s->stage++) {
		case 0: read_fence(s, false); break;
		case 1: claim_and_renew(s); break;
		case 2: effect_properties(s); break;
		case 3: effect_notes(s); break;
		case 4: effect_follow_ups(s); break;
		case 5: read_fence(s, true); break;
		case 6: effect_status(s); break;
		default:
			for (size_t i = 0; i < s->count; i++)
				if (s->jobs[i].state == JOB_OPEN)
					s->jobs[i].state = JOB_HANDLED;
			s->context.done(s, s->jobs, s->count, s->context.arg);
			arena_release(&s->arena);
			free(s);
			return;
		}
	}
}

static void step_done(struct settle *s)
{
	if (--s->open == 0)
		go_on(s);
}

static void start(void *arg)
{
	step_done(arg);
}

void settle_start(struct settle *s)
{
	s->open = 1;
	hubspot_at(s->context.api, 0, start, s);
}

void settle_refuse(struct settle *s)
{
	for (size_t i = 0; i < s->count; i++)
		fail_by_trouble(s, &s->jobs[i]);
	s->stage = 7;
	settle_start(s);
}
