/* hs-tasks create: makes tasks, each with its contact and company associated in the same call. From records, or one task from flags alone. */
#include <stdio.h>

#include "feed.h"
#include "lead.h"
#include "ledger.h"
#include "program.h"
#include "record/write.h"
#include "verbs.h"

enum { MAX_INPUT_BYTES = 4 << 20, RUN_RANDOM_BYTES = 16, LOOK_AGAIN_US = 100000 };

enum {
	OPTION_SUBJECT = OPTION_OWN,
	OPTION_BODY,
	OPTION_DUE,
	OPTION_PRIORITY,
	OPTION_OWNER,
	OPTION_TASK_TYPE,
	OPTION_CONTACT,
	OPTION_COMPANY,
	OPTION_KEY,
	OPTION_PASS
};

const struct cli_option create_options[] = {
	{ OPTION_SUBJECT, "subject", "TEXT", "may hold {EXPRESSION}s, as in the workflow file" },
	{ OPTION_BODY, "body", "TEXT", "likewise; values are escaped for HTML" },
	{ OPTION_DUE, "due", "WHEN", "today (default), tomorrow, \"in 3 days\", or a time" },
	{ OPTION_PRIORITY, "priority", "PRIORITY", "HIGH, MEDIUM (default), LOW, NONE" },
	{ OPTION_OWNER, "owner", "NAME", "an owner of the workflow file (default queue)" },
	{ OPTION_TASK_TYPE, "task-type", "TYPE", "TODO (default), CALL, EMAIL" },
	{ OPTION_CONTACT, "contact", "ID", "one task for this contact; no input is read" },
	{ OPTION_COMPANY, "company", "ID", "and for this company" },
	{ OPTION_KEY, "key", "TEXT", "template; a second task of the same key is not made" },
	{ OPTION_PASS, "pass", NULL, "print every record, with its task" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct create {
	struct feed feed;
	struct program *subject, *body, *key;
	const char *priority, *task_type, *owner;
	char due[CLOCK_TEXT_BYTES];
	char run[2 * RUN_RANDOM_BYTES + 1]; /* makes keys where the user gives none; "": not drawn yet */
	uint64_t serial;
};

/* -- one task -- */

/* A template's text for a record. False: the reason is in *text. */
static bool fill(struct create *c, struct program *template, struct slice record, struct slice *text)
{
	struct buf out;
	struct json_error error;
	buf_init(&out, MAX_INPUT_BYTES);
	bool ok = program_run(template, NULL, c->feed.now, record, &out);
	struct slice copy = arena_copy(&c->feed.scratch, buf_slice(&out));
	*text = ok ? json_text(json_parse(&c->feed.scratch, copy, &error)) : copy;
	buf_release(&out);
	return ok;
}

struct task {
	struct slice contact, company, subject, body, key;
};

/* The text of the task, with the key in it where the portal has no unique property to hold it. */
static void put_body(const struct create *c, const struct task *task, const struct effect *e, struct jsonw *w)
{
	struct buf text;
	if (task->body.len == 0 && c->feed.portal.has_unique_key[OBJECT_TASKS])
		return;
	buf_init(&text, MAX_INPUT_BYTES);
	buf_put_slice(&text, task->body);
	if (!c->feed.portal.has_unique_key[OBJECT_TASKS]) {
		buf_puts(&text, task->body.len > 0 ? "<br>" : "");
		effect_put_marker(&text, e);
	}
	jsonw_put_string(w, "hs_task_body", buf_slice(&text));
	buf_release(&text);
}

static void put_task(const struct create *c, const struct task *task, const struct effect *e, struct buf *input)
{
	struct slice owner = portal_owner(&c->feed.portal, &c->feed.tool.workflow, slice_of(c->owner));
	struct jsonw w;
	jsonw_init(&w, input);
	jsonw_object(&w);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	jsonw_put_string(&w, "hs_task_subject", task->subject);
	jsonw_put_text(&w, "hs_timestamp", c->due);
	jsonw_put_text(&w, "hs_task_status", "NOT_STARTED");
	jsonw_put_text(&w, "hs_task_priority", c->priority);
	jsonw_put_text(&w, "hs_task_type", c->task_type);
	if (owner.len > 0)
		jsonw_put_string(&w, "hubspot_owner_id", owner);
	put_body(c, task, e, &w);
	jsonw_put_text(&w, "leadpipe_key", e->key);
	jsonw_object_end(&w);
	jsonw_name(&w, "associations");
	jsonw_array(&w);
	lead_put_association(&w, task->contact, ASSOCIATE_TASK_CONTACT);
	lead_put_association(&w, task->company, ASSOCIATE_TASK_COMPANY);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

/* Without a key of the user's no two tasks share one, of whatever run or machine; but one whose answer was lost can still be told. */
static void make_key(struct create *c, struct slice key, char hex[SHA256_HEX_BYTES])
{
	unsigned char bytes[RUN_RANDOM_BYTES];
	char serial[sizeof c->run + 24];
	if (c->key == NULL) {
		if (c->run[0] == '\0' && !hubspot_is_dry_run(c->feed.tool.api)) {
			hubspot_random(c->feed.tool.api, slice_of("create"), bytes, sizeof bytes);
			slice_hex((struct slice){ (const char *)bytes, sizeof bytes }, c->run);
		}
		snprintf(serial, sizeof serial, "%s.%llu", c->run, (unsigned long long)c->serial++);
		key = slice_of(serial);
	}
	const struct slice parts[] = { slice_of(c->feed.portal.id), slice_of("create"), key };
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], hex);
}

static void make_item(struct create *c, const struct task *task, struct group_item *item)
{
	struct buf input;
	item->effect = (struct effect){
		.name = "create", .object = OBJECT_TASKS, .is_create = true, .is_shared = true, .contact = task->contact, .company = task->company
	};
	make_key(c, task->key, item->effect.key);
	item->subject = arena_copy(&c->feed.scratch, slice_of(item->effect.key));
	item->contact = task->contact;
	item->company = task->company;
	item->has_effect = true;
	buf_init(&input, MAX_INPUT_BYTES);
	put_task(c, task, &item->effect, &input);
	item->effect.input = arena_copy(&c->feed.scratch, buf_slice(&input));
	if (input.failed || c->feed.scratch.failed)
		must(NULL);
	buf_release(&input);
}

static void enter(void *arg)
{
	struct group *g = arg;
	group_enter(g);
	group_perform(g);
}

/* What another process of ours is making under the same key is waited for, until it has made it or died. */
static void after_round(struct group *g)
{
	bool waits = false;
	for (size_t i = 0; i < g->count; i++)
		waits = waits || (g->items[i].outcome == ROW_OPEN && g->items[i].effect.is_others);
	if (waits)
		hubspot_at(g->context.api, clock_steady_us() + LOOK_AGAIN_US, enter, g);
	else
		group_finish(g);
}

void create_start(struct group *g)
{
	g->next = after_round;
	enter(g);
}

/* -- records -- */

static struct slice id_at(struct arena *scratch, const struct record *r, const char *member)
{
	struct value v;
	return record_path(r, &v, member, "id", NULL) ? value_text(v, scratch) : (struct slice){ "", 0 };
}

/* False: the reason is in *reason. A template that was not given leaves its text empty. */
static bool fill_task(struct create *c, struct slice record, struct task *task, struct slice *reason)
{
	const struct {
		struct program *template;
		struct slice *text;
	} parts[] = { { c->subject, &task->subject }, { c->body, &task->body }, { c->key, &task->key } };
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].template == NULL)
			continue;
		if (!fill(c, parts[i].template, record, reason))
			return false;
		*parts[i].text = *reason;
	}
	return true;
}

