#include "lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cli.h"
#include "perform.h"
#include "record/write.h"

enum { MAX_INPUT_BYTES = 64 << 10, MAX_ARENA_BYTES = 64 << 20, TOKEN_RANDOM_BYTES = 16 };

struct row {
	struct slice id, own_token;
	void *arg;
	bool is_kept, is_reserved;
	int64_t attempt;
	const struct json *task;
};

struct lease_run {
	struct hubspot *api;
	struct lease_options options;
	struct lease_counts counts;
	struct arena arena;
	char token[LEASE_TOKEN_BYTES];
	struct row rows[BATCH_ROWS];
	size_t count;
	int64_t read_sent_us;
	int64_t server_ms; /* by the read that decided */
	int64_t expires_ms;
};

/* 128 bits from the kernel: no two claims of the world share one. */
static void make_token(struct lease_run *run)
{
	unsigned char bytes[TOKEN_RANDOM_BYTES];
	hubspot_random(run->api, run->rows[0].id, bytes, sizeof bytes);
	slice_hex((struct slice){ (const char *)bytes, sizeof bytes }, run->token);
}

void lease_add_update(struct batch *batch, struct slice id, const struct lease_property *properties, void *row_arg)
{
	struct buf input;
	struct jsonw w;
	buf_init(&input, MAX_INPUT_BYTES);
	jsonw_init(&w, &input);
	jsonw_object(&w);
	jsonw_put_string(&w, "id", id);
	jsonw_put_string(&w, "objectWriteTraceId", id);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	for (; properties->name != NULL; properties++)
		if (properties->value != NULL)
			jsonw_put_text(&w, properties->name, properties->value);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
	batch_add(batch, id, buf_slice(&input), row_arg);
	buf_release(&input);
}

struct lease_run *lease_run_new(struct hubspot *api, const struct lease_options *options)
{
	struct lease_run *run = must(calloc(1, sizeof *run));
	run->api = api;
	run->options = *options;
	arena_init(&run->arena, MAX_ARENA_BYTES);
	return run;
}

void lease_run_add(struct lease_run *run, struct slice id, struct slice own_token, void *row_arg)
{
	run->rows[run->count++] = (struct row){ .id = arena_copy(&run->arena, id), .own_token = arena_copy(&run->arena, own_token), .arg = row_arg };
	if (run->arena.failed)
		must(NULL);
}

static size_t kept(const struct lease_run *run)
{
	size_t n = 0;
	for (size_t i = 0; i < run->count; i++)
		n += run->rows[i].is_kept;
	return n;
}

/* -- the journal: what this machine holds -- */

static bool has_happened(const struct lease_run *run, const char *what, struct slice id, bool happened)
{
	char key[LEASE_TOKEN_BYTES + 64];
	snprintf(key, sizeof key, "%s %s %.*s", what, run->token, (int)id.len, id.ptr);
	return hubspot_event(run->api, slice_of(key), happened);
}

/* Rows that another process of ours holds are let alone. */
static void reserve(struct lease_run *run)
{
	struct journal_reservation rows[BATCH_ROWS];
	struct journal *journal = run->options.journal;
	for (size_t i = 0; i < run->count; i++)
		rows[i] = (struct journal_reservation){ run->rows[i].id, run->rows[i].own_token, journal == NULL };
	if (journal != NULL && !journal_ok(run->api, journal, journal_reserve(journal, rows, run->count)))
		return;
	for (size_t i = 0; i < run->count; i++) {
		bool is_leased = has_happened(run, "leased", run->rows[i].id, !rows[i].granted);
		run->rows[i].is_reserved = !is_leased;
		run->counts.leased += is_leased;
	}
}

/* The token is on its way to the kept rows; the others are free for our other processes. */
static void enter_leases(struct lease_run *run)
{
	struct journal *journal = run->options.journal;
	if (journal == NULL)
		return;
	int result = journal_begin(journal);
	for (size_t i = 0; i < run->count && result == 0; i++) {
		const struct row *row = &run->rows[i];
		if (!row->is_reserved)
			continue;
		result = row->is_kept ? journal_put_lease(journal,
						&(struct journal_lease){ .task = row->id,
							.token = slice_of(run->token),
							.run = journal_run(journal),
							.state = JOURNAL_TAKEN,
							.expires_ms = run->expires_ms,
							.claimed_ms = run->server_ms,
							.attempt = row->attempt })
				      : journal_drop_lease(journal, row->id, slice_of(run->token));
	}
	journal_end(run->api, journal, result);
}

static void finish(struct lease_run *run)
{
	struct lease leases[BATCH_ROWS];
	size_t n = 0;
	enter_leases(run);
	for (size_t i = 0; i < run->count; i++)
		if (run->rows[i].is_kept)
			leases[n++] = (struct lease){ run->rows[i].id, run->rows[i].arg, run->token, run->expires_ms, run->rows[i].attempt,
				run->rows[i].task };
	run->counts.taken = n;
	run->options.done(leases, n, &run->counts, run->options.arg);
	arena_release(&run->arena);
	free(run);
}

/* -- the steps, each started by the answer to the one before -- */

static void drop(struct lease_run *run, struct row *row, size_t *counter)
{
	(void)run;
	row->is_kept = false;
	++*counter;
}

static void on_confirmed(struct batch *batch, void *arg)
{
	struct lease_run *run = arg;
	for (size_t i = 0; i < batch->count; i++)
		if (batch->rows[i].outcome != ROW_OK)
			drop(run, batch->rows[i].arg, &run->counts.failed);
	finish(run);
}

