#include "properties.h"

#include <stdio.h>

#include "history.h"

enum { BATCH_MAX = 100, MAX_NAME_BYTES = 100, MAX_UNIQUE = 10, MAX_OPTIONS_BYTES = 1 << 20 };

static const char *const field_types[] = { "booleancheckbox", "calculation_equation", "checkbox", "date", "file", "html", "number", "phonenumber",
	"radio", "select", "text", "textarea", NULL };

static const struct schema *schema_of(const struct call *c)
{
	return &c->portal->schemas[c->type->index];
}

/* -- writing -- */

static bool is_owner_list(const struct property *p)
{
	return strcmp(p->name, "hubspot_owner_id") == 0;
}

static void put_property(struct call *c, const struct property *p)
{
	struct jsonw *w = &c->json;
	jsonw_object(w);
	jsonw_put_text(w, "name", p->name);
	jsonw_put_text(w, "label", p->label);
	jsonw_put_text(w, "type", value_type_name(p->type));
	jsonw_put_text(w, "fieldType", p->field_type);
	jsonw_put_text(w, "description", p->description);
	jsonw_put_text(w, "groupName", p->group);
	jsonw_put_raw(w, "options", slice_of(p->options_json));
	if (is_owner_list(p))
		jsonw_put_text(w, "referencedObjectType", "OWNER");
	jsonw_put_int(w, "displayOrder", p->display_order);
	jsonw_put_bool(w, "calculated", false);
	jsonw_put_bool(w, "externalOptions", is_owner_list(p));
	jsonw_put_bool(w, "archived", p->archived != NULL);
	if (p->archived != NULL)
		jsonw_put_text(w, "archivedAt", p->archived);
	jsonw_put_bool(w, "hasUniqueValue", p->is_unique);
	jsonw_put_bool(w, "hidden", p->is_hidden);
	jsonw_put_bool(w, "hubspotDefined", p->is_hubspot_defined);
	jsonw_put_bool(w, "formField", p->is_form_field);
	jsonw_put_text(w, "dataSensitivity", "non_sensitive");
	jsonw_put_text(w, "createdAt", p->created);
	jsonw_put_text(w, "updatedAt", p->updated);
	jsonw_name(w, "modificationMetadata");
	jsonw_object(w);
	jsonw_put_bool(w, "archivable", !p->is_hubspot_defined);
	jsonw_put_bool(w, "readOnlyDefinition", p->is_hubspot_defined);
	jsonw_put_bool(w, "readOnlyOptions", p->is_hubspot_defined);
	jsonw_put_bool(w, "readOnlyValue", p->is_read_only);
	jsonw_object_end(w);
	jsonw_object_end(w);
	c->objects++;
}

/* -- checking -- */

static bool is_field_type(struct slice name)
{
	for (size_t i = 0; field_types[i] != NULL; i++)
		if (slice_is(name, field_types[i]))
			return true;
	return false;
}

bool property_is_name(struct slice name)
{
	if (name.len == 0 || name.len > MAX_NAME_BYTES || name.ptr[0] < 'a' || name.ptr[0] > 'z')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!((name.ptr[i] >= 'a' && name.ptr[i] <= 'z') || (name.ptr[i] >= '0' && name.ptr[i] <= '9') || name.ptr[i] == '_'))
			return false;
	return true;
}

