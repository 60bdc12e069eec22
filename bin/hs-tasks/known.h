/* bin/hs-tasks/known.h - what seldom changes in a portal (its id, its kind, who is who), kept for an hour in the cache: a pipeline of short runs, or cron's every
 * minute, need not ask for it each time.
 *
 * The settings that claimers share are never taken from here. An entry that is missing, old or damaged is as good as none. */
#ifndef HS_TASKS_KNOWN_H
#define HS_TASKS_KNOWN_H
#include "portal.h"

enum { KNOWN_MS = 3600000 };

/* Fills in the account and the owners' ids. False: not known, nothing is changed. */
bool known_read(struct portal *portal, struct hubspot *api, const struct workflow *workflow);

/* Keeps them; a cache that cannot be written is no error. */
void known_write(const struct portal *portal, struct hubspot *api, const struct workflow *workflow);
#endif
