#include "restore.h"

#include "record/write.h"

enum { MAX_TEXT_BYTES = 4 << 20, REOPEN_VALUES = 16 };

static struct slice value_of(const struct json *values, struct slice name)
{
	return json_text(json_get_slice(values, name));
}

static struct slice value_named(const struct json *values, const char *name)
{
	return json_text(json_get(values, name));
}

static size_t member_count(const struct json *values)
{
	return values == NULL || values->type != JSON_OBJECT ? 0 : values->count;
}

static const struct json *first_member(const struct json *values)
{
	return member_count(values) == 0 ? NULL : values->child;
}

static struct slice keep(struct arena *arena, struct buf *text)
{
	struct slice copy = text->failed ? (struct slice){ "", 0 } : arena_copy(arena, buf_slice(text));
	arena->failed = arena->failed || text->failed;
	buf_release(text);
	return copy;
}

static void put_name(struct buf *list, struct slice name)
{
	if (list->len > 0)
		buf_puts(list, ", ");
	buf_put_slice(list, name);
}

/* -- properties -- */

/* The place of a name among the values, which have room for it. */
static struct restore_value *find_value(struct restore_value *values, size_t *count, const struct json *now, struct slice name)
{
	for (size_t i = 0; i < *count; i++)
		if (slice_equal(values[i].name, name))
			return &values[i];
	values[*count] = (struct restore_value){ name, value_of(now, name) };
	return &values[(*count)++];
}

/* Whether the value is one that an older step saw: then a run that broke off has put the newer one back already. */
static bool is_further_back(const struct restore_step *older, size_t count, struct slice name, struct slice value)
{
	for (size_t i = 0; i < count; i++)
		if (json_get_slice(older[i].after, name) != NULL &&
			(slice_equal(value, value_of(older[i].after, name)) || slice_equal(value, value_of(older[i].before, name))))
			return true;
	return false;
}

static void decide_step(
	struct arena *arena, struct restore_step *step, size_t older_count, const struct json *now, struct restore_value *values, size_t *count)
{
	struct buf restored, left;
	struct jsonw w;
	bool any = false;
	buf_init(&restored, MAX_TEXT_BYTES);
	buf_init(&left, MAX_TEXT_BYTES);
	jsonw_init(&w, &restored);
	jsonw_object(&w);
	for (const struct json *after = first_member(step->after); after != NULL; after = after->next) {
		struct restore_value *value = find_value(values, count, now, after->name);
		struct slice before = value_of(step->before, after->name);
		bool is_known = json_get_slice(step->before, after->name) != NULL;
		if (is_known && slice_equal(value->value, before))
			continue;
		if (is_known && slice_equal(value->value, json_text(after))) {
			value->value = before;
			jsonw_name_slice(&w, after->name);
			jsonw_string(&w, before);
			any = true;
		} else if (!step->is_undone && !is_further_back(step + 1, older_count, after->name, value->value)) {
			put_name(&left, after->name);
		}
	}
	jsonw_object_end(&w);
	if (!any)
		buf_reset(&restored);
	step->restored = keep(arena, &restored);
	step->left = keep(arena, &left);
}

/* Without those that stand already. */
static size_t drop_unchanged(struct restore_value *values, size_t count, const struct json *now)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (!slice_equal(values[i].value, value_of(now, values[i].name)))
			values[kept++] = values[i];
	return kept;
}

bool restore_decide(
	struct arena *arena, struct restore_step *steps, size_t count, const struct json *now, struct restore_value **values, size_t *value_count)
{
	size_t most = 0;
	for (size_t i = 0; i < count; i++)
		most += member_count(steps[i].after);
	*value_count = 0;
	*values = arena_alloc(arena, (most + 1) * sizeof **values);
	if (*values == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		decide_step(arena, &steps[i], count - i - 1, now, *values, value_count);
	*value_count = drop_unchanged(*values, *value_count, now);
	return !arena->failed;
}

/* -- what was made -- */

struct slice restore_why_kept(struct arena *arena, bool is_task, const struct json *made, const struct json *now)
{
	struct buf changed;
	struct slice status = value_named(now, "hs_task_status");
	if (is_task && !slice_is(status, "NOT_STARTED"))
		return arena_printf(arena, "it is %.*s by now", (int)status.len, status.ptr);
	if (is_task && value_named(now, "leadpipe_lease").len > 0)
		return slice_of("it is claimed");
	buf_init(&changed, MAX_TEXT_BYTES);
	for (const struct json *value = first_member(made); value != NULL; value = value->next)
		if (!slice_equal(json_text(value), value_of(now, value->name)))
			put_name(&changed, value->name);
	struct slice names = keep(arena, &changed);
	return names.len == 0 ? names : arena_printf(arena, "changed since: %.*s", (int)names.len, names.ptr);
}

/* -- status -- */

bool restore_reopen(struct arena *arena, const struct restore_step *step, const struct json *now, struct restore_value **values, size_t *value_count,
	struct slice *why)
{
	static const struct restore_value fresh[] = {
		{ SLICE("hs_task_status"), SLICE("NOT_STARTED") },
		{ SLICE("leadpipe_lease"), SLICE("") },
		{ SLICE("leadpipe_expires"), SLICE("") },
		{ SLICE("leadpipe_attempt"), SLICE("") },
		{ SLICE("leadpipe_retry_at"), SLICE("") },
		{ SLICE("leadpipe_reason"), SLICE("") },
	};
	static const char *const beside[] = { "hs_timestamp", "hs_task_body", "hubspot_owner_id" };
	struct slice status = value_named(now, "hs_task_status"), done = value_named(step->after, "leadpipe_done");
	size_t count = 0;
	*why = slice_of("");
	*value_count = 0;
	*values = arena_alloc(arena, REOPEN_VALUES * sizeof **values);
	if (*values == NULL)
		return false;
	if (slice_is(status, "NOT_STARTED") && value_named(now, "leadpipe_lease").len == 0 &&
		!slice_is(value_named(step->after, "hs_task_status"), "NOT_STARTED"))
		return true; /* it was opened again already */
	if (!slice_equal(status, value_named(step->after, "hs_task_status")) ||
		(done.len > 0 && !slice_equal(done, value_named(now, "leadpipe_done")))) {
		*why = arena_printf(arena, "worked since: it is %.*s", (int)status.len, status.ptr);
		return !arena->failed;
	}
	for (; count < sizeof fresh / sizeof fresh[0]; count++)
		(*values)[count] = fresh[count];
	for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
		struct slice after = value_named(step->after, beside[i]);
		if (json_get(step->after, beside[i]) != NULL && json_get(step->before, beside[i]) != NULL &&
			slice_equal(after, value_named(now, beside[i])))
			(*values)[count++] = (struct restore_value){ slice_of(beside[i]), value_named(step->before, beside[i]) };
	}
	*value_count = drop_unchanged(*values, count, now);
	return true;
}
