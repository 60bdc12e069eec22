#include "lead.h"

#include <stdlib.h>

#include "base/clock.h"
#include "judge.h"
#include "record/title.h"
#include "size.h"

/* All facts at their longest, with every byte escaped, take less. */
enum { MAX_ENRICHMENT_BYTES = 2 << 20 };

/* What somebody entered about this contact, about the company, and what rules make of it. */
#define TRUST_CONTACT 0.95
#define TRUST_COMPANY 0.9
#define TRUST_RULE 0.9
#define TRUST_GUESS 0.5

/* Of each fact the fields that hold it, best first. */
static const struct {
	enum fact_id fact;
	const char *field;
} sources[] = {
	{ FACT_TITLE, "contact.jobtitle" },
	{ FACT_COMPANY_SIZE, "contact.numberofemployees" },
	{ FACT_COMPANY_SIZE, "contact.numemployees" },
	{ FACT_COMPANY_SIZE, "company.numberofemployees" },
	{ FACT_COMPANY_SIZE, "contact.company_size" },
	{ FACT_INDUSTRY, "contact.industry" },
	{ FACT_INDUSTRY, "company.industry" },
	{ FACT_LINKEDIN, "contact.hs_linkedin_url" },
	{ FACT_LINKEDIN, "contact.linkedin_profile" },
	{ FACT_LINKEDIN, "company.linkedin_company_page" },
	{ FACT_COMPANY_NAME, "company.name" },
	{ FACT_COMPANY_NAME, "contact.company" },
	{ FACT_DESCRIPTION, "company.description" },
	{ FACT_PHONE, "contact.phone" },
	{ FACT_PHONE, "contact.mobilephone" },
	{ FACT_PHONE, "company.phone" },
	{ FACT_EMAIL, "contact.email" },
	{ FACT_COUNTRY, "contact.country" },
	{ FACT_COUNTRY, "company.country" },
	{ FACT_WEBSITE, "contact.website" },
	{ FACT_WEBSITE, "company.website" },
	{ FACT_WEBSITE, "company.domain" },
};
enum { SOURCES = sizeof sources / sizeof sources[0] };

struct lead_fields {
	struct field_set *set;
	int number[SOURCES];
};

struct lead_fields *lead_fields_new(enum record_as as)
{
	struct lead_fields *f = calloc(1, sizeof *f);
	if (f == NULL)
		return NULL;
	f->set = field_set_new(as);
	for (size_t i = 0; i < SOURCES; i++)
		if (f->set == NULL || (f->number[i] = field_set_add(f->set, slice_of(sources[i].field))) < 0) {
			lead_fields_free(f);
			return NULL;
		}
	return f;
}

void lead_fields_free(struct lead_fields *f)
{
	if (f != NULL)
		field_set_free(f->set);
	free(f);
}

/* -- what the CRM knows -- */

static void offer(struct lead *lead, struct arena *arena, enum fact_id id, struct slice value, const char *field, const char *method,
	double confidence, struct slice evidence)
{
	facts_offer(&lead->facts, arena, id,
		&(struct fact){ .value = value, .source = slice_of(field), .evidence = evidence, .method = method, .confidence = confidence });
}

static void read_profile(struct lead *lead, struct arena *arena, const char *field, struct slice text, double confidence)
{
	struct address a;
	enum social_id id;
	struct slice url;
	if (!domain_read(arena, text, &a) || !social_read(arena, &a, &id, &url))
		return;
	social_offer(&lead->social, id, &(struct social_profile){ url, slice_of(field), "crm" });
	if (id == SOCIAL_LINKEDIN_PERSON || id == SOCIAL_LINKEDIN_COMPANY)
		offer(lead, arena, FACT_LINKEDIN, url, field, "crm", confidence, text);
}

