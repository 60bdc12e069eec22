/* hs-tasks setup: makes the properties that the workflow and the leases need, once; a second run finds nothing to do.
 *
 * It tries whether the portal lets leadpipe_key be unique, and stores the answer with the claimers' settings in the portal (portal.h). */
#include <stdio.h>
#include <stdlib.h>

#include "idmap.h"
#include "record/write.h"
#include "setup.h"
#include "tool.h"
#include "verbs.h"

enum { MAX_BODY_BYTES = 1 << 20, MAX_ARENA_BYTES = 64 << 20 };

const struct cli_option setup_options[] = { TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

/* The properties of hs-tasks itself. */
static const char own_group[] = "leadpipe";
const struct own_property own_properties[] = {
	{ "leadpipe_expires", "Leadpipe: lease ends", "datetime", "date", "Until then the task belongs to the run whose token it carries" },
	{ "leadpipe_attempt", "Leadpipe: attempt", "number", "number", "How often the task was claimed; after the last try it waits for a person" },
	{ "leadpipe_done", "Leadpipe: done by", "string", "text", "The token of the run that completed the task" },
	{ "leadpipe_retry_at", "Leadpipe: retry at", "datetime", "date", "When a waiting task may be claimed again" },
	{ "leadpipe_reason", "Leadpipe: reason", "string", "text", "Why the task waits" },
	{ NULL, NULL, NULL, NULL, NULL },
};

struct setup {
	struct tool tool;
	struct portal portal;
	struct arena arena;
	struct idmap known[OBJECT_COUNT]; /* names of properties that are there */
	bool key_is_unique[OBJECT_COUNT];
	struct slice settings_text; /* leadpipe_lease's description; ptr NULL: the property is not there */
	struct buf path, body, said;
	size_t made;
	long status; /* of the last call made alone */
	char message[512];
};

/* -- calls, one after the other: there are few, and each depends on the one before -- */

struct one_call {
	struct setup *setup;
	struct slice *body; /* a copy of the answer in the arena; NULL: not wanted */
};

static void on_answer(const struct hubspot_answer *answer, void *arg)
{
	struct one_call *call = arg;
	struct setup *setup = call->setup;
	setup->status = answer->outcome == HUBSPOT_OK ? 200 : answer->outcome == HUBSPOT_REFUSED ? answer->status : 0;
	snprintf(setup->message, sizeof setup->message, "%s", answer->message);
	if (answer->outcome == HUBSPOT_FAILED || answer->outcome == HUBSPOT_UNKNOWN)
		hubspot_give_up(setup->tool.api, answer, "setting up properties");
	if (call->body != NULL && answer->body != NULL)
		*call->body = arena_copy(&setup->arena, answer->body->raw);
}

/* True with a 2xx answer. */
static bool call(struct setup *setup, const char *method, const char *rest, struct slice body, struct slice *answer)
{
	struct one_call one = { setup, answer };
	buf_reset(&setup->path);
	hubspot_path(setup->tool.api, API_PROPERTIES, rest, &setup->path);
	hubspot_call(setup->tool.api,
		&(struct hubspot_call){
			.method = method,
			.path = buf_text(&setup->path),
			.body = body,
			.kind = strcmp(method, "GET") == 0 ? CALL_READ : CALL_WRITE,
			.op = "crm.properties",
			.count = 1,
			.done = on_answer,
			.arg = &one,
		});
	hubspot_drain(setup->tool.api);
	return setup->status == 200;
}

static void refuse(struct setup *setup, const char *what)
{
	struct hubspot_answer answer = { .outcome = HUBSPOT_REFUSED };
	snprintf(answer.message, sizeof answer.message, "%s", setup->message);
	hubspot_give_up(setup->tool.api, &answer, what);
}

static void say(struct setup *setup, const char *object, struct slice name, const char *what)
{
	setup->made++;
	if (!hubspot_is_dry_run(setup->tool.api))
		buf_printf(&setup->said, "%-10s %-26.*s %s\n", object, (int)name.len, name.ptr, what);
}

/* -- what is there -- */

static bool read_known(struct setup *setup, enum hubspot_object object)
{
	struct slice text = { NULL, 0 };
	struct json_error error;
	if (!call(setup, "GET", hubspot_object_name(object), (struct slice){ NULL, 0 }, &text)) {
		if (hubspot_trouble(setup->tool.api)->status == 0)
			refuse(setup, "reading properties");
		return false;
	}
	const struct json *results = json_get(json_parse(&setup->arena, text, &error), "results");
	for (const struct json *property = results == NULL ? NULL : results->child; property != NULL; property = property->next) {
		struct slice name = json_string(property, "name", "");
		idmap_add(&setup->known[object], name, 1);
		if (slice_is(name, "leadpipe_key"))
			setup->key_is_unique[object] = json_is_true(json_get(property, "hasUniqueValue"));
		if (object == OBJECT_TASKS && slice_is(name, "leadpipe_lease"))
			setup->settings_text = json_string(property, "description", "");
	}
	return true;
}

static bool is_known(const struct setup *setup, enum hubspot_object object, const char *name)
{
	return idmap_get(&setup->known[object], slice_of(name)) != idmap_none;
}

static bool make_group(struct setup *setup, enum hubspot_object object, struct slice name, struct slice label)
{
	char rest[512];
	struct jsonw w;
	snprintf(rest, sizeof rest, "%s/groups/%.*s", hubspot_object_name(object), (int)name.len, name.ptr);
	if (call(setup, "GET", rest, (struct slice){ NULL, 0 }, NULL) || setup->status != 404)
		return hubspot_trouble(setup->tool.api)->status == 0;
	buf_reset(&setup->body);
	jsonw_init(&w, &setup->body);
	jsonw_object(&w);
	jsonw_put_string(&w, "name", name);
	jsonw_put_string(&w, "label", label);
	jsonw_put_int(&w, "displayOrder", -1);
	jsonw_object_end(&w);
	snprintf(rest, sizeof rest, "%s/groups", hubspot_object_name(object));
	if (!call(setup, "POST", rest, buf_slice(&setup->body), NULL) && setup->status != 409) {
		refuse(setup, "making a property group");
		return false;
	}
	say(setup, hubspot_object_name(object), name, "group made");
	return true;
}

/* -- making properties -- */

static void put_own(struct jsonw *w, const struct own_property *property, bool is_unique)
{
	jsonw_object(w);
	jsonw_put_text(w, "name", property->name);
	jsonw_put_text(w, "label", property->label);
	jsonw_put_text(w, "type", property->type);
	jsonw_put_text(w, "fieldType", property->field_type);
	jsonw_put_text(w, "groupName", own_group);
	jsonw_put_text(w, "description", property->description);
	if (is_unique)
		jsonw_put_bool(w, "hasUniqueValue", true);
	jsonw_object_end(w);
}

static bool make_own(struct setup *setup, enum hubspot_object object, const struct own_property *property, bool is_unique)
{
	struct jsonw w;
	buf_reset(&setup->body);
	jsonw_init(&w, &setup->body);
	put_own(&w, property, is_unique);
	return call(setup, "POST", hubspot_object_name(object), buf_slice(&setup->body), NULL);
}

/* Unique where the portal allows it; HubSpot takes at most ten such properties an object. */
static bool make_key(struct setup *setup, enum hubspot_object object)
{
	static const struct own_property key = { "leadpipe_key", "Leadpipe: key", "string", "text",
		"Keeps what Leadpipe makes from being made twice" };
	const char *name = hubspot_object_name(object);
	if (is_known(setup, object, "leadpipe_key"))
		return true;
	if (make_own(setup, object, &key, true)) {
		setup->key_is_unique[object] = true;
		say(setup, name, slice_of(key.name), "made, unique");
		return true;
	}
	if (hubspot_trouble(setup->tool.api)->status != 0)
		return false;
	if (!make_own(setup, object, &key, false)) {
		refuse(setup, "making leadpipe_key");
		return false;
	}
	say(setup, name, slice_of(key.name), "made; the portal does not let it be unique, so keys stand in texts too");
	return true;
}

static void put_workflow_property(struct jsonw *w, const struct json *property, struct slice group)
{
	jsonw_object(w);
	for (const struct json *member = property->child; member != NULL; member = member->next)
		if (!slice_is(member->name, "comment")) {
			jsonw_name_slice(w, member->name);
			jsonw_raw(w, member->raw);
		}
	jsonw_put_string(w, "groupName", group);
	jsonw_object_end(w);
}

/* All that is missing of one object type, in one call. */
static bool make_missing(struct setup *setup, enum hubspot_object object, const struct json *section)
{
	const char *name = hubspot_object_name(object);
	const struct json *list = json_get(section, "properties");
	struct jsonw w;
	char rest[64];
	size_t made = setup->made;
	buf_reset(&setup->body);
	jsonw_init(&w, &setup->body);
	jsonw_object(&w);
	jsonw_name(&w, "inputs");
	jsonw_array(&w);
	for (size_t i = 0; object == OBJECT_TASKS && own_properties[i].name != NULL; i++)
		if (!is_known(setup, object, own_properties[i].name)) {
			put_own(&w, &own_properties[i], false);
			say(setup, name, slice_of(own_properties[i].name), "made");
		}
	for (const struct json *property = list == NULL ? NULL : list->child; property != NULL; property = property->next) {
		struct slice property_name = json_string(property, "name", "");
		if (idmap_get(&setup->known[object], property_name) != idmap_none)
			continue;
		put_workflow_property(&w, property, json_string(section, "group", own_group));
		say(setup, name, property_name, "made");
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	if (setup->made == made)
		return true;
	snprintf(rest, sizeof rest, "%s/batch/create", name);
	if (call(setup, "POST", rest, buf_slice(&setup->body), NULL))
		return true;
	if (hubspot_trouble(setup->tool.api)->status == 0)
		refuse(setup, "making properties");
	return false;
}

/* -- the claimers' settings -- */

static bool same_settings(const struct setup *setup)
{
	struct portal old = { .window_ms = 0 };
	return portal_take_settings(&old, setup->settings_text) && strcmp(old.settings_id, setup->portal.id) == 0 &&
		memcmp(old.has_unique_key, setup->key_is_unique, sizeof old.has_unique_key) == 0;
}

/* What is stored stays: other machines claim by it already. On this machine's own sandbox nobody is late, so nobody waits. */
static bool store_settings(struct setup *setup)
{
	struct own_property lease = { "leadpipe_lease", "Leadpipe: lease", "string", "text", NULL };
	bool has_old = setup->settings_text.ptr != NULL && portal_take_settings(&setup->portal, setup->settings_text);
	struct buf text;
	bool ok;
	if (setup->settings_text.ptr != NULL && same_settings(setup))
		return true;
	if (!has_old) {
		setup->portal.window_ms = PORTAL_WINDOW_MS;
		setup->portal.readback_ms = PORTAL_READBACK_MS;
		setup->portal.settle_ms = hubspot_is_loopback(setup->tool.api_url) ? 0 : PORTAL_SETTLE_MS;
	}
	memcpy(setup->portal.has_unique_key, setup->key_is_unique, sizeof setup->portal.has_unique_key);
	buf_init(&text, MAX_BODY_BYTES);
	portal_put_settings(&setup->portal, &text);
	lease.description = buf_text(&text);
	if (setup->settings_text.ptr == NULL) {
		ok = make_own(setup, OBJECT_TASKS, &lease, false);
	} else {
		struct jsonw w;
		buf_reset(&setup->body);
		jsonw_init(&w, &setup->body);
		jsonw_object(&w);
		jsonw_put_text(&w, "description", lease.description);
		jsonw_object_end(&w);
		ok = call(setup, "PATCH", "tasks/leadpipe_lease", buf_slice(&setup->body), NULL);
	}
	buf_release(&text);
	if (ok)
		say(setup, "tasks", slice_of("leadpipe_lease"), setup->settings_text.ptr == NULL ? "made, holds the settings" : "settings stored");
	else if (hubspot_trouble(setup->tool.api)->status == 0)
		refuse(setup, "storing the settings");
	return ok;
}

static void set_up(struct setup *setup)
{
	const struct workflow *workflow = &setup->tool.workflow;
	if (!portal_load(&setup->portal, setup->tool.api, workflow, PORTAL_ACCOUNT))
		return;
	for (int i = 0; i < OBJECT_COUNT; i++) {
		enum hubspot_object object = (enum hubspot_object)i;
		const struct json *section = json_get(workflow->properties, hubspot_object_name(object));
		bool has_key = object == OBJECT_TASKS || object == OBJECT_NOTES || object == OBJECT_EMAILS;
		if (section == NULL && !has_key)
			continue;
		if (!read_known(setup, object))
			return;
		if (has_key && !make_group(setup, object, slice_of(own_group), slice_of("Leadpipe")))
			return;
		struct slice group = json_string(section, "group", own_group);
		if (section != NULL && (!has_key || !slice_is(group, own_group)) &&
			!make_group(setup, object, group, json_string(section, "label", "")))
			return;
		if ((has_key && !make_key(setup, object)) || !make_missing(setup, object, section))
			return;
	}
	store_settings(setup);
}

int run_setup(int argc, char **argv)
{
	struct setup setup = { .made = 0 };
	struct tool_options options = { 0 };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		tool_option(&options, key, value);
	no_operands();
	tool_open(&setup.tool, "setup", &options, TOOL_WRITES);
	arena_init(&setup.arena, MAX_ARENA_BYTES);
	buf_init(&setup.path, 4096);
	buf_init(&setup.body, MAX_BODY_BYTES);
	buf_init(&setup.said, MAX_BODY_BYTES);
	set_up(&setup);
	int status = tool_status(&setup.tool, EXIT_OK);
	if (setup.made == 0 && status == EXIT_OK && !hubspot_is_dry_run(setup.tool.api))
		buf_puts(&setup.said, "all there, nothing to do\n");
	if (!cli_shared()->quiet)
		cli_print(buf_slice(&setup.said));
	for (int i = 0; i < OBJECT_COUNT; i++)
		idmap_release(&setup.known[i]);
	arena_release(&setup.arena);
	buf_release(&setup.path);
	buf_release(&setup.body);
	buf_release(&setup.said);
	tool_close(&setup.tool);
	return status;
}
