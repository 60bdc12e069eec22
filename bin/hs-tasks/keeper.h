/* bin/hs-tasks/keeper.h - keeps a claim's leases while their records are being worked: renews at a third of the lease what the journal shows unsettled. */
#ifndef HS_TASKS_KEEPER_H
#define HS_TASKS_KEEPER_H
#include "tool.h"

struct keeper {
	struct hubspot *api;
	struct journal *journal; /* NULL until a run has begun */
	int64_t lease_ms;
	int64_t max_lease_ms; /* a lease that is older is not renewed */
	int64_t next_us; /* when leases are looked at next */
	bool is_renewing;
};

void keeper_init(struct keeper *k, struct tool *tool, int64_t lease_ms, int64_t max_lease_ms);

/* Starts renewals that are due; call it often. */
void keeper_tend(struct keeper *k);

/* Stays until all leases of this run are settled, or nobody is left who could settle them: neither a reader of the claim's pipe (NULL: there is none) nor a
 * process that has had a record of it. Then what never came out is given back; where nobody ever settled anything the records may lie in a file, and the leases run out by themselves. */
void keeper_stay(struct keeper *k, bool (*readers_live)(void *arg), void *arg);

/* Gives back, within `timeout_ms`, what nobody has seen: for a claim that is told to stop. */
void keeper_hand_back(struct keeper *k, int timeout_ms);

/* Starts `hs-tasks keep` (keep.c) in the background for the rest, and waits until it has taken over the leases of this run. Standard output must be ours still:
 * its readers are whom the new process watches. False: it could not be started, or has nothing to do. */
bool keeper_start(const struct keeper *k, const struct tool_options *options);

/* Gives back the leases of this run from that state on. */
void keeper_give_back(struct keeper *k, enum journal_lease_state from);
#endif
