#include "keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

#include "arguments.h"
#include "held.h"
#include "perform.h"
#include "reader.h"

extern char **environ;

enum { STEP_MS = 200, GRACE_US = 2000000, MAX_ARENA_BYTES = 64 << 20, LOOK_US = 1000000, READY_MS = 10000 };

void keeper_init(struct keeper *k, struct tool *tool, int64_t lease_ms, int64_t max_lease_ms)
{
	*k = (struct keeper){ .api = tool->api, .journal = tool->journal, .lease_ms = lease_ms, .max_lease_ms = max_lease_ms };
}

static void on_renewed(size_t count, void *arg)
{
	struct keeper *k = arg;
	(void)count;
	k->is_renewing = false;
}

void keeper_tend(struct keeper *k)
{
	struct journal_lease *leases;
	struct arena arena;
	size_t count, due = 0;
	int64_t now_us = clock_steady_us(), server_ms = hubspot_server_ms(k->api);
	if (k->journal == NULL || k->is_renewing || now_us < k->next_us || hubspot_trouble(k->api)->status != 0)
		return;
	k->next_us = now_us + LOOK_US;
	arena_init(&arena, MAX_ARENA_BYTES);
	if (journal_ok(k->api, k->journal, journal_leases(k->journal, journal_run(k->journal), JOURNAL_TAKEN, &arena, &leases, &count))) {
		for (size_t i = 0; i < count; i++)
			/* Provisional ones are still on their way. */
			if (leases[i].state == JOURNAL_EMITTED && leases[i].expires_ms - server_ms < k->lease_ms - k->lease_ms / 3 &&
				server_ms - leases[i].claimed_ms < k->max_lease_ms)
				leases[due++] = leases[i];
		if (due > 0) {
			k->is_renewing = true;
			held_start(&(struct held_options){ k->api, k->journal, k->lease_ms, on_renewed, k }, leases, due);
		}
	}
	arena_release(&arena);
}

void keeper_give_back(struct keeper *k, enum journal_lease_state from)
{
	struct journal_lease *leases;
	struct arena arena;
	size_t count;
	arena_init(&arena, MAX_ARENA_BYTES);
	if (journal_ok(k->api, k->journal, journal_leases(k->journal, journal_run(k->journal), from, &arena, &leases, &count)) && count > 0) {
		size_t kept = 0;
		for (size_t i = 0; i < count; i++)
			if (from == JOURNAL_EMITTED || leases[i].state == JOURNAL_TAKEN)
				leases[kept++] = leases[i];
		if (kept > 0)
			held_start(&(struct held_options){ .api = k->api, .journal = k->journal }, leases, kept);
	}
	arena_release(&arena);
}

void keeper_stay(struct keeper *k, bool (*readers_live)(void *arg), void *arg)
{
	struct journal_unsettled unsettled = { .count = 0 };
	int64_t alone_since_us = 0, started_us = clock_steady_us();
	while (!cli_stopping() && hubspot_trouble(k->api)->status == 0) {
		journal_watch_clear(k->journal);
		if (!journal_ok(k->api, k->journal, journal_unsettled(k->journal, journal_run(k->journal), &unsettled)) || unsettled.count == 0)
			break;
		int64_t now_us = clock_steady_us();
		if ((readers_live != NULL && readers_live(arg)) || unsettled.live_settlers > 0)
			alone_since_us = 0;
		else if (alone_since_us == 0)
			alone_since_us = now_us;
		/* Between the end of a filter and the first record that complete reads lies a moment. */
		bool is_alone = alone_since_us != 0 && now_us - alone_since_us > GRACE_US;
		if (is_alone || now_us - started_us > (k->max_lease_ms + k->lease_ms) * 1000)
			break;
		keeper_tend(k);
		hubspot_step(k->api, STEP_MS, journal_watch(k->journal));
	}
	if (unsettled.count > 0 && unsettled.had_settler && unsettled.live_settlers == 0 && !cli_stopping())
		keeper_give_back(k, JOURNAL_EMITTED);
	hubspot_drain(k->api);
}

void keeper_hand_back(struct keeper *k, int timeout_ms)
{
	int64_t until_us = clock_steady_us() + (int64_t)timeout_ms * 1000;
	if (k->journal == NULL || hubspot_trouble(k->api)->status != 0)
		return;
	keeper_give_back(k, JOURNAL_TAKEN);
	while (hubspot_step(k->api, STEP_MS, -1) > 0 && clock_steady_us() < until_us)
		;
}

/* -- the process that stays -- */

/* Nothing of ours stays open in it but the pipe on which it says that it has taken over. */
static pid_t spawn(const struct arguments *a, int ready_fd)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	bool ok = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
		posix_spawn_file_actions_adddup2(&actions, ready_fd, STDOUT_FILENO) == 0 &&
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0;
	if (!ok || posix_spawn(&pid, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)a->list, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static bool wait_ready(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char byte;
	return poll(&ready, 1, READY_MS) == 1 && read(fd, &byte, 1) == 1;
}

bool keeper_start(const struct keeper *k, const struct tool_options *options)
{
	struct arguments a = { .list = { "hs-tasks", "keep" }, .count = 2 };
	char run[24], lease[24], left[24];
	struct buf readers;
	int pids[READER_PROCESSES], ready[2];
	size_t reader_count = readers_find(STDOUT_FILENO, pids);
	struct journal_unsettled unsettled;
	if (!journal_ok(k->api, k->journal, journal_unsettled(k->journal, journal_run(k->journal), &unsettled)) || unsettled.count == 0)
		return false;
	/* Whoever reads a terminal's $(...) or a file has the records, and the leases as they are. */
	if ((reader_count == 0 && !unsettled.had_settler) || pipe2(ready, O_CLOEXEC) != 0)
		return false;
	buf_init(&readers, 1024);
	for (size_t i = 0; i < reader_count; i++)
		buf_printf(&readers, "%s%d", i > 0 ? "," : "", pids[i]);
	snprintf(run, sizeof run, "%lld", (long long)journal_run(k->journal));
	snprintf(lease, sizeof lease, "%lldms", (long long)k->lease_ms);
	snprintf(left, sizeof left, "%lldms", (long long)k->max_lease_ms);
	arguments_add(&a, "--run", run);
	arguments_add(&a, "--lease", lease);
	arguments_add(&a, "--max-lease", left);
	arguments_add(&a, "--readers", reader_count > 0 ? buf_text(&readers) : NULL);
	arguments_add_tool(&a, options);
	pid_t pid = spawn(&a, ready[1]);
	close(ready[1]);
	bool ok = pid > 0 && wait_ready(ready[0]);
	close(ready[0]);
	buf_release(&readers);
	return ok;
}
