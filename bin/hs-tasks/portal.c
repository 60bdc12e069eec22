#include "portal.h"

#include <stdio.h>

#include "base/cli.h"
#include "known.h"
#include "owner.h"
#include "record/write.h"

static void keep_text(char *place, size_t size, struct slice text)
{
	snprintf(place, size, "%.*s", (int)text.len, text.ptr);
}

/* -- settings -- */

static const char preface[] = "Leadpipe: the token of whoever works on the task. What follows are settings of all claimers, please leave them: ";

void portal_put_settings(const struct portal *portal, struct buf *text)
{
	struct jsonw w;
	buf_puts(text, preface);
	jsonw_init(&w, text);
	jsonw_object(&w);
	jsonw_put_string(&w, "portal", slice_of(portal->id));
	jsonw_put_int(&w, "window_ms", portal->window_ms);
	jsonw_put_int(&w, "settle_ms", portal->settle_ms);
	jsonw_put_int(&w, "readback_ms", portal->readback_ms);
	jsonw_name(&w, "unique_key");
	jsonw_array(&w);
	for (int i = 0; i < OBJECT_COUNT; i++)
		if (portal->has_unique_key[i])
			jsonw_text(&w, hubspot_object_name((enum hubspot_object)i));
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

bool portal_take_settings(struct portal *portal, struct slice text)
{
	struct arena arena;
	struct json_error error;
	const char *brace = memchr(text.ptr, '{', text.len);
	if (brace == NULL)
		return false;
	arena_init(&arena, 1 << 20);
	const struct json *settings = json_parse(&arena, (struct slice){ brace, text.len - (size_t)(brace - text.ptr) }, &error);
	bool ok = json_int(json_get(settings, "window_ms"), &portal->window_ms) && json_int(json_get(settings, "settle_ms"), &portal->settle_ms);
	struct slice id = json_string(settings, "portal", "");
	keep_text(portal->settings_id, sizeof portal->settings_id, id);
	if (!json_int(json_get(settings, "readback_ms"), &portal->readback_ms))
		portal->readback_ms = PORTAL_READBACK_MS;
	const struct json *unique = json_get(settings, "unique_key");
	for (const struct json *name = unique == NULL ? NULL : unique->child; name != NULL; name = name->next) {
		enum hubspot_object object;
		if (hubspot_object_find(json_text(name), &object))
			portal->has_unique_key[object] = true;
	}
	arena_release(&arena);
	return ok;
}

/* -- loading -- */

struct load {
	struct portal *portal;
	struct hubspot *api;
	const struct workflow *workflow;
};

static void refuse(struct load *load, const char *what, const char *message)
{
	struct hubspot_answer answer = { .outcome = HUBSPOT_REFUSED };
	snprintf(answer.message, sizeof answer.message, "%s", message);
	hubspot_give_up(load->api, &answer, what);
}

static void on_settings(const struct hubspot_answer *answer, void *arg)
{
	struct load *load = arg;
	if (answer->outcome == HUBSPOT_OK && portal_take_settings(load->portal, json_string(answer->body, "description", "")))
		load->portal->is_set_up = true;
	else if (answer->outcome == HUBSPOT_OK || answer->status == 404)
		refuse(load, "the portal is not set up", "run hs-tasks setup first");
	else
		hubspot_give_up(load->api, answer, "reading the portal's settings");
}

static void on_account(const struct hubspot_answer *answer, void *arg)
{
	struct load *load = arg;
	if (answer->outcome != HUBSPOT_OK) {
		hubspot_give_up(load->api, answer, "reading the account");
		return;
	}
	keep_text(load->portal->id, sizeof load->portal->id, json_text(json_get(answer->body, "portalId")));
	keep_text(load->portal->account_type, sizeof load->portal->account_type, json_string(answer->body, "accountType", ""));
}

static void ask_owners(struct load *load, struct slice after);

static void on_owners(const struct hubspot_answer *answer, void *arg)
{
	struct load *load = arg;
	const struct workflow *workflow = load->workflow;
	const struct json *results = json_get(answer->body, "results");
	if (answer->outcome != HUBSPOT_OK) {
		hubspot_give_up(load->api, answer, "reading owners");
		return;
	}
	for (const struct json *owner = results == NULL ? NULL : results->child; owner != NULL; owner = owner->next)
		for (size_t i = 0; i < workflow->owner_count; i++)
			if (load->portal->owner_ids[i][0] == '\0' && owner_is(owner, &workflow->owners[i]))
				keep_text(load->portal->owner_ids[i], PORTAL_TEXT_BYTES, json_text(json_get(owner, "id")));
	const struct json *after = json_path(answer->body, "paging", "next", "after", NULL);
	if (after != NULL) {
		ask_owners(load, json_text(after));
		return;
	}
	for (size_t i = 0; i < workflow->owner_count; i++)
		if (load->portal->owner_ids[i][0] == '\0') {
			char what[300];
			struct slice name = owner_given(&workflow->owners[i]);
			snprintf(what, sizeof what, "no owner \"%.*s\" in the portal", (int)name.len, name.ptr);
			refuse(load, what, "add the user, or change \"owners\" in the workflow file");
			return;
		}
}

static void get(struct load *load, enum hubspot_family family, const char *rest, const char *op, hubspot_done *done)
{
	struct buf path;
	buf_init(&path, 1024);
	hubspot_path(load->api, family, rest, &path);
	hubspot_call(load->api,
		&(struct hubspot_call){
			.method = "GET", .path = buf_text(&path), .kind = CALL_READ, .op = op, .count = 1, .done = done, .arg = load });
	buf_release(&path);
}

static void ask_owners(struct load *load, struct slice after)
{
	char rest[256];
	snprintf(rest, sizeof rest, "?limit=100%s%.*s", after.len > 0 ? "&after=" : "", (int)after.len, after.ptr);
	get(load, API_OWNERS, rest, "crm.owners", on_owners);
}

static void load_settings(struct load *load)
{
	get(load, API_PROPERTIES, "tasks/leadpipe_lease", "crm.properties", on_settings);
}

/* Account and owners are asked for together, so that they can be kept together. */
static void load_identity(struct load *load, bool fresh)
{
	bool asks_owners = false;
	if (!fresh && known_read(load->portal, load->api, load->workflow))
		return;
	for (size_t i = 0; i < load->workflow->owner_count; i++) {
		keep_text(load->portal->owner_ids[i], PORTAL_TEXT_BYTES, load->workflow->owners[i].id);
		asks_owners = asks_owners || load->workflow->owners[i].id.len == 0;
	}
	get(load, API_ACCOUNT, "details", "crm.account", on_account);
	if (asks_owners)
		ask_owners(load, (struct slice){ "", 0 });
	hubspot_drain(load->api);
	if (hubspot_trouble(load->api)->status == 0)
		known_write(load->portal, load->api, load->workflow);
}

bool portal_load(struct portal *portal, struct hubspot *api, const struct workflow *workflow, unsigned parts)
{
	struct load load = { portal, api, workflow };
	if ((parts & PORTAL_SETTINGS) != 0)
		load_settings(&load);
	if ((parts & PORTAL_OWNERS) != 0)
		load_identity(&load, (parts & PORTAL_FRESH) != 0);
	else if ((parts & PORTAL_ACCOUNT) != 0)
		get(&load, API_ACCOUNT, "details", "crm.account", on_account);
	hubspot_drain(api);
	return hubspot_trouble(api)->status == 0;
}

bool portal_find_owner(struct hubspot *api, const char *email, char id[PORTAL_TEXT_BYTES])
{
	struct workflow one = { .owner_count = 1, .owners = { { .email = slice_of(email) } } };
	struct portal portal = { .id = "" };
	if (!portal_load(&portal, api, &one, PORTAL_OWNERS))
		return false;
	keep_text(id, PORTAL_TEXT_BYTES, slice_of(portal.owner_ids[0]));
	return true;
}

void portal_assume(struct portal *portal, const struct workflow *workflow)
{
	*portal = (struct portal){ .id = "0", .readback_ms = PORTAL_READBACK_MS };
	for (int i = 0; i < OBJECT_COUNT; i++)
		portal->has_unique_key[i] = true;
	for (size_t i = 0; i < workflow->owner_count; i++)
		snprintf(portal->owner_ids[i], PORTAL_TEXT_BYTES, "<%.*s>", (int)workflow->owners[i].name.len, workflow->owners[i].name.ptr);
}

struct slice portal_owner(const struct portal *portal, const struct workflow *workflow, struct slice name)
{
	for (size_t i = 0; i < workflow->owner_count; i++)
		if (slice_equal(workflow->owners[i].name, name))
			return slice_of(portal->owner_ids[i]);
	return (struct slice){ "", 0 };
}
