/* hs-tasks claim: takes due tasks for this run alone, prints them with contact and company, and keeps their leases while they are worked.
 *
 * Batches of a hundred go through the protocol of lease.c side by side, as many as the window of unsettled tasks has room for, and come out in order. What is
 * still being worked at the end is kept by another process (keep.c). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "candidates.h"
#include "keeper.h"
#include "lead.h"
#include "ledger.h"
#include "perform.h"
#include "reader.h"
#include "verbs.h"

enum {
	MAX_CLAIMS = 10000,
	DEFAULT_CLAIMS = 100,
	DEFAULT_WINDOW = 2000,
	OPEN_RUNS = 24, /* each waits most of its time for its settling */
	MAX_LINE_BYTES = 8 << 20,
	MAX_ARENA_BYTES = 64 << 20,
	MIN_LEASE_MS = 30000,
	MAX_LEASE_MS = 3600000,
	STEP_MS = 100,
	LONE_US = 10000000, /* so long a full window waits for somebody who settles */
	HAND_BACK_MS = 1200,
	MORE_ROUNDS = 3, /* of searching, where others took what was found */
};

enum { OPTION_TYPE = OPTION_OWN, OPTION_LEASE, OPTION_MAX_LEASE, OPTION_WINDOW, OPTION_EVERY };

