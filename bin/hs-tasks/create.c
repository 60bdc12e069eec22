/* hs-tasks create: makes tasks, each with its contact and company associated in the same call. From records, or one task from flags alone. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ended.h"
#include "group.h"
#include "lead.h"
#include "ledger.h"
#include "program.h"
#include "record/window.h"
#include "record/write.h"
#include "tool.h"
#include "verbs.h"

enum { LINGER_MS = 2000, STEP_MS = 1000, MAX_INPUT_BYTES = 4 << 20, MAX_ARENA_BYTES = 8 << 20 };

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
	struct tool tool;
	struct portal portal;
	struct program *subject, *body, *key;
	const char *priority, *task_type, *owner, *contact, *company;
	char due[CLOCK_TEXT_BYTES], now[CLOCK_TEXT_BYTES];
	struct stream *stream;
	struct window *window;
	struct expr *if_expr;
	struct group *filling;
	struct ended ended;
	int64_t oldest_us;
	struct arena scratch;
	bool passes_all, is_loaded, is_single;
	size_t open, read, made, failed;
	uint64_t serial;
	char run[24];
};

/* -- one task -- */

/* A template's text for a record. False: the reason is in *text. */
static bool fill(struct create *c, struct program *template, struct slice record, struct slice *text)
{
	struct buf out;
	struct json_error error;
	buf_init(&out, MAX_INPUT_BYTES);
	bool ok = program_run(template, NULL, c->now, record, &out);
	struct slice copy = arena_copy(&c->scratch, buf_slice(&out));
	*text = ok ? json_text(json_parse(&c->scratch, copy, &error)) : copy;
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
	if (task->body.len == 0 && c->portal.has_unique_key[OBJECT_TASKS])
		return;
	buf_init(&text, MAX_INPUT_BYTES);
	buf_put_slice(&text, task->body);
	if (!c->portal.has_unique_key[OBJECT_TASKS]) {
		buf_puts(&text, task->body.len > 0 ? "<br>" : "");
		effect_put_marker(&text, e);
	}
	jsonw_put_string(w, "hs_task_body", buf_slice(&text));
	buf_release(&text);
}

