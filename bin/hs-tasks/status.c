/* hs-tasks status: how many tasks of the queue's owner there are, by route and state, and how old. Open tasks are read and counted; of the completed ones only
 * the number is asked for. */
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "decide.h"
#include "find.h"
#include "record/write.h"
#include "tool.h"
#include "verbs.h"

enum { OPTION_JSON = OPTION_OWN };

const struct cli_option status_options[] = { { OPTION_JSON, "json", NULL, "an object a line" }, TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

/* Of one route; the last row is for tasks of none. */
struct row {
	size_t due, later, in_progress, expired, waiting, completed;
	int64_t *ages_ms; /* of those due */
	size_t age_count, age_capacity;
};

struct status {
	struct tool tool;
	struct portal portal;
	struct row rows[WORKFLOW_ROUTES + 1];
	size_t row_count;
	int64_t now_ms;
	size_t total; /* of the search in hand */
};

static void add_age(struct row *row, int64_t age_ms)
{
	if (row->age_count == row->age_capacity) {
		row->age_capacity = row->age_capacity == 0 ? 256 : 2 * row->age_capacity;
		row->ages_ms = must(realloc(row->ages_ms, row->age_capacity * sizeof *row->ages_ms));
	}
	row->ages_ms[row->age_count++] = age_ms;
}

static struct row *row_of(struct status *st, const struct json *task)
{
	const struct route *route = workflow_route(&st->tool.workflow, result_property(task, "hs_task_subject"));
	return route == NULL ? &st->rows[st->row_count - 1] : &st->rows[route - st->tool.workflow.routes];
}

static bool count_page(struct search *search, const struct json *results, void *arg)
{
	struct status *st = arg;
	st->total = search->total;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next) {
		struct task_state state = task_state_of(json_get(task, "properties"));
		struct row *row = row_of(st, task);
		switch (state.status) {
		case TASK_NOT_STARTED:
			if (state.due_ms > st->now_ms) {
				row->later++;
			} else {
				row->due++;
				if (state.due_ms != INT64_MIN)
					add_age(row, st->now_ms - state.due_ms);
			}
			break;
		case TASK_IN_PROGRESS:
			row->in_progress++;
			if (state.lease.len > 0 && state.expires_ms < hubspot_server_ms(st->tool.api))
				row->expired++;
			break;
		case TASK_WAITING: row->waiting++; break;
		default: break;
		}
	}
	return !cli_stopping();
}

static bool count_total(struct search *search, const struct json *results, void *arg)
{
	struct status *st = arg;
	(void)results;
	st->total = search->total;
	return false;
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	(void)arg;
	if (failed != NULL)
		hubspot_give_up(search->api, failed, "searching tasks");
}

static void do_search(struct status *st, const struct find *find, const char *properties, size_t wanted,
	bool (*page)(struct search *search, const struct json *results, void *arg))
{
	struct search *search = search_new(st->tool.api, OBJECT_TASKS, slice_of(properties), NULL, wanted);
	find_add(search, find);
	search->page = page;
	search->done = end_search;
	search->arg = st;
	st->total = 0;
	search_start(search);
	hubspot_drain(st->tool.api);
}

static void count(struct status *st)
{
	struct find find = { .statuses = SLICE("[\"NOT_STARTED\",\"IN_PROGRESS\",\"WAITING\"]"),
		.owner = portal_owner(&st->portal, &st->tool.workflow, slice_of("queue")),
		.due_from_ms = INT64_MIN,
		.due_to_ms = INT64_MAX };
	do_search(
		st, &find, "[\"hs_task_subject\",\"hs_task_status\",\"hs_timestamp\",\"leadpipe_lease\",\"leadpipe_expires\"]", SIZE_MAX, count_page);
	find.statuses = slice_of("[\"COMPLETED\"]");
	size_t known = 0;
	for (size_t i = 0; i < st->tool.workflow.route_count && hubspot_trouble(st->tool.api)->status == 0; i++) {
		find.route = &st->tool.workflow.routes[i];
		do_search(st, &find, "[\"hs_object_id\"]", 1, count_total);
		st->rows[i].completed = st->total;
		known += st->total;
	}
	find.route = NULL;
	if (hubspot_trouble(st->tool.api)->status == 0)
		do_search(st, &find, "[\"hs_object_id\"]", 1, count_total);
	st->rows[st->row_count - 1].completed = st->total > known ? st->total - known : 0;
}

