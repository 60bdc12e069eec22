#include "perform.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "idmap.h"
#include "perform_chunk.h"
#include "record/write.h"

enum { MAX_ARENA_BYTES = 256 << 20 };

bool journal_ok(struct hubspot *api, struct journal *journal, int result)
{
	char message[JOURNAL_ERROR_BYTES + 32];
	if (result == 0 || journal == NULL)
		return true;
	snprintf(message, sizeof message, "journal: %s", journal_error(journal));
	hubspot_fail(api, EXIT_IO_FAILED, "io_failed", true, message);
	return false;
}

bool journal_end(struct hubspot *api, struct journal *journal, int result)
{
	if (journal == NULL)
		return true;
	if (result == 0)
		result = journal_commit(journal);
	if (journal_ok(api, journal, result))
		return true;
	journal_roll_back(journal);
	return false;
}

static void step_done(struct perform *p)
{
	if (--p->open > 0)
		return;
	p->done(p->arg);
	arena_release(&p->arena);
	free(p->effects);
	free(p);
}

static void end(struct perform *p, struct effect *e, enum row_outcome outcome, struct slice message)
{
	p->ended(e, outcome, message, p->arg);
}

void chunk_end_target(struct chunk *c, struct target *t, enum row_outcome outcome, struct slice message)
{
	for (struct effect *e = t->first; e != NULL; e = e->peer)
		end(c->p, e, outcome, message);
	t->is_ended = true;
}

const struct json *perform_parse(struct perform *p, struct slice text)
{
	struct json_error error;
	return text.len == 0 ? NULL : json_parse(&p->arena, text, &error);
}

const struct json *perform_properties(struct perform *p, const struct effect *e)
{
	return json_get(perform_parse(p, e->input), "properties");
}

/* -- the journal -- */

struct slice perform_values(struct perform *p, const struct effect *e, const struct json *values, const struct json *other)
{
	struct buf text;
	struct jsonw w;
	const struct json *wanted = perform_properties(p, e);
	buf_init(&text, PERFORM_INPUT_BYTES);
	jsonw_init(&w, &text);
	jsonw_object(&w);
	for (const struct json *value = wanted == NULL ? NULL : wanted->child; value != NULL; value = value->next) {
		const struct json *known = json_get_slice(values, value->name);
		known = known == NULL ? json_get_slice(other, value->name) : known;
		jsonw_name_slice(&w, value->name);
		if (known == NULL || known->type == JSON_NULL)
			jsonw_null(&w);
		else
			jsonw_string(&w, json_text(known));
	}
	jsonw_object_end(&w);
	struct slice copy = arena_copy(&p->arena, buf_slice(&text));
	buf_release(&text);
	return copy;
}

void perform_enter_sending(struct chunk *c)
{
	struct perform *p = c->p;
	struct journal *journal = p->context.journal;
	int64_t now_ms = clock_real_ms();
	if (journal == NULL)
		return;
	int result = journal_begin(journal);
	for (size_t i = 0; i < c->count && result == 0; i++)
		for (struct effect *e = c->targets[i].is_ended ? NULL : c->targets[i].first; e != NULL && result == 0; e = e->peer) {
			if (e->before.len == 0 && c->targets[i].current != NULL)
				e->before = perform_values(p, e, c->targets[i].current, NULL);
			e->sent_ms = now_ms;
			result = journal_effect_sent(journal, e->id, now_ms, e->before);
		}
	perform_commit(p, result);
}

int perform_enter_end(const struct perform *p, struct effect *e, enum journal_effect_state state, struct slice object_id, struct slice after)
{
	e->state = state;
	return p->context.journal == NULL ? 0 : journal_effect_ended(p->context.journal, e->id, state, object_id, after);
}

int perform_begin(const struct perform *p)
{
	return p->context.journal == NULL ? 0 : journal_begin(p->context.journal);
}

void perform_commit(const struct perform *p, int result)
{
	journal_end(p->context.api, p->context.journal, result);
}

/* -- chunks -- */

