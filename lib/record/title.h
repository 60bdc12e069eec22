/* lib/record/title.h - what a job title says: how senior, and which department. English, German, French, Spanish and Dutch.
 *
 * Rules only, no learning: a table of words and phrases in title.c, compared without case and without accents. Pure. */
#ifndef RECORD_TITLE_H
#define RECORD_TITLE_H
#include "base/slice.h"

enum { TITLE_MAX_BYTES = 256 };

struct title_verdict {
	const char *seniority; /* "c_level", "vp", "director", "manager", "individual"; NULL: the title does not say */
	const char *seniority_word; /* the table's entry that matched; NULL likewise. Both static */
	const char *department; /* "executive", "engineering", "it", "operations", "finance", "sales", "marketing", "human_resources", "procurement",
				   "legal", "product", "customer_service", "research"; NULL: it does not say */
	const char *department_word;
};

struct title_verdict title_read(struct slice title);
#endif
