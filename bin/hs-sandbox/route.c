#include "route.h"

#include "account.h"
#include "associations.h"
#include "objects.h"
#include "properties.h"

static const struct route routes[] = {
	{ "POST", "/crm/v3/objects/{type}/search", "/crm/objects/{v}/{type}/search", "search", object_search, SCOPE_READ, true },
	{ "POST", "/crm/v3/objects/{type}/batch/read", "/crm/objects/{v}/{type}/batch/read", "batch read", batch_read, SCOPE_READ, false },
	{ "POST", "/crm/v3/objects/{type}/batch/create", "/crm/objects/{v}/{type}/batch/create", "batch create", batch_create, SCOPE_WRITE, false },
	{ "POST", "/crm/v3/objects/{type}/batch/update", "/crm/objects/{v}/{type}/batch/update", "batch update", batch_update, SCOPE_WRITE, false },
	{ "POST", "/crm/v3/objects/{type}/batch/upsert", "/crm/objects/{v}/{type}/batch/upsert", "batch upsert", batch_upsert, SCOPE_WRITE, false },
	{ "POST", "/crm/v3/objects/{type}/batch/archive", "/crm/objects/{v}/{type}/batch/archive", "batch archive", batch_archive, SCOPE_WRITE,
		false },
	{ "GET", "/crm/v3/objects/{type}", "/crm/objects/{v}/{type}", "list", object_list, SCOPE_READ, false },
	{ "POST", "/crm/v3/objects/{type}", "/crm/objects/{v}/{type}", "create", object_create, SCOPE_WRITE, false },
	{ "GET", "/crm/v3/objects/{type}/{id}", "/crm/objects/{v}/{type}/{id}", "get", object_get, SCOPE_READ, false },
	{ "PATCH", "/crm/v3/objects/{type}/{id}", "/crm/objects/{v}/{type}/{id}", "update", object_update, SCOPE_WRITE, false },
	{ "DELETE", "/crm/v3/objects/{type}/{id}", "/crm/objects/{v}/{type}/{id}", "archive", object_archive, SCOPE_WRITE, false },

	{ "GET", "/crm/v4/objects/{type}/{id}/associations/{to}", "/crm/objects/{v}/{type}/{id}/associations/{to}", "associations of",
		association_list, SCOPE_READ, false },
	{ "PUT", "/crm/v4/objects/{type}/{id}/associations/{to}/{to_id}", "/crm/objects/{v}/{type}/{id}/associations/{to}/{to_id}", "associate",
		association_put, SCOPE_WRITE, false },
	{ "DELETE", "/crm/v4/objects/{type}/{id}/associations/{to}/{to_id}", "/crm/objects/{v}/{type}/{id}/associations/{to}/{to_id}", "dissociate",
		association_delete, SCOPE_WRITE, false },
	{ "PUT", "/crm/v4/objects/{type}/{id}/associations/default/{to}/{to_id}", "/crm/objects/{v}/{type}/{id}/associations/default/{to}/{to_id}",
		"associate default", association_put_default, SCOPE_WRITE, false },
	{ "GET", "/crm/v4/associations/{type}/{to}/labels", "/crm/associations/{v}/{type}/{to}/labels", "association labels", label_list, SCOPE_READ,
		false },
	{ "GET", "/crm/associations/v4/{type}/{to}/labels", NULL, "association labels", label_list, SCOPE_READ, false },
	{ "POST", "/crm/v4/associations/{type}/{to}/labels", "/crm/associations/{v}/{type}/{to}/labels", "create association label", label_create,
		SCOPE_WRITE, false },
	{ "POST", "/crm/associations/v4/{type}/{to}/labels", NULL, "create association label", label_create, SCOPE_WRITE, false },
	{ "PUT", "/crm/v4/associations/{type}/{to}/labels", "/crm/associations/{v}/{type}/{to}/labels", "update association label", label_update,
		SCOPE_WRITE, false },
	{ "PUT", "/crm/associations/v4/{type}/{to}/labels", NULL, "update association label", label_update, SCOPE_WRITE, false },
	{ "DELETE", "/crm/v4/associations/{type}/{to}/labels/{id}", "/crm/associations/{v}/{type}/{to}/labels/{id}", "delete association label",
		label_delete, SCOPE_WRITE, false },
	{ "DELETE", "/crm/associations/v4/{type}/{to}/labels/{id}", NULL, "delete association label", label_delete, SCOPE_WRITE, false },
	{ "POST", "/crm/v4/associations/{type}/{to}/batch/read", "/crm/associations/{v}/{type}/{to}/batch/read", "batch associations of",
		association_batch_read, SCOPE_READ, false },
	{ "POST", "/crm/v4/associations/{type}/{to}/batch/create", "/crm/associations/{v}/{type}/{to}/batch/create", "batch associate",
		association_batch_create, SCOPE_WRITE, false },
	{ "POST", "/crm/v4/associations/{type}/{to}/batch/associate/default", "/crm/associations/{v}/{type}/{to}/batch/associate/default",
		"batch associate default", association_batch_default, SCOPE_WRITE, false },
	{ "POST", "/crm/v4/associations/{type}/{to}/batch/archive", "/crm/associations/{v}/{type}/{to}/batch/archive", "batch dissociate",
		association_batch_archive, SCOPE_WRITE, false },
	{ "POST", "/crm/v4/associations/{type}/{to}/batch/labels/archive", "/crm/associations/{v}/{type}/{to}/batch/labels/archive", "batch unlabel",
		association_batch_labels_archive, SCOPE_WRITE, false },

	{ "GET", "/crm/v3/properties/{type}/groups", "/crm/properties/{v}/{type}/groups", "property groups", group_list, SCOPE_SCHEMA_READ, false },
	{ "POST", "/crm/v3/properties/{type}/groups", "/crm/properties/{v}/{type}/groups", "create property group", group_create, SCOPE_SCHEMA_WRITE,
		false },
	{ "GET", "/crm/v3/properties/{type}/groups/{name}", "/crm/properties/{v}/{type}/groups/{name}", "property group", group_get,
		SCOPE_SCHEMA_READ, false },
	{ "PATCH", "/crm/v3/properties/{type}/groups/{name}", "/crm/properties/{v}/{type}/groups/{name}", "update property group", group_update,
		SCOPE_SCHEMA_WRITE, false },
	{ "DELETE", "/crm/v3/properties/{type}/groups/{name}", "/crm/properties/{v}/{type}/groups/{name}", "archive property group", group_archive,
		SCOPE_SCHEMA_WRITE, false },
	{ "POST", "/crm/v3/properties/{type}/batch/read", "/crm/properties/{v}/{type}/batch/read", "batch properties", property_batch_read,
		SCOPE_SCHEMA_READ, false },
	{ "POST", "/crm/v3/properties/{type}/batch/create", "/crm/properties/{v}/{type}/batch/create", "batch create properties",
		property_batch_create, SCOPE_SCHEMA_WRITE, false },
	{ "POST", "/crm/v3/properties/{type}/batch/archive", "/crm/properties/{v}/{type}/batch/archive", "batch archive properties",
		property_batch_archive, SCOPE_SCHEMA_WRITE, false },
	{ "GET", "/crm/v3/properties/{type}", "/crm/properties/{v}/{type}", "properties", property_list, SCOPE_SCHEMA_READ, false },
	{ "POST", "/crm/v3/properties/{type}", "/crm/properties/{v}/{type}", "create property", property_create, SCOPE_SCHEMA_WRITE, false },
	{ "GET", "/crm/v3/properties/{type}/{name}", "/crm/properties/{v}/{type}/{name}", "property", property_get, SCOPE_SCHEMA_READ, false },
	{ "PATCH", "/crm/v3/properties/{type}/{name}", "/crm/properties/{v}/{type}/{name}", "update property", property_update, SCOPE_SCHEMA_WRITE,
		false },
	{ "DELETE", "/crm/v3/properties/{type}/{name}", "/crm/properties/{v}/{type}/{name}", "archive property", property_archive, SCOPE_SCHEMA_WRITE,
		false },

	{ "GET", "/crm/v3/owners", "/crm/owners/{v}", "owners", owner_list, SCOPE_OWNERS, false },
	{ "GET", "/crm/v3/owners/{id}", "/crm/owners/{v}/{id}", "owner", owner_get, SCOPE_OWNERS, false },
	{ "GET", "/account-info/v3/details", "/account-info/{v}/details", "account details", account_details, SCOPE_NONE, false },
	{ "GET", "/account-info/v3/api-usage/daily/private-apps", "/account-info/{v}/api-usage/daily/private-apps", "account usage", account_usage,
		SCOPE_NONE, false },
};
enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

