/* bin/outreach/maildir.h - delivery into a Maildir (https://cr.yp.to/proto/maildir.html): written whole in tmp/, flushed, linked into new/.
 *
 * The name is the caller's and says which message it is, so that a second delivery meets the first. Readers move a message to cur/ and add to its
 * name (":2,S", and Dovecot ",S=…"): it is found there under any such name. */
#ifndef OUTREACH_MAILDIR_H
#define OUTREACH_MAILDIR_H
#include "base/slice.h"

struct maildir;

/* Makes the folder and its tmp, new and cur where they are missing. NULL with errno set: ENOTDIR also where the folder holds something, but is no
 * Maildir. */
struct maildir *maildir_open(const char *path);
void maildir_close(struct maildir *m);

enum maildir_result { MAILDIR_FAILED, MAILDIR_DELIVERED, MAILDIR_PRESENT, MAILDIR_ABSENT };

/* DELIVERED: the message and its place are on the disk, and its file carries the time ms. PRESENT: a message of that name is in new or cur; *ms is its file's
 * time. FAILED: errno is set, and either nothing is there or the next call will find it. */
enum maildir_result maildir_deliver(struct maildir *m, const char *name, struct slice message, int64_t *ms);

/* After a delivery that broke off: looks in new and cur afresh, PRESENT or ABSENT (or FAILED), and takes away what was left in tmp. */
enum maildir_result maildir_recover(struct maildir *m, const char *name, int64_t *ms);
#endif
