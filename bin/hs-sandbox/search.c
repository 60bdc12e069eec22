/* The search endpoint. Limits as HubSpot documents them (developers.hubspot.com, "Search the CRM", 2026), beside those in condition.h: one sort, 200
 * results a page, 10,000 a query, 3,000 characters of body. With a lag (lag.h), filters and sorts see the records as they
 * were, while the properties in the answer are those of now. */
#include <stdio.h>

#include "condition.h"
#include "lag.h"
#include "objects.h"
#include "records.h"
#include "values.h"

enum { MAX_BODY_CHARS = 3000, LIMIT_DEFAULT = 10, LIMIT_MAX = 200, WINDOW_MAX = 10000 };

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
	condition_put_column(w, p);
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

/* Where the search looks. */
static const char *table_of(const struct call *c)
{
	return arena_printf(c->arena, "%s%s", c->type->plural, c->portal->lag_ms > 0 ? "_index" : "").ptr;
}

static int64_t count_matches(struct condition *w, const char *where)
{
	struct store *s = &w->c->portal->store;
	struct slice sql = arena_printf(w->c->arena, "SELECT count(*) FROM %s WHERE %s", table_of(w->c), where);
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

static void put_page(struct condition *w, int64_t total, int64_t after, int64_t limit)
{
	struct call *c = w->c;
	struct store *s = &c->portal->store;
	struct reader reader;
	int64_t ids[LIMIT_MAX];
	size_t name_count, count = 0;
	struct slice *names = call_strings(c, json_get(c->body, "properties"), &name_count);
	reader_init(c, &reader, c->type, names, name_count);
	reader.shows_archived = c->portal->lag_ms > 0; /* the index does not know yet */
	struct slice sql = arena_printf(c->arena, "SELECT hs_object_id FROM %s WHERE %s LIMIT ?%zu OFFSET ?%zu", table_of(c), buf_text(&w->sql),
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
	if (value_chars(c->body_text) > MAX_BODY_CHARS) {
		reply_invalid(c, "The request body is longer than %d characters", MAX_BODY_CHARS);
		return;
	}
	struct condition *w = arena_new(c->arena, struct condition);
	if (w == NULL) {
		reply_error(c, 500, NULL, "out of memory");
		return;
	}
	w->c = c;
	if (c->portal->lag_ms > 0)
		lag_catch_up(&c->portal->store, clock_real_ms() - c->portal->lag_ms);
	buf_init(&w->sql, SQL_MAX_BYTES);
	buf_puts(&w->sql, "_archived_at IS NULL");
	if (read_window(c, &after, &limit) && condition_put_groups(w, json_get(c->body, "filterGroups"))) {
		condition_put_query(w, json_text(json_get(c->body, "query")));
		struct slice where = arena_copy(c->arena, buf_slice(&w->sql));
		if (where.ptr != NULL && put_order(w, json_get(c->body, "sorts")))
			put_page(w, count_matches(w, where.ptr), after, limit);
	}
	buf_release(&w->sql);
}
