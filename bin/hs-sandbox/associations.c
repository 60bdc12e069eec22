#include "associations.h"

#include <stdio.h>

#include "links.h"
#include "records.h"

enum { MAX_READ_INPUTS = 1000, MAX_CREATE_INPUTS = 2000, PAGE_DEFAULT = 500, PAGE_MAX = 500 };

void association_put_type(struct call *c, const struct association_type *type)
{
	struct jsonw *w = &c->json;
	jsonw_object(w);
	jsonw_put_text(w, "category", type->name == NULL ? "HUBSPOT_DEFINED" : "USER_DEFINED");
	jsonw_put_int(w, "typeId", type->type_id);
	jsonw_put_text(w, "label", type->label);
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
		association_put_type(c, labels_find(&c->portal->labels, sqlite3_column_int(stmt, 1)));
	}
	if (current != 0) {
		jsonw_array_end(w);
		jsonw_object_end(w);
	}
	c->objects += (unsigned)*count;
	return next;
}

bool association_require_pair(struct call *c)
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
	if (!call_query_limit(c, PAGE_DEFAULT, PAGE_MAX, &limit) || !association_require_pair(c))
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
		return links_missing(c, c->type, from, problem);
	if (*to_id == 0 || !record_exists(c, c->to, *to_id, false))
		return links_missing(c, c->to, to, problem);
	return true;
}

/* Checks, then makes, the links of an array of types. */
static bool link_types(struct call *c, const struct json *types, int64_t from_id, int64_t to_id, struct problem *problem)
{
	const struct association_type *type;
	if (types == NULL || types->type != JSON_ARRAY || types->count == 0) {
		*problem = problem_invalid(c, "Invalid input JSON: at least one association type is wanted");
		return false;
	}
	for (const struct json *spec = types->child; spec != NULL; spec = spec->next)
		if (!links_check_type(c, c->type, spec, &type, problem))
			return false;
	for (const struct json *spec = types->child; spec != NULL; spec = spec->next)
		if (links_check_type(c, c->type, spec, &type, problem) && type != NULL && type->to == c->to->index)
			link_add(c, type, from_id, to_id);
	return true;
}

/* The labels are those of the types asked for; the primary company's does not count as one. */
static void put_pair(struct call *c, const struct json *types, int64_t from_id, int64_t to_id)
{
	struct jsonw *w = &c->json;
	struct problem ignored;
	const struct association_type *type;
	jsonw_object(w);
	jsonw_put_text(w, "fromObjectTypeId", c->type->type_id);
	jsonw_put_string(w, "fromObjectId", arena_printf(c->arena, "%lld", (long long)from_id));
	jsonw_put_text(w, "toObjectTypeId", c->to->type_id);
	jsonw_put_string(w, "toObjectId", arena_printf(c->arena, "%lld", (long long)to_id));
	jsonw_name(w, "labels");
	jsonw_array(w);
	for (const struct json *spec = types->child; spec != NULL; spec = spec->next)
		if (links_check_type(c, c->type, spec, &type, &ignored) && type != NULL && type->name != NULL)
			jsonw_text(w, type->label);
	jsonw_array_end(w);
	jsonw_object_end(w);
	c->objects++;
}

void association_put(struct call *c)
{
	struct problem problem;
	int64_t from_id, to_id;
	if (!association_require_pair(c))
		return;
	if (!find_ends(c, c->id, c->to_id, &from_id, &to_id, &problem) || !link_types(c, c->body, from_id, to_id, &problem)) {
		reply_problem(c, &problem);
		return;
	}
	reply_start(c, 201);
	put_pair(c, c->body, from_id, to_id);
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
	link_add(c, labels_find(&c->portal->labels, association_default(c->type, c->to)), from_id, to_id);
	put_default_result(c, c->type, from_id, c->to, to_id);
	put_default_result(c, c->to, to_id, c->type, from_id);
	c->objects++;
}

void association_put_default(struct call *c)
{
	struct problem problem;
	int64_t from_id, to_id;
	if (!association_require_pair(c))
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
	if (!association_require_pair(c))
		return;
	link_remove(c, c->type, call_object_id(c->id), c->to, call_object_id(c->to_id));
	c->objects++;
	reply_empty(c, 204);
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
	if (!association_require_pair(c) || (inputs = call_inputs(c, MAX_READ_INPUTS)) == NULL)
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
	if (!association_require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
		return;
	struct batch_error *errors = arena_alloc(c->arena, inputs->count * sizeof *errors);
	reply_batch_start(c);
	for (const struct json *input = inputs->child; errors != NULL && input != NULL; input = input->next) {
		struct problem problem;
		int64_t from_id, to_id;
		if (find_ends(c, end_id(input, "from"), end_id(input, "to"), &from_id, &to_id, &problem) &&
			link_types(c, json_get(input, "types"), from_id, to_id, &problem))
			put_pair(c, json_get(input, "types"), from_id, to_id);
		else
			errors[error_count++].problem = problem;
	}
	reply_batch_end(c, 201, errors, error_count);
}

void association_batch_default(struct call *c)
{
	const struct json *inputs;
	if (!association_require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
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
	if (!association_require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
		return;
	for (const struct json *input = inputs->child; input != NULL; input = input->next) {
		const struct json *to = json_get(input, "to");
		int64_t from_id = call_object_id(end_id(input, "from"));
		for (const struct json *end = to == NULL ? NULL : to->child; end != NULL; end = end->next, c->objects++)
			link_remove(c, c->type, from_id, c->to, call_object_id(json_text(json_get(end, "id"))));
	}
	reply_archived(c);
}

/* The links themselves stay. */
void association_batch_labels_archive(struct call *c)
{
	const struct json *inputs;
	if (!association_require_pair(c) || (inputs = call_inputs(c, MAX_CREATE_INPUTS)) == NULL)
		return;
	for (const struct json *input = inputs->child; input != NULL; input = input->next, c->objects++) {
		int64_t from_id = call_object_id(end_id(input, "from")), to_id = call_object_id(end_id(input, "to"));
		const struct json *types = json_get(input, "types");
		for (const struct json *spec = types == NULL ? NULL : types->child; spec != NULL; spec = spec->next) {
			const struct association_type *type;
			struct problem ignored;
			if (links_check_type(c, c->type, spec, &type, &ignored) && type != NULL && type->to == c->to->index)
				link_remove_label(c, type, from_id, to_id);
		}
	}
	reply_archived(c);
}
