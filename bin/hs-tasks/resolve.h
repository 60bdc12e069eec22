/* bin/hs-tasks/resolve.h - whom an option means: ids from names, e-mail addresses and domains.
 *
 * False where the portal has none such: hubspot_trouble says so. What can be none of these is a usage error. */
#ifndef HS_TASKS_RESOLVE_H
#define HS_TASKS_RESOLVE_H
#include "search.h"
#include "tool.h"

enum { RESOLVE_COMPANIES = SEARCH_GROUPS };

/* An owner of the workflow file, an id, or an e-mail address. */
bool resolve_owner(struct tool *tool, const char *option, const char *text, char id[PORTAL_TEXT_BYTES]);

/* An id or an e-mail address. */
bool resolve_contact(struct tool *tool, const char *option, const char *text, char id[PORTAL_TEXT_BYTES]);

/* An id, or a domain, which several companies can share: at most RESOLVE_COMPANIES. */
bool resolve_companies(struct tool *tool, const char *option, const char *text, char ids[RESOLVE_COMPANIES][PORTAL_TEXT_BYTES], size_t *count);
#endif
