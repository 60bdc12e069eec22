/* lib/store/outbox.h - messages that were to be sent, and those that were: an intent before the effect, the outcome after it, by key.
 *
 * SQLite in WAL mode, synchronous=FULL: what a call reports is on the disk. A key that stands as intended while its lock is free belongs to a process that
 * died in between; only the place it was sent to knows the outcome. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H
#include "base/slice.h"

enum { OUTBOX_ERROR_BYTES = 512, OUTBOX_TARGET_BYTES = 4096 + 16, OUTBOX_RECIPIENT_BYTES = 256 };

struct outbox;

/* Opens, and makes where missing, the database `path` and its lock file beside it. With `read_only` nothing is made, and a missing database is an empty
 * outbox. NULL with the reason in `error`. */
struct outbox *outbox_open(const char *path, bool read_only, char error[OUTBOX_ERROR_BYTES]);
void outbox_close(struct outbox *o);

/* Why the last call failed; borrowed until the next. */
const char *outbox_error(const struct outbox *o);

enum outbox_state { OUTBOX_NONE, OUTBOX_INTENDED, OUTBOX_SENT };

struct outbox_entry {
	enum outbox_state state;
	int64_t at_ms; /* of the intent */
	char target[OUTBOX_TARGET_BYTES]; /* where to: "maildir:/home/x/mail" */
	char recipient[OUTBOX_RECIPIENT_BYTES];
};

/* Waits until no other process holds the key, then holds it; the kernel lets go when this process dies. One key at a time. -1 with errno set: EINTR when
 * a signal came. */
int outbox_lock(struct outbox *o, const char *key);
void outbox_unlock(struct outbox *o);

/* All three are for a key that is locked; 0, or -1 with outbox_error. */
int outbox_get(struct outbox *o, const char *key, struct outbox_entry *entry);
int outbox_intend(struct outbox *o, const char *key, const struct outbox_entry *entry);
int outbox_settle(struct outbox *o, const char *key, int64_t at_ms);
#endif
