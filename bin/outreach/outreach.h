/* bin/outreach/outreach.h - the verbs, and what they open in the same way. */
#ifndef OUTREACH_OUTREACH_H
#define OUTREACH_OUTREACH_H
#include "base/cli.h"
#include "record/expr.h"
#include "record/filter.h"
#include "trace/program.h"

extern const struct cli_option render_options[], approve_options[], send_options[];
extern const char render_schema[], send_schema[];
int render_run(int argc, char **argv);
int approve_run(int argc, char **argv);
int send_run(int argc, char **argv);

enum { SCRATCH_MAX_BYTES = 8 << 20, OUTPUT_MAX_BYTES = 4 << 20, PATH_MAX_BYTES = 4096 };

/* A verb's input, output and spans; opened or the program ends with a message. */
struct tool {
	struct expr *if_expr;
	struct stream *stream;
	struct trace *trace;
};
/* out_fd -1: a report, whose records are only read. */
void tool_open(struct tool *tool, int out_fd);

/* Closes all of it and gives the exit status. */
int tool_close(struct tool *tool);

/* Writes the span of one mail. `task` may be empty. */
void tool_span(struct tool *tool, const char *op, int64_t due_ms, int64_t start_us, const char *code, struct slice task);
#endif
