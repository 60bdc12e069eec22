/* bin/hs-tasks/arguments.h - the command line of another hs-tasks that this one starts. Texts are borrowed until it has been started. */
#ifndef HS_TASKS_ARGUMENTS_H
#define HS_TASKS_ARGUMENTS_H
#include "tool.h"

enum { ARGUMENTS_MAX = 40 };

/* NULL-ended: { .list = { "hs-tasks", "keep" }, .count = 2 }. More than ARGUMENTS_MAX - 1 are a programming error. */
struct arguments {
	const char *list[ARGUMENTS_MAX];
	size_t count;
};

void arguments_add_flag(struct arguments *a, const char *flag);

/* An option with its value; none where that is NULL. */
void arguments_add(struct arguments *a, const char *name, const char *value);

/* Which portal it works on and how, as this program was told: address, version, token, workflow, settings, trace. */
void arguments_add_tool(struct arguments *a, const struct tool_options *options);
#endif
