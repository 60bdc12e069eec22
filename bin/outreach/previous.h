/* bin/outreach/previous.h - the mail before this one, as far as the record knows it: for threads and for the steps of a sequence.
 *
 * Two places tell: the body of a follow-up task, where the workflow writes lines "Message-ID: <…>", "Subject: …" and "Step: N"; and an `outreach` member
 * with state "sent" that is still in the record. The task's body goes first: it was written for this task. */
#ifndef OUTREACH_PREVIOUS_H
#define OUTREACH_PREVIOUS_H
#include "base/arena.h"
#include "record/record.h"

struct previous {
	struct slice message_id; /* with its < >; empty: not known */
	struct slice subject; /* without "Re: "; empty: not known */
	unsigned step; /* 0: not known */
};

/* Lines end in LF or, as HubSpot keeps them, in <br> or </p>. Text goes to the arena. */
struct previous previous_from_body(struct slice body, struct arena *scratch);

struct previous previous_of(const struct record *r, struct slice task_body, struct arena *scratch);
#endif
