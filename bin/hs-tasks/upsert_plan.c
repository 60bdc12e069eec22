#include "upsert_plan.h"

#include "record/write.h"

enum { MAX_INPUT_BYTES = 4 << 20 };

static const struct json *parse(struct arena *arena, struct slice text)
{
	struct json_error error;
	return json_parse(arena, text, &error);
}

static bool is_named(const struct json *list, struct slice name)
{
	for (const struct json *item = list == NULL ? NULL : list->child; item != NULL; item = item->next)
		if (slice_equal(json_text(item), name))
			return true;
	return false;
}

/* Whether the value that stands there came from an earlier record. */
static bool is_ours(struct arena *arena, const struct slice *earlier, size_t count, struct slice name, struct slice now)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(json_text(json_get_slice(json_get(parse(arena, earlier[i]), "properties"), name)), now))
			return true;
	return false;
}

static void put_before(struct jsonw *w, struct slice name, const struct json *now)
{
	jsonw_name_slice(w, name);
	if (now == NULL || now->type == JSON_NULL)
		jsonw_null(w);
	else
		jsonw_string(w, json_text(now));
}

bool upsert_plan(
	struct upsert_plan *plan, struct arena *arena, struct slice body, const struct json *current, const struct slice *earlier, size_t count)
{
	const struct json *root = parse(arena, body), *properties = json_get(root, "properties"), *fill = json_get(root, "fill");
	struct buf input, before;
	struct jsonw in, was;
	*plan = (struct upsert_plan){ .stands = current != NULL };
	buf_init(&input, MAX_INPUT_BYTES);
	buf_init(&before, MAX_INPUT_BYTES);
	jsonw_init(&in, &input);
	jsonw_init(&was, &before);
	jsonw_object(&in);
	jsonw_object(&was);
	jsonw_name(&in, "properties");
	jsonw_object(&in);
	for (const struct json *value = properties == NULL ? NULL : properties->child; value != NULL; value = value->next) {
		const struct json *now = json_get_slice(current, value->name);
		struct slice text = json_text(now);
		if (text.len > 0 && is_named(fill, value->name) && !is_ours(arena, earlier, count, value->name, text))
			continue;
		plan->count++;
		plan->stands = plan->stands && slice_equal(text, json_text(value));
		jsonw_name_slice(&in, value->name);
		jsonw_string(&in, json_text(value));
		put_before(&was, value->name, now);
	}
	if (current == NULL)
		jsonw_put_string(&in, "email", json_string(root, "email", ""));
	jsonw_object_end(&in);
	jsonw_object_end(&in);
	jsonw_object_end(&was);
	plan->input = arena_copy(arena, buf_slice(&input));
	plan->before = arena_copy(arena, buf_slice(&before));
	bool ok = !input.failed && !before.failed && !arena->failed;
	buf_release(&input);
	buf_release(&before);
	return ok;
}
