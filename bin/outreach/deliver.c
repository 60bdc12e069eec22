#include "deliver.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "mime.h"

static const char maildir_prefix[] = "maildir:";

static enum delivered say(char reason[DELIVER_MESSAGE_BYTES], enum delivered result, const char *what, const char *why)
{
	snprintf(reason, DELIVER_MESSAGE_BYTES, "%s: %s", what, why);
	return result;
}

/* What became of a delivery that broke off: PRESENT, ABSENT, or FAILED with the verdict in *failed. */
static enum maildir_result ask(struct deliverer *d, const struct outbox_entry *entry, const char *name, int64_t *ms, enum delivered *failed,
	char reason[DELIVER_MESSAGE_BYTES])
{
	struct maildir *other = NULL;
	if (strcmp(entry->target, d->target) != 0) {
		struct stat info;
		const char *path = entry->target + sizeof maildir_prefix - 1;
		bool is_maildir = strncmp(entry->target, maildir_prefix, sizeof maildir_prefix - 1) == 0 && stat(path, &info) == 0;
		other = is_maildir ? maildir_open(path) : NULL;
		if (other == NULL) {
			*failed = say(reason, DELIVER_UNKNOWN, "an earlier delivery broke off, and its Maildir cannot be asked", entry->target);
			return MAILDIR_FAILED;
		}
	}
	enum maildir_result result = maildir_recover(other != NULL ? other : d->maildir, name, ms);
	if (result == MAILDIR_FAILED)
		*failed = say(reason, DELIVER_FAILED, entry->target, strerror(errno));
	maildir_close(other);
	return result;
}

static enum delivered deliver_locked(struct deliverer *d, const struct mail *m, const char *key, int64_t *at_ms, char reason[DELIVER_MESSAGE_BYTES])
{
	struct outbox_entry entry;
	enum delivered failed = DELIVER_FAILED;
	char name[MAIL_KEY_BYTES + sizeof ".leadpipe"];
	int64_t ms = *at_ms;
	snprintf(name, sizeof name, "%s.leadpipe", key);
	if (outbox_get(d->outbox, key, &entry) != 0)
		return say(reason, DELIVER_FAILED, "outbox", outbox_error(d->outbox));
	if (entry.state == OUTBOX_SENT) {
		*at_ms = entry.at_ms;
		if (!slice_is(m->to, entry.recipient))
			return say(reason, DELIVER_ALREADY, "this task's mail was sent before, to another address", entry.recipient);
		return DELIVER_SENT;
	}
	enum maildir_result result = entry.state == OUTBOX_INTENDED ? ask(d, &entry, name, &ms, &failed, reason) : MAILDIR_ABSENT;
	if (result == MAILDIR_FAILED)
		return failed;
	if (result == MAILDIR_ABSENT) {
		entry = (struct outbox_entry){ .at_ms = *at_ms };
		snprintf(entry.target, sizeof entry.target, "%s", d->target);
		snprintf(entry.recipient, sizeof entry.recipient, "%.*s", (int)m->to.len, m->to.ptr);
		buf_reset(&d->message);
		mime_write(&d->message, m, *at_ms);
		if (d->message.failed)
			return say(reason, DELIVER_FAILED, "the message", "out of memory");
		if (outbox_intend(d->outbox, key, &entry) != 0)
			return say(reason, DELIVER_FAILED, "outbox", outbox_error(d->outbox));
		ms = *at_ms;
		result = maildir_deliver(d->maildir, name, buf_slice(&d->message), &ms);
		if (result == MAILDIR_FAILED)
			return say(reason, DELIVER_FAILED, d->target, strerror(errno));
	}
	*at_ms = ms;
	if (outbox_settle(d->outbox, key, ms) != 0)
		return say(reason, DELIVER_FAILED, "outbox", outbox_error(d->outbox));
	return DELIVER_SENT;
}

enum delivered deliver_mail(struct deliverer *d, const struct mail *m, int64_t *at_ms, char reason[DELIVER_MESSAGE_BYTES])
{
	char key[MAIL_KEY_BYTES + 1];
	struct slice text = mail_key(m->message_id);
	snprintf(key, sizeof key, "%.*s", (int)text.len, text.ptr);
	if (outbox_lock(d->outbox, key) != 0)
		return say(reason, errno == EINTR ? DELIVER_INTERRUPTED : DELIVER_FAILED, "waiting for another delivery of the same mail",
			strerror(errno));
	enum delivered result = deliver_locked(d, m, key, at_ms, reason);
	outbox_unlock(d->outbox);
	return result;
}