/* The options as they are answered, or NULL with *problem set. */
static const char *take_options(struct call *c, const struct json *options, struct problem *problem)
{
	struct buf out;
	struct jsonw w;
	int64_t order = 0;
	buf_init(&out, MAX_OPTIONS_BYTES);
	jsonw_init(&w, &out);
	jsonw_array(&w);
	for (const struct json *option = options == NULL ? NULL : options->child; option != NULL; option = option->next, order++) {
		struct slice label = json_string(option, "label", ""), value = json_string(option, "value", "");
		int64_t own_order = order;
		if (label.len == 0 || value.len == 0) {
			buf_release(&out);
			*problem = problem_invalid(c, "Invalid input JSON: an option wants label and value");
			return NULL;
		}
		for (const struct json *other = options->child; other != option; other = other->next)
			if (slice_equal(json_string(other, "value", ""), value)) {
				buf_release(&out);
				*problem = problem_invalid(c, "Property option values must be unique: %.*s", (int)value.len, value.ptr);
				return NULL;
			}
		json_int(json_get(option, "displayOrder"), &own_order);
		jsonw_object(&w);
		jsonw_put_string(&w, "label", label);
		jsonw_put_string(&w, "value", value);
		if (json_get(option, "description") != NULL)
			jsonw_put_string(&w, "description", json_string(option, "description", ""));
		jsonw_put_int(&w, "displayOrder", own_order);
		jsonw_put_bool(&w, "hidden", json_is_true(json_get(option, "hidden")));
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	const char *text = out.failed ? NULL : arena_strdup(c->arena, buf_slice(&out));
	buf_release(&out);
	if (text == NULL)
		*problem = problem_invalid(c, "The options are too long");
	return text;
}

static int64_t count_unique(const struct call *c)
{
	int64_t count = 0;
	for (size_t i = 0; i < schema_of(c)->count; i++) {
		const struct property *p = &schema_of(c)->properties[i];
		count += p->is_unique && !p->is_hubspot_defined && p->archived == NULL;
	}
	return count;
}

static const char *text_of(struct call *c, const struct json *body, const char *name)
{
	return arena_strdup(c->arena, json_string(body, name, ""));
}

/* A definition from a request's body; false with *problem set. */
static bool take_property(struct call *c, const struct json *body, struct property *p, struct problem *problem)
{
	static const char *const needed[] = { "name", "label", "type", "fieldType", "groupName" };
	struct slice name = json_string(body, "name", ""), group = json_string(body, "groupName", "");
	char now[CLOCK_TEXT_BYTES];
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
		if (json_string(body, needed[i], "").len == 0) {
			*problem = problem_invalid(c, "Invalid input JSON: the member %s is missing", needed[i]);
			return false;
		}
	enum value_type type = value_type_find(json_string(body, "type", ""));
	if (!property_is_name(name))
		*problem = problem_invalid(
			c, "Property name %.*s is invalid: a letter, then letters, digits and _ in lower case", (int)name.len, name.ptr);
	else if (type == VALUE_TYPE_COUNT || !is_field_type(json_string(body, "fieldType", "")))
		*problem = problem_invalid(c, "Property %.*s has an unknown type or fieldType", (int)name.len, name.ptr);
	else if (!group_exists(c, group))
		*problem = problem_invalid(c, "Property group %.*s does not exist", (int)group.len, group.ptr);
	else if (schema_find(schema_of(c), name) != NULL)
		*problem = problem_new(c, 409, "OBJECT_ALREADY_EXISTS", "Property named \"%.*s\" already exists.", (int)name.len, name.ptr);
	else if (json_is_true(json_get(body, "hasUniqueValue")) && c->portal->refuses_unique)
		*problem =
			problem_invalid(c, "Property %.*s cannot have hasUniqueValue: this portal has no unique properties", (int)name.len, name.ptr);
	else if (json_is_true(json_get(body, "hasUniqueValue")) && count_unique(c) >= MAX_UNIQUE)
		*problem = problem_invalid(c, "An object type can have at most %d unique properties", MAX_UNIQUE);
	else
		problem->status = 0;
	if (problem->status != 0)
		return false;
	portal_now(c->portal, now);
	*p = (struct property){
		.name = text_of(c, body, "name"),
		.label = text_of(c, body, "label"),
		.field_type = text_of(c, body, "fieldType"),
		.group = text_of(c, body, "groupName"),
		.description = text_of(c, body, "description"),
		.created = arena_strdup(c->arena, slice_of(now)),
		.updated = arena_strdup(c->arena, slice_of(now)),
		.type = type,
		.display_order = -1,
		.is_unique = json_is_true(json_get(body, "hasUniqueValue")),
		.is_hidden = json_is_true(json_get(body, "hidden")),
		.is_form_field = json_is_true(json_get(body, "formField")),
	};
	json_int(json_get(body, "displayOrder"), &p->display_order);
	p->options_json = take_options(c, json_get(body, "options"), problem);
	return p->options_json != NULL;
}

static bool reload(struct call *c)
{
	if (schema_load(&c->portal->schemas[c->type->index], &c->portal->store, c->type))
		return true;
	c->portal->store.failed = true;
	return false;
}

/* -- properties -- */

static void reply_missing(struct call *c, struct slice name)
{
	reply_error(c, 404, "OBJECT_NOT_FOUND", "Property %.*s does not exist", (int)name.len, name.ptr);
}

void property_list(struct call *c)
{
	bool archived = call_query_true(c, "archived");
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	for (size_t i = 0; i < schema_of(c)->count; i++)
		if ((schema_of(c)->properties[i].archived != NULL) == archived)
			put_property(c, &schema_of(c)->properties[i]);
	jsonw_array_end(&c->json);
	jsonw_object_end(&c->json);
}

void property_get(struct call *c)
{
	const struct property *p = schema_find_any(schema_of(c), c->name);
	if (p == NULL || (p->archived != NULL) != call_query_true(c, "archived")) {
		reply_missing(c, c->name);
		return;
	}
	reply_start(c, 200);
	put_property(c, p);
}

void property_create(struct call *c)
{
	struct problem problem = { .status = 0 };
	struct property p;
	if (!take_property(c, c->body, &p, &problem)) {
		reply_problem(c, &problem);
		return;
	}
	schema_insert(&c->portal->store, c->type, &p);
	if (!reload(c))
		return;
	reply_start(c, 201);
	put_property(c, &p);
}

void property_update(struct call *c)
{
	struct problem problem;
	char now[CLOCK_TEXT_BYTES];
	const struct property *found = schema_find(schema_of(c), c->name);
	if (found == NULL) {
		reply_missing(c, c->name);
		return;
	}
	struct property p = *found;
	struct slice group = json_string(c->body, "groupName", p.group);
	enum value_type type = value_type_find(json_string(c->body, "type", value_type_name(p.type)));
	struct slice field_type = json_string(c->body, "fieldType", p.field_type);
	if (p.is_hubspot_defined || type != p.type || !is_field_type(field_type) || !group_exists(c, group)) {
		reply_invalid(c, "Property %s cannot be changed so", p.name);
		return;
	}
	portal_now(c->portal, now);
	p.updated = now;
	p.group = arena_strdup(c->arena, group);
	p.field_type = arena_strdup(c->arena, field_type);
	p.label = arena_strdup(c->arena, json_string(c->body, "label", p.label));
	p.description = arena_strdup(c->arena, json_string(c->body, "description", p.description));
	json_int(json_get(c->body, "displayOrder"), &p.display_order);
	if (json_get(c->body, "options") != NULL && (p.options_json = take_options(c, json_get(c->body, "options"), &problem)) == NULL) {
		reply_problem(c, &problem);
		return;
	}
	schema_insert(&c->portal->store, c->type, &p);
	reply_start(c, 200);
	put_property(c, &p);
	reload(c);
}

/* With its values: a property made later under the same name starts empty. */
static void archive(struct call *c, struct slice name)
{
	char now[CLOCK_TEXT_BYTES], sql[512];
	const struct property *p = schema_find(schema_of(c), name);
	if (p == NULL || p->is_hubspot_defined)
		return;
	portal_now(c->portal, now);
	snprintf(sql, sizeof sql, "UPDATE %s SET \"%s\"=NULL", c->type->plural, p->name);
	store_run(&c->portal->store, sql, "");
	history_forget(&c->portal->store, c->type, p->name);
	store_run(&c->portal->store, "UPDATE properties SET archived=? WHERE object_type=? AND name=?", "zis", now, (int64_t)c->type->index, name);
	c->objects++;
}

void property_archive(struct call *c)
{
	const struct property *p = schema_find(schema_of(c), c->name);
	if (p == NULL) {
		reply_missing(c, c->name);
		return;
	}
	if (p->is_hubspot_defined) {
		reply_invalid(c, "Property %s is HubSpot's own and cannot be archived", p->name);
		return;
	}
	archive(c, c->name);
	if (reload(c))
		reply_empty(c, 204);
}

static struct slice name_of(const struct json *input)
{
	return json_string(input, "name", "");
}

void property_batch_read(struct call *c)
{
	const struct json *inputs = call_inputs(c, BATCH_MAX);
	bool archived = json_is_true(json_get(c->body, "archived"));
	size_t error_count = 0;
	if (inputs == NULL)
		return;
	struct batch_error *errors = arena_alloc(c->arena, inputs->count * sizeof *errors);
	reply_batch_start(c);
	for (const struct json *input = inputs->child; errors != NULL && input != NULL; input = input->next) {
		struct slice name = name_of(input);
		const struct property *p = schema_find_any(schema_of(c), name);
		if (p != NULL && (p->archived != NULL) == archived) {
			put_property(c, p);
			continue;
		}
		struct problem *problem = &errors[error_count++].problem;
		*problem = problem_new(c, 404, "OBJECT_NOT_FOUND", "Property %.*s does not exist", (int)name.len, name.ptr);
		problem->context_name = "name";
		problem->context_value = name;
	}
	reply_batch_end(c, 200, errors, error_count);
}

void property_batch_create(struct call *c)
{
	const struct json *inputs = call_inputs(c, BATCH_MAX);
	size_t error_count = 0;
	if (inputs == NULL)
		return;
	struct batch_error *errors = arena_alloc(c->arena, inputs->count * sizeof *errors);
	reply_batch_start(c);
	for (const struct json *input = inputs->child; errors != NULL && input != NULL; input = input->next) {
		struct problem problem = { .status = 0 };
		struct property p;
		if (!take_property(c, input, &p, &problem)) {
			problem.context_name = "name";
			problem.context_value = name_of(input);
			errors[error_count++].problem = problem;
			continue;
		}
		schema_insert(&c->portal->store, c->type, &p);
		if (!reload(c)) /* so that a name given twice is seen */
			return;
		put_property(c, &p);
	}
	reply_batch_end(c, 201, errors, error_count);
}

void property_batch_archive(struct call *c)
{
	const struct json *inputs = call_inputs(c, BATCH_MAX);
	if (inputs == NULL)
		return;
	for (const struct json *input = inputs->child; input != NULL; input = input->next)
		archive(c, name_of(input));
	if (reload(c))
		reply_empty(c, 204);
}
