#include "waits.h"

#include <stdlib.h>

static void swap(struct waits *w, size_t a, size_t b)
{
	struct wait wait = w->heap[a];
	w->heap[a] = w->heap[b];
	w->heap[b] = wait;
}

static bool is_earlier(const struct waits *w, size_t a, size_t b)
{
	const struct wait *x = &w->heap[a], *y = &w->heap[b];
	return x->due_us != y->due_us ? x->due_us < y->due_us : x->order < y->order;
}

bool waits_push(struct waits *w, int64_t due_us, void *what)
{
	if (w->count == w->room) {
		size_t room = w->room == 0 ? 64 : 2 * w->room;
		struct wait *heap = realloc(w->heap, room * sizeof *heap);
		if (heap == NULL)
			return false;
		w->heap = heap;
		w->room = room;
	}
	size_t at = w->count++;
	w->heap[at] = (struct wait){ due_us, w->order++, what };
	for (; at > 0 && is_earlier(w, at, (at - 1) / 2); at = (at - 1) / 2)
		swap(w, at, (at - 1) / 2);
	return true;
}

void *waits_pop(struct waits *w, int64_t now_us)
{
	if (w->count == 0 || w->heap[0].due_us > now_us)
		return NULL;
	void *what = w->heap[0].what;
	w->heap[0] = w->heap[--w->count];
	for (size_t at = 0, child; (child = 2 * at + 1) < w->count; at = child) {
		if (child + 1 < w->count && is_earlier(w, child + 1, child))
			child++;
		if (is_earlier(w, at, child))
			break;
		swap(w, at, child);
	}
	return what;
}

int64_t waits_next_us(const struct waits *w)
{
	return w->count == 0 ? INT64_MAX : w->heap[0].due_us;
}

void waits_release(struct waits *w)
{
	free(w->heap);
	*w = (struct waits){ .count = 0 };
}
