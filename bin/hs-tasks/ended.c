#include "ended.h"

#include <stdlib.h>

#include "perform.h"

void ended_add(struct ended *e, int64_t work)
{
	if (e->count == e->capacity) {
		e->capacity = 2 * e->capacity + BATCH_ROWS;
		e->works = must(realloc(e->works, e->capacity * sizeof *e->works));
	}
	e->works[e->count++] = work;
}

void ended_flush(struct ended *e, struct tool *tool, struct stream *stream, const struct window *window)
{
	struct journal *journal = tool->journal;
	stream_flush(stream);
	if (e->count == 0 || window_waiting(window) > 0 || stream_status(stream) == EXIT_IO_FAILED)
		return;
	int result = journal_begin(journal);
	for (size_t i = 0; i < e->count && result == 0; i++)
		result = journal_work_ended(journal, e->works[i], JOURNAL_FAILED);
	journal_end(tool->api, journal, result);
	e->count = 0;
}

void ended_release(struct ended *e)
{
	free(e->works);
}
