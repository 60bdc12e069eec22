/* What dead runs have left in the journal: pending work is finished, leases whose records nobody has seen are given back. */
#include <stdlib.h>

#include "group.h"
#include "held.h"
#include "ledger.h"
#include "settle.h"

enum { MAX_ARENA_BYTES = 256 << 20, LEASE_MS = 10 * MS_PER_MINUTE };

struct resume {
	struct tool *tool;
	size_t finished, given_up, left;
};

static void on_settled(struct settle *settle, struct job *jobs, size_t count, void *arg)
{
	struct resume *resume = arg;
	(void)settle;
	for (size_t i = 0; i < count; i++) {
		const struct job *job = &jobs[i];
		if (job->state == JOB_HANDLED) {
			resume->finished++;
		} else if (job->is_pending) {
			resume->left++;
		} else {
			resume->given_up++;
			cli_warn("task %.*s: unfinished work of an earlier run was given up: %.*s", (int)job->task_id.len, job->task_id.ptr,
				(int)job->message.len, job->message.ptr);
		}
	}
}

/* A create that was sent shortly before may still take effect: it is too early to look for it. */
static bool is_too_early(const struct portal *portal, const struct journal_effect *effects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct journal_effect *e = &effects[i];
		enum hubspot_object object;
		/* A contact is told by its address, whoever made it. */
		bool is_open = e->is_create && strcmp(e->object, "contacts") != 0 && (e->state == JOURNAL_SENT || e->state == JOURNAL_UNKNOWN);
		if (is_open && hubspot_object_find(slice_of(e->object), &object) && !portal->has_unique_key[object] &&
			clock_real_ms() - e->sent_ms < portal->readback_ms)
			return true;
	}
	return false;
}

static struct settle *new_settle(struct resume *resume, const struct portal *portal)
{
	return settle_new(&(struct settle_context){
		.api = resume->tool->api,
		.workflow = &resume->tool->workflow,
		.portal = portal,
		.journal = resume->tool->journal,
		.lease_ms = LEASE_MS,
		.done = on_settled,
		.arg = resume,
	});
}

static bool add_work(struct resume *resume, const struct portal *portal, struct settle **settle, const struct journal_work *work, struct arena *arena)
{
	struct journal_effect *effects;
	size_t count;
	if (!journal_ok(resume->tool->api, resume->tool->journal, journal_effects(resume->tool->journal, work->id, arena, &effects, &count)))
		return false;
	if (is_too_early(portal, effects, count)) {
		resume->left++;
		return true;
	}
	/* Two works of one task follow each other. */
	if (*settle != NULL && (settle_count(*settle) == BATCH_ROWS || settle_has_task(*settle, work->task))) {
		settle_start(*settle);
		hubspot_drain(resume->tool->api);
		*settle = NULL;
	}
	if (*settle == NULL)
		*settle = new_settle(resume, portal);
	if (!settle_add_work(*settle, work, effects, count)) {
		resume->left++;
		cli_warn("task %.*s: unfinished work of another version of this program is left alone", (int)work->task.len, work->task.ptr);
	}
	return true;
}

/* -- works without a task -- */

static void on_group_done(struct group *g, void *arg)
{
	struct resume *resume = arg;
	for (size_t i = 0; i < g->count; i++) {
		const char *code;
		bool is_retryable, for_good;
		if (!group_failed(g, &g->items[i], &code, &is_retryable, &for_good)) {
			resume->finished++;
		} else if (!for_good) {
			resume->left++;
		} else {
			resume->given_up++;
			cli_warn("unfinished work of an earlier run was given up: %.*s", (int)g->items[i].message.len, g->items[i].message.ptr);
		}
	}
}

static const struct {
	const char *kind;
	void (*start)(struct group *g);
} group_kinds[] = { { "create", create_start }, { "upsert", upsert_start } };

/* False: it is of no such kind. */
static bool resume_item(struct resume *resume, const struct portal *portal, const struct journal_work *work, struct arena *arena)
{
	struct journal_effect *effects;
	struct json_error error;
	size_t kind = 0, count;
	while (kind < sizeof group_kinds / sizeof group_kinds[0] && strcmp(work->kind, group_kinds[kind].kind) != 0)
		kind++;
	if (kind == sizeof group_kinds / sizeof group_kinds[0])
		return false;
	if (!journal_ok(resume->tool->api, resume->tool->journal, journal_effects(resume->tool->journal, work->id, arena, &effects, &count)))
		return true;
	if (is_too_early(portal, effects, count)) {
		resume->left++;
		return true;
	}
	struct group *g = group_new(
		&(struct perform_context){ resume->tool->api, portal, resume->tool->journal }, group_kinds[kind].kind, on_group_done, resume);
	struct group_item *item = group_add(g, 0);
	g->is_resumed = true;
	g->now = work->now;
	item->work = work->id;
	item->body = work->body;
	item->contact = work->contact;
	item->company = work->company;
	item->email = json_string(work->body.len == 0 ? NULL : json_parse(&g->arena, work->body, &error), "email", "");
	/* An upsert is judged anew by who is there now. */
	if (kind == 0 && count > 0 && effect_from_row(&item->effect, &effects[0])) {
		item->effect.contact = work->contact;
		item->effect.company = work->company;
		item->has_effect = true;
	}
	group_kinds[kind].start(g);
	hubspot_drain(resume->tool->api);
	return true;
}

void resume_works(struct tool *tool, const struct portal *portal)
{
	struct resume resume = { .tool = tool };
	struct journal_work *works;
	size_t count;
	int64_t after = 0;
	struct arena arena;
	arena_init(&arena, MAX_ARENA_BYTES);
	do {
		struct settle *settle = NULL;
		arena_reset(&arena);
		if (!journal_ok(tool->api, tool->journal, journal_adopt(tool->journal, after, BATCH_ROWS, &arena, &works, &count)))
			break;
		for (size_t i = 0; i < count; i++) {
			after = works[i].id;
			if (!resume_item(&resume, portal, &works[i], &arena) && !add_work(&resume, portal, &settle, &works[i], &arena))
				break;
		}
		if (settle != NULL)
			settle_start(settle);
		hubspot_drain(tool->api);
	} while (count > 0 && hubspot_trouble(tool->api)->status == 0);
	arena_release(&arena);
	if (resume.finished + resume.left > 0)
		cli_note("finished the work of %zu records that earlier runs had left; %zu are left", resume.finished, resume.left);
}

/* Reserved or taken, and never printed: the claim died in between. */
void resume_leases(struct tool *tool)
{
	struct journal_lease *leases;
	struct arena arena;
	size_t count, kept = 0;
	if (hubspot_trouble(tool->api)->status != 0)
		return;
	arena_init(&arena, MAX_ARENA_BYTES);
	if (journal_ok(tool->api, tool->journal, journal_leases(tool->journal, 0, JOURNAL_RESERVED, &arena, &leases, &count))) {
		int result = 0;
		for (size_t i = 0; i < count && result == 0; i++) {
			if (journal_is_alive(tool->journal, leases[i].run) || leases[i].state == JOURNAL_EMITTED)
				continue;
			if (leases[i].state == JOURNAL_TAKEN)
				leases[kept++] = leases[i];
			else
				result = journal_drop_lease(tool->journal, leases[i].task, leases[i].token);
		}
		journal_ok(tool->api, tool->journal, result);
		if (kept > 0)
			held_start(&(struct held_options){ .api = tool->api, .journal = tool->journal }, leases, kept);
		hubspot_drain(tool->api);
	}
	arena_release(&arena);
}
