#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "due.h"

enum { MAX_TOKEN_BYTES = 4096 };

bool tool_option(struct tool_options *options, int key, const char *value)
{
	switch (key) {
	case OPTION_API_URL: options->api_url = value; return true;
	case OPTION_API: options->api = value; return true;
	case OPTION_TOKEN_FILE: options->token_file = value; return true;
	case OPTION_WORKFLOW: options->workflow = value; return true;
	case OPTION_INTERACTIVE: options->is_interactive = true; return true;
	case OPTION_YES: options->may_write_much = true; return true;
	case OPTION_RECORD: options->record = value; return true;
	case OPTION_REPLAY: options->replay = value; return true;
	default: return false;
	}
}

static const char *setting(struct tool *tool, const char *option, const char *env, const char *name, const char *fallback)
{
	const char *value = option != NULL ? option : config_text(&tool->config, env, name);
	return value != NULL && *value != '\0' ? value : fallback;
}

/* Without a slash at its end, so that paths can follow. */
static void take_api(struct tool *tool, const struct tool_options *options)
{
	tool->api_url = setting(tool, options->api_url, "HUBSPOT_API_URL", "api_url", "https://api.hubapi.com");
	tool->api_version = setting(tool, options->api, "LEADPIPE_API", "api", "2026-03");
	size_t len = strlen(tool->api_url);
	if (len > 0 && tool->api_url[len - 1] == '/') {
		char *cut = must(arena_strdup(&tool->config.arena, (struct slice){ tool->api_url, len - 1 }));
		tool->api_url = cut;
	}
	if (strcmp(tool->api_version, "v3") != 0 && strcmp(tool->api_version, "2026-03") != 0)
		cli_usage("--api is v3 or 2026-03, not \"%s\"", tool->api_version);
	if (strncmp(tool->api_url, "http://", 7) != 0 && strncmp(tool->api_url, "https://", 8) != 0)
		cli_usage("the API's address is a http:// or https:// URL, not \"%s\"", tool->api_url);
	if (strncmp(tool->api_url, "http://", 7) == 0 && !hubspot_is_loopback(tool->api_url))
		cli_die(EXIT_NOT_ALLOWED, "%s: a token goes over https only, except to this machine", tool->api_url);
}

static void take_workflow(struct tool *tool, const struct tool_options *options)
{
	char error[WORKFLOW_ERROR_BYTES];
	const char *name = setting(tool, options->workflow, "LEADPIPE_WORKFLOW", "workflow", NULL);
	buf_init(&tool->workflow_path, 8192);
	if (options->workflow != NULL)
		buf_puts(&tool->workflow_path, options->workflow);
	else if (!config_share_file(name == NULL ? "workflow.json" : name, &tool->workflow_path))
		cli_die(EXIT_USAGE_ERROR, "%s: no such workflow file; --workflow names another", name == NULL ? "workflow.json" : name);
	if (!workflow_load(&tool->workflow, buf_text(&tool->workflow_path), error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
}

static void take_token(struct tool *tool, const struct tool_options *options, unsigned needs)
{
	char error[CONFIG_ERROR_BYTES];
	buf_init(&tool->token, MAX_TOKEN_BYTES);
	config_protect_memory();
	if (config_secret(options->token_file, "hubspot.token", "HUBSPOT_ACCESS_TOKEN", &tool->token, error))
		return;
	buf_reset(&tool->token);
	if ((needs & TOOL_CHECKS) == 0)
		cli_die(EXIT_NOT_ALLOWED, "%s", error);
}

static void show_request(struct slice json, void *arg)
{
	struct buf line;
	(void)arg;
	buf_init(&line, 64 << 20);
	buf_put_slice(&line, json);
	buf_putc(&line, '\n');
	cli_print(buf_slice(&line));
	buf_release(&line);
}

/* One folder for each address and token: the limit is theirs (HubSpot counts by app). */
static void take_limits_folder(struct tool *tool, unsigned needs)
{
	char error[CONFIG_ERROR_BYTES], digest[SHA256_HEX_BYTES];
	const struct slice parts[] = { slice_of(tool->api_url), buf_slice(&tool->token) };
	buf_init(&tool->limits_folder, 8192);
	if ((needs & TOOL_OFFLINE) != 0)
		return;
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], digest);
	bool ok = config_state_dir(&tool->limits_folder, error);
	buf_printf(&tool->limits_folder, "/limits-%.16s", digest);
	if (ok && mkdir(buf_text(&tool->limits_folder), 0700) != 0 && errno != EEXIST) {
		snprintf(error, sizeof error, "%.300s: %s", buf_text(&tool->limits_folder), strerror(errno));
		ok = false;
	}
	if (ok)
		return;
	/* check tells it among the rest. */
	buf_reset(&tool->limits_folder);
	if ((needs & TOOL_CHECKS) == 0)
		cli_die(EXIT_IO_FAILED, "%s", error);
}

