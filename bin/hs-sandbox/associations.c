#include "associations.h"

#include <stdio.h>

#include "records.h"

enum { MAX_READ_INPUTS = 1000, MAX_CREATE_INPUTS = 2000, PAGE_DEFAULT = 500, PAGE_MAX = 500 };

/* -- for records -- */

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
		bool is_primary = association_label(sqlite3_column_int(stmt, 1)) != NULL;
		bool has_labels = association_default(from, to) == 279 || association_default(from, to) == 280;
		jsonw_object(w);
		jsonw_put_string(w, "id", store_text(stmt, 0));
		jsonw_put_string(
			w, "type", arena_printf(c->arena, "%s_to_%s%s", from->singular, to->singular, has_labels && !is_primary ? "_unlabeled" : ""));
		jsonw_object_end(w);
	}
	if (!is_first) {
		jsonw_array_end(w);
		jsonw_object_end(w);
	}
}

void associations_put_ids(struct call *c, const struct object_type *from, int64_t id, const struct object_type **to, size_t count)
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

void association_add(struct call *c, const struct object_type *from, int64_t from_id, const struct object_type *to, int64_t to_id, int type_id)
{
	struct store *s = &c->portal->store;
	add_row(s, from, from_id, to, to_id, association_default(from, to));
	add_row(s, to, to_id, from, from_id, association_default(to, from));
	if (association_label(type_id) != NULL) {
		/* A contact has one primary company. */
		const struct object_type *person = from->index == TYPE_CONTACT ? from : to, *firm = person == from ? to : from;
		int64_t person_id = person == from ? from_id : to_id, firm_id = person == from ? to_id : from_id;
		store_run(s, "DELETE FROM associations WHERE from_type=? AND from_id=? AND to_type=? AND type_id=1", "iii", (int64_t)person->index,
			person_id, (int64_t)firm->index);
		store_run(s, "DELETE FROM associations WHERE from_type=? AND to_type=? AND to_id=? AND type_id=2", "iii", (int64_t)firm->index,
			(int64_t)person->index, person_id);
		add_row(s, person, person_id, firm, firm_id, 1);
		add_row(s, firm, firm_id, person, person_id, 2);
	}
	touch(c, from, from_id);
	touch(c, to, to_id);
}

static void remove_link(struct call *c, const struct object_type *from, int64_t from_id, const struct object_type *to, int64_t to_id)
{
	static const char sql[] = "DELETE FROM associations WHERE from_type=? AND from_id=? AND to_type=? AND to_id=?";
	store_run(&c->portal->store, sql, "iiii", (int64_t)from->index, from_id, (int64_t)to->index, to_id);
	store_run(&c->portal->store, sql, "iiii", (int64_t)to->index, to_id, (int64_t)from->index, from_id);
}

void associations_drop(struct call *c, const struct object_type *type, int64_t id)
{
	struct store *s = &c->portal->store;
	/* Each link has its reverse, so the reverses are found through the primary key. */
	store_run(s,
		"DELETE FROM associations WHERE (from_type, from_id, to_type, to_id) IN"
		" (SELECT to_type, to_id, from_type, from_id FROM associations WHERE from_type=?1 AND from_id=?2)",
		"ii", (int64_t)type->index, id);
	store_run(s, "DELETE FROM associations WHERE from_type=? AND from_id=?", "ii", (int64_t)type->index, id);
}

static bool missing_record(struct call *c, const struct object_type *type, struct slice id, struct problem *problem)
{
	*problem = problem_invalid(c, "%s=%.*s is not valid", type->capitals, (int)id.len, id.ptr);
	problem->sub_category = "crm.associations.INVALID_OBJECT_IDS";
	problem->context_name = type->capitals;
	problem->context_value = id;
	return false;
}

/* One {associationCategory, associationTypeId}; *type_id 0 where HubSpot ignores it silently. */
static bool check_spec(struct call *c, const struct object_type *from, const struct json *spec, int *type_id, struct problem *problem)
{
	int64_t id;
	if (!json_int(json_get(spec, "associationTypeId"), &id) || id <= 0 || id > INT32_MAX ||
		json_string(spec, "associationCategory", "").len == 0) {
		*problem = problem_invalid(c, "Invalid input JSON: an association type wants associationCategory and associationTypeId");
		return false;
	}
	if (!slice_is(json_string(spec, "associationCategory", ""), "HUBSPOT_DEFINED") || !association_is_known((int)id)) {
		*problem = problem_invalid(c, "Association type %lld does not exist in this portal", (long long)id);
		return false;
	}
	*type_id = association_target((int)id, from) == NULL ? 0 : (int)id;
	return true;
}

