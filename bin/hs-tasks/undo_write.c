/* Reads what is to be taken back, decides object by object, and writes what it may. */
#include <stdlib.h>

#include "base/cli.h"
#include "idmap.h"
#include "perform.h"
#include "record/write.h"
#include "undo.h"

enum { MAX_TEXT_BYTES = 16 << 20 };

/* Up to a hundred objects of one type on their way. */
struct chunk {
	struct undo *u;
	enum hubspot_object type;
	struct undo_object *objects[BATCH_ROWS];
	size_t count;
	unsigned open;
};

/* What decides about a task, whatever its effects changed. */
static const char *const task_names[] = { "hs_task_status", "leadpipe_lease", "leadpipe_expires", "leadpipe_attempt", "leadpipe_retry_at",
	"leadpipe_reason", "leadpipe_done" };

static struct slice keep(struct undo *u, struct buf *text)
{
	struct slice copy = arena_copy(&u->arena, buf_slice(text));
	if (text->failed || u->arena.failed)
		must(NULL);
	buf_release(text);
	return copy;
}

static void settle(struct undo_item *item, enum undo_outcome outcome, struct slice reason)
{
	item->outcome = outcome;
	item->reason = reason;
}

static void settle_all(struct undo *u, struct undo_object *object, enum undo_outcome outcome, struct slice reason)
{
	reason = arena_copy(&u->arena, reason);
	for (struct undo_item *item = object->newest; item != NULL; item = item->older)
		settle(item, outcome, reason);
}

/* -- deciding -- */

static struct slice put_values(struct undo *u, const struct restore_value *values, size_t count, const struct json *now)
{
	struct buf text;
	struct jsonw w;
	buf_init(&text, MAX_TEXT_BYTES);
	jsonw_init(&w, &text);
	jsonw_object(&w);
	for (size_t i = 0; i < count; i++) {
		jsonw_name_slice(&w, values[i].name);
		jsonw_string(&w, now == NULL ? values[i].value : json_text(json_get_slice(now, values[i].name)));
	}
	jsonw_object_end(&w);
	return keep(u, &text);
}

static void set_effect(
	struct undo *u, struct undo_object *object, const char *name, const struct restore_value *values, size_t count, const struct json *now)
{
	object->effect = (struct effect){ .name = name, .object = object->object, .object_id = object->id, .owner = object };
	if (count == 0)
		return;
	struct slice properties = put_values(u, values, count, NULL);
	object->effect.before = put_values(u, values, count, now);
	object->effect.input = arena_printf(&u->arena, "{\"properties\":%.*s}", (int)properties.len, properties.ptr);
}

static struct restore_step step_of(const struct undo_item *item)
{
	return (struct restore_step){ .before = item->before, .after = item->after, .is_undone = item->state == JOURNAL_UNDONE };
}

static void decide_properties(struct undo *u, struct undo_object *object, const struct json *now)
{
	struct restore_step *steps = must(arena_alloc(&u->arena, object->count * sizeof *steps));
	struct restore_value *values;
	const char *name = NULL;
	size_t count = 0, value_count;
	for (const struct undo_item *item = object->newest; item != NULL; item = item->older)
		if (item->kind == UNDO_PROPERTIES) {
			steps[count++] = step_of(item);
			name = name == NULL ? item->name : name;
		}
	if (count == 0)
		return;
	if (!restore_decide(&u->arena, steps, count, now, &values, &value_count))
		must(NULL);
	set_effect(u, object, name, values, value_count, now);
	const struct restore_step *step = steps;
	for (struct undo_item *item = object->newest; item != NULL; item = item->older) {
		if (item->kind != UNDO_PROPERTIES)
			continue;
		item->restored = step->restored;
		item->is_undone = step->left.len == 0;
		if (item->is_undone)
			settle(item, UNDO_RESTORED, slice_of(""));
		else
			settle(item, step->restored.len > 0 ? UNDO_RESTORED : UNDO_SKIPPED,
				arena_printf(&u->arena, "changed since: %.*s", (int)step->left.len, step->left.ptr));
		step++;
	}
}

/* The newest status decides: those before it are its task's past. */
static void decide_status(struct undo *u, struct undo_object *object, const struct json *now)
{
	struct restore_step step = step_of(object->newest);
	struct restore_value *values;
	struct slice why;
	size_t count;
	if (!restore_reopen(&u->arena, &step, now, &values, &count, &why))
		must(NULL);
	set_effect(u, object, "reopen", values, count, now);
	settle_all(u, object, why.len > 0 ? UNDO_SKIPPED : UNDO_RESTORED, why);
	if (count > 0)
		object->newest->restored = put_values(u, values, count, NULL);
	for (struct undo_item *item = object->newest; item != NULL && why.len == 0; item = item->older)
		item->is_undone = true;
}

static struct undo_item *find_create(const struct undo_object *object)
{
	struct undo_item *item = object->newest;
	while (item != NULL && item->kind != UNDO_CREATE)
		item = item->older;
	return item;
}

