#include "held.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "decide.h"
#include "lease.h"
#include "perform.h"

enum { MAX_ARENA_BYTES = 64 << 20 };

static const struct slice properties = SLICE("[\"hs_task_status\",\"leadpipe_lease\",\"leadpipe_done\",\"leadpipe_expires\",\"leadpipe_attempt\"]");

struct held {
	struct held_options options;
	struct arena arena;
	struct journal_lease *leases;
	size_t count, kept;
	unsigned open;
	int64_t expires_ms;
};

static void step_done(struct held *h)
{
	if (--h->open > 0)
		return;
	if (h->options.done != NULL)
		h->options.done(h->kept, h->options.arg);
	arena_release(&h->arena);
	free(h);
}

static void on_written(struct batch *batch, void *arg)
{
	struct held *h = arg;
	struct journal *journal = h->options.journal;
	int result = journal_begin(journal);
	for (size_t i = 0; i < batch->count && result == 0; i++) {
		struct journal_lease *lease = batch->rows[i].arg;
		/* What could not be written keeps its row: the next run tries again. */
		if (batch->rows[i].outcome != ROW_OK && batch->rows[i].outcome != ROW_MISSING)
			continue;
		h->kept++;
		lease->expires_ms = h->expires_ms;
		result = h->options.lease_ms > 0 ? journal_renew_lease(journal, lease->task, lease->token, h->expires_ms)
						 : journal_drop_lease(journal, lease->task, lease->token);
	}
	journal_end(h->options.api, journal, result);
	step_done(h);
}

static void add_release(struct batch *batch, const struct journal_lease *lease, void *row_arg)
{
	char attempt[24];
	snprintf(attempt, sizeof attempt, "%lld", (long long)(lease->attempt > 0 ? lease->attempt - 1 : 0));
	lease_add_update(batch, lease->task,
		(struct lease_property[]){ { "hs_task_status", "NOT_STARTED" }, { "leadpipe_lease", "" }, { "leadpipe_expires", "" },
			{ "leadpipe_attempt", attempt }, { NULL, NULL } },
		row_arg);
}

static void on_read(struct batch *batch, void *arg)
{
	struct held *h = arg;
	struct journal *journal = h->options.journal;
	struct batch *writes = batch_new(h->options.api, OBJECT_TASKS, BATCH_UPDATE);
	char expires[CLOCK_TEXT_BYTES];
	int result = journal_begin(journal);
	h->expires_ms = batch_server_ms(batch) + h->options.lease_ms;
	clock_format(h->expires_ms, expires);
	writes->op = h->options.lease_ms > 0 ? "crm.renew" : "crm.release";
	for (size_t i = 0; i < batch->count && result == 0; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct journal_lease *lease = row->arg;
		if (row->outcome != ROW_OK && row->outcome != ROW_MISSING)
			continue;
		struct task_state task = task_state_of(json_get(row->result, "properties"));
		bool is_ours = row->outcome == ROW_OK && slice_equal(task.lease, lease->token) && !slice_equal(task.done, lease->token) &&
			(task.status == TASK_IN_PROGRESS || (task.status == TASK_NOT_STARTED && h->options.lease_ms == 0));
		bool has_work = false;
		if (is_ours && h->options.lease_ms == 0)
			result = journal_has_work(journal, lease->task, &has_work);
		if (has_work)
			continue;
		if (!is_ours)
			result = journal_drop_lease(journal, lease->task, lease->token);
		else if (h->options.lease_ms > 0)
			lease_add_update(writes, lease->task, (struct lease_property[]){ { "leadpipe_expires", expires }, { NULL, NULL } }, lease);
		else
			add_release(writes, lease, lease);
	}
	journal_end(h->options.api, journal, result);
	batch_send(writes, on_written, h);
}

static void start(void *arg)
{
	step_done(arg);
}

void held_start(const struct held_options *options, const struct journal_lease *leases, size_t count)
{
	struct held *h = must(calloc(1, sizeof *h));
	h->options = *options;
	h->count = count;
	h->open = 1;
	arena_init(&h->arena, MAX_ARENA_BYTES);
	h->leases = must(arena_alloc(&h->arena, (count + 1) * sizeof *h->leases));
	for (size_t i = 0; i < count; i++) {
		h->leases[i] = leases[i];
		h->leases[i].task = arena_copy(&h->arena, leases[i].task);
		h->leases[i].token = arena_copy(&h->arena, leases[i].token);
	}
	for (size_t i = 0; i < count;) {
		struct batch *batch = batch_new(options->api, OBJECT_TASKS, BATCH_READ);
		batch->properties = properties;
		batch->op = "crm.tasks.read";
		for (; i < count && batch->count < BATCH_ROWS; i++)
			batch_add(batch, h->leases[i].task, (struct slice){ 0 }, &h->leases[i]);
		h->open++;
		batch_send(batch, on_read, h);
	}
	hubspot_at(options->api, 0, start, h);
}
