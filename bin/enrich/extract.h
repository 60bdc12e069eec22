/* bin/enrich/extract.h - from one page to facts, profiles and technologies. Pure: a page in, findings out. */
#ifndef ENRICH_EXTRACT_H
#define ENRICH_EXTRACT_H
#include "facts.h"
#include "page.h"
#include "signals.h"
#include "social.h"

/* What a site has told so far. */
struct findings {
	struct facts facts;
	struct social social;
	struct signal_hit *hits; /* one for each technology of the signals; borrowed */
};

struct extract_page {
	const struct page *page;
	const char *url; /* where it was found in the end; base of its links, source of its facts */
	const char *domain; /* the registrable domain of that URL */
	struct slice headers; /* raw lines */
	bool is_home;
};

/* kept holds what the findings point to, scratch what is needed meanwhile. signals may be NULL. */
void extract_page(const struct extract_page *in, struct signals *signals, struct findings *out, struct arena *kept, struct arena *scratch);

/* The page's own base for its links. */
const char *extract_base(const struct extract_page *in, struct arena *scratch);

/* Pages of the same origin worth reading next, best first: contact, imprint, about, in five languages. Gives how many were put into urls (of room). */
size_t extract_links(const struct extract_page *in, const char *origin, const char **urls, size_t room, struct arena *kept, struct arena *scratch);
#endif
