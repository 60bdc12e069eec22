#include "org.h"

#include "jsonld.h"
#include "size.h"

/* A site's statement about itself, meant for machines. */
#define TRUST_JSON_LD 0.85

struct reading {
	const struct extract_page *in;
	struct findings *out;
	struct arena *kept, *scratch;
};

static void offer(const struct reading *r, enum fact_id id, struct slice value, double confidence, struct slice evidence)
{
	facts_offer(&r->out->facts, r->kept, id,
		&(struct fact){
			.value = value, .source = slice_of(r->in->url), .evidence = evidence, .method = "json-ld", .confidence = confidence });
}

/* The member as it stands on the page, for the evidence: "name":"Acme". */
static struct slice quoted(const struct reading *r, const struct json *node, const char *property)
{
	const struct json *member = json_get(node, property);
	if (member == NULL)
		return (struct slice){ "", 0 };
	size_t len = member->raw.len < FACT_EVIDENCE_BYTES ? member->raw.len : FACT_EVIDENCE_BYTES;
	return arena_printf(r->scratch, "\"%s\":%.*s", property, (int)len, member->raw.ptr);
}

static void offer_text(const struct reading *r, const struct json *node, const char *property, enum fact_id id)
{
	offer(r, id, jsonld_text(node, property), TRUST_JSON_LD, quoted(r, node, property));
}

static void offer_url(const struct reading *r, const struct json *node, const char *property, enum fact_id id)
{
	struct address a;
	const struct json *value = jsonld_first(node, property);
	/* An ImageObject's address is its url or contentUrl; its name is no address. */
	struct slice text = json_text(value);
	if (value != NULL && value->type == JSON_OBJECT)
		text = json_get(value, "url") != NULL ? jsonld_text(value, "url") : jsonld_text(value, "contentUrl");
	if (text.len > 0 && domain_resolve(r->scratch, r->in->url, text, &a))
		offer(r, id, slice_of(a.url), TRUST_JSON_LD, quoted(r, node, property));
}

/* A number, a text, or a QuantitativeValue with value or minValue and maxValue. */
static void read_size(const struct reading *r, const struct json *org)
{
	static const char *const names[] = { "value", "minValue", "maxValue" };
	const struct json *value = jsonld_first(org, "numberOfEmployees");
	struct slice text = json_text(value);
	uint64_t employees;
	for (size_t i = 0; text.len == 0 && i < sizeof names / sizeof names[0]; i++)
		text = jsonld_text(value, names[i]);
	if (size_read(text, &employees))
		offer(r, FACT_COMPANY_SIZE, arena_printf(r->scratch, "%llu", (unsigned long long)employees), TRUST_JSON_LD,
			quoted(r, org, "numberOfEmployees"));
}

/* North American Industry Classification System 2022, sectors by the first two digits. */
static const char *naics_sector(struct slice code)
{
	static const struct {
		const char *digits, *name;
	} sectors[] = { { "11", "Agriculture" }, { "21", "Mining" }, { "22", "Utilities" }, { "23", "Construction" }, { "31", "Manufacturing" },
		{ "32", "Manufacturing" }, { "33", "Manufacturing" }, { "42", "Wholesale Trade" }, { "44", "Retail" }, { "45", "Retail" },
		{ "48", "Transportation" }, { "49", "Transportation" }, { "5112", "Software" }, { "5132", "Software" },
		{ "5415", "Software and IT Services" }, { "51", "Information" }, { "52", "Finance and Insurance" }, { "53", "Real Estate" },
		{ "54", "Professional Services" }, { "55", "Management of Companies" }, { "56", "Administrative Services" }, { "61", "Education" },
		{ "62", "Health Care" }, { "71", "Arts and Entertainment" }, { "72", "Accommodation and Food" }, { "81", "Other Services" },
		{ "92", "Public Administration" } };
	for (size_t i = 0; i < sizeof sectors / sizeof sectors[0]; i++)
		if (slice_starts(code, sectors[i].digits))
			return sectors[i].name;
	return NULL;
}

