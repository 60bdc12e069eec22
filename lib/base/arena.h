/* lib/base/arena.h - scratch memory that is freed all at once, as after each record.
 *
 * Blocks are kept over a reset, so a steady stream allocates nothing. A request past the cap, or without memory, gives NULL and sets `failed`. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *first, *current;
	size_t used_bytes, max_bytes;
	bool failed;
};

void arena_init(struct arena *a, size_t max_bytes);
void arena_release(struct arena *a);
void arena_reset(struct arena *a);

/* Zeroed, aligned for any type, good until the reset. */
void *arena_alloc(struct arena *a, size_t bytes);
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* A copy with a NUL after it. */
struct slice arena_copy(struct arena *a, struct slice text);
char *arena_strdup(struct arena *a, struct slice text);

/* An empty slice when memory ran out. */
struct slice arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