bool associations_check(struct call *c, const struct object_type *from, const struct json *associations, struct problem *problem)
{
	int type_id;
	for (const struct json *a = associations == NULL ? NULL : associations->child; a != NULL; a = a->next) {
		const struct json *types = json_get(a, "types");
		struct slice to_id = json_text(json_path(a, "to", "id", NULL));
		if (to_id.len == 0 || types == NULL || types->type != JSON_ARRAY) {
			*problem = problem_invalid(c, "Invalid input JSON: an association wants to.id and types");
			return false;
		}
		for (const struct json *spec = types->child; spec != NULL; spec = spec->next) {
			if (!check_spec(c, from, spec, &type_id, problem))
				return false;
			const struct object_type *to = association_target(type_id, from);
			if (type_id != 0 && !record_exists(c, to, call_object_id(to_id), false))
				return missing_record(c, to, to_id, problem);
		}
	}
	return true;
}

void associations_apply(struct call *c, const struct object_type *from, int64_t id, const struct json *associations)
{
	struct problem ignored;
	int type_id;
	for (const struct json *a = associations == NULL ? NULL : associations->child; a != NULL; a = a->next)
		for (const struct json *spec = json_get(a, "types")->child; spec != NULL; spec = spec->next)
			if (check_spec(c, from, spec, &type_id, &ignored) && type_id != 0)
				association_add(c, from, id, association_target(type_id, from),
					call_object_id(json_text(json_path(a, "to", "id", NULL))), type_id);
}

/* -- endpoints -- */

static void put_association_type(struct jsonw *w, int type_id)
{
	jsonw_object(w);
	jsonw_put_text(w, "category", "HUBSPOT_DEFINED");
	jsonw_put_int(w, "typeId", type_id);
	jsonw_put_text(w, "label", association_label(type_id));
	jsonw_object_end(w);
}

/* The elements {toObjectId, associationTypes} from `after` on, at most `limit`. Gives the id of the next one; 0 at the end. */
static int64_t put_links(struct call *c, int64_t from_id, int64_t after, int64_t limit, size_t *count)
{
	struct store *s = &c->portal->store;
	struct jsonw *w = &c->json;
	int64_t current = 0, next = 0;
	*count = 0;
	sqlite3_stmt *stmt = store_query(s,
		"SELECT to_id, type_id FROM associations WHERE from_type=? AND from_id=? AND to_type=? AND to_id>=? ORDER BY to_id, type_id DESC",
		"iiii", (int64_t)c->type->index, from_id, (int64_t)c->to->index, after);
	while (store_next(s, stmt)) {
		int64_t to_id = sqlite3_column_int64(stmt, 0);
		if (to_id != current) {
			if (current != 0) {
				jsonw_array_end(w);
				jsonw_object_end(w);
			}
			current = to_id;
			if ((int64_t)*count == limit) {
				next = to_id;
				sqlite3_reset(stmt);
				current = 0;
				break;
			}
			(*count)++;
			jsonw_object(w);
			jsonw_put_int(w, "toObjectId", to_id);
			jsonw_name(w, "associationTypes");
			jsonw_array(w);
		}
		put_association_type(w, sqlite3_column_int(stmt, 1));
	}
	if (current != 0) {
		jsonw_array_end(w);
		jsonw_object_end(w);
	}
	c->objects += (unsigned)*count;
	return next;
}

/* False when an error has been answered. */
static bool require_pair(struct call *c)
{
	if (association_default(c->type, c->to) != 0)
		return true;
	reply_invalid(c, "No association between %s and %s is defined in this portal", c->type->plural, c->to->plural);
	return false;
}

void association_list(struct call *c)
{
	int64_t limit, id = call_object_id(c->id), after = call_object_id(call_query(c, "after", "0"));
	size_t count;
	if (!call_query_limit(c, PAGE_DEFAULT, PAGE_MAX, &limit) || !require_pair(c))
		return;
	if (!record_exists(c, c->type, id, false)) {
		reply_error(c, 404, "OBJECT_NOT_FOUND", "resource not found");
		return;
	}
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	int64_t next = put_links(c, id, after, limit, &count);
	jsonw_array_end(&c->json);
	if (next != 0)
		reply_paging(c, arena_printf(c->arena, "%lld", (long long)next));
	jsonw_object_end(&c->json);
}

/* The two records that a link is about; false with *problem set where one is missing. */
static bool find_ends(struct call *c, struct slice from, struct slice to, int64_t *from_id, int64_t *to_id, struct problem *problem)
{
	*from_id = call_object_id(from);
	*to_id = call_object_id(to);
	if (*from_id == 0 || !record_exists(c, c->type, *from_id, false))
		return missing_record(c, c->type, from, problem);
	if (*to_id == 0 || !record_exists(c, c->to, *to_id, false))
		return missing_record(c, c->to, to, problem);
	return true;
}