/* The first field with a usable address wins, so that all contacts of one company lead to one site. A profile entered as a website is a profile. */
static void read_site(
	struct lead *lead, struct arena *arena, const char *field, struct slice text, const struct names *free_mail, double confidence)
{
	struct address a;
	if (!domain_read(arena, text, &a) || names_has(free_mail, slice_of(a.domain)))
		return;
	if (domain_is_platform(a.domain)) {
		read_profile(lead, arena, field, text, confidence);
		return;
	}
	if (lead->has_site)
		return;
	lead->has_site = true;
	lead->site = a;
	lead->site_source = field;
	offer(lead, arena, FACT_WEBSITE, slice_of(a.url), field, "crm", confidence, text);
}

static void read_field(struct lead *lead, struct arena *arena, size_t i, struct slice text, const struct names *free_mail)
{
	const char *field = sources[i].field;
	double confidence = field[2] == 'n' ? TRUST_CONTACT : TRUST_COMPANY; /* "contact." */
	uint64_t employees;
	switch (sources[i].fact) {
	case FACT_WEBSITE: read_site(lead, arena, field, text, free_mail, confidence); break;
	case FACT_LINKEDIN: read_profile(lead, arena, field, text, confidence); break;
	case FACT_COMPANY_SIZE:
		if (size_read(text, &employees))
			offer(lead, arena, FACT_COMPANY_SIZE, arena_printf(arena, "%llu", (unsigned long long)employees), field, "crm", confidence,
				text);
		break;
	case FACT_EMAIL:
		if (domain_of_mail(arena, text) != NULL)
			offer(lead, arena, FACT_EMAIL, text, field, "crm", confidence, text);
		break;
	default: offer(lead, arena, sources[i].fact, text, field, "crm", confidence, text); break;
	}
}

static void read_title(struct lead *lead, struct arena *arena)
{
	const struct fact *title = &lead->facts.list[FACT_TITLE];
	struct title_verdict v = title_read(title->value);
	if (v.seniority != NULL)
		offer(lead, arena, FACT_SENIORITY, slice_of(v.seniority), "contact.jobtitle", "rule", TRUST_RULE,
			arena_printf(arena, "\"%s\" in the title", v.seniority_word));
	if (v.department != NULL)
		offer(lead, arena, FACT_DEPARTMENT, slice_of(v.department), "contact.jobtitle", "rule", TRUST_RULE - 0.1,
			arena_printf(arena, "\"%s\" in the title", v.department_word));
}

/* A mail service's domain is nobody's company; any other is a guess at the company's site. */
static void read_mail(struct lead *lead, struct arena *arena, const struct names *free_mail)
{
	struct slice email = lead->facts.list[FACT_EMAIL].value;
	const char *domain = email.len == 0 ? NULL : domain_of_mail(arena, email);
	if (domain == NULL) {
		lead->no_site_reason = email.len == 0 ? "no website and no e-mail address" : "no website";
		return;
	}
	bool is_free = names_has(free_mail, slice_of(domain)) || names_has(free_mail, slice_of(domain_registrable(arena, domain)));
	offer(lead, arena, FACT_MAIL_CLASS, slice_of(is_free ? "free" : "business"), "contact.email", "rule", TRUST_RULE, slice_of(domain));
	lead->no_site_reason = is_free ? "no website, and the e-mail address is at a free mail service" : "no website";
	if (lead->has_site || is_free)
		return;
	const char *registrable = domain_registrable(arena, domain);
	lead->has_site = registrable != NULL && domain_read(arena, slice_of(registrable), &lead->site);
	lead->site_source = "contact.email";
	lead->site_from_mail = lead->has_site;
}

