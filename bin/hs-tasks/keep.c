/* hs-tasks keep: stays in the background for a claim whose records are still being worked, and keeps their leases. Started by claim.
 *
 * A process of its own, because a shell, a function or timeout(1) around claim holds the pipe open as long as claim lives: its reader would never see the end. It
 * ends when all is settled, or when nobody is left who could settle it: neither a reader of claim's pipe nor a process that has had a record of it. Then what never came
 * out is given back; where nobody ever settled anything the records may lie in a file, and the leases run out by themselves. */
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"
#include "ledger.h"
#include "perform.h"
#include "reader.h"
#include "verbs.h"

enum { OPTION_RUN = OPTION_OWN, OPTION_LEASE, OPTION_MAX_LEASE, OPTION_READERS };

const struct cli_option keep_options[] = {
	{ OPTION_RUN, "run", "RUN", "whose leases: a claim's run on this machine" },
	{ OPTION_LEASE, "lease", "TIME", "how long each renewal lasts (default 10m)" },
	{ OPTION_MAX_LEASE, "max-lease", "TIME", "the longest that leases are kept (default 1h)" },
	{ OPTION_READERS, "readers", "LIST", "ids of processes that still work on the records, with commas" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct keep {
	struct tool tool;
	struct portal portal;
	struct keeper keeper;
	int readers[READER_PROCESSES]; /* pidfds */
	size_t reader_count;
};

static void open_readers(struct keep *k, const char *list)
{
	struct slice rest = slice_of(list == NULL ? "" : list), part;
	uint64_t pid;
	while (k->reader_count < READER_PROCESSES && rest.len > 0 && slice_split(&rest, ',', &part)) {
		if (!slice_to_u64(slice_trim(part), &pid) || pid == 0 || pid > INT32_MAX)
			cli_usage("--readers wants process ids with commas, not \"%s\"", list);
		int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		if (fd >= 0)
			k->readers[k->reader_count++] = fd;
	}
}

static bool readers_live(void *arg)
{
	const struct keep *k = arg;
	for (size_t i = 0; i < k->reader_count; i++) {
		struct pollfd fd = { .fd = k->readers[i], .events = POLLIN };
		if (poll(&fd, 1, 0) == 0)
			return true;
	}
	return false;
}

int run_keep(int argc, char **argv)
{
	struct keep k = { .reader_count = 0 };
	struct tool_options options = { 0 };
	const char *value, *readers = NULL;
	int64_t run = 0, lease_ms = 10 * MS_PER_MINUTE, max_lease_ms = MS_PER_HOUR;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_RUN: run = cli_int("--run", value, 1, INT64_MAX); break;
		case OPTION_LEASE: lease_ms = cli_span_ms("--lease", value); break;
		case OPTION_MAX_LEASE: max_lease_ms = cli_span_ms("--max-lease", value); break;
		case OPTION_READERS: readers = value; break;
		default: tool_option(&options, key, value);
		}
	}
	no_operands();
	if (run == 0)
		cli_usage("--run is missing");
	tool_open(&k.tool, "keep", &options, TOOL_WRITES);
	open_readers(&k, readers);
	if (portal_load(&k.portal, k.tool.api, &k.tool.workflow, PORTAL_OWNERS) && ledger_join(&k.tool, &k.portal) &&
		journal_ok(k.tool.api, k.tool.journal, journal_take_over(k.tool.journal, run))) {
		/* Claim waits for this. */
		cli_print(slice_of("\n"));
		close(STDOUT_FILENO);
		keeper_init(&k.keeper, &k.tool, lease_ms, max_lease_ms);
		keeper_stay(&k.keeper, readers_live, &k);
	}
	for (size_t i = 0; i < k.reader_count; i++)
		close(k.readers[i]);
	int status = tool_status(&k.tool, EXIT_OK);
	tool_close(&k.tool);
	return status;
}
