#include "trace/program.h"

#include <errno.h>

#include "base/cli.h"

struct trace *trace_begin(const char *tool)
{
	errno = 0;
	struct trace *trace = trace_open(cli_shared()->trace_path, tool);
	if (trace == NULL && errno != 0)
		cli_die(EXIT_IO_FAILED, "trace file: %s", strerror(errno));
	return trace;
}

void trace_end(struct trace *t)
{
	if (!trace_close(t))
		cli_die(EXIT_IO_FAILED, "trace file: %s", strerror(errno));
}
