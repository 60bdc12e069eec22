#include "jsonld.h"

#include "domain.h"

enum { MAX_ORGANIZATIONS = 32, MAX_NESTING = 6 };

/* Kinds of Organization in schema.org (28.1) whose names do not end like one; those that do are told by their end. */
static const char *const kinds[] = { "Organization", "Corporation", "LocalBusiness", "NGO", "Airline", "Consortium", "Cooperative",
	"ProfessionalService", "LegalService", "Attorney", "Notary", "FinancialService", "AccountingService", "BankOrCreditUnion", "InsuranceAgency",
	"EmploymentAgency", "RealEstateAgent", "TravelAgency", "Store", "Restaurant", "Hotel", "LodgingBusiness", "MedicalClinic", "Dentist",
	"Physician", "Pharmacy", "Hospital", "AutoDealer", "AutoRepair", "Electrician", "Plumber", "GeneralContractor", "HVACBusiness",
	"RoofingContractor", "MovingCompany", "School", "CollegeOrUniversity", "Library", "OnlineBusiness", "OnlineStore", "WorkersUnion",
	"FundingScheme", "ChildCare", "DryCleaningOrLaundry", "SelfStorage" };

static bool is_organization_type(struct slice type)
{
	const char *slash = type.len == 0 ? NULL : memrchr(type.ptr, '/', type.len);
	if (slash != NULL)
		type = (struct slice){ slash + 1, type.len - (size_t)(slash + 1 - type.ptr) };
	if (slice_starts(type, "schema:"))
		type = (struct slice){ type.ptr + 7, type.len - 7 };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (slice_is(type, kinds[i]))
			return true;
	return slice_ends(type, "Organization") || slice_ends(type, "Business") || slice_ends(type, "Store");
}

static bool is_organization(const struct json *node)
{
	const struct json *type = json_get(node, "@type");
	if (type == NULL || type->type != JSON_ARRAY)
		return is_organization_type(json_text(type));
	for (const struct json *one = type->child; one != NULL; one = one->next)
		if (is_organization_type(json_text(one)))
			return true;
	return false;
}

struct found {
	const struct json *nodes[MAX_ORGANIZATIONS];
	size_t count;
};

/* Members of other nodes that speak of who runs the site; a customer's or a review's organization stands elsewhere. */
static void collect(const struct json *node, struct found *found, unsigned nesting)
{
	static const char *const inner[] = { "@graph", "publisher", "mainEntity", "about", "provider", "sourceOrganization", "isPartOf", "author" };
	if (node == NULL || nesting > MAX_NESTING)
		return;
	if (node->type == JSON_ARRAY) {
		for (const struct json *one = node->child; one != NULL; one = one->next)
			collect(one, found, nesting + 1);
		return;
	}
	if (node->type != JSON_OBJECT)
		return;
	/* {"@id":"#organization"} alone points to a node that is met by itself. */
	if (is_organization(node) && found->count < MAX_ORGANIZATIONS && node->count > 2) {
		found->nodes[found->count++] = node;
		return;
	}
	for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++)
		collect(json_get(node, inner[i]), found, nesting + 1);
}

static bool is_of_domain(struct arena *arena, const struct json *node, const char *site_url, const char *domain)
{
	struct address own;
	struct slice url = jsonld_text(node, "url");
	if (url.len == 0)
		url = jsonld_text(node, "@id");
	return url.len > 0 && domain_resolve(arena, site_url, url, &own) && strcmp(own.domain, domain) == 0;
}

const struct json *jsonld_organization(struct arena *arena, const struct json *const *blocks, size_t count, const char *site_url)
{
	struct found found = { .count = 0 };
	struct address site;
	for (size_t i = 0; i < count; i++)
		collect(blocks[i], &found, 0);
	if (found.count == 0)
		return NULL;
	if (domain_resolve(arena, site_url, slice_of(""), &site))
		for (size_t i = 0; i < found.count; i++)
			if (is_of_domain(arena, found.nodes[i], site_url, site.domain))
				return found.nodes[i];
	return found.nodes[0];
}

const struct json *jsonld_first(const struct json *node, const char *property)
{
	const struct json *value = json_get(node, property);
	return value != NULL && value->type == JSON_ARRAY ? value->child : value;
}

struct slice jsonld_text(const struct json *node, const char *property)
{
	static const char *const inner[] = { "name", "@value", "url", "@id" };
	const struct json *value = jsonld_first(node, property);
	for (size_t i = 0; value != NULL && value->type == JSON_OBJECT && i < sizeof inner / sizeof inner[0]; i++) {
		const struct json *text = jsonld_first(value, inner[i]);
		if (json_text(text).len > 0)
			return slice_trim(json_text(text));
	}
	return slice_trim(json_text(value));
}
