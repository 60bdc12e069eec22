#include "outreach.h"

#include <errno.h>
#include <string.h>

void tool_open(struct tool *tool, int out_fd)
{
	char reason[512];
	*tool = (struct tool){ .if_expr = NULL };
	if (cli_shared()->if_expr != NULL) {
		tool->if_expr = expr_new(cli_shared()->if_expr, (struct slice){ NULL, 0 }, reason, sizeof reason);
		if (tool->if_expr == NULL)
			cli_usage("--if: %s", reason);
	}
	tool->trace = trace_open(cli_shared()->trace_path, "outreach");
	if (tool->trace == NULL && errno != 0)
		cli_die(EXIT_IO_FAILED, "trace file: %s", strerror(errno));
	struct stream_options options = { .tool = "outreach",
		.paths = cli_operands(NULL),
		.out_fd = out_fd,
		.retry = cli_shared()->retry,
		.if_expr = tool->if_expr,
		.stopping = cli_stopping,
		.warn = cli_warn };
	tool->stream = stream_open(&options);
	if (tool->stream == NULL)
		cli_die(EXIT_TRY_LATER, "%s", strerror(errno));
	cli_catch_stop();
}

int tool_close(struct tool *tool)
{
	int status = stream_close(tool->stream);
	if (!trace_close(tool->trace))
		cli_die(EXIT_IO_FAILED, "trace file: %s", strerror(errno));
	expr_free(tool->if_expr);
	return status;
}

void tool_span(struct tool *tool, const char *op, int64_t due_ms, int64_t start_us, const char *code, struct slice task)
{
	struct span span = { .op = op, .due_ms = due_ms, .is_error = code != NULL, .code = code, .task = task };
	span.ms = (double)(clock_steady_us() - start_us) / MS_PER_SECOND;
	trace_span(tool->trace, &span);
}
