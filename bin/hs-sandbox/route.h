/* bin/hs-sandbox/route.h - the one table of the API's paths, in their legacy (/crm/v3/...) and dated (/crm/objects/2026-03/...) forms. */
#ifndef SANDBOX_ROUTE_H
#define SANDBOX_ROUTE_H
#include "call.h"

enum route_scope { SCOPE_NONE, SCOPE_READ, SCOPE_WRITE, SCOPE_SCHEMA_READ, SCOPE_SCHEMA_WRITE, SCOPE_OWNERS };

struct route {
	const char *method;
	const char *legacy, *dated; /* {type}, {to}: object types; {id}, {to_id}, {name}: one part each; {v}: a version */
	const char *operation; /* for the statistics */
	void (*answer)(struct call *c);
	enum route_scope scope;
	bool is_search; /* has a limit of its own */
};

enum { ROUTE_MAX_PARTS = 12, ROUTE_MAX_SCOPES = 4 };

/* A path taken apart: percent-decoded parts. */
struct route_path {
	struct slice parts[ROUTE_MAX_PARTS];
	size_t count; /* ROUTE_MAX_PARTS + 1 where there are more */
};

/* Splits a path ("/a/b%40c/") and decodes its parts; they lie in the arena. */
struct route_path route_split(struct arena *a, struct slice path);

/* The parameters behind "?"; *count of them, in the arena. */
struct query *route_query(struct arena *a, struct slice text, size_t *count);

/* Finds the route and fills type, to, id, to_id, name and is_dated of the call. NULL where there is none: *other_method then says whether the path
 * has one for other methods. A {type} that is unknown leaves c->type NULL. */
const struct route *route_find(const char *method, const struct route_path *path, struct call *c, bool *other_method);

/* Whether the route's path names an object type. */
bool route_wants_type(const struct route *r);

/* The scopes of which one is needed, NULL-ended; none when the first is NULL. */
void route_scopes(const struct route *r, const struct call *c, const char *scopes[ROUTE_MAX_SCOPES]);
#endif
