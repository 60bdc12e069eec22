/* lib/net/exchange.h - a request and what became of it, as a line of JSON: how a cassette keeps it.
 *
 * Text that is no UTF-8 is kept as if it were Latin-1, under a name that says so ("content_latin1"): readable, and the same bytes again. */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H
#include "base/json.h"
#include "base/sha256.h"
#include "net/http.h"
#include "net/redact.h"

struct exchange {
	const char *method, *url;
	struct slice body; /* empty: none */
	struct http_response response;
};

/* Puts the line, LF included, without secrets. */
void exchange_put(struct buf *out, const struct redact *redact, const struct exchange *x);

/* What tells requests apart: method, URL and body, as redacted. False when out of memory. */
bool exchange_key(const struct redact *redact, const struct exchange *x, char key[SHA256_HEX_BYTES]);

/* Reads a line back; the texts lie in the arena. False where it is none. */
bool exchange_take(struct exchange *x, const struct json *line, struct arena *arena);
#endif
