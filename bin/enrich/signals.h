/* bin/enrich/signals.h - which technologies a site uses, by the signals of share/signals/technologies.json.
 *
 * A signal looks at one place only: a script's address, a <meta>, a header, a cookie's name, an id or class, a script's own text. What a page says to its readers is
 * never looked at, so a page that names every product uses none; nor is a URL's query, which may hold another site's address. */
#ifndef ENRICH_SIGNALS_H
#define ENRICH_SIGNALS_H
#include "page.h"
#include "record/write.h"

enum { SIGNALS_MAX_TECHNOLOGIES = 512, SIGNALS_MAX_EACH = 32 };

struct signals;

/* Reads the file. NULL: the reason, with its line and member, is in error. Patterns are compiled when they are first needed. */
struct signals *signals_new(struct slice file, char *error, size_t error_bytes);
void signals_free(struct signals *s);
size_t signals_count(const struct signals *s);

/* What was found of one technology. */
struct signal_hit {
	uint32_t mask; /* which of its signals; 0: none */
	struct slice version; /* empty: not known */
	struct slice evidence;
};

/* Adds what a page and its response headers (raw lines) show to hits[signals_count]. Texts are copied into the arena. */
void signals_match(struct signals *s, const struct page *page, struct slice headers, struct signal_hit *hits, struct arena *arena);

/* The member `technologies`, in the file's order; confidence is 1 less the chance that all signals that matched are wrong. */
void signals_write(const struct signals *s, const struct signal_hit *hits, struct jsonw *w);
#endif
