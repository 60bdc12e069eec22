/* bin/hs-sandbox/waits.h - what waits for its time: the earliest first, and among equals in the order they came. */
#ifndef SANDBOX_WAITS_H
#define SANDBOX_WAITS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wait {
	int64_t due_us; /* steady time */
	uint64_t order;
	void *what; /* the caller's */
};

/* Starts as all zeroes. */
struct waits {
	struct wait *heap;
	size_t count, room;
	uint64_t order;
};

/* False without memory. */
bool waits_push(struct waits *w, int64_t due_us, void *what);

/* Takes the next one that is due at that time; NULL where there is none. */
void *waits_pop(struct waits *w, int64_t now_us);

/* When the next one is due; INT64_MAX where nothing waits. */
int64_t waits_next_us(const struct waits *w);
void waits_release(struct waits *w);
#endif
