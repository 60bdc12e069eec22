/* bin/hs-tasks/lease.h - takes up to 100 tasks, each for one owner, from a CRM that has no compare-and-set.
 *
 * Read by id decides; then token, expiry and attempt are written and nothing else, for a status that rode on a late write would undo a completion; after
 * the settle wait a second read tells whose token stayed; only those get the full lease and IN_PROGRESS. A write that is not answered within the portal's window
 * after the first read was sent counts for nothing: it may have overtaken a winner. Lease times are the server's. */
#ifndef HS_TASKS_LEASE_H
#define HS_TASKS_LEASE_H
#include "batch.h"
#include "decide.h"
#include "portal.h"
#include "store/journal.h"

enum { LEASE_TOKEN_BYTES = 33 };

/* A task that is ours; borrowed for the call of done. */
struct lease {
	struct slice id;
	void *arg; /* as given to lease_add */
	const char *token;
	int64_t expires_ms;
	int64_t attempt; /* 1 the first time */
	const struct json *task; /* the object as read back, still with its old status */
};

struct lease_counts {
	size_t taken, lost, not_due, leased, persons, closed, repaired, late, missing, failed;
};

struct lease_options {
	const struct portal *portal;
	struct journal *journal; /* processes of one machine exclude each other through it; NULL: a dry run */
	int64_t lease_ms;
	struct slice properties; /* of the task; JSON array, borrowed */
	/* Whether the task may be taken, by its state as read by id. */
	enum claim_verdict (*judge)(const struct task_state *task, const struct json *object, int64_t server_ms, void *row_arg, void *arg);
	/* Once, with those that are ours in the order they were added. */
	void (*done)(const struct lease *leases, size_t count, const struct lease_counts *counts, void *arg);
	void *arg;
};

struct lease_run;
struct lease_run *lease_run_new(struct hubspot *api, const struct lease_options *options);

/* At most BATCH_ROWS, each once. own_token: a lease that is the caller's and ran out; empty: none. */
void lease_run_add(struct lease_run *run, struct slice id, struct slice own_token, void *row_arg);

/* Starts it; it frees itself after done. */
void lease_run_start(struct lease_run *run);

/* Adds an update to a batch of them. NULL values are left out, "" clears. The list ends with a NULL name. */
struct lease_property {
	const char *name, *value;
};
void lease_add_update(struct batch *batch, struct slice id, const struct lease_property *properties, void *row_arg);
#endif
