/* hs-tasks check: is all ready? One line for each thing, ok or what to do about it. Changes nothing. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/escape.h"
#include "record/write.h"
#include "verbs.h"

enum { MAX_LINE_BYTES = 16 << 10, MAX_ARENA_BYTES = 256 << 20 };

enum { OPTION_JSON = OPTION_OWN };

const struct cli_option check_options[] = { { OPTION_JSON, "json", NULL, "an object a line" }, TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

/* In the order in which a remedy helps the next. What stands beside the portal needs no network. */
static const struct {
	void (*run)(struct check *c);
	bool asks_portal;
} parts[] = {
	{ check_workflow, false },
	{ check_state, false },
	{ check_account, false },
	{ check_scopes, true },
	{ check_limits, true },
	{ check_settings, true },
	{ check_properties, true },
	{ check_owners, true },
	{ check_journal, false },
};

/* -- lines -- */

static void put_line(struct check *c, bool ok, const char *what, const char *message, const char *remedy)
{
	struct buf line;
	buf_init(&line, MAX_LINE_BYTES);
	if (c->is_json) {
		struct jsonw w;
		jsonw_init(&w, &line);
		jsonw_object(&w);
		jsonw_put_bool(&w, "ok", ok);
		jsonw_put_text(&w, "check", what);
		jsonw_put_text(&w, "message", message);
		if (*remedy != '\0')
			jsonw_put_text(&w, "remedy", remedy);
		jsonw_object_end(&w);
	} else {
		buf_printf(&line, "%-5s %-12s ", ok ? "ok" : "FAIL", what);
		escape_terminal(&line, slice_of(message));
		buf_puts(&line, *remedy == '\0' ? "" : ": ");
		escape_terminal(&line, slice_of(remedy));
	}
	buf_putc(&line, '\n');
	cli_print(buf_slice(&line));
	buf_release(&line);
	c->has_failed = c->has_failed || !ok;
}

void check_pass(struct check *c, const char *what, const char *format, ...)
{
	char message[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	put_line(c, true, what, message, "");
}

void check_fail(struct check *c, const char *what, const char *remedy, const char *format, ...)
{
	char message[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	put_line(c, false, what, message, remedy);
}

/* -- calls -- */

static void keep_header(const struct hubspot_answer *answer, const char *name, char *place, size_t size)
{
	struct slice value;
	if (answer->response != NULL && http_header(answer->response, name, &value))
		snprintf(place, size, "%.*s", (int)value.len, value.ptr);
}

static void on_answer(const struct hubspot_answer *answer, void *arg)
{
	struct check *c = arg;
	c->answer = *answer;
	c->answer.body = NULL;
	c->answer.response = NULL;
	c->body = answer->body == NULL ? slice_of("null") : arena_copy(&c->arena, answer->body->raw);
	keep_header(answer, "X-HubSpot-RateLimit-Max", c->max, sizeof c->max);
	keep_header(answer, "X-HubSpot-RateLimit-Daily-Remaining", c->daily_left, sizeof c->daily_left);
}

const struct json *check_ask(struct check *c, enum hubspot_family family, const char *rest, const char *body)
{
	struct buf path;
	struct json_error error;
	buf_init(&path, 4096);
	hubspot_path(c->tool.api, family, rest, &path);
	hubspot_call(c->tool.api,
		&(struct hubspot_call){
			.method = body == NULL ? "GET" : "POST",
			.path = buf_text(&path),
			.body = slice_of(body),
			.kind = CALL_READ,
			.op = "crm.check",
			.count = 1,
			.done = on_answer,
			.arg = c,
		});
	hubspot_drain(c->tool.api);
	buf_release(&path);
	return c->answer.outcome == HUBSPOT_OK ? json_parse(&c->arena, c->body, &error) : NULL;
}

int run_check(int argc, char **argv)
{
	struct check c = { .has_failed = false };
	struct tool_options options = { 0 };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		if (key == OPTION_JSON)
			c.is_json = true;
		else
			tool_option(&options, key, value);
	no_operands();
	c.options = &options;
	tool_open(&c.tool, "check", &options, TOOL_CHECKS);
	arena_init(&c.arena, MAX_ARENA_BYTES);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if (!parts[i].asks_portal || (c.is_connected && hubspot_trouble(c.tool.api)->status == 0))
			parts[i].run(&c);
	const struct hubspot_trouble *trouble = hubspot_trouble(c.tool.api);
	int status = trouble->status >= EXIT_SERVICE_DOWN ? trouble->status : c.has_failed ? EXIT_SOME_FAILED : EXIT_OK;
	arena_release(&c.arena);
	tool_close(&c.tool);
	return status;
}
