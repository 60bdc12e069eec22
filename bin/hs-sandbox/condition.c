#include "condition.h"

#include "types.h"
#include "values.h"

enum { MAX_GROUPS = 5, MAX_GROUP_FILTERS = 6, MAX_FILTERS = 18 };

/* Binds are numbered, so that the same clause serves the count and the page. */
static void put_bind(struct condition *w, struct slice value)
{
	if (w->bind_count == CONDITION_MAX_BINDS)
		return;
	w->binds[w->bind_count++] = value;
	buf_printf(&w->sql, "?%zu", w->bind_count);
}

static bool invalid(struct condition *w, const char *what, struct slice name)
{
	reply_invalid(w->c, "Invalid filter on %.*s: %s", (int)name.len, name.ptr, what);
	return false;
}

void condition_put_column(struct condition *w, const struct property *p)
{
	bool is_number = p->type == VALUE_NUMBER && strcmp(p->name, "hs_object_id") != 0;
	buf_printf(&w->sql, is_number ? "CAST(\"%s\" AS REAL)" : "\"%s\"", p->name);
}

static bool put_value(struct condition *w, const struct property *p, struct slice given)
{
	struct slice value;
	if (!value_for_search(w->c, p, given, &value))
		return invalid(w, "the value does not fit the property's type", slice_of(p->name));
	bool is_number = p->type == VALUE_NUMBER && strcmp(p->name, "hs_object_id") != 0;
	buf_puts(&w->sql, is_number ? "CAST(" : "");
	put_bind(w, value);
	buf_puts(&w->sql, is_number ? " AS REAL)" : "");
	return true;
}

static bool has_upper_case(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] >= 'A' && text.ptr[i] <= 'Z')
			return true;
	return false;
}

static bool put_list(struct condition *w, const struct property *p, const struct json *values, bool negated)
{
	bool is_string = p->type == VALUE_STRING || p->type == VALUE_PHONE;
	size_t count = 0;
	condition_put_column(w, p);
	buf_puts(&w->sql, negated ? " NOT IN (" : " IN (");
	for (const struct json *item = values->child; item != NULL; item = item->next) {
		if (is_string && has_upper_case(json_text(item)))
			continue; /* the index holds lower case, and the values of a list are not brought to it */
		buf_puts(&w->sql, count++ == 0 ? "" : ", ");
		if (!put_value(w, p, json_text(item)))
			return false;
	}
	buf_puts(&w->sql, ")");
	if (negated)
		buf_printf(&w->sql, " AND \"%s\" IS NOT NULL", p->name);
	return true;
}

/* A checkbox holds several values, "a;b". */
static bool put_checkbox(struct condition *w, const struct property *p, struct slice value, bool negated)
{
	buf_printf(&w->sql, "instr(';' || \"%s\" || ';', ';' || ", p->name);
	put_bind(w, value);
	buf_printf(&w->sql, " || ';') %s 0", negated ? "=" : ">");
	return true;
}

static bool put_comparison(struct condition *w, const struct property *p, const char *sql_operator, struct slice value)
{
	condition_put_column(w, p);
	buf_printf(&w->sql, " %s ", sql_operator);
	return put_value(w, p, value);
}

static bool put_property_filter(struct condition *w, const struct property *p, struct slice operator, const struct json * filter)
{
	static const struct {
		const char *operator, * sql;
	} comparisons[] = { { "EQ", "=" }, { "NEQ", "<>" }, { "LT", "<" }, { "LTE", "<=" }, { "GT", ">" }, { "GTE", ">=" } };
	const struct json *values = json_get(filter, "values"), *value = json_get(filter, "value"), *high = json_get(filter, "highValue");
	struct slice name = slice_of(p->name), text = json_text(value);
	if (slice_is(operator, "HAS_PROPERTY") || slice_is(operator, "NOT_HAS_PROPERTY")) {
		buf_printf(&w->sql, "\"%s\" IS %sNULL", p->name, slice_is(operator, "HAS_PROPERTY") ? "NOT " : "");
		return true;
	}
	if (slice_is(operator, "IN") || slice_is(operator, "NOT_IN")) {
		if (values == NULL || values->type != JSON_ARRAY || values->count == 0)
			return invalid(w, "the operator wants values", name);
		return put_list(w, p, values, slice_is(operator, "NOT_IN"));
	}
	if (value == NULL || text.len == 0)
		return invalid(w, "the operator wants a value", name);
	if (slice_is(operator, "BETWEEN")) {
		if (json_text(high).len == 0)
			return invalid(w, "BETWEEN wants a highValue", name);
		if (!put_comparison(w, p, ">=", text))
			return false;
		buf_puts(&w->sql, " AND ");
		return put_comparison(w, p, "<=", json_text(high));
	}
	if (slice_is(operator, "CONTAINS_TOKEN") || slice_is(operator, "NOT_CONTAINS_TOKEN")) {
		buf_printf(&w->sql, "has_tokens(\"%s\", ", p->name);
		put_bind(w, text);
		buf_printf(&w->sql, ", 0) = %d", slice_is(operator, "CONTAINS_TOKEN"));
		return true;
	}
	for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++)
		if (slice_is(operator, comparisons[i].operator)) {
			if (i < 2 && strcmp(p->field_type, "checkbox") == 0)
				return put_checkbox(w, p, text, i == 1);
			return put_comparison(w, p, comparisons[i].sql, text);
		}
	return invalid(w, "unknown operator", name);
}