/* Checks, then makes, the links of an array of types. */
static bool link_types(struct call *c, const struct json *types, int64_t from_id, int64_t to_id, struct problem *problem)
{
	int type_id;
	if (types == NULL || types->type != JSON_ARRAY || types->count == 0) {
		*problem = problem_invalid(c, "Invalid input JSON: at least one association type is wanted");
		return false;
	}
	for (const struct json *spec = types->child; spec != NULL; spec = spec->next)
		if (!check_spec(c, c->type, spec, &type_id, problem))
			return false;
	for (const struct json *spec = types->child; spec != NULL; spec = spec->next)
		if (check_spec(c, c->type, spec, &type_id, problem) && association_fits(type_id, c->type, c->to))
			association_add(c, c->type, from_id, c->to, to_id, type_id);
	return true;
}

static void put_pair(struct call *c, int64_t from_id, int64_t to_id)
{
	struct jsonw *w = &c->json;
	jsonw_object(w);
	jsonw_put_text(w, "fromObjectTypeId", c->type->type_id);
	jsonw_put_string(w, "fromObjectId", arena_printf(c->arena, "%lld", (long long)from_id));
	jsonw_put_text(w, "toObjectTypeId", c->to->type_id);
	jsonw_put_string(w, "toObjectId", arena_printf(c->arena, "%lld", (long long)to_id));
	jsonw_name(w, "labels");
	jsonw_array(w);
	jsonw_array_end(w);
	jsonw_object_end(w);
	c->objects++;
}

void association_put(struct call *c)
{
	struct problem problem;
	int64_t from_id, to_id;
	if (!require_pair(c))
		return;
	if (!find_ends(c, c->id, c->to_id, &from_id, &to_id, &problem) || !link_types(c, c->body, from_id, to_id, &problem)) {
		reply_problem(c, &problem);
		return;
	}
	reply_start(c, 201);
	put_pair(c, from_id, to_id);
}

static void put_default_result(struct call *c, const struct object_type *from, int64_t from_id, const struct object_type *to, int64_t to_id)
{
	struct jsonw *w = &c->json;
	jsonw_object(w);
	jsonw_name(w, "from");
	jsonw_object(w);
	jsonw_put_string(w, "id", arena_printf(c->arena, "%lld", (long long)from_id));
	jsonw_object_end(w);
	jsonw_name(w, "to");
	jsonw_object(w);
	jsonw_put_string(w, "id", arena_printf(c->arena, "%lld", (long long)to_id));
	jsonw_object_end(w);
	jsonw_name(w, "associationSpec");
	jsonw_object(w);
	jsonw_put_text(w, "associationCategory", "HUBSPOT_DEFINED");
	jsonw_put_int(w, "associationTypeId", association_default(from, to));
	jsonw_object_end(w);
	jsonw_object_end(w);
}

static void add_default(struct call *c, int64_t from_id, int64_t to_id)
{
	association_add(c, c->type, from_id, c->to, to_id, association_default(c->type, c->to));
	put_default_result(c, c->type, from_id, c->to, to_id);
	put_default_result(c, c->to, to_id, c->type, from_id);
	c->objects++;
}

void association_put_default(struct call *c)
{
	struct problem problem;
	int64_t from_id, to_id;
	if (!require_pair(c))
		return;
	if (!find_ends(c, c->id, c->to_id, &from_id, &to_id, &problem)) {
		reply_problem(c, &problem);
		return;
	}
	reply_batch_start(c);
	add_default(c, from_id, to_id);
	reply_batch_end(c, 200, NULL, 0);
}

void association_delete(struct call *c)
{
	if (!require_pair(c))
		return;
	remove_link(c, c->type, call_object_id(c->id), c->to, call_object_id(c->to_id));
	c->objects++;
	reply_empty(c, 204);
}

