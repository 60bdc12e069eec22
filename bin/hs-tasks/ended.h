/* bin/hs-tasks/ended.h - works whose records are on their way out with an error. Once a record is printed it is the operator's again, and the journal follows;
 * until then a crash leaves the work pending. */
#ifndef HS_TASKS_ENDED_H
#define HS_TASKS_ENDED_H
#include "record/window.h"
#include "tool.h"

struct ended {
	int64_t *works;
	size_t count, capacity;
};

void ended_add(struct ended *e, int64_t work);

/* Writes out what is finished, and ends the works where nothing waits any more. */
void ended_flush(struct ended *e, struct tool *tool, struct stream *stream, const struct window *window);
void ended_release(struct ended *e);
#endif
