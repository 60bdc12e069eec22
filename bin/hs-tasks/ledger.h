/* bin/hs-tasks/ledger.h - the journal of the portal at hand, and what earlier runs have left in it. */
#ifndef HS_TASKS_LEDGER_H
#define HS_TASKS_LEDGER_H
#include "portal.h"
#include "tool.h"

/* The folder of a portal's state, made where it is missing: journal and whatever else belongs to one portal. Sandboxes on this machine all have the same
 * portal id, and are told apart by their port. False with the reason. */
bool ledger_folder(const struct tool *tool, const struct portal *portal, struct buf *path, char error[CONFIG_ERROR_BYTES]);

/* For a verb that writes: refuses another portal than the one that was set up (77), opens the journal as tool->journal, enters this run, and finishes what
 * dead runs have left: pending work, and leases whose records nobody has seen. Needs settings, account and owners of the portal. In a dry run it does nothing. False: the client is out
 * of service, hubspot_trouble says why. */
bool ledger_open(struct tool *tool, const struct portal *portal);

/* As ledger_open, but leaves to others what dead runs have left. */
bool ledger_join(struct tool *tool, const struct portal *portal);

/* For a verb that reads: opens the journal as it is. Ends the program where it cannot be read. */
void ledger_read(struct tool *tool, const struct portal *portal);

/* The portal whose journal is meant, as far as it can be said without a call: `id` where it is not NULL, else the token's own where it is known (known.h), else the
 * only one that has a journal on this machine. False: it cannot. */
bool ledger_find_portal(const struct tool *tool, const char *id, struct portal *portal);

/* Opens the journal as tool->journal without entering a run: for what is settled on this machine alone. Ends the program where it cannot be opened. */
void ledger_edit(struct tool *tool, const struct portal *portal);

/* What stands in the journal of that portal, whichever run put it there; asks nobody. Ends the program where it cannot be read. */
struct ledger_view {
	bool has_pending; /* works, or leases that a dead claim took and never put out: a verb that writes sees to them */
	bool is_paused[WORKFLOW_ROUTES]; /* by route of the workflow */
};
struct ledger_view ledger_look(const struct tool *tool, const struct portal *portal);

/* resume.c */
void resume_works(struct tool *tool, const struct portal *portal);
void resume_leases(struct tool *tool);

/* Gives back what dead claims, from which this run has had records, have put out and nobody has settled: a claim that was killed cannot do it itself. Where more than
 * max_settlers processes live that had records of it, this one among them, it is left to them. */
void resume_orphans(struct tool *tool, size_t max_settlers);
#endif