static bool make(struct feed *feed, const struct record *r, struct group_item *item, const char **code, struct slice *reason)
{
	struct create *c = feed->arg;
	struct task task = { .contact = id_at(&feed->scratch, r, "contact"), .company = id_at(&feed->scratch, r, "company") };
	*code = "workflow_failed";
	if (!fill_task(c, record_root(r).raw, &task, reason))
		return false;
	make_item(c, &task, item);
	return true;
}

/* {"id","properties"}: the properties that were asked for; what HubSpot adds is not read. */
static void put_made(struct buf *out, const struct group_item *item)
{
	struct arena arena;
	struct json_error error;
	struct jsonw w;
	arena_init(&arena, MAX_INPUT_BYTES);
	const struct json *properties = json_get(json_parse(&arena, item->effect.input, &error), "properties");
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_string(&w, "id", item->effect.object_id);
	jsonw_put_raw(&w, "properties", properties == NULL ? slice_of("{}") : properties->raw);
	jsonw_object_end(&w);
	arena_release(&arena);
}

static void show(struct record *r, const struct group_item *item)
{
	struct buf task;
	if (item->effect.object_id.len == 0)
		return;
	buf_init(&task, MAX_INPUT_BYTES);
	put_made(&task, item);
	record_put(r, "task", buf_slice(&task));
	buf_release(&task);
}

static const struct feed_verb verb = { .kind = "create", .is_single = true, .make = make, .start = create_start, .show = show };

/* -- one task from flags -- */

