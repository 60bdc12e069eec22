#include "workflow.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"
#include "record/write.h"

enum { MAX_FILE_BYTES = 4 << 20, MAX_ARENA_BYTES = 64 << 20, DEFAULT_MAX_ATTEMPTS = 5 };

/* Properties that hs-tasks itself goes by. */
static const char *const task_needs[] = { "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_priority", "hs_task_type", "hs_timestamp",
	"hubspot_owner_id", "leadpipe_lease", "leadpipe_expires", "leadpipe_attempt", "leadpipe_done", "leadpipe_retry_at", NULL };
static const char *const contact_needs[] = { "email", "firstname", "lastname", NULL };
static const char *const company_needs[] = { "name", "domain", NULL };

/* -- complaints -- */

struct check {
	struct workflow *w;
	char *error;
};

static bool __attribute__((format(printf, 4, 5))) complain(struct check *c, const struct json *where, const char *member, const char *format, ...)
{
	va_list args;
	char what[256];
	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	snprintf(c->error, WORKFLOW_ERROR_BYTES, "%s:%u: %s%s%s", c->w->path, where == NULL ? 1 : where->line, member, *member == '\0' ? "" : ": ",
		what);
	return false;
}

/* The members that may stand in an object, with their types. '?' before a name: it may be missing. */
enum kind { K_TEXT, K_OBJECT, K_ARRAY, K_BOOL, K_NUMBER, K_TEXT_OR_ARRAY, K_ANY };
struct rule {
	const char *name;
	enum kind kind;
	bool is_required;
};
static const char *const kind_names[] = { "a text", "an object", "an array", "true or false", "a number", "a text or an array of texts", "" };

static bool fits(const struct json *value, enum kind kind)
{
	switch (kind) {
	case K_TEXT: return value->type == JSON_STRING;
	case K_OBJECT: return value->type == JSON_OBJECT;
	case K_ARRAY: return value->type == JSON_ARRAY;
	case K_BOOL: return value->type == JSON_TRUE || value->type == JSON_FALSE;
	case K_NUMBER: return value->type == JSON_NUMBER;
	case K_TEXT_OR_ARRAY: return value->type == JSON_STRING || value->type == JSON_ARRAY;
	default: return true;
	}
}

static const struct rule *find_rule(const struct rule *rules, struct slice name)
{
	for (; rules->name != NULL; rules++)
		if (slice_is(name, rules->name))
			return rules;
	return NULL;
}

/* `at`: the object's place, such as "routes.enrich". */
static bool check_members(struct check *c, const struct json *object, const char *at, const struct rule *rules)
{
	char member[256];
	if (object->type != JSON_OBJECT)
		return complain(c, object, at, "must be an object");
	for (const struct json *item = object->child; item != NULL; item = item->next) {
		const struct rule *rule = find_rule(rules, item->name);
		snprintf(member, sizeof member, "%s%s%.*s", at, *at == '\0' ? "" : ".", (int)item->name.len, item->name.ptr);
		if (slice_is(item->name, "comment") || slice_is(item->name, "$schema"))
			continue;
		if (rule == NULL)
			return complain(c, item, member, "unknown member");
		if (!fits(item, rule->kind))
			return complain(c, item, member, "must be %s", kind_names[rule->kind]);
		if (json_get_slice(object, item->name) != item)
			return complain(c, item, member, "stands twice");
	}
	for (; rules->name != NULL; rules++)
		if (rules->is_required && json_get(object, rules->name) == NULL)
			return complain(c, object, at, "\"%s\" is missing", rules->name);
	return true;
}

static bool check_texts(struct check *c, const struct json *array, const char *at)
{
	for (const struct json *item = array->child; item != NULL; item = item->next)
		if (item->type != JSON_STRING || item->string.len == 0)
			return complain(c, item, at, "must hold texts");
	return true;
}

/* -- routes -- */

static const struct rule route_rules[] = {
	{ "name", K_TEXT, true },
	{ "subject", K_ARRAY, true },
	{ "result", K_TEXT, true },
	{ "mail", K_BOOL, false },
	{ "done", K_TEXT, false },
	{ "filter", K_TEXT, false },
	{ "contact", K_OBJECT, false },
	{ "company", K_OBJECT, false },
	{ "note", K_TEXT_OR_ARRAY, false },
	{ "email", K_OBJECT, false },
	{ "park", K_ARRAY, false },
	{ "follow_ups", K_ARRAY, false },
	{ NULL, K_ANY, false },
};
static const struct rule value_rules[] = { { "value", K_TEXT, true }, { "write", K_TEXT, false }, { NULL, K_ANY, false } };
static const struct rule park_rules[] = { { "when", K_TEXT, true }, { "reason", K_TEXT, true }, { NULL, K_ANY, false } };
static const struct rule first_rules[] = { { "first", K_ARRAY, true }, { NULL, K_ANY, false } };
static const struct rule follow_up_rules[] = {
	{ "when", K_TEXT, false },
	{ "subject", K_TEXT, true },
	{ "due", K_TEXT, true },
	{ "priority", K_TEXT, false },
	{ "owner", K_TEXT, true },
	{ "type", K_TEXT, false },
	{ "body", K_TEXT_OR_ARRAY, false },
	{ NULL, K_ANY, false },
};