/* Between this reading and the archiving nobody can take a task for good: who writes a token now reads it back a settle time later, and finds the task gone. */
static void decide(struct undo *u, struct undo_object *object, const struct json *now)
{
	struct undo_item *create = find_create(object);
	if (create != NULL) {
		struct slice why = restore_why_kept(&u->arena, object->object == OBJECT_TASKS, create->after, now);
		object->is_archived = why.len == 0;
		if (object->is_archived) {
			object->effect = (struct effect){ .name = "archive", .object = object->object, .object_id = object->id, .owner = object };
			object->effect.before = create->after == NULL ? (struct slice){ "", 0 } : create->after->raw;
			settle_all(u, object, UNDO_ARCHIVED, (struct slice){ "", 0 });
			create->is_undone = true;
			return;
		}
		settle(create, UNDO_SKIPPED, why);
	}
	if (object->newest->kind == UNDO_STATUS) {
		decide_status(u, object, now);
		return;
	}
	decide_properties(u, object, now);
	for (struct undo_item *item = object->newest; item != NULL; item = item->older)
		if (item->kind == UNDO_STATUS) {
			settle(item, UNDO_SKIPPED, slice_of("a later change of the task is taken back instead"));
			item->is_expected = true;
		}
}

/* -- writing -- */

static int enter(const struct undo *u, struct undo_object *object)
{
	const struct undo_item *item = object->newest;
	struct journal_work work = {
		.kind = "undo",
		.task = item->task,
		.contact = item->contact,
		.company = item->company,
		.route = item->route,
		.reason = slice_of(u->reason),
		.at_ms = clock_real_ms(),
	};
	/* Nobody finishes it after a crash: the same undo, run again, finds what is left to do. */
	if (journal_add_work(u->tool.journal, &work) != 0 || journal_work_ended(u->tool.journal, work.id, JOURNAL_DONE) != 0 ||
		effect_enter(&object->effect, u->tool.journal, work.id) != 0)
		return -1;
	return object->is_archived ? journal_effect_sent(u->tool.journal, object->effect.id, clock_real_ms(), object->effect.before) : 0;
}

static int enter_undone(const struct undo *u, const struct undo_object *object)
{
	int result = 0;
	struct slice none = { "", 0 };
	for (const struct undo_item *item = object->newest; item != NULL && result == 0; item = item->older)
		if (item->is_undone && item->outcome != UNDO_FAILED)
			result = journal_effect_ended(u->tool.journal, item->id, JOURNAL_UNDONE, none, none);
	return result;
}

static void step_done(struct chunk *c)
{
	if (--c->open > 0)
		return;
	int result = hubspot_is_dry_run(c->u->tool.api) ? 0 : journal_begin(c->u->tool.journal);
	for (size_t i = 0; i < c->count && result == 0 && !hubspot_is_dry_run(c->u->tool.api); i++)
		result = enter_undone(c->u, c->objects[i]);
	if (!hubspot_is_dry_run(c->u->tool.api))
		journal_end(c->u->tool.api, c->u->tool.journal, result);
	free(c);
}

/* What was decided could not be written; what was left alone anyway keeps its reason. */
static void fail(struct undo *u, struct undo_object *object, struct slice message)
{
	message = arena_copy(&u->arena, message);
	for (struct undo_item *item = object->newest; item != NULL; item = item->older)
		if (item->outcome != UNDO_SKIPPED)
			settle(item, UNDO_FAILED, message);
}

static void on_restored(struct effect *e, enum row_outcome outcome, struct slice message, void *arg)
{
	struct chunk *c = arg;
	if (outcome != ROW_OK)
		fail(c->u, e->owner, message);
}

static void on_all_restored(void *arg)
{
	step_done(arg);
}

static void on_archived(struct batch *batch, void *arg)
{
	struct chunk *c = arg;
	struct slice none = { "", 0 };
	int result = journal_begin(c->u->tool.journal);
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct undo_object *object = row->arg;
		enum journal_effect_state state = row->outcome == ROW_OK ? JOURNAL_EFFECT_DONE
			: row->outcome == ROW_REFUSED                    ? JOURNAL_REFUSED
									 : JOURNAL_UNKNOWN;
		if (row->outcome != ROW_OK)
			fail(c->u, object, row->message);
		if (result == 0)
			result = journal_effect_ended(c->u->tool.journal, object->effect.id, state, none, none);
	}
	journal_end(c->u->tool.api, c->u->tool.journal, result);
	step_done(c);
}

static bool is_written(const struct undo_object *object)
{
	return object->is_archived || object->effect.input.len > 0;
}

/* Whether all that is decided may be written; else it fails. */
static bool may_write(struct chunk *c)
{
	struct hubspot *api = c->u->tool.api;
	size_t count = 0;
	for (size_t i = 0; i < c->count; i++)
		count += is_written(c->objects[i]);
	if (hubspot_may_write(api, count))
		return true;
	for (size_t i = 0; i < c->count; i++)
		if (is_written(c->objects[i]))
			fail(c->u, c->objects[i], slice_of(hubspot_refusal(api)->message));
	return false;
}

