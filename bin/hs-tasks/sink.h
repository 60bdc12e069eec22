/* bin/hs-tasks/sink.h - reads records of tasks and settles them in batches: the loop of complete, and of the verbs that decide for every record alike.
 *
 * Records wait for a batch of a hundred, the end of input, or the linger time. Prints what could not be handled, in the order of the input. */
#ifndef HS_TASKS_SINK_H
#define HS_TASKS_SINK_H
#include "settle.h"
#include "tool.h"

struct sink_options {
	bool passes_all; /* prints every record */
	int64_t linger_ms; /* below 0: by whether a person types */
	struct settle_force force; /* verdict SETTLE_DONE: the record decides */
	const char *owner; /* for force: a name of the workflow file; NULL: none */
};

/* The tool stays the caller's. The exit status. */
int sink_run(struct tool *tool, const struct sink_options *options);
#endif
