/* hs-tasks dead: the dead letters, tasks that WAIT with a reason of ours. list prints them as records, retry has them worked again from the first attempt. */
#include "batch.h"
#include "decide.h"
#include "find.h"
#include "ledger.h"
#include "source.h"
#include "verbs.h"

enum { OPTION_TYPE = OPTION_OWN, OPTION_PASS, MAX_PROPERTIES_BYTES = 1 << 20 };

const struct cli_option dead_options[] = {
	{ OPTION_TYPE, "type", "ROUTE", "list: only this route's tasks; other: those of none" },
	{ OPTION_PASS, "pass", NULL, "retry: print every record" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct dead {
	struct tool tool;
	struct portal portal;
	struct source source;
	const struct route *route;
	bool only_other;
};

/* What merely waits for a person's approval is not dead. */
static bool is_dead(const struct dead *d, const struct json *task)
{
	struct slice reason = result_property(task, "leadpipe_reason");
	const struct route *route = workflow_route(&d->tool.workflow, result_property(task, "hs_task_subject"));
	bool is_wanted = d->only_other ? route == NULL : d->route == NULL || d->route == route;
	return is_wanted && reason.len > 0 && !slice_is(reason, REASON_APPROVAL) && slice_is(result_property(task, "hs_task_status"), "WAITING");
}

static bool take_page(struct search *search, const struct json *results, void *arg)
{
	struct dead *d = arg;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next)
		if (is_dead(d, task))
			source_add(&d->source, &(struct relate_item){ .task_id = json_string(task, "id", ""), .task = task->raw });
	return source_take_page(&d->source, search);
}

static void on_room(void *arg)
{
	struct dead *d = arg;
	source_go_on(&d->source);
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	struct dead *d = arg;
	(void)search;
	source_end_search(&d->source, failed);
}

static void list(struct dead *d)
{
	struct search *search = search_new(d->tool.api, OBJECT_TASKS, d->source.related.task_properties, "hs_timestamp", SIZE_MAX);
	search->page = take_page;
	search->done = end_search;
	search->arg = d;
	search_group(search);
	search_filter(search, "hs_task_status", "EQ", slice_of("WAITING"));
	search_filter(search, "hubspot_owner_id", "EQ", portal_owner(&d->portal, &d->tool.workflow, slice_of("queue")));
	search_filter_has(search, "leadpipe_reason", true);
	search_start(search);
}

static int run_list_dead(struct dead *d, const struct tool_options *options, const char *type)
{
	struct buf properties;
	source_init(&d->source, &d->tool);
	tool_open(&d->tool, "dead", options, 0);
	d->route = take_route(&d->tool.workflow, type, &d->only_other);
	buf_init(&properties, MAX_PROPERTIES_BYTES);
	put_properties(&properties, d->tool.workflow.read_task, "leadpipe_reason");
	d->source.related.task_properties = buf_slice(&properties);
	d->source.related.contact_properties = d->tool.workflow.read_contact;
	d->source.related.company_properties = d->tool.workflow.read_company;
	d->source.has_room = on_room;
	d->source.arg = d;
	source_start(&d->source);
	if (d->source.wanted > 0 && portal_load(&d->portal, d->tool.api, &d->tool.workflow, PORTAL_OWNERS))
		list(d);
	hubspot_drain(d->tool.api);
	source_drain(&d->source);
	int status = source_finish(&d->source, "tasks");
	buf_release(&properties);
	tool_close(&d->tool);
	return status;
}

int run_dead(int argc, char **argv)
{
	struct dead d = { .route = NULL };
	struct tool_options options = { 0 };
	const char *type = NULL, *value;
	bool passes_all = false;
	int count;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_TYPE: type = value; break;
		case OPTION_PASS: passes_all = true; break;
		default: tool_option(&options, key, value);
		}
	}
	char **operands = cli_operands(&count);
	if (count > 0 && strcmp(operands[0], "list") == 0) {
		cli_shift_operand();
		return run_list_dead(&d, &options, type);
	}
	if (count == 0 || strcmp(operands[0], "retry") != 0)
		cli_usage("dead list, or dead retry [FILE...]");
	cli_shift_operand();
	return dispose_retry(&options, passes_all);
}
