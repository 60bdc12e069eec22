#include "outreach.h"

void tool_open(struct tool *tool, int out_fd)
{
	*tool = (struct tool){ .if_expr = filter_expr("--if", cli_shared()->if_expr) };
	tool->trace = trace_begin("outreach");
	tool->stream = filter_open((struct stream_options){ .tool = "outreach", .out_fd = out_fd, .if_expr = tool->if_expr });
}

int tool_close(struct tool *tool)
{
	int status = stream_close(tool->stream);
	expr_free(tool->if_expr);
	trace_end(tool->trace);
	return status;
}

void tool_span(struct tool *tool, const char *op, int64_t due_ms, int64_t start_us, const char *code, struct slice task)
{
	struct span span = { .op = op, .due_ms = due_ms, .is_error = code != NULL, .code = code, .task = task };
	span.ms = (double)(clock_steady_us() - start_us) / MS_PER_SECOND;
	trace_span(tool->trace, &span);
}
