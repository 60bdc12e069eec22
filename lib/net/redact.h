/* lib/net/redact.h - takes secrets out of what is written to disk: those that are known, and what looks like one.
 *
 * Known ones go wherever they stand. By their look: tokens with a maker's prefix (HubSpot pat-, sk-, GitHub, Slack, AWS, JWT), what follows "Bearer" or "Basic", and values
 * named access_token, client_secret, password and the like, in URLs, forms and JSON. Lease tokens are none: they open nothing. */
#ifndef NET_REDACT_H
#define NET_REDACT_H
#include "base/buf.h"

enum { REDACT_SECRETS = 8, REDACT_MIN_BYTES = 4 };

struct redact {
	char *secrets[REDACT_SECRETS]; /* NULL: none */
};

/* Copied; one that is shorter than REDACT_MIN_BYTES would take everything with it and is left. False without memory, or for too many. */
bool redact_add(struct redact *r, struct slice secret);
void redact_release(struct redact *r);

/* Puts the text with REDACTED in place of each secret. */
void redact_put(const struct redact *r, struct buf *out, struct slice text);
#endif
