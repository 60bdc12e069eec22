/* bin/outreach/mail.h - a rendered mail, as it stands in a record's `outreach` member, lead(5). */
#ifndef OUTREACH_MAIL_H
#define OUTREACH_MAIL_H
#include "base/arena.h"
#include "base/sha256.h"
#include "record/record.h"

/* Of a Message-ID's left part: 160 bits of the key's SHA-256 in hex, so that the header stays within a line. */
enum { MAIL_KEY_BYTES = 40, MAIL_MAX_PART_BYTES = 256 << 10 };

/* Everything that is sent. Decoded text, borrowed; empty: not there. */
struct mail {
	struct slice message_id; /* with its < > */
	struct slice in_reply_to; /* the Message-ID of the mail before, in a follow-up */
	struct slice from; /* "Name <address>" or an address */
	struct slice to; /* an address */
	struct slice list_unsubscribe; /* "<mailto:…>" */
	struct slice subject, text, html;
};

/* SHA-256 over every byte that is sent: what an approval holds. */
void mail_digest(const struct mail *m, char hex[SHA256_HEX_BYTES]);

/* The key in a Message-ID that this program made; empty where it is none. */
struct slice mail_key(struct slice message_id);

/* NULL where every header value can go out as it is, else the reason (static). A record can be changed between rendering and sending. */
const char *mail_check(const struct mail *m);

/* The text of outreach.state; empty where there is none. */
struct slice mail_state(const struct record *r, struct arena *scratch);

/* Reads the `outreach` member; decoded text goes to the arena. False where a member is missing or is no string: *reason (static) says which. */
bool mail_read(const struct record *r, struct arena *scratch, struct mail *m, const char **reason);

/* Changes outreach.at, outreach.state and outreach.reason (NULL: taken out), and leaves every other byte of the member as it is. */
void mail_put_state(struct record *r, struct buf *scratch, const char *at, const char *state, const char *reason);

/* What is known of a contact that must stop a mail: an opt-out, an earlier bounce; a reply stops a follow-up. NULL: nothing. */
const char *mail_suppressed(const struct record *r, struct arena *scratch, bool is_follow_up);
#endif
