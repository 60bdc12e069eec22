/* bin/enrich/facts.h - what is known about a lead: named values, each with its source, method, evidence and confidence (lead(5), `enrichment.facts`).
 *
 * Where two sources offer the same fact the higher confidence wins, and the earlier offer where they are equal; so the order in which pages are
 * read decides nothing else. */
#ifndef ENRICH_FACTS_H
#define ENRICH_FACTS_H
#include "base/arena.h"
#include "record/write.h"

/* In the order in which they are written. */
enum fact_id {
	FACT_TITLE,
	FACT_COMPANY_SIZE,
	FACT_INDUSTRY,
	FACT_LINKEDIN,
	FACT_COMPANY_NAME,
	FACT_LEGAL_NAME,
	FACT_DESCRIPTION,
	FACT_WEBSITE,
	FACT_CANONICAL,
	FACT_LOGO,
	FACT_PHONE,
	FACT_EMAIL,
	FACT_ADDRESS,
	FACT_COUNTRY,
	FACT_LANGUAGE,
	FACT_FOUNDED,
	FACT_SENIORITY,
	FACT_DEPARTMENT,
	FACT_PAGE_TITLE,
	FACT_SITE_NAME,
	FACT_MAIL_CLASS,
	FACT_COUNT
};

enum { FACT_VALUE_BYTES = 1024, FACT_SOURCE_BYTES = 2048, FACT_EVIDENCE_BYTES = 160 };

struct fact {
	struct slice value; /* empty: not known */
	struct slice source; /* a URL, or a field such as "contact.jobtitle" */
	struct slice evidence; /* the text that says so; may be empty */
	const char *method; /* "crm", "html", "json-ld", "opengraph", "link", "rule"; static */
	double confidence; /* 0 to 1 */
};

struct facts {
	struct fact list[FACT_COUNT];
};

const char *fact_name(enum fact_id id);
bool facts_has(const struct facts *f, enum fact_id id);

/* Takes the fact where its value is not empty and its confidence is above what is there. Its texts are copied into the arena, runs of blanks and
 * control bytes become one space, and they are cut to the sizes above. */
void facts_offer(struct facts *f, struct arena *arena, enum fact_id id, const struct fact *fact);

/* Text as facts_offer keeps it: for other members that carry text from a page. */
struct slice facts_clean(struct arena *arena, struct slice text, size_t max_bytes);

/* The member `facts`: an object of what is known. */
void facts_write(const struct facts *f, struct jsonw *w);
#endif
