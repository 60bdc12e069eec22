/* The search endpoint: filter groups become one SQL condition.
 *
 * Limits as HubSpot documents them (developers.hubspot.com, "Search the CRM", 2026): 5 groups, 6 filters in each, 18 in all, one sort, 200 results a page,
 * 10,000 a query, 3,000 characters of body. Strings are compared without case, except that IN and NOT_IN want lower-case values; a comparison
 * never holds for a missing value, not even NEQ. Unlike HubSpot's, this index is never behind the writes. */
#include <stdio.h>

#include "objects.h"
#include "records.h"
#include "values.h"

enum {
	MAX_GROUPS = 5,
	MAX_GROUP_FILTERS = 6,
	MAX_FILTERS = 18,
	MAX_BODY_CHARS = 3000,
	LIMIT_DEFAULT = 10,
	LIMIT_MAX = 200,
	WINDOW_MAX = 10000,
	MAX_BINDS = 2048, /* more than 3,000 characters can hold */
};

/* The WHERE clause being written, with its values. */
struct condition {
	struct call *c;
	struct buf sql;
	struct slice binds[MAX_BINDS];
	size_t bind_count;
};

/* -- tokens -- */

/* Everything but ASCII letters, digits and bytes of other scripts parts tokens; "*" is a wildcard in a pattern. */
static bool is_token_byte(unsigned char byte, bool in_pattern)
{
	return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || (in_pattern && byte == '*');
}

static bool next_token(struct slice *rest, bool in_pattern, struct slice *token)
{
	while (rest->len > 0 && !is_token_byte((unsigned char)rest->ptr[0], in_pattern)) {
		rest->ptr++;
		rest->len--;
	}
	*token = (struct slice){ rest->ptr, 0 };
	while (rest->len > 0 && is_token_byte((unsigned char)rest->ptr[0], in_pattern)) {
		rest->ptr++;
		rest->len--;
		token->len++;
	}
	return token->len > 0;
}

static unsigned char fold(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : (unsigned char)byte;
}

/* A pattern with "*" against one token; by_prefix lets the token go on after the pattern's end. */
static bool token_fits(struct slice token, struct slice pattern, bool by_prefix)
{
	size_t t = 0, p = 0, star = SIZE_MAX, star_t = 0;
	while (t < token.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < pattern.len && fold(pattern.ptr[p]) == fold(token.ptr[t])) {
			p++;
			t++;
		} else if (p == pattern.len && by_prefix) {
			return true;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

/* Whether each token of the pattern is among the text's, in any order. */
static bool has_tokens(struct slice text, struct slice pattern, bool by_prefix)
{
	struct slice wanted, token;
	bool any = false;
	while (next_token(&pattern, true, &wanted)) {
		struct slice rest = text;
		bool found = false;
		while (!found && next_token(&rest, false, &token))
			found = token_fits(token, wanted, by_prefix);
		if (!found)
			return false;
		any = true;
	}
	return any;
}

static void sql_has_tokens(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]), *pattern = (const char *)sqlite3_value_text(values[1]);
	(void)count;
	if (text == NULL || pattern == NULL)
		return; /* null, which no condition takes for true */
	struct slice in = { text, (size_t)sqlite3_value_bytes(values[0]) }, wanted = { pattern, (size_t)sqlite3_value_bytes(values[1]) };
	sqlite3_result_int(context, has_tokens(in, wanted, sqlite3_value_int(values[2]) != 0));
}

bool search_register(struct store *s)
{
	return sqlite3_create_function_v2(s->db, "has_tokens", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_has_tokens, NULL, NULL, NULL) ==
		SQLITE_OK;
}

/* -- conditions -- */

/* Binds are numbered, so that the same clause serves the count and the page. */
static void put_bind(struct condition *w, struct slice value)
{
	if (w->bind_count == MAX_BINDS)
		return;
	w->binds[w->bind_count++] = value;
	buf_printf(&w->sql, "?%zu", w->bind_count);
}

static bool invalid(struct condition *w, const char *what, struct slice name)
{
	reply_invalid(w->c, "Invalid filter on %.*s: %s", (int)name.len, name.ptr, what);
	return false;
}

/* The column as an expression to compare; numbers are stored as text. */
static void put_column(struct condition *w, const struct property *p)
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
	put_column(w, p);
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
	put_column(w, p);
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
	buf_printf(&w->sql, "hs_object_id %sIN (SELECT to_id FROM associations WHERE from_type=%d AND to_type=%d", negated ? "NOT " : "",
		(int)to->index, (int)w->c->type->index);
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

static bool put_groups(struct condition *w, const struct json *groups)
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

static void put_query(struct condition *w, struct slice query)
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

/* -- the page -- */

