/* hs-tasks list: tasks with their contact and company, as records. Changes nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "find.h"
#include "lead.h"
#include "record/expr.h"
#include "tool.h"
#include "verbs.h"

enum { MAX_LINE_BYTES = 8 << 20, PENDING_ITEMS = 4000 };

enum { OPTION_STATUS = OPTION_OWN, OPTION_TYPE, OPTION_OWNER, OPTION_PRIORITY, OPTION_DUE_BEFORE, OPTION_DUE_AFTER, OPTION_NO_JOIN };

const struct cli_option list_options[] = {
	{ OPTION_TYPE, "type", "ROUTE", "only this route's tasks; other: those of none" },
	{ OPTION_STATUS, "status", "LIST", "of NOT_STARTED, IN_PROGRESS, WAITING, COMPLETED, DEFERRED, with commas" },
	{ OPTION_PRIORITY, "priority", "LIST", "of HIGH, MEDIUM, LOW, NONE, with commas" },
	{ OPTION_OWNER, "owner", "WHO", "an owner of the workflow file, an id, or an e-mail" },
	{ OPTION_DUE_BEFORE, "due-before", "TIME", "due then or earlier; also today, in 2 days" },
	{ OPTION_DUE_AFTER, "due-after", "TIME", "due then or later" },
	{ OPTION_NO_JOIN, "no-join", NULL, "tasks alone, without contact and company" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct list {
	struct tool tool;
	struct stream *out;
	struct relate *relate;
	struct expr *where;
	struct buf line, statuses, priorities;
	const struct route *route;
	bool only_other, no_join;
	size_t wanted, printed;
	char now[CLOCK_TEXT_BYTES];
};

/* "A,B" as ["A","B"] */
static void put_list(struct buf *out, const char *text)
{
	struct slice rest = slice_of(text), part;
	buf_putc(out, '[');
	for (bool first = true; slice_split(&rest, ',', &part); first = false) {
		if (!first)
			buf_putc(out, ',');
		json_quote(out, slice_trim(part));
	}
	buf_putc(out, ']');
}

static void print_items(struct relate_item *items, size_t count, bool ok, void *arg)
{
	struct list *list = arg;
	for (size_t i = 0; ok && i < count && list->printed < list->wanted; i++) {
		buf_reset(&list->line);
		lead_put(&list->line, &items[i], list->now);
		buf_putc(&list->line, '}');
		if (list->line.failed || (list->where != NULL && !expr_test(list->where, buf_slice(&list->line), NULL)))
			continue;
		stream_put_line(list->out, buf_slice(&list->line));
		list->printed++;
	}
	stream_flush(list->out);
}

static bool is_wanted(const struct list *list, const struct json *task)
{
	const struct route *route = workflow_route(&list->tool.workflow, result_property(task, "hs_task_subject"));
	return list->only_other ? route == NULL : list->route == NULL || route == list->route;
}

static bool take_page(struct search *search, const struct json *results, void *arg)
{
	struct list *list = arg;
	(void)search;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next)
		if (is_wanted(list, task)) {
			struct relate_item item = { .task = task->raw };
			if (!list->no_join)
				item.task_id = json_string(task, "id", "");
			relate_add(list->relate, &item);
		}
	/* Who looks on a terminal, or takes a few, is not made to wait for a thousand. */
	if (list->wanted <= SEARCH_PAGE || list->no_join)
		relate_flush(list->relate);
	return list->printed < list->wanted && !cli_stopping();
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	struct list *list = arg;
	if (failed != NULL)
		hubspot_give_up(search->api, failed, "searching tasks");
	relate_flush(list->relate);
}

