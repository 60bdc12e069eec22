/* hs-tasks status: how many tasks of the queue's owner there are, by route and state, how old, why they wait, and how many were completed lately.
 *
 * Open tasks are all read. Completed ones grow without end: up to EXACT_COUNT are read, beyond that HubSpot's own totals are taken, by one word of a route. */
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "find.h"
#include "tally.h"
#include "ledger.h"
#include "tool.h"
#include "verbs.h"

enum { EXACT_COUNT = 2000, MAX_TEXT_BYTES = 1 << 20 };

enum { OPTION_JSON = OPTION_OWN };

const struct cli_option status_options[] = { { OPTION_JSON, "json", NULL, "an object a line" }, TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

struct status {
	struct tool tool;
	struct portal portal;
	struct tally *tally;
	int64_t now_ms;
	struct slice owner; /* of the queue */
	size_t seen; /* tasks read */
	int64_t since_ms[SPAN_COUNT];
	enum tally_span span; /* of the search in hand, and its total */
	size_t total;
};

static size_t row_of(const struct status *st, const struct json *task)
{
	const struct route *route = workflow_route(&st->tool.workflow, result_property(task, "hs_task_subject"));
	return route == NULL ? st->tally->row_count - 1 : (size_t)(route - st->tool.workflow.routes);
}

/* -- searches -- */

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	(void)arg;
	if (failed != NULL)
		hubspot_give_up(search->api, failed, "searching tasks");
}

static void do_search(struct status *st, const struct find *find, const char *properties, size_t wanted,
	bool (*page)(struct search *search, const struct json *results, void *arg))
{
	st->total = 0;
	if (hubspot_trouble(st->tool.api)->status != 0)
		return;
	struct search *search = search_new(st->tool.api, OBJECT_TASKS, slice_of(properties), NULL, wanted);
	find_add(search, find);
	search->page = page;
	search->done = end_search;
	search->arg = st;
	search_start(search);
	hubspot_drain(st->tool.api);
}

static struct find find_tasks(const struct status *st, const char *statuses)
{
	return (struct find){ .statuses = slice_of(statuses), .owner = st->owner, .due_from_ms = INT64_MIN, .due_to_ms = INT64_MAX };
}

/* -- open tasks -- */

static bool count_open(struct search *search, const struct json *results, void *arg)
{
	struct status *st = arg;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next)
		tally_add(st->tally, row_of(st, task), json_get(task, "properties"), st->now_ms, hubspot_server_ms(search->api));
	st->seen = search->found;
	return !cli_stopping();
}

/* -- completed tasks -- */

static struct find find_completed(const struct status *st, enum tally_span span)
{
	struct find find = find_tasks(st, "[\"COMPLETED\"]");
	find.date_property = "hs_lastmodifieddate";
	find.due_from_ms = st->since_ms[span];
	return find;
}

static bool take_total(struct search *search, const struct json *results, void *arg)
{
	struct status *st = arg;
	(void)results;
	st->total = search->total;
	return false;
}

/* Whoever touches a task later changes it, but does not complete it again: where HubSpot says when that was, it counts. */
static int64_t completed_ms(const struct json *task)
{
	int64_t ms;
	bool is_said =
		clock_parse(result_property(task, "hs_task_completion_date"), &ms) || clock_parse(result_property(task, "hs_lastmodifieddate"), &ms);
	return is_said ? ms : INT64_MIN;
}

/* A row counts for its span and for all shorter ones that it lies in. */
static bool count_completed(struct search *search, const struct json *results, void *arg)
{
	struct status *st = arg;
	st->total = search->total;
	if (st->total > EXACT_COUNT)
		return false;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next)
		for (unsigned span = st->span; span < SPAN_COUNT; span++)
			st->tally->rows[row_of(st, task)].completed[span] += completed_ms(task) >= st->since_ms[span];
	st->seen += results == NULL ? 0 : results->count;
	return !cli_stopping();
}

/* False: there are too many. */
static bool count_exactly(struct status *st, enum tally_span span)
{
	struct find find = find_completed(st, span);
	st->span = span;
	do_search(st, &find, "[\"hs_task_subject\",\"hs_lastmodifieddate\",\"hs_task_completion_date\"]", SIZE_MAX, count_completed);
	return st->total <= EXACT_COUNT;
}

