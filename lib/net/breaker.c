#include "net/breaker.h"

#include <limits.h>

#include "net/governor_core.h"

bool breaker_is_sane(const struct breaker *b, int64_t now_us)
{
	return b->state >= BREAKER_CLOSED && b->state <= BREAKER_PROBING && b->count <= BREAKER_WINDOW && b->next < BREAKER_WINDOW &&
		b->open_until_us <= now_us + BREAKER_OPEN_US + GOVERNOR_LATE_LOCK_US;
}

static void enter(struct breaker *b, enum breaker_state state, int64_t open_until_us)
{
	b->generation++;
	b->count = b->next = 0;
	b->probes_ok = b->probes_failed = 0;
	b->open_until_us = open_until_us;
	governor_then();
	b->state = (int32_t)state;
}

/* What the outcomes so far ask for. Also where a process died before it could draw the conclusion. */
static enum governor_news conclude(struct breaker *b, int64_t now_us)
{
	unsigned failures = 0;
	for (unsigned i = 0; i < b->count; i++)
		failures += b->failed[i];
	if (b->state == BREAKER_CLOSED && b->count >= BREAKER_MIN && failures * 2 >= b->count) {
		enter(b, BREAKER_OPEN, now_us + BREAKER_OPEN_US);
		return GOVERNOR_DOWN;
	}
	if (b->state == BREAKER_PROBING && b->probes_failed * 2 >= BREAKER_PROBES) {
		enter(b, BREAKER_OPEN, now_us + BREAKER_OPEN_US);
	} else if (b->state == BREAKER_PROBING && b->probes_ok + b->probes_failed >= BREAKER_PROBES) {
		enter(b, BREAKER_CLOSED, 0);
		return GOVERNOR_UP;
	}
	return GOVERNOR_NO_NEWS;
}

void breaker_advance(struct breaker *b, int64_t now_us)
{
	if (b->state == BREAKER_OPEN && now_us >= b->open_until_us)
		enter(b, BREAKER_PROBING, 0);
	conclude(b, now_us);
}

unsigned breaker_room(const struct breaker *b, unsigned in_flight)
{
	unsigned sent = in_flight + b->probes_ok + b->probes_failed;
	if (b->state == BREAKER_CLOSED)
		return UINT_MAX;
	return b->state == BREAKER_OPEN || sent >= BREAKER_PROBES ? 0 : BREAKER_PROBES - sent;
}

enum governor_news breaker_note(struct breaker *b, bool failed, int64_t now_us)
{
	if (b->state == BREAKER_PROBING) {
		*(failed ? &b->probes_failed : &b->probes_ok) += 1;
	} else {
		b->failed[b->next] = failed;
		b->next = (b->next + 1) % BREAKER_WINDOW;
		if (b->count < BREAKER_WINDOW)
			b->count++;
	}
	return conclude(b, now_us);
}