/* {"PROPERTY": "EXPRESSION"} or {"PROPERTY": {"value": "EXPRESSION", "write": "fill"}} */
static bool check_mapping(struct check *c, const struct json *mapping, const char *at, bool may_fill)
{
	char member[256];
	for (const struct json *item = mapping == NULL ? NULL : mapping->child; item != NULL; item = item->next) {
		if (slice_is(item->name, "comment"))
			continue;
		snprintf(member, sizeof member, "%s.%.*s", at, (int)item->name.len, item->name.ptr);
		if (item->type == JSON_STRING)
			continue;
		if (!may_fill || item->type != JSON_OBJECT)
			return complain(c, item, member, "must be an expression%s", may_fill ? ", or an object with \"value\" and \"write\"" : "");
		if (!check_members(c, item, member, value_rules))
			return false;
		struct slice write = json_string(item, "write", "overwrite");
		if (!slice_is(write, "fill") && !slice_is(write, "overwrite"))
			return complain(c, json_get(item, "write"), member, "\"write\" is \"fill\" or \"overwrite\", not \"%.*s\"", (int)write.len,
				write.ptr);
	}
	return true;
}

static bool check_follow_up(struct check *c, const struct json *item, const char *at)
{
	if (!check_members(c, item, at, follow_up_rules))
		return false;
	const struct json *body = json_get(item, "body");
	struct slice owner = json_string(item, "owner", "");
	if (body != NULL && body->type == JSON_ARRAY && !check_texts(c, body, at))
		return false;
	if (workflow_owner_named(c->w, owner) == NULL)
		return complain(c, json_get(item, "owner"), at, "no owner \"%.*s\" under \"owners\"", (int)owner.len, owner.ptr);
	return true;
}

static bool check_follow_ups(struct check *c, const struct json *list, const char *at)
{
	char member[256], inner[300];
	unsigned n = 0;
	for (const struct json *item = list == NULL ? NULL : list->child; item != NULL; item = item->next, n++) {
		snprintf(member, sizeof member, "%s.follow_ups[%u]", at, n);
		const struct json *first = json_get(item, "first");
		if (first == NULL) {
			if (!check_follow_up(c, item, member))
				return false;
			continue;
		}
		if (!check_members(c, item, member, first_rules))
			return false;
		unsigned m = 0;
		for (const struct json *one = first->child; one != NULL; one = one->next, m++) {
			snprintf(inner, sizeof inner, "%s.first[%u]", member, m);
			if (!check_follow_up(c, one, inner))
				return false;
		}
	}
	return true;
}

static bool check_route(struct check *c, const struct json *json, unsigned n)
{
	char at[128], member[160];
	struct slice name = json_string(json, "name", "");
	if (name.len == 0)
		snprintf(at, sizeof at, "routes[%u]", n);
	else
		snprintf(at, sizeof at, "routes.%.*s", (int)(name.len < 64 ? name.len : 64), name.ptr);
	if (!check_members(c, json, at, route_rules))
		return false;
	if (c->w->route_count == WORKFLOW_ROUTES)
		return complain(c, json, at, "more than %d routes", WORKFLOW_ROUTES);
	if (slice_is(name, "other") || slice_is(name, "upsert") || workflow_route_named(c->w, name) != NULL)
		return complain(c, json_get(json, "name"), at, "the name is taken");
	struct route *route = &c->w->routes[c->w->route_count];
	*route = (struct route){ .name = name,
		.result = json_string(json, "result", ""),
		.makes_mail = json_is_true(json_get(json, "mail")),
		.filter = json_string(json, "filter", ""),
		.json = json };
	const struct json *subjects = json_get(json, "subject");
	snprintf(member, sizeof member, "%s.subject", at);
	if (subjects->count == 0 || subjects->count > WORKFLOW_PATTERNS)
		return complain(c, subjects, member, "wants 1 to %d texts", WORKFLOW_PATTERNS);
	if (!check_texts(c, subjects, member))
		return false;
	for (const struct json *subject = subjects->child; subject != NULL; subject = subject->next)
		route->patterns[route->pattern_count++] = subject->string;
	snprintf(member, sizeof member, "%s.contact", at);
	if (!check_mapping(c, json_get(json, "contact"), member, true))
		return false;
	snprintf(member, sizeof member, "%s.company", at);
	if (!check_mapping(c, json_get(json, "company"), member, true))
		return false;
	snprintf(member, sizeof member, "%s.email", at);
	if (!check_mapping(c, json_get(json, "email"), member, false))
		return false;
	const struct json *note = json_get(json, "note");
	snprintf(member, sizeof member, "%s.note", at);
	if (note != NULL && note->type == JSON_ARRAY && !check_texts(c, note, member))
		return false;
	const struct json *park = json_get(json, "park");
	snprintf(member, sizeof member, "%s.park", at);
	for (const struct json *rule = park == NULL ? NULL : park->child; rule != NULL; rule = rule->next)
		if (!check_members(c, rule, member, park_rules))
			return false;
	if (!check_follow_ups(c, json_get(json, "follow_ups"), at))
		return false;
	c->w->route_count++;
	return true;
}

