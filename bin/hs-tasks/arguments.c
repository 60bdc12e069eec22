#include "arguments.h"

#include <stdlib.h>

void arguments_add_flag(struct arguments *a, const char *flag)
{
	if (a->count == ARGUMENTS_MAX - 1)
		abort();
	a->list[a->count++] = flag;
}

void arguments_add(struct arguments *a, const char *name, const char *value)
{
	if (value == NULL)
		return;
	arguments_add_flag(a, name);
	arguments_add_flag(a, value);
}

void arguments_add_tool(struct arguments *a, const struct tool_options *options)
{
	const struct cli_shared *shared = cli_shared();
	arguments_add(a, "--api-url", options->api_url);
	arguments_add(a, "--api", options->api);
	arguments_add(a, "--token-file", options->token_file);
	arguments_add(a, "--workflow", options->workflow);
	arguments_add(a, "--config", shared->config_path);
	arguments_add(a, "--trace", shared->trace_path);
}
