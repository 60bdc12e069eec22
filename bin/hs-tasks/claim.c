/* hs-tasks claim: takes due tasks for this run alone, and prints them with contact and company.
 *
 * All candidates are searched first, since every claim changes what the search would page through. Batches of a hundred then go through the
 * protocol of lease.c side by side, and come out in order of priority and due date. */
#include <stdio.h>
#include <stdlib.h>

#include "find.h"
#include "idmap.h"
#include "lead.h"
#include "tool.h"
#include "verbs.h"

enum {
	MAX_CLAIMS = 10000,
	DEFAULT_CLAIMS = 100,
	OPEN_RUNS = 8, /* more would wait for the rate limit until their window is over */
	MAX_LINE_BYTES = 8 << 20,
	MAX_ARENA_BYTES = 64 << 20,
	MIN_LEASE_MS = 30000,
	MAX_LEASE_MS = 3600000,
};

enum { OPTION_TYPE = OPTION_OWN, OPTION_LEASE };

const struct cli_option claim_options[] = {
	{ OPTION_TYPE, "type", "ROUTE", "only this route's tasks; other: those of none" },
	{ 'n', NULL, "N", "at most N tasks (default 100, at most 10000)" },
	{ OPTION_LEASE, "lease", "TIME", "how long they are ours (default 10m)" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct candidate {
	char id[32];
	unsigned rank; /* 0: HIGH */
	int64_t due_ms;
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

/* What travels with a task while its contact is read. */
struct claimed {
	char token[LEASE_TOKEN_BYTES];
	int64_t expires_ms, attempt;
};

struct claim {
	struct tool tool;
	struct portal portal;
	struct stream *out;
	struct relate *relate;
	struct buf line;
	const struct route *route;
	bool only_other;
	size_t wanted, owned, printed;
	int64_t lease_ms, now_ms;
	char now[CLOCK_TEXT_BYTES];

	struct candidate *candidates;
	size_t candidate_count, candidate_capacity, next_candidate;
	struct idmap seen;
	struct arena seen_arena;
	size_t enough;
	struct hubspot_answer refusal; /* of a search */
	bool is_probing, has_all; /* the first search: goes on only where it finds no more than is wanted */
	size_t faults; /* records printed with an error */

	struct claim_batch *first, **end;
	size_t open_runs, in_flight;
	struct lease_counts counts;
};

/* -- candidates -- */

static unsigned priority_rank(struct slice priority)
{
	return slice_is(priority, "HIGH") ? 0 : slice_is(priority, "MEDIUM") ? 1 : slice_is(priority, "LOW") ? 2 : 3;
}

static bool is_wanted(const struct claim *claim, struct slice subject)
{
	const struct route *route = workflow_route(&claim->tool.workflow, subject);
	return claim->only_other ? route == NULL : claim->route == NULL || route == claim->route;
}

static void add_candidate(struct claim *claim, const struct json *task)
{
	struct slice id = json_string(task, "id", "");
	if (id.len == 0 || id.len >= sizeof claim->candidates->id || !is_wanted(claim, result_property(task, "hs_task_subject")))
		return;
	if (idmap_get(&claim->seen, id) != idmap_none)
		return;
	idmap_add(&claim->seen, arena_copy(&claim->seen_arena, id), claim->candidate_count);
	if (claim->candidate_count == claim->candidate_capacity) {
		claim->candidate_capacity = claim->candidate_capacity == 0 ? SEARCH_PAGE : 2 * claim->candidate_capacity;
		claim->candidates = must(realloc(claim->candidates, claim->candidate_capacity * sizeof *claim->candidates));
	}
	struct candidate *c = &claim->candidates[claim->candidate_count++];
	*c = (struct candidate){ .rank = priority_rank(result_property(task, "hs_task_priority")) };
	snprintf(c->id, sizeof c->id, "%.*s", (int)id.len, id.ptr);
	if (!clock_parse(result_property(task, "hs_timestamp"), &c->due_ms))
		c->due_ms = INT64_MIN;
}

static bool take_page(struct search *search, const struct json *results, void *arg)
{
	struct claim *claim = arg;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next)
		add_candidate(claim, task);
	if (claim->is_probing) {
		claim->has_all = search->total <= SEARCH_PAGE || search->total <= claim->wanted || claim->only_other;
		return claim->has_all && !cli_stopping();
	}
	return claim->candidate_count < claim->enough && !cli_stopping();
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	struct claim *claim = arg;
	if (failed != NULL && failed->outcome == HUBSPOT_REFUSED) {
		claim->refusal = *failed;
		claim->refusal.body = NULL;
		claim->refusal.response = NULL;
	} else if (failed != NULL) {
		hubspot_give_up(search->api, failed, "searching tasks");
	}
}

static struct search *new_search(struct claim *claim, size_t wanted)
{
	static const struct slice properties = SLICE("[\"hs_task_subject\",\"hs_task_priority\",\"hs_timestamp\"]");
	struct search *search = search_new(claim->tool.api, OBJECT_TASKS, properties, "hs_timestamp", wanted);
	search->page = take_page;
	search->done = end_search;
	search->arg = claim;
	return search;
}

static struct slice queue_owner(const struct claim *claim)
{
	return portal_owner(&claim->portal, &claim->tool.workflow, slice_of("queue"));
}

static void add_new_tasks(const struct claim *claim, struct search *search, const char *priorities)
{
	find_add(search,
		&(struct find){ .statuses = SLICE("[\"NOT_STARTED\"]"),
			.owner = queue_owner(claim),
			.priorities = slice_of(priorities),
			.due_from_ms = INT64_MIN,
			.due_to_ms = claim->now_ms,
			.route = claim->route });
}

/* Leases that ran out, and WAITING tasks whose time has come. Few, so the words of the route are left to us: groups are scarce. */
static void add_old_tasks(const struct claim *claim, struct search *search)
{
	find_add(search,
		&(struct find){ .statuses = SLICE("[\"IN_PROGRESS\"]"),
			.owner = queue_owner(claim),
			.due_from_ms = INT64_MIN,
			.due_to_ms = hubspot_server_ms(claim->tool.api),
			.date_property = "leadpipe_expires" });
	find_add(search,
		&(struct find){ .statuses = SLICE("[\"WAITING\"]"),
			.owner = queue_owner(claim),
			.due_from_ms = INT64_MIN,
			.due_to_ms = claim->now_ms,
			.date_property = "leadpipe_retry_at" });
}

/* A search that is refused most likely asks for the lease's properties in a portal without them: then that is what is said. */
static void do_search(struct claim *claim, struct search *search, size_t enough)
{
	struct hubspot *api = claim->tool.api;
	claim->enough = enough;
	search_start(search);
	hubspot_drain(api);
	if (claim->refusal.outcome == HUBSPOT_REFUSED && portal_load(&claim->portal, api, &claim->tool.workflow, PORTAL_SETTINGS))
		hubspot_give_up(api, &claim->refusal, "searching tasks");
}

static int by_priority_and_due(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->due_ms != y->due_ms)
		return x->due_ms < y->due_ms ? -1 : 1;
	size_t x_len = strlen(x->id), y_len = strlen(y->id);
	return x_len != y_len ? (x_len < y_len ? -1 : 1) : strcmp(x->id, y->id);
}

/* A queue with no more than is wanted is read whole by one search. A larger one is searched by priority, until there are enough. */
static void find_candidates(struct claim *claim)
{
	static const char *const priorities[] = { "[\"HIGH\"]", "[\"MEDIUM\"]", "[\"LOW\"]", "" };
	const struct hubspot_trouble *trouble = hubspot_trouble(claim->tool.api);
	struct search *all = new_search(claim, SEARCH_CAP);
	add_new_tasks(claim, all, "");
	add_old_tasks(claim, all);
	claim->is_probing = true;
	do_search(claim, all, SIZE_MAX);
	claim->is_probing = false;
	if (!claim->has_all && trouble->status == 0) {
		claim->candidate_count = 0;
		idmap_release(&claim->seen);
		struct search *old = new_search(claim, SEARCH_PAGE);
		add_old_tasks(claim, old);
		do_search(claim, old, SIZE_MAX);
		for (size_t i = 0; i < sizeof priorities / sizeof priorities[0] && claim->candidate_count < claim->wanted && trouble->status == 0;
			i++) {
			struct search *search = new_search(claim, SEARCH_CAP);
			add_new_tasks(claim, search, priorities[i]);
			do_search(claim, search, claim->wanted);
		}
	}
	if (claim->candidate_count > 0)
		qsort(claim->candidates, claim->candidate_count, sizeof *claim->candidates, by_priority_and_due);
}

/* -- claiming -- */

static enum claim_verdict judge(const struct task_state *task, const struct json *object, int64_t server_ms, void *row_arg, void *arg)
{
	const struct claim *claim = ((struct claim_batch *)arg)->claim;
	(void)row_arg;
	if (!is_wanted(claim, result_property(object, "hs_task_subject")) ||
		!slice_equal(result_property(object, "hubspot_owner_id"), queue_owner(claim)))
		return CLAIM_CLOSED;
	return decide_claim(task, claim->now_ms, server_ms);
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
			memcpy(claimed->token, taken->token, sizeof claimed->token);
			claimed->expires_ms = taken->expires_ms;
			claimed->attempt = taken->attempt;
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
		.lease_ms = claim->lease_ms,
		.properties = claim->tool.workflow.read_task,
		.judge = judge,
		.done = on_leased,
		.arg = batch,
	};
	struct lease_run *run = lease_run_new(claim->tool.api, &options);
	batch->claim = claim;
	batch->expected = count;
	arena_init(&batch->arena, MAX_ARENA_BYTES);
	for (size_t i = 0; i < count; i++)
		lease_run_add(run, slice_of(claim->candidates[claim->next_candidate++].id), NULL);
	*claim->end = batch;
	claim->end = &batch->next;
	claim->open_runs++;
	claim->in_flight += count;
	lease_run_start(run);
}

