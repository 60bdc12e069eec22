/* hs-tasks list: tasks with their contact and company, by due date, as records. Changes nothing.
 *
 * A search sorts, but ends at 10,000 hits. What is beyond comes by ids: of those only id and due date are kept, sorted here, and read by id. So output begins
 * with the first page however many there are, and no task is printed twice. */
#include <stdio.h>
#include <stdlib.h>

#include "batch.h"
#include "find.h"
#include "idmap.h"
#include "resolve.h"
#include "source.h"
#include "verbs.h"

enum { MAX_SEEN_BYTES = 16 << 20, MAX_LIST_BYTES = 4096, MAX_PROPERTIES_BYTES = 1 << 20, MAX_TASK_BYTES = 64 << 20 };

enum {
	OPTION_STATUS = OPTION_OWN,
	OPTION_TYPE,
	OPTION_OWNER,
	OPTION_PRIORITY,
	OPTION_QUEUE,
	OPTION_DUE_BEFORE,
	OPTION_DUE_AFTER,
	OPTION_DUE,
	OPTION_SUBJECT,
	OPTION_CONTACT,
	OPTION_COMPANY,
	OPTION_NO_JOIN
};

const struct cli_option list_options[] = {
	{ OPTION_TYPE, "type", "ROUTE", "only this route's tasks; other: those of none" },
	{ OPTION_STATUS, "status", "LIST", "of NOT_STARTED, IN_PROGRESS, WAITING, COMPLETED, DEFERRED, with commas" },
	{ OPTION_PRIORITY, "priority", "LIST", "of HIGH, MEDIUM, LOW, NONE, with commas" },
	{ OPTION_OWNER, "owner", "WHO", "an owner of the workflow file, an id, or an e-mail" },
	{ OPTION_QUEUE, "queue", "ID", "in this task queue of HubSpot's" },
	{ OPTION_DUE_BEFORE, "due-before", "TIME", "due then or earlier; also today, in 2 days" },
	{ OPTION_DUE_AFTER, "due-after", "TIME", "due then or later" },
	{ OPTION_DUE, "due", "WHICH", "any: with a due date; none: without" },
	{ OPTION_SUBJECT, "subject", "REGEX", "whose subject matches (PCRE2)" },
	{ OPTION_CONTACT, "contact", "WHO", "of a contact: its id or e-mail" },
	{ OPTION_COMPANY, "company", "WHO", "of a company: its id or domain" },
	{ OPTION_NO_JOIN, "no-join", NULL, "tasks alone, without contact and company" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct settings {
	struct tool_options tool;
	const char *type, *owner, *subject, *contact, *company, *due_before, *due_after;
	bool no_join;
};

struct list {
	struct tool tool;
	struct source source;
	struct find find;
	struct pattern *subject;
	struct buf statuses, priorities, properties;
	char owner[PORTAL_TEXT_BYTES], contact[PORTAL_TEXT_BYTES], companies[FIND_COMPANIES][PORTAL_TEXT_BYTES];
	struct idmap seen; /* tasks of the sorted search */
	struct arena seen_arena, scratch;
	bool is_exact; /* the search's hits are those that are meant */
	bool is_cut; /* there are more than it gives */
	size_t gave_up; /* subjects that the pattern could not be tried on */
};

/* -- the search -- */

static bool is_meant(struct list *list, const struct json *properties)
{
	enum find_verdict verdict = find_judge(&list->find, &list->tool.workflow, properties);
	if (verdict == FIND_GAVE_UP)
		list->gave_up++;
	return verdict == FIND_YES;
}

static struct slice task_id(const struct json *task)
{
	return json_string(task, "id", "");
}

/* A task that moves to another page meanwhile comes twice. */
static bool is_new(struct list *list, struct slice id)
{
	size_t count = list->seen.count;
	if (idmap_get(&list->seen, id) != idmap_none)
		return false;
	idmap_add(&list->seen, arena_copy(&list->seen_arena, id), count);
	if (list->seen_arena.failed)
		must(NULL);
	return true;
}

/* Where all that is found is meant, no more is asked for than is missing. */
static void fit_page(const struct list *list, struct search *search)
{
	size_t room = source_room(&list->source);
	search->page_size = list->is_exact && room > 0 && room < SEARCH_PAGE ? room : SEARCH_PAGE;
}

static bool take_page(struct search *search, const struct json *results, void *arg)
{
	struct list *list = arg;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next)
		if (is_meant(list, json_get(task, "properties")) && is_new(list, task_id(task)))
			source_add(&list->source, &(struct relate_item){ .task_id = task_id(task), .task = task->raw });
	bool goes_on = source_take_page(&list->source, search);
	fit_page(list, search);
	return goes_on;
}

static void on_room(void *arg)
{
	struct list *list = arg;
	if (list->source.held != NULL)
		fit_page(list, list->source.held);
	source_go_on(&list->source);
}

static void end_search(struct search *search, const struct hubspot_answer *failed, void *arg)
{
	struct list *list = arg;
	list->is_cut = search_was_cut(search);
	source_end_search(&list->source, failed);
}

/* Searched by id, only what is needed to sort them is kept of tasks. */
static bool keep_page(struct search *search, const struct json *results, void *arg)
{
	struct list *list = arg;
	(void)search;
	for (const struct json *task = results == NULL ? NULL : results->child; task != NULL; task = task->next) {
		uint64_t id;
		int64_t due_ms;
		if (!is_meant(list, json_get(task, "properties")) || idmap_get(&list->seen, task_id(task)) != idmap_none ||
			!slice_to_u64(task_id(task), &id))
			continue;
		/* Those without a due date come last, as HubSpot sorts them. */
		if (!clock_parse(result_property(task, "hs_timestamp"), &due_ms))
			due_ms = INT64_MAX;
		bytime_add(&list->source.by_id, id, due_ms);
	}
	return source_wants_more(&list->source);
}

static struct search *search_for(struct list *list, struct slice properties, const char *sort)
{
	struct search *search = search_new(list->tool.api, OBJECT_TASKS, properties, sort, SIZE_MAX);
	list->is_exact = find_add(search, &list->find) && list->source.where == NULL;
	search->done = end_search;
	search->arg = list;
	return search;
}

static void run(struct list *list)
{
	struct search *search = search_for(list, list->source.related.task_properties, "hs_timestamp");
	search->page = take_page;
	fit_page(list, search);
	search_start(search);
	hubspot_drain(list->tool.api);
	if (!list->is_cut || !source_wants_more(&list->source))
		return;
	search = search_for(list,
		slice_of(
			"[\"hs_task_subject\",\"hs_task_status\",\"hs_task_priority\",\"hs_timestamp\",\"hubspot_owner_id\",\"hs_queue_membership_ids\"]"),
		NULL);
	search->page = keep_page;
	search_start(search);
	hubspot_drain(list->tool.api);
	if (source_wants_more(&list->source))
		source_take_by_id(&list->source, OBJECT_TASKS);
}

/* A task that was read by id has today's values, not those that it was found by. */
static bool accept(const struct relate_item *item, void *arg)
{
	struct list *list = arg;
	struct json_error error;
	if (item->task.ptr == NULL)
		return false;
	if (!list->source.takes_by_id)
		return true;
	arena_reset(&list->scratch);
	return is_meant(list, json_get(json_parse(&list->scratch, item->task, &error), "properties"));
}

/* -- settings -- */

static const char *const statuses[] = { "NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED", NULL };
static const char *const priorities[] = { "HIGH", "MEDIUM", "LOW", "NONE", NULL };

static const char *find_name(const char *const *names, struct slice text)
{
	for (; *names != NULL; names++)
		if (slice_equal_nocase(text, slice_of(*names)))
			return *names;
	return NULL;
}

/* "a,B" as ["A","B"], each one of the names, in any case. */
static void take_list(struct buf *out, const char *option, const char *text, const char *const *names)
{
	struct slice rest = slice_of(text), part;
	buf_reset(out);
	while (slice_split(&rest, ',', &part)) {
		const char *name = find_name(names, slice_trim(part));
		if (name == NULL) {
			struct buf all;
			buf_init(&all, MAX_LIST_BYTES);
			for (; *names != NULL; names++)
				buf_printf(&all, " %s", *names);
			cli_usage("%s: \"%.*s\" is none of%s", option, (int)part.len, part.ptr, buf_text(&all));
		}
		buf_printf(out, "%s\"%s\"", out->len == 0 ? "[" : ",", name);
	}
	buf_putc(out, ']');
}

static struct slice take_queue(const char *value)
{
	uint64_t id;
	if (!slice_to_u64(slice_of(value), &id))
		cli_usage("--queue wants a queue's id, a number, not \"%s\"", value);
	return slice_of(value);
}

static enum find_due take_due(const char *value)
{
	if (strcmp(value, "any") != 0 && strcmp(value, "none") != 0)
		cli_usage("--due is any or none, not \"%s\"", value);
	return strcmp(value, "any") == 0 ? FIND_DUE_ANY : FIND_DUE_NONE;
}

static void parse_options(struct list *list, struct settings *settings, int argc, char **argv)
{
	struct find *find = &list->find;
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_TYPE: settings->type = value; break;
		case OPTION_STATUS: take_list(&list->statuses, "--status", value, statuses); break;
		case OPTION_PRIORITY: take_list(&list->priorities, "--priority", value, priorities); break;
		case OPTION_OWNER: settings->owner = value; break;
		case OPTION_QUEUE: find->queue = take_queue(value); break;
		case OPTION_DUE_BEFORE: settings->due_before = value; break;
		case OPTION_DUE_AFTER: settings->due_after = value; break;
		case OPTION_DUE: find->due = take_due(value); break;
		case OPTION_SUBJECT: find->subject = slice_of(value); break;
		case OPTION_CONTACT: settings->contact = value; break;
		case OPTION_COMPANY: settings->company = value; break;
		case OPTION_NO_JOIN: settings->no_join = true; break;
		default: tool_option(&settings->tool, key, value);
		}
	}
	if (find->due == FIND_DUE_NONE && (settings->due_before != NULL || settings->due_after != NULL))
		cli_usage("--due none goes without --due-before and --due-after");
}

