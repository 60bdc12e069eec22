/* Associations of a group of relate.h, a thousand a call. */
#include <stdlib.h>

#include "base/cli.h"
#include "idmap.h"
#include "record/write.h"
#include "relate_parts.h"

enum { MAX_BODY_BYTES = 1 << 20 };

static const struct {
	enum hubspot_object from, to;
} links[] = {
	[LINK_TASK_CONTACT] = { OBJECT_TASKS, OBJECT_CONTACTS },
	[LINK_TASK_COMPANY] = { OBJECT_TASKS, OBJECT_COMPANIES },
	[LINK_CONTACT_COMPANY] = { OBJECT_CONTACTS, OBJECT_COMPANIES },
};

struct link_call {
	struct relate_group *group;
	enum relate_link link;
};

static bool wants_link(const struct relate_item *item, enum relate_link link)
{
	switch (link) {
	case LINK_TASK_CONTACT: return item->task_id.len > 0 && item->contact_id.len == 0;
	case LINK_TASK_COMPANY: return item->task_id.len > 0 && item->company_id.len == 0 && item->company.ptr == NULL;
	default: return item->contact_id.len > 0 && item->company_id.len == 0 && item->company.ptr == NULL;
	}
}

/* Nobody asks for links to objects that are not wanted. */
static bool is_wanted_link(const struct relate_options *options, enum relate_link link)
{
	return (link == LINK_TASK_CONTACT ? options->contact_properties : options->company_properties).len > 0;
}

static struct slice link_source(const struct relate_item *item, enum relate_link link)
{
	return link == LINK_CONTACT_COMPANY ? item->contact_id : item->task_id;
}

/* The contact's primary company (type 1), else the first. */
static struct slice pick(const struct json *to)
{
	if (to == NULL || to->child == NULL)
		return (struct slice){ "", 0 };
	for (const struct json *one = to->child; one != NULL; one = one->next) {
		const struct json *types = json_get(one, "associationTypes");
		for (const struct json *type = types == NULL ? NULL : types->child; type != NULL; type = type->next)
			if (slice_is(json_text(json_get(type, "typeId")), "1"))
				return json_text(json_get(one, "toObjectId"));
	}
	return json_text(json_get(to->child, "toObjectId"));
}

static void on_links(const struct hubspot_answer *answer, void *arg)
{
	struct link_call *call = arg;
	struct relate_group *g = call->group;
	const struct json *results = json_get(answer->body, "results");
	struct idmap targets = { 0 };
	if (answer->outcome != HUBSPOT_OK) {
		hubspot_give_up(g->relate->api, answer, "reading associations");
		g->failed = true;
	}
	struct slice *picked = must(calloc(results == NULL ? 1 : results->count + 1, sizeof *picked));
	size_t n = 0;
	for (const struct json *result = results == NULL ? NULL : results->child; result != NULL; result = result->next, n++) {
		picked[n] = pick(json_get(result, "to"));
		idmap_add(&targets, json_text(json_path(result, "from", "id", NULL)), n);
	}
	for (size_t i = 0; i < g->count; i++) {
		struct relate_item *item = &g->items[i];
		size_t at = wants_link(item, call->link) ? idmap_get(&targets, link_source(item, call->link)) : idmap_none;
		if (at == idmap_none || picked[at].len == 0)
			continue;
		*(call->link == LINK_TASK_CONTACT ? &item->contact_id : &item->company_id) = relate_keep(g, picked[at]);
	}
	free(picked);
	idmap_release(&targets);
	free(call);
	relate_step_done(g);
}

void relate_links(struct relate_group *g, enum relate_link link)
{
	struct idmap seen = { 0 };
	struct buf body, path, rest;
	struct jsonw w;
	if (!is_wanted_link(&g->relate->options, link))
		return;
	buf_init(&body, MAX_BODY_BYTES);
	buf_init(&path, 1024);
	buf_init(&rest, 256);
	jsonw_init(&w, &body);
	jsonw_object(&w);
	jsonw_name(&w, "inputs");
	jsonw_array(&w);
	for (size_t i = 0; i < g->count; i++) {
		struct slice id = link_source(&g->items[i], link);
		if (!wants_link(&g->items[i], link) || idmap_add(&seen, id, i) != i)
			continue;
		jsonw_object(&w);
		jsonw_put_string(&w, "id", id);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	buf_printf(&rest, "%s/%s/batch/read", hubspot_object_name(links[link].from), hubspot_object_name(links[link].to));
	hubspot_path(g->relate->api, API_ASSOCIATIONS, buf_text(&rest), &path);
	if (body.failed)
		must(NULL);
	if (seen.count > 0) {
		struct link_call *call = must(malloc(sizeof *call));
		*call = (struct link_call){ g, link };
		g->open++;
		hubspot_call(g->relate->api,
			&(struct hubspot_call){
				.method = "POST",
				.path = buf_text(&path),
				.body = buf_slice(&body),
				.kind = CALL_READ,
				.op = "crm.associations.read",
				.count = seen.count,
				.done = on_links,
				.arg = call,
			});
	}
	idmap_release(&seen);
	buf_release(&body);
	buf_release(&path);
	buf_release(&rest);
}
