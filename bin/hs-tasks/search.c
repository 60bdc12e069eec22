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
	s->page_size = SEARCH_PAGE;
	s->ahead = 1;
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

void search_filter_has(struct search *s, const char *property, bool has)
{
	buf_printf(next_filter(s), "{\"propertyName\":\"%s\",\"operator\":\"%sHAS_PROPERTY\"}", property, has ? "" : "NOT_");
}

void search_filter_in(struct search *s, const char *property, const char *operator, struct slice values)
{
	put_filter(next_filter(s), property, operator, "values", values);
}

/* -- pages -- */

static void on_page(const struct hubspot_answer *answer, void *arg);

static bool is_by_id(const struct search *s)
{
	return s->sort == NULL;
}

static void put_groups(const struct search *s, struct jsonw *w)
{
	struct buf group;
	/* No filter at all finds everything, but HubSpot takes no group without one. */
	size_t count = s->group_count == 0 && is_by_id(s) ? 1 : s->group_count;
	buf_init(&group, MAX_BODY_BYTES);
	jsonw_name(w, "filterGroups");
	jsonw_array(w);
	for (size_t i = 0; i < count; i++) {
		struct slice filters = i < s->group_count ? buf_slice(&s->groups[i]) : (struct slice){ "", 0 };
		if (filters.len == 0 && !is_by_id(s))
			continue;
		buf_reset(&group);
		buf_puts(&group, "{\"filters\":[");
		buf_put_slice(&group, filters);
		if (is_by_id(s))
			buf_printf(&group, "%s{\"propertyName\":\"hs_object_id\",\"operator\":\"GT\",\"value\":\"%llu\"}", filters.len > 0 ? "," : "",
				(unsigned long long)s->last_id);
		buf_puts(&group, "]}");
		jsonw_raw(w, buf_slice(&group));
	}
	jsonw_array_end(w);
	buf_release(&group);
}

/* Hits to ask for: what ends past SEARCH_CAP is refused. */
static size_t page_limit(const struct search *s)
{
	size_t asked = is_by_id(s) ? s->found : (size_t)s->offset;
	size_t limit = s->wanted - asked < s->page_size ? s->wanted - asked : s->page_size;
	return is_by_id(s) || s->offset + limit <= SEARCH_CAP ? limit : SEARCH_CAP - (size_t)s->offset;
}

static void ask(struct search *s)
{
	struct buf body, path, rest;
	struct jsonw w;
	size_t limit = page_limit(s);
	s->in_flight++;
	buf_init(&body, MAX_BODY_BYTES);
	buf_init(&path, 1024);
	buf_init(&rest, 256);
	jsonw_init(&w, &body);
	jsonw_object(&w);
	put_groups(s, &w);
	jsonw_name(&w, "sorts");
	jsonw_array(&w);
	jsonw_object(&w);
	jsonw_put_text(&w, "propertyName", is_by_id(s) ? "hs_object_id" : s->sort);
	jsonw_put_text(&w, "direction", "ASCENDING");
	jsonw_object_end(&w);
	jsonw_array_end(&w);
	jsonw_put_raw(&w, "properties", slice_of(s->properties));
	jsonw_put_int(&w, "limit", (int64_t)limit);
	if (s->offset > 0) {
		char after[24];
		snprintf(after, sizeof after, "%llu", (unsigned long long)s->offset);
		jsonw_put_text(&w, "after", after);
	}
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

static void finish(struct search *s)
{
	s->done(s, s->failed.outcome == HUBSPOT_OK ? NULL : &s->failed, s->arg);
	search_free(s);
}

static void fail(struct search *s, const struct hubspot_answer *answer)
{
	s->is_over = true;
	if (s->failed.outcome != HUBSPOT_OK)
		return;
	s->failed = *answer;
	s->failed.body = NULL;
	s->failed.response = NULL;
}

/* Where the next page begins, behind this one; it may be that there is none. */
static void advance(struct search *s, const struct json *body, const struct json *results)
{
	/* Asking again would go on for ever. */
	static const struct hubspot_answer stuck = { .outcome = HUBSPOT_FAILED, .message = "the search's next page is not behind the last" };
	const struct json *after = json_path(body, "paging", "next", "after", NULL);
	uint64_t next = 0, *place = is_by_id(s) ? &s->last_id : &s->offset;
	struct slice text = json_text(after);
	if (s->found >= s->wanted || results == NULL || results->count == 0 || after == NULL) {
		s->is_over = true;
		return;
	}
	if (is_by_id(s)) {
		const struct json *last = results->child;
		while (last->next != NULL)
			last = last->next;
		text = json_string(last, "id", "");
	}
	if (!slice_to_u64(text, &next) || next <= *place)
		fail(s, &stuck);
	*place = next;
	s->is_over = s->is_over || (!is_by_id(s) && next >= SEARCH_CAP);
}

static void go_on(struct search *s)
{
	size_t end = s->total < s->wanted ? s->total : s->wanted;
	end = end < SEARCH_CAP ? end : SEARCH_CAP;
	if (!s->is_unordered && !s->is_over)
		ask(s);
	while (s->is_unordered && !s->is_over && s->in_flight < s->ahead && s->offset < end) {
		size_t limit = page_limit(s);
		ask(s);
		s->offset += limit;
	}
	if (s->in_flight == 0)
		finish(s);
}

static void on_page(const struct hubspot_answer *answer, void *arg)
{
	struct search *s = arg;
	int64_t total = 0;
	bool is_first = s->found == 0;
	s->in_flight--;
	if (answer->outcome != HUBSPOT_OK) {
		fail(s, answer);
	} else if (!s->is_over) {
		const struct json *results = json_get(answer->body, "results");
		json_int(json_get(answer->body, "total"), &total);
		/* The first page's: by id, later ones tell how many are left. */
		if (is_first)
			s->total = total < 0 ? 0 : (size_t)total;
		s->found += results == NULL ? 0 : results->count;
		if (!s->page(s, results, s->arg))
			s->is_over = true;
		else if (is_first || !s->is_unordered)
			advance(s, answer->body, results);
	}
	if (!s->is_held || s->is_over)
		go_on(s);
}

void search_start(struct search *s)
{
	s->is_unordered = s->ahead > 1 && !is_by_id(s);
	ask(s);
}

void search_hold(struct search *s)
{
	s->is_held = true;
}

void search_go_on(struct search *s)
{
	s->is_held = false;
	go_on(s);
}

void search_end(struct search *s)
{
	s->is_over = true;
	go_on(s);
}

bool search_was_cut(const struct search *s)
{
	return !is_by_id(s) && s->total > SEARCH_CAP && s->offset >= SEARCH_CAP;
}
