/* hs-tasks contacts: contacts with their company, as records. Changes nothing.
 *
 * All of them come from the list, which is the database itself: it has no end and no lag, and its order is that of the ids. Those of a time come from a search.
 * Pages by modification time would lose contacts: one that is modified meanwhile moves to the end, and all behind it move up. So the search goes by id, which
 * nobody can change; id and time are kept, sorted here, and the contacts read by id. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "search.h"
#include "source.h"
#include "verbs.h"

/* Servers refuse long URLs (414), some from 8 KB on. A list of contacts takes at most 100 a page (docs, crm/using-object-apis). */
enum { LIST_PAGE = 100, MAX_QUERY_BYTES = 4000, MAX_PATH_BYTES = 64 << 10, MAX_PROPERTIES_BYTES = 1 << 20 };

enum { OPTION_SINCE = OPTION_OWN, OPTION_UNTIL, OPTION_NO_JOIN };

const struct cli_option contacts_options[] = {
	{ OPTION_SINCE, "since", "TIME", "modified then or later; also yesterday, 2 hours ago" },
	{ OPTION_UNTIL, "until", "TIME", "modified then or earlier" },
	{ OPTION_NO_JOIN, "no-join", NULL, "contacts alone, without company" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct contacts {
	struct tool tool;
	struct source source;
	int64_t since_ms, until_ms; /* INT64_MIN, INT64_MAX: open */
	struct buf properties; /* JSON array of names */
	struct buf query; /* the same for a URL; empty: too long for one, contacts are then read by id */
	struct buf after; /* of the list's next page */
	bool is_held; /* the list waits for room */
};

static bool has_contact(const struct relate_item *item, void *arg)
{
	(void)arg;
	return item->contact.ptr != NULL;
}

/* -- all: the list -- */

static void put_escaped(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (isalnum(c) || c == '_' || c == '-' || c == '.')
			buf_putc(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void put_query(struct contacts *c)
{
	struct arena arena;
	struct json_error error;
	arena_init(&arena, MAX_PROPERTIES_BYTES);
	const struct json *names = json_parse(&arena, buf_slice(&c->properties), &error);
	for (const struct json *name = names == NULL ? NULL : names->child; name != NULL; name = name->next) {
		buf_puts(&c->query, c->query.len == 0 ? "" : ",");
		put_escaped(&c->query, name->string);
	}
	arena_release(&arena);
	if (c->query.failed)
		buf_reset(&c->query);
}

static void on_list(const struct hubspot_answer *answer, void *arg);

static void ask_list(struct contacts *c)
{
	struct buf path, rest;
	size_t room = source_room(&c->source), limit = room < LIST_PAGE ? room : LIST_PAGE;
	buf_init(&path, MAX_PATH_BYTES);
	buf_init(&rest, MAX_PATH_BYTES);
	buf_printf(&rest, "contacts?limit=%zu&properties=%s", room < LIST_PAGE ? room : LIST_PAGE,
		c->query.len > 0 ? buf_text(&c->query) : "hs_object_id");
	if (c->after.len > 0) {
		buf_puts(&rest, "&after=");
		put_escaped(&rest, buf_slice(&c->after));
	}
	hubspot_path(c->tool.api, API_OBJECTS, buf_text(&rest), &path);
	if (path.failed)
		must(NULL);
	hubspot_call(c->tool.api,
		&(struct hubspot_call){ .method = "GET",
			.path = buf_text(&path),
			.kind = CALL_READ,
			.op = "crm.contacts.list",
			.count = limit,
			.done = on_list,
			.arg = c });
	buf_release(&path);
	buf_release(&rest);
}

static void go_on(struct contacts *c)
{
	c->is_held = source_room(&c->source) == 0;
	if (!c->is_held)
		ask_list(c);
}

/* False: there is no next page, or it is this one again. */
static bool keep_after(struct contacts *c, const struct json *body)
{
	struct slice after = json_text(json_path(body, "paging", "next", "after", NULL));
	if (after.len == 0)
		return false;
	if (slice_equal(after, buf_slice(&c->after))) {
		struct hubspot_answer stuck = { .outcome = HUBSPOT_FAILED, .message = "the next page is this one again" };
		hubspot_give_up(c->tool.api, &stuck, "listing contacts");
		return false;
	}
	buf_reset(&c->after);
	buf_put_slice(&c->after, after);
	return true;
}

static void on_list(const struct hubspot_answer *answer, void *arg)
{
	struct contacts *c = arg;
	const struct json *results = json_get(answer->body, "results");
	if (answer->outcome != HUBSPOT_OK) {
		hubspot_give_up(c->tool.api, answer, "listing contacts");
		return;
	}
	for (const struct json *contact = results == NULL ? NULL : results->child; contact != NULL; contact = contact->next) {
		struct relate_item item = { .contact_id = json_string(contact, "id", "") };
		if (c->query.len > 0)
			item.contact = contact->raw;
		source_add(&c->source, &item);
	}
	source_page(&c->source);
	if (!source_wants_more(&c->source))
		return;
	if (keep_after(c, answer->body))
		go_on(c);
	else
		source_flush(&c->source);
}

static void on_room(void *arg)
{
	struct contacts *c = arg;
	if (c->is_held && source_wants_more(&c->source))
		go_on(c);
}

/* -- of a time: a search by id -- */

static bool keep_page(struct search *search, const struct json *results, void *arg)
{
	struct contacts *c = arg;
	(void)search;
	for (const struct json *contact = results == NULL ? NULL : results->child; contact != NULL; contact = contact->next) {
		uint64_t id;
		int64_t modified_ms;
		if (!clock_parse(result_property(contact, "lastmodifieddate"), &modified_ms))
			modified_ms = INT64_MIN;
		if (slice_to_u64(json_string(contact, "id", ""), &id))
			bytime_add(&c->source.by_id, id, modified_ms);
	}
	return source_wants_more(&c->source);
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	(void)arg;
	if (failed != NULL)
		hubspot_give_up(search->api, failed, "searching contacts");
}

static void search_contacts(struct contacts *c)
{
	static const char property[] = "lastmodifieddate";
	struct search *search = search_new(c->tool.api, OBJECT_CONTACTS, slice_of("[\"lastmodifieddate\"]"), NULL, SIZE_MAX);
	if (c->since_ms != INT64_MIN && c->until_ms != INT64_MAX)
		search_filter_between(search, property, c->since_ms, c->until_ms);
	else if (c->since_ms != INT64_MIN)
		search_filter_int(search, property, "GTE", c->since_ms);
	else
		search_filter_int(search, property, "LTE", c->until_ms);
	search->page = keep_page;
	search->done = end_search;
	search->arg = c;
	search_start(search);
	hubspot_drain(c->tool.api);
	if (source_wants_more(&c->source))
		source_take_by_id(&c->source, OBJECT_CONTACTS);
}

/* -- the verb -- */

int run_contacts(int argc, char **argv)
{
	struct contacts c = { .since_ms = INT64_MIN, .until_ms = INT64_MAX };
	struct tool_options options = { 0 };
	bool no_join = false;
	const char *since = NULL, *until = NULL, *value;
	buf_init(&c.properties, MAX_PROPERTIES_BYTES);
	buf_init(&c.query, MAX_QUERY_BYTES);
	buf_init(&c.after, MAX_QUERY_BYTES);
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_SINCE: since = value; break;
		case OPTION_UNTIL: until = value; break;
		case OPTION_NO_JOIN: no_join = true; break;
		default: tool_option(&options, key, value);
		}
	}
	source_init(&c.source, &c.tool);
	tool_open(&c.tool, "contacts", &options, 0);
	if (since != NULL)
		c.since_ms = tool_time("--since", since);
	if (until != NULL)
		c.until_ms = tool_time("--until", until);
	/* The next --since is taken from what was printed. */
	put_properties(&c.properties, c.tool.workflow.read_contact, "lastmodifieddate");
	put_query(&c);
	c.source.related.contact_properties = buf_slice(&c.properties);
	if (!no_join)
		c.source.related.company_properties = c.tool.workflow.read_company;
	c.source.accept = has_contact;
	c.source.has_room = on_room;
	c.source.arg = &c;
	source_start(&c.source);
	if (c.source.wanted > 0) {
		if (c.since_ms != INT64_MIN || c.until_ms != INT64_MAX)
			search_contacts(&c);
		else
			ask_list(&c);
	}
	source_drain(&c.source);
	int status = source_finish(&c.source, "contacts");
	buf_release(&c.properties);
	buf_release(&c.query);
	buf_release(&c.after);
	tool_close(&c.tool);
	return status;
}