/* {"propertyName", "direction"}, or the bare name, with "-" before it for descending. False when an error has been answered. */
static bool put_order(struct condition *w, const struct json *sorts)
{
	const struct json *sort = sorts == NULL ? NULL : sorts->child;
	bool is_descending = false;
	if (sorts != NULL && sorts->count > 1) {
		reply_invalid(w->c, "Only one sort is allowed, not %zu", sorts->count);
		return false;
	}
	if (sort == NULL) {
		buf_puts(&w->sql, " ORDER BY hs_object_id");
		return true;
	}
	struct slice name = sort->type == JSON_STRING ? sort->string : json_string(sort, "propertyName", "");
	if (sort->type != JSON_STRING)
		is_descending = slice_is(json_string(sort, "direction", "ASCENDING"), "DESCENDING");
	else if (name.len > 0 && name.ptr[0] == '-') {
		is_descending = true;
		name = (struct slice){ name.ptr + 1, name.len - 1 };
	}
	const struct property *p = schema_find(&w->c->portal->schemas[w->c->type->index], name);
	if (p == NULL) {
		reply_invalid(w->c, "Cannot sort by %.*s: the property does not exist", (int)name.len, name.ptr);
		return false;
	}
	buf_puts(&w->sql, " ORDER BY ");
	put_column(w, p);
	buf_printf(&w->sql, "%s NULLS LAST, hs_object_id", is_descending ? " DESC" : "");
	return true;
}

static sqlite3_stmt *run(struct condition *w, const char *sql)
{
	sqlite3_stmt *stmt = store_query(&w->c->portal->store, sql, "");
	for (size_t i = 0; i < w->bind_count; i++)
		sqlite3_bind_text64(stmt, (int)i + 1, w->binds[i].ptr, w->binds[i].len, SQLITE_STATIC, SQLITE_UTF8);
	return stmt;
}

static int64_t count_matches(struct condition *w, const char *where)
{
	struct store *s = &w->c->portal->store;
	struct slice sql = arena_printf(w->c->arena, "SELECT count(*) FROM %s WHERE %s", w->c->type->plural, where);
	sqlite3_stmt *stmt = run(w, sql.ptr);
	int64_t total = store_next(s, stmt) ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_reset(stmt);
	return total;
}

/* {after} and {limit} of the body. False when an error has been answered. */
static bool read_window(struct call *c, int64_t *after, int64_t *limit)
{
	const struct json *given_after = json_get(c->body, "after"), *given_limit = json_get(c->body, "limit");
	struct slice text = json_text(given_after);
	uint64_t number = 0;
	*limit = LIMIT_DEFAULT;
	if (given_limit != NULL && (!json_int(given_limit, limit) || *limit < 0 || *limit > LIMIT_MAX)) {
		reply_invalid(c, "Invalid limit: it must be a number from 0 to %d", LIMIT_MAX);
		return false;
	}
	if (text.len > 0 && (!slice_to_u64(text, &number) || number > INT32_MAX)) {
		reply_invalid(c, "Invalid after %.*s: it must be the value of paging.next.after", (int)text.len, text.ptr);
		return false;
	}
	*after = (int64_t)number;
	if (*after + *limit > WINDOW_MAX) {
		reply_invalid(c, "The requested page ends at result %lld; a search gives at most %d", (long long)(*after + *limit), WINDOW_MAX);
		return false;
	}
	return true;
}

static size_t count_chars(struct slice text)
{
	size_t chars = 0;
	for (size_t i = 0; i < text.len; i++)
		chars += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return chars;
}

static void put_page(struct condition *w, int64_t total, int64_t after, int64_t limit)
{
	struct call *c = w->c;
	struct store *s = &c->portal->store;
	struct reader reader;
	int64_t ids[LIMIT_MAX];
	size_t name_count, count = 0;
	struct slice *names = call_strings(c, json_get(c->body, "properties"), &name_count);
	reader_init(c, &reader, c->type, names, name_count);
	struct slice sql = arena_printf(c->arena, "SELECT hs_object_id FROM %s WHERE %s LIMIT ?%zu OFFSET ?%zu", c->type->plural, buf_text(&w->sql),
		w->bind_count + 1, w->bind_count + 2);
	sqlite3_stmt *stmt = run(w, sql.ptr);
	sqlite3_bind_int64(stmt, (int)w->bind_count + 1, limit);
	sqlite3_bind_int64(stmt, (int)w->bind_count + 2, after);
	while (count < (size_t)limit && store_next(s, stmt))
		ids[count++] = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_put_int(&c->json, "total", total);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	for (size_t i = 0; i < count; i++)
		reader_put(c, &reader, ids[i], false, NULL);
	jsonw_array_end(&c->json);
	if (total > after + (int64_t)count && count > 0)
		reply_paging(c, arena_printf(c->arena, "%lld", (long long)(after + (int64_t)count)));
	jsonw_object_end(&c->json);
}

void object_search(struct call *c)
{
	int64_t after, limit;
	if (count_chars(c->body_text) > MAX_BODY_CHARS) {
		reply_invalid(c, "The request body is longer than %d characters", MAX_BODY_CHARS);
		return;
	}
	struct condition *w = arena_new(c->arena, struct condition);
	if (w == NULL) {
		reply_error(c, 500, NULL, "out of memory");
		return;
	}
	w->c = c;
	buf_init(&w->sql, SQL_MAX_BYTES);
	buf_puts(&w->sql, "_archived_at IS NULL");
	if (read_window(c, &after, &limit) && put_groups(w, json_get(c->body, "filterGroups"))) {
		put_query(w, json_text(json_get(c->body, "query")));
		struct slice where = arena_copy(c->arena, buf_slice(&w->sql));
		if (where.ptr != NULL && put_order(w, json_get(c->body, "sorts")))
			put_page(w, count_matches(w, where.ptr), after, limit);
	}
	buf_release(&w->sql);
}