static const struct rule upsert_rules[] = { { "contact", K_OBJECT, true }, { NULL, K_ANY, false } };

static bool load_upsert(struct check *c, const struct json *json)
{
	c->w->upsert = (struct route){ .name = slice_of("upsert"), .is_upsert = true, .json = json };
	return json == NULL ||
		(check_members(c, json, "upsert", upsert_rules) && check_mapping(c, json_get(json, "contact"), "upsert.contact", true));
}

/* -- the rest -- */

static const struct rule root_rules[] = {
	{ "version", K_NUMBER, true },
	{ "settings", K_OBJECT, false },
	{ "upsert", K_OBJECT, false },
	{ "max_attempts", K_NUMBER, false },
	{ "owners", K_OBJECT, true },
	{ "read", K_OBJECT, false },
	{ "properties", K_OBJECT, false },
	{ "routes", K_ARRAY, true },
	{ NULL, K_ANY, false },
};
static const struct rule owner_rules[] = { { "id", K_TEXT, false }, { "email", K_TEXT, false }, { "name", K_TEXT, false }, { NULL, K_ANY, false } };
static const struct rule read_rules[] = { { "contact", K_ARRAY, false }, { "company", K_ARRAY, false }, { "task", K_ARRAY, false },
	{ NULL, K_ANY, false } };
static const struct rule object_rules[] = { { "contacts", K_OBJECT, false }, { "companies", K_OBJECT, false }, { "tasks", K_OBJECT, false },
	{ "notes", K_OBJECT, false }, { "emails", K_OBJECT, false }, { NULL, K_ANY, false } };
static const struct rule group_rules[] = { { "group", K_TEXT, true }, { "label", K_TEXT, true }, { "properties", K_ARRAY, true },
	{ NULL, K_ANY, false } };
static const struct rule property_rules[] = { { "name", K_TEXT, true }, { "label", K_TEXT, true }, { "type", K_TEXT, true },
	{ "fieldType", K_TEXT, true }, { "description", K_TEXT, false }, { "options", K_ARRAY, false }, { "hasUniqueValue", K_BOOL, false },
	{ NULL, K_ANY, false } };

static bool check_owners(struct check *c)
{
	const struct json *owners = json_get(c->w->root, "owners");
	char at[128];
	for (const struct json *item = owners->child; item != NULL; item = item->next) {
		snprintf(at, sizeof at, "owners.%.*s", (int)(item->name.len < 64 ? item->name.len : 64), item->name.ptr);
		if (slice_is(item->name, "comment"))
			continue;
		if (!check_members(c, item, at, owner_rules))
			return false;
		if (c->w->owner_count == WORKFLOW_OWNERS)
			return complain(c, item, at, "more than %d owners", WORKFLOW_OWNERS);
		struct workflow_owner owner = { item->name, json_string(item, "id", ""), json_string(item, "email", ""),
			json_string(item, "name", "") };
		if (owner.id.len + owner.email.len + owner.full_name.len == 0)
			return complain(c, item, at, "wants \"id\", \"email\" or \"name\"");
		c->w->owners[c->w->owner_count++] = owner;
	}
	if (workflow_owner_named(c->w, slice_of("queue")) == NULL)
		return complain(c, owners, "owners", "\"queue\" is missing: the owner of the tasks that are claimed");
	return true;
}

static bool check_properties(struct check *c)
{
	char at[128];
	c->w->properties = json_get(c->w->root, "properties");
	if (c->w->properties == NULL)
		return true;
	if (!check_members(c, c->w->properties, "properties", object_rules))
		return false;
	for (const struct json *object = c->w->properties->child; object != NULL; object = object->next) {
		if (slice_is(object->name, "comment"))
			continue;
		snprintf(at, sizeof at, "properties.%.*s", (int)object->name.len, object->name.ptr);
		if (!check_members(c, object, at, group_rules))
			return false;
		for (const struct json *property = json_get(object, "properties")->child; property != NULL; property = property->next)
			if (!check_members(c, property, at, property_rules))
				return false;
	}
	return true;
}

