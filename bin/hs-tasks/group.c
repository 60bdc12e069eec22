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

struct group_item *group_add(struct group *g, const struct group_item *item)
{
	struct group_item *copy = &g->items[g->count++];
	*copy = *item;
	struct slice *const texts[] = { &copy->subject, &copy->body, &copy->contact, &copy->company, &copy->message, &copy->effect.object_id,
		&copy->effect.contact, &copy->effect.company, &copy->effect.input, &copy->effect.before };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = arena_copy(&g->arena, *texts[i]);
	if (g->arena.failed)
		must(NULL);
	return copy;
}

bool group_has(const struct group *g, struct slice subject)
{
	for (size_t i = 0; i < g->count; i++)
		if (slice_equal(g->items[i].subject, subject))
			return true;
	return false;
}

/* -- the journal -- */

static void break_open(struct group *g)
{
	struct slice message = arena_copy(&g->arena, slice_of(hubspot_obstacle(g->context.api)->message));
	for (size_t i = 0; i < g->count; i++)
		if (g->items[i].outcome == ROW_OPEN) {
			g->items[i].outcome = ROW_BROKEN;
			g->items[i].message = message;
		}
}

static bool commit(struct group *g, int result)
{
	if (journal_end(g->context.api, g->context.journal, result))
		return true;
	break_open(g);
	return false;
}

static int enter_work(struct group *g, struct group_item *item)
{
	struct journal_work work = {
		.kind = g->kind,
		.contact = item->contact,
		.company = item->company,
		.now = g->now,
		.body = item->body,
		.at_ms = clock_real_ms(),
	};
	int result = journal_add_work(g->context.journal, &work);
	item->work = work.id;
	return result;
}

/* What was made before, by an earlier try of the same key, has its id there. */
static int take_made(struct group *g, struct group_item *item)
{
	struct journal_effect effect = { .id = 0 };
	struct journal_work work;
	bool found = false;
	int result = 0;
	if (item->effect.state == JOURNAL_EFFECT_DONE && item->effect.object_id.len == 0)
		result = journal_find_effect(g->context.journal, item->effect.id, &g->arena, &effect, &work, &found);
	if (found)
		item->effect.object_id = effect.object_id;
	return result;
}

/* Whether all effects that come now may be written. */
static bool may_write(struct group *g)
{
	size_t count = 0;
	for (size_t i = 0; i < g->count; i++)
		count += g->items[i].has_effect && g->items[i].outcome == ROW_OPEN && (g->is_resumed || g->items[i].effect.id == 0);
	return hubspot_may_write(g->context.api, count);
}

bool group_enter(struct group *g)
{
	struct journal *journal = g->context.journal;
	if (hubspot_obstacle(g->context.api)->status != 0 || (journal != NULL && !may_write(g))) {
		break_open(g);
		return false;
	}
	if (journal == NULL)
		return true;
	int result = journal_begin(journal);
	for (size_t i = 0; i < g->count && result == 0; i++) {
		struct group_item *item = &g->items[i];
		if (item->work == 0)
			result = enter_work(g, item);
		if (result == 0 && item->outcome == ROW_OPEN && item->has_effect && (item->effect.id == 0 || item->effect.is_others))
			result = effect_enter(&item->effect, journal, item->work);
		if (result == 0)
			result = take_made(g, item);
	}
	return commit(g, result);
}

/* -- carrying out -- */

static void on_ended(struct effect *e, enum row_outcome outcome, struct slice message, void *arg)
{
	struct group *g = arg;
	struct group_item *item = e->owner;
	item->outcome = outcome;
	item->message = arena_copy(&g->arena, message);
	e->object_id = arena_copy(&g->arena, e->object_id);
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
		if (item->outcome != ROW_OPEN || !item->has_effect || item->effect.is_others)
			continue;
		item->effect.owner = item;
		effects[count++] = &item->effect;
	}
	perform(&g->context, effects, count, on_ended, on_done, g);
}

bool group_failed(const struct group *g, const struct group_item *item, const char **code, bool *is_retryable, bool *for_good)
{
	const struct hubspot_trouble *trouble = hubspot_obstacle(g->context.api);
	*for_good = false;
	*is_retryable = true;
	switch (item->outcome) {
	case ROW_OPEN:
	case ROW_OK: return false;
	case ROW_BROKEN:
		*code = trouble->code;
		*is_retryable = trouble->is_retryable;
		/* What nobody allowed is not written by a later run either. */
		*for_good = trouble == hubspot_refusal(g->context.api) && !g->is_resumed;
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
