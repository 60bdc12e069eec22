/* hs-tasks upsert: writes what the workflow file maps under "upsert" to contacts, found by their e-mail address; those that are not there are made.
 *
 * What has a value stays, unless the mapping or --overwrite says otherwise: good data is not overwritten by a list. */
#include <stdio.h>
#include <stdlib.h>

#include "ended.h"
#include "group.h"
#include "ledger.h"
#include "program.h"
#include "record/write.h"
#include "verbs.h"

enum { LINGER_MS = 2000, STEP_MS = 1000, MAX_INPUT_BYTES = 4 << 20, MAX_ARENA_BYTES = 8 << 20 };
enum { OPTION_PASS = OPTION_OWN, OPTION_LINGER, OPTION_OVERWRITE };

const struct cli_option upsert_options[] = {
	{ OPTION_OVERWRITE, "overwrite", NULL, "replace values that are there" },
	{ OPTION_PASS, "pass", NULL, "print every record, not only those that could not be handled" },
	{ OPTION_LINGER, "linger", "TIME", "the longest a record waits for its batch to fill (default 2s)" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct upsert {
	struct tool tool;
	struct portal portal;
	struct program *program;
	struct stream *stream;
	struct window *window;
	struct expr *if_expr;
	struct group *filling;
	struct ended ended;
	struct arena scratch;
	char now[CLOCK_TEXT_BYTES];
	int64_t oldest_us, linger_ms;
	bool passes_all, overwrites, is_loaded;
	size_t open, read, written, failed;
};

/* -- a group: read by e-mail, then update what is there and make what is not -- */

static const struct json *parse(struct group *g, struct slice text)
{
	struct json_error error;
	return json_parse(&g->arena, text, &error);
}

static void copy_input(struct group *g, struct group_item *item, bool with_email)
{
	const struct json *body = parse(g, item->body), *properties = json_get(body, "properties"), *fill = json_get(body, "fill");
	struct buf input;
	struct jsonw w;
	buf_init(&input, MAX_INPUT_BYTES);
	jsonw_init(&w, &input);
	jsonw_object(&w);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	for (const struct json *value = properties == NULL ? NULL : properties->child; value != NULL; value = value->next) {
		if (slice_is(value->name, "email"))
			continue;
		jsonw_name_slice(&w, value->name);
		jsonw_raw(&w, value->raw);
	}
	if (with_email)
		jsonw_put_string(&w, "email", item->email);
	jsonw_object_end(&w);
	if (fill != NULL)
		jsonw_put_raw(&w, "fill", fill->raw);
	jsonw_object_end(&w);
	item->effect.input = arena_copy(&g->arena, buf_slice(&input));
	buf_release(&input);
}

static void make_effect(struct group *g, struct group_item *item, struct slice id)
{
	item->effect = (struct effect){ .name = id.len > 0 ? "contact" : "create", .object = OBJECT_CONTACTS };
	item->effect.is_create = item->effect.is_repeatable = id.len == 0;
	item->effect.object_id = arena_copy(&g->arena, id);
	/* Of the work too: the same address may come again another day, with other values. */
	char work[24];
	snprintf(work, sizeof work, "%lld", (long long)item->work);
	effect_make_key(&item->effect, g->context.portal->id, item->email, slice_of(work));
	copy_input(g, item, id.len == 0);
	item->has_effect = true;
}

static void write_all(struct group *g)
{
	group_enter_effects(g);
	group_perform(g);
}

static void on_found(struct batch *batch, void *arg)
{
	struct group *g = arg;
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		for (size_t k = 0; k < g->count; k++) {
			struct group_item *item = &g->items[k];
			if (item->outcome != ROW_OPEN || !slice_equal(item->email, row->key))
				continue;
			if (row->outcome == ROW_OK || row->outcome == ROW_MISSING) {
				make_effect(g, item, row->outcome == ROW_OK ? json_string(row->result, "id", "") : (struct slice){ "", 0 });
			} else {
				item->outcome = row->outcome;
				item->message = arena_copy(&g->arena, row->message);
			}
		}
	}
	write_all(g);
}

static void find(struct group *g)
{
	struct batch *batch = batch_new(g->context.api, OBJECT_CONTACTS, BATCH_READ);
	batch->properties = slice_of("[\"email\"]");
	batch->id_property = "email";
	for (size_t i = 0; i < g->count; i++)
		if (g->items[i].outcome == ROW_OPEN) {
			bool is_new = true;
			for (size_t k = 0; k < i && is_new; k++)
				is_new = g->items[k].outcome != ROW_OPEN || !slice_equal(g->items[k].email, g->items[i].email);
			if (is_new)
				batch_add(batch, g->items[i].email, (struct slice){ "", 0 }, NULL);
		}
	batch_send(batch, on_found, g);
}

/* Somebody made the contact between our reading and our writing, or an earlier record of this very group did: now it is there, and is updated. */
static void try_conflicts_again(struct group *g)
{
	bool any = false;
	g->next = group_finish;
	for (size_t i = 0; i < g->count; i++) {
		struct group_item *item = &g->items[i];
		if (item->outcome == ROW_CONFLICT && item->effect.is_create) {
			item->outcome = ROW_OPEN;
			item->has_effect = false;
			any = true;
		}
	}
	if (any)
		find(g);
	else
		group_finish(g);
}

void upsert_start(struct group *g)
{
	g->next = try_conflicts_again;
	if (hubspot_trouble(g->context.api)->status != 0)
		group_end_open(g, ROW_BROKEN, slice_of(hubspot_trouble(g->context.api)->message));
	if (!group_enter_works(g) || hubspot_trouble(g->context.api)->status != 0) {
		group_perform(g);
	} else if (g->context.journal == NULL) { /* a dry run cannot know who is there */
		for (size_t i = 0; i < g->count; i++)
			make_effect(g, &g->items[i], (struct slice){ "", 0 });
		group_perform(g);
	} else {
		find(g);
	}
}

/* -- records -- */

static void on_done(struct group *g, void *arg)
{
	struct upsert *u = arg;
	u->open--;
	for (size_t i = 0; i < g->count; i++) {
		const struct group_item *item = &g->items[i];
		const char *code;
		bool is_retryable, for_good;
		if (!group_failed(g, item, &code, &is_retryable, &for_good)) {
			u->written++;
			if (u->passes_all && !hubspot_is_dry_run(u->tool.api))
				window_finish(u->window, item->ticket);
			else
				window_drop(u->window, item->ticket);
			continue;
		}
		u->failed++;
		if (for_good && item->work != 0)
			ended_add(&u->ended, item->work);
		record_put_error(
			window_record(u->window, item->ticket), "hs-tasks", code, is_retryable, "%.*s", (int)item->message.len, item->message.ptr);
		window_finish(u->window, item->ticket);
	}
	ended_flush(&u->ended, &u->tool, u->stream, u->window);
}

static void load(struct upsert *u)
{
	if (u->is_loaded)
		return;
	u->is_loaded = true;
	if (hubspot_is_dry_run(u->tool.api))
		portal_assume(&u->portal, &u->tool.workflow);
	else if (portal_load(&u->portal, u->tool.api, &u->tool.workflow, PORTAL_SETTINGS | PORTAL_ACCOUNT | PORTAL_OWNERS))
		ledger_open(&u->tool, &u->portal);
}

static void send(struct upsert *u)
{
	struct group *g = u->filling;
	if (g == NULL)
		return;
	u->filling = NULL;
	u->open++;
	upsert_start(g);
}

/* {"email","properties":{…},"fill":[…]}: what finishes it after a crash. */
static void put_work(struct upsert *u, struct slice email, const struct json *values, struct buf *out)
{
	const struct json *mapping = json_get(u->tool.workflow.upsert.json, "contact");
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_string(&w, "email", email);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	for (const struct json *value = values == NULL ? NULL : values->child; value != NULL; value = value->next) {
		bool is_empty = value->type == JSON_NULL || (value->type == JSON_STRING && value->string.len == 0);
		if (is_empty || slice_is(value->name, "email"))
			continue;
		jsonw_name_slice(&w, value->name);
		jsonw_string(&w, value->type == JSON_STRING ? value->string : value->raw);
	}
	jsonw_object_end(&w);
	jsonw_name(&w, "fill");
	jsonw_array(&w);
	for (const struct json *item = mapping == NULL || u->overwrites ? NULL : mapping->child; item != NULL; item = item->next)
		if (!slice_is(item->name, "comment") && !slice_is(json_string(item, "write", "fill"), "overwrite"))
			jsonw_string(&w, item->name);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

/* HubSpot keeps addresses in lower case, and answers so. */
static struct slice lower(struct arena *arena, struct slice text)
{
	char *copy = must(arena_strdup(arena, text));
	for (size_t i = 0; i < text.len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	return (struct slice){ copy, text.len };
}

static void refuse(struct upsert *u, uint64_t ticket, const char *code, struct slice reason)
{
	u->failed++;
	record_put_error(window_record(u->window, ticket), "hs-tasks", code, false, "%.*s", (int)reason.len, reason.ptr);
	window_finish(u->window, ticket);
}

static void add(struct upsert *u, uint64_t ticket)
{
	struct record *r = window_record(u->window, ticket);
	struct buf out;
	struct json_error error;
	struct value v;
	arena_reset(&u->scratch);
	load(u);
	buf_init(&out, MAX_INPUT_BYTES);
	if (!program_run(u->program, &u->tool.workflow.upsert, u->now, record_root(r).raw, &out)) {
		refuse(u, ticket, "workflow_failed", buf_slice(&out));
		buf_release(&out);
		return;
	}
	struct slice plan = arena_copy(&u->scratch, buf_slice(&out));
	const struct json *values = json_get(json_parse(&u->scratch, plan, &error), "contact");
	struct slice email = slice_trim(json_text(json_get(values, "email")));
	if (email.len == 0 && record_field(r, RECORD_AS_CONTACT, "contact.email", &v))
		email = slice_trim(value_text(v, &u->scratch));
	if (email.len == 0) {
		refuse(u, ticket, "no_email", slice_of("the record has no e-mail address to find its contact by"));
		buf_release(&out);
		return;
	}
	if (u->filling == NULL) {
		u->filling = group_new(&(struct perform_context){ u->tool.api, &u->portal, u->tool.journal }, "upsert", on_done, u);
		u->filling->now = slice_of(u->now);
		u->oldest_us = clock_steady_us();
	}
	struct group *g = u->filling;
	struct group_item *item = group_add(g, ticket);
	item->email = lower(&g->arena, email);
	buf_reset(&out);
	put_work(u, item->email, values, &out);
	item->body = arena_copy(&g->arena, buf_slice(&out));
	buf_release(&out);
	if (g->arena.failed)
		must(NULL);
	if (g->count == BATCH_ROWS)
		send(u);
}

static void take(struct upsert *u, struct record *r)
{
	bool has_error = record_has_error(r, NULL);
	bool acts = !has_error && !stream_is_passing(u->stream) && (u->if_expr == NULL || expr_test(u->if_expr, record_root(r).raw, NULL));
	uint64_t ticket = window_add(u->window, must(record_copy(r)));
	u->read++;
	if (acts)
		add(u, ticket);
	else if (has_error || u->passes_all)
		window_finish(u->window, ticket);
	else
		window_drop(u->window, ticket);
}

static void run(struct upsert *u)
{
	bool has_ended = false;
	while (!has_ended || u->filling != NULL || u->open > 0) {
		struct record *r;
		enum stream_state state = STREAM_WAIT;
		if (cli_stopping() && hubspot_trouble(u->tool.api)->status == 0) {
			hubspot_interrupt(u->tool.api);
			stream_stop(u->stream);
		}
		/* One group at a time: the next may speak of the same contacts. */
		while (!has_ended && u->open == 0 && window_has_room(u->window) && (state = stream_try_next(u->stream, &r)) == STREAM_RECORD)
			take(u, r);
		has_ended = has_ended || state == STREAM_END;
		bool is_full = !window_has_room(u->window) || u->open > 0;
		int64_t left_ms = u->oldest_us / 1000 + u->linger_ms - clock_steady_us() / 1000;
		if (u->filling != NULL && u->open == 0 && (has_ended || is_full || left_ms <= 0))
			send(u);
		if (has_ended && u->open == 0 && u->filling == NULL)
			break;
		int wait_ms = u->filling == NULL || left_ms > STEP_MS ? STEP_MS : (int)(left_ms < 1 ? 1 : left_ms);
		hubspot_step(u->tool.api, wait_ms, has_ended || is_full ? -1 : stream_fd(u->stream));
	}
	ended_flush(&u->ended, &u->tool, u->stream, u->window);
}

int run_upsert(int argc, char **argv)
{
	struct upsert u = { .linger_ms = LINGER_MS };
	struct tool_options options = { 0 };
	char error[WORKFLOW_ERROR_BYTES];
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_PASS: u.passes_all = true; break;
		case OPTION_OVERWRITE: u.overwrites = true; break;
		case OPTION_LINGER: u.linger_ms = cli_span_ms("--linger", value); break;
		default: tool_option(&options, key, value);
		}
	}
	u.if_expr = filter_expr("--if", cli_shared()->if_expr);
	tool_open(&u.tool, "upsert", &options, TOOL_WRITES | (cli_shared()->dry_run ? TOOL_OFFLINE : 0));
	if (u.tool.workflow.upsert.json == NULL)
		cli_usage("%s has no \"upsert\": it does not say what to write", u.tool.workflow.path);
	u.program = program_new(&u.tool.workflow, error);
	if (u.program == NULL)
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	u.linger_ms = hubspot_linger_ms(u.tool.api, u.linger_ms);
	arena_init(&u.scratch, MAX_ARENA_BYTES);
	u.stream = tool_sink();
	u.window = must(window_new(u.stream));
	tool_now(u.now, NULL);
	run(&u);
	hubspot_drain(u.tool.api);
	window_free(u.window);
	tool_summary(&u.tool, u.read, "records");
	int status = tool_status(&u.tool, stream_close(u.stream));
	program_free(u.program);
	expr_free(u.if_expr);
	arena_release(&u.scratch);
	ended_release(&u.ended);
	tool_close(&u.tool);
	return status;
}