void tool_open(struct tool *tool, const char *verb, const struct tool_options *options, unsigned needs)
{
	const struct cli_shared *shared = cli_shared();
	char error[CONFIG_ERROR_BYTES];
	*tool = (struct tool){ .verb = verb, .may_write_much = options->may_write_much, .started_us = clock_steady_us() };
	if (!config_load(&tool->config, shared->config_path, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	take_api(tool, options);
	take_workflow(tool, options);
	tool->trace = trace_begin("hs-tasks");
	tool->cassette = cassette_begin(options->record, options->replay);
	const bool is_replay = tool->cassette != NULL && cassette_is_replay(tool->cassette);
	if ((needs & TOOL_OFFLINE) == 0)
		take_token(tool, options, is_replay ? needs | TOOL_CHECKS : needs);
	take_limits_folder(tool, is_replay ? needs | TOOL_OFFLINE : needs);
	tool->api = hubspot_new(&(struct hubspot_options){
		.limits_folder = tool->limits_folder.len > 0 ? buf_text(&tool->limits_folder) : NULL,
		.is_interactive = options->is_interactive || (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1),
		.base_url = tool->api_url,
		/* As curl(1) has it: for a proxy whose authority is the house's own. */
		.ca_file = setting(tool, NULL, "SSL_CERT_FILE", "ca_file", NULL),
		.version = tool->api_version,
		.token = tool->token.len > 0 ? buf_text(&tool->token) : NULL,
		.trace = tool->trace,
		.cassette = tool->cassette,
		.quiet_retries = shared->verbose == 0,
		.keeps_going = (needs & TOOL_CHECKS) != 0,
		.is_dry_run = shared->dry_run,
		.show = show_request,
		.warn = cli_warn,
	});
	cli_catch_stop();
}

void tool_close(struct tool *tool)
{
	int status = hubspot_trouble(tool->api)->status;
	hubspot_free(tool->api);
	cassette_end(tool->cassette, status);
	journal_close(tool->journal);
	if (tool->token.ptr != NULL)
		explicit_bzero(tool->token.ptr, tool->token.len);
	buf_release(&tool->token);
	buf_release(&tool->workflow_path);
	buf_release(&tool->limits_folder);
	workflow_release(&tool->workflow);
	config_release(&tool->config);
	trace_end(tool->trace);
}

bool tool_state_dir(const struct tool *tool, struct buf *path, char error[CONFIG_ERROR_BYTES])
{
	const char *replayed = tool->cassette == NULL ? NULL : cassette_state_dir(tool->cassette);
	if (replayed == NULL)
		return config_state_dir(path, error);
	buf_puts(path, replayed);
	return true;
}

/* -- streams -- */

struct stream *tool_source(void)
{
	struct stream_options options = { .tool = "hs-tasks", .out_fd = STDOUT_FILENO, .warn = cli_warn };
	return must(stream_open(&options));
}

struct stream *tool_filter(struct expr *if_expr)
{
	return filter_open((struct stream_options){ .tool = "hs-tasks", .out_fd = STDOUT_FILENO, .if_expr = if_expr, .hand_out_all = true });
}

struct stream *tool_sink(void)
{
	return filter_open((struct stream_options){ .tool = "hs-tasks", .out_fd = STDOUT_FILENO, .is_sink = true, .hand_out_all = true });
}

void tool_break_off(const struct tool *tool, struct stream *s)
{
	const struct hubspot_trouble *trouble = hubspot_trouble(tool->api);
	stream_put_broken(s, trouble->code, trouble->is_retryable, trouble->message);
}

int tool_status(const struct tool *tool, int stream_status)
{
	const struct hubspot_trouble *trouble = hubspot_obstacle(tool->api);
	if (trouble->status == 0)
		return stream_status;
	/* With -q cron is told once that HubSpot is down, and once that it is up again (net/http.h), not every minute. */
	if (!trouble->is_known || !cli_shared()->quiet)
		cli_warn("%s: %s", tool->verb, trouble->message);
	return stream_status == EXIT_IO_FAILED ? stream_status : trouble->status;
}

/* -- the rest -- */

void tool_summary(const struct tool *tool, size_t records, const char *what)
{
	struct hubspot_totals totals = hubspot_totals(tool->api);
	double seconds = (double)(clock_steady_us() - tool->started_us) / 1e6;
	cli_note("%s: %zu %s, %zu calls (%zu searches, %zu reads, %zu writes; %zu objects), %.2f calls per record, %.1f s", tool->verb, records, what,
		totals.calls, totals.searches, totals.reads, totals.writes, totals.objects,
		records == 0 ? 0.0 : (double)totals.calls / (double)records, seconds);
}

void tool_now(char text[CLOCK_TEXT_BYTES], int64_t *ms)
{
	int64_t now_ms = clock_now_ms(&cli_shared()->clock);
	clock_format(now_ms, text);
	if (ms != NULL)
		*ms = now_ms;
}

int64_t tool_time(const char *option, const char *value)
{
	int64_t now_ms = clock_now_ms(&cli_shared()->clock), ms;
	if (!due_parse(slice_of(value), now_ms, &ms))
		cli_usage("%s wants a time such as 2026-11-23T09:00:00Z, today or \"in 2 days\", not \"%s\"", option, value);
	return ms;
}

void put_one_line(struct buf *out, struct slice json)
{
	size_t start = out->len;
	buf_put_slice(out, json);
	for (size_t i = start; i < out->len; i++)
		if (out->ptr[i] == '\n' || out->ptr[i] == '\r')
			out->ptr[i] = ' ';
}
