#include "settle.h"

#include <stdlib.h>

#include "base/cli.h"

enum { MAX_ARENA_BYTES = 256 << 20, STAGE_END = 8 };

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
	*job = (struct job){ .ticket = ticket, .now = slice_of(s->context.now) };
	job->effects_end = &job->effects;
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

void settle_fail_by_trouble(struct settle *s, struct job *job)
{
	const struct hubspot_trouble *trouble = hubspot_trouble(s->context.api);
	job->is_pending = job->is_pending || job->state == JOB_OPEN;
	job_fail(s, job, trouble->code, trouble->is_retryable, slice_of(trouble->message));
	job->is_parked = false;
}

/* A row that HubSpot did not take. What it blames the record for is parked: the next try would meet the same. What only could not be done now stays in the
 * journal. */
void settle_fail_by_row(struct settle *s, struct job *job, enum row_outcome outcome, struct slice message)
{
	switch (outcome) {
	case ROW_BROKEN: settle_fail_by_trouble(s, job); break;
	case ROW_FAILED:
		job->is_pending = job->is_pending || job->state == JOB_OPEN;
		job_fail(s, job, "service_down", true, message);
		break;
	case ROW_UNKNOWN:
		job->is_pending = job->is_pending || job->state == JOB_OPEN;
		job_fail(s, job, "unknown", true, message);
		break;
	default: job->is_parked = job->state == JOB_OPEN; job_fail(s, job, "crm_refused", false, message);
	}
}

/* -- the journal -- */

static int enter_job(struct settle *s, struct job *job)
{
	struct journal *journal = s->context.journal;
	struct journal_work work = {
		.id = job->work,
		.kind = "task",
		.task = job->task_id,
		.token = job->token,
		.generation = job->generation,
		.contact = job->contact_id,
		.company = job->company_id,
		.route = job->route,
		.verdict = slice_of(settle_verdict_name(job->verdict)),
		.reason = job->reason,
		.attempt = job->attempt,
		.due_ms = job->due_ms,
		.now = job->now,
		.body = job->owner,
		.member = job->member,
		.result = job->result,
		.rules = job->rules,
		.at_ms = clock_real_ms(),
	};
	bool known;
	int result = journal_add_work(journal, &work);
	job->work = work.id;
	if (result == 0 && job->token.len > 0)
		result = journal_settle_by(journal, job->task_id, job->token, &known);
	for (struct effect *e = job->effects; e != NULL && result == 0; e = e->next)
		result = effect_enter(e, journal, job->work);
	return result;
}

/* All that is still to be written, the statuses among it. */
static size_t count_writes(const struct settle *s)
{
	size_t count = s->count;
	for (size_t i = 0; i < s->count; i++)
		for (const struct effect *e = s->jobs[i].effects; e != NULL; e = e->next)
			count += e->state != JOURNAL_EFFECT_DONE;
	return count;
}

static void refuse(struct settle *s)
{
	const struct hubspot_trouble *refusal = hubspot_refusal(s->context.api);
	for (size_t i = 0; i < s->count; i++) {
		s->jobs[i].is_pending = true; /* where it is in the journal already */
		job_fail(s, &s->jobs[i], refusal->code, refusal->is_retryable, slice_of(refusal->message));
	}
	s->stage = STAGE_END;
}

/* Every record's intents, before the first call. Where so much may not be written there are none: nothing that was refused is written later. */
static void enter_intents(struct settle *s)
{
	struct journal *journal = s->context.journal;
	if (journal == NULL)
		return;
	if (!hubspot_may_write(s->context.api, count_writes(s))) {
		refuse(s);
		return;
	}
	int result = journal_begin(journal);
	for (size_t i = 0; i < s->count && result == 0; i++)
		if (!s->jobs[i].is_resumed)
			result = enter_job(s, &s->jobs[i]);
	journal_end(s->context.api, journal, result);
}

/* The fence has found tasks in another generation than their records say: their keys are others. */
static void renew_intents(struct settle *s)
{
	struct journal *journal = s->context.journal;
	int result = 0;
	bool any = false;
	for (size_t i = 0; i < s->count && result == 0; i++) {
		struct job *job = &s->jobs[i];
		if (job->state != JOB_OPEN || job->is_resumed || slice_equal(job->generation, job->effects_generation))
			continue;
		effects_build(s, job);
		if (journal == NULL)
			continue;
		result = any ? 0 : journal_begin(journal);
		any = true;
		if (result == 0)
			result = journal_clear_intents(journal, job->work);
		for (struct effect *e = job->effects; e != NULL && result == 0; e = e->next)
			result = effect_enter(e, journal, job->work);
	}
	if (any)
		journal_end(s->context.api, journal, result);
}

