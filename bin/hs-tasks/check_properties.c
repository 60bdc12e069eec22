/* What hs-tasks check says of properties: those that setup makes, those that routes write, and those that are read. */
#include <stdio.h>

#include "check.h"
#include "idmap.h"
#include "setup.h"

enum { NAMED = 3, MAX_NAMES_BYTES = 2048 }; /* names in a line; the rest is counted */

/* What idmap says of a name. */
enum { WRITABLE = 1, READ_ONLY = 2 };

/* Names of one kind, the first few in words. */
struct names {
	struct buf text;
	size_t count;
};

static void add_name(struct names *names, struct slice name)
{
	if (names->count++ < NAMED)
		buf_printf(&names->text, " %.*s", (int)name.len, name.ptr);
	else if (names->count == NAMED + 1)
		buf_puts(&names->text, " ...");
}

static struct idmap take_known(const struct json *results)
{
	struct idmap known = { 0 };
	for (const struct json *property = results->child; property != NULL; property = property->next) {
		bool is_read_only = json_is_true(json_path(property, "modificationMetadata", "readOnlyValue", NULL));
		idmap_add(&known, json_string(property, "name", ""), is_read_only ? READ_ONLY : WRITABLE);
	}
	return known;
}

static void add_if_missing(const struct idmap *known, struct slice name, struct names *missing)
{
	if (idmap_get(known, name) == idmap_none)
		add_name(missing, name);
}

/* What setup makes. */
static void find_unmade(const struct idmap *known, enum hubspot_object object, const struct json *section, struct names *missing)
{
	const struct json *list = json_get(section, "properties");
	for (const struct json *property = list == NULL ? NULL : list->child; property != NULL; property = property->next)
		add_if_missing(known, json_string(property, "name", ""), missing);
	for (const struct own_property *own = own_properties; object == OBJECT_TASKS && own->name != NULL; own++)
		add_if_missing(known, slice_of(own->name), missing);
	if (object == OBJECT_TASKS || object == OBJECT_NOTES || object == OBJECT_EMAILS)
		add_if_missing(known, slice_of("leadpipe_key"), missing);
}

static bool is_made_by_setup(const struct json *section, struct slice name)
{
	const struct json *list = json_get(section, "properties");
	for (const struct json *property = list == NULL ? NULL : list->child; property != NULL; property = property->next)
		if (slice_equal(json_string(property, "name", ""), name))
			return true;
	return false;
}

/* What routes write: a property that is not there, or cannot be written, makes HubSpot refuse the whole update. */
static void find_unwritable(const struct check *c, const struct idmap *known, enum hubspot_object object, const struct json *section,
	struct names *missing, struct names *read_only)
{
	static const char *const members[OBJECT_COUNT] = { [OBJECT_CONTACTS] = "contact", [OBJECT_COMPANIES] = "company", [OBJECT_EMAILS] = "email" };
	for (size_t i = 0; members[object] != NULL && i < c->tool.workflow.route_count; i++) {
		const struct json *mapping = json_get(c->tool.workflow.routes[i].json, members[object]);
		for (const struct json *item = mapping == NULL ? NULL : mapping->child; item != NULL; item = item->next) {
			size_t is_known = idmap_get(known, item->name);
			if (slice_is(item->name, "comment"))
				continue;
			if (is_known == READ_ONLY)
				add_name(read_only, item->name);
			else if (is_known == idmap_none && !is_made_by_setup(section, item->name))
				add_name(missing, item->name);
		}
	}
}

/* What is only read and not there comes out empty: no mistake, but worth knowing. */
static void find_unreadable(struct check *c, const struct idmap *known, enum hubspot_object object, struct names *missing)
{
	const struct slice lists[OBJECT_COUNT] = { [OBJECT_CONTACTS] = c->tool.workflow.read_contact,
		[OBJECT_COMPANIES] = c->tool.workflow.read_company,
		[OBJECT_TASKS] = c->tool.workflow.read_task };
	struct json_error error;
	const struct json *list = lists[object].len == 0 ? NULL : json_parse(&c->arena, lists[object], &error);
	for (const struct json *name = list == NULL ? NULL : list->child; name != NULL; name = name->next)
		add_if_missing(known, name->string, missing);
}

static void check_object(struct check *c, enum hubspot_object object, const struct json *section)
{
	enum { UNMADE, UNKNOWN, FIXED, UNREAD, KINDS };
	struct names names[KINDS] = { { .count = 0 } };
	const char *name = hubspot_object_name(object);
	const struct json *results = json_get(check_ask(c, API_PROPERTIES, name, NULL), "results");
	if (results == NULL) {
		check_fail(c, "properties",
			object == OBJECT_COMPANIES ? "give the token the scope crm.schemas.companies.read"
						   : "give the token the scope crm.schemas.contacts.read",
			"%s: %s", name, c->answer.message);
		return;
	}
	struct idmap known = take_known(results);
	for (int i = 0; i < KINDS; i++)
		buf_init(&names[i].text, MAX_NAMES_BYTES);
	find_unmade(&known, object, section, &names[UNMADE]);
	find_unwritable(c, &known, object, section, &names[UNKNOWN], &names[FIXED]);
	find_unreadable(c, &known, object, &names[UNREAD]);
	if (names[UNMADE].count > 0)
		check_fail(c, "properties", "run hs-tasks setup", "%s: %zu missing,%s", name, names[UNMADE].count, buf_text(&names[UNMADE].text));
	if (names[UNKNOWN].count > 0)
		check_fail(c, "properties", "make them, or take them out of the workflow file", "%s: routes write what is not there,%s", name,
			buf_text(&names[UNKNOWN].text));
	if (names[FIXED].count > 0)
		check_fail(c, "properties", "take them out of the workflow file", "%s: routes write what is read-only,%s", name,
			buf_text(&names[FIXED].text));
	if (names[UNMADE].count + names[UNKNOWN].count + names[FIXED].count == 0)
		check_pass(c, "properties", "%s: all there%s%s", name, names[UNREAD].count > 0 ? ", but of those read not" : "",
			buf_text(&names[UNREAD].text));
	for (int i = 0; i < KINDS; i++)
		buf_release(&names[i].text);
	idmap_release(&known);
}

void check_properties(struct check *c)
{
	for (int i = 0; i < OBJECT_COUNT && hubspot_trouble(c->tool.api)->status == 0; i++)
		check_object(c, (enum hubspot_object)i, json_get(c->tool.workflow.properties, hubspot_object_name((enum hubspot_object)i)));
}
