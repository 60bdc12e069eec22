#include "record/window.h"

#include <stdlib.h>

enum slot_state { WAITING, FINISHED, DROPPED };

struct slot {
	struct record *record;
	size_t bytes; /* when it came in: a record grows while it is worked on */
	enum slot_state state;
};

struct window {
	struct stream *stream;
	struct slot slots[WINDOW_RECORDS]; /* ticket n lies in slot n % WINDOW_RECORDS */
	uint64_t first, next; /* tickets: the oldest that is here, the next to be given */
	size_t bytes, waiting;
};

struct window *window_new(struct stream *s)
{
	struct window *w = calloc(1, sizeof *w);
	if (w != NULL)
		w->stream = s;
	return w;
}

static struct slot *slot_of(struct window *w, uint64_t ticket)
{
	return ticket < w->first || ticket >= w->next ? NULL : &w->slots[ticket % WINDOW_RECORDS];
}

bool window_has_room(const struct window *w)
{
	return w->next == w->first || (w->next - w->first < WINDOW_RECORDS && w->bytes < WINDOW_BYTES);
}

uint64_t window_add(struct window *w, struct record *copy)
{
	struct slot *slot = &w->slots[w->next % WINDOW_RECORDS];
	*slot = (struct slot){ copy, record_bytes(copy), WAITING };
	w->bytes += slot->bytes;
	w->waiting++;
	return w->next++;
}

struct record *window_record(struct window *w, uint64_t ticket)
{
	struct slot *slot = slot_of(w, ticket);
	return slot == NULL || slot->state != WAITING ? NULL : slot->record;
}

/* Writes and frees what nothing older holds back. */
static void advance(struct window *w)
{
	for (; w->first < w->next; w->first++) {
		struct slot *slot = slot_of(w, w->first);
		if (slot->state == WAITING)
			break;
		if (slot->state == FINISHED)
			stream_put(w->stream, slot->record);
		record_free(slot->record);
		w->bytes -= slot->bytes;
		*slot = (struct slot){ 0 };
	}
}

static void settle(struct window *w, uint64_t ticket, enum slot_state state)
{
	struct slot *slot = slot_of(w, ticket);
	if (slot == NULL || slot->state != WAITING)
		return;
	slot->state = state;
	w->waiting--;
	w->bytes -= slot->bytes;
	if (state == DROPPED) {
		record_free(slot->record);
		slot->record = NULL;
	}
	slot->bytes = slot->record == NULL ? 0 : record_bytes(slot->record);
	w->bytes += slot->bytes;
	advance(w);
}

void window_finish(struct window *w, uint64_t ticket)
{
	settle(w, ticket, FINISHED);
}

void window_drop(struct window *w, uint64_t ticket)
{
	settle(w, ticket, DROPPED);
}

size_t window_waiting(const struct window *w)
{
	return w->waiting;
}

void window_each(struct window *w, void (*fn)(uint64_t ticket, struct record *r, void *arg), void *arg)
{
	/* fn may finish tickets, which moves w->first, but gives none. */
	for (uint64_t ticket = w->first; ticket < w->next; ticket++) {
		struct record *r = window_record(w, ticket);
		if (r != NULL)
			fn(ticket, r, arg);
	}
}

void window_free(struct window *w)
{
	if (w == NULL)
		return;
	for (uint64_t ticket = w->first; ticket < w->next; ticket++)
		record_free(slot_of(w, ticket)->record);
	free(w);
}
