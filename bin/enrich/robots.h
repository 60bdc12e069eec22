/* bin/enrich/robots.h - robots.txt, RFC 9309: which paths of a host a crawler may fetch.
 *
 * Groups by user agent, all groups of one agent merged, "*" only where no group names us; the longest matching rule wins, Allow where two are equal; "*" and
 * "$" in patterns; octets compared percent-decoded where they are not reserved. Crawl-delay is no part of the RFC but is honoured. */
#ifndef ENRICH_ROBOTS_H
#define ENRICH_ROBOTS_H
#include "base/arena.h"

/* RFC 9309 section 2.5: at least 500 KiB must be read; what stands behind is ignored. */
enum { ROBOTS_MAX_BYTES = 500 << 10, ROBOTS_MAX_RULES = 2048 };

struct robots_rule {
	bool is_allow;
	struct slice pattern; /* normalised */
};

struct robots {
	struct robots_rule *rules;
	size_t count;
	int64_t crawl_delay_ms; /* 0: not said */
};

/* The rules for one crawler, whose product token is compared without case. The texts are copied into the arena. False when memory ran out. */
bool robots_read(struct robots *r, struct arena *arena, struct slice text, const char *token);

/* Whether a path, with its query, may be fetched. */
bool robots_allows(const struct robots *r, struct slice path);
#endif
