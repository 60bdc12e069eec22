/* bin/hs-tasks/readback.h - was it made? Looks for objects of creates whose answer was lost: by their associations, which do not go through the
 * index of the search, and by key or marker. What is associated with nothing is searched for. */
#ifndef HS_TASKS_READBACK_H
#define HS_TASKS_READBACK_H
#include "effect.h"

/* At most BATCH_ROWS effects of one object type, borrowed until done, which comes once. found[i] is the object's id, borrowed for the call; empty where there
 * is none. ok false: it could not be found out. */
void readback(
	struct hubspot *api, struct effect *const *effects, size_t count, void (*done)(const struct slice *found, bool ok, void *arg), void *arg);
#endif