const struct cli_option claim_options[] = {
	{ OPTION_TYPE, "type", "ROUTE", "only this route's tasks; other: those of none" },
	{ 'n', NULL, "N", "at most N tasks (default 100, at most 10000)" },
	{ OPTION_LEASE, "lease", "TIME", "how long they are ours, renewed while they are worked (default 10m)" },
	{ OPTION_MAX_LEASE, "max-lease", "TIME", "the longest that leases are kept (default 1h)" },
	{ OPTION_WINDOW, "window", "N", "at most N tasks out and not settled (default 2000)" },
	{ OPTION_EVERY, "every", "TIME", "when the queue is empty, look again after TIME; no end, and no -n" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

/* A task that is ours: its record, until there is room for it in the pipe. */
struct claimed {
	char token[LEASE_TOKEN_BYTES];
	int64_t expires_ms, attempt;
	struct slice id; /* in the batch's arena until it is read, then in `line`'s memory */
	char *line; /* NULL: not made yet */
	size_t len;
	bool has_fault;
	struct claimed *next;
};

/* A batch of candidates on its way; results are kept until all before it are in. */
struct claim_batch {
	struct claim *claim;
	size_t expected, taken;
	bool is_done;
	struct arena arena;
	struct taken {
		struct slice id, task;
		char token[LEASE_TOKEN_BYTES];
		int64_t expires_ms, attempt;
	} tasks[BATCH_ROWS];
	struct claim_batch *next;
};

struct claim {
	struct tool tool;
	struct portal portal;
	struct stream *out;
	struct relate *relate;
	struct keeper keeper;
	struct candidates candidates;
	struct random random;
	struct buf line;
	const char *type;
	size_t wanted, window, owned, printed;
	int64_t lease_ms, max_lease_ms, every_ms;
	char now[CLOCK_TEXT_BYTES];
	bool is_pipe, is_contended, has_worked, has_said_paused, is_looked_after;
	unsigned rounds;
	int64_t full_since_us; /* the window is full, and nobody has settled anything yet; 0: it is not */

	struct claim_batch *first, **end;
	size_t open_runs, in_flight;
	size_t owned_unread; /* ours, and their contacts are being read */
	struct claimed *queue, **queue_end; /* lines to be printed */
	size_t queued;
	struct lease_counts counts;
	size_t faults; /* records printed with an error */
};

/* -- claiming -- */

static enum claim_verdict judge(const struct task_state *task, const struct json *object, int64_t server_ms, void *row_arg, void *arg)
{
	const struct claim *claim = ((struct claim_batch *)arg)->claim;
	(void)row_arg;
	if (!candidates_is_wanted(&claim->candidates, result_property(object, "hs_task_subject")) ||
		!slice_equal(result_property(object, "hubspot_owner_id"), candidates_owner(&claim->candidates)))
		return CLAIM_CLOSED;
	return decide_claim(task, claim->candidates.now_ms, server_ms);
}

static void add_counts(struct lease_counts *sum, const struct lease_counts *more)
{
	sum->taken += more->taken;
	sum->lost += more->lost;
	sum->not_due += more->not_due;
	sum->leased += more->leased;
	sum->persons += more->persons;
	sum->closed += more->closed;
	sum->repaired += more->repaired;
	sum->late += more->late;
	sum->missing += more->missing;
	sum->failed += more->failed;
}

static void start_batches(struct claim *claim);

/* Hands on what is in, in the order of the batches. */
static void hand_on(struct claim *claim)
{
	while (claim->first != NULL && claim->first->is_done) {
		struct claim_batch *batch = claim->first;
		claim->first = batch->next;
		if (claim->first == NULL)
			claim->end = &claim->first;
		for (size_t i = 0; i < batch->taken; i++) {
			const struct taken *taken = &batch->tasks[i];
			struct claimed *claimed = must(malloc(sizeof *claimed));
			*claimed = (struct claimed){ .expires_ms = taken->expires_ms, .attempt = taken->attempt };
			memcpy(claimed->token, taken->token, sizeof claimed->token);
			relate_add(claim->relate, &(struct relate_item){ .task_id = taken->id, .task = taken->task, .arg = claimed });
		}
		arena_release(&batch->arena);
		free(batch);
	}
	if (claim->first == NULL)
		relate_flush(claim->relate);
}

static void on_leased(const struct lease *leases, size_t count, const struct lease_counts *counts, void *arg)
{
	struct claim_batch *batch = arg;
	struct claim *claim = batch->claim;
	add_counts(&claim->counts, counts);
	claim->is_contended = claim->is_contended || counts->lost + counts->leased > 0;
	for (size_t i = 0; i < count && !hubspot_is_dry_run(claim->tool.api); i++) {
		struct taken *taken = &batch->tasks[batch->taken++];
		buf_reset(&claim->line);
		lead_put_claimed_task(&claim->line, &leases[i]);
		taken->id = arena_copy(&batch->arena, leases[i].id);
		taken->task = arena_copy(&batch->arena, buf_slice(&claim->line));
		memcpy(taken->token, leases[i].token, sizeof taken->token);
		taken->expires_ms = leases[i].expires_ms;
		taken->attempt = leases[i].attempt;
	}
	if (batch->arena.failed || claim->line.failed)
		must(NULL);
	claim->in_flight -= batch->expected;
	claim->owned += count;
	claim->owned_unread += batch->taken;
	claim->open_runs--;
	batch->is_done = true;
	start_batches(claim);
	hand_on(claim);
}

static void start_batch(struct claim *claim, size_t count)
{
	struct claim_batch *batch = must(calloc(1, sizeof *batch));
	struct lease_options options = {
		.portal = &claim->portal,
		.journal = claim->tool.journal,
		.lease_ms = claim->lease_ms,
		.properties = claim->tool.workflow.read_task,
		.judge = judge,
		.done = on_leased,
		.arg = batch,
	};
	struct lease_run *run = lease_run_new(claim->tool.api, &options);
	batch->claim = claim;
	arena_init(&batch->arena, MAX_ARENA_BYTES);
	const struct candidate *picked = candidates_pick(&claim->candidates, count, claim->is_contended ? &claim->random : NULL, &count);
	for (size_t i = 0; i < count; i++)
		lease_run_add(run, slice_of(picked[i].id), (struct slice){ "", 0 }, NULL);
	batch->expected = count;
	*claim->end = batch;
	claim->end = &batch->next;
	claim->open_runs++;
	claim->in_flight += count;
	lease_run_start(run);
}

/* How many more tasks may be out. Before anybody settles there is no saying whether somebody will: a pipe into a file must not wait for ever. */
static size_t window_room(struct claim *claim)
{
	struct journal_unsettled unsettled = { .count = 0 };
	size_t out = claim->queued + claim->in_flight + claim->owned_unread;
	/* In a cassette no reader's pace decides how many are claimed at a time. */
	if (!claim->is_pipe || claim->tool.journal == NULL || claim->tool.cassette != NULL ||
		!journal_ok(
			claim->tool.api, claim->tool.journal, journal_unsettled(claim->tool.journal, journal_run(claim->tool.journal), &unsettled)))
		return SIZE_MAX;
	out += unsettled.count;
	if (out < claim->window) {
		claim->full_since_us = 0;
		return claim->window - out;
	}
	int64_t now_us = clock_steady_us();
	if (claim->full_since_us == 0)
		claim->full_since_us = now_us;
	return !unsettled.had_settler && now_us - claim->full_since_us > LONE_US ? SIZE_MAX : 0;
}

static void start_batches(struct claim *claim)
{
	size_t room = window_room(claim);
	while (claim->open_runs < OPEN_RUNS && claim->candidates.next < claim->candidates.count && claim->owned + claim->in_flight < claim->wanted &&
		!cli_stopping() && hubspot_trouble(claim->tool.api)->status == 0) {
		size_t count = claim->wanted - claim->owned - claim->in_flight;
		count = count < room ? count : room;
		count = count < BATCH_ROWS ? count : BATCH_ROWS;
		/* A batch that is not full costs as many calls as one that is. */
		if (count == 0 || (count < BATCH_ROWS && count == room && claim->in_flight > 0))
			return;
		size_t before = claim->in_flight;
		start_batch(claim, count);
		room -= room == SIZE_MAX ? 0 : claim->in_flight - before;
	}
}

/* -- printing -- */

/* What complete is to park without anybody working on it. */
static bool put_fault(const struct claim *claim, const struct relate_item *item, const struct claimed *claimed, struct buf *line)
{
	struct arena arena;
	struct json_error error;
	bool is_fault = true;
	arena_init(&arena, MAX_ARENA_BYTES);
	struct slice subject = result_property(json_parse(&arena, item->task, &error), "hs_task_subject");
	if (claimed->attempt > claim->tool.workflow.max_attempts)
		lead_put_error(line, "too_many_attempts", false, "Given up: every attempt ended without a result");
	else if (workflow_route(&claim->tool.workflow, subject) == NULL)
		lead_put_error(line, "unknown_type", false, "Unknown task type, needs human review");
	else if (item->contact.ptr == NULL)
		lead_put_error(line, "no_contact", false, "No contact associated with task");
	else
		is_fault = false;
	arena_release(&arena);
	return is_fault;
}

static void add_line(struct claim *claim, struct claimed *claimed, const struct relate_item *item)
{
	struct buf *line = &claim->line;
	buf_reset(line);
	lead_put(line, item, claim->now);
	buf_putc(line, ',');
	lead_put_lease(line, hubspot_host(claim->tool.api), claimed->token, claimed->expires_ms, claimed->attempt);
	size_t before = line->len;
	buf_putc(line, ',');
	claimed->has_fault = put_fault(claim, item, claimed, line);
	if (!claimed->has_fault)
		line->len = before;
	buf_putc(line, '}');
	if (line->failed)
		must(NULL);
	claimed->len = line->len;
	claimed->line = must(malloc(line->len + item->task_id.len + 1));
	memcpy(claimed->line, line->ptr, line->len);
	memcpy(claimed->line + line->len, item->task_id.ptr, item->task_id.len);
	claimed->id = (struct slice){ claimed->line + line->len, item->task_id.len };
	*claim->queue_end = claimed;
	claim->queue_end = &claimed->next;
	claim->queued++;
}

static void take_items(struct relate_item *items, size_t count, bool ok, void *arg)
{
	struct claim *claim = arg;
	claim->owned_unread -= count;
	for (size_t i = 0; i < count; i++)
		if (ok)
			add_line(claim, items[i].arg, &items[i]);
		else
			free(items[i].arg);
}

/* The first n lines go out; the journal knows it before. */
static void print_lines(struct claim *claim, size_t n)
{
	struct journal *journal = claim->tool.journal;
	int result = journal == NULL ? 0 : journal_begin(journal);
	const struct claimed *claimed = claim->queue;
	for (size_t i = 0; journal != NULL && i < n && result == 0; i++, claimed = claimed->next)
		result = journal_put_lease(journal,
			&(struct journal_lease){ .task = claimed->id,
				.token = slice_of(claimed->token),
				.run = journal_run(journal),
				.state = JOURNAL_EMITTED,
				.expires_ms = claimed->expires_ms,
				.claimed_ms = claimed->expires_ms - claim->lease_ms,
				.attempt = claimed->attempt });
	if (!journal_end(claim->tool.api, journal, result))
		return;
	for (struct claimed *line; n > 0 && (line = claim->queue) != NULL; n--) {
		claim->queue = line->next;
		if (claim->queue == NULL)
			claim->queue_end = &claim->queue;
		claim->queued--;
		claim->printed++;
		claim->faults += line->has_fault;
		stream_put_line(claim->out, (struct slice){ line->line, line->len });
		free(line->line);
		free(line);
	}
	stream_flush(claim->out);
}

/* As many lines as the pipe has room for: while claim waited for it no lease would be renewed. */
static void drain_queue(struct claim *claim)
{
	size_t room = claim->is_pipe ? reader_room(STDOUT_FILENO) : SIZE_MAX, n = 0;
	for (const struct claimed *line = claim->queue; line != NULL && line->len < room; line = line->next, n++)
		room -= room == SIZE_MAX ? 0 : line->len + 1;
	/* A line longer than the pipe has to wait for its reader. */
	if (n == 0 && claim->queue != NULL && claim->is_pipe && reader_is_empty(STDOUT_FILENO))
		n = 1;
	if (n > 0 && hubspot_trouble(claim->tool.api)->status == 0)
		print_lines(claim, n);
}

static void say_counts(const struct claim *claim)
{
	const struct lease_counts *c = &claim->counts;
	cli_note(
		"claim: %zu candidates: %zu taken, %zu lost to others, %zu leased, %zu in a person's hands, %zu closed, %zu not due, %zu repaired, %zu too late, %zu "
		"gone, %zu failed",
		claim->candidates.count, c->taken, c->lost, c->leased, c->persons, c->closed, c->not_due, c->repaired, c->late, c->missing,
		c->failed);
}

/* -- the run -- */

static bool has_more(const struct claim *claim)
{
	return claim->first != NULL || claim->queued > 0 || claim->owned_unread > 0 ||
		(claim->candidates.next < claim->candidates.count && claim->owned < claim->wanted);
}

/* Claims and prints what has been found. */
static void work(struct claim *claim)
{
	struct hubspot *api = claim->tool.api;
	while (has_more(claim) && !cli_stopping() && hubspot_trouble(api)->status == 0 && stream_status(claim->out) != EXIT_IO_FAILED) {
		start_batches(claim);
		drain_queue(claim);
		keeper_tend(&claim->keeper);
		if (!has_more(claim))
			break;
		if (claim->tool.journal != NULL)
			journal_watch_clear(claim->tool.journal);
		hubspot_step(api, STEP_MS, claim->tool.journal == NULL ? -1 : journal_watch(claim->tool.journal));
	}
	if (cli_stopping()) {
		keeper_hand_back(&claim->keeper, HAND_BACK_MS);
		hubspot_interrupt(api);
	}
	hubspot_drain(api);
}

/* Everything that is asked of the portal before the first claim. */
static bool begin(struct claim *claim)
{
	struct hubspot *api = claim->tool.api;
	if (claim->has_worked)
		return true;
	if (!portal_load(&claim->portal, api, &claim->tool.workflow, PORTAL_SETTINGS) || !ledger_open(&claim->tool, &claim->portal))
		return false;
	/* hs-tasks run settles what its claims have taken, should nobody else be left. */
	const char *starter = getenv("LEADPIPE_RUN");
	uint64_t settler;
	claim->is_looked_after = starter != NULL && *starter != '\0';
	if (starter != NULL && slice_to_u64(slice_of(starter), &settler) && settler < INT64_MAX && claim->tool.journal != NULL &&
		!journal_ok(api, claim->tool.journal, journal_add_settler(claim->tool.journal, (int64_t)settler)))
		return false;
	keeper_init(&claim->keeper, &claim->tool, claim->lease_ms, claim->max_lease_ms);
	claim->has_worked = true;
	return true;
}

/* One look at the queue. An empty one, as cron finds it most of the time, costs the search alone. */
static void look(struct claim *claim)
{
	struct candidates *candidates = &claim->candidates;
	struct ledger_view view = ledger_look(&claim->tool, &claim->portal);
	memcpy(candidates->is_paused, view.is_paused, sizeof candidates->is_paused);
	if (candidates->route != NULL && candidates->is_paused[candidates->route - claim->tool.workflow.routes]) {
		if (!cli_shared()->quiet && !claim->has_said_paused)
			cli_warn("claim: route %s is paused; hs-tasks resume %s ends that", claim->type, claim->type);
		claim->has_said_paused = true;
		return;
	}
	if (view.has_pending) {
		if (claim->has_worked) {
			resume_works(&claim->tool, &claim->portal);
			resume_leases(&claim->tool);
		} else if (!begin(claim)) { /* which resumes them too */
			return;
		}
	}
	candidates_find(candidates);
	if (candidates->count > candidates->next && hubspot_trouble(claim->tool.api)->status == 0 && begin(claim))
		work(claim);
}

/* Until the next look, at most STEP_MS at a time: leases are renewed meanwhile. */
static void pause_between(struct claim *claim)
{
	int64_t until_us = clock_steady_us() + claim->every_ms * 1000;
	while (!cli_stopping() && clock_steady_us() < until_us && hubspot_trouble(claim->tool.api)->status == 0) {
		if (claim->has_worked)
			keeper_tend(&claim->keeper);
		hubspot_step(claim->tool.api, STEP_MS, -1);
	}
}

static void run(struct claim *claim)
{
	struct relate_options options = {
		.contact_properties = claim->tool.workflow.read_contact,
		.company_properties = claim->tool.workflow.read_company,
		.done = take_items,
		.arg = claim,
	};
	struct hubspot *api = claim->tool.api;
	if (!portal_load(&claim->portal, api, &claim->tool.workflow, PORTAL_OWNERS))
		return;
	claim->relate = relate_new(api, &options);
	do {
		look(claim);
		/* Others took what was found: there may be more behind it. */
		for (unsigned round = 1; round < MORE_ROUNDS && claim->is_contended && claim->owned < claim->wanted && !cli_stopping() &&
			hubspot_trouble(api)->status == 0 && claim->candidates.count > 0;
			round++) {
			size_t before = claim->candidates.count;
			look(claim);
			if (claim->candidates.count == before)
				break;
		}
		if (claim->every_ms == 0 || hubspot_trouble(api)->status != 0)
			break;
		candidates_forget(&claim->candidates);
		claim->owned = 0;
		tool_now(claim->now, &claim->candidates.now_ms);
		pause_between(claim);
	} while (!cli_stopping());
	relate_free(claim->relate);
}

/* Ends the output. While its reader works the leases are kept: by another process (keep.c), or right here for hs-tasks run, which holds no end of the pipe. */
static int finish_output(struct claim *claim, const struct tool_options *options)
{
	const struct hubspot_trouble *trouble = hubspot_trouble(claim->tool.api);
	struct journal *journal = claim->tool.journal;
	if (trouble->status != 0)
		tool_break_off(&claim->tool, claim->out);
	stream_flush(claim->out);
	/* In a cassette nobody works for minutes. */
	bool may_keep =
		claim->is_pipe && claim->printed > 0 && journal != NULL && trouble->status == 0 && !cli_stopping() && claim->tool.cassette == NULL;
	bool is_kept = claim->is_looked_after || (may_keep && keeper_start(&claim->keeper, options));
	if (!is_kept && journal != NULL && !cli_stopping())
		journal_ok(claim->tool.api, journal, journal_let_go(journal));
	int status = tool_status(&claim->tool, stream_close(claim->out));
	int null = may_keep && claim->is_looked_after ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	if (null >= 0) {
		dup2(null, STDOUT_FILENO);
		close(null);
		keeper_stay(&claim->keeper, NULL, NULL);
	}
	return status;
}

/* For the pick among candidates. */
static void seed_random(struct claim *claim)
{
	uint64_t seed;
	hubspot_random(claim->tool.api, slice_of("pick"), (unsigned char *)&seed, sizeof seed);
	random_seed(&claim->random, seed);
}

int run_claim(int argc, char **argv)
{
	struct claim claim = { .wanted = DEFAULT_CLAIMS, .window = DEFAULT_WINDOW, .lease_ms = 10 * MS_PER_MINUTE, .max_lease_ms = MS_PER_HOUR };
	struct tool_options options = { 0 };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_TYPE: claim.type = value; break;
		case 'n': claim.wanted = (size_t)cli_int("-n", value, 0, MAX_CLAIMS); break;
		case OPTION_LEASE: claim.lease_ms = cli_span_ms("--lease", value); break;
		case OPTION_MAX_LEASE: claim.max_lease_ms = cli_span_ms("--max-lease", value); break;
		case OPTION_WINDOW: claim.window = (size_t)cli_int("--window", value, 1, MAX_CLAIMS); break;
		case OPTION_EVERY: claim.every_ms = cli_span_ms("--every", value); break;
		default: tool_option(&options, key, value);
		}
	}
	no_operands();
	if (claim.lease_ms < MIN_LEASE_MS || claim.lease_ms > MAX_LEASE_MS)
		cli_usage("--lease is 30s to 1h");
	if (claim.every_ms > 0)
		claim.wanted = MAX_CLAIMS;
	tool_open(&claim.tool, "claim", &options, TOOL_WRITES);
	seed_random(&claim);
	buf_init(&claim.line, MAX_LINE_BYTES);
	claim.end = &claim.first;
	claim.queue_end = &claim.queue;
	claim.is_pipe = reader_is_pipe(STDOUT_FILENO);
	claim.out = tool_source();
	candidates_init(&claim.candidates);
	claim.candidates.tool = &claim.tool;
	claim.candidates.portal = &claim.portal;
	claim.candidates.wanted = claim.wanted;
	tool_now(claim.now, &claim.candidates.now_ms);
	claim.candidates.route = take_route(&claim.tool.workflow, claim.type, &claim.candidates.only_other);
	if (claim.wanted > 0)
		run(&claim);
	say_counts(&claim);
	tool_summary(&claim.tool, claim.printed, "tasks");
	int status = finish_output(&claim, &options);
	if (status == EXIT_OK && claim.faults > 0)
		status = EXIT_SOME_FAILED;
	candidates_release(&claim.candidates);
	buf_release(&claim.line);
	tool_close(&claim.tool);
	return status;
}
