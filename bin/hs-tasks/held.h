/* bin/hs-tasks/held.h - leases that this machine holds, as the journal has them: renews them, gives them back. Each is read by id first: what is another's
 * by now, completed or waiting is let alone, and its row goes. What has work pending is not given back: its token is what the work will be finished by. */
#ifndef HS_TASKS_HELD_H
#define HS_TASKS_HELD_H
#include "hubspot.h"
#include "store/journal.h"

struct held_options {
	struct hubspot *api;
	struct journal *journal;
	int64_t lease_ms; /* until then from now (server's time) they are renewed; 0: they are given back */
	/* Once, with the number of leases that were renewed or given back. NULL: nobody asks. */
	void (*done)(size_t count, void *arg);
	void *arg;
};

/* The leases are copied. */
void held_start(const struct held_options *options, const struct journal_lease *leases, size_t count);
#endif
