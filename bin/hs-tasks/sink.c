#include "sink.h"

#include <stdlib.h>
#include <unistd.h>

#include "ended.h"
#include "ledger.h"
#include "record/window.h"
#include "settle.h"

enum { OPEN_SETTLES = 16, LINGER_MS = 2000, LINGER_TERMINAL_MS = 200, STEP_MS = 1000, LEASE_MS = 10 * 60000 };

struct sink {
	struct tool *tool;
	const struct sink_options *options;
	struct portal portal;
	struct settle_context context;
	struct stream *stream;
	struct window *window;
	struct expr *if_expr;
	struct settle *filling; /* NULL: none */
	int64_t oldest_us; /* when its first record came */
	struct settle *open[OPEN_SETTLES]; /* in flight */
	size_t open_count;
	bool passes_all, is_loaded, has_ended, saw_errors;
	int64_t linger_us;
	char now[CLOCK_TEXT_BYTES];
	size_t read, handled, failed;
	struct ended ended;
};

/* -- results -- */

static void finish_job(struct sink *c, const struct job *job)
{
	if (job->state == JOB_FAILED && job->work != 0 && !job->is_pending)
		ended_add(&c->ended, job->work);
	struct record *r = window_record(c->window, job->ticket);
	/* What complete finds no result in goes back to the operator; release was told so. */
	bool is_left = job->verdict == SETTLE_NO_RESULT && c->context.force.verdict == SETTLE_DONE;
	if (job->state == JOB_FAILED || is_left) {
		c->failed++;
		if (job->state == JOB_FAILED)
			record_put_error(r, "hs-tasks", job->code, job->is_retryable, "%.*s", (int)job->message.len, job->message.ptr);
		else
			record_put_error(r, "hs-tasks", "no_result", false, "the record holds no result of its task: the lease was given back");
		window_finish(c->window, job->ticket);
		return;
	}
	c->handled++;
	if (c->passes_all && !hubspot_is_dry_run(c->tool->api))
		window_finish(c->window, job->ticket);
	else
		window_drop(c->window, job->ticket);
}

static void on_settled(struct settle *settle, struct job *jobs, size_t count, void *arg)
{
	struct sink *c = arg;
	for (size_t i = 0; i < count; i++)
		finish_job(c, &jobs[i]);
	for (size_t i = 0; i < c->open_count; i++)
		if (c->open[i] == settle) {
			c->open[i] = c->open[--c->open_count];
			break;
		}
	if (c->open_count == 0)
		ended_flush(&c->ended, c->tool, c->stream, c->window);
}

/* -- batches -- */

static void take_owner(struct sink *c)
{
	if (c->options->owner != NULL)
		c->context.force.owner = portal_owner(&c->portal, &c->tool->workflow, slice_of(c->options->owner));
}

/* The portal is asked once there is something to write: an empty run of cron costs no call. */
static bool load(struct sink *c)
{
	if (c->is_loaded)
		return hubspot_trouble(c->tool->api)->status == 0;
	c->is_loaded = true;
	if (hubspot_is_dry_run(c->tool->api)) {
		portal_assume(&c->portal, &c->tool->workflow);
		take_owner(c);
		return true;
	}
	bool ok = portal_load(&c->portal, c->tool->api, &c->tool->workflow, PORTAL_SETTINGS | PORTAL_ACCOUNT | PORTAL_OWNERS) &&
		ledger_open(c->tool, &c->portal);
	take_owner(c);
	return ok;
}

static bool may_start(const struct sink *c)
{
	if (c->open_count == OPEN_SETTLES)
		return false;
	for (size_t i = 0; i < c->open_count; i++)
		if (settle_overlaps(c->filling, c->open[i]))
			return false;
	return true;
}

static void start(struct sink *c)
{
	struct settle *settle = c->filling;
	c->filling = NULL;
	c->open[c->open_count++] = settle;
	if (load(c))
		settle_start(settle);
	else
		settle_refuse(settle);
}

static bool is_ready(const struct sink *c, int64_t now_us)
{
	if (c->filling == NULL)
		return false;
	return settle_count(c->filling) == BATCH_ROWS || c->has_ended || now_us - c->oldest_us >= c->linger_us;
}

/* -- records -- */

static bool has_task(const struct record *r)
{
	struct value id;
	return record_path(r, &id, "task", "id", NULL) && id.type == JSON_STRING && id.raw.len > 2;
}

/* libjq takes its time: it has it while the first records are still being made. An empty run of cron does not pay for it. */
static void compile(struct sink *c)
{
	char error[WORKFLOW_ERROR_BYTES];
	if (c->context.program != NULL || c->context.force.verdict != SETTLE_DONE)
		return;
	c->context.program = program_new(&c->tool->workflow, error);
	if (c->context.program == NULL)
		cli_die(EXIT_USAGE_ERROR, "%s", error);
}

static void add(struct sink *c, const struct record *r)
{
	compile(c);
	load(c);
	c->context.journal = c->tool->journal;
	uint64_t ticket = window_add(c->window, must(record_copy(r)));
	if (c->filling == NULL) {
		c->filling = settle_new(&c->context);
		c->oldest_us = clock_steady_us();
	}
	settle_add(c->filling, window_record(c->window, ticket), ticket);
}

