/* lib/net/breaker.h - leaves a server alone that keeps failing: closed, then open for a minute, then probed by a few calls (QUEUE.md, Governor).
 *
 * Part of a governor's file, so it is plain data, and a process may die between any two of its changes: what can be counted is counted, not kept, and each change by
 * itself leaves a breaker that works. Inside the governor only. */
#ifndef NET_BREAKER_H
#define NET_BREAKER_H
#include "net/governor.h"

enum { BREAKER_MIN = 20, BREAKER_WINDOW = 100, BREAKER_OPEN_US = 60000000, BREAKER_PROBES = 10 };

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

/* Outcomes count only for the state in which their call went out, which its generation tells: what a slow call of the time before has to say is old news. */
struct breaker {
	int32_t state; /* enum breaker_state */
	uint32_t generation;
	bool failed[BREAKER_WINDOW]; /* a ring of the last outcomes */
	uint32_t count, next; /* entries of the ring that are set; the one to be set next */
	int64_t open_until_us;
	uint32_t probes_ok, probes_failed;
};

/* Whether what was read from a file can be one. */
bool breaker_is_sane(const struct breaker *b, int64_t now_us);

/* What time brings, before each question: once the minute is over, probes. */
void breaker_advance(struct breaker *b, int64_t now_us);

/* How many calls more may go out beside the `in_flight` ones of this generation; UINT_MAX while closed. */
unsigned breaker_room(const struct breaker *b, unsigned in_flight);

/* The outcome of a call of this generation. */
enum governor_news breaker_note(struct breaker *b, bool failed, int64_t now_us);
#endif
