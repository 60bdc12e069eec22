/* bin/outreach/deliver.h - one mail into a Maildir, once: the intent goes into the outbox first, the outcome after it.
 *
 * Whatever dies in between, the next try for the same key finds out from the Maildir itself what happened, and goes on from there. */
#ifndef OUTREACH_DELIVER_H
#define OUTREACH_DELIVER_H
#include "mail.h"
#include "maildir.h"
#include "store/outbox.h"

enum { DELIVER_MESSAGE_BYTES = OUTBOX_TARGET_BYTES + 256 };

struct deliverer {
	struct outbox *outbox;
	struct maildir *maildir;
	char target[OUTBOX_TARGET_BYTES]; /* "maildir:" and its real path */
	struct buf message;
};

enum delivered {
	DELIVER_SENT, /* now or earlier: *at_ms says when first */
	DELIVER_ALREADY, /* the key's mail went to another address: never twice */
	DELIVER_UNKNOWN, /* an earlier delivery broke off, and its Maildir cannot be asked */
	DELIVER_INTERRUPTED,
	DELIVER_FAILED, /* reading or writing: nothing is lost, the next try finds out */
};

/* *at_ms is the send time, also for the message's Date. The reason of anything but SENT is in `reason`. */
enum delivered deliver_mail(struct deliverer *d, const struct mail *m, int64_t *at_ms, char reason[DELIVER_MESSAGE_BYTES]);
#endif
