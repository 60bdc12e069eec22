/* What a finished record says of its task: who it is, whether it succeeded, what is to be written. Reads, decides, makes no call. */
#include <stdio.h>

#include "due.h"
#include "settle.h"

enum { MAX_PLAN_BYTES = 16 << 20, MAX_REASON_BYTES = 1000 };

static struct slice text_at(struct settle *s, const struct record *r, const char *a, const char *b, const char *c)
{
	struct value v;
	if (!record_path(r, &v, a, b, c, NULL))
		return (struct slice){ "", 0 };
	struct slice text = value_text(v, &s->arena);
	return arena_copy(&s->arena, text);
}

static bool number_at(const struct record *r, const char *a, const char *b, int64_t *number)
{
	struct value v;
	return record_path(r, &v, a, b, NULL) && value_int(v, number);
}

static bool is_true_at(const struct record *r, const char *a, const char *b)
{
	struct value v;
	return record_path(r, &v, a, b, NULL) && v.type == JSON_TRUE;
}

/* At most MAX_REASON_BYTES of it, cut between characters; control bytes would only spoil what a person reads. */
static struct slice readable(struct settle *s, struct slice text)
{
	size_t len = text.len < MAX_REASON_BYTES ? text.len : MAX_REASON_BYTES;
	len = slice_utf8_prefix((struct slice){ text.ptr, len });
	char *copy = must(arena_strdup(&s->arena, (struct slice){ text.ptr, len }));
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
			copy[i] = ' ';
	return (struct slice){ copy, len };
}

static struct slice join(struct settle *s, const char *before, struct slice text)
{
	return readable(s, arena_printf(&s->arena, "%s%.*s", before, (int)text.len, text.ptr));
}

/* Every follow-up's due date is read before anything is written. */
static bool dues_are_good(struct settle *s, struct job *job)
{
	const struct json *list = json_get(job->plan, "follow_ups");
	for (const struct json *item = list == NULL ? NULL : list->child; item != NULL; item = item->next) {
		int64_t due_ms;
		struct slice due = json_text(json_get(item, "due"));
		if (due_parse(due, s->context.now_ms, &due_ms))
			continue;
		job_fail(s, job, "workflow_failed", false, join(s, "a follow-up's due date is no date: ", due));
		job->is_parked = true;
		return false;
	}
	return true;
}

/* Runs the workflow's program. False: the job has failed. */
static bool make_plan(struct settle *s, struct job *job, const struct route *route, const struct record *r)
{
	struct buf out;
	struct json_error error;
	bool ok;
	buf_init(&out, MAX_PLAN_BYTES);
	ok = program_run(s->context.program, route, s->context.now, record_root(r).raw, &out);
	if (ok) {
		struct slice copy = arena_copy(&s->arena, buf_slice(&out));
		job->plan = json_parse(&s->arena, copy, &error);
		ok = job->plan != NULL;
	}
	if (!ok) {
		job_fail(s, job, "workflow_failed", false, readable(s, buf_slice(&out)));
		job->is_parked = true;
	}
	buf_release(&out);
	return ok;
}

/* The words for a mail's state that stops the work. */
static void take_mail_reason(struct settle *s, struct job *job, const struct record *r, struct slice state)
{
	struct slice reason = text_at(s, r, "outreach", "reason", NULL);
	char before[64];
	snprintf(before, sizeof before, "Outreach %.*s%s", (int)(state.len < 20 ? state.len : 20), state.ptr, reason.len > 0 ? ": " : "");
	job->reason = join(s, before, reason);
}

static void take_deferral(struct settle *s, struct job *job, const struct record *r)
{
	struct slice due = text_at(s, r, "outreach", "due", NULL);
	if (due_parse(due, s->context.now_ms, &job->due_ms))
		return;
	job->verdict = SETTLE_PARK;
	job->reason = join(s, "Outreach deferred to no known time: ", due);
}

/* What complete decides by the record. */
static void judge_record(struct settle *s, struct job *job, const struct record *r)
{
	const struct route *route = workflow_route_named(s->context.workflow, job->route);
	struct outcome outcome = { .has_error = record_has_error(r, NULL),
		.is_retryable = is_true_at(r, "error", "retryable"),
		.attempt = job->attempt,
		.max_attempts = s->context.workflow->max_attempts };
	if (!outcome.has_error && route != NULL) {
		if (!make_plan(s, job, route, r))
			return;
		outcome.is_done = json_is_true(json_get(job->plan, "done"));
		if (route->makes_mail)
			outcome.outreach_state = text_at(s, r, "outreach", "state", NULL);
	}
	job->verdict = decide_settle(&outcome);
	switch (job->verdict) {
	case SETTLE_DONE: {
		struct slice park = json_text(json_get(job->plan, "park"));
		job->reason = readable(s, park);
		dues_are_good(s, job);
		break;
	}
	case SETTLE_RETRY:
		job->due_ms = s->context.now_ms + retry_pause_ms(job->attempt);
		job->reason = join(s, "", text_at(s, r, "error", "message", NULL));
		break;
	case SETTLE_PARK:
		if (outcome.has_error)
			job->reason =
				join(s, outcome.is_retryable ? "Given up after the last attempt: " : "", text_at(s, r, "error", "message", NULL));
		else
			take_mail_reason(s, job, r, outcome.outreach_state);
		break;
	case SETTLE_SUPPRESSED: take_mail_reason(s, job, r, outcome.outreach_state); break;
	case SETTLE_DEFERRED: take_deferral(s, job, r); break;
	case SETTLE_APPROVAL: job->reason = slice_of(REASON_APPROVAL); break;
	case SETTLE_NO_RESULT:
	case SETTLE_ESCALATE: break;
	}
}

/* What fail, snooze, release and escalate say of every record. */
static void force_verdict(const struct settle *s, struct job *job)
{
	job->verdict = s->context.force.verdict;
	job->reason = s->context.force.reason;
	job->owner = s->context.force.owner;
	job->due_ms = s->context.force.due_ms;
}

/* The whole result, so that a score can be explained long after. */
static void keep_result(struct settle *s, struct job *job, const struct route *route, const struct record *r)
{
	struct value v;
	if (route == NULL || route->result.len == 0)
		return;
	job->member = route->result;
	if (record_member(r, record_root(r), route->result, &v))
		job->result = arena_copy(&s->arena, v.raw);
	job->rules = text_at(s, r, "qualification", "rules", "digest");
}

bool plan_job(struct settle *s, struct job *job, const struct record *r)
{
	job->task_id = text_at(s, r, "task", "id", NULL);
	if (job->task_id.len == 0)
		return false;
	job->contact_id = text_at(s, r, "contact", "id", NULL);
	job->company_id = text_at(s, r, "company", "id", NULL);
	job->token = text_at(s, r, "lease", "token", NULL);
	job->generation = text_at(s, r, "task", "properties", "leadpipe_done");
	job->body = text_at(s, r, "task", "properties", "hs_task_body");
	if (!number_at(r, "lease", "attempt", &job->attempt))
		job->attempt = 1;
	const struct route *route = workflow_route(s->context.workflow, text_at(s, r, "task", "properties", "hs_task_subject"));
	job->route = route == NULL ? (struct slice){ "", 0 } : route->name;
	keep_result(s, job, route, r);
	if (s->context.force.verdict != SETTLE_DONE)
		force_verdict(s, job);
	else
		judge_record(s, job, r);
	effects_build(s, job);
	return true;
}
