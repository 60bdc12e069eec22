#include "types.h"

#define CONTACT_READ                                                                                                                                 \
	{                                                                                                                                            \
		"crm.objects.contacts.read"                                                                                                          \
	}
#define CONTACT_WRITE                                                                                                                                \
	{                                                                                                                                            \
		"crm.objects.contacts.write"                                                                                                         \
	}

const struct object_type object_types[TYPE_COUNT] = {
	[TYPE_CONTACT] = { TYPE_CONTACT, "contacts", "contact", "CONTACT", "0-1", "createdate", "lastmodifieddate",
		{ "createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname" },
		{ "firstname", "lastname", "email", "phone", "company" }, { NULL }, CONTACT_READ, CONTACT_WRITE },
	[TYPE_COMPANY] = { TYPE_COMPANY, "companies", "company", "COMPANY", "0-2", "createdate", "hs_lastmodifieddate",
		{ "createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name" }, { "name", "domain", "website", "phone" }, { NULL },
		{ "crm.objects.companies.read" }, { "crm.objects.companies.write" } },
	[TYPE_TASK] = { TYPE_TASK, "tasks", "task", "TASK", "0-27", "hs_createdate", "hs_lastmodifieddate",
		{ "hs_createdate", "hs_lastmodifieddate", "hs_object_id" }, { "hs_task_subject", "hs_task_body" }, { "hs_timestamp" }, CONTACT_READ,
		CONTACT_WRITE },
	[TYPE_NOTE] = { TYPE_NOTE, "notes", "note", "NOTE", "0-46", "hs_createdate", "hs_lastmodifieddate",
		{ "hs_createdate", "hs_lastmodifieddate", "hs_object_id" }, { "hs_note_body" }, { "hs_timestamp" }, CONTACT_READ, CONTACT_WRITE },
	[TYPE_EMAIL] = { TYPE_EMAIL, "emails", "email", "EMAIL", "0-49", "hs_createdate", "hs_lastmodifieddate",
		{ "hs_createdate", "hs_lastmodifieddate", "hs_object_id" }, { "hs_email_subject" }, { "hs_timestamp", "hs_email_direction" },
		{ "sales-email-read" }, CONTACT_WRITE },
};

/* developers.hubspot.com, "Association type IDs", 2026. The primary company's pair stands after the unlabelled one. */
const struct association_type association_types[] = {
	{ 279, TYPE_CONTACT, TYPE_COMPANY, NULL, 280, NULL },
	{ 1, TYPE_CONTACT, TYPE_COMPANY, "Primary", 2, NULL },
	{ 280, TYPE_COMPANY, TYPE_CONTACT, NULL, 279, NULL },
	{ 2, TYPE_COMPANY, TYPE_CONTACT, "Primary", 1, NULL },
	{ 204, TYPE_TASK, TYPE_CONTACT, NULL, 203, NULL },
	{ 203, TYPE_CONTACT, TYPE_TASK, NULL, 204, NULL },
	{ 192, TYPE_TASK, TYPE_COMPANY, NULL, 191, NULL },
	{ 191, TYPE_COMPANY, TYPE_TASK, NULL, 192, NULL },
	{ 202, TYPE_NOTE, TYPE_CONTACT, NULL, 201, NULL },
	{ 201, TYPE_CONTACT, TYPE_NOTE, NULL, 202, NULL },
	{ 190, TYPE_NOTE, TYPE_COMPANY, NULL, 189, NULL },
	{ 189, TYPE_COMPANY, TYPE_NOTE, NULL, 190, NULL },
	{ 198, TYPE_EMAIL, TYPE_CONTACT, NULL, 197, NULL },
	{ 197, TYPE_CONTACT, TYPE_EMAIL, NULL, 198, NULL },
	{ 186, TYPE_EMAIL, TYPE_COMPANY, NULL, 185, NULL },
	{ 185, TYPE_COMPANY, TYPE_EMAIL, NULL, 186, NULL },
};
const size_t association_type_count = sizeof association_types / sizeof association_types[0];

const struct object_type *type_find(struct slice name)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		const struct object_type *type = &object_types[i];
		if (slice_equal_nocase(name, slice_of(type->plural)) || slice_equal_nocase(name, slice_of(type->singular)) ||
			slice_is(name, type->type_id))
			return type;
	}
	return NULL;
}

int association_default(const struct object_type *from, const struct object_type *to)
{
	for (size_t i = 0; i < association_type_count; i++)
		if (association_types[i].from == from->index && association_types[i].to == to->index && association_types[i].label == NULL)
			return association_types[i].type_id;
	return 0;
}
