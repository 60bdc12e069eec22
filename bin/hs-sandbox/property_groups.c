#include "properties.h"

bool group_exists(struct call *c, struct slice name)
{
	return store_number(&c->portal->store, 0, "SELECT count(*) FROM property_groups WHERE object_type=? AND name=? AND archived=0", "is",
		       (int64_t)c->type->index, name) > 0;
}

static void put_group(struct call *c, sqlite3_stmt *stmt)
{
	jsonw_object(&c->json);
	jsonw_put_string(&c->json, "name", store_text(stmt, 0));
	jsonw_put_string(&c->json, "label", store_text(stmt, 1));
	jsonw_put_int(&c->json, "displayOrder", sqlite3_column_int64(stmt, 2));
	jsonw_put_bool(&c->json, "archived", false);
	jsonw_object_end(&c->json);
}

void group_list(struct call *c)
{
	struct store *s = &c->portal->store;
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	sqlite3_stmt *stmt = store_query(s, "SELECT name, label, display_order FROM property_groups WHERE object_type=? AND archived=0 ORDER BY name",
		"i", (int64_t)c->type->index);
	while (store_next(s, stmt))
		put_group(c, stmt);
	jsonw_array_end(&c->json);
	jsonw_object_end(&c->json);
}

static void reply_group(struct call *c, unsigned status, struct slice name)
{
	struct store *s = &c->portal->store;
	sqlite3_stmt *stmt = store_query(s, "SELECT name, label, display_order FROM property_groups WHERE object_type=? AND name=? AND archived=0",
		"is", (int64_t)c->type->index, name);
	if (!store_next(s, stmt)) {
		reply_error(c, 404, "OBJECT_NOT_FOUND", "Property group %.*s does not exist", (int)name.len, name.ptr);
		return;
	}
	reply_start(c, status);
	put_group(c, stmt);
	sqlite3_reset(stmt);
}

void group_get(struct call *c)
{
	reply_group(c, 200, c->name);
}

void group_create(struct call *c)
{
	struct slice name = json_string(c->body, "name", ""), label = json_string(c->body, "label", "");
	int64_t order = -1;
	json_int(json_get(c->body, "displayOrder"), &order);
	if (!property_is_name(name) || label.len == 0) {
		reply_invalid(c, "A property group wants a name (letters, digits and _ in lower case) and a label");
		return;
	}
	if (group_exists(c, name)) {
		reply_error(c, 409, "OBJECT_ALREADY_EXISTS", "Property group named \"%.*s\" already exists.", (int)name.len, name.ptr);
		return;
	}
	store_run(&c->portal->store, "INSERT OR REPLACE INTO property_groups VALUES(?,?,?,?,0)", "issi", (int64_t)c->type->index, name, label, order);
	reply_group(c, 201, name);
}

void group_update(struct call *c)
{
	const struct json *order = json_get(c->body, "displayOrder");
	struct slice label = json_string(c->body, "label", "");
	int64_t number;
	if (label.len > 0)
		store_run(&c->portal->store, "UPDATE property_groups SET label=? WHERE object_type=? AND name=?", "sis", label,
			(int64_t)c->type->index, c->name);
	if (json_int(order, &number))
		store_run(&c->portal->store, "UPDATE property_groups SET display_order=? WHERE object_type=? AND name=?", "iis", number,
			(int64_t)c->type->index, c->name);
	reply_group(c, 200, c->name);
}

void group_archive(struct call *c)
{
	if (!group_exists(c, c->name)) {
		reply_error(c, 404, "OBJECT_NOT_FOUND", "Property group %.*s does not exist", (int)c->name.len, c->name.ptr);
		return;
	}
	if (store_number(&c->portal->store, 0, "SELECT count(*) FROM properties WHERE object_type=? AND group_name=? AND archived IS NULL", "is",
		    (int64_t)c->type->index, c->name) > 0) {
		reply_invalid(c, "Property group %.*s still has properties", (int)c->name.len, c->name.ptr);
		return;
	}
	store_run(&c->portal->store, "UPDATE property_groups SET archived=1 WHERE object_type=? AND name=?", "is", (int64_t)c->type->index, c->name);
	reply_empty(c, 204);
}
