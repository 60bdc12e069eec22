/* The endpoints of association labels. HubSpot has them between contacts and companies, not for activities (developers.hubspot.com, "Associations v4",
 * 2026). */
#include <ctype.h>

#include "associations.h"

enum { MAX_NAME_BYTES = 100 };

void label_list(struct call *c)
{
	const struct labels *labels = &c->portal->labels;
	if (!association_require_pair(c))
		return;
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	for (size_t i = 0; i < association_type_count + labels->count; i++) {
		const struct association_type *type = i < association_type_count ? &association_types[i] : &labels->list[i - association_type_count];
		if (type->from == c->type->index && type->to == c->to->index)
			association_put_type(c, type);
	}
	jsonw_array_end(&c->json);
	jsonw_object_end(&c->json);
}

static bool may_have_labels(const struct object_type *type)
{
	return type->index == TYPE_CONTACT || type->index == TYPE_COMPANY;
}

/* No digit first, and no hyphen. */
static bool is_name(struct slice name)
{
	return name.len > 0 && name.len <= MAX_NAME_BYTES && !isdigit((unsigned char)name.ptr[0]) && memchr(name.ptr, '-', name.len) == NULL;
}

/* Whether the pair has another label of that name, or with that text. */
static bool is_taken(const struct call *c, struct slice name, struct slice label)
{
	for (size_t i = 0; i < c->portal->labels.count; i++) {
		const struct association_type *type = &c->portal->labels.list[i];
		if (type->from == c->type->index && type->to == c->to->index && (slice_is(name, type->name) || slice_is(label, type->label)))
			return true;
	}
	return false;
}

static bool reload(struct call *c)
{
	if (labels_load(&c->portal->labels, &c->portal->store))
		return true;
	c->portal->store.failed = true;
	return false;
}

void label_create(struct call *c)
{
	struct slice name = slice_trim(json_string(c->body, "name", "")), label = slice_trim(json_string(c->body, "label", ""));
	struct slice inverse_label = slice_trim(json_string(c->body, "inverseLabel", ""));
	if (!association_require_pair(c))
		return;
	if (!may_have_labels(c->type) || !may_have_labels(c->to)) {
		reply_invalid(c, "Associations between %s and %s cannot have labels", c->type->plural, c->to->plural);
		return;
	}
	if (!is_name(name) || label.len == 0) {
		reply_invalid(c, "An association label wants a label, and a name that starts with no digit and has no hyphen");
		return;
	}
	if (is_taken(c, name, label)) {
		reply_invalid(c, "An association label with the name %.*s or the label %.*s exists already", (int)name.len, name.ptr, (int)label.len,
			label.ptr);
		return;
	}
	int64_t id = labels_insert(&c->portal->store, c->type, c->to, name, label, inverse_label.len > 0 ? inverse_label : label);
	if (!reload(c))
		return;
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
	association_put_type(c, labels_find(&c->portal->labels, id));
	association_put_type(c, labels_find(&c->portal->labels, id + 1));
	jsonw_array_end(&c->json);
	jsonw_object_end(&c->json);
}

/* The user's label of that id between the path's types; NULL when an error has been answered. */
static const struct association_type *find_own(struct call *c, int64_t id)
{
	const struct association_type *type = labels_find(&c->portal->labels, id);
	if (!association_require_pair(c))
		return NULL;
	if (type == NULL || type->from != c->type->index || type->to != c->to->index) {
		reply_error(c, 404, "OBJECT_NOT_FOUND", "Association type %lld does not exist between %s and %s", (long long)id, c->type->plural,
			c->to->plural);
		return NULL;
	}
	if (type->name != NULL)
		return type;
	reply_invalid(c, "Association type %lld is HubSpot's own and cannot be changed", (long long)id);
	return NULL;
}

/* A label that is the same in both directions stays so, unless the inverse one is given. */
void label_update(struct call *c)
{
	struct slice label = slice_trim(json_string(c->body, "label", "")), inverse = slice_trim(json_string(c->body, "inverseLabel", ""));
	int64_t id = 0;
	json_int(json_get(c->body, "associationTypeId"), &id);
	const struct association_type *type = find_own(c, id);
	if (type == NULL)
		return;
	if (label.len == 0) {
		reply_invalid(c, "Invalid input JSON: the member label is missing");
		return;
	}
	bool is_single = strcmp(labels_find(&c->portal->labels, type->inverse_id)->label, type->label) == 0;
	if (inverse.len > 0 || is_single)
		labels_rename(&c->portal->store, type->inverse_id, inverse.len > 0 ? inverse : label);
	labels_rename(&c->portal->store, type->type_id, label);
	if (reload(c))
		reply_empty(c, 204);
}

void label_delete(struct call *c)
{
	const struct association_type *type = find_own(c, call_object_id(c->id));
	if (type == NULL)
		return;
	labels_delete(&c->portal->store, type);
	if (reload(c))
		reply_empty(c, 204);
}
