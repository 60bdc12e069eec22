/* bin/hs-tasks/tool.h - what every verb starts with: settings, workflow, client, and how it ends. */
#ifndef HS_TASKS_TOOL_H
#define HS_TASKS_TOOL_H
#include "base/cli.h"
#include "base/config.h"
#include "hubspot.h"
#include "net/program.h"
#include "portal.h"
#include "record/expr.h"
#include "record/filter.h"
#include "store/journal.h"
#include "trace/program.h"
#include "workflow.h"

/* The options of all verbs that talk to HubSpot; first in a verb's own table. */
enum {
	OPTION_API_URL = CLI_LONG,
	OPTION_API,
	OPTION_TOKEN_FILE,
	OPTION_WORKFLOW,
	OPTION_INTERACTIVE,
	OPTION_RECORD,
	OPTION_REPLAY,
	OPTION_YES,
	OPTION_OWN
};
#define TOOL_OPTIONS                                                                                                                                 \
	{ OPTION_API_URL, "api-url", "URL", "HubSpot's address, or a sandbox's" }, { OPTION_API, "api", "VERSION", "v3 or 2026-03 (default)" },      \
		{ OPTION_TOKEN_FILE, "token-file", "FILE", "holds the access token, mode 0600" },                                                    \
		{ OPTION_WORKFLOW, "workflow", "FILE", "routes, mappings and follow-ups" },                                                          \
		{ OPTION_INTERACTIVE, "interactive", NULL, "a person waits: goes before background work, as at a terminal" },                        \
		{ OPTION_YES, "yes", NULL, "more than 100 writes to a real account need not be asked for" },                                         \
		{ OPTION_RECORD, "record", "DIR", "keep all answers in a cassette, leadpipe(7)" },                                                   \
	{                                                                                                                                            \
		OPTION_REPLAY, "replay", "DIR", "answers from a cassette, without a network"                                                         \
	}

struct tool_options {
	const char *api_url, *api, *token_file, *workflow, *record, *replay;
	bool is_interactive, may_write_much;
};

struct tool {
	struct config config;
	struct workflow workflow;
	struct trace *trace;
	struct cassette *cassette; /* NULL: none */
	struct hubspot *api;
	struct journal *journal; /* NULL until ledger_open, and in a dry run */
	struct buf token, workflow_path, limits_folder;
	const char *api_url; /* borrowed from options, environment or config */
	const char *api_version;
	bool may_write_much; /* --yes */
	const char *verb; /* a literal */
	int64_t started_us;
};

/* Takes an option of TOOL_OPTIONS; false where it is the verb's own. */
bool tool_option(struct tool_options *options, int key, const char *value);

enum tool_need {
	TOOL_OFFLINE = 1, /* neither network nor token: a dry run of a sink */
	TOOL_WRITES = 2, /* changes the portal: what it does goes through the journal */
	TOOL_CHECKS = 4, /* a missing token, or scope, ends nothing: check reports it */
};

/* Ends the program with 2 or 77 where something is missing. */
void tool_open(struct tool *tool, const char *verb, const struct tool_options *options, unsigned needs);
void tool_close(struct tool *tool);

/* The folder that keeps what this program's runs leave for each other; of a replay, the pass's own. Put behind `path`. False with a message. */
bool tool_state_dir(const struct tool *tool, struct buf *path, char error[CONFIG_ERROR_BYTES]);

/* The stream of a source (nothing is read), of a filter, or of a sink, which sees error records and handles --if itself. All are handed out (stream.h). */
struct stream *tool_source(void);
struct stream *tool_filter(struct expr *if_expr);
struct stream *tool_sink(void);

/* The exit status of a verb: 0 or the stream's, or that of the client's trouble; says on stderr what the trouble was. A source that broke off has put its last line
 * by tool_break_off. */
int tool_status(const struct tool *tool, int stream_status);

/* The last line of a source that broke off, and a word on stderr. */
void tool_break_off(const struct tool *tool, struct stream *s);

/* With -v: calls made, per record, beside what a call per record would have been. */
void tool_summary(const struct tool *tool, size_t records, const char *what);

/* Content time, RFC 3339. */
void tool_now(char text[CLOCK_TEXT_BYTES], int64_t *ms);

/* The time of an option, RFC 3339 or in words; usage error where it is none. After tool_open: a replay has the recording's
 * time. */
int64_t tool_time(const char *option, const char *value);

/* JSON on one line: HubSpot's own answers are, but nothing promises it. */
void put_one_line(struct buf *out, struct slice json);
#endif
