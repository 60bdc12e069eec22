/* hs-tasks dead: the dead letters, tasks that WAIT with a reason of ours. list prints them as records, retry has them worked again from the first attempt. */
#include "find.h"
#include "lead.h"
#include "ledger.h"
#include "record/expr.h"
#include "verbs.h"

enum { OPTION_TYPE = OPTION_OWN, OPTION_PASS, MAX_LINE_BYTES = 8 << 20 };

const struct cli_option dead_options[] = {
	{ OPTION_TYPE, "type", "ROUTE", "list: only this route's tasks; other: those of none" },
	{ OPTION_PASS, "pass", NULL, "retry: print every record" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct dead {
	struct tool tool;
	struct portal portal;
	struct stream *out;
	struct relate *relate;
	struct expr *where;
	struct buf line;
	const struct route *route;
	bool only_other;
	size_t wanted, printed;
	char now[CLOCK_TEXT_BYTES];
};

static void print_items(struct relate_item *items, size_t count, bool ok, void *arg)
{
	struct dead *d = arg;
	for (size_t i = 0; ok && i < count && d->printed < d->wanted; i++) {
		buf_reset(&d->line);
		lead_put(&d->line, &items[i], d->now);
		buf_putc(&d->line, '}');
		if (d->line.failed)
			must(NULL);
		if (d->where != NULL && !expr_test(d->where, buf_slice(&d->line), NULL))
			continue;
		stream_put_line(d->out, buf_slice(&d->line));
		d->printed++;
	}
	stream_flush(d->out);
}

static bool take_page(struct search *search, const struct json *results, void *arg)
{
	struct dead *d = arg;
	(void)search;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next) {
		const struct route *route = workflow_route(&d->tool.workflow, result_property(task, "hs_task_subject"));
		bool is_wanted = d->only_other ? route == NULL : d->route == NULL || d->route == route;
		if (is_wanted && result_property(task, "leadpipe_reason").len > 0 && slice_is(result_property(task, "hs_task_status"), "WAITING"))
			relate_add(d->relate, &(struct relate_item){ .task_id = json_string(task, "id", ""), .task = task->raw });
	}
	return d->printed + relate_pending(d->relate) < d->wanted && !cli_stopping();
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	struct dead *d = arg;
	(void)search;
	if (failed != NULL)
		hubspot_give_up(d->tool.api, failed, "searching tasks");
	relate_flush(d->relate);
}

static void list(struct dead *d)
{
	struct workflow *w = &d->tool.workflow;
	struct buf properties;
	d->relate = relate_new(d->tool.api,
		&(struct relate_options){
			.contact_properties = w->read_contact, .company_properties = w->read_company, .done = print_items, .arg = d });
	buf_init(&properties, 1 << 20);
	buf_put(&properties, w->read_task.ptr, w->read_task.len - 1);
	buf_puts(&properties, ",\"leadpipe_reason\"]");
	struct search *search = search_new(d->tool.api, OBJECT_TASKS, buf_slice(&properties), "hs_timestamp", SIZE_MAX);
	buf_release(&properties);
	search->page = take_page;
	search->done = end_search;
	search->arg = d;
	search_group(search);
	search_filter(search, "hs_task_status", "EQ", slice_of("WAITING"));
	search_filter(search, "hubspot_owner_id", "EQ", portal_owner(&d->portal, w, slice_of("queue")));
	search_filter_has(search, "leadpipe_reason", true);
	search_start(search);
	hubspot_drain(d->tool.api);
	relate_free(d->relate);
}

static int run_list_dead(struct dead *d, const struct tool_options *options, const char *type)
{
	tool_open(&d->tool, "dead", options, 0);
	d->where = filter_expr("--where", cli_shared()->where_expr);
	d->wanted = cli_shared()->count < 0 ? SIZE_MAX : (size_t)cli_shared()->count;
	d->route = take_route(&d->tool.workflow, type, &d->only_other);
	buf_init(&d->line, MAX_LINE_BYTES);
	tool_now(d->now, NULL);
	d->out = tool_source();
	if (portal_load(&d->portal, d->tool.api, &d->tool.workflow, PORTAL_OWNERS))
		list(d);
	if (hubspot_trouble(d->tool.api)->status != 0)
		tool_break_off(&d->tool, d->out);
	tool_summary(&d->tool, d->printed, "tasks");
	int status = tool_status(&d->tool, stream_close(d->out));
	buf_release(&d->line);
	expr_free(d->where);
	tool_close(&d->tool);
	return status;
}

int run_dead(int argc, char **argv)
{
	struct dead d = { .printed = 0 };
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
	if (count == 1 && strcmp(operands[0], "list") == 0)
		return run_list_dead(&d, &options, type);
	if (count == 0 || strcmp(operands[0], "retry") != 0)
		cli_usage("dead list, or dead retry [FILE...]");
	cli_shift_operand();
	return dispose_retry(&options, passes_all);
}
