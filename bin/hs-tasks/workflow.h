/* bin/hs-tasks/workflow.h - the workflow file: which tasks there are, what finished work writes, which tasks follow.
 *
 * hs-tasks(1) describes the format, share/workflow.schema.json checks it in an editor. Strict: what is not known is refused, with the line. */
#ifndef HS_TASKS_WORKFLOW_H
#define HS_TASKS_WORKFLOW_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

enum { WORKFLOW_OWNERS = 16, WORKFLOW_ROUTES = 32, WORKFLOW_PATTERNS = 16, WORKFLOW_ERROR_BYTES = 512 };

struct workflow_owner {
	struct slice name; /* in this file */
	struct slice id, email, full_name; /* in HubSpot; the first that is not empty counts */
};

struct route {
	struct slice name;
	struct slice patterns[WORKFLOW_PATTERNS]; /* a subject that contains one is this route's, without regard to case */
	size_t pattern_count;
	struct slice result; /* the member that finished work has */
	bool is_upsert; /* what upsert writes: no route of tasks */
	bool makes_mail; /* the result has a `state`, as outreach's */
	struct slice filter; /* the command that works its records, for run; empty: none */
	const struct json *json; /* the whole of it */
};

struct workflow {
	struct arena arena;
	struct buf text;
	char *path;
	const struct json *root;
	struct workflow_owner owners[WORKFLOW_OWNERS];
	size_t owner_count;
	struct route routes[WORKFLOW_ROUTES];
	size_t route_count;
	struct route upsert; /* json NULL: the file has none */
	struct slice settings; /* JSON object, bound as $settings */
	int64_t max_attempts;
	struct slice read_contact, read_company, read_task; /* JSON arrays of property names, those that hs-tasks needs included */
	const struct json *properties; /* what setup makes: {"contacts":{…},…} */
};

/* False with "FILE:LINE: MEMBER: what is wrong" in error. The expressions are checked by program_new. */
bool workflow_load(struct workflow *w, const char *path, char error[WORKFLOW_ERROR_BYTES]);
void workflow_release(struct workflow *w);

/* The route whose pattern is in the subject; the first in the file's order. NULL: none. */
const struct route *workflow_route(const struct workflow *w, struct slice subject);
const struct route *workflow_route_named(const struct workflow *w, struct slice name);
const struct workflow_owner *workflow_owner_named(const struct workflow *w, struct slice name);
#endif
