#include "links.h"

#include <stdio.h>

#include "records.h"

/* "task_to_contact"; where a link may have labels, the unlabelled one says so, and a user's label goes by its name. */
static struct slice type_name(struct call *c, const struct object_type *from, const struct object_type *to, int type_id)
{
	const struct association_type *type = labels_find(&c->portal->labels, type_id);
	bool may_have_labels = association_default(from, to) == 279 || association_default(from, to) == 280;
	if (type != NULL && type->name != NULL)
		return slice_of(type->name);
	return arena_printf(
		c->arena, "%s_to_%s%s", from->singular, to->singular, may_have_labels && (type == NULL || type->label == NULL) ? "_unlabeled" : "");
}

static void put_ids(struct call *c, const struct object_type *from, int64_t id, const struct object_type *to)
{
	struct store *s = &c->portal->store;
	struct jsonw *w = &c->json;
	sqlite3_stmt *stmt =
		store_query(s, "SELECT to_id, type_id FROM associations WHERE from_type=? AND from_id=? AND to_type=? ORDER BY to_id, type_id", "iii",
			(int64_t)from->index, id, (int64_t)to->index);
	bool is_first = true;
	while (store_next(s, stmt)) {
		if (is_first) {
			jsonw_name(w, to->plural);
			jsonw_object(w);
			jsonw_name(w, "results");
			jsonw_array(w);
			is_first = false;
		}
		jsonw_object(w);
		jsonw_put_string(w, "id", store_text(stmt, 0));
		jsonw_put_string(w, "type", type_name(c, from, to, sqlite3_column_int(stmt, 1)));
		jsonw_object_end(w);
	}
	if (!is_first) {
		jsonw_array_end(w);
		jsonw_object_end(w);
	}
}

void links_put_ids(struct call *c, const struct object_type *from, int64_t id, const struct object_type **to, size_t count)
{
	struct store *s = &c->portal->store;
	bool any = false;
	for (size_t i = 0; i < count; i++)
		any |= store_number(s, 0, "SELECT count(*) FROM associations WHERE from_type=? AND from_id=? AND to_type=?", "iii",
			       (int64_t)from->index, id, (int64_t)to[i]->index) > 0;
	if (!any)
		return;
	jsonw_name(&c->json, "associations");
	jsonw_object(&c->json);
	for (size_t i = 0; i < count; i++)
		put_ids(c, from, id, to[i]);
	jsonw_object_end(&c->json);
}

static void add_row(struct store *s, const struct object_type *from, int64_t from_id, const struct object_type *to, int64_t to_id, int type_id)
{
	store_run(s, "INSERT OR IGNORE INTO associations VALUES(?,?,?,?,?)", "iiiii", (int64_t)from->index, from_id, (int64_t)to->index, to_id,
		(int64_t)type_id);
}

/* HubSpot bumps the modified date of both ends. */
static void touch(struct call *c, const struct object_type *type, int64_t id)
{
	char sql[128], now[CLOCK_TEXT_BYTES];
	portal_now(c->portal, now);
	snprintf(sql, sizeof sql, "UPDATE %s SET %s=? WHERE hs_object_id=?", type->plural, type->modified);
	store_run(&c->portal->store, sql, "zi", now, id);
}

/* A contact has one primary company. */
static void drop_primary(struct store *s, int64_t contact_id)
{
	store_run(s,
		"DELETE FROM associations WHERE (from_type, from_id, to_type, to_id, type_id) IN"
		" (SELECT to_type, to_id, from_type, from_id, 2 FROM associations WHERE from_type=?1 AND from_id=?2 AND to_type=?3 AND type_id=1)",
		"iii", (int64_t)TYPE_CONTACT, contact_id, (int64_t)TYPE_COMPANY);
	store_run(s, "DELETE FROM associations WHERE from_type=? AND from_id=? AND to_type=? AND type_id=1", "iii", (int64_t)TYPE_CONTACT, contact_id,
		(int64_t)TYPE_COMPANY);
}

void link_add(struct call *c, const struct association_type *type, int64_t from_id, int64_t to_id)
{
	struct store *s = &c->portal->store;
	const struct object_type *from = &object_types[type->from], *to = &object_types[type->to];
	add_row(s, from, from_id, to, to_id, association_default(from, to));
	add_row(s, to, to_id, from, from_id, association_default(to, from));
	if (type->label != NULL) {
		if (type->name == NULL)
			drop_primary(s, type->from == TYPE_CONTACT ? from_id : to_id);
		add_row(s, from, from_id, to, to_id, type->type_id);
		add_row(s, to, to_id, from, from_id, type->inverse_id);
	}
	touch(c, from, from_id);
	touch(c, to, to_id);
}

