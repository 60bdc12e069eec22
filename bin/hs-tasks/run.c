/* hs-tasks run: the task monitor. For each route with a filter it runs claim | sh -c FILTER | complete, once or for good, restarts a pipeline whose filter died
 * or got stuck, gives back what that held, and says a line a round.
 *
 * The parts are the very programs that an operator would type; what is added is that they are looked after. A second run of the same route on this machine does nothing, so
 * that cron may start one every minute. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "arguments.h"
#include "ledger.h"
#include "perform.h"
#include "pipeline.h"
#include "verbs.h"

enum {
	STEP_MS = 500,
	BACK_OFF_MS = 1000,
	BACK_OFF_CAP_MS = 60000,
	STOP_MS = 2000, /* a filter that has not ended by then is told to */
	KILL_MS = 10000,
	MAX_PATH_BYTES = 8192,
};

enum { OPTION_TYPE = OPTION_OWN, OPTION_ONCE, OPTION_WATCH, OPTION_EVERY, OPTION_LEASE, OPTION_MAX_LEASE };

const struct cli_option run_options[] = {
	{ OPTION_TYPE, "type", "ROUTE", "only this route (default: all that have a filter)" },
	{ OPTION_ONCE, "once", NULL, "until the queue is empty (default)" },
	{ OPTION_WATCH, "watch", NULL, "for good: look again and again" },
	{ OPTION_EVERY, "every", "TIME", "with --watch: between two looks at an empty queue (default 60s)" },
	{ OPTION_LEASE, "lease", "TIME", "how long tasks are ours, renewed while they are worked (default 10m)" },
	{ OPTION_MAX_LEASE, "max-lease", "TIME", "a filter that holds a task longer is stuck, and started anew (default 1h)" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

/* A route and its pipeline. */
struct line {
	const struct route *route;
	struct pipeline pipeline;
	int lock_fd; /* -1: another run has it, or it is not ours to work */
	bool is_running, is_stopping;
	int64_t started_us, restart_us, stopping_since_us, round_us, round_ms;
	int64_t back_off_ms;
};

struct run {
	struct tool tool;
	struct portal portal;
	struct line lines[WORKFLOW_ROUTES];
	size_t count;
	char program[MAX_PATH_BYTES];
	const char *type, *every, *lease, *max_lease;
	const struct tool_options *options;
	int64_t every_ms, max_lease_ms;
	bool is_watch;
	int status;
};

/* -- starting -- */

static void add_shared(struct arguments *a, const struct run *run)
{
	const struct cli_shared *shared = cli_shared();
	arguments_add_tool(a, run->options);
	arguments_add(a, "--record", run->options->record);
	arguments_add(a, "--replay", run->options->replay);
	if (run->options->may_write_much)
		arguments_add_flag(a, "--yes");
	if (shared->quiet)
		arguments_add_flag(a, "-q");
	if (shared->verbose > 0)
		arguments_add_flag(a, "-v");
}

static int64_t back_off(struct line *line)
{
	line->back_off_ms = line->back_off_ms == 0 ? BACK_OFF_MS : 2 * line->back_off_ms < BACK_OFF_CAP_MS ? 2 * line->back_off_ms : BACK_OFF_CAP_MS;
	return line->back_off_ms;
}

static void start_line(struct run *run, struct line *line)
{
	struct arguments claim = { .list = { "hs-tasks", "claim" }, .count = 2 }, complete = { .list = { "hs-tasks", "complete" }, .count = 2 };
	char route[256], now[CLOCK_TEXT_BYTES], filter[4096];
	snprintf(route, sizeof route, "%.*s", (int)line->route->name.len, line->route->name.ptr);
	snprintf(filter, sizeof filter, "%.*s", (int)line->route->filter.len, line->route->filter.ptr);
	arguments_add(&claim, "--type", route);
	arguments_add(&claim, "--lease", run->lease);
	arguments_add(&claim, "--max-lease", run->max_lease);
	if (run->is_watch)
		arguments_add(&claim, "--every", run->every);
	else
		arguments_add(&claim, "-n", "10000");
	if (cli_shared()->clock.is_fixed) {
		clock_format(cli_shared()->clock.fixed_ms, now);
		arguments_add(&claim, "--now", now);
		arguments_add(&complete, "--now", now);
	}
	add_shared(&claim, run);
	add_shared(&complete, run);
	struct pipeline_options options = { run->program, claim.list, complete.list, filter };
	line->started_us = line->round_us = clock_steady_us();
	line->round_ms = clock_real_ms();
	line->is_stopping = false;
	line->is_running = pipeline_start(&line->pipeline, &options);
	if (line->is_running)
		return;
	cli_warn("run: %s: cannot be started: %s", route, strerror(errno));
	run->status = EXIT_IO_FAILED;
	line->restart_us = clock_steady_us() + back_off(line) * 1000;
}

/* False where another process works that route. The lock goes with the process. */
static bool lock_line(struct run *run, struct line *line)
{
	struct buf path;
	char error[CONFIG_ERROR_BYTES];
	buf_init(&path, MAX_PATH_BYTES);
	if (ledger_folder(&run->tool, &run->portal, &path, error)) {
		buf_puts(&path, "/run-");
		for (size_t i = 0; i < line->route->name.len; i++)
			buf_putc(&path, line->route->name.ptr[i] == '/' ? '_' : line->route->name.ptr[i]);
		buf_puts(&path, ".lock");
		line->lock_fd = open(buf_text(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	}
	buf_release(&path);
	if (line->lock_fd >= 0 && flock(line->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	cli_note("run: %.*s: another run is at it", (int)line->route->name.len, line->route->name.ptr);
	if (line->lock_fd >= 0)
		close(line->lock_fd);
	line->lock_fd = -1;
	return false;
}

/* -- looking after -- */

/* One line a round, where anything has happened. */
static void say_round(struct run *run, struct line *line)
{
	struct journal_counts n;
	int64_t now_us = clock_steady_us();
	if (!journal_ok(run->tool.api, run->tool.journal, journal_counts(run->tool.journal, line->route->name, line->round_ms, &n)))
		return;
	if (n.done + n.waiting + n.retried + n.returned + n.failed + n.pending > 0 && !cli_shared()->quiet)
		cli_warn("run: %.*s: %zu done, %zu waiting, %zu to be tried again, %zu given back, %zu failed, %zu pending in %.1f s",
			(int)line->route->name.len, line->route->name.ptr, n.done, n.waiting, n.retried, n.returned, n.failed, n.pending,
			(double)(now_us - line->round_us) / 1e6);
	line->round_us = now_us;
	line->round_ms = clock_real_ms();
}

static void note_status(struct run *run, int status)
{
	if (status > run->status)
		run->status = status;
}

static void stop_line(struct line *line)
{
	if (line->is_stopping)
		return;
	line->is_stopping = true;
	line->stopping_since_us = clock_steady_us();
	pipeline_signal(&line->pipeline, PIPELINE_CLAIM, SIGTERM);
}

/* The filter has met the end of its input by now; one that goes on is told, then made to. */
static void press(struct line *line)
{
	int64_t since_ms = (clock_steady_us() - line->stopping_since_us) / 1000;
	if (since_ms > STOP_MS)
		pipeline_signal(&line->pipeline, PIPELINE_FILTER, since_ms > KILL_MS ? SIGKILL : SIGTERM);
	if (since_ms > KILL_MS) {
		pipeline_signal(&line->pipeline, PIPELINE_CLAIM, SIGKILL);
		pipeline_signal(&line->pipeline, PIPELINE_COMPLETE, SIGTERM);
	}
}

static void end_line(struct run *run, struct line *line)
{
	const int *statuses = line->pipeline.statuses;
	int filter = statuses[PIPELINE_FILTER];
	line->is_running = false;
	if (filter != 0 && filter != EXIT_SOME_FAILED && !cli_stopping())
		cli_warn("run: %.*s: the filter ended with status %d: %.*s", (int)line->route->name.len, line->route->name.ptr, filter,
			(int)line->route->filter.len, line->route->filter.ptr);
	resume_orphans(&run->tool, SIZE_MAX);
	resume_leases(&run->tool);
	say_round(run, line);
	if (!run->is_watch || cli_stopping()) {
		note_status(run, statuses[PIPELINE_COMPLETE] < 128 ? statuses[PIPELINE_COMPLETE] : EXIT_IO_FAILED);
		if (!cli_stopping())
			note_status(run, filter == 0 ? EXIT_OK : EXIT_SOME_FAILED);
		return;
	}
	/* What ran for a while was well: the next failure is a new one. */
	if (clock_steady_us() - line->started_us > (int64_t)BACK_OFF_CAP_MS * 1000)
		line->back_off_ms = 0;
	line->restart_us = clock_steady_us() + back_off(line) * 1000;
}

/* A filter that holds a record longer than leases are kept will not come back. */
static bool is_stuck(struct run *run)
{
	int64_t oldest_ms;
	return journal_ok(run->tool.api, run->tool.journal, journal_oldest_lease(run->tool.journal, journal_run(run->tool.journal), &oldest_ms)) &&
		oldest_ms > 0 && hubspot_server_ms(run->tool.api) - oldest_ms > run->max_lease_ms;
}

static void tend_line(struct run *run, struct line *line, bool stuck)
{
	int64_t now_us = clock_steady_us();
	if (!line->is_running) {
		if (run->is_watch && !cli_stopping() && line->lock_fd >= 0 && now_us >= line->restart_us)
			start_line(run, line);
		return;
	}
	if (pipeline_reap(&line->pipeline)) {
		end_line(run, line);
		return;
	}
	if (cli_stopping() || pipeline_is_broken(&line->pipeline))
		stop_line(line);
	else if (stuck) {
		cli_warn("run: %.*s: the filter has held a task for longer than --max-lease: it is started anew", (int)line->route->name.len,
			line->route->name.ptr);
		pipeline_signal(&line->pipeline, PIPELINE_FILTER, SIGKILL);
		stop_line(line);
	}
	if (line->is_stopping)
		press(line);
	else if (run->is_watch && now_us - line->round_us >= run->every_ms * 1000)
		say_round(run, line);
}

static bool is_anything_left(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (run->lines[i].is_running || (run->is_watch && run->lines[i].lock_fd >= 0 && !cli_stopping()))
			return true;
	return false;
}

/* Until a process ends, a signal comes, or STEP_MS are over. */
static void wait_for_news(const struct run *run)
{
	struct pollfd fds[WORKFLOW_ROUTES * PIPELINE_PROCESSES];
	nfds_t count = 0;
	for (size_t i = 0; i < run->count; i++)
		for (int k = 0; k < PIPELINE_PROCESSES; k++)
			if (run->lines[i].is_running && run->lines[i].pipeline.fds[k] >= 0)
				fds[count++] = (struct pollfd){ .fd = run->lines[i].pipeline.fds[k], .events = POLLIN };
	poll(fds, count, STEP_MS);
}

static void look_after(struct run *run)
{
	while (is_anything_left(run) && hubspot_trouble(run->tool.api)->status == 0) {
		bool stuck = !cli_stopping() && is_stuck(run);
		for (size_t i = 0; i < run->count; i++)
			tend_line(run, &run->lines[i], stuck);
		if (is_anything_left(run))
			wait_for_news(run);
	}
}

/* -- the run -- */

/* Runs that were killed with all their processes: their records are nowhere any more. */
static void take_over_the_dead(struct run *run)
{
	struct journal *journal = run->tool.journal;
	if (journal != NULL && journal_ok(run->tool.api, journal, journal_adopt_claims(journal, "run")))
		resume_orphans(&run->tool, SIZE_MAX);
}

/* The filters find our programs even where cron's PATH does not have them; and claims know who looks after them. */
static void set_environment(struct run *run)
{
	char number[24], *path;
	const char *old = getenv("PATH");
	ssize_t len = readlink("/proc/self/exe", run->program, sizeof run->program - 1);
	if (len <= 0)
		cli_die(EXIT_IO_FAILED, "/proc/self/exe: %s", strerror(errno));
	run->program[len] = '\0';
	int folder = (int)(strrchr(run->program, '/') - run->program);
	if (asprintf(&path, "%.*s%s%s", folder, run->program, old == NULL ? "" : ":", old == NULL ? "" : old) < 0)
		must(NULL);
	setenv("PATH", path, 1);
	free(path);
	snprintf(number, sizeof number, "%lld", (long long)journal_run(run->tool.journal));
	setenv("LEADPIPE_RUN", number, 1);
}

static void pick_routes(struct run *run)
{
	const struct workflow *w = &run->tool.workflow;
	for (size_t i = 0; i < w->route_count; i++) {
		bool is_wanted = run->type == NULL || slice_is(w->routes[i].name, run->type);
		if (is_wanted && w->routes[i].filter.len > 0)
			run->lines[run->count++] = (struct line){ .route = &w->routes[i], .lock_fd = -1 };
	}
	if (run->count == 0)
		cli_usage("%s: no route%s%s has a filter", w->path, run->type == NULL ? "" : " ", run->type == NULL ? "" : run->type);
}

int run_run(int argc, char **argv)
{
	struct run run = { .every = "60s", .lease = "10m", .max_lease = "1h" };
	struct tool_options options = { 0 };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_TYPE: run.type = value; break;
		case OPTION_ONCE: run.is_watch = false; break;
		case OPTION_WATCH: run.is_watch = true; break;
		case OPTION_EVERY: run.every = value; break;
		case OPTION_LEASE: run.lease = value; break;
		case OPTION_MAX_LEASE: run.max_lease = value; break;
		default: tool_option(&options, key, value);
		}
	}
	no_operands();
	run.every_ms = cli_span_ms("--every", run.every);
	cli_span_ms("--lease", run.lease);
	run.max_lease_ms = cli_span_ms("--max-lease", run.max_lease);
	if (run.every_ms < MS_PER_SECOND)
		cli_usage("--every is 1s or more");
	run.options = &options;
	tool_open(&run.tool, "run", &options, TOOL_WRITES);
	pick_routes(&run);
	if (portal_load(&run.portal, run.tool.api, &run.tool.workflow, PORTAL_SETTINGS | PORTAL_ACCOUNT | PORTAL_OWNERS) &&
		ledger_open(&run.tool, &run.portal)) {
		take_over_the_dead(&run);
		set_environment(&run);
		for (size_t i = 0; i < run.count; i++)
			if (lock_line(&run, &run.lines[i]))
				start_line(&run, &run.lines[i]);
		look_after(&run);
	}
	for (size_t i = 0; i < run.count; i++)
		if (run.lines[i].lock_fd >= 0)
			close(run.lines[i].lock_fd);
	int status = tool_status(&run.tool, run.status);
	tool_close(&run.tool);
	return status;
}