void association_labels(struct call *c)
{
	struct jsonw *w = &c->json;
	int type_id = association_default(c->type, c->to);
	if (!require_pair(c))
		return;
	reply_start(c, 200);
	jsonw_object(w);
	jsonw_name(w, "results");
	jsonw_array(w);
	put_association_type(w, type_id);
	for (int primary = 1; primary <= 2; primary++)
		if (association_fits(primary, c->type, c->to))
			put_association_type(w, primary);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static struct batch_error no_links(struct call *c, struct slice id)
{
	struct batch_error error = { .problem = problem_new(c, 404, "OBJECT_NOT_FOUND", "No %s is associated with %s %.*s.", c->to->singular,
					     c->type->singular, (int)id.len, id.ptr) };
	error.problem.sub_category = "crm.associations.NO_ASSOCIATIONS_FOUND";
	error.problem.context_name = "fromObjectId";
	error.problem.context_value = id;
	return error;
}

void association_batch_read(struct call *c)
{
	static const char has_any[] = "SELECT count(*) FROM associations WHERE from_type=? AND from_id=? AND to_type=?";
	const struct json *inputs;
	struct jsonw *w = &c->json;
	size_t error_count = 0, count;
	if (!require_pair(c) || (inputs = call_inputs(c, MAX_READ_INPUTS)) == NULL)
		return;
	struct batch_error *errors = arena_alloc(c->arena, inputs->count * sizeof *errors);
	reply_batch_start(c);
	for (const struct json *input = inputs->child; errors != NULL && input != NULL; input = input->next) {
		struct slice text = json_text(json_get(input, "id"));
		int64_t id = call_object_id(text);
		if (store_number(&c->portal->store, 0, has_any, "iii", (int64_t)c->type->index, id, (int64_t)c->to->index) == 0) {
			errors[error_count++] = no_links(c, text);
			continue;
		}
		jsonw_object(w);
		jsonw_name(w, "from");
		jsonw_object(w);
		jsonw_put_string(w, "id", text);
		jsonw_object_end(w);
		jsonw_name(w, "to");
		jsonw_array(w);
		int64_t next = put_links(c, id, call_object_id(json_text(json_get(input, "after"))), PAGE_MAX, &count);
		jsonw_array_end(w);
		if (next != 0)
			reply_paging(c, arena_printf(c->arena, "%lld", (long long)next));
		jsonw_object_end(w);
	}
	reply_batch_end(c, 200, errors, error_count);
}

static struct slice end_id(const struct json *input, const char *end)
{
	return json_text(json_path(input, end, "id", NULL));
}

void association_batch_create(struct call *c)
{
	const struct json *inputs;
	size_t error_count = 0;
	if (!require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
		return;
	struct batch_error *errors = arena_alloc(c->arena, inputs->count * sizeof *errors);
	reply_batch_start(c);
	for (const struct json *input = inputs->child; errors != NULL && input != NULL; input = input->next) {
		struct problem problem;
		int64_t from_id, to_id;
		if (find_ends(c, end_id(input, "from"), end_id(input, "to"), &from_id, &to_id, &problem) &&
			link_types(c, json_get(input, "types"), from_id, to_id, &problem))
			put_pair(c, from_id, to_id);
		else
			errors[error_count++].problem = problem;
	}
	reply_batch_end(c, 201, errors, error_count);
}

void association_batch_default(struct call *c)
{
	const struct json *inputs;
	if (!require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
		return;
	reply_batch_start(c);
	for (const struct json *input = inputs->child; input != NULL; input = input->next) {
		struct problem problem;
		int64_t from_id, to_id;
		if (!find_ends(c, end_id(input, "from"), end_id(input, "to"), &from_id, &to_id, &problem)) {
			reply_problem(c, &problem);
			return;
		}
		add_default(c, from_id, to_id);
	}
	reply_batch_end(c, 200, NULL, 0);
}

/* The legacy path answers without a body, the dated one with an empty batch. */
static void reply_archived(struct call *c)
{
	if (!c->is_dated) {
		reply_empty(c, 204);
		return;
	}
	reply_batch_start(c);
	reply_batch_end(c, 200, NULL, 0);
}

void association_batch_archive(struct call *c)
{
	const struct json *inputs;
	if (!require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
		return;
	for (const struct json *input = inputs->child; input != NULL; input = input->next) {
		const struct json *to = json_get(input, "to");
		int64_t from_id = call_object_id(end_id(input, "from"));
		for (const struct json *end = to == NULL ? NULL : to->child; end != NULL; end = end->next, c->objects++)
			remove_link(c, c->type, from_id, c->to, call_object_id(json_text(json_get(end, "id"))));
	}
	reply_archived(c);
}

/* Only the label "Primary" can be taken off; the link itself stays. */
void association_batch_labels_archive(struct call *c)
{
	static const char sql[] = "DELETE FROM associations WHERE from_type=? AND from_id=? AND to_type=? AND to_id=? AND type_id IN (1, 2)";
	const struct json *inputs;
	if (!require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
		return;
	for (const struct json *input = inputs->child; input != NULL; input = input->next, c->objects++) {
		int64_t from_id = call_object_id(end_id(input, "from")), to_id = call_object_id(end_id(input, "to"));
		const struct json *types = json_get(input, "types");
		for (const struct json *spec = types == NULL ? NULL : types->child; spec != NULL; spec = spec->next) {
			int64_t type_id;
			if (!json_int(json_get(spec, "associationTypeId"), &type_id) || (type_id != 1 && type_id != 2))
				continue;
			store_run(&c->portal->store, sql, "iiii", (int64_t)c->type->index, from_id, (int64_t)c->to->index, to_id);
			store_run(&c->portal->store, sql, "iiii", (int64_t)c->to->index, to_id, (int64_t)c->type->index, from_id);
		}
	}
	reply_archived(c);
}
