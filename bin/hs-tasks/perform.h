/* bin/hs-tasks/perform.h - carries out effects in batches, and keeps the journal of it.
 *
 * An object is read just before it is changed, so that the journal has the values from before; updates to one object are merged, the later effect wins, and
 * all are journaled. A create whose answer was lost is looked for before it is sent again: where something in it is unique HubSpot itself says
 * that it exists; elsewhere only after the portal's read-back time, since the request may still take effect until then. */
#ifndef HS_TASKS_PERFORM_H
#define HS_TASKS_PERFORM_H
#include "batch.h"
#include "effect.h"
#include "portal.h"

struct perform_context {
	struct hubspot *api;
	const struct portal *portal;
	struct journal *journal; /* NULL: a dry run */
};

/* Starts at once; every effect, borrowed until done, ends with an outcome: ROW_OK, also for what was done before; ROW_UNKNOWN only where the client went out
 * of service before it could be found out. The array is copied. `done` comes last, once, also for no effects at all; never before perform returns. */
void perform(const struct perform_context *context, struct effect *const *effects, size_t count,
	void (*ended)(struct effect *effect, enum row_outcome outcome, struct slice message, void *arg), void (*done)(void *arg), void *arg);

/* Whether a journal's function succeeded (0). Where not, the client goes out of service: nothing may be written that is not in the journal. */
bool journal_ok(struct hubspot *api, struct journal *journal, int result);

/* Ends a transaction of the journal: commits it where all that was entered succeeded (0), else takes it back. Whether it stands; else as journal_ok. NULL, a dry run,
 * has none. */
bool journal_end(struct hubspot *api, struct journal *journal, int result);
#endif
