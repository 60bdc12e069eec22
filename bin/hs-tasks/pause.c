/* hs-tasks pause, hs-tasks resume: routes whose tasks claim leaves alone on this machine, and why. Both know the journal alone. */
#include "base/escape.h"
#include "ledger.h"
#include "verbs.h"

enum { OPTION_REASON = OPTION_OWN, OPTION_PAUSE_PORTAL };

#define PORTAL_OPTION                                                                                                                                \
	{                                                                                                                                            \
		OPTION_PAUSE_PORTAL, "portal", "ID", "the portal, so that no token is needed"                                                        \
	}

const struct cli_option pause_options[] = {
	{ OPTION_REASON, "reason", "TEXT", "why, for whoever looks later" },
	PORTAL_OPTION,
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct cli_option resume_options[] = { PORTAL_OPTION, TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

struct pause {
	struct tool tool;
	struct portal portal;
	const char *reason;
};

static void put_paused(struct slice route, struct slice reason, int64_t at_ms, void *arg)
{
	char at[CLOCK_TEXT_BYTES];
	struct buf *out = arg;
	clock_format(at_ms, at);
	escape_terminal(out, route);
	buf_printf(out, "\t%s\t", at);
	escape_terminal(out, reason);
	buf_putc(out, '\n');
}

/* A line a route. */
static int list_paused(struct pause *p)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	int result = journal_each_paused(p->tool.journal, put_paused, &out);
	cli_print(buf_slice(&out));
	buf_release(&out);
	return result;
}

static void check_routes(const struct pause *p, char **names)
{
	for (; *names != NULL; names++)
		if (workflow_route_named(&p->tool.workflow, slice_of(*names)) == NULL)
			cli_usage("%s has no route \"%s\"", p->tool.workflow.path, *names);
}

static int pause_routes(struct pause *p, char **names)
{
	int result = 0;
	check_routes(p, names);
	for (; *names != NULL && result == 0; names++)
		result = journal_pause(p->tool.journal, slice_of(*names), slice_of(p->reason), clock_real_ms());
	return result;
}

/* A route that the workflow no longer has can be resumed too. */
static int resume_routes(struct pause *p, char **names)
{
	int result = 0;
	for (; *names != NULL && result == 0; names++) {
		struct slice reason;
		struct arena arena;
		arena_init(&arena, 1 << 20);
		result = journal_paused(p->tool.journal, slice_of(*names), &arena, &reason);
		if (result == 0 && reason.len == 0)
			cli_warn("resume: route %s is not paused", *names);
		arena_release(&arena);
		if (result == 0)
			result = journal_resume(p->tool.journal, slice_of(*names));
	}
	return result;
}

/* Opens the journal of the portal, and asks for the portal's id where it must. False: the client is out of service. */
static bool open_journal(struct pause *p, const char *portal_id)
{
	if (portal_id == NULL && p->tool.token.len > 0) {
		if (!portal_load(&p->portal, p->tool.api, &p->tool.workflow, PORTAL_OWNERS))
			return false;
	} else if (!ledger_find_portal(&p->tool, portal_id, &p->portal)) {
		cli_usage("no portal is known, or more than one: --portal says which, or a token");
	}
	ledger_edit(&p->tool, &p->portal);
	return true;
}

static int run(int argc, char **argv, const char *verb, int (*change)(struct pause *p, char **names))
{
	struct pause p = { .reason = "paused by hand" };
	struct tool_options options = { 0 };
	const char *portal_id = NULL, *value;
	int count, result = 0;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_REASON: p.reason = value; break;
		case OPTION_PAUSE_PORTAL: portal_id = take_portal(value); break;
		default: tool_option(&options, key, value);
		}
	}
	char **names = cli_operands(&count);
	if (*p.reason == '\0')
		cli_usage("--reason is empty");
	if (count == 0 && change == resume_routes)
		cli_usage("which route? hs-tasks pause lists those that are paused");
	tool_open(&p.tool, verb, &options, TOOL_CHECKS);
	if (open_journal(&p, portal_id))
		result = count == 0 ? list_paused(&p) : change(&p, names);
	if (result != 0)
		cli_die(EXIT_IO_FAILED, "journal: %s", journal_error(p.tool.journal));
	int status = tool_status(&p.tool, EXIT_OK);
	tool_close(&p.tool);
	return status;
}

int run_pause(int argc, char **argv)
{
	return run(argc, argv, "pause", pause_routes);
}

int run_resume(int argc, char **argv)
{
	return run(argc, argv, "resume", resume_routes);
}
