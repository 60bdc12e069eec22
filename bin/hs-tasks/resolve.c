#include "resolve.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"

static bool take_id(struct slice text, char id[PORTAL_TEXT_BYTES])
{
	uint64_t number;
	if (!slice_to_u64(text, &number) || number == 0)
		return false;
	snprintf(id, PORTAL_TEXT_BYTES, "%llu", (unsigned long long)number);
	return true;
}

/* HubSpot keeps addresses and domains in lower case. */
static char *lower(const char *text)
{
	char *copy = must(strdup(text));
	for (char *c = copy; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

static bool __attribute__((format(printf, 3, 4))) refuse(struct tool *tool, const char *option, const char *format, ...)
{
	struct hubspot_answer answer = { .outcome = HUBSPOT_REFUSED };
	va_list args;
	va_start(args, format);
	vsnprintf(answer.message, sizeof answer.message, format, args);
	va_end(args);
	hubspot_give_up(tool->api, &answer, option);
	return false;
}

bool resolve_owner(struct tool *tool, const char *option, const char *text, char id[PORTAL_TEXT_BYTES])
{
	struct portal portal = { .id = "" };
	if (workflow_owner_named(&tool->workflow, slice_of(text)) != NULL) {
		if (!portal_load(&portal, tool->api, &tool->workflow, PORTAL_OWNERS))
			return false;
		snprintf(id, PORTAL_TEXT_BYTES, "%s", portal_owner(&portal, &tool->workflow, slice_of(text)).ptr);
		return true;
	}
	if (strchr(text, '@') != NULL)
		return portal_find_owner(tool->api, text, id);
	if (!take_id(slice_of(text), id))
		cli_usage("%s: no owner \"%s\" in the workflow file, and no id or e-mail", option, text);
	return true;
}

/* -- contact -- */

struct lookup {
	struct tool *tool;
	const char *option, *text;
	char *id;
	bool ok;
};

static void on_contact(struct batch *batch, void *arg)
{
	struct lookup *lookup = arg;
	const struct batch_row *row = &batch->rows[0];
	if (row->outcome == ROW_OK && row->result != NULL)
		lookup->ok = take_id(json_string(row->result, "id", ""), lookup->id);
	else if (row->outcome == ROW_MISSING)
		refuse(lookup->tool, lookup->option, "no contact \"%s\" in the portal", lookup->text);
	else
		hubspot_give_up(lookup->tool->api, &(struct hubspot_answer){ .outcome = HUBSPOT_FAILED }, "reading the contact");
}

bool resolve_contact(struct tool *tool, const char *option, const char *text, char id[PORTAL_TEXT_BYTES])
{
	struct lookup lookup = { tool, option, text, id, false };
	if (take_id(slice_of(text), id))
		return true;
	if (strchr(text, '@') == NULL)
		cli_usage("%s wants an id or an e-mail address, not \"%s\"", option, text);
	char *email = lower(text);
	struct batch *batch = batch_new(tool->api, OBJECT_CONTACTS, BATCH_READ);
	batch->properties = slice_of("[\"email\"]");
	batch->id_property = "email";
	batch_add(batch, slice_of(email), (struct slice){ 0 }, NULL);
	batch_send(batch, on_contact, &lookup);
	hubspot_drain(tool->api);
	free(email);
	return lookup.ok;
}

/* -- companies -- */

struct companies {
	struct tool *tool;
	char (*ids)[PORTAL_TEXT_BYTES];
	size_t count;
};

static bool take_companies(struct search *search, const struct json *results, void *arg)
{
	struct companies *companies = arg;
	(void)search;
	for (const struct json *company = results == NULL ? NULL : results->child; company != NULL; company = company->next)
		if (companies->count++ < RESOLVE_COMPANIES)
			take_id(json_string(company, "id", ""), companies->ids[companies->count - 1]);
	return true;
}

static void end_companies(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	(void)arg;
	if (failed != NULL)
		hubspot_give_up(search->api, failed, "searching companies");
}

bool resolve_companies(struct tool *tool, const char *option, const char *text, char ids[RESOLVE_COMPANIES][PORTAL_TEXT_BYTES], size_t *count)
{
	struct companies companies = { tool, ids, 0 };
	*count = 1;
	if (take_id(slice_of(text), ids[0]))
		return true;
	if (strchr(text, '.') == NULL)
		cli_usage("%s wants an id or a domain, not \"%s\"", option, text);
	char *domain = lower(text);
	struct search *search = search_new(tool->api, OBJECT_COMPANIES, slice_of("[\"domain\"]"), "hs_object_id", RESOLVE_COMPANIES + 1);
	search_filter(search, "domain", "EQ", slice_of(domain));
	search->page = take_companies;
	search->done = end_companies;
	search->arg = &companies;
	search_start(search);
	hubspot_drain(tool->api);
	free(domain);
	if (hubspot_trouble(tool->api)->status != 0)
		return false;
	if (companies.count == 0)
		return refuse(tool, option, "no company of \"%s\" in the portal", text);
	if (companies.count > RESOLVE_COMPANIES)
		return refuse(tool, option, "more than %d companies have the domain \"%s\": name one by its id", RESOLVE_COMPANIES, text);
	*count = companies.count;
	return true;
}
