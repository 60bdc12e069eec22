#include "demo.h"

#include <stdarg.h>
#include <stdio.h>

#include "links.h"
#include "demo_data.h"
#include "records.h"

enum {
	DUPLICATE_COMPANIES = 2, /* the last ones: other records of the first ones' firms */
	MAX_PROPERTIES = 24,
	MAX_ARENA_BYTES = 64 << 20,
	FREE_MAIL_EVERY = 8,
	DUPLICATE_EVERY = 50, /* a second record of the person before */
	DEMO_SEED = 2026,
	MAX_DAYS_OVERDUE = 7,
};
enum { OWNER_QUEUE = 71001, OWNER_SALES_TEAM = 71002, OWNER_PERSON = 71003 };

static const int64_t day_0_ms = 1767603600000; /* 2026-01-05T09:00:00Z, a Monday */

/* -- companies -- */

static enum demo_manner company_manner(size_t index)
{
	switch (index) {
	case 5: return DEMO_REDIRECTS;
	case 11: return DEMO_SLOW;
	case 17: return DEMO_NOT_FOUND;
	case 23: return DEMO_PARKED;
	case 28: return DEMO_FORBIDS;
	default: return index % 20 == 13 ? DEMO_NO_SITE : DEMO_PLAIN;
	}
}

struct demo_company demo_company(size_t index)
{
	static const unsigned sizes[] = { 14, 62, 240, 1350, 35, 180, 8, 520, 4200, 95 };
	bool is_duplicate = index >= DEMO_COMPANIES - DUPLICATE_COMPANIES;
	size_t i = is_duplicate ? index - (DEMO_COMPANIES - DUPLICATE_COMPANIES) : index;
	const struct demo_stem *stem = &demo_stems[i % DEMO_STEMS];
	/* 30 stems in 4 rounds: each round shifts the trades, so no pair comes twice. */
	const struct demo_trade *trade = &demo_trades[(i % DEMO_STEMS + 2 * (i / DEMO_STEMS)) % DEMO_TRADES];
	const struct demo_place *place = &demo_places[(i * 5 + i / DEMO_STEMS) % DEMO_PLACES];
	struct demo_company c = {
		.index = index,
		.manner = company_manner(i),
		.industry = trade->industry,
		.offer = trade->offer,
		.place = place,
		.employees = sizes[i % 10] + (unsigned)(i / 10),
		.founded = 1968 + (unsigned)(i * 7 % 55),
	};
	snprintf(c.host, sizeof c.host, "%s-%s", stem->host, trade->host);
	snprintf(c.name, sizeof c.name, "%s %s%s", stem->shown, trade->shown, is_duplicate ? ", Inc." : "");
	snprintf(c.domain, sizeof c.domain, "%s.example", c.host);
	return c;
}

bool demo_find(struct slice host, struct demo_company *company)
{
	for (size_t i = 0; i < DEMO_COMPANIES; i++) {
		*company = demo_company(i);
		if (slice_equal_nocase(host, slice_of(company->host)))
			return true;
	}
	return false;
}

/* -- records -- */

/* One record in the making. */
struct maker {
	struct call call;
	struct change list[MAX_PROPERTIES];
	struct changes changes;
	struct random random;
	unsigned port;
	int64_t company_ids[DEMO_COMPANIES];
};

static void begin(struct maker *m)
{
	arena_reset(m->call.arena);
	m->changes = (struct changes){ m->list, 0 };
}

static void set(struct maker *m, enum type_index type, const char *name, const char *value)
{
	const struct property *p = schema_find(&m->call.portal->schemas[type], slice_of(name));
	if (p != NULL && value != NULL && value[0] != '\0' && m->changes.count < MAX_PROPERTIES)
		m->list[m->changes.count++] = (struct change){ p, slice_of(value) };
}

