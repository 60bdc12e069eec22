#include "group.h"

#include <stdlib.h>

#include "base/cli.h"

enum { MAX_ARENA_BYTES = 256 << 20 };

struct group *group_new(const struct perform_context *context, const char *kind, void (*done)(struct group *g, void *arg), void *arg)
{
	struct group *g = must(calloc(1, sizeof *g));
	g->context = *context;
	g->kind = kind;
	g->done = done;
	g->arg = arg;
	arena_init(&g->arena, MAX_ARENA_BYTES);
	return g;
}

struct group_item *group_add(struct group *g, uint64_t ticket)
{
	struct group_item *item = &g->items[g->count++];
	*item = (struct group_item){ .ticket = ticket };
	return item;
}

void group_end_open(struct group *g, enum row_outcome outcome, struct slice message)
{
	struct slice copy = arena_copy(&g->arena, message);
	for (size_t i = 0; i < g->count; i++)
		if (g->items[i].outcome == ROW_OPEN) {
			g->items[i].outcome = outcome;
			g->items[i].message = copy;
		}
}

/* Ends the transaction; a journal that cannot be written ends everything. */
static bool commit(struct group *g, int result)
{
	struct journal *journal = g->context.journal;
	if (result == 0)
		result = journal_commit(journal);
	if (journal_ok(g->context.api, journal, result))
		return true;
	journal_roll_back(journal);
	group_end_open(g, ROW_BROKEN, slice_of(hubspot_trouble(g->context.api)->message));
	return false;
}

bool group_enter_works(struct group *g)
{
	struct journal *journal = g->context.journal;
	if (journal == NULL || g->is_resumed)
		return true;
	int result = journal_begin(journal);
	for (size_t i = 0; i < g->count && result == 0; i++) {
		struct group_item *item = &g->items[i];
		struct journal_work work = { .kind = g->kind,
			.contact = item->contact,
			.company = item->company,
			.now = g->now,
			.body = item->body,
			.at_ms = clock_real_ms() };
		result = journal_add_work(journal, &work);
		item->work = work.id;
	}
	return commit(g, result);
}

bool group_enter_effects(struct group *g)
{
	struct journal *journal = g->context.journal;
	if (journal == NULL)
		return true;
	int result = journal_begin(journal);
	for (size_t i = 0; i < g->count && result == 0; i++) {
		struct group_item *item = &g->items[i];
		if (item->outcome == ROW_OPEN && item->has_effect && item->effect.id == 0)
			result = effect_enter(&item->effect, journal, item->work);
	}
	return commit(g, result);
}

static void on_ended(struct effect *e, enum row_outcome outcome, struct slice message, void *arg)
{
	struct group *g = arg;
	struct group_item *item = e->owner;
	item->outcome = outcome;
	item->message = arena_copy(&g->arena, message);
}

static void on_done(void *arg)
{
	struct group *g = arg;
	g->next(g);
}

void group_perform(struct group *g)
{
	struct effect *effects[BATCH_ROWS];
	size_t count = 0;
	for (size_t i = 0; i < g->count; i++) {
		struct group_item *item = &g->items[i];
		if (item->outcome != ROW_OPEN || !item->has_effect)
			continue;
		item->effect.owner = item;
		effects[count++] = &item->effect;
	}
	perform(&g->context, effects, count, on_ended, on_done, g);
}

bool group_failed(const struct group *g, const struct group_item *item, const char **code, bool *is_retryable, bool *for_good)
{
	const struct hubspot_trouble *trouble = hubspot_trouble(g->context.api);
	*for_good = false;
	*is_retryable = true;
	switch (item->outcome) {
	case ROW_OPEN:
	case ROW_OK: return false;
	case ROW_BROKEN:
		*code = trouble->code;
		*is_retryable = trouble->is_retryable;
		break;
	case ROW_FAILED: *code = "service_down"; break;
	case ROW_UNKNOWN: *code = "unknown"; break;
	default:
		*code = "crm_refused";
		*is_retryable = false;
		*for_good = true;
	}
	return true;
}

void group_finish(struct group *g)
{
	struct journal *journal = g->context.journal;
	const char *code;
	bool is_retryable, for_good;
	if (journal != NULL) {
		int result = journal_begin(journal);
		for (size_t i = 0; i < g->count && result == 0; i++) {
			const struct group_item *item = &g->items[i];
			bool failed = group_failed(g, item, &code, &is_retryable, &for_good);
			/* A record that is printed ends its work when it has been (ended.h); one of an earlier run is printed no more. */
			if (item->work != 0 && (!failed || (for_good && g->is_resumed)))
				result = journal_work_ended(journal, item->work, failed ? JOURNAL_FAILED : JOURNAL_DONE);
		}
		commit(g, result);
	}
	g->done(g, g->arg);
	arena_release(&g->arena);
	free(g);
}
