/* bin/hs-sandbox/demo_data.h - the words that the demo portal is made of. All invented. */
#ifndef SANDBOX_DEMO_DATA_H
#define SANDBOX_DEMO_DATA_H
#include <stddef.h>

/* A company's first word, as it is written and as a host name. */
struct demo_stem {
	const char *shown, *host;
};
/* What follows it, and what such a company does. */
struct demo_trade {
	const char *shown, *host, *industry, *offer;
};
struct demo_place {
	const char *city, *country, *country_code, *language, *phone_prefix, *street;
};

enum { DEMO_STEMS = 30, DEMO_TRADES = 8, DEMO_PLACES = 12, DEMO_FIRSTS = 40, DEMO_LASTS = 50, DEMO_TITLES = 24, DEMO_FREE_MAILS = 5 };

extern const struct demo_stem demo_stems[DEMO_STEMS];
extern const struct demo_trade demo_trades[DEMO_TRADES];
extern const struct demo_place demo_places[DEMO_PLACES];
extern const struct demo_stem demo_firsts[DEMO_FIRSTS], demo_lasts[DEMO_LASTS];
extern const char *const demo_titles[DEMO_TITLES];
extern const char *const demo_free_mails[DEMO_FREE_MAILS];
#endif
