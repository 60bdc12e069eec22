/* bin/hs-sandbox/site.h - the demo companies' web sites, told apart by host name (NAME.localhost).
 *
 * Pages are made from the demo companies; a few sites misbehave on purpose (demo.h). */
#ifndef SANDBOX_SITE_H
#define SANDBOX_SITE_H
#include "base/buf.h"

enum { SITE_MAX_HEADERS = 8, SITE_SLOW_MS = 2000 };

struct site_answer {
	unsigned status;
	struct buf body; /* released by the caller */
	struct {
		const char *name;
		char value[192];
	} headers[SITE_MAX_HEADERS];
	size_t header_count;
};

/* The name before ".localhost" of a Host header, without the port; false where the host is no such one. */
bool site_name(struct slice host, struct slice *name);

/* How long the site makes its callers wait; a slow site is slow on its first page. */
int64_t site_delay_ms(struct slice name, struct slice path);

/* Answers a GET or HEAD for a path (without the query) of the site NAME. 404 where no company has that name. */
void site_get(struct slice name, struct slice path, unsigned port, struct site_answer *answer);
#endif