/* -- printing -- */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void put_age(char *text, size_t size, int64_t ms)
{
	if (ms < MS_PER_HOUR)
		snprintf(text, size, "%lldm", (long long)(ms / MS_PER_MINUTE));
	else if (ms < 2 * MS_PER_DAY)
		snprintf(text, size, "%lldh", (long long)(ms / MS_PER_HOUR));
	else
		snprintf(text, size, "%lldd", (long long)(ms / MS_PER_DAY));
}

static const char *row_name(const struct status *st, size_t i, struct slice *name)
{
	*name = i + 1 == st->row_count ? slice_of("other") : st->tool.workflow.routes[i].name;
	return name->ptr;
}

static void put_table(const struct status *st, struct buf *out)
{
	buf_printf(out, "%-12s %8s %8s %12s %8s %8s %10s %8s %8s\n", "ROUTE", "DUE", "LATER", "IN_PROGRESS", "EXPIRED", "WAITING", "COMPLETED",
		"MEDIAN", "OLDEST");
	for (size_t i = 0; i < st->row_count; i++) {
		const struct row *row = &st->rows[i];
		struct slice name;
		char median[24] = "-", oldest[24] = "-";
		row_name(st, i, &name);
		if (row->age_count > 0) {
			put_age(median, sizeof median, row->ages_ms[row->age_count / 2]);
			put_age(oldest, sizeof oldest, row->ages_ms[row->age_count - 1]);
		}
		buf_printf(out, "%-12.*s %8zu %8zu %12zu %8zu %8zu %10zu %8s %8s\n", (int)name.len, name.ptr, row->due, row->later, row->in_progress,
			row->expired, row->waiting, row->completed, median, oldest);
	}
}

static void put_json(const struct status *st, struct buf *out)
{
	for (size_t i = 0; i < st->row_count; i++) {
		const struct row *row = &st->rows[i];
		struct jsonw w;
		struct slice name;
		row_name(st, i, &name);
		jsonw_init(&w, out);
		jsonw_object(&w);
		jsonw_put_string(&w, "route", name);
		jsonw_put_int(&w, "due", (int64_t)row->due);
		jsonw_put_int(&w, "later", (int64_t)row->later);
		jsonw_put_int(&w, "in_progress", (int64_t)row->in_progress);
		jsonw_put_int(&w, "expired", (int64_t)row->expired);
		jsonw_put_int(&w, "waiting", (int64_t)row->waiting);
		jsonw_put_int(&w, "completed", (int64_t)row->completed);
		jsonw_name(&w, "median_age_s");
		if (row->age_count > 0)
			jsonw_int(&w, row->ages_ms[row->age_count / 2] / MS_PER_SECOND);
		else
			jsonw_null(&w);
		jsonw_name(&w, "oldest_age_s");
		if (row->age_count > 0)
			jsonw_int(&w, row->ages_ms[row->age_count - 1] / MS_PER_SECOND);
		else
			jsonw_null(&w);
		jsonw_object_end(&w);
		buf_putc(out, '\n');
	}
}

int run_status(int argc, char **argv)
{
	struct status st = { .row_count = 0 };
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
	buf_init(&out, 1 << 20);
	st.row_count = st.tool.workflow.route_count + 1;
	tool_now((char[CLOCK_TEXT_BYTES]){ 0 }, &st.now_ms);
	if (portal_load(&st.portal, st.tool.api, &st.tool.workflow, PORTAL_OWNERS))
		count(&st);
	int status = tool_status(&st.tool, EXIT_OK);
	for (size_t i = 0; i < st.row_count; i++)
		if (st.rows[i].age_count > 0)
			qsort(st.rows[i].ages_ms, st.rows[i].age_count, sizeof *st.rows[i].ages_ms, by_size);
	if (is_json)
		put_json(&st, &out);
	else
		put_table(&st, &out);
	if (status == EXIT_OK)
		cli_print(buf_slice(&out));
	for (size_t i = 0; i < st.row_count; i++)
		free(st.rows[i].ages_ms);
	buf_release(&out);
	tool_close(&st.tool);
	return status;
}