void lead_read(struct lead *lead, const struct record *r, const struct lead_fields *fields, const struct names *free_mail, struct arena *arena)
{
	struct value values[SOURCES], task;
	*lead = (struct lead){ .no_site_reason = "no website" };
	field_set_get(fields->set, r, values);
	for (size_t i = 0; i < SOURCES; i++) {
		struct value v = values[fields->number[i]];
		struct slice text = v.type == JSON_STRING || v.type == JSON_NUMBER ? slice_trim(value_text(v, arena)) : (struct slice){ "", 0 };
		if (text.len > 0)
			read_field(lead, arena, i, text, free_mail);
	}
	read_title(lead, arena);
	read_mail(lead, arena, free_mail);
	if (record_path(r, &task, "task", "id", NULL))
		lead->task = value_text(task, arena);
}

/* -- the member -- */

static void merge(struct lead *lead, const struct site_result *site, struct arena *arena)
{
	for (enum fact_id id = 0; id < FACT_COUNT; id++)
		facts_offer(&lead->facts, arena, id, &site->facts.list[id]);
	for (enum social_id id = 0; id < SOCIAL_COUNT; id++)
		if (site->social.list[id].url.len > 0)
			social_offer(&lead->social, id, &site->social.list[id]);
	/* The mail's domain is the company's website only once a page has answered there. */
	if (lead->site_from_mail && site->status == SITE_OK)
		offer(lead, arena, FACT_WEBSITE, site->url, "contact.email", "rule", TRUST_GUESS,
			arena_printf(arena, "a page answers at the e-mail address's domain %s", lead->site.domain));
}

static void write_site(const struct site_result *site, struct jsonw *w)
{
	jsonw_name(w, "site");
	jsonw_object(w);
	jsonw_put_text(w, "status", site_status_name(site->status));
	if (site->reason.len > 0)
		jsonw_put_string(w, "reason", site->reason);
	if (site->url.len > 0)
		jsonw_put_string(w, "url", site->url);
	if (site->redirected_to.len > 0)
		jsonw_put_string(w, "redirected_to", site->redirected_to);
	jsonw_put_int(w, "pages", site->pages);
	jsonw_object_end(w);
}

static void write_verdict(const struct verdict *v, const struct site_result *site, struct jsonw *w, struct arena *arena)
{
	jsonw_name(w, "gaps");
	jsonw_array(w);
	for (size_t i = 0; i < v->gap_count; i++)
		jsonw_text(w, v->gaps[i]);
	jsonw_array_end(w);
	jsonw_put_text(w, "quality", quality_name(v->quality));
	jsonw_put_int(w, "decision_maker_score", v->decision_maker_score);
	jsonw_name(w, "decision_maker_reasons");
	jsonw_array(w);
	for (size_t i = 0; i < v->reason_count; i++) {
		jsonw_object(w);
		jsonw_put_text(w, "rule", v->reasons[i].rule);
		jsonw_put_int(w, "points", v->reasons[i].points);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	jsonw_put_string(w, "next_action", judge_next_action(v, site->status, site->reason, arena));
}

bool lead_write(struct lead *lead, const struct site_result *site, int64_t at_ms, struct record *r, struct arena *arena)
{
	char at[CLOCK_TEXT_BYTES];
	struct buf out;
	struct jsonw w;
	merge(lead, site, arena);
	struct verdict v = judge(&lead->facts, site->status);
	buf_init(&out, MAX_ENRICHMENT_BYTES);
	jsonw_init(&w, &out);
	clock_format(at_ms, at);
	jsonw_object(&w);
	jsonw_put_text(&w, "at", at);
	jsonw_put_text(&w, "domain", lead->has_site ? lead->site.domain : NULL);
	write_site(site, &w);
	jsonw_name(&w, "facts");
	facts_write(&lead->facts, &w);
	jsonw_put_raw(&w, "technologies", site->technologies);
	jsonw_name(&w, "social");
	social_write(&lead->social, &w);
	write_verdict(&v, site, &w, arena);
	jsonw_object_end(&w);
	bool ok = !out.failed && !arena->failed;
	if (ok)
		record_put(r, "enrichment", buf_slice(&out));
	buf_release(&out);
	return ok;
}
