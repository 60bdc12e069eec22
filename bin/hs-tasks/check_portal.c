/* What hs-tasks check asks the portal: token, account, clock, scopes, limits, settings and owners. */
#include <stdio.h>

#include "check.h"
#include "owner.h"

enum { MAX_SKEW_MS = 60000, MAX_TOKEN_BYTES = 4096 };

/* -- token, portal, clock -- */

/* Why there is none: it was not to be had, or its file is open to others. */
static void report_no_token(struct check *c)
{
	char error[CONFIG_ERROR_BYTES] = "there is none";
	struct buf token;
	buf_init(&token, MAX_TOKEN_BYTES);
	config_secret(c->options->token_file, "hubspot.token", "HUBSPOT_ACCESS_TOKEN", &token, error);
	check_fail(c, "token", "", "%s", error);
	buf_release(&token);
}

void check_account(struct check *c)
{
	if (c->tool.token.len == 0) {
		report_no_token(c);
		return;
	}
	const struct json *account = check_ask(c, API_ACCOUNT, "details", NULL);
	if (account == NULL) {
		bool is_token = hubspot_trouble(c->tool.api)->status == EXIT_NOT_ALLOWED;
		check_fail(c, is_token ? "token" : "address", is_token ? "make a new access token" : "check the network, or --api-url", "%s: %s",
			c->tool.api_url, c->answer.message);
		return;
	}
	struct slice id = json_text(json_get(account, "portalId")), type = json_string(account, "accountType", "of unknown type"),
		     zone = json_string(account, "timeZone", "of no known time zone");
	int64_t skew_ms = hubspot_skew_ms(c->tool.api), distance_ms = skew_ms < 0 ? -skew_ms : skew_ms;
	c->is_connected = true;
	check_pass(c, "token", "accepted by %s", c->tool.api_url);
	check_pass(c, "portal", "%.*s, %.*s, %.*s", (int)id.len, id.ptr, (int)type.len, type.ptr, (int)zone.len, zone.ptr);
	if (distance_ms < MAX_SKEW_MS)
		check_pass(c, "clock", "%.1f s from HubSpot's", (double)distance_ms / 1000);
	else
		check_fail(c, "clock", "due dates will be off; let the system set its clock by the network", "%.1f s %s HubSpot's",
			(double)distance_ms / 1000, skew_ms > 0 ? "behind" : "ahead of");
}

/* -- scopes -- */

/* A batch without inputs changes nothing; but whoever may not write is told so first. */
void check_scopes(struct check *c)
{
	static const struct {
		const char *read, *write;
	} scopes[OBJECT_COUNT] = {
		[OBJECT_CONTACTS] = { "crm.objects.contacts.read", "crm.objects.contacts.write" },
		[OBJECT_COMPANIES] = { "crm.objects.companies.read", "crm.objects.companies.write" },
		[OBJECT_TASKS] = { "crm.objects.contacts.read", "crm.objects.contacts.write" },
		[OBJECT_NOTES] = { "crm.objects.contacts.read", "crm.objects.contacts.write" },
		[OBJECT_EMAILS] = { "sales-email-read", "crm.objects.contacts.write" },
	};
	for (int i = 0; i < OBJECT_COUNT && hubspot_trouble(c->tool.api)->status == 0; i++) {
		const char *name = hubspot_object_name((enum hubspot_object)i);
		char rest[64], remedy[128];
		snprintf(rest, sizeof rest, "%s?limit=1", name);
		if (check_ask(c, API_OBJECTS, rest, NULL) == NULL) {
			snprintf(remedy, sizeof remedy, "give the token the scope %s", scopes[i].read);
			check_fail(c, name, remedy, "%s", c->answer.message);
			continue;
		}
		snprintf(rest, sizeof rest, "%s/batch/update", name);
		check_ask(c, API_OBJECTS, rest, "{\"inputs\":[]}");
		if (c->answer.status == 403) {
			snprintf(remedy, sizeof remedy, "give the token the scope %s", scopes[i].write);
			check_fail(c, name, remedy, "readable, but not writable: %s", c->answer.message);
		} else {
			check_pass(c, name, "readable and writable");
		}
	}
}