/* A word of a route finds more than its tasks, so the rest for those of none may come out short, but never the sum. */
static void count_by_totals(struct status *st, enum tally_span span)
{
	struct tally *t = st->tally;
	struct find find = find_completed(st, span);
	size_t all = st->total, known = 0;
	for (size_t i = 0; i + 1 < t->row_count; i++) {
		find.route = &st->tool.workflow.routes[i];
		do_search(st, &find, "[\"hs_object_id\"]", 1, take_total);
		t->rows[i].completed[span] = st->total;
		known += st->total;
	}
	t->rows[t->row_count - 1].completed[span] = all > known ? all - known : 0;
	t->is_estimated[span] = true;
}

static void count(struct status *st)
{
	struct find open = find_tasks(st, "[\"NOT_STARTED\",\"IN_PROGRESS\",\"WAITING\"]");
	do_search(st, &open,
		"[\"hs_task_subject\",\"hs_task_status\",\"hs_timestamp\",\"leadpipe_lease\",\"leadpipe_expires\",\"leadpipe_done\",\"leadpipe_retry_at\",\"leadpipe_reason\"]",
		SIZE_MAX, count_open);
	int64_t server_ms = hubspot_server_ms(st->tool.api);
	st->since_ms[SPAN_EVER] = INT64_MIN;
	st->since_ms[SPAN_DAY] = server_ms - MS_PER_DAY;
	st->since_ms[SPAN_HOUR] = server_ms - MS_PER_HOUR;
	for (unsigned span = SPAN_EVER; span < SPAN_COUNT && !count_exactly(st, span); span++)
		count_by_totals(st, span);
}

/* What this machine's journal knows; asks nobody. */
static void put_machine(struct status *st, bool is_json, struct buf *out)
{
	struct journal_totals totals;
	struct journal_counts hour;
	ledger_read(&st->tool, &st->portal);
	if (journal_totals(st->tool.journal, &totals) != 0 ||
		journal_counts(st->tool.journal, (struct slice){ "", 0 }, clock_real_ms() - MS_PER_HOUR, &hour) != 0)
		cli_die(EXIT_IO_FAILED, "journal: %s", journal_error(st->tool.journal));
	if (is_json)
		buf_printf(out,
			"{\"machine\":{\"leases\":%zu,\"pending\":%zu,\"pending_effects\":%zu,\"unknown_effects\":%zu,\"done_last_hour\":%zu}}\n",
			totals.leases, totals.pending_works, totals.pending_effects, totals.unknown_effects, hour.done);
	else
		buf_printf(out, "\nthis machine: %zu leases out, %zu records pending (%zu effects, %zu unknown), %zu done in the last hour\n",
			totals.leases, totals.pending_works, totals.pending_effects, totals.unknown_effects, hour.done);
}

int run_status(int argc, char **argv)
{
	struct status st = { .seen = 0 };
	struct tool_options options = { 0 };
	struct buf out;
	bool is_json = false;
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		if (key == OPTION_JSON)
			is_json = true;
		else
			tool_option(&options, key, value);
	no_operands();
	tool_open(&st.tool, "status", &options, 0);
	buf_init(&out, MAX_TEXT_BYTES);
	st.tally = must(malloc(sizeof *st.tally));
	tally_init(st.tally, &st.tool.workflow);
	tool_now((char[CLOCK_TEXT_BYTES]){ 0 }, &st.now_ms);
	if (portal_load(&st.portal, st.tool.api, &st.tool.workflow, PORTAL_OWNERS)) {
		st.owner = portal_owner(&st.portal, &st.tool.workflow, slice_of("queue"));
		count(&st);
	}
	int status = tool_status(&st.tool, EXIT_OK);
	tally_finish(st.tally);
	if (is_json)
		tally_put_json(st.tally, &out);
	else
		tally_put_table(st.tally, &out);
	if (status == EXIT_OK)
		put_machine(&st, is_json, &out);
	if (status == EXIT_OK)
		cli_print(buf_slice(&out));
	tool_summary(&st.tool, st.seen, "tasks");
	tally_release(st.tally);
	free(st.tally);
	buf_release(&out);
	tool_close(&st.tool);
	return status;
}
