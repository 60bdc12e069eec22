/* bin/outreach/compose.h - from a record and a template to a mail, or to the reason why there is none. Pure: what it needs is given. */
#ifndef OUTREACH_COMPOSE_H
#define OUTREACH_COMPOSE_H
#include "mail.h"
#include "previous.h"
#include "variables.h"

enum { COMPOSE_MESSAGE_BYTES = 512 };

struct letter {
	const char *name; /* the template's */
	struct template *template;
	struct variables *variables;
};

struct sender {
	struct slice from, name, address; /* "Name <address>" and its parts */
	struct slice signature; /* empty: none */
	struct slice unsubscribe; /* an address for List-Unsubscribe; empty: none */
};

/* What decides about one record, read from it once. */
struct task_view {
	struct slice subject, tier;
	struct previous previous;
	bool is_follow_up;
};
struct task_view compose_view(const struct record *r, struct arena *scratch);

enum composed { COMPOSED, COMPOSE_SUPPRESSED, COMPOSE_FAILED };

struct composition {
	struct mail mail;
	const char *code; /* of an error: lead(5) */
	char message[COMPOSE_MESSAGE_BYTES]; /* of an error, or why it is suppressed */
};

/* Suppressions and the recipient's address; sets mail.to. They come before the template: an opted-out contact needs none. */
enum composed compose_recipient(const struct record *r, const struct task_view *view, struct arena *scratch, struct composition *c);

/* The rest of the mail. It borrows from the record, the arena, the sender and `text`, which is emptied first. */
enum composed compose_mail(const struct record *r, const struct task_view *view, const struct letter *letter, const struct sender *sender,
	struct arena *scratch, struct buf *text, struct composition *c);
#endif
