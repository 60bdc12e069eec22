#include "account.h"

#define OWNER_COLUMNS "id, email, first_name, last_name, user_id, type, created"

enum { OWNERS_DEFAULT = 100, OWNERS_MAX = 500 };

static void put_owner(struct call *c, sqlite3_stmt *stmt)
{
	struct jsonw *w = &c->json;
	jsonw_object(w);
	jsonw_put_string(w, "id", store_text(stmt, 0));
	jsonw_put_string(w, "email", store_text(stmt, 1));
	jsonw_put_string(w, "type", store_text(stmt, 5));
	jsonw_put_string(w, "firstName", store_text(stmt, 2));
	jsonw_put_string(w, "lastName", store_text(stmt, 3));
	jsonw_put_int(w, "userId", sqlite3_column_int64(stmt, 4));
	jsonw_put_int(w, "userIdIncludingInactive", sqlite3_column_int64(stmt, 4));
	jsonw_put_string(w, "createdAt", store_text(stmt, 6));
	jsonw_put_string(w, "updatedAt", store_text(stmt, 6));
	jsonw_put_bool(w, "archived", false);
	jsonw_object_end(w);
	c->objects++;
}

void owner_list(struct call *c)
{
	struct store *s = &c->portal->store;
	struct slice email = call_query(c, "email", NULL), next = { NULL, 0 };
	int64_t limit, after = call_object_id(call_query(c, "after", "0")), count = 0;
	if (!call_query_limit(c, OWNERS_DEFAULT, OWNERS_MAX, &limit))
		return;
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	/* None is ever archived here. */
	sqlite3_stmt *stmt = call_query_true(c, "archived")
		? NULL
		: store_query(s, "SELECT " OWNER_COLUMNS " FROM owners WHERE id>=?1 AND (?2 IS NULL OR email=?2 COLLATE NOCASE) ORDER BY id LIMIT ?3",
			  "isi", after, email, limit + 1);
	while (store_next(s, stmt)) {
		if (count++ == limit) {
			next = arena_copy(c->arena, store_text(stmt, 0));
			sqlite3_reset(stmt);
			break;
		}
		put_owner(c, stmt);
	}
	jsonw_array_end(&c->json);
	if (next.ptr != NULL)
		reply_paging(c, next);
	jsonw_object_end(&c->json);
}

void owner_get(struct call *c)
{
	struct store *s = &c->portal->store;
	bool by_user = slice_is(call_query(c, "idProperty", "id"), "userId");
	sqlite3_stmt *stmt =
		store_query(s, by_user ? "SELECT " OWNER_COLUMNS " FROM owners WHERE user_id=?" : "SELECT " OWNER_COLUMNS " FROM owners WHERE id=?",
			"i", call_object_id(c->id));
	if (call_query_true(c, "archived") || !store_next(s, stmt)) {
		reply_error(c, 404, "OBJECT_NOT_FOUND", "resource not found");
		return;
	}
	reply_start(c, 200);
	put_owner(c, stmt);
	sqlite3_reset(stmt);
}

/* A developer test account, nobody's customers, unless it plays another. */
void account_details(struct call *c)
{
	struct jsonw *w = &c->json;
	reply_start(c, 200);
	jsonw_object(w);
	jsonw_put_int(w, "portalId", c->portal->portal_id);
	jsonw_put_text(w, "accountType", c->portal->account_type);
	jsonw_put_text(w, "timeZone", "UTC");
	jsonw_put_text(w, "companyCurrency", "USD");
	jsonw_name(w, "additionalCurrencies");
	jsonw_array(w);
	jsonw_array_end(w);
	jsonw_put_text(w, "utcOffset", "+00:00");
	jsonw_put_int(w, "utcOffsetMilliseconds", 0);
	jsonw_put_text(w, "uiDomain", "app.hubspot.com");
	jsonw_put_text(w, "dataHostingLocation", "na1");
	jsonw_object_end(w);
}

void account_usage(struct call *c)
{
	struct jsonw *w = &c->json;
	char now[CLOCK_TEXT_BYTES], midnight[CLOCK_TEXT_BYTES];
	int64_t ms = portal_server_ms(c->portal);
	clock_format(ms, now);
	clock_format((ms / MS_PER_DAY + 1) * MS_PER_DAY, midnight);
	reply_start(c, 200);
	jsonw_object(w);
	jsonw_name(w, "results");
	jsonw_array(w);
	jsonw_object(w);
	jsonw_put_text(w, "name", "private-apps-api-calls-daily");
	jsonw_put_int(w, "usageLimit", c->portal->daily_limit);
	jsonw_put_int(w, "currentUsage", c->portal->daily_used);
	jsonw_put_text(w, "collectedAt", now);
	jsonw_put_text(w, "fetchStatus", "SUCCESS");
	jsonw_put_text(w, "resetsAt", midnight);
	jsonw_object_end(w);
	jsonw_array_end(w);
	jsonw_object_end(w);
}
