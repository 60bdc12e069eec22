/* bin/hs-tasks/program.h - the workflow's expressions as one jq program, run once a record.
 *
 * An expression sees the record as `.`, and $now, $task, $contact, $company (their properties), $facts, $name, $company_name, $settings. A text is a
 * template: {EXPRESSION} is replaced by its value, {{ and }} are braces. One program instead of one per expression, because starting libjq
 * and reading the record cost more than the expressions themselves. */
#ifndef HS_TASKS_PROGRAM_H
#define HS_TASKS_PROGRAM_H
#include "workflow.h"

struct program;

/* Compiles all routes. NULL with "FILE:LINE: MEMBER: what is wrong" in error. */
struct program *program_new(const struct workflow *w, char error[WORKFLOW_ERROR_BYTES]);

/* Compiles what upsert writes, which the file must have: program_run gives {"contact":{NAME:VALUE}} and more. */
struct program *program_new_upsert(const struct workflow *w, char error[WORKFLOW_ERROR_BYTES]);

/* Compiles one template on its own (for create): its text is what program_run gives, as a JSON string. */
struct program *program_new_template(const struct workflow *w, const char *text, bool is_html, char error[WORKFLOW_ERROR_BYTES]);
void program_free(struct program *p);

/* What the record's route says of it, as JSON behind out:
 *	{"done":false} or
 *	{"done":true,"park":"REASON"|null,"contact":{NAME:VALUE},"company":{…},"note":"HTML"|null,"email":{NAME:VALUE}|null,
 *	 "follow_ups":[{"ordinal","subject","due","priority","owner","type","body"}]}
 * False: the reason, with the member's place, is behind out. */
bool program_run(struct program *p, const struct route *route, const char *now, struct slice record, struct buf *out);
#endif
