/* bin/enrich/judge.h - what the facts amount to: gaps, quality, how much the person decides, and what to do next. Pure; the rules stand in enrich(1). */
#ifndef ENRICH_JUDGE_H
#define ENRICH_JUDGE_H
#include "facts.h"
#include "site.h"

enum quality { QUALITY_LOW, QUALITY_MEDIUM, QUALITY_HIGH };

/* A part of the decision-maker score. */
struct judge_reason {
	const char *rule; /* static */
	int points;
};
enum { JUDGE_MAX_REASONS = 6, JUDGE_GAPS = 7 };

struct verdict {
	const char *gaps[JUDGE_GAPS]; /* of title company_size industry linkedin email phone website; static */
	size_t gap_count;
	enum quality quality;
	int decision_maker_score; /* 1 to 10 */
	struct judge_reason reasons[JUDGE_MAX_REASONS]; /* add up to the score */
	size_t reason_count;
};

struct verdict judge(const struct facts *facts, enum site_status status);
const char *quality_name(enum quality quality);

/* A sentence for whoever looks at the record next; in the arena. reason: why the site was not read, may be empty. */
struct slice judge_next_action(const struct verdict *v, enum site_status status, struct slice reason, struct arena *arena);
#endif
