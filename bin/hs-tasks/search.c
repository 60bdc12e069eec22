#include "search.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "record/write.h"

enum { MAX_BODY_BYTES = 64 << 10 };

struct search *search_new(struct hubspot *api, enum hubspot_object object, struct slice properties, const char *sort, size_t wanted)
{
	struct search *s = must(calloc(1, sizeof *s));
	s->api = api;
	s->object = object;
	s->properties = must(strndup(properties.ptr, properties.len));
	s->sort = sort;
	s->wanted = wanted;
	return s;
}

static void search_free(struct search *s)
{
	for (size_t i = 0; i < s->group_count; i++)
		buf_release(&s->groups[i]);
	free(s->properties);
	free(s);
}

/* -- filters -- */

void search_group(struct search *s)
{
	if (s->group_count == SEARCH_GROUPS)
		abort();
	buf_init(&s->groups[s->group_count++], MAX_BODY_BYTES);
}

static struct buf *next_filter(struct search *s)
{
	if (s->group_count == 0)
		search_group(s);
	struct buf *group = &s->groups[s->group_count - 1];
	if (++s->filter_count > SEARCH_ALL_FILTERS)
		abort();
	if (group->len > 0)
		buf_putc(group, ',');
	return group;
}

static void put_filter(struct buf *out, const char *property, const char *operator, const char * name, struct slice json)
{
	buf_printf(out, "{\"propertyName\":\"%s\",\"operator\":\"%s\",\"%s\":", property, operator, name);
	buf_put_slice(out, json);
	buf_putc(out, '}');
}

void search_filter(struct search *s, const char *property, const char *operator, struct slice value)
{
	struct buf quoted;
	buf_init(&quoted, MAX_BODY_BYTES);
	json_quote(&quoted, value);
	put_filter(next_filter(s), property, operator, "value", buf_slice(&quoted));
	buf_release(&quoted);
}

void search_filter_int(struct search *s, const char *property, const char *operator, int64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)value);
	search_filter(s, property, operator, slice_of(text));
}

void search_filter_between(struct search *s, const char *property, int64_t low, int64_t high)
{
	buf_printf(next_filter(s), "{\"propertyName\":\"%s\",\"operator\":\"BETWEEN\",\"value\":\"%lld\",\"highValue\":\"%lld\"}", property,
		(long long)low, (long long)high);
}

void search_filter_has(struct search *s, const char *property)
{
	buf_printf(next_filter(s), "{\"propertyName\":\"%s\",\"operator\":\"HAS_PROPERTY\"}", property);
}

void search_filter_in(struct search *s, const char *property, const char *operator, struct slice values)
{
	put_filter(next_filter(s), property, operator, "values", values);
}

/* -- pages -- */

static void on_page(const struct hubspot_answer *answer, void *arg);

static void put_groups(const struct search *s, struct jsonw *w)
{
	struct buf group;
	buf_init(&group, MAX_BODY_BYTES);
	jsonw_name(w, "filterGroups");
	jsonw_array(w);
	for (size_t i = 0; i < s->group_count; i++) {
		/* No filter at all finds everything, but HubSpot takes no group without one. */
		if (s->groups[i].len == 0 && !s->by_id)
			continue;
		buf_reset(&group);
		buf_puts(&group, "{\"filters\":[");
		buf_put_slice(&group, buf_slice(&s->groups[i]));
		if (s->by_id)
			buf_printf(&group, "%s{\"propertyName\":\"hs_object_id\",\"operator\":\"GT\",\"value\":\"%s\"}",
				s->groups[i].len > 0 ? "," : "", s->last_id);
		buf_puts(&group, "]}");
		jsonw_raw(w, buf_slice(&group));
	}
	jsonw_array_end(w);
	buf_release(&group);
}

static void ask(struct search *s)
{
	struct buf body, path, rest;
	struct jsonw w;
	size_t limit = s->wanted - s->found < SEARCH_PAGE ? s->wanted - s->found : SEARCH_PAGE;
	buf_init(&body, MAX_BODY_BYTES);
	buf_init(&path, 1024);
	buf_init(&rest, 256);
	jsonw_init(&w, &body);
	jsonw_object(&w);
	put_groups(s, &w);
	jsonw_name(&w, "sorts");
	jsonw_array(&w);
	jsonw_object(&w);
	jsonw_put_text(&w, "propertyName", s->by_id ? "hs_object_id" : s->sort);
	jsonw_put_text(&w, "direction", "ASCENDING");
	jsonw_object_end(&w);
	jsonw_array_end(&w);
	jsonw_put_raw(&w, "properties", slice_of(s->properties));
	jsonw_put_int(&w, "limit", (int64_t)limit);
	if (!s->by_id && s->after[0] != '\0')
		jsonw_put_text(&w, "after", s->after);
	jsonw_object_end(&w);
	buf_printf(&rest, "%s/search", hubspot_object_name(s->object));
	hubspot_path(s->api, API_OBJECTS, buf_text(&rest), &path);
	if (body.failed)
		must(NULL);
	hubspot_call(s->api,
		&(struct hubspot_call){
			.method = "POST",
			.path = buf_text(&path),
			.body = buf_slice(&body),
			.kind = CALL_READ,
			.is_search = true,
			.op = "crm.search",
			.count = limit,
			.done = on_page,
			.arg = s,
		});
	buf_release(&body);
	buf_release(&path);
	buf_release(&rest);
}

static void finish(struct search *s, const struct hubspot_answer *failed)
{
	s->done(s, failed, s->arg);
	search_free(s);
}

static void keep_text(char *place, size_t size, struct slice text)
{
	snprintf(place, size, "%.*s", (int)text.len, text.ptr);
}

/* Whether there is another page to ask for. */
static bool advance(struct search *s, const struct json *body, const struct json *results)
{
	const struct json *after = json_path(body, "paging", "next", "after", NULL);
	if (s->found >= s->wanted || results == NULL || results->count == 0)
		return false;
	if (s->by_id) {
		const struct json *last = results->child;
		while (last->next != NULL)
			last = last->next;
		keep_text(s->last_id, sizeof s->last_id, json_string(last, "id", ""));
		return after != NULL;
	}
	if (after == NULL || s->found >= SEARCH_CAP)
		return false;
	keep_text(s->after, sizeof s->after, json_text(after));
	return true;
}

static void on_page(const struct hubspot_answer *answer, void *arg)
{
	struct search *s = arg;
	int64_t total = 0;
	if (answer->outcome != HUBSPOT_OK) {
		finish(s, answer);
		return;
	}
	const struct json *results = json_get(answer->body, "results");
	json_int(json_get(answer->body, "total"), &total);
	if (s->total == 0)
		s->total = total < 0 ? 0 : (size_t)total;
	if (!s->by_id && s->found == 0 && s->total > SEARCH_CAP && s->wanted > SEARCH_CAP) {
		s->by_id = true;
		keep_text(s->last_id, sizeof s->last_id, slice_of("0"));
		ask(s);
		return;
	}
	s->found += results == NULL ? 0 : results->count;
	if (s->page(s, results, s->arg) && advance(s, answer->body, results))
		ask(s);
	else
		finish(s, NULL);
}

void search_start(struct search *s)
{
	ask(s);
}
