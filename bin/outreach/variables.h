/* bin/outreach/variables.h - a template's variables, bound once to the places of a record that hold their values.
 *
 * contact.* company.* task.* are fields, lead(5); facts.NAME is a fact's value; qualification.* and enrichment.* are paths. Four have more than one source:
 * name, company, title, industry. from, from.name, from.address, signature and previous.* come from outside the record. */
#ifndef OUTREACH_VARIABLES_H
#define OUTREACH_VARIABLES_H
#include "record/record.h"

#include "template.h"

/* Values that do not lie in fields; empty ones are missing. */
struct outside {
	struct slice from, from_name, from_address, signature, previous_subject, previous_message_id;
};

struct variables;

/* NULL with *error set where a variable is none of those above, or memory ran out. */
struct variables *variables_bind(const struct template *t, struct template_error *error);
void variables_free(struct variables *v);

/* values[i] for variable i of the template, good as long as the record and the arena. Blanks at the ends are dropped: a name of one blank is no name. */
void variables_get(struct variables *v, const struct record *r, const struct outside *outside, struct arena *scratch, struct slice *values);
#endif
