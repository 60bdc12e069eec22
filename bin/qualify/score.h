/* bin/qualify/score.h - the decision: record in, verdict out. Pure: the same record and rules always give the same verdict. */
#ifndef QUALIFY_SCORE_H
#define QUALIFY_SCORE_H
#include "rules.h"

/* What an input was found to be. */
struct finding {
	const struct source *source; /* where the value stood; NULL: none of the sources has one */
	struct value value; /* a list's: the first element with a value */
	bool is_list;
	bool is_unreadable; /* a rule wanted a number, and it is none */
};

/* A rule that held, or a group's cut. */
struct reason {
	const struct step *step;
	int64_t points;
	const struct finding *finding; /* NULL for a group's cut and a rule without a condition */
	struct value value; /* type JSON_NULL where there is none */
};

struct verdict {
	int64_t score;
	const struct tier *tier;
	const struct reason *reasons;
	size_t reason_count;
	const struct finding *findings; /* one for each input of the rules */
};

/* The scratch memory of one run. */
struct scorer;

/* The rules are borrowed. NULL when out of memory. */
struct scorer *scorer_new(const struct rules *rules);
void scorer_free(struct scorer *s);

/* Borrowed until the next call, and as long as the record. False: out of memory. */
bool scorer_decide(struct scorer *s, const struct record *r, struct verdict *verdict);

/* How often a regular expression gave up at its limit, which counts as no match. */
uint64_t scorer_given_up(const struct scorer *s);
#endif
