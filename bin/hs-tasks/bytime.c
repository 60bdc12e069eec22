#include "bytime.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"

enum { FIRST_CAPACITY = 1024 };

void bytime_release(struct bytime *b)
{
	free(b->entries);
	*b = (struct bytime){ 0 };
}

void bytime_add(struct bytime *b, uint64_t id, int64_t ms)
{
	if (b->count == b->capacity) {
		b->capacity = b->capacity == 0 ? FIRST_CAPACITY : 2 * b->capacity;
		b->entries = realloc(b->entries, b->capacity * sizeof *b->entries);
		if (b->entries == NULL)
			cli_die(EXIT_IO_FAILED, "out of memory");
	}
	b->entries[b->count++] = (struct bytime_entry){ ms, id };
}

static int by_time_and_id(const void *a, const void *b)
{
	const struct bytime_entry *x = a, *y = b;
	if (x->ms != y->ms)
		return x->ms < y->ms ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

void bytime_sort(struct bytime *b)
{
	if (b->count > b->next)
		qsort(b->entries + b->next, b->count - b->next, sizeof *b->entries, by_time_and_id);
}

bool bytime_next(struct bytime *b, char id[BYTIME_ID_BYTES])
{
	if (b->next == b->count)
		return false;
	snprintf(id, BYTIME_ID_BYTES, "%llu", (unsigned long long)b->entries[b->next++].id);
	return true;
}
