/* lib/record/window.h - the reorder window: records finished in any order leave in input order (DESIGN, HTTP engine).
 *
 * One stalled site must not stop the stream: up to 2,048 records or 4 MiB wait here. */
#ifndef RECORD_WINDOW_H
#define RECORD_WINDOW_H
#include "record/stream.h"

enum { WINDOW_RECORDS = 2048, WINDOW_BYTES = 4 << 20 };

struct window;
struct window *window_new(struct stream *s); /* the stream is borrowed; NULL when out of memory */

/* Whether another record may come in. An empty window always takes one. */
bool window_has_room(const struct window *w);

/* Takes over a copy (record_copy) and gives its ticket. */
uint64_t window_add(struct window *w, struct record *copy);

/* The record of a ticket that is not finished yet; borrowed. */
struct record *window_record(struct window *w, uint64_t ticket);

/* It is done: it is written and freed as soon as all before it are. */
void window_finish(struct window *w, uint64_t ticket);

/* As window_finish, without writing it (a sink has handled it). */
void window_drop(struct window *w, uint64_t ticket);

size_t window_waiting(const struct window *w); /* records not finished */

/* Calls fn for each unfinished ticket, in order: to hand records back when told to stop. */
void window_each(struct window *w, void (*fn)(uint64_t ticket, struct record *r, void *arg), void *arg);
void window_free(struct window *w); /* unfinished records are dropped: finish them first */
#endif