static void write_chunk(struct chunk *c)
{
	struct undo *u = c->u;
	if (!may_write(c))
		return;
	struct effect *effects[BATCH_ROWS];
	struct batch *archive = NULL;
	size_t count = 0;
	int result = journal_begin(u->tool.journal);
	for (size_t i = 0; i < c->count && result == 0; i++) {
		struct undo_object *object = c->objects[i];
		if (is_written(object))
			result = enter(u, object);
		if (object->is_archived) {
			archive = archive == NULL ? batch_new(u->tool.api, c->type, BATCH_ARCHIVE) : archive;
			batch_add(archive, object->id, (struct slice){ NULL, 0 }, object);
		} else if (object->effect.input.len > 0) {
			effects[count++] = &object->effect;
		}
	}
	/* Where the journal cannot be written the client is out of service by now, and nothing is sent. */
	journal_end(u->tool.api, u->tool.journal, result);
	c->open += (archive != NULL ? 1U : 0) + (count > 0 ? 1U : 0);
	if (archive != NULL)
		batch_send(archive, on_archived, c);
	if (count > 0)
		perform(&(struct perform_context){ u->tool.api, &u->portal, u->tool.journal }, effects, count, on_restored, on_all_restored, c);
}

/* -- reading -- */

static void take_missing(struct undo *u, struct undo_object *object)
{
	settle_all(u, object, UNDO_SKIPPED, slice_of("the object is gone"));
	struct undo_item *create = find_create(object);
	if (create == NULL)
		return;
	settle_all(u, object, UNDO_ARCHIVED, slice_of("it was gone already"));
	create->is_undone = true;
}

static void on_read(struct batch *batch, void *arg)
{
	struct chunk *c = arg;
	struct undo *u = c->u;
	struct json_error error;
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct undo_object *object = row->arg;
		if (row->outcome == ROW_OK)
			decide(u, object, json_get(json_parse(&u->arena, arena_copy(&u->arena, row->result->raw), &error), "properties"));
		else if (row->outcome == ROW_MISSING)
			take_missing(u, object);
		else
			settle_all(u, object, UNDO_FAILED, row->message);
	}
	if (u->arena.failed)
		must(NULL);
	if (!hubspot_is_dry_run(u->tool.api))
		write_chunk(c);
	step_done(c);
}

static void put_name(struct buf *list, struct idmap *seen, struct slice name)
{
	size_t before = seen->count;
	idmap_add(seen, name, 1);
	if (seen->count == before)
		return;
	buf_putc(list, before == 0 ? '[' : ',');
	json_quote(list, name);
}

static struct slice names_of(const struct chunk *c)
{
	struct buf list;
	struct idmap seen = { 0 };
	buf_init(&list, MAX_TEXT_BYTES);
	for (size_t i = 0; c->type == OBJECT_TASKS && i < sizeof task_names / sizeof task_names[0]; i++)
		put_name(&list, &seen, slice_of(task_names[i]));
	for (size_t i = 0; i < c->count; i++)
		for (const struct undo_item *item = c->objects[i]->newest; item != NULL; item = item->older)
			for (const struct json *value = item->after == NULL ? NULL : item->after->child; value != NULL; value = value->next)
				put_name(&list, &seen, value->name);
	buf_puts(&list, seen.count == 0 ? "[]" : "]");
	idmap_release(&seen);
	return keep(c->u, &list);
}

static void start(struct chunk *c)
{
	struct batch *batch = batch_new(c->u->tool.api, c->type, BATCH_READ);
	batch->properties = names_of(c);
	batch->op = "crm.before";
	for (size_t i = 0; i < c->count; i++)
		batch_add(batch, c->objects[i]->id, (struct slice){ NULL, 0 }, c->objects[i]);
	c->open = 1;
	batch_send(batch, on_read, c);
}

static enum undo_phase phase_of(const struct undo_object *object)
{
	if (find_create(object) != NULL)
		return UNDO_MADE;
	return object->object == OBJECT_TASKS ? UNDO_TASKS : UNDO_CHANGED;
}

void undo_objects(struct undo *u, enum undo_phase phase)
{
	for (int type = 0; type < OBJECT_COUNT; type++) {
		struct chunk *c = NULL;
		for (size_t i = 0; i < u->object_count; i++) {
			struct undo_object *object = &u->objects[i];
			if (object->object != (enum hubspot_object)type || phase_of(object) != phase)
				continue;
			if (c == NULL) {
				c = must(calloc(1, sizeof *c));
				c->u = u;
				c->type = object->object;
			}
			c->objects[c->count++] = object;
			if (c->count < BATCH_ROWS)
				continue;
			start(c);
			c = NULL;
		}
		if (c != NULL)
			start(c);
	}
	hubspot_drain(u->tool.api);
}
