#include "compile.h"

#include <math.h>
#include <stdio.h>

static const char *const operators[] = { "exists", "equals", "in", "words", "contains", "regex", "at_least", "above", "at_most", "below", NULL };

/* Gives the test's number, which is also its bit; the rule needs it. RULES_NONE with a message when there are too many. */
static size_t add_test(struct compiler *c, const struct json *at, const char *where, struct test test)
{
	struct rules *rules = c->rules;
	if (rules->test_count >= RULES_MAX_TESTS) {
		compile_bad(c, at, where, "more than %d conditions; split the file", RULES_MAX_TESTS);
		return RULES_NONE;
	}
	struct input *input = &rules->inputs[test.input];
	size_t number = rules->test_count++;
	test.next = RULES_NONE;
	if (test.kind != TEST_PHRASES) {
		test.next = input->first_test;
		input->first_test = number;
	}
	rules->tests[number] = test;
	rules->needs[rules->need_count++] = number;
	return number;
}

static bool add_phrase(struct compiler *c, const struct json *phrase, const char *where, size_t input, enum match_kind kind, size_t test)
{
	struct input *in = &c->rules->inputs[input];
	if (phrase->type != JSON_STRING)
		return compile_bad(c, phrase, where, "not a string; put it in quotes");
	if (in->phrases == NULL && (in->phrases = matcher_new()) == NULL)
		return compile_no_memory(c);
	switch (matcher_add(in->phrases, phrase->string, kind, (unsigned)test)) {
	case MATCH_ADDED: return true;
	case MATCH_TOO_LONG:
		return compile_bad(c, phrase, where, "empty or longer than %d bytes; shorten it, or use \"regex\"", MATCH_MAX_PHRASE_BYTES);
	case MATCH_TOO_MANY: return compile_bad(c, phrase, where, "too many words for one input; split the file");
	default: return compile_no_memory(c);
	}
}

/* A string or a list of strings: one of them is enough. */
static bool add_phrases(struct compiler *c, const struct json *value, const char *where, size_t input, enum match_kind kind)
{
	if (value->type != JSON_STRING && (value->type != JSON_ARRAY || value->count == 0))
		return compile_bad(c, value, where, "wants a string or a list of strings, such as [\"ceo\", \"cto\"]");
	size_t test = add_test(c, value, where, (struct test){ .kind = TEST_PHRASES, .input = input });
	if (test == RULES_NONE)
		return false;
	if (value->type == JSON_STRING)
		return add_phrase(c, value, where, input, kind, test);
	size_t i = 0;
	for (const struct json *item = value->child; item != NULL; item = item->next, i++) {
		const char *place = compile_place(c, "%s[%zu]", where, i);
		if (!add_phrase(c, item, place, input, kind, test))
			return false;
	}
	return true;
}

static bool add_equals(struct compiler *c, const struct json *value, const char *where, size_t input)
{
	struct test range = { .kind = TEST_RANGE, .input = input };
	if (value->type == JSON_STRING)
		return add_phrases(c, value, where, input, MATCH_WHOLE);
	if (!json_number(value, &range.min))
		return compile_bad(c, value, where, "wants a string or a number; for true or false write it as a string");
	range.max = range.min;
	return add_test(c, value, where, range) != RULES_NONE;
}

static bool add_pattern(struct compiler *c, const struct json *value, const char *where, size_t input)
{
	char reason[RULES_ERROR_BYTES / 2];
	if (value->type != JSON_STRING || value->string.len == 0)
		return compile_bad(c, value, where, "wants a regular expression in quotes");
	struct pattern *pattern = pattern_new(value->string, PATTERN_NOCASE, reason, sizeof reason);
	if (pattern == NULL)
		return compile_bad(c, value, where, "%s", reason);
	if (add_test(c, value, where, (struct test){ .kind = TEST_PATTERN, .input = input, .pattern = pattern }) != RULES_NONE)
		return true;
	pattern_free(pattern);
	return false;
}

