#include "outreach.h"

#include <errno.h>
#include <string.h>

void tool_open(struct tool *tool, int out_fd)
{
	*tool = (struct tool){ .if_expr = filter_expr("--if", cli_shared()->if_expr) };
	tool->trace = trace_open(cli_shared()->trace_path, "outreach");
	if (tool->trace == NULL && errno != 0)
		cli_die(EXIT_IO_FAILED, "trace file: %s", strerror(errno));
	tool->stream = filter_open((struct stream_options){ .tool = "outreach", .out_fd = out_fd, .if_expr = tool->if_expr });
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
