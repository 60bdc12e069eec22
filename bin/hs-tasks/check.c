/* hs-tasks check: is all ready? One line for each thing, ok or what to do about it. Changes nothing. */
#include <stdarg.h>
#include <stdio.h>

#include "idmap.h"
#include "program.h"
#include "setup.h"
#include "ledger.h"
#include "tool.h"
#include "verbs.h"

enum { MAX_TEXT_BYTES = 1 << 20, MAX_ARENA_BYTES = 64 << 20, MAX_SKEW_MS = 60000 };

const struct cli_option check_options[] = { TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

struct check {
	struct tool tool;
	struct buf out;
	struct arena arena;
	bool has_failed;
	/* Of the last call. */
	struct hubspot_answer answer;
	struct slice body;
	char max[32], daily_left[32];
};

static void __attribute__((format(printf, 4, 5))) report(struct check *c, bool ok, const char *what, const char *format, ...)
{
	va_list args;
	char text[1024];
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	buf_printf(&c->out, "%-5s %-12s %s\n", ok ? "ok" : "FAIL", what, text);
	c->has_failed = c->has_failed || !ok;
}

static void keep_header(const struct hubspot_answer *answer, const char *name, char *place, size_t size)
{
	struct slice value;
	if (answer->response != NULL && http_header(answer->response, name, &value))
		snprintf(place, size, "%.*s", (int)value.len, value.ptr);
}

static void on_answer(const struct hubspot_answer *answer, void *arg)
{
	struct check *c = arg;
	c->answer = *answer;
	c->answer.body = NULL;
	c->answer.response = NULL;
	c->body = answer->body == NULL ? (struct slice){ "null", 4 } : arena_copy(&c->arena, answer->body->raw);
	keep_header(answer, "X-HubSpot-RateLimit-Max", c->max, sizeof c->max);
	keep_header(answer, "X-HubSpot-RateLimit-Daily-Remaining", c->daily_left, sizeof c->daily_left);
}

/* The answer's body as a tree; NULL where the call was no success. */
static const struct json *get(struct check *c, enum hubspot_family family, const char *rest)
{
	struct buf path;
	struct json_error error;
	buf_init(&path, 4096);
	hubspot_path(c->tool.api, family, rest, &path);
	hubspot_call(c->tool.api,
		&(struct hubspot_call){
			.method = "GET", .path = buf_text(&path), .kind = CALL_READ, .op = "crm.check", .count = 1, .done = on_answer, .arg = c });
	hubspot_drain(c->tool.api);
	buf_release(&path);
	return c->answer.outcome == HUBSPOT_OK ? json_parse(&c->arena, c->body, &error) : NULL;
}

static void check_files(struct check *c)
{
	char error[WORKFLOW_ERROR_BYTES];
	struct buf path;
	buf_init(&path, 8192);
	struct program *program = program_new(&c->tool.workflow, error),
		       *upsert = program == NULL || c->tool.workflow.upsert == NULL ? NULL : program_new_upsert(&c->tool.workflow, error);
	if (program == NULL || (upsert == NULL && c->tool.workflow.upsert != NULL))
		report(c, false, "workflow", "%s", error);
	else
		report(c, true, "workflow", "%s, %zu routes", c->tool.workflow.path, c->tool.workflow.route_count);
	program_free(program);
	program_free(upsert);
	if (config_state_dir(&path, error))
		report(c, true, "state", "%s", buf_text(&path));
	else
		report(c, false, "state", "%s", error);
	buf_release(&path);
}

/* False: nothing more can be asked. */
static bool check_account(struct check *c)
{
	if (c->tool.token.len == 0) {
		report(c, false, "token", "none found: put it into $XDG_CONFIG_HOME/leadpipe/hubspot.token (mode 0600), or set HUBSPOT_ACCESS_TOKEN");
		return false;
	}
	const struct json *account = get(c, API_ACCOUNT, "details");
	if (account == NULL) {
		const struct hubspot_trouble *trouble = hubspot_trouble(c->tool.api);
		bool is_token = trouble->status == EXIT_NOT_ALLOWED;
		report(c, false, is_token ? "token" : "address", "%s: %s%s", c->tool.api_url, c->answer.message,
			is_token ? ": make a new access token" : ": check the network, or --api-url");
		return false;
	}
	struct slice id = json_text(json_get(account, "portalId")), type = json_string(account, "accountType", "of unknown type");
	report(c, true, "token", "accepted by %s", c->tool.api_url);
	report(c, true, "portal", "%.*s, %.*s", (int)id.len, id.ptr, (int)type.len, type.ptr);
	int64_t skew_ms = hubspot_skew_ms(c->tool.api);
	bool is_near = skew_ms < MAX_SKEW_MS && skew_ms > -MAX_SKEW_MS;
	report(c, is_near, "clock", "%s%.1f s from HubSpot's%s", skew_ms > 0 ? "-" : "", (double)(skew_ms < 0 ? -skew_ms : skew_ms) / 1000,
		is_near ? "" : ": due dates will be off; let the system set its clock by the network");
	return true;
}

static void check_scopes(struct check *c)
{
	static const char *const scopes[OBJECT_COUNT] = { "crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.contacts.read",
		"crm.objects.contacts.read", "sales-email-read" };
	for (int i = 0; i < OBJECT_COUNT && hubspot_trouble(c->tool.api)->status == 0; i++) {
		char rest[64];
		const char *name = hubspot_object_name((enum hubspot_object)i);
		snprintf(rest, sizeof rest, "%s?limit=1", name);
		if (get(c, API_OBJECTS, rest) != NULL)
			report(c, true, name, "readable");
		else
			report(c, false, name, "%s: give the token the scope %s", c->answer.message, scopes[i]);
	}
}

static void check_limits(struct check *c)
{
	const struct json *usage = json_get(get(c, API_ACCOUNT, "api-usage/daily/private-apps"), "results");
	if (c->max[0] != '\0')
		report(c, true, "limit", "%s calls in 10 s%s%s", c->max, c->daily_left[0] != '\0' ? ", left today: " : "", c->daily_left);
	else
		report(c, true, "limit", "HubSpot does not tell; taken as 100 calls in 10 s");
	if (usage == NULL || usage->child == NULL)
		return;
	int64_t used = 0, limit = 0;
	json_int(json_get(usage->child, "currentUsage"), &used);
	json_int(json_get(usage->child, "usageLimit"), &limit);
	report(c, used < limit || limit == 0, "today", "%lld of %lld calls used", (long long)used, (long long)limit);
}

/* -- properties -- */

static size_t count_missing(const struct idmap *known, const struct json *section, bool is_tasks, struct buf *names)
{
	size_t missing = 0;
	const struct json *list = json_get(section, "properties");
	for (const struct json *property = list == NULL ? NULL : list->child; property != NULL; property = property->next)
		if (idmap_get(known, json_string(property, "name", "")) == idmap_none && missing++ < 3)
			buf_printf(names, " %.*s", (int)json_string(property, "name", "").len, json_string(property, "name", "").ptr);
	for (const struct own_property *own = own_properties; is_tasks && own->name != NULL; own++)
		if (idmap_get(known, slice_of(own->name)) == idmap_none && missing++ < 3)
			buf_printf(names, " %s", own->name);
	return missing;
}

static void check_object_properties(struct check *c, enum hubspot_object object, const struct json *section)
{
	char rest[64];
	struct idmap known = { 0 };
	struct buf names;
	bool needs_key = object == OBJECT_TASKS || object == OBJECT_NOTES || object == OBJECT_EMAILS;
	buf_init(&names, 4096);
	snprintf(rest, sizeof rest, "%s", hubspot_object_name(object));
	const struct json *results = json_get(get(c, API_PROPERTIES, rest), "results");
	if (results == NULL) {
		report(c, false, "properties", "%s: %s: give the token the scope crm.schemas.%s.read", rest, c->answer.message,
			object == OBJECT_COMPANIES ? "companies" : "contacts");
		return;
	}
	for (const struct json *property = results->child; property != NULL; property = property->next)
		idmap_add(&known, json_string(property, "name", ""), 1);
	size_t missing = count_missing(&known, section, object == OBJECT_TASKS, &names);
	if (needs_key && idmap_get(&known, slice_of("leadpipe_key")) == idmap_none && missing++ < 3)
		buf_puts(&names, " leadpipe_key");
	if (missing == 0)
		report(c, true, "properties", "%s: all there", rest);
	else
		report(c, false, "properties", "%s: %zu missing,%s%s: run hs-tasks setup", rest, missing, buf_text(&names),
			missing > 3 ? " ..." : "");
	idmap_release(&known);
	buf_release(&names);
}

static void check_properties(struct check *c)
{
	for (int i = 0; i < OBJECT_COUNT && hubspot_trouble(c->tool.api)->status == 0; i++) {
		const struct json *section = json_get(c->tool.workflow.properties, hubspot_object_name((enum hubspot_object)i));
		if (section != NULL || i >= OBJECT_TASKS)
			check_object_properties(c, (enum hubspot_object)i, section);
	}
	struct portal portal = { .window_ms = 0 };
	const struct json *lease = get(c, API_PROPERTIES, "tasks/leadpipe_lease");
	if (lease != NULL && portal_take_settings(&portal, json_string(lease, "description", "")))
		report(c, true, "settings", "window %lld ms, settle wait %lld ms, keys of tasks %s", (long long)portal.window_ms,
			(long long)portal.settle_ms,
			portal.has_unique_key[OBJECT_TASKS] ? "unique" : "not unique: what is made is marked in its text");
	else
		report(c, false, "settings", "the portal is not set up: run hs-tasks setup");
}

/* What dead runs have left on this machine. */
static void check_journal(struct check *c)
{
	struct portal portal = { .id = "" };
	struct journal_totals totals;
	if (!ledger_find_portal(&c->tool, NULL, &portal))
		return;
	ledger_read(&c->tool, &portal);
	if (journal_totals(c->tool.journal, &totals) != 0)
		report(c, false, "journal", "%s", journal_error(c->tool.journal));
	else if (totals.pending_works > 0)
		report(c, true, "journal", "%zu records pending (%zu effects): the next verb that writes finishes them", totals.pending_works,
			totals.pending_effects);
	else
		report(c, true, "journal", "nothing pending");
}

static void check_owners(struct check *c)
{
	struct portal portal = { .id = "" };
	const struct workflow *w = &c->tool.workflow;
	if (!portal_load(&portal, c->tool.api, w, PORTAL_OWNERS | PORTAL_FRESH)) {
		report(c, false, "owners", "%s", hubspot_trouble(c->tool.api)->message);
		return;
	}
	for (size_t i = 0; i < w->owner_count; i++)
		report(c, true, "owner", "%.*s is %s", (int)w->owners[i].name.len, w->owners[i].name.ptr, portal.owner_ids[i]);
}

int run_check(int argc, char **argv)
{
	struct check c = { .has_failed = false };
	struct tool_options options = { 0 };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		tool_option(&options, key, value);
	no_operands();
	tool_open(&c.tool, "check", &options, TOOL_CHECKS);
	buf_init(&c.out, MAX_TEXT_BYTES);
	arena_init(&c.arena, MAX_ARENA_BYTES);
	check_files(&c);
	if (check_account(&c)) {
		check_scopes(&c);
		check_limits(&c);
		check_properties(&c);
		check_owners(&c);
	}
	check_journal(&c);
	cli_print(buf_slice(&c.out));
	const struct hubspot_trouble *trouble = hubspot_trouble(c.tool.api);
	int status = trouble->status >= EXIT_SERVICE_DOWN ? trouble->status : c.has_failed ? EXIT_SOME_FAILED : EXIT_OK;
	arena_release(&c.arena);
	buf_release(&c.out);
	tool_close(&c.tool);
	return status;
}
