/* hs-tasks complete: takes worked records and writes back to the CRM what became of their tasks. Prints what it could not handle.
 *
 * The decision goes by the record alone (decide.h, the table in the manual), never by its arrival. */
#include "sink.h"
#include "verbs.h"

enum { OPTION_PASS = OPTION_OWN, OPTION_LINGER };

const struct cli_option complete_options[] = {
	{ OPTION_PASS, "pass", NULL, "print every record, not only those that could not be handled" },
	{ OPTION_LINGER, "linger", "TIME", "the longest a record waits for its batch to fill (default 2s)" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

int run_complete(int argc, char **argv)
{
	struct sink_options sink = { .linger_ms = -1 };
	struct tool_options options = { 0 };
	struct tool tool;
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_PASS: sink.passes_all = true; break;
		case OPTION_LINGER: sink.linger_ms = cli_span_ms("--linger", value); break;
		default: tool_option(&options, key, value);
		}
	}
	tool_open(&tool, "complete", &options, TOOL_WRITES | (cli_shared()->dry_run ? TOOL_OFFLINE : 0));
	int status = sink_run(&tool, &sink);
	tool_close(&tool);
	return status;
}