/* Writes the lease on all kept rows; with a status only when it is known who won. */
static void write_leases(struct lease_run *run, const char *status, int64_t lease_ms, void (*done)(struct batch *batch, void *arg))
{
	struct batch *batch = batch_new(run->api, OBJECT_TASKS, BATCH_UPDATE);
	char expires[CLOCK_TEXT_BYTES], attempt[24];
	batch->op = status == NULL ? "crm.claim" : "crm.confirm";
	run->expires_ms = run->server_ms + lease_ms;
	clock_format(run->expires_ms, expires);
	for (size_t i = 0; i < run->count; i++) {
		struct row *row = &run->rows[i];
		if (!row->is_kept)
			continue;
		snprintf(attempt, sizeof attempt, "%lld", (long long)row->attempt);
		lease_add_update(batch, row->id,
			(struct lease_property[]){ { "leadpipe_lease", run->token }, { "leadpipe_expires", expires }, { "leadpipe_attempt", attempt },
				{ "hs_task_status", status }, { NULL, NULL } },
			row);
	}
	batch_send(batch, done, run);
}

static const struct json *keep(struct lease_run *run, const struct json *object)
{
	struct json_error error;
	struct slice copy = arena_copy(&run->arena, object->raw);
	if (run->arena.failed)
		must(NULL);
	return json_parse(&run->arena, copy, &error);
}

static void on_read_back(struct batch *batch, void *arg)
{
	struct lease_run *run = arg;
	run->server_ms = batch_server_ms(batch);
	for (size_t i = 0; i < batch->count; i++) {
		struct row *row = batch->rows[i].arg;
		if (batch->rows[i].outcome != ROW_OK)
			drop(run, row, &run->counts.failed);
		else if (!slice_is(result_property(batch->rows[i].result, "leadpipe_lease"), run->token))
			drop(run, row, &run->counts.lost);
		else
			row->task = keep(run, batch->rows[i].result);
	}
	if (kept(run) == 0)
		finish(run);
	else
		write_leases(run, "IN_PROGRESS", run->options.lease_ms, on_confirmed);
}

static void read_rows(struct lease_run *run, bool only_kept, const char *op, void (*done)(struct batch *batch, void *arg))
{
	struct batch *batch = batch_new(run->api, OBJECT_TASKS, BATCH_READ);
	batch->properties = run->options.properties;
	batch->op = op;
	for (size_t i = 0; i < run->count; i++)
		if (run->rows[i].is_reserved && (!only_kept || run->rows[i].is_kept))
			batch_add(batch, run->rows[i].id, (struct slice){ 0 }, &run->rows[i]);
	batch_send(batch, done, run);
}

static void read_back(void *arg)
{
	read_rows(arg, true, "crm.readback", on_read_back);
}

static void on_written(struct batch *batch, void *arg)
{
	struct lease_run *run = arg;
	int64_t now_us = clock_steady_us();
	bool is_late = has_happened(run, "late", (struct slice){ "", 0 }, now_us - run->read_sent_us > run->options.portal->window_ms * 1000);
	for (size_t i = 0; i < batch->count; i++)
		if (is_late)
			drop(run, batch->rows[i].arg, &run->counts.late);
		else if (batch->rows[i].outcome != ROW_OK)
			drop(run, batch->rows[i].arg, &run->counts.failed);
	if (kept(run) == 0)
		finish(run);
	else if (hubspot_is_dry_run(run->api))
		write_leases(run, "IN_PROGRESS", run->options.lease_ms, on_confirmed);
	else
		hubspot_at(run->api, now_us + (hubspot_is_replay(run->api) ? 0 : run->options.portal->settle_ms * 1000), read_back, run);
}

static void on_repaired(struct batch *batch, void *arg)
{
	(void)batch;
	(void)arg;
}

static void add_repair(struct lease_run *run, struct batch **repairs, struct slice id)
{
	if (*repairs == NULL)
		*repairs = batch_new(run->api, OBJECT_TASKS, BATCH_UPDATE);
	lease_add_update(*repairs, id, (struct lease_property[]){ { "hs_task_status", "COMPLETED" }, { NULL, NULL } }, NULL);
	run->counts.repaired++;
}

static void on_read(struct batch *batch, void *arg)
{
	struct lease_run *run = arg;
	struct batch *repairs = NULL;
	run->server_ms = batch_server_ms(batch);
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *answer = &batch->rows[i];
		struct row *row = answer->arg;
		if (answer->outcome != ROW_OK) {
			drop(run, row, answer->outcome == ROW_MISSING ? &run->counts.missing : &run->counts.failed);
			continue;
		}
		struct task_state task = task_state_of(json_get(answer->result, "properties"));
		enum claim_verdict verdict = run->options.judge(&task, answer->result, run->server_ms, row->arg, run->options.arg);
		row->is_kept = verdict <= CLAIM_TAKE_REOPENED;
		row->attempt = verdict == CLAIM_TAKE_REOPENED && slice_equal(task.lease, task.done) ? 1 : task.attempt + 1;
		size_t *const counters[] = { [CLAIM_NOT_DUE] = &run->counts.not_due,
			[CLAIM_LEASED] = &run->counts.leased,
			[CLAIM_PERSONS] = &run->counts.persons,
			[CLAIM_CLOSED] = &run->counts.closed };
		if (verdict == CLAIM_REPAIR)
			add_repair(run, &repairs, row->id);
		else if (!row->is_kept)
			++*counters[verdict];
	}
	if (repairs != NULL)
		batch_send(repairs, on_repaired, NULL);
	enter_leases(run);
	if (kept(run) == 0)
		finish(run);
	else
		write_leases(run, NULL, LEASE_PROVISIONAL_MS, on_written);
}

void lease_run_start(struct lease_run *run)
{
	make_token(run);
	reserve(run);
	run->read_sent_us = clock_steady_us();
	read_rows(run, false, "crm.tasks.read", on_read);
}
