/* bin/hs-tasks/check.h - the parts of hs-tasks check: each looks at one thing and reports a line for it, ok or what to do about it. Changes nothing. */
#ifndef HS_TASKS_CHECK_H
#define HS_TASKS_CHECK_H
#include "tool.h"

struct check {
	struct tool tool;
	const struct tool_options *options;
	struct arena arena; /* answers live here to the end */
	bool is_json, has_failed;
	bool is_connected; /* the portal has answered: parts that ask it may go on */
	char max[32], daily_left[32]; /* limit headers, as last seen */
	struct hubspot_answer answer; /* the last one, without body and response */
	struct slice body;
};

/* `what` is a word or two. A remedy says what to do; "" where the message does. */
void check_pass(struct check *c, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
void check_fail(struct check *c, const char *what, const char *remedy, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A call, waited for: the answer's body as a tree; NULL where it was no success (c->answer says why). body NULL: a GET, else a POST. */
const struct json *check_ask(struct check *c, enum hubspot_family family, const char *rest, const char *body);

/* check_machine.c */
void check_workflow(struct check *c);
void check_state(struct check *c);
void check_journal(struct check *c);

/* check_portal.c */
void check_account(struct check *c);
void check_scopes(struct check *c);
void check_limits(struct check *c);
void check_settings(struct check *c);
void check_owners(struct check *c);

/* check_properties.c */
void check_properties(struct check *c);
#endif
