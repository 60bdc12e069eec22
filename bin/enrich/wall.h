/* bin/enrich/wall.h - pages that answer 200 and say nothing about the company: parked domains, "not found" pages, walls against robots.
 *
 * A phrase alone never decides: it has to stand in the title or on a page with little else on it, since articles write about parked domains, too. Pure. */
#ifndef ENRICH_WALL_H
#define ENRICH_WALL_H
#include "page.h"

enum wall { WALL_NONE, WALL_PARKED, WALL_SOFT_404, WALL_BOT };

/* domain: where the page was found in the end. headers: raw lines. *evidence (copied into the arena) is what gave it away. */
enum wall wall_detect(const struct page *page, const char *domain, struct slice headers, struct arena *arena, struct slice *evidence);
#endif