static void on_single(struct group *g, void *arg)
{
	struct create *c = arg;
	const struct group_item *item = &g->items[0];
	const char *code;
	bool is_retryable, for_good;
	struct buf line;
	if (group_failed(g, item, &code, &is_retryable, &for_good)) {
		struct hubspot_answer answer = { .outcome = for_good ? HUBSPOT_REFUSED : HUBSPOT_FAILED };
		snprintf(answer.message, sizeof answer.message, "%.*s", (int)item->message.len, item->message.ptr);
		if (for_good && item->work != 0)
			journal_ok(c->feed.tool.api, c->feed.tool.journal, journal_work_ended(c->feed.tool.journal, item->work, JOURNAL_FAILED));
		hubspot_give_up(c->feed.tool.api, &answer, "making the task");
		return;
	}
	c->feed.handled++;
	if (!c->feed.passes_all || hubspot_is_dry_run(c->feed.tool.api) || item->effect.object_id.len == 0)
		return;
	buf_init(&line, MAX_INPUT_BYTES);
	buf_puts(&line, "{\"task\":");
	put_made(&line, item);
	buf_putc(&line, '}');
	stream_put_line(c->feed.stream, buf_slice(&line));
	buf_release(&line);
}

static int make_single(struct create *c, const char *contact, const char *company)
{
	struct feed *feed = &c->feed;
	struct slice reason;
	struct buf record;
	struct task task = { .contact = slice_of(contact == NULL ? "" : contact), .company = slice_of(company == NULL ? "" : company) };
	struct group_item item = { .ticket = 0 };
	arena_init(&feed->scratch, MAX_INPUT_BYTES);
	feed->stream = tool_source();
	buf_init(&record, MAX_INPUT_BYTES);
	buf_puts(&record, "{\"contact\":{\"id\":");
	json_quote(&record, task.contact);
	buf_puts(&record, "}}");
	if (!fill_task(c, buf_slice(&record), &task, &reason))
		cli_die(EXIT_USAGE_ERROR, "%.*s", (int)reason.len, reason.ptr);
	feed_load(feed);
	make_item(c, &task, &item);
	struct group *g = group_new(&(struct perform_context){ feed->tool.api, &feed->portal, feed->tool.journal }, verb.kind, on_single, c);
	g->now = slice_of(feed->now);
	group_add(g, &item);
	create_start(g);
	hubspot_drain(feed->tool.api);
	buf_release(&record);
	arena_release(&feed->scratch);
	tool_summary(&feed->tool, feed->handled, "tasks made");
	return tool_status(&feed->tool, stream_close(feed->stream));
}

static struct program *take_template(struct create *c, const char *option, const char *text, bool is_html)
{
	char error[WORKFLOW_ERROR_BYTES];
	if (text == NULL)
		return NULL;
	struct program *template = program_new_template(&c->feed.tool.workflow, text, is_html, error);
	if (template == NULL)
		cli_usage("%s: %s", option, error);
	return template;
}

int run_create(int argc, char **argv)
{
	struct create c = { .feed = { .verb = &verb, .linger_ms = FEED_LINGER_MS }, .priority = "MEDIUM", .task_type = "TODO", .owner = "queue" };
	struct feed *feed = &c.feed;
	struct tool_options options = { 0 };
	const char *subject = NULL, *body = NULL, *due = "today", *key_text = NULL, *contact = NULL, *company = NULL, *value;
	feed->arg = &c;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_SUBJECT: subject = value; break;
		case OPTION_BODY: body = value; break;
		case OPTION_DUE: due = value; break;
		case OPTION_PRIORITY: c.priority = value; break;
		case OPTION_OWNER: c.owner = value; break;
		case OPTION_TASK_TYPE: c.task_type = value; break;
		case OPTION_CONTACT: contact = value; break;
		case OPTION_COMPANY: company = value; break;
		case OPTION_KEY: key_text = value; break;
		case OPTION_PASS: feed->passes_all = true; break;
		default: tool_option(&options, key, value);
		}
	}
	bool is_single = contact != NULL || company != NULL;
	if (subject == NULL)
		cli_usage("--subject is missing");
	if (is_single)
		no_operands();
	tool_open(&feed->tool, "create", &options, TOOL_WRITES | (cli_shared()->dry_run ? TOOL_OFFLINE : 0));
	tool_now(feed->now, NULL);
	clock_format(tool_time("--due", due), c.due);
	if (workflow_owner_named(&feed->tool.workflow, slice_of(c.owner)) == NULL)
		cli_usage("--owner: %s has no owner \"%s\"", feed->tool.workflow.path, c.owner);
	c.subject = take_template(&c, "--subject", subject, false);
	c.body = take_template(&c, "--body", body, true);
	c.key = take_template(&c, "--key", key_text, false);
	int status = is_single ? make_single(&c, contact, company) : feed_run(feed, "tasks made");
	program_free(c.subject);
	program_free(c.body);
	program_free(c.key);
	tool_close(&feed->tool);
	return status;
}