static const char *text(struct maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *text(struct maker *m, const char *format, ...)
{
	char formatted[512];
	va_list args;
	va_start(args, format);
	vsnprintf(formatted, sizeof formatted, format, args);
	va_end(args);
	return arena_strdup(m->call.arena, slice_of(formatted));
}

static bool one_in(struct maker *m, unsigned n)
{
	return random_below(&m->random, n) == 0;
}

static void link_with(struct maker *m, int type_id, int64_t from_id, int64_t to_id)
{
	link_add(&m->call, labels_find(&m->call.portal->labels, type_id), from_id, to_id);
}

static const char *website(struct maker *m, const struct demo_company *company)
{
	return company->manner == DEMO_NO_SITE ? NULL : text(m, "http://%s.localhost:%u/", company->host, m->port);
}

static void make_company(struct maker *m, const struct demo_company *company)
{
	begin(m);
	set(m, TYPE_COMPANY, "name", company->name);
	set(m, TYPE_COMPANY, "domain", company->manner == DEMO_NO_SITE ? NULL : company->domain);
	set(m, TYPE_COMPANY, "website", website(m, company));
	set(m, TYPE_COMPANY, "industry", one_in(m, 4) ? NULL : company->industry);
	set(m, TYPE_COMPANY, "numberofemployees", one_in(m, 3) ? NULL : text(m, "%u", company->employees));
	set(m, TYPE_COMPANY, "city", one_in(m, 5) ? NULL : company->place->city);
	set(m, TYPE_COMPANY, "country", company->place->country);
	set(m, TYPE_COMPANY, "phone", one_in(m, 2) ? NULL : text(m, "%s %04zu", company->place->phone_prefix, 1000 + company->index));
	set(m, TYPE_COMPANY, "hubspot_owner_id", text(m, "%d", OWNER_SALES_TEAM));
	m->company_ids[company->index] = record_insert(&m->call, &object_types[TYPE_COMPANY], &m->changes);
}

/* One contact, as the tasks name it. */
struct contact {
	int64_t id;
	char name[DEMO_NAME_BYTES * 2];
	bool has_company;
	size_t company;
};

static void set_contact_details(struct maker *m, const struct demo_company *company, size_t index, bool has_company)
{
	const char *title = demo_titles[index * 7 % DEMO_TITLES];
	set(m, TYPE_CONTACT, "jobtitle", one_in(m, 7) ? NULL : title);
	set(m, TYPE_CONTACT, "phone", one_in(m, 3) ? NULL : text(m, "%s %04zu", company->place->phone_prefix, 2000 + index));
	set(m, TYPE_CONTACT, "company", has_company && !one_in(m, 6) ? company->name : NULL);
	set(m, TYPE_CONTACT, "website", has_company && !one_in(m, 3) ? website(m, company) : NULL);
	set(m, TYPE_CONTACT, "industry", has_company && one_in(m, 2) ? company->industry : NULL);
	set(m, TYPE_CONTACT, "numemployees", has_company && one_in(m, 4) ? text(m, "%u", company->employees) : NULL);
	set(m, TYPE_CONTACT, "city", one_in(m, 2) ? company->place->city : NULL);
	set(m, TYPE_CONTACT, "country", one_in(m, 4) ? NULL : company->place->country);
	set(m, TYPE_CONTACT, "hs_analytics_num_visits", one_in(m, 3) ? text(m, "%u", (unsigned)random_below(&m->random, 30)) : NULL);
	set(m, TYPE_CONTACT, "hs_email_open", one_in(m, 4) ? text(m, "%u", (unsigned)random_below(&m->random, 9)) : NULL);
	set(m, TYPE_CONTACT, "hs_email_optout", index % 97 == 40 ? "true" : NULL);
	set(m, TYPE_CONTACT, "lifecyclestage", "lead");
	set(m, TYPE_CONTACT, "hs_lead_status", one_in(m, 2) ? "NEW" : NULL);
	set(m, TYPE_CONTACT, "hubspot_owner_id", text(m, "%d", index % 3 == 0 ? OWNER_PERSON : OWNER_SALES_TEAM));
}

static struct contact make_contact(struct maker *m, size_t index)
{
	bool is_duplicate = index % DUPLICATE_EVERY == DUPLICATE_EVERY - 1, is_free = is_duplicate || index % FREE_MAIL_EVERY == 3;
	size_t person = is_duplicate ? index - 1 : index;
	const struct demo_stem *first = &demo_firsts[person * 3 % DEMO_FIRSTS], *last = &demo_lasts[(person * 7 + person / DEMO_FIRSTS) % DEMO_LASTS];
	struct demo_company company = demo_company(person * 13 % DEMO_COMPANIES);
	struct contact contact = { .has_company = !is_free || index % 3 == 0, .company = company.index };
	bool has_first = index % 61 != 30, has_last = index % 37 != 20;
	begin(m);
	const char *mail = is_free ? text(m, "%s.%s%zu@%s", first->host, last->host, index, demo_free_mails[index % DEMO_FREE_MAILS])
				   : text(m, "%s.%s@%s", first->host, last->host, company.domain);
	set(m, TYPE_CONTACT, "firstname", has_first ? first->shown : NULL);
	set(m, TYPE_CONTACT, "lastname", has_last ? last->shown : NULL);
	set(m, TYPE_CONTACT, "email", index % 71 == 50 ? NULL : mail);
	set(m, TYPE_CONTACT, "hs_linkedin_url",
		one_in(m, 3) ? text(m, "https://www.linkedin.com/in/%s-%s-%zu", first->host, last->host, person) : NULL);
	set_contact_details(m, &company, index, contact.has_company);
	snprintf(contact.name, sizeof contact.name, "%s%s%s", has_first ? first->shown : "", has_first && has_last ? " " : "",
		has_last ? last->shown : "");
	contact.id = record_insert(&m->call, &object_types[TYPE_CONTACT], &m->changes);
	if (contact.has_company)
		link_with(m, 1, contact.id, m->company_ids[company.index]);
	return contact;
}

/* contact may be NULL. */
static void make_task(struct maker *m, const char *subject, const struct contact *contact, int days_overdue, const char *priority, int owner)
{
	char due[CLOCK_TEXT_BYTES];
	const struct object_type *task = &object_types[TYPE_TASK];
	clock_format(day_0_ms - (int64_t)days_overdue * MS_PER_DAY, due);
	set(m, TYPE_TASK, "hs_task_subject", subject);
	set(m, TYPE_TASK, "hs_task_status", "NOT_STARTED");
	set(m, TYPE_TASK, "hs_task_priority", priority);
	set(m, TYPE_TASK, "hs_task_type", "TODO");
	set(m, TYPE_TASK, "hs_timestamp", due);
	set(m, TYPE_TASK, "hubspot_owner_id", text(m, "%d", owner));
	int64_t id = record_insert(&m->call, task, &m->changes);
	if (contact == NULL)
		return;
	link_with(m, 204, id, contact->id);
	if (contact->has_company)
		link_with(m, 192, id, m->company_ids[contact->company]);
}

static void make_enrich_task(struct maker *m, const struct contact *contact, size_t index)
{
	static const char *const priorities[] = { "MEDIUM", "LOW", "MEDIUM", "HIGH" };
	begin(m);
	make_task(m, text(m, "Enrich Data for %s", contact->name[0] == '\0' ? "unknown" : contact->name), contact,
		(int)(index % (MAX_DAYS_OVERDUE + 1)), priorities[index % 4], OWNER_QUEUE);
}

/* A few of every other kind, for contacts picked from all over. */
static void make_other_tasks(struct maker *m, const struct contact *contacts)
{
	static const struct {
		const char *before, *after, *priority; /* around the contact's name; after NULL: the name is left out */
		int owner;
		bool has_contact;
	} kinds[] = {
		{ "Qualify Lead: ", "", "MEDIUM", OWNER_QUEUE, true },
		{ "Qualify Lead - High Value: ", "", "HIGH", OWNER_QUEUE, true },
		{ "Qualify Lead: ", "", "MEDIUM", OWNER_QUEUE, true },
		{ "Send Outreach - HOT Lead: ", "", "HIGH", OWNER_QUEUE, true },
		{ "Send Outreach - WARM Lead: ", "", "MEDIUM", OWNER_QUEUE, true },
		{ "Send Outreach - HOT Lead: ", "", "HIGH", OWNER_QUEUE, true },
		{ "Follow-up Outreach: ", "", "MEDIUM", OWNER_QUEUE, true },
		{ "Follow-up Outreach: ", "", "HIGH", OWNER_QUEUE, true },
		{ "Call ", " about renewal", "MEDIUM", OWNER_QUEUE, true },
		{ "Call about renewal", NULL, "LOW", OWNER_QUEUE, true },
		{ "Qualify Lead: caller without a record", NULL, "MEDIUM", OWNER_QUEUE, false },
		{ "Send Outreach - WARM Lead: nobody", NULL, "MEDIUM", OWNER_QUEUE, false },
		{ "Prepare the quarterly review with ", "", "HIGH", OWNER_PERSON, true },
		{ "Send the signed contract to ", "", "LOW", OWNER_SALES_TEAM, true },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const struct contact *contact = &contacts[i * 31 % DEMO_CONTACTS];
		bool has_name = kinds[i].after != NULL;
		begin(m);
		make_task(m, text(m, "%s%s%s", kinds[i].before, has_name ? contact->name : "", has_name ? kinds[i].after : ""),
			kinds[i].has_contact ? contact : NULL, (int)(i % 3), kinds[i].priority, kinds[i].owner);
	}
}

bool demo_load(struct portal *portal, unsigned port, bool *is_filled)
{
	static struct maker maker;
	static struct contact contacts[DEMO_CONTACTS];
	struct arena arena;
	struct store *s = &portal->store;
	struct maker *m = &maker;
	*is_filled = store_number(s, 0, "SELECT count(*) FROM contacts", "") > 0;
	if (*is_filled)
		return true;
	arena_init(&arena, MAX_ARENA_BYTES);
	*m = (struct maker){ .call = { .portal = portal, .arena = &arena }, .port = port };
	random_seed(&m->random, DEMO_SEED);
	store_begin(s);
	for (size_t i = 0; i < DEMO_COMPANIES; i++) {
		struct demo_company company = demo_company(i);
		make_company(m, &company);
	}
	for (size_t i = 0; i < DEMO_CONTACTS; i++)
		contacts[i] = make_contact(m, i);
	for (size_t i = 0; i < DEMO_CONTACTS; i++)
		make_enrich_task(m, &contacts[i], i);
	make_other_tasks(m, contacts);
	if (arena.failed)
		s->failed = true;
	arena_release(&arena);
	return store_end(s, true);
}
