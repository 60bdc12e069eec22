/* bin/hs-sandbox/demo.h - the demo portal: companies with web sites, their people, and a queue of sales tasks.
 *
 * The same data every time: 120 companies, 500 contacts, 500 "Enrich Data" tasks due on day 0 (2026-01-05) or before, and a few of every other kind. */
#ifndef SANDBOX_DEMO_H
#define SANDBOX_DEMO_H
#include "call.h"
#include "demo_data.h"

enum { DEMO_COMPANIES = 120, DEMO_CONTACTS = 500, DEMO_NAME_BYTES = 64 };

/* How a company's site behaves. */
enum demo_manner {
	DEMO_PLAIN,
	DEMO_REDIRECTS, /* to another host name */
	DEMO_SLOW,
	DEMO_NOT_FOUND, /* 404 for everything */
	DEMO_PARKED, /* a page that sells the domain */
	DEMO_FORBIDS, /* robots.txt disallows all */
	DEMO_NO_SITE, /* the CRM knows none */
};

struct demo_company {
	size_t index;
	enum demo_manner manner;
	char host[DEMO_NAME_BYTES]; /* before ".localhost" */
	char name[DEMO_NAME_BYTES];
	char domain[DEMO_NAME_BYTES + 16]; /* of its people's e-mail: host.example */
	const char *industry, *offer;
	const struct demo_place *place;
	unsigned employees, founded;
};

/* The company at an index below DEMO_COMPANIES. */
struct demo_company demo_company(size_t index);

/* By host name; false where there is none. */
bool demo_find(struct slice host, struct demo_company *company);

/* Fills an empty portal. `port` is the sites'. False when the store failed or the portal already holds contacts (*is_filled). */
bool demo_load(struct portal *portal, unsigned port, bool *is_filled);
#endif
