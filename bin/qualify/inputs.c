#include "compile.h"

static bool add_source(struct compiler *c, const struct json *at, const char *where, struct slice label)
{
	static const char facts[] = "facts.", technologies[] = "technologies.";
	struct rules *rules = c->rules;
	struct source source = { .label_json = compile_quote(c, label) };
	struct slice field = label;
	if (slice_starts(label, facts)) {
		field = arena_printf(&rules->arena, "enrichment.%.*s.value", (int)label.len, label.ptr);
	} else if (slice_starts(label, technologies)) {
		source.element = (struct slice){ label.ptr + sizeof technologies - 1, label.len - (sizeof technologies - 1) };
		field = slice_of("enrichment.technologies");
	}
	const char *dot = memchr(field.ptr, '.', field.len);
	if (dot == NULL || dot == field.ptr || label.ptr[label.len - 1] == '.')
		return compile_bad(c, at, where, "\"%.*s\" is no field; write contact.NAME, company.NAME, task.NAME, facts.NAME or technologies.name",
			(int)label.len, label.ptr);
	source.field = field_set_add(rules->fields, field);
	if (source.field < 0 || rules->arena.failed)
		return compile_no_memory(c);
	rules->sources[rules->source_count++] = source;
	return true;
}

static bool add_input(struct compiler *c, const struct json *item, const char *where)
{
	struct rules *rules = c->rules;
	struct input *input = &rules->inputs[rules->input_count++];
	*input = (struct input){ .name = item->name, .first_source = rules->source_count, .first_test = RULES_NONE };
	const struct json *source = item->type == JSON_ARRAY ? item->child : item;
	if (source == NULL || item->name.len == 0)
		return compile_bad(c, item, where, "wants a name and at least one field, such as [\"contact.jobtitle\", \"facts.title\"]");
	for (; source != NULL; source = item->type == JSON_ARRAY ? source->next : NULL) {
		if (source->type != JSON_STRING || source->string.len == 0)
			return compile_bad(c, source, where, "not a field name in quotes");
		if (!add_source(c, source, where, source->string))
			return false;
	}
	input->source_count = rules->source_count - input->first_source;
	return true;
}

static bool find_input(const struct rules *rules, struct slice name, size_t *number)
{
	for (size_t i = 0; i < rules->input_count; i++)
		if (slice_equal(rules->inputs[i].name, name)) {
			*number = i;
			return true;
		}
	return false;
}

bool compile_input(struct compiler *c, const struct json *at, const char *where, struct slice name, size_t *input)
{
	struct rules *rules = c->rules;
	if (!find_input(rules, name, input)) {
		if (name.len == 0 || memchr(name.ptr, '.', name.len) == NULL)
			return compile_bad(c, at, where, "no such input; declare it under \"inputs\", or write a field such as contact.city");
		*input = rules->input_count++;
		rules->inputs[*input] =
			(struct input){ .name = name, .first_source = rules->source_count, .source_count = 1, .first_test = RULES_NONE };
		if (!add_source(c, at, where, name))
			return false;
	}
	c->is_used[*input] = true;
	return true;
}

bool compile_inputs(struct compiler *c, const struct json *root)
{
	const struct json *inputs = json_get(root, "inputs");
	if (inputs == NULL)
		return true;
	if (inputs->type != JSON_OBJECT)
		return compile_bad(c, inputs, "inputs", "wants an object such as {\"title\": [\"contact.jobtitle\", \"facts.title\"]}");
	for (const struct json *item = inputs->child; item != NULL; item = item->next) {
		size_t twin;
		const char *where = compile_place(c, "inputs.%.*s", (int)item->name.len, item->name.ptr);
		if (find_input(c->rules, item->name, &twin))
			return compile_bad(c, item, where, "is there twice; remove one");
		if (!add_input(c, item, where))
			return false;
	}
	return true;
}

bool compile_inputs_used(struct compiler *c, const struct json *root)
{
	size_t i = 0;
	const struct json *inputs = json_get(root, "inputs");
	for (const struct json *item = inputs == NULL ? NULL : inputs->child; item != NULL; item = item->next, i++)
		if (!c->is_used[i]) {
			const char *where = compile_place(c, "inputs.%.*s", (int)item->name.len, item->name.ptr);
			return compile_bad(c, item, where, "no rule uses it; remove it");
		}
	return true;
}