void link_remove_label(struct call *c, const struct association_type *type, int64_t from_id, int64_t to_id)
{
	static const char sql[] = "DELETE FROM associations WHERE from_type=? AND from_id=? AND to_type=? AND to_id=? AND type_id=?";
	if (type->label == NULL)
		return;
	store_run(&c->portal->store, sql, "iiiii", (int64_t)type->from, from_id, (int64_t)type->to, to_id, (int64_t)type->type_id);
	store_run(&c->portal->store, sql, "iiiii", (int64_t)type->to, to_id, (int64_t)type->from, from_id, (int64_t)type->inverse_id);
}

void link_remove(struct call *c, const struct object_type *from, int64_t from_id, const struct object_type *to, int64_t to_id)
{
	static const char sql[] = "DELETE FROM associations WHERE from_type=? AND from_id=? AND to_type=? AND to_id=?";
	store_run(&c->portal->store, sql, "iiii", (int64_t)from->index, from_id, (int64_t)to->index, to_id);
	store_run(&c->portal->store, sql, "iiii", (int64_t)to->index, to_id, (int64_t)from->index, from_id);
}

void links_drop(struct call *c, const struct object_type *type, int64_t id)
{
	struct store *s = &c->portal->store;
	/* Each link has its reverse, so the reverses are found through the primary key. */
	store_run(s,
		"DELETE FROM associations WHERE (from_type, from_id, to_type, to_id) IN"
		" (SELECT to_type, to_id, from_type, from_id FROM associations WHERE from_type=?1 AND from_id=?2)",
		"ii", (int64_t)type->index, id);
	store_run(s, "DELETE FROM associations WHERE from_type=? AND from_id=?", "ii", (int64_t)type->index, id);
}

bool links_missing(struct call *c, const struct object_type *type, struct slice id, struct problem *problem)
{
	*problem = problem_invalid(c, "%s=%.*s is not valid", type->capitals, (int)id.len, id.ptr);
	problem->sub_category = "crm.associations.INVALID_OBJECT_IDS";
	problem->context_name = type->capitals;
	problem->context_value = id;
	return false;
}

bool links_check_type(
	struct call *c, const struct object_type *from, const struct json *spec, const struct association_type **type, struct problem *problem)
{
	int64_t id;
	struct slice category = json_string(spec, "associationCategory", "");
	if (!json_int(json_get(spec, "associationTypeId"), &id) || category.len == 0) {
		*problem = problem_invalid(c, "Invalid input JSON: an association type wants associationCategory and associationTypeId");
		return false;
	}
	*type = labels_find(&c->portal->labels, id);
	if (*type == NULL || !slice_is(category, (*type)->name == NULL ? "HUBSPOT_DEFINED" : "USER_DEFINED")) {
		*problem = problem_invalid(c, "Association type %lld does not exist in this portal", (long long)id);
		return false;
	}
	if ((*type)->from != from->index)
		*type = NULL;
	return true;
}

bool links_check(struct call *c, const struct object_type *from, const struct json *associations, struct problem *problem)
{
	const struct association_type *type;
	for (const struct json *a = associations == NULL ? NULL : associations->child; a != NULL; a = a->next) {
		const struct json *types = json_get(a, "types");
		struct slice to_id = json_text(json_path(a, "to", "id", NULL));
		if (to_id.len == 0 || types == NULL || types->type != JSON_ARRAY) {
			*problem = problem_invalid(c, "Invalid input JSON: an association wants to.id and types");
			return false;
		}
		for (const struct json *spec = types->child; spec != NULL; spec = spec->next) {
			if (!links_check_type(c, from, spec, &type, problem))
				return false;
			if (type != NULL && !record_exists(c, &object_types[type->to], call_object_id(to_id), false))
				return links_missing(c, &object_types[type->to], to_id, problem);
		}
	}
	return true;
}

void links_apply(struct call *c, const struct object_type *from, int64_t id, const struct json *associations)
{
	struct problem ignored;
	const struct association_type *type;
	for (const struct json *a = associations == NULL ? NULL : associations->child; a != NULL; a = a->next)
		for (const struct json *spec = json_get(a, "types")->child; spec != NULL; spec = spec->next)
			if (links_check_type(c, from, spec, &type, &ignored) && type != NULL)
				link_add(c, type, id, call_object_id(json_text(json_path(a, "to", "id", NULL))));
}