static bool add_exists(struct compiler *c, const struct json *value, const char *where, size_t input)
{
	if (value->type != JSON_TRUE && value->type != JSON_FALSE)
		return compile_bad(c, value, where, "wants true or false");
	struct test test = { .kind = value->type == JSON_TRUE ? TEST_PRESENT : TEST_ABSENT, .input = input };
	return add_test(c, value, where, test) != RULES_NONE;
}

/* The four bounds make one test, so that one element of a list must keep to all of them. */
static bool add_range(struct compiler *c, const struct json *ops, const char *where, size_t input)
{
	static const struct {
		const char *name;
		bool is_upper, is_open;
	} bounds[] = { { "at_least", false, false }, { "above", false, true }, { "at_most", true, false }, { "below", true, true } };
	struct test range = { .kind = TEST_RANGE, .input = input, .min = -INFINITY, .max = INFINITY };
	bool has_bound[2] = { false, false };
	for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
		const struct json *value = json_get(ops, bounds[i].name);
		if (value == NULL)
			continue;
		const char *place = compile_place(c, "%s.%s", where, bounds[i].name);
		if (!json_number(value, bounds[i].is_upper ? &range.max : &range.min))
			return compile_bad(c, value, place, "wants a number, without quotes");
		if (has_bound[bounds[i].is_upper])
			return compile_bad(c, value, place, "a second bound on the same side; keep one");
		has_bound[bounds[i].is_upper] = true;
		if (bounds[i].is_open)
			*(bounds[i].is_upper ? &range.is_below : &range.is_above) = true;
	}
	if (!has_bound[false] && !has_bound[true])
		return true;
	if (range.min > range.max || (range.min == range.max && (range.is_above || range.is_below)))
		return compile_bad(c, ops, where, "no number lies between these bounds");
	return add_test(c, ops, where, range) != RULES_NONE;
}

static bool add_operators(struct compiler *c, const struct json *ops, const char *where, size_t input)
{
	static const struct {
		const char *name;
		enum match_kind kind;
	} phrases[] = { { "in", MATCH_WHOLE }, { "words", MATCH_WORD }, { "contains", MATCH_ANYWHERE } };
	if (!compile_members(c, ops, where, operators))
		return false;
	if (ops->count == 0)
		return compile_bad(c, ops, where, "no condition; write {\"exists\": true} to ask for any value");
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
		const struct json *value = json_get(ops, phrases[i].name);
		const char *place = compile_place(c, "%s.%s", where, phrases[i].name);
		if (value != NULL && !add_phrases(c, value, place, input, phrases[i].kind))
			return false;
	}
	static const struct {
		const char *name;
		bool (*add)(struct compiler *c, const struct json *value, const char *where, size_t input);
	} others[] = { { "equals", add_equals }, { "regex", add_pattern }, { "exists", add_exists } };
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		const struct json *value = json_get(ops, others[i].name);
		const char *place = compile_place(c, "%s.%s", where, others[i].name);
		if (value != NULL && !others[i].add(c, value, place, input))
			return false;
	}
	return add_range(c, ops, where, input);
}

bool compile_conditions(struct compiler *c, const struct json *conditions, const char *where, struct step *step)
{
	if (conditions->type != JSON_OBJECT || conditions->count == 0)
		return compile_bad(c, conditions, where, "wants an object such as {\"email\": {\"exists\": true}}");
	step->first_need = c->rules->need_count;
	for (const struct json *item = conditions->child; item != NULL; item = item->next) {
		size_t input;
		const char *place = compile_place(c, "%s.%.*s", where, (int)item->name.len, item->name.ptr);
		if (json_get_slice(conditions, item->name) != item)
			return compile_bad(c, item, place, "is there twice; put all its conditions into one object");
		if (!compile_input(c, item, place, item->name, &input))
			return false;
		if (step->input == RULES_NONE)
			step->input = input;
		if (!add_operators(c, item, place, input))
			return false;
	}
	step->need_count = c->rules->need_count - step->first_need;
	return true;
}