struct chunk *chunk_new(struct perform *p, enum hubspot_object object, bool is_repeatable)
{
	struct chunk *c = must(arena_new(&p->arena, struct chunk));
	c->p = p;
	c->object = object;
	c->is_repeatable = is_repeatable;
	p->open++;
	return c;
}

void chunk_done(struct chunk *c)
{
	step_done(c->p);
}

struct target *chunk_add(struct chunk *c, struct slice id, struct effect *e)
{
	struct target *t = &c->targets[c->count++];
	e->peer = NULL;
	*t = (struct target){ .id = id, .first = e, .end = &e->peer };
	return t;
}

/* -- dividing the work -- */

static void start_update_chunks(struct perform *p, enum hubspot_object object)
{
	struct idmap places = { 0 };
	struct chunk *chunk = NULL, **open = must(arena_alloc(&p->arena, (p->count / BATCH_ROWS + 1) * sizeof(struct chunk *)));
	struct target **found = must(arena_alloc(&p->arena, (p->count + 1) * sizeof(struct target *)));
	size_t open_count = 0, found_count = 0;
	for (size_t i = 0; i < p->count; i++) {
		struct effect *e = p->effects[i];
		if (e == NULL || e->is_create || e->object != object)
			continue;
		p->effects[i] = NULL;
		size_t at = idmap_get(&places, e->object_id);
		if (at != idmap_none) {
			*found[at]->end = e;
			e->peer = NULL;
			found[at]->end = &e->peer;
			continue;
		}
		if (chunk == NULL || chunk->count == BATCH_ROWS)
			open[open_count++] = chunk = chunk_new(p, object, false);
		found[found_count] = chunk_add(chunk, e->object_id, e);
		idmap_add(&places, e->object_id, found_count++);
	}
	idmap_release(&places);
	for (size_t i = 0; i < open_count; i++)
		chunk_update(open[i]);
}

/* What was sent by a process that died is looked for first, where nothing unique tells. */
static void start_create_chunks(struct perform *p, enum hubspot_object object, bool is_repeatable, bool is_sent)
{
	struct chunk *chunk = NULL;
	for (size_t i = 0; i < p->count; i++) {
		struct effect *e = p->effects[i];
		bool repeatable = e != NULL && (e->is_repeatable || p->context.portal->has_unique_key[object]);
		if (e == NULL || e->object != object || repeatable != is_repeatable || e->is_resumed != is_sent)
			continue;
		p->effects[i] = NULL;
		chunk = chunk == NULL ? chunk_new(p, object, is_repeatable) : chunk;
		chunk_add(chunk, slice_of(e->key), e);
		if (chunk->count < BATCH_ROWS)
			continue;
		(is_sent && !is_repeatable ? chunk_look : chunk_create)(chunk);
		chunk = NULL;
	}
	if (chunk != NULL)
		(is_sent && !is_repeatable ? chunk_look : chunk_create)(chunk);
}

static void begin_work(void *arg)
{
	struct perform *p = arg;
	for (size_t i = 0; i < p->count; i++)
		if (p->effects[i]->state == JOURNAL_EFFECT_DONE) {
			end(p, p->effects[i], ROW_OK, (struct slice){ "", 0 });
			p->effects[i] = NULL;
		}
	for (int i = 0; i < OBJECT_COUNT; i++) {
		enum hubspot_object object = (enum hubspot_object)i;
		start_update_chunks(p, object);
		for (int kind = 0; kind < 4; kind++)
			start_create_chunks(p, object, (kind & 1) != 0, (kind & 2) != 0);
	}
	step_done(p);
}

void perform(const struct perform_context *context, struct effect *const *effects, size_t count,
	void (*ended)(struct effect *effect, enum row_outcome outcome, struct slice message, void *arg), void (*done)(void *arg), void *arg)
{
	struct perform *p = must(calloc(1, sizeof *p));
	p->context = *context;
	p->effects = must(calloc(count + 1, sizeof(struct effect *)));
	for (size_t i = 0; i < count; i++)
		p->effects[i] = effects[i];
	p->count = count;
	p->ended = ended;
	p->done = done;
	p->arg = arg;
	p->open = 1;
	arena_init(&p->arena, MAX_ARENA_BYTES);
	hubspot_at(context->api, 0, begin_work, p);
}
