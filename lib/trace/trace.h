/* lib/trace/trace.h - spans, trace(5): one JSON line per operation, appended in one write, so that parallel processes can share a file. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H
#include "base/slice.h"

struct trace;

struct span {
	const char *op; /* "crm.search", "web.fetch" */
	int64_t due_ms; /* when it was due to start, ms since 1970 */
	double ms; /* service time */
	double wait_ms; /* what our own queue, limiter and retry sleeps added before it */
	bool is_error;
	const char *code; /* "429", "timeout"; NULL for none */
	struct slice task; /* empty for none */
	int64_t count; /* objects in it; 0: not said */
	bool is_cached; /* answered from the cache */
	bool is_replayed; /* from a cassette: ms is the recorded time */
};

/* Takes the trace id and parent from TRACEPARENT (W3C Trace Context) or makes new ones. path NULL: $LEADPIPE_TRACE; where that is unset or empty too, gives
 * NULL with errno 0, and all other calls take NULL. NULL with errno set when the file cannot be opened. */
struct trace *trace_open(const char *path, const char *tool);
void trace_span(struct trace *t, const struct span *span);

/* "00-TRACE-SPAN-01", for children's environment and request headers: SPAN is what spans name as their parent, so a child's spans stand beside ours.
 * Borrowed until trace_close; NULL for NULL. */
const char *trace_parent(const struct trace *t);

/* False where a line could not be written (full disk): errno is set. */
bool trace_close(struct trace *t);
#endif