static void put_task(const struct create *c, const struct task *task, const struct effect *e, struct buf *input)
{
	struct slice owner = portal_owner(&c->portal, &c->tool.workflow, slice_of(c->owner));
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

/* -- groups -- */

/* A task that was made before stands in the record by its id. */
static void put_made(struct record *r, const struct effect *e)
{
	struct buf task;
	buf_init(&task, MAX_INPUT_BYTES);
	buf_puts(&task, "{\"id\":");
	json_quote(&task, e->object_id);
	struct arena arena;
	struct json_error error;
	arena_init(&arena, MAX_ARENA_BYTES);
	const struct json *properties = json_get(json_parse(&arena, e->input, &error), "properties");
	buf_puts(&task, ",\"properties\":");
	buf_put_slice(&task, properties == NULL ? slice_of("{}") : properties->raw);
	buf_putc(&task, '}');
	record_put(r, "task", buf_slice(&task));
	arena_release(&arena);
	buf_release(&task);
}

static void finish_item(struct create *c, struct group *g, const struct group_item *item)
{
	const char *code;
	bool is_retryable, for_good;
	struct record *r = c->is_single ? NULL : window_record(c->window, item->ticket);
	if (!group_failed(g, item, &code, &is_retryable, &for_good)) {
		c->made++;
		if (c->is_single)
			return;
		if (item->effect.object_id.len > 0)
			put_made(r, &item->effect);
		if (c->passes_all && !hubspot_is_dry_run(c->tool.api))
			window_finish(c->window, item->ticket);
		else
			window_drop(c->window, item->ticket);
		return;
	}
	c->failed++;
	if (for_good && item->work != 0)
		ended_add(&c->ended, item->work);
	if (c->is_single) {
		struct hubspot_answer answer = { .outcome = for_good ? HUBSPOT_REFUSED : HUBSPOT_FAILED };
		snprintf(answer.message, sizeof answer.message, "%.*s", (int)item->message.len, item->message.ptr);
		hubspot_give_up(c->tool.api, &answer, "making the task");
		return;
	}
	record_put_error(r, "hs-tasks", code, is_retryable, "%.*s", (int)item->message.len, item->message.ptr);
	window_finish(c->window, item->ticket);
}

static void print_single(struct create *c, const struct group_item *item)
{
	struct buf line;
	if (!c->is_single || !c->passes_all || item->effect.object_id.len == 0 || hubspot_is_dry_run(c->tool.api))
		return;
	buf_init(&line, MAX_INPUT_BYTES);
	buf_puts(&line, "{\"task\":{\"id\":");
	json_quote(&line, item->effect.object_id);
	buf_puts(&line, "}}");
	stream_put_line(c->stream, buf_slice(&line));
	buf_release(&line);
}

static void on_done(struct group *g, void *arg)
{
	struct create *c = arg;
	c->open--;
	for (size_t i = 0; i < g->count; i++) {
		finish_item(c, g, &g->items[i]);
		print_single(c, &g->items[i]);
	}
	ended_flush(&c->ended, &c->tool, c->stream, c->window);
}

static void load(struct create *c)
{
	if (c->is_loaded)
		return;
	c->is_loaded = true;
	if (hubspot_is_dry_run(c->tool.api))
		portal_assume(&c->portal, &c->tool.workflow);
	else if (portal_load(&c->portal, c->tool.api, &c->tool.workflow, PORTAL_SETTINGS | PORTAL_ACCOUNT | PORTAL_OWNERS))
		ledger_open(&c->tool, &c->portal);
	snprintf(c->run, sizeof c->run, "%lld", c->tool.journal == NULL ? 0 : (long long)journal_run(c->tool.journal));
}

static void send(struct create *c)
{
	struct group *g = c->filling;
	if (g == NULL)
		return;
	c->filling = NULL;
	c->open++;
	create_start(g);
}

void create_start(struct group *g)
{
	g->next = group_finish;
	if (hubspot_trouble(g->context.api)->status != 0)
		group_end_open(g, ROW_BROKEN, slice_of(hubspot_trouble(g->context.api)->message));
	else if (group_enter_works(g))
		group_enter_effects(g);
	group_perform(g);
}

static bool holds(const struct group *g, const char *key)
{
	for (size_t i = 0; g != NULL && i < g->count; i++)
		if (strcmp(g->items[i].effect.key, key) == 0)
			return true;
	return false;
}

static void add(struct create *c, const struct task *task, uint64_t ticket)
{
	struct effect e = { .name = "create", .object = OBJECT_TASKS, .is_create = true };
	char serial[48];
	struct buf input;
	load(c);
	/* Without a key of the user's no two are the same; but a lost answer can still be looked for. */
	snprintf(serial, sizeof serial, "%s.%llu", c->run, (unsigned long long)c->serial++);
	effect_make_key(&e, c->portal.id, slice_of("create"), c->key != NULL ? task->key : slice_of(serial));
	/* The second of a key goes with the next group, where it is known that it exists. */
	if (holds(c->filling, e.key))
		send(c);
	if (c->filling == NULL) {
		c->filling = group_new(&(struct perform_context){ c->tool.api, &c->portal, c->tool.journal }, "create", on_done, c);
		c->filling->now = slice_of(c->now);
		c->oldest_us = clock_steady_us();
	}
	struct group *g = c->filling;
	struct group_item *item = group_add(g, ticket);
	buf_init(&input, MAX_INPUT_BYTES);
	put_task(c, task, &e, &input);
	e.input = arena_copy(&g->arena, buf_slice(&input));
	e.contact = item->contact = arena_copy(&g->arena, task->contact);
	e.company = item->company = arena_copy(&g->arena, task->company);
	item->effect = e;
	item->has_effect = true;
	if (g->count == BATCH_ROWS)
		send(c);
	buf_release(&input);
}

/* -- records -- */

static struct slice id_at(struct create *c, const struct record *r, const char *member)
{
	struct value v;
	return record_path(r, &v, member, "id", NULL) ? value_text(v, &c->scratch) : (struct slice){ "", 0 };
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

static void take(struct create *c, struct record *r)
{
	bool has_error = record_has_error(r, NULL);
	bool acts = !has_error && !stream_is_passing(c->stream) && (c->if_expr == NULL || expr_test(c->if_expr, record_root(r).raw, NULL));
	uint64_t ticket = window_add(c->window, must(record_copy(r)));
	struct record *copy = window_record(c->window, ticket);
	struct slice reason;
	c->read++;
	if (!acts) {
		if (has_error || c->passes_all)
			window_finish(c->window, ticket);
		else
			window_drop(c->window, ticket);
		return;
	}
	arena_reset(&c->scratch);
	struct task task = { .contact = id_at(c, copy, "contact"), .company = id_at(c, copy, "company") };
	if (!fill_task(c, record_root(copy).raw, &task, &reason)) {
		c->failed++;
		record_put_error(copy, "hs-tasks", "workflow_failed", false, "%.*s", (int)reason.len, reason.ptr);
		window_finish(c->window, ticket);
		return;
	}
	add(c, &task, ticket);
}

static void run(struct create *c)
{
	bool has_ended = false;
	while (!has_ended || c->filling != NULL || c->open > 0) {
		struct record *r;
		enum stream_state state = STREAM_WAIT;
		if (cli_stopping() && hubspot_trouble(c->tool.api)->status == 0) {
			hubspot_interrupt(c->tool.api);
			stream_stop(c->stream);
		}
		while (!has_ended && window_has_room(c->window) && (state = stream_try_next(c->stream, &r)) == STREAM_RECORD)
			take(c, r);
		has_ended = has_ended || state == STREAM_END;
		bool is_full = !window_has_room(c->window);
		int64_t left_ms = c->oldest_us / 1000 + hubspot_linger_ms(c->tool.api, LINGER_MS) - clock_steady_us() / 1000;
		if (c->filling != NULL && (has_ended || is_full || left_ms <= 0))
			send(c);
		if (has_ended && c->open == 0)
			break;
		hubspot_step(c->tool.api, c->filling == NULL || left_ms > STEP_MS ? STEP_MS : (int)(left_ms < 1 ? 1 : left_ms),
			has_ended || is_full ? -1 : stream_fd(c->stream));
	}
}

/* -- one task from flags -- */

static void make_single(struct create *c)
{
	struct slice reason;
	struct buf record;
	struct task task = { .contact = slice_of(c->contact == NULL ? "" : c->contact), .company = slice_of(c->company == NULL ? "" : c->company) };
	buf_init(&record, MAX_INPUT_BYTES);
	buf_puts(&record, "{\"contact\":{\"id\":");
	json_quote(&record, task.contact);
	buf_puts(&record, "}}");
	if (!fill_task(c, buf_slice(&record), &task, &reason))
		cli_die(EXIT_USAGE_ERROR, "%.*s", (int)reason.len, reason.ptr);
	add(c, &task, 0);
	send(c);
	hubspot_drain(c->tool.api);
	buf_release(&record);
}

static struct program *take_template(struct create *c, const char *option, const char *text, bool is_html)
{
	char error[WORKFLOW_ERROR_BYTES];
	if (text == NULL)
		return NULL;
	struct program *template = program_new_template(&c->tool.workflow, text, is_html, error);
	if (template == NULL)
		cli_usage("%s: %s", option, error);
	return template;
}

int run_create(int argc, char **argv)
{
	struct create c = { .priority = "MEDIUM", .task_type = "TODO", .owner = "queue" };
	struct tool_options options = { 0 };
	const char *subject = NULL, *body = NULL, *due = "today", *key_text = NULL, *value;
	int64_t now_ms, due_ms;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_SUBJECT: subject = value; break;
		case OPTION_BODY: body = value; break;
		case OPTION_DUE: due = value; break;
		case OPTION_PRIORITY: c.priority = value; break;
		case OPTION_OWNER: c.owner = value; break;
		case OPTION_TASK_TYPE: c.task_type = value; break;
		case OPTION_CONTACT: c.contact = value; break;
		case OPTION_COMPANY: c.company = value; break;
		case OPTION_KEY: key_text = value; break;
		case OPTION_PASS: c.passes_all = true; break;
		default: tool_option(&options, key, value);
		}
	}
	c.is_single = c.contact != NULL || c.company != NULL;
	if (subject == NULL)
		cli_usage("--subject is missing");
	if (c.is_single)
		no_operands();
	tool_now(c.now, &now_ms);
	if (!due_parse(slice_of(due), now_ms, &due_ms))
		cli_usage("--due wants today, tomorrow, \"in 3 days\" or a time, not \"%s\"", due);
	clock_format(due_ms, c.due);
	c.if_expr = filter_expr("--if", cli_shared()->if_expr);
	tool_open(&c.tool, "create", &options, TOOL_WRITES | (cli_shared()->dry_run ? TOOL_OFFLINE : 0));
	if (workflow_owner_named(&c.tool.workflow, slice_of(c.owner)) == NULL)
		cli_usage("--owner: %s has no owner \"%s\"", c.tool.workflow.path, c.owner);
	arena_init(&c.scratch, MAX_ARENA_BYTES);
	c.subject = take_template(&c, "--subject", subject, false);
	c.body = take_template(&c, "--body", body, true);
	c.key = take_template(&c, "--key", key_text, false);
	c.stream = c.is_single ? tool_source() : tool_sink();
	c.window = must(window_new(c.stream));
	if (c.is_single)
		make_single(&c);
	else
		run(&c);
	hubspot_drain(c.tool.api);
	window_free(c.window);
	tool_summary(&c.tool, c.made, "tasks made");
	int status = tool_status(&c.tool, stream_close(c.stream));
	program_free(c.subject);
	program_free(c.body);
	program_free(c.key);
	expr_free(c.if_expr);
	arena_release(&c.scratch);
	ended_release(&c.ended);
	tool_close(&c.tool);
	return status;
}
