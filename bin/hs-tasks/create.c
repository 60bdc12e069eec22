/* hs-tasks create: makes tasks, each with its contact and company associated in the same call. From records, or one task from flags alone. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sha256.h"
#include "batch.h"
#include "lead.h"
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
	struct batch *filling;
	int64_t oldest_us;
	struct arena scratch;
	bool passes_all, is_loaded;
	size_t open, read, made, failed;
	uint64_t serial;
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

static void put_task(const struct create *c, const struct task *task, const char *trace, bool has_key, struct buf *input)
{
	struct slice owner = portal_owner(&c->portal, &c->tool.workflow, slice_of(c->owner));
	struct jsonw w;
	jsonw_init(&w, input);
	jsonw_object(&w);
	jsonw_put_text(&w, "objectWriteTraceId", trace);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	jsonw_put_string(&w, "hs_task_subject", task->subject);
	jsonw_put_text(&w, "hs_timestamp", c->due);
	jsonw_put_text(&w, "hs_task_status", "NOT_STARTED");
	jsonw_put_text(&w, "hs_task_priority", c->priority);
	jsonw_put_text(&w, "hs_task_type", c->task_type);
	if (owner.len > 0)
		jsonw_put_string(&w, "hubspot_owner_id", owner);
	if (task->body.len > 0)
		jsonw_put_string(&w, "hs_task_body", task->body);
	if (has_key)
		jsonw_put_text(&w, "leadpipe_key", trace);
	jsonw_object_end(&w);
	jsonw_name(&w, "associations");
	jsonw_array(&w);
	lead_put_association(&w, task->contact, ASSOCIATE_TASK_CONTACT);
	lead_put_association(&w, task->company, ASSOCIATE_TASK_COMPANY);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

/* -- batches -- */

static void on_created(struct batch *batch, void *arg)
{
	struct create *c = arg;
	c->open--;
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		uint64_t ticket = (uint64_t)(uintptr_t)row->arg;
		const struct hubspot_trouble *trouble = hubspot_trouble(c->tool.api);
		struct record *r = window_record(c->window, ticket);
		if (row->outcome == ROW_OK || (row->outcome == ROW_CONFLICT && batch->is_repeatable)) {
			c->made++;
			if (row->result != NULL)
				record_put(r, "task", row->result->raw);
			if (c->passes_all && !hubspot_is_dry_run(c->tool.api))
				window_finish(c->window, ticket);
			else
				window_drop(c->window, ticket);
			continue;
		}
		c->failed++;
		bool is_broken = row->outcome == ROW_BROKEN, is_down = row->outcome == ROW_FAILED;
		record_put_error(r, "hs-tasks",
			is_broken                             ? trouble->code
				: is_down                     ? "service_down"
				: row->outcome == ROW_UNKNOWN ? "unknown"
							      : "crm_refused",
			is_broken ? trouble->is_retryable : is_down, "%.*s", (int)row->message.len, row->message.ptr);
		window_finish(c->window, ticket);
	}
	stream_flush(c->stream);
}

static void load(struct create *c)
{
	if (c->is_loaded)
		return;
	c->is_loaded = true;
	if (hubspot_is_dry_run(c->tool.api))
		portal_assume(&c->portal, &c->tool.workflow);
	else
		portal_load(&c->portal, c->tool.api, &c->tool.workflow, PORTAL_SETTINGS | PORTAL_ACCOUNT | PORTAL_OWNERS);
}

static void send(struct create *c)
{
	struct batch *batch = c->filling;
	if (batch == NULL)
		return;
	c->filling = NULL;
	c->open++;
	batch->is_repeatable = c->key != NULL && c->portal.has_unique_key[OBJECT_TASKS];
	batch_send(batch, on_created, c);
}

static bool holds(const struct batch *batch, const char *trace)
{
	for (size_t i = 0; batch != NULL && i < batch->count; i++)
		if (slice_is(batch->rows[i].key, trace))
			return true;
	return false;
}

static void add(struct create *c, const struct task *task, uint64_t ticket)
{
	char trace[SHA256_HEX_BYTES];
	struct buf input;
	load(c);
	if (c->key != NULL) {
		const struct slice parts[] = { slice_of(c->portal.id), slice_of("create"), task->key };
		sha256_parts_hex(parts, sizeof parts / sizeof parts[0], trace);
	} else {
		snprintf(trace, sizeof trace, "%llu", (unsigned long long)c->serial++);
	}
	/* The second of a key goes with the next batch, where the portal says that it exists. */
	if (holds(c->filling, trace))
		send(c);
	buf_init(&input, MAX_INPUT_BYTES);
	put_task(c, task, trace, c->key != NULL, &input);
	if (c->filling == NULL) {
		c->filling = batch_new(c->tool.api, OBJECT_TASKS, BATCH_CREATE);
		c->oldest_us = clock_steady_us();
	}
	batch_add(c->filling, slice_of(trace), buf_slice(&input), (void *)(uintptr_t)ticket);
	if (c->filling->count == BATCH_ROWS)
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
		int64_t left_ms = (c->oldest_us + LINGER_MS * 1000 - clock_steady_us()) / 1000;
		if (c->filling != NULL && (has_ended || is_full || left_ms <= 0))
			send(c);
		if (has_ended && c->open == 0)
			break;
		hubspot_step(c->tool.api, c->filling == NULL ? STEP_MS : (int)(left_ms < 1 ? 1 : left_ms),
			has_ended || is_full ? -1 : stream_fd(c->stream));
	}
}

/* -- one task from flags -- */

static void on_single(struct batch *batch, void *arg)
{
	struct create *c = arg;
	const struct batch_row *row = &batch->rows[0];
	struct hubspot_answer answer = { .outcome = HUBSPOT_REFUSED };
	if (row->outcome == ROW_OK || (row->outcome == ROW_CONFLICT && batch->is_repeatable)) {
		c->made++;
		if (row->result != NULL && c->passes_all) {
			struct buf line;
			buf_init(&line, MAX_INPUT_BYTES);
			buf_puts(&line, "{\"task\":");
			put_one_line(&line, row->result->raw);
			buf_putc(&line, '}');
			stream_put_line(c->stream, buf_slice(&line));
			buf_release(&line);
		}
		return;
	}
	if (row->outcome != ROW_REFUSED && row->outcome != ROW_MISSING && row->outcome != ROW_CONFLICT)
		answer.outcome = HUBSPOT_FAILED;
	snprintf(answer.message, sizeof answer.message, "%.*s", (int)row->message.len, row->message.ptr);
	hubspot_give_up(c->tool.api, &answer, "making the task");
}

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
	struct batch *batch = c->filling;
	c->filling = NULL;
	batch->is_repeatable = c->key != NULL && c->portal.has_unique_key[OBJECT_TASKS];
	batch_send(batch, on_single, c);
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
	bool is_single = c.contact != NULL || c.company != NULL;
	if (subject == NULL)
		cli_usage("--subject is missing");
	if (is_single)
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
	c.stream = is_single ? tool_source() : tool_sink();
	c.window = must(window_new(c.stream));
	if (is_single)
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
	tool_close(&c.tool);
	return status;
}
