#include "rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sha256.h"

#include "compile.h"

enum { ARENA_MAX_BYTES = 64 << 20 };

/* -- messages -- */

bool compile_bad(struct compiler *c, const struct json *at, const char *where, const char *format, ...)
{
	va_list args;
	int len = snprintf(c->error, RULES_ERROR_BYTES, "%s:%u: %s%s", c->path, at == NULL ? 1 : at->line, where, where[0] == '\0' ? "" : ": ");
	va_start(args, format);
	if (len >= 0 && len < RULES_ERROR_BYTES)
		vsnprintf(c->error + len, RULES_ERROR_BYTES - (size_t)len, format, args);
	va_end(args);
	return false;
}

bool compile_no_memory(struct compiler *c)
{
	snprintf(c->error, RULES_ERROR_BYTES, "%s: out of memory", c->path);
	return false;
}

const char *compile_place(struct compiler *c, const char *format, ...)
{
	char text[WHERE_BYTES];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	size_t kept = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
	char *copy = arena_strdup(&c->rules->arena, (struct slice){ text, kept });
	return copy == NULL ? "" : copy;
}

static void list_known(const char *const *known, char *text, size_t size)
{
	size_t len = 0;
	text[0] = '\0';
	for (; *known != NULL && len < size; known++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", len == 0 ? "" : ", ", *known);
}

bool compile_members(struct compiler *c, const struct json *object, const char *where, const char *const *known)
{
	char list[RULES_ERROR_BYTES / 2];
	list_known(known, list, sizeof list);
	if (object->type != JSON_OBJECT)
		return compile_bad(c, object, where, "not an object; write {...} with some of: %s", list);
	for (const struct json *item = object->child; item != NULL; item = item->next) {
		size_t i = 0;
		while (known[i] != NULL && !slice_is(item->name, known[i]))
			i++;
		if (known[i] == NULL)
			return compile_bad(c, item, where, "unknown member \"%.*s\"; known here: %s", (int)item->name.len, item->name.ptr, list);
		if (json_get_slice(object, item->name) != item)
			return compile_bad(c, item, where, "member \"%s\" is there twice; remove one", known[i]);
	}
	return true;
}

struct slice compile_quote(struct compiler *c, struct slice text)
{
	struct buf quoted;
	buf_init(&quoted, 8 * (size_t)RULES_MAX_BYTES);
	json_quote(&quoted, text);
	struct slice copy = quoted.failed ? (struct slice){ "", 0 } : arena_copy(&c->rules->arena, buf_slice(&quoted));
	buf_release(&quoted);
	return copy;
}

/* The text of a member that must be a string with something in it. */
static bool take_text(struct compiler *c, const struct json *object, const char *where, const char *name, struct slice *text)
{
	const struct json *value = json_get(object, name);
	if (value == NULL)
		return compile_bad(c, object, where, "has no \"%s\"; add it", name);
	if (value->type != JSON_STRING || value->string.len == 0)
		return compile_bad(c, value, where, "\"%s\" wants a string in quotes that is not empty", name);
	*text = value->string;
	return true;
}

static bool take_whole(struct compiler *c, const struct json *object, const char *where, const char *name, int64_t *number)
{
	const struct json *value = json_get(object, name);
	if (value == NULL)
		return compile_bad(c, object, where, "has no \"%s\"; add it", name);
	for (size_t i = 0; value->type == JSON_NUMBER && i < value->raw.len; i++)
		if (strchr(".eE", value->raw.ptr[i]) != NULL)
			return compile_bad(c, value, where, "\"%s\" wants a whole number, not %.*s", name, (int)value->raw.len, value->raw.ptr);
	if (!json_int(value, number) || *number > RULES_MAX_POINTS || *number < -RULES_MAX_POINTS)
		return compile_bad(
			c, value, where, "\"%s\" wants a whole number from %d to %d, without quotes", name, -RULES_MAX_POINTS, RULES_MAX_POINTS);
	return true;
}

/* -- rules -- */

static struct step *add_step(struct rules *rules, enum step_kind kind)
{
	struct step *step = &rules->steps[rules->step_count++];
	*step = (struct step){ .kind = kind, .input = RULES_NONE, .next = rules->step_count };
	return step;
}

static bool read_rule(struct compiler *c, const struct json *item, const char *where)
{
	static const char *const known[] = { "rule", "if", "points", "about", NULL };
	struct slice name = { NULL, 0 };
	if (!compile_members(c, item, where, known) || !take_text(c, item, where, "rule", &name))
		return false;
	struct slice name_json = compile_quote(c, name);
	for (size_t i = 0; i < c->rules->step_count; i++)
		if (c->rules->steps[i].kind != STEP_GROUP && slice_equal(c->rules->steps[i].name_json, name_json))
			return compile_bad(c, item, where, "a second rule is named \"%.*s\"; names tell reasons apart", (int)name.len, name.ptr);
	struct step *step = add_step(c->rules, STEP_RULE);
	step->name_json = name_json;
	const char *place = compile_place(c, "%s.if", where);
	const struct json *conditions = json_get(item, "if");
	if (conditions != NULL && !compile_conditions(c, conditions, place, step))
		return false;
	return take_whole(c, item, where, "points", &step->points);
}

static bool check_list(struct compiler *c, const struct json *list, const char *where)
{
	return (list->type == JSON_ARRAY && list->count > 0) || compile_bad(c, list, where, "wants a list with at least one rule");
}

/* The first rule that holds counts: each, when it holds, goes on behind the last. */
static bool read_first(struct compiler *c, const struct json *item, const char *where)
{
	static const char *const known[] = { "first", "about", NULL };
	struct rules *rules = c->rules;
	const struct json *list = json_get(item, "first");
	size_t start = rules->step_count, i = 0;
	if (!compile_members(c, item, where, known) || !check_list(c, list, where))
		return false;
	for (const struct json *rule = list->child; rule != NULL; rule = rule->next, i++) {
		const char *place = compile_place(c, "%s.first[%zu]", where, i);
		if (!read_rule(c, rule, place))
			return false;
	}
	for (size_t step = start; step < rules->step_count; step++)
		rules->steps[step].next = rules->step_count;
	return true;
}

static bool read_group(struct compiler *c, const struct json *item, const char *where)
{
	static const char *const known[] = { "group", "cap", "rules", "about", NULL };
	struct slice name = { NULL, 0 };
	const struct json *list = json_get(item, "rules");
	if (!compile_members(c, item, where, known) || !take_text(c, item, where, "group", &name))
		return false;
	if (list == NULL)
		return compile_bad(c, item, where, "has no \"rules\"; add them");
	if (!check_list(c, list, where))
		return false;
	add_step(c->rules, STEP_GROUP);
	size_t i = 0;
	for (const struct json *rule = list->child; rule != NULL; rule = rule->next, i++) {
		const char *place = compile_place(c, "%s.rules[%zu]", where, i);
		if (json_get(rule, "group") != NULL)
			return compile_bad(c, rule, place, "a group in a group; put them side by side");
		if (!(json_get(rule, "first") != NULL ? read_first : read_rule)(c, rule, place))
			return false;
	}
	struct step *end = add_step(c->rules, STEP_GROUP_END);
	end->name_json = compile_quote(c, arena_printf(&c->rules->arena, "%.*s (cap)", (int)name.len, name.ptr));
	return take_whole(c, item, where, "cap", &end->points);
}

static bool read_rules(struct compiler *c, const struct json *root)
{
	const struct json *list = json_get(root, "rules");
	size_t i = 0;
	if (list == NULL)
		return compile_bad(c, root, "", "has no \"rules\"; add a list of them");
	if (!check_list(c, list, "rules"))
		return false;
	for (const struct json *item = list->child; item != NULL; item = item->next, i++) {
		const char *where = compile_place(c, "rules[%zu]", i);
		bool ok = json_get(item, "first") != NULL ? read_first(c, item, where)
			: json_get(item, "group") != NULL ? read_group(c, item, where)
							  : read_rule(c, item, where);
		if (!ok)
			return false;
	}
	return true;
}

/* -- tiers -- */

static bool read_tier(struct compiler *c, const struct json *item, const char *where, struct tier *tier)
{
	static const char *const known[] = { "tier", "at_least", "above", "status", "next_action", "about", NULL };
	static const char *const names[] = { "HOT", "WARM", "COLD", "DISQUALIFIED", "UNKNOWN" };
	struct slice name = { NULL, 0 }, text = { NULL, 0 };
	if (!compile_members(c, item, where, known) || !take_text(c, item, where, "tier", &name))
		return false;
	size_t i = 0;
	while (i < sizeof names / sizeof names[0] && !slice_is(name, names[i]))
		i++;
	if (i == sizeof names / sizeof names[0])
		return compile_bad(c, json_get(item, "tier"), where,
			"a tier is HOT, WARM, COLD, DISQUALIFIED or UNKNOWN; a word of your own goes into \"status\"");
	tier->name_json = compile_quote(c, name);
	tier->is_above = json_get(item, "above") != NULL;
	tier->has_bound = tier->is_above || json_get(item, "at_least") != NULL;
	if (tier->is_above && json_get(item, "at_least") != NULL)
		return compile_bad(c, item, where, "has both \"at_least\" and \"above\"; keep one");
	if (tier->has_bound && !take_whole(c, item, where, tier->is_above ? "above" : "at_least", &tier->bound))
		return false;
	if (json_get(item, "status") != NULL) {
		if (!take_text(c, item, where, "status", &text))
			return false;
		tier->status_json = compile_quote(c, text);
	}
	if (json_get(item, "next_action") != NULL) {
		if (!take_text(c, item, where, "next_action", &text))
			return false;
		tier->next_action_json = compile_quote(c, text);
	}
	return true;
}

/* The lowest score of a tier: scores are whole, so "above 70" begins at 71. */
static int64_t tier_floor(const struct tier *tier)
{
	return tier->bound + (tier->is_above ? 1 : 0);
}

static bool read_tiers(struct compiler *c, const struct json *root)
{
	const struct json *list = json_get(root, "tiers");
	struct rules *rules = c->rules;
	if (list == NULL)
		return compile_bad(c, root, "", "has no \"tiers\"; add a list, highest first");
	if (list->type != JSON_ARRAY || list->count == 0)
		return compile_bad(c, list, "tiers", "wants a list, highest first");
	for (const struct json *item = list->child; item != NULL; item = item->next) {
		struct tier *tier = &rules->tiers[rules->tier_count];
		*tier = (struct tier){ 0 };
		const char *where = compile_place(c, "tiers[%zu]", rules->tier_count);
		if (!read_tier(c, item, where, tier))
			return false;
		if (tier->has_bound && item->next == NULL)
			return compile_bad(c, item, where, "the last tier takes all other scores; remove its bound, or add one below it");
		if (!tier->has_bound && item->next != NULL)
			return compile_bad(c, item, where, "has no bound, so nothing below it can be reached; add \"at_least\" or \"above\"");
		if (rules->tier_count > 0 && tier->has_bound && tier_floor(tier) >= tier_floor(tier - 1))
			return compile_bad(c, item, where, "is no lower than the tier before it; put the highest first");
		rules->tier_count++;
	}
	return true;
}

/* -- the file -- */

static bool read_root(struct compiler *c, const struct json *root)
{
	static const char *const known[] = { "$schema", "format", "name", "about", "inputs", "rules", "tiers", NULL };
	struct slice name = { NULL, 0 };
	int64_t format = 0;
	if (!compile_members(c, root, "", known))
		return false;
	if (!take_whole(c, root, "", "format", &format))
		return false;
	if (format != RULES_FORMAT)
		return compile_bad(c, json_get(root, "format"), "format", "is %lld; this program reads format %d", (long long)format, RULES_FORMAT);
	if (!take_text(c, root, "", "name", &name))
		return false;
	c->rules->name_json = compile_quote(c, name);
	if (!compile_inputs(c, root) || !read_rules(c, root) || !compile_inputs_used(c, root) || !read_tiers(c, root))
		return false;
	for (size_t i = 0; i < c->rules->input_count; i++)
		if (c->rules->inputs[i].phrases != NULL && !matcher_compile(c->rules->inputs[i].phrases))
			return compile_no_memory(c);
	return !c->rules->arena.failed || compile_no_memory(c);
}

/* Members and elements, apart from strings in lists: no array of the program is longer than that. */
static size_t count_parts(const struct json *value)
{
	size_t sum = 1;
	for (const struct json *item = value->child; item != NULL; item = item->next)
		if (value->type == JSON_OBJECT || item->type != JSON_STRING)
			sum += count_parts(item);
	return sum;
}

static bool reserve(struct compiler *c, const struct json *root)
{
	struct rules *rules = c->rules;
	struct arena *arena = &rules->arena;
	const struct json *inputs = json_get(root, "inputs");
	size_t parts = count_parts(root), sources = parts;
	for (const struct json *item = inputs == NULL ? NULL : inputs->child; item != NULL; item = item->next)
		sources += item->count;
	rules->sources = arena_alloc(arena, sources * sizeof *rules->sources);
	rules->inputs = arena_alloc(arena, parts * sizeof *rules->inputs);
	rules->tests = arena_alloc(arena, parts * sizeof *rules->tests);
	rules->needs = arena_alloc(arena, parts * sizeof *rules->needs);
	rules->steps = arena_alloc(arena, 2 * parts * sizeof *rules->steps);
	rules->tiers = arena_alloc(arena, parts * sizeof *rules->tiers);
	c->is_used = arena_alloc(arena, parts * sizeof *c->is_used);
	return !arena->failed;
}

bool rules_compile(struct rules *rules, const char *path, struct slice text, enum record_as as, char error[RULES_ERROR_BYTES])
{
	struct compiler c = { .rules = rules, .path = path, .error = error };
	struct json_error where;
	char digest[SHA256_HEX_BYTES];
	*rules = (struct rules){ 0 };
	arena_init(&rules->arena, ARENA_MAX_BYTES);
	rules->fields = field_set_new(as);
	sha256_hex(text, digest);
	rules->digest_json = arena_printf(&rules->arena, "\"sha256:%s\"", digest);
	/* The tree borrows its text, and the program the tree's. */
	struct slice copy = arena_copy(&rules->arena, text);
	if (rules->fields == NULL || rules->arena.failed)
		return compile_no_memory(&c);
	const struct json *root = json_parse(&rules->arena, copy, &where);
	if (root == NULL) {
		snprintf(error, RULES_ERROR_BYTES, "%s:%u:%u: not JSON: %s", path, where.line, where.column, where.message);
		return false;
	}
	if (!reserve(&c, root))
		return compile_no_memory(&c);
	return read_root(&c, root);
}

void rules_release(struct rules *rules)
{
	for (size_t i = 0; i < rules->input_count; i++)
		matcher_free(rules->inputs[i].phrases);
	for (size_t i = 0; i < rules->test_count; i++)
		if (rules->tests[i].pattern != NULL)
			pattern_free(rules->tests[i].pattern);
	if (rules->fields != NULL)
		field_set_free(rules->fields);
	arena_release(&rules->arena);
	*rules = (struct rules){ 0 };
}