/* associations.contact and its kin: found through the reverse links. */
static bool put_association_filter(struct condition *w, struct slice name, struct slice operator, const struct json * filter)
{
	struct slice type_name = { name.ptr + strlen("associations."), name.len - strlen("associations.") };
	const struct object_type *to = type_find(type_name);
	const struct json *values = json_get(filter, "values");
	bool is_in = slice_is(operator, "IN"), negated = slice_is(operator, "NEQ") || slice_is(operator, "NOT_HAS_PROPERTY");
	bool by_presence = slice_is(operator, "HAS_PROPERTY") || slice_is(operator, "NOT_HAS_PROPERTY");
	if (to == NULL || association_default(w->c->type, to) == 0)
		return invalid(w, "no such association", name);
	if (!is_in && !by_presence && !negated && !slice_is(operator, "EQ"))
		return invalid(w, "an association takes EQ, NEQ, IN, HAS_PROPERTY and NOT_HAS_PROPERTY", name);
	if (is_in ? values == NULL || values->count == 0 : !by_presence && json_text(json_get(filter, "value")).len == 0)
		return invalid(w, "the operator wants a value", name);
	buf_printf(&w->sql, "hs_object_id %sIN (SELECT to_id FROM %s from_type=%d AND to_type=%d", negated ? "NOT " : "",
		w->c->portal->lag_ms > 0 ? "associations_index WHERE is_linked AND" : "associations WHERE", (int)to->index, (int)w->c->type->index);
	if (!by_presence) {
		buf_puts(&w->sql, " AND from_id IN (");
		if (!is_in)
			put_bind(w, json_text(json_get(filter, "value")));
		for (const struct json *item = is_in ? values->child : NULL; item != NULL; item = item->next) {
			buf_puts(&w->sql, item == values->child ? "" : ", ");
			put_bind(w, json_text(item));
		}
		buf_putc(&w->sql, ')');
	}
	buf_putc(&w->sql, ')');
	return true;
}

static bool put_filter(struct condition *w, const struct json *filter)
{
	struct slice name = json_text(json_get(filter, "propertyName")), operator= json_text(json_get(filter, "operator"));
	if (slice_starts(name, "associations."))
		return put_association_filter(w, name, operator, filter);
	const struct property *p = schema_find(&w->c->portal->schemas[w->c->type->index], name);
	if (p == NULL)
		return invalid(w, "the property does not exist", name);
	return put_property_filter(w, p, operator, filter);
}

bool condition_put_groups(struct condition *w, const struct json *groups)
{
	size_t total = 0;
	if (groups == NULL || groups->count == 0)
		return true;
	if (groups->type != JSON_ARRAY || groups->count > MAX_GROUPS) {
		reply_invalid(w->c, "too many filterGroups (count: %zu, max allowed: %d)", groups->count, MAX_GROUPS);
		return false;
	}
	buf_puts(&w->sql, " AND (");
	for (const struct json *group = groups->child; group != NULL; group = group->next) {
		const struct json *filters = json_get(group, "filters");
		if (filters == NULL || filters->type != JSON_ARRAY || filters->count == 0) {
			reply_invalid(w->c, "a filter group must hold filters");
			return false;
		}
		total += filters->count;
		if (filters->count > MAX_GROUP_FILTERS || total > MAX_FILTERS) {
			reply_invalid(w->c, "too many filters (in a group: %zu, max allowed: %d; in all: %zu, max allowed: %d)", filters->count,
				MAX_GROUP_FILTERS, total, MAX_FILTERS);
			return false;
		}
		buf_puts(&w->sql, group == groups->child ? "(" : " OR (");
		for (const struct json *filter = filters->child; filter != NULL; filter = filter->next) {
			buf_puts(&w->sql, filter == filters->child ? "" : " AND ");
			if (!put_filter(w, filter))
				return false;
		}
		buf_putc(&w->sql, ')');
	}
	buf_putc(&w->sql, ')');
	return true;
}

void condition_put_query(struct condition *w, struct slice query)
{
	const struct object_type *type = w->c->type;
	if (slice_trim(query).len == 0)
		return;
	buf_puts(&w->sql, " AND has_tokens(''");
	for (size_t i = 0; type->searched[i] != NULL; i++)
		buf_printf(&w->sql, " || ' ' || coalesce(\"%s\", '')", type->searched[i]);
	buf_puts(&w->sql, ", ");
	put_bind(w, query);
	buf_puts(&w->sql, ", 1) = 1");
}
