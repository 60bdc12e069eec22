/* What is checked before a record is written: names, values, required and unique properties. All that is wrong with the values is told at once. */
#include <stdio.h>

#include "records.h"
#include "values.h"

/* What record_check finds wrong with values, as HubSpot lists it: once as text inside the message, once as details. */
struct faults {
	struct buf listed, details;
	struct jsonw listed_json, details_json;
	size_t count;
};

static void faults_init(struct faults *f)
{
	*f = (struct faults){ .count = 0 };
	buf_init(&f->listed, SQL_MAX_BYTES);
	buf_init(&f->details, SQL_MAX_BYTES);
	jsonw_init(&f->listed_json, &f->listed);
	jsonw_init(&f->details_json, &f->details);
	jsonw_array(&f->listed_json);
	jsonw_array(&f->details_json);
}

static void faults_add(struct call *c, struct faults *f, struct slice name, const char *code, struct slice message)
{
	struct jsonw *w = &f->listed_json;
	f->count++;
	jsonw_object(w);
	jsonw_put_bool(w, "isValid", false);
	jsonw_put_string(w, "message", message);
	jsonw_put_text(w, "error", code);
	jsonw_put_string(w, "name", name);
	jsonw_put_string(w, "localizedErrorMessage", message);
	jsonw_put_int(w, "portalId", c->portal->portal_id);
	jsonw_object_end(w);
	w = &f->details_json;
	jsonw_object(w);
	jsonw_put_string(w, "message", message);
	jsonw_put_text(w, "code", code);
	jsonw_name(w, "context");
	jsonw_object(w);
	jsonw_name(w, "propertyName");
	jsonw_array(w);
	jsonw_string(w, name);
	jsonw_array_end(w);
	jsonw_object_end(w);
	jsonw_object_end(w);
}

/* True where there were none. */
static bool faults_end(struct call *c, struct faults *f, struct problem *problem)
{
	bool is_clean = f->count == 0;
	jsonw_array_end(&f->listed_json);
	jsonw_array_end(&f->details_json);
	if (!is_clean) {
		*problem = (struct problem){
			.status = 400,
			.category = "VALIDATION_ERROR",
			.message = arena_printf(c->arena, "Property values were not valid: %s", buf_text(&f->listed)),
			.details = arena_copy(c->arena, buf_slice(&f->details)),
		};
	}
	buf_release(&f->listed);
	buf_release(&f->details);
	return is_clean;
}

static struct slice stored_value(struct call *c, const struct object_type *type, int64_t id, const struct property *p)
{
	char sql[512];
	struct store *s = &c->portal->store;
	struct slice value = { "", 0 };
	snprintf(sql, sizeof sql, "SELECT \"%s\" FROM %s WHERE hs_object_id=?", p->name, type->plural);
	sqlite3_stmt *stmt = store_query(s, sql, "i", id);
	if (store_next(s, stmt)) {
		value = arena_copy(c->arena, store_text(stmt, 0));
		sqlite3_reset(stmt);
	}
	return value;
}

/* One given property: adds a change or a fault. */
static void check_value(
	struct call *c, const struct object_type *type, int64_t id, const struct json *member, struct changes *changes, struct faults *faults)
{
	const struct property *p = schema_find(&c->portal->schemas[type->index], member->name);
	const char *code = "";
	struct slice message, old = { "", 0 }, given = json_text(member);
	int shown = member->name.len > 200 ? 200 : (int)member->name.len;
	if (p == NULL) {
		faults_add(c, faults, member->name, "PROPERTY_DOESNT_EXIST",
			arena_printf(c->arena, "Property \"%.*s\" does not exist", shown, member->name.ptr));
		return;
	}
	if (p->is_read_only) {
		faults_add(c, faults, member->name, "READ_ONLY_VALUE",
			arena_printf(c->arena, "\"%s\" is a read only property; its value cannot be set.", p->name));
		return;
	}
	if (member->type == JSON_ARRAY || member->type == JSON_OBJECT) {
		faults_add(c, faults, member->name, "INVALID_VALUE", arena_printf(c->arena, "the value of \"%s\" must be a string", p->name));
		return;
	}
	if (id != 0 && given.len > 0 && given.ptr[0] == ';' && strcmp(p->field_type, "checkbox") == 0)
		old = stored_value(c, type, id, p);
	const struct slice *value = value_normalise(c, type, p, given, old, &code, &message);
	if (value == NULL) {
		faults_add(c, faults, member->name, code, message);
		return;
	}
	changes->list[changes->count++] = (struct change){ p, *value };
}

static bool has_change(const struct changes *changes, const char *name)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].value.len > 0 && strcmp(changes->list[i].property->name, name) == 0)
			return true;
	return false;
}

static bool check_required(struct call *c, const struct object_type *type, const struct changes *changes, struct problem *problem)
{
	const char *missing = NULL;
	for (size_t i = 0; missing == NULL && type->required[i] != NULL; i++)
		if (!has_change(changes, type->required[i]))
			missing = type->required[i];
	if (type->index == TYPE_COMPANY && !has_change(changes, "name") && !has_change(changes, "domain"))
		missing = "name";
	if (missing == NULL)
		return true;
	*problem = problem_invalid(c, "Error creating %s. Some required properties were not set.", type->capitals);
	problem->context_name = "properties";
	problem->context_value = slice_of(missing);
	return false;
}

static bool check_unique(struct call *c, const struct object_type *type, int64_t id, const struct changes *changes, struct problem *problem)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->list[i];
		if (!change->property->is_unique || change->value.len == 0)
			continue;
		int64_t holder = record_holder(c, type, change->property, change->value);
		if (holder == 0 || holder == id)
			continue;
		if (type->index == TYPE_CONTACT && strcmp(change->property->name, "email") == 0)
			*problem = problem_new(c, 409, "CONFLICT", "Contact already exists. Existing ID: %lld", (long long)holder);
		else
			*problem = problem_new(c, 409, "CONFLICT", "A %s with this value of the unique property %s exists. Existing ID: %lld",
				type->singular, change->property->name, (long long)holder);
		problem->context_name = "existingId";
		problem->context_value = arena_printf(c->arena, "%lld", (long long)holder);
		return false;
	}
	return true;
}

bool record_check(
	struct call *c, const struct object_type *type, int64_t id, const struct json *properties, struct changes *changes, struct problem *problem)
{
	struct faults faults;
	if (properties == NULL || properties->type != JSON_OBJECT) {
		*problem = problem_invalid(c, "Invalid input JSON: the member properties must be an object");
		return false;
	}
	*changes = (struct changes){ .list = arena_alloc(c->arena, (properties->count + 1) * sizeof *changes->list) };
	if (changes->list == NULL) {
		*problem = problem_new(c, 500, NULL, "out of memory");
		return false;
	}
	faults_init(&faults);
	for (const struct json *member = properties->child; member != NULL; member = member->next)
		if (json_get_slice(properties, member->name) == member)
			check_value(c, type, id, member, changes, &faults);
	return faults_end(c, &faults, problem) && (id != 0 || check_required(c, type, changes, problem)) &&
		check_unique(c, type, id, changes, problem);
}

void changes_default(struct call *c, struct changes *changes, const struct property *p, struct slice value)
{
	struct change *list = arena_alloc(c->arena, (changes->count + 2) * sizeof *list);
	for (size_t i = 0; i < changes->count; i++)
		if (changes->list[i].property == p)
			return;
	if (list == NULL)
		return;
	memcpy(list, changes->list, changes->count * sizeof *list);
	list[changes->count] = (struct change){ p, value };
	*changes = (struct changes){ list, changes->count + 1 };
}
