/* bin/hs-tasks/bytime.h - ids by their times: the order that a search past 10,000 hits cannot give. 16 bytes an id, doubled while it grows. */
#ifndef HS_TASKS_BYTIME_H
#define HS_TASKS_BYTIME_H
#include "base/slice.h"

struct bytime {
	struct bytime_entry {
		int64_t ms;
		uint64_t id;
	} * entries;
	size_t count, capacity, next;
};

enum { BYTIME_ID_BYTES = 24 };

/* A zeroed struct bytime is empty. */
void bytime_release(struct bytime *b);

/* Ends the program when out of memory. */
void bytime_add(struct bytime *b, uint64_t id, int64_t ms);

/* Earliest first; of the same time, the lowest id. */
void bytime_sort(struct bytime *b);

/* Takes the next id off; false at the end. */
bool bytime_next(struct bytime *b, char id[BYTIME_ID_BYTES]);
#endif