/* -- text -- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A "%" that is no escape stays, as servers do. */
static struct slice decode(struct arena *a, struct slice text, bool plus_is_blank)
{
	char *out = arena_alloc(a, text.len + 1);
	size_t len = 0;
	if (out == NULL)
		return (struct slice){ "", 0 };
	for (size_t i = 0; i < text.len; i++) {
		int high = i + 2 < text.len && text.ptr[i] == '%' ? hex_digit(text.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
		if (low >= 0) {
			out[len++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[len++] = plus_is_blank && text.ptr[i] == '+' ? ' ' : text.ptr[i];
		}
	}
	return (struct slice){ out, len };
}

struct route_path route_split(struct arena *a, struct slice path)
{
	struct route_path result = { .count = 0 };
	struct slice part;
	while (slice_split(&path, '/', &part))
		if (part.len > 0) {
			if (result.count < ROUTE_MAX_PARTS)
				result.parts[result.count] = decode(a, part, false);
			if (result.count <= ROUTE_MAX_PARTS)
				result.count++;
		}
	return result;
}

struct query *route_query(struct arena *a, struct slice text, size_t *count)
{
	size_t room = 1;
	struct slice part;
	for (size_t i = 0; i < text.len; i++)
		room += text.ptr[i] == '&';
	struct query *query = arena_alloc(a, room * sizeof *query);
	*count = 0;
	while (query != NULL && slice_split(&text, '&', &part)) {
		struct slice value = part, name;
		if (!slice_split(&value, '=', &name) || *count == room)
			continue;
		query[*count].name = decode(a, name, true);
		query[(*count)++].value = decode(a, value, true);
	}
	return query;
}

/* -- finding -- */

static bool is_version(struct slice part)
{
	return slice_is(part, "2026-03") || slice_is(part, "2026-09");
}

/* False where the part cannot stand there; a parameter goes into the call. */
static bool take_part(struct slice pattern, struct slice part, struct call *c)
{
	if (pattern.ptr[0] != '{')
		return slice_equal(pattern, part);
	if (slice_is(pattern, "{v}"))
		return is_version(part);
	if (slice_is(pattern, "{type}"))
		c->type = type_find(part);
	else if (slice_is(pattern, "{to}"))
		c->to = type_find(part);
	else if (slice_is(pattern, "{id}"))
		c->id = part;
	else if (slice_is(pattern, "{to_id}"))
		c->to_id = part;
	else
		c->name = part;
	return true;
}

static bool match(const char *pattern, const struct route_path *path, struct call *c)
{
	struct slice rest = slice_of(pattern), part;
	size_t i = 0;
	if (pattern == NULL)
		return false;
	while (slice_split(&rest, '/', &part)) {
		if (part.len == 0)
			continue;
		if (i == path->count || i == ROUTE_MAX_PARTS || !take_part(part, path->parts[i++], c))
			return false;
	}
	return i == path->count;
}

const struct route *route_find(const char *method, const struct route_path *path, struct call *c, bool *other_method)
{
	*other_method = false;
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		struct call found = *c;
		bool is_dated = match(routes[i].dated, path, &found);
		if (!is_dated) {
			found = *c;
			if (!match(routes[i].legacy, path, &found))
				continue;
		}
		if (strcmp(routes[i].method, method) == 0) {
			*c = found;
			c->is_dated = is_dated;
			return &routes[i];
		}
		*other_method = true;
	}
	return NULL;
}

bool route_wants_type(const struct route *r)
{
	return strstr(r->legacy, "{type}") != NULL;
}

void route_scopes(const struct route *r, const struct call *c, const char *scopes[ROUTE_MAX_SCOPES])
{
	bool is_company = c->type != NULL && c->type->index == TYPE_COMPANY;
	memset(scopes, 0, ROUTE_MAX_SCOPES * sizeof *scopes);
	if (c->type == NULL && r->scope != SCOPE_OWNERS)
		return;
	switch (r->scope) {
	case SCOPE_NONE: break;
	case SCOPE_READ: memcpy(scopes, c->type->read_scopes, sizeof c->type->read_scopes); break;
	case SCOPE_WRITE: memcpy(scopes, c->type->write_scopes, sizeof c->type->write_scopes); break;
	case SCOPE_SCHEMA_READ:
		scopes[0] = is_company ? "crm.objects.companies.read" : "crm.objects.contacts.read";
		scopes[1] = is_company ? "crm.schemas.companies.read" : "crm.schemas.contacts.read";
		break;
	case SCOPE_SCHEMA_WRITE: scopes[0] = is_company ? "crm.schemas.companies.write" : "crm.schemas.contacts.write"; break;
	case SCOPE_OWNERS: scopes[0] = "crm.objects.owners.read"; break;
	}
}
