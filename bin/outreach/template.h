/* bin/outreach/template.h - mail templates: front matter, a text part, an HTML part, and tags in the manner of mustache(5).
 *
 * Parsed once into a flat program, so that running it is a loop that neither recurses nor allocates. It knows no records: the caller gives each
 * variable's value by number. outreach(1) describes the format. */
#ifndef OUTREACH_TEMPLATE_H
#define OUTREACH_TEMPLATE_H
#include "base/buf.h"
#include "base/slice.h"

enum { TEMPLATE_MAX_BYTES = 256 << 10, TEMPLATE_MAX_DEPTH = 32, TEMPLATE_MAX_VARIABLES = 256 };

struct template;

struct template_error {
	unsigned line; /* from 1 */
	char message[256];
};

/* The text is copied. NULL with *error set where the template has a mistake or memory ran out. */
struct template *template_parse(struct slice text, struct template_error *error);
void template_free(struct template *t);

unsigned template_follow_up_days(const struct template *t);
unsigned template_step(const struct template *t);

/* The names in the tags, without repetition: "contact.firstname". Variable i is in line template_variable_line(t, i) first. */
size_t template_variable_count(const struct template *t);
struct slice template_variable(const struct template *t, size_t i);
unsigned template_variable_line(const struct template *t, size_t i);

enum template_part { TEMPLATE_SUBJECT, TEMPLATE_TEXT, TEMPLATE_HTML, TEMPLATE_PARTS };

/* Only the HTML part may be missing. */
bool template_has(const struct template *t, enum template_part part);

enum template_result {
	TEMPLATE_OK,
	TEMPLATE_MISSING, /* a variable without value and without default */
	TEMPLATE_CONTROL, /* a value holds a control character that has no place there */
};

/* Puts the part behind `out`. values[i] belongs to variable i; an empty one is missing. HTML is escaped; a part for the body ends in exactly one
 * LF. Otherwise *variable says which variable it was. */
enum template_result template_run(const struct template *t, enum template_part part, const struct slice *values, struct buf *out, size_t *variable);
#endif