/* A second record of a task waits until the first is written: then the fence judges it. */
static bool must_wait(const struct sink *c, const struct record *r)
{
	struct value id;
	if (c->filling == NULL)
		return false;
	if (settle_count(c->filling) == BATCH_ROWS)
		return true;
	if (!record_path(r, &id, "task", "id", NULL))
		return false;
	return settle_has_task(c->filling, value_text(id, settle_arena(c->filling)));
}

static void pass(struct sink *c, struct record *r, bool is_printed)
{
	uint64_t ticket = window_add(c->window, must(record_copy(r)));
	if (is_printed)
		window_finish(c->window, ticket);
	else
		window_drop(c->window, ticket);
}

static void take(struct sink *c, struct record *r)
{
	bool has_error = record_has_error(r, NULL), is_passing = stream_is_passing(c->stream) && !has_error;
	c->read++;
	c->saw_errors = c->saw_errors || has_error;
	if (is_passing || (c->if_expr != NULL && !expr_test(c->if_expr, record_root(r).raw, NULL))) {
		pass(c, r, c->passes_all || has_error);
	} else if (has_task(r)) {
		add(c, r);
	} else {
		if (!has_error)
			record_put_error(r, "hs-tasks", "no_task", false, "the record has no task.id");
		c->failed++;
		pass(c, r, true);
	}
}

/* Reads what is there and fits. True: the stream has ended. */
static bool read_records(struct sink *c, struct record **held)
{
	for (;;) {
		struct record *r = *held;
		if (r == NULL) {
			if (!window_has_room(c->window))
				return false;
			enum stream_state state = stream_try_next(c->stream, &r);
			if (state != STREAM_RECORD)
				return state == STREAM_END;
		}
		*held = r;
		if (must_wait(c, r))
			return false;
		*held = NULL;
		take(c, r);
	}
}

static int wait_ms(const struct sink *c, int64_t now_us)
{
	if (c->filling == NULL || !may_start(c))
		return STEP_MS;
	int64_t left = (c->oldest_us + c->linger_us - now_us) / 1000 + 1;
	return left < 0 ? 0 : left < STEP_MS ? (int)left : STEP_MS;
}

static void run(struct sink *c)
{
	struct record *held = NULL;
	while (!c->has_ended || c->filling != NULL || c->open_count > 0) {
		if (cli_stopping() && hubspot_trouble(c->tool->api)->status == 0) {
			hubspot_interrupt(c->tool->api);
			stream_stop(c->stream);
		}
		if (!c->has_ended && read_records(c, &held))
			c->has_ended = true;
		else
			compile(c);
		if (held != NULL && c->filling != NULL && may_start(c)) {
			start(c);
			continue;
		}
		int64_t now_us = clock_steady_us();
		if (is_ready(c, now_us) && may_start(c)) {
			start(c);
			continue;
		}
		bool may_read = !c->has_ended && held == NULL && window_has_room(c->window);
		hubspot_step(c->tool->api, wait_ms(c, now_us), may_read ? stream_fd(c->stream) : -1);
		cli_progress(c->handled + c->failed, 0, window_waiting(c->window), NULL);
	}
	ended_flush(&c->ended, c->tool, c->stream, c->window);
	cli_progress_end();
}

/* An empty run, as of cron, costs no call; but it finishes what a dead one has left. */
static void finish_pending(struct sink *c)
{
	struct portal known = { .id = "" };
	if (c->is_loaded || hubspot_is_dry_run(c->tool->api) || cli_stopping())
		return;
	if (ledger_find_portal(c->tool, NULL, &known) && ledger_look(c->tool, &known).has_pending)
		load(c);
}

int sink_run(struct tool *tool, const struct sink_options *options)
{
	struct sink c = { .tool = tool, .options = options, .passes_all = options->passes_all, .linger_us = options->linger_ms * 1000 };
	int64_t now_ms;
	if (options->linger_ms < 0)
		c.linger_us = (isatty(STDIN_FILENO) == 1 ? LINGER_TERMINAL_MS : LINGER_MS) * 1000;
	c.linger_us = hubspot_linger_ms(tool->api, c.linger_us / 1000) * 1000;
	c.if_expr = filter_expr("--if", cli_shared()->if_expr);
	c.stream = tool_sink();
	c.window = must(window_new(c.stream));
	tool_now(c.now, &now_ms);
	c.context = (struct settle_context){
		.api = tool->api,
		.workflow = &tool->workflow,
		.portal = &c.portal,
		.force = options->force,
		.lease_ms = LEASE_MS,
		.now = c.now,
		.now_ms = now_ms,
		.done = on_settled,
		.arg = &c,
	};
	run(&c);
	finish_pending(&c);
	hubspot_drain(tool->api);
	/* Another process may still have records of such a claim. */
	resume_orphans(tool, 1);
	window_free(c.window);
	tool_summary(tool, c.read, "records");
	int status = tool_status(tool, stream_close(c.stream));
	if (status == EXIT_OK && c.saw_errors)
		status = EXIT_SOME_FAILED;
	program_free(c.context.program);
	expr_free(c.if_expr);
	ended_release(&c.ended);
	return status;
}