/* The names of a read list behind those that are always needed, each once. */
static bool read_list(struct check *c, const char *name, const char *const *needs, struct slice *list)
{
	const struct json *names = json_path(c->w->root, "read", name, NULL);
	char at[64];
	struct buf out;
	struct jsonw w;
	buf_init(&out, MAX_FILE_BYTES);
	jsonw_init(&w, &out);
	jsonw_array(&w);
	for (const char *const *need = needs; *need != NULL; need++)
		jsonw_text(&w, *need);
	snprintf(at, sizeof at, "read.%s", name);
	if (names != NULL && !check_texts(c, names, at))
		return false;
	for (const struct json *item = names == NULL ? NULL : names->child; item != NULL; item = item->next) {
		bool is_known = false;
		for (const char *const *need = needs; *need != NULL; need++)
			is_known = is_known || slice_is(item->string, *need);
		for (const struct json *before = names->child; before != item; before = before->next)
			is_known = is_known || slice_equal(before->string, item->string);
		if (!is_known)
			jsonw_string(&w, item->string);
	}
	jsonw_array_end(&w);
	*list = arena_copy(&c->w->arena, buf_slice(&out));
	buf_release(&out);
	return true;
}

static bool check_root(struct check *c)
{
	struct workflow *w = c->w;
	int64_t version = 0;
	if (!check_members(c, w->root, "", root_rules) || !load_upsert(c, json_get(w->root, "upsert")))
		return false;
	if (!json_int(json_get(w->root, "version"), &version) || version != 1)
		return complain(c, json_get(w->root, "version"), "version", "must be 1: this program knows no other");
	w->max_attempts = DEFAULT_MAX_ATTEMPTS;
	const struct json *attempts = json_get(w->root, "max_attempts"), *settings = json_get(w->root, "settings"), *read = json_get(w->root, "read");
	if (attempts != NULL && (!json_int(attempts, &w->max_attempts) || w->max_attempts < 1))
		return complain(c, attempts, "max_attempts", "must be 1 or more");
	w->settings = settings == NULL ? slice_of("{}") : settings->raw;
	if (!check_owners(c) || !check_properties(c) || (read != NULL && !check_members(c, read, "read", read_rules)))
		return false;
	unsigned n = 0;
	for (const struct json *route = json_get(w->root, "routes")->child; route != NULL; route = route->next)
		if (!check_route(c, route, n++))
			return false;
	return read_list(c, "task", task_needs, &w->read_task) && read_list(c, "contact", contact_needs, &w->read_contact) &&
		read_list(c, "company", company_needs, &w->read_company);
}

bool workflow_load(struct workflow *w, const char *path, char error[WORKFLOW_ERROR_BYTES])
{
	struct check check = { w, error };
	struct json_error json_error;
	char read_error[CONFIG_ERROR_BYTES];
	*w = (struct workflow){ 0 };
	arena_init(&w->arena, MAX_ARENA_BYTES);
	buf_init(&w->text, MAX_FILE_BYTES);
	w->path = strdup(path);
	if (w->path == NULL) {
		snprintf(error, WORKFLOW_ERROR_BYTES, "out of memory");
		return false;
	}
	if (!config_read_file(path, MAX_FILE_BYTES, &w->text, read_error)) {
		snprintf(error, WORKFLOW_ERROR_BYTES, "%s", read_error);
		return false;
	}
	w->root = json_parse(&w->arena, buf_slice(&w->text), &json_error);
	if (w->root == NULL) {
		snprintf(error, WORKFLOW_ERROR_BYTES, "%s:%u:%u: %s", path, json_error.line, json_error.column, json_error.message);
		return false;
	}
	return check_root(&check);
}

void workflow_release(struct workflow *w)
{
	arena_release(&w->arena);
	buf_release(&w->text);
	free(w->path);
	*w = (struct workflow){ 0 };
}

const struct route *workflow_route(const struct workflow *w, struct slice subject)
{
	for (size_t i = 0; i < w->route_count; i++)
		for (size_t k = 0; k < w->routes[i].pattern_count; k++)
			if (slice_find_nocase(subject, w->routes[i].patterns[k]) != NULL)
				return &w->routes[i];
	return NULL;
}

const struct route *workflow_route_named(const struct workflow *w, struct slice name)
{
	for (size_t i = 0; i < w->route_count; i++)
		if (slice_equal(w->routes[i].name, name))
			return &w->routes[i];
	return NULL;
}

const struct workflow_owner *workflow_owner_named(const struct workflow *w, struct slice name)
{
	for (size_t i = 0; i < w->owner_count; i++)
		if (slice_equal(w->owners[i].name, name))
			return &w->owners[i];
	return NULL;
}