static void read_industry(const struct reading *r, const struct json *org)
{
	offer_text(r, org, "industry", FACT_INDUSTRY);
	const char *sector = naics_sector(jsonld_text(org, "naics"));
	if (sector != NULL)
		offer(r, FACT_INDUSTRY, slice_of(sector), TRUST_JSON_LD - 0.05, quoted(r, org, "naics"));
}

static void read_address(const struct reading *r, const struct json *org)
{
	static const char *const parts[] = { "streetAddress", "postalCode", "addressLocality", "addressRegion", "addressCountry" };
	const struct json *address = jsonld_first(org, "address");
	if (address == NULL)
		address = jsonld_first(jsonld_first(org, "location"), "address");
	struct slice whole = json_text(address);
	for (size_t i = 0; address != NULL && address->type == JSON_OBJECT && i < sizeof parts / sizeof parts[0]; i++) {
		struct slice text = jsonld_text(address, parts[i]);
		if (text.len > 0)
			whole = arena_printf(r->scratch, "%.*s%s%.*s", (int)whole.len, whole.len == 0 ? "" : whole.ptr, whole.len == 0 ? "" : ", ",
				(int)text.len, text.ptr);
	}
	offer(r, FACT_ADDRESS, whole, TRUST_JSON_LD, slice_of("address of the Organization"));
	if (address != NULL && address->type == JSON_OBJECT)
		offer_text(r, address, "addressCountry", FACT_COUNTRY);
}

static void read_contact(const struct reading *r, const struct json *org)
{
	const struct json *point = jsonld_first(org, "contactPoint");
	offer_text(r, org, "telephone", FACT_PHONE);
	offer_text(r, point, "telephone", FACT_PHONE);
	struct slice email = jsonld_text(org, "email");
	if (email.len == 0)
		email = jsonld_text(point, "email");
	if (slice_starts(email, "mailto:"))
		email = (struct slice){ email.ptr + 7, email.len - 7 };
	if (domain_of_mail(r->scratch, email) != NULL)
		offer(r, FACT_EMAIL, email, TRUST_JSON_LD, slice_of("email of the Organization"));
}

static void read_profile(const struct reading *r, struct slice link)
{
	struct address target;
	enum social_id id;
	struct slice url;
	if (link.len == 0 || !domain_resolve(r->scratch, r->in->url, link, &target) || !social_read(r->scratch, &target, &id, &url))
		return;
	struct social_profile profile = { facts_clean(r->kept, url, FACT_VALUE_BYTES), facts_clean(r->kept, slice_of(r->in->url), FACT_SOURCE_BYTES),
		"json-ld" };
	social_offer(&r->out->social, id, &profile);
	if (id == SOCIAL_LINKEDIN_COMPANY)
		offer(r, FACT_LINKEDIN, url, TRUST_JSON_LD, arena_printf(r->scratch, "sameAs %.*s", (int)link.len, link.ptr));
}

void org_read(const struct json *org, const struct extract_page *in, struct findings *out, struct arena *kept, struct arena *scratch)
{
	const struct reading r = { in, out, kept, scratch };
	offer_text(&r, org, "name", FACT_COMPANY_NAME);
	offer_text(&r, org, "legalName", FACT_LEGAL_NAME);
	offer_text(&r, org, "description", FACT_DESCRIPTION);
	offer_url(&r, org, "logo", FACT_LOGO);
	offer_text(&r, org, "foundingDate", FACT_FOUNDED);
	read_size(&r, org);
	read_industry(&r, org);
	read_address(&r, org);
	read_contact(&r, org);
	const struct json *same = json_get(org, "sameAs");
	if (same != NULL && same->type == JSON_ARRAY)
		for (const struct json *one = same->child; one != NULL; one = one->next)
			read_profile(&r, json_text(one));
	else
		read_profile(&r, json_text(same));
}
