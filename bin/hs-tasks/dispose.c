/* hs-tasks fail, snooze, release, escalate, and dead retry: an operator's word on tasks, in place of a result. Sinks, as complete is. */
#include "sink.h"
#include "verbs.h"

enum { OPTION_PASS = OPTION_OWN, OPTION_REASON, OPTION_UNTIL, OPTION_OWNER };
#define OPTION_ROW_PASS                                                                                                                              \
	{                                                                                                                                            \
		OPTION_PASS, "pass", NULL, "print every record, not only those that could not be handled"                                            \
	}

const struct cli_option fail_options[] = {
	{ OPTION_REASON, "reason", "TEXT", "why, for whoever looks at the task" },
	OPTION_ROW_PASS,
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct cli_option snooze_options[] = {
	{ OPTION_UNTIL, "until", "WHEN", "tomorrow, \"in 3 days\", or a time" },
	{ OPTION_REASON, "reason", "TEXT", "why, for whoever looks at the task" },
	OPTION_ROW_PASS,
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct cli_option release_options[] = { OPTION_ROW_PASS, TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

const struct cli_option escalate_options[] = {
	{ OPTION_OWNER, "owner", "NAME", "an owner of the workflow file: human, say" },
	{ OPTION_REASON, "reason", "TEXT", "why, for whoever looks at the task" },
	OPTION_ROW_PASS,
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct dispose {
	struct sink_options sink;
	struct tool_options tool;
	const char *reason, *until;
};

static struct dispose take_options(int argc, char **argv)
{
	struct dispose d = { .sink = { .linger_ms = -1 } };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_PASS: d.sink.passes_all = true; break;
		case OPTION_REASON: d.reason = value; break;
		case OPTION_UNTIL: d.until = value; break;
		case OPTION_OWNER: d.sink.owner = value; break;
		default: tool_option(&d.tool, key, value);
		}
	}
	return d;
}

static int dispose(struct dispose *d, const char *verb, enum settle_verdict verdict)
{
	struct tool tool;
	d->sink.force.verdict = verdict;
	d->sink.force.reason = slice_of(d->reason == NULL ? "" : d->reason);
	tool_open(&tool, verb, &d->tool, TOOL_WRITES | (cli_shared()->dry_run ? TOOL_OFFLINE : 0));
	if (d->until != NULL)
		d->sink.force.due_ms = tool_time("--until", d->until);
	if (d->sink.owner != NULL && workflow_owner_named(&tool.workflow, slice_of(d->sink.owner)) == NULL)
		cli_usage("--owner: %s has no owner \"%s\"", tool.workflow.path, d->sink.owner);
	int status = sink_run(&tool, &d->sink);
	tool_close(&tool);
	return status;
}

int run_fail(int argc, char **argv)
{
	struct dispose d = take_options(argc, argv);
	if (d.reason == NULL)
		d.reason = "Set aside by hand";
	return dispose(&d, "fail", SETTLE_PARK);
}

int run_snooze(int argc, char **argv)
{
	struct dispose d = take_options(argc, argv);
	if (d.until == NULL)
		cli_usage("--until is missing");
	return dispose(&d, "snooze", SETTLE_DEFERRED);
}

int run_release(int argc, char **argv)
{
	struct dispose d = take_options(argc, argv);
	return dispose(&d, "release", SETTLE_NO_RESULT);
}

int run_escalate(int argc, char **argv)
{
	struct dispose d = take_options(argc, argv);
	if (d.sink.owner == NULL)
		cli_usage("--owner is missing");
	return dispose(&d, "escalate", SETTLE_ESCALATE);
}

int dispose_retry(const struct tool_options *options, bool passes_all)
{
	struct dispose d = { .sink = { .linger_ms = -1, .passes_all = passes_all }, .tool = *options };
	return dispose(&d, "dead", SETTLE_ESCALATE);
}