static void take_subject(struct list *list)
{
	char error[256];
	if (list->find.subject.len == 0)
		return;
	list->subject = pattern_new(list->find.subject, 0, error, sizeof error);
	if (list->subject == NULL)
		cli_usage("--subject: %s", error);
	list->find.subject_pattern = list->subject;
}

/* Who is meant; false where the portal has none such. */
static bool resolve(struct list *list, const struct settings *settings)
{
	struct find *find = &list->find;
	if (settings->owner != NULL && !resolve_owner(&list->tool, "--owner", settings->owner, list->owner))
		return false;
	if (settings->contact != NULL && !resolve_contact(&list->tool, "--contact", settings->contact, list->contact))
		return false;
	if (settings->company != NULL && !resolve_companies(&list->tool, "--company", settings->company, list->companies, &list->find.company_count))
		return false;
	find->owner = slice_of(list->owner);
	find->contact = slice_of(list->contact);
	for (size_t i = 0; i < find->company_count; i++)
		find->companies[i] = slice_of(list->companies[i]);
	return true;
}

int run_list(int argc, char **argv)
{
	struct list list = { .find = { .due_from_ms = INT64_MIN, .due_to_ms = INT64_MAX } };
	struct settings settings = { .type = NULL };
	buf_init(&list.statuses, MAX_LIST_BYTES);
	buf_init(&list.priorities, MAX_LIST_BYTES);
	buf_init(&list.properties, MAX_PROPERTIES_BYTES);
	arena_init(&list.seen_arena, MAX_SEEN_BYTES);
	arena_init(&list.scratch, MAX_TASK_BYTES);
	parse_options(&list, &settings, argc, argv);
	source_init(&list.source, &list.tool);
	take_subject(&list);
	tool_open(&list.tool, "list", &settings.tool, 0);
	if (settings.due_before != NULL)
		list.find.due_to_ms = tool_time("--due-before", settings.due_before);
	if (settings.due_after != NULL)
		list.find.due_from_ms = tool_time("--due-after", settings.due_after);
	list.find.route = take_route(&list.tool.workflow, settings.type, &list.find.only_other);
	list.find.statuses = buf_slice(&list.statuses);
	list.find.priorities = buf_slice(&list.priorities);
	/* Queues are asked for only where they matter. */
	list.source.related.task_properties = list.tool.workflow.read_task;
	if (list.find.queue.len > 0) {
		put_properties(&list.properties, list.tool.workflow.read_task, "hs_queue_membership_ids");
		list.source.related.task_properties = buf_slice(&list.properties);
	}
	if (!settings.no_join) {
		list.source.related.contact_properties = list.tool.workflow.read_contact;
		list.source.related.company_properties = list.tool.workflow.read_company;
	}
	list.source.accept = accept;
	list.source.has_room = on_room;
	list.source.arg = &list;
	source_start(&list.source);
	if (list.source.wanted > 0 && resolve(&list, &settings))
		run(&list);
	source_drain(&list.source);
	if (list.gave_up > 0)
		cli_warn("list: --subject: %zu subjects were left out: the pattern takes too long on them", list.gave_up);
	int status = source_finish(&list.source, "tasks");
	pattern_free(list.subject);
	idmap_release(&list.seen);
	arena_release(&list.seen_arena);
	arena_release(&list.scratch);
	buf_release(&list.statuses);
	buf_release(&list.priorities);
	buf_release(&list.properties);
	tool_close(&list.tool);
	return status;
}
