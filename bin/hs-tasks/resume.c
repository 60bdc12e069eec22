/* What dead runs have left in the journal: pending work is finished, leases whose records nobody has seen are given back. */
#include <stdlib.h>

#include "group.h"
#include "held.h"
#include "ledger.h"
#include "settle.h"

enum { MAX_ARENA_BYTES = 256 << 20, MAX_ORPHANS = 64, LEASE_MS = 10 * MS_PER_MINUTE };

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
static bool is_too_early(struct hubspot *api, const struct portal *portal, const struct journal_effect *effects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct journal_effect *e = &effects[i];
		enum hubspot_object object;
		/* A contact is told by its address, whoever made it. */
		bool is_open = e->is_create && strcmp(e->object, "contacts") != 0 && (e->state == JOURNAL_SENT || e->state == JOURNAL_UNKNOWN);
		if (is_open && hubspot_object_find(slice_of(e->object), &object) && !portal->has_unique_key[object] &&
			hubspot_event(api, e->key, clock_real_ms() - e->sent_ms < portal->readback_ms))
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
	if (is_too_early(resume->tool->api, portal, effects, count)) {
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

static const struct kind {
	const char *name;
	bool is_judged_anew; /* by who is there now; what was not sent counts for nothing */
	void (*start)(struct group *g);
} kinds[] = { { "create", false, create_start }, { "upsert", true, upsert_start } };
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool is_unsent(const struct journal_effect *e)
{
	return e->state == JOURNAL_INTENDED || e->state == JOURNAL_REFUSED;
}

/* Adds it to the group of its kind. */
static bool add_item(struct resume *resume, const struct portal *portal, struct group **group, const struct kind *kind,
	const struct journal_work *work, struct arena *arena)
{
	struct journal *journal = resume->tool->journal;
	struct group_item item = { .work = work->id, .body = work->body, .contact = work->contact, .company = work->company };
	struct journal_effect *effects;
	struct json_error error;
	size_t count;
	if (!journal_ok(resume->tool->api, journal, journal_effects(journal, work->id, arena, &effects, &count)))
		return false;
	if (is_too_early(resume->tool->api, portal, effects, count)) {
		resume->left++;
		return true;
	}
	const struct journal_effect *last = count == 0 ? NULL : &effects[count - 1];
	if (last != NULL && !(kind->is_judged_anew && is_unsent(last)))
		item.has_effect = effect_from_row(&item.effect, last);
	else if (last != NULL && !journal_ok(resume->tool->api, journal, journal_clear_intents(journal, work->id)))
		return false;
	item.effect.contact = work->contact;
	item.effect.company = work->company;
	item.effect.is_repeatable = item.effect.is_create && item.effect.object == OBJECT_CONTACTS; /* its address is unique */
	item.subject = json_string(work->body.len == 0 ? NULL : json_parse(arena, work->body, &error), "email", "");
	if (*group == NULL) {
		*group = group_new(&(struct perform_context){ resume->tool->api, portal, journal }, kind->name, on_group_done, resume);
		(*group)->is_resumed = true;
	}
	group_add(*group, &item);
	return true;
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* A page of works, oldest first. False: the journal cannot be read. */
static bool resume_page(struct resume *resume, const struct portal *portal, const struct journal_work *works, size_t count, struct arena *arena)
{
	struct settle *settle = NULL;
	struct group *groups[KINDS] = { NULL };
	bool ok = true;
	for (size_t i = 0; i < count && ok; i++) {
		const struct kind *kind = find_kind(works[i].kind);
		if (kind != NULL)
			ok = add_item(resume, portal, &groups[kind - kinds], kind, &works[i], arena);
		else
			ok = add_work(resume, portal, &settle, &works[i], arena);
	}
	for (size_t i = 0; i < KINDS; i++)
		if (groups[i] != NULL)
			kinds[i].start(groups[i]);
	if (settle != NULL)
		settle_start(settle);
	hubspot_drain(resume->tool->api);
	return ok;
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
		arena_reset(&arena);
		if (!journal_ok(tool->api, tool->journal, journal_adopt(tool->journal, after, BATCH_ROWS, &arena, &works, &count)))
			break;
		after = count > 0 ? works[count - 1].id : after;
		if (!resume_page(&resume, portal, works, count, &arena))
			break;
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

void resume_orphans(struct tool *tool, size_t max_settlers)
{
	struct journal *journal = tool->journal;
	int64_t runs[MAX_ORPHANS];
	struct journal_lease *leases;
	struct journal_unsettled unsettled;
	struct arena arena;
	size_t run_count, count;
	if (journal == NULL || hubspot_trouble(tool->api)->status != 0 ||
		!journal_ok(tool->api, journal, journal_orphaned_claims(journal, runs, MAX_ORPHANS, &run_count)))
		return;
	arena_init(&arena, MAX_ARENA_BYTES);
	for (size_t i = 0; i < run_count; i++) {
		if (!journal_ok(tool->api, journal, journal_leases(journal, runs[i], JOURNAL_EMITTED, &arena, &leases, &count)) ||
			!journal_ok(tool->api, journal, journal_unsettled(journal, runs[i], &unsettled)))
			break;
		if (count > 0 && unsettled.live_settlers <= max_settlers)
			held_start(&(struct held_options){ .api = tool->api, .journal = journal }, leases, count);
	}
	hubspot_drain(tool->api);
	arena_release(&arena);
}