static void start_batches(struct claim *claim)
{
	while (claim->open_runs < OPEN_RUNS && claim->next_candidate < claim->candidate_count && claim->owned + claim->in_flight < claim->wanted &&
		!cli_stopping() && hubspot_trouble(claim->tool.api)->status == 0) {
		size_t count = claim->wanted - claim->owned - claim->in_flight;
		size_t left = claim->candidate_count - claim->next_candidate;
		count = count < left ? count : left;
		start_batch(claim, count < BATCH_ROWS ? count : BATCH_ROWS);
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

static void print_items(struct relate_item *items, size_t count, bool ok, void *arg)
{
	struct claim *claim = arg;
	for (size_t i = 0; i < count; i++) {
		struct claimed *claimed = items[i].arg;
		if (ok) {
			buf_reset(&claim->line);
			lead_put(&claim->line, &items[i], claim->now);
			buf_putc(&claim->line, ',');
			lead_put_lease(&claim->line, claimed->token, claimed->expires_ms, claimed->attempt);
			size_t before = claim->line.len;
			buf_putc(&claim->line, ',');
			if (put_fault(claim, &items[i], claimed, &claim->line))
				claim->faults++;
			else
				claim->line.len = before;
			buf_putc(&claim->line, '}');
			if (claim->line.failed)
				must(NULL);
			stream_put_line(claim->out, buf_slice(&claim->line));
			claim->printed++;
		}
		free(claimed);
	}
	stream_flush(claim->out);
}

static void say_counts(const struct claim *claim)
{
	const struct lease_counts *c = &claim->counts;
	cli_note(
		"claim: %zu candidates: %zu taken, %zu lost to others, %zu leased, %zu in a person's hands, %zu closed, %zu not due, %zu repaired, %zu too late, %zu "
		"gone, %zu failed",
		claim->candidate_count, c->taken, c->lost, c->leased, c->persons, c->closed, c->not_due, c->repaired, c->late, c->missing, c->failed);
}

static void run(struct claim *claim)
{
	struct relate_options options = {
		.contact_properties = claim->tool.workflow.read_contact,
		.company_properties = claim->tool.workflow.read_company,
		.done = print_items,
		.arg = claim,
	};
	struct hubspot *api = claim->tool.api;
	if (!portal_load(&claim->portal, api, &claim->tool.workflow, PORTAL_OWNERS))
		return;
	find_candidates(claim);
	/* An empty queue, as cron finds it most of the time, costs the search alone. */
	if (claim->candidate_count == 0 || !portal_load(&claim->portal, api, &claim->tool.workflow, PORTAL_SETTINGS))
		return;
	claim->relate = relate_new(api, &options);
	start_batches(claim);
	hubspot_drain(api);
	relate_free(claim->relate);
}

int run_claim(int argc, char **argv)
{
	struct claim claim = { .wanted = DEFAULT_CLAIMS, .lease_ms = 10 * MS_PER_MINUTE };
	struct tool_options options = { 0 };
	const char *type = NULL, *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_TYPE: type = value; break;
		case 'n': claim.wanted = (size_t)cli_int("-n", value, 0, MAX_CLAIMS); break;
		case OPTION_LEASE: claim.lease_ms = cli_span_ms("--lease", value); break;
		default: tool_option(&options, key, value);
		}
	}
	no_operands();
	if (claim.lease_ms < MIN_LEASE_MS || claim.lease_ms > MAX_LEASE_MS)
		cli_usage("--lease is 30s to 1h");
	tool_open(&claim.tool, "claim", &options, TOOL_WRITES);
	buf_init(&claim.line, MAX_LINE_BYTES);
	arena_init(&claim.seen_arena, MAX_ARENA_BYTES);
	claim.end = &claim.first;
	claim.out = tool_source();
	tool_now(claim.now, &claim.now_ms);
	claim.route = take_route(&claim.tool.workflow, type, &claim.only_other);
	if (claim.wanted > 0)
		run(&claim);
	if (hubspot_trouble(claim.tool.api)->status != 0)
		tool_break_off(&claim.tool, claim.out);
	say_counts(&claim);
	tool_summary(&claim.tool, claim.printed, "tasks");
	int status = tool_status(&claim.tool, stream_close(claim.out));
	if (status == EXIT_OK && claim.faults > 0)
		status = EXIT_SOME_FAILED;
	free(claim.candidates);
	idmap_release(&claim.seen);
	arena_release(&claim.seen_arena);
	buf_release(&claim.line);
	tool_close(&claim.tool);
	return status;
}