static void enter_ends(struct settle *s)
{
	struct journal *journal = s->context.journal;
	if (journal == NULL)
		return;
	int result = journal_begin(journal);
	for (size_t i = 0; i < s->count && result == 0; i++) {
		struct job *job = &s->jobs[i];
		/* A record that is given back with an error is marked by complete, once it has been printed. */
		if (job->work != 0 && (job->state == JOB_HANDLED || (job->is_resumed && !job->is_pending)))
			result = journal_work_ended(journal, job->work, job->state == JOB_HANDLED ? JOURNAL_DONE : JOURNAL_FAILED);
		if (result == 0)
			result = journal_drop_lease(journal, job->task_id, job->token);
	}
	journal_end(s->context.api, journal, result);
}

/* -- work of a run that is no more -- */

bool settle_add_work(struct settle *s, const struct journal_work *work, const struct journal_effect *effects, size_t count)
{
	struct job *job = &s->jobs[s->count];
	*job = (struct job){
		.task_id = work->task,
		.contact_id = work->contact,
		.company_id = work->company,
		.token = work->token,
		.route = work->route,
		.reason = work->reason,
		.owner = work->body,
		.due_ms = work->due_ms,
		.attempt = work->attempt,
		.now = work->now,
		.generation = work->generation,
		.work = work->id,
		.is_resumed = true,
	};
	job->effects_end = &job->effects;
	if (!settle_verdict_find(work->verdict, &job->verdict))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct effect *e = arena_new(&s->arena, struct effect);
		if (e == NULL)
			must(NULL);
		if (!effect_from_row(e, &effects[i]))
			return false;
		e->owner = job;
		e->contact = job->contact_id;
		e->company = job->company_id;
		if (strcmp(e->name, "status") == 0) {
			job->status = e;
			continue;
		}
		*job->effects_end = e;
		job->effects_end = &e->next;
	}
	s->count++;
	return true;
}

/* -- stages -- */

static void go_on(struct settle *s);

void settle_step_done(struct settle *s)
{
	if (--s->open == 0)
		go_on(s);
}

static void on_stage_done(void *arg)
{
	settle_step_done(arg);
}

static void on_effect(struct effect *e, enum row_outcome outcome, struct slice message, void *arg)
{
	if (outcome != ROW_OK)
		settle_fail_by_row(arg, e->owner, outcome, message);
}

static unsigned stage_of(const struct effect *e)
{
	if (!e->is_create)
		return 3;
	return e->object == OBJECT_TASKS ? 5 : 4;
}

static void perform_all(struct settle *s, struct effect **effects, size_t count)
{
	const struct perform_context context = { s->context.api, s->context.portal, s->context.journal };
	s->open++;
	perform(&context, effects, count, on_effect, on_stage_done, s);
}

static void perform_stage(struct settle *s, unsigned stage)
{
	struct effect **effects = NULL;
	size_t count = 0, capacity = 0;
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		for (struct effect *e = job->state == JOB_OPEN ? job->effects : NULL; e != NULL; e = e->next) {
			if (stage_of(e) != stage)
				continue;
			if (count == capacity) {
				capacity = 2 * capacity + BATCH_ROWS;
				effects = must(realloc(effects, capacity * sizeof *effects));
			}
			job->has_effects = true;
			effects[count++] = e;
		}
	}
	if (count > 0)
		perform_all(s, effects, count);
	free(effects);
}

static void perform_status(struct settle *s)
{
	struct effect *effects[BATCH_ROWS];
	struct journal *journal = s->context.journal;
	size_t count = 0;
	int result = journal == NULL ? 0 : journal_begin(journal);
	for (size_t i = 0; i < s->count && result == 0; i++) {
		struct job *job = &s->jobs[i];
		if (job->state != JOB_OPEN && !(job->state == JOB_FAILED && job->is_parked))
			continue;
		effects_build_status(s, job);
		if (journal != NULL && job->status->id == 0)
			result = effect_enter(job->status, journal, job->work);
		effects[count++] = job->status;
	}
	journal_end(s->context.api, journal, result);
	if (count > 0)
		perform_all(s, effects, count);
}

static void finish(struct settle *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->jobs[i].state == JOB_OPEN)
			s->jobs[i].state = JOB_HANDLED;
	enter_ends(s);
	s->context.done(s, s->jobs, s->count, s->context.arg);
	arena_release(&s->arena);
	free(s);
}

static void go_on(struct settle *s)
{
	while (s->open == 0) {
		switch (s->stage++) {
		case 0: enter_intents(s); break;
		case 1: settle_read_fence(s, false); break;
		case 2:
			renew_intents(s);
			settle_claim_and_renew(s);
			break;
		case 3:
		case 4:
		case 5: perform_stage(s, s->stage - 1); break;
		case 6: settle_read_fence(s, true); break;
		case 7: perform_status(s); break;
		default: finish(s); return;
		}
	}
}

static void start(void *arg)
{
	settle_step_done(arg);
}

void settle_start(struct settle *s)
{
	s->open = 1;
	hubspot_at(s->context.api, 0, start, s);
}

void settle_refuse(struct settle *s)
{
	for (size_t i = 0; i < s->count; i++)
		settle_fail_by_trouble(s, &s->jobs[i]);
	s->stage = STAGE_END;
	settle_start(s);
}
