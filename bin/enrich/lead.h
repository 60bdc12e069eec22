/* bin/enrich/lead.h - between a record and the facts: what the CRM knows already, where the company's site is, and the member `enrichment`. */
#ifndef ENRICH_LEAD_H
#define ENRICH_LEAD_H
#include "base/names.h"
#include "domain.h"
#include "facts.h"
#include "record/record.h"
#include "site.h"
#include "social.h"

/* The fields that are read, resolved together. */
struct lead_fields;
struct lead_fields *lead_fields_new(enum record_as as); /* NULL when out of memory */
void lead_fields_free(struct lead_fields *f);

struct lead {
	struct facts facts;
	struct social social;
	bool has_site;
	struct address site; /* where has_site */
	const char *site_source; /* the field it was taken from */
	bool site_from_mail; /* guessed from the e-mail address */
	const char *no_site_reason; /* where not */
	struct slice task; /* its id; empty for none */
};

/* Everything in the lead lies in the arena or in the record. */
void lead_read(struct lead *lead, const struct record *r, const struct lead_fields *fields, const struct names *free_mail, struct arena *arena);

/* Puts the member. at_ms: the time of the enrichment. False when out of memory. */
bool lead_write(struct lead *lead, const struct site_result *site, int64_t at_ms, struct record *r, struct arena *arena);
#endif