/* -- limits -- */

void check_limits(struct check *c)
{
	const struct json *usage = json_get(check_ask(c, API_ACCOUNT, "api-usage/daily/private-apps", NULL), "results");
	if (c->max[0] != '\0')
		check_pass(c, "limit", "%s calls in 10 s%s%s", c->max, c->daily_left[0] != '\0' ? ", left today: " : "", c->daily_left);
	else
		check_pass(c, "limit", "HubSpot does not tell");
	if (usage == NULL || usage->child == NULL)
		return;
	int64_t used = 0, limit = 0;
	struct slice resets = json_string(usage->child, "resetsAt", "midnight in the account's time zone");
	json_int(json_get(usage->child, "currentUsage"), &used);
	json_int(json_get(usage->child, "usageLimit"), &limit);
	char remedy[160];
	snprintf(remedy, sizeof remedy, "wait until %.*s, or have the limit raised", (int)resets.len, resets.ptr);
	if (limit > 0 && used >= limit)
		check_fail(c, "today", remedy, "all %lld calls are used", (long long)limit);
	else
		check_pass(c, "today", "%lld of %lld calls used", (long long)used, (long long)limit);
}

/* -- settings -- */

void check_settings(struct check *c)
{
	struct portal portal = { .window_ms = 0 };
	const struct json *lease = check_ask(c, API_PROPERTIES, "tasks/leadpipe_lease", NULL);
	if (lease == NULL && c->answer.status != 404)
		check_fail(c, "settings", "give the token the scope crm.schemas.contacts.read", "%s", c->answer.message);
	else if (lease == NULL || !portal_take_settings(&portal, json_string(lease, "description", "")))
		check_fail(c, "settings", "run hs-tasks setup", "the portal is not set up");
	else
		check_pass(c, "settings", "window %lld ms, settle wait %lld ms, keys of tasks %s", (long long)portal.window_ms,
			(long long)portal.settle_ms,
			portal.has_unique_key[OBJECT_TASKS] ? "unique" : "not unique: what is made is marked in its text");
}

/* -- owners -- */

/* Page by page; false: not to be had. */
static bool find_owners(struct check *c, struct slice ids[WORKFLOW_OWNERS])
{
	const struct workflow *w = &c->tool.workflow;
	struct slice after = { "", 0 };
	char rest[256];
	do {
		snprintf(rest, sizeof rest, "?limit=100%s%.*s", after.len > 0 ? "&after=" : "", (int)after.len, after.ptr);
		const struct json *page = check_ask(c, API_OWNERS, rest, NULL), *results = json_get(page, "results");
		if (page == NULL)
			return false;
		for (const struct json *owner = results == NULL ? NULL : results->child; owner != NULL; owner = owner->next)
			for (size_t i = 0; i < w->owner_count; i++)
				if (ids[i].len == 0 && owner_is(owner, &w->owners[i]))
					ids[i] = json_text(json_get(owner, "id"));
		after = json_text(json_path(page, "paging", "next", "after", NULL));
	} while (after.len > 0);
	return true;
}

void check_owners(struct check *c)
{
	const struct workflow *w = &c->tool.workflow;
	struct slice ids[WORKFLOW_OWNERS] = { { NULL, 0 } };
	if (!find_owners(c, ids)) {
		check_fail(c, "owners", "give the token the scope crm.objects.owners.read", "%s", c->answer.message);
		return;
	}
	for (size_t i = 0; i < w->owner_count; i++) {
		struct slice name = w->owners[i].name, given = owner_given(&w->owners[i]);
		if (ids[i].len > 0)
			check_pass(c, "owner", "%.*s is %.*s", (int)name.len, name.ptr, (int)ids[i].len, ids[i].ptr);
		else
			check_fail(c, "owner", "add the user to the portal, or change \"owners\" in the workflow file",
				"%.*s: the portal has no owner \"%.*s\"", (int)name.len, name.ptr, (int)given.len, given.ptr);
	}
}