static void take_owner(struct list *list, const char *text, char owner[PORTAL_TEXT_BYTES])
{
	struct portal portal = { .id = "" };
	if (workflow_owner_named(&list->tool.workflow, slice_of(text)) != NULL) {
		if (portal_load(&portal, list->tool.api, &list->tool.workflow, PORTAL_OWNERS))
			snprintf(owner, PORTAL_TEXT_BYTES, "%s", portal_owner(&portal, &list->tool.workflow, slice_of(text)).ptr);
	} else if (strchr(text, '@') != NULL) {
		portal_find_owner(list->tool.api, text, owner);
	} else {
		uint64_t id;
		if (!slice_to_u64(slice_of(text), &id))
			cli_usage("--owner: no owner \"%s\" in the workflow file, and no id or e-mail", text);
		snprintf(owner, PORTAL_TEXT_BYTES, "%.*s", PORTAL_TEXT_BYTES - 1, text);
	}
}

static int64_t take_time(const char *option, const char *value)
{
	int64_t now_ms = clock_now_ms(&cli_shared()->clock), ms;
	if (!due_parse(slice_of(value), now_ms, &ms))
		cli_usage("%s wants a time such as 2026-11-23T09:00:00Z, today or \"in 2 days\", not \"%s\"", option, value);
	return ms;
}

static void run(struct list *list, const struct find *find)
{
	struct relate_options options = {
		.contact_properties = list->tool.workflow.read_contact,
		.company_properties = list->tool.workflow.read_company,
		.done = print_items,
		.arg = list,
	};
	bool is_exact = list->where == NULL && list->route == NULL && !list->only_other;
	list->relate = relate_new(list->tool.api, &options);
	struct search *search =
		search_new(list->tool.api, OBJECT_TASKS, list->tool.workflow.read_task, "hs_timestamp", is_exact ? list->wanted : SIZE_MAX);
	find_add(search, find);
	search->page = take_page;
	search->done = end_search;
	search->arg = list;
	search_start(search);
	hubspot_drain(list->tool.api);
	relate_free(list->relate);
}

int run_list(int argc, char **argv)
{
	struct list list = { .wanted = SIZE_MAX };
	struct tool_options options = { 0 };
	struct find find = { .due_from_ms = INT64_MIN, .due_to_ms = INT64_MAX };
	const char *type = NULL, *owner = NULL, *value;
	char owner_id[PORTAL_TEXT_BYTES] = "";
	buf_init(&list.line, MAX_LINE_BYTES);
	buf_init(&list.statuses, 4096);
	buf_init(&list.priorities, 4096);
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_TYPE: type = value; break;
		case OPTION_STATUS: put_list(&list.statuses, value); break;
		case OPTION_PRIORITY: put_list(&list.priorities, value); break;
		case OPTION_OWNER: owner = value; break;
		case OPTION_DUE_BEFORE: find.due_to_ms = take_time("--due-before", value); break;
		case OPTION_DUE_AFTER: find.due_from_ms = take_time("--due-after", value); break;
		case OPTION_NO_JOIN: list.no_join = true; break;
		default: tool_option(&options, key, value);
		}
	}
	no_operands();
	list.where = filter_expr("--where", cli_shared()->where_expr);
	if (cli_shared()->count >= 0)
		list.wanted = (size_t)cli_shared()->count;
	tool_open(&list.tool, "list", &options, 0);
	list.out = tool_source();
	tool_now(list.now, NULL);
	list.route = take_route(&list.tool.workflow, type, &list.only_other);
	if (owner != NULL)
		take_owner(&list, owner, owner_id);
	find.route = list.route;
	find.statuses = buf_slice(&list.statuses);
	find.priorities = buf_slice(&list.priorities);
	find.owner = slice_of(owner_id);
	if (hubspot_trouble(list.tool.api)->status == 0 && list.wanted > 0)
		run(&list, &find);
	if (hubspot_trouble(list.tool.api)->status != 0)
		tool_break_off(&list.tool, list.out);
	tool_summary(&list.tool, list.printed, "tasks");
	int status = tool_status(&list.tool, stream_close(list.out));
	expr_free(list.where);
	buf_release(&list.line);
	buf_release(&list.statuses);
	buf_release(&list.priorities);
	tool_close(&list.tool);
	return status;
}
