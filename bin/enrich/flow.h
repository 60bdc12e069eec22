/* bin/enrich/flow.h - records in, records out, in their order, while their sites are fetched side by side. */
#ifndef ENRICH_FLOW_H
#define ENRICH_FLOW_H
#include "base/clock.h"
#include "lead.h"

struct flow_options {
	struct stream *stream; /* borrowed, as all that follows; with hand_out_all unless `offline` */
	const struct lead_fields *fields;
	const struct names *free_mail;
	struct signals *signals;
	struct clock clock;

	/* where the pages come from */
	bool offline; /* nothing is fetched: the page below for all records, or none */
	struct slice page; /* ptr NULL: none */
	const char *page_url; /* where the page is said to come from; NULL: each record's own website */

	unsigned in_flight; /* requests, and sites, at once */
	unsigned max_pages; /* of one site */
	int64_t timeout_ms, pause_ms;
	bool no_cache;
	int64_t max_age_ms; /* of what is taken from the cache */
	const char *user_agent, *token;
	bool allow_private;
	struct trace *trace;
	struct cassette *cassette; /* NULL: none */
	uint64_t seed;
};

enum flow_end { FLOW_DONE, FLOW_NO_MEMORY };

/* Until the input ends or cli_stopping(); records that are then in hand get the error `interrupted`. */
enum flow_end flow_run(const struct flow_options *options);
#endif
