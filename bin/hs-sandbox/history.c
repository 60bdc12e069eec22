#include "history.h"

enum { MAX_CHANGES_BYTES = 64 << 20 };

#define SOURCE_TYPE "INTEGRATION"
#define SOURCE_ID "4200002" /* the app that the token belongs to */

void history_add(struct call *c, const struct object_type *type, int64_t id, const char *at, const struct changes *changes)
{
	struct buf json;
	struct jsonw w;
	if (changes->count == 0)
		return;
	buf_init(&json, MAX_CHANGES_BYTES);
	jsonw_init(&w, &json);
	jsonw_object(&w);
	for (size_t i = 0; i < changes->count; i++)
		jsonw_put_string(&w, changes->list[i].property->name, changes->list[i].value);
	jsonw_object_end(&w);
	if (json.failed)
		c->portal->store.failed = true;
	store_run(&c->portal->store, "INSERT INTO history(object_type, object_id, at, changes) VALUES(?,?,?,?)", "iizs", (int64_t)type->index, id, at,
		buf_slice(&json));
	buf_release(&json);
}

void history_put(struct call *c, const struct property *p, int64_t id)
{
	struct store *s = &c->portal->store;
	struct jsonw *w = &c->json;
	sqlite3_stmt *stmt = store_query(s,
		"SELECT value, at FROM (SELECT id, at, value, lag(value, 1, '') OVER (ORDER BY id) AS before FROM"
		" (SELECT id, at, json_extract(changes, '$.' || ?1) AS value FROM history WHERE object_id=?2) WHERE value IS NOT NULL)"
		" WHERE value IS NOT before ORDER BY id DESC LIMIT ?3",
		"zii", p->name, id, (int64_t)HISTORY_MAX_VALUES);
	jsonw_array(w);
	while (store_next(s, stmt)) {
		jsonw_object(w);
		jsonw_put_string(w, "value", store_text(stmt, 0));
		jsonw_put_string(w, "timestamp", store_text(stmt, 1));
		jsonw_put_text(w, "sourceType", SOURCE_TYPE);
		jsonw_put_text(w, "sourceId", SOURCE_ID);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

void history_forget(struct store *s, const struct object_type *type, const char *name)
{
	store_run(s, "UPDATE history SET changes=json_remove(changes, '$.' || ?1) WHERE object_type=?2", "zi", name, (int64_t)type->index);
}
