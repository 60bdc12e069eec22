/* hs-sandbox - HubSpot's API on the loopback address, over SQLite, with web sites for the demo's companies.
 *
 * One thread answers everything, one request after the other: SQLite takes one writer anyway, a batch of a hundred takes a few milliseconds, and what a
 * test sees does not depend on threads. What is to be delayed waits beside the rest and holds nothing up. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "base/config.h"
#include "demo.h"
#include "http.h"
#include "tokens.h"

enum {
	MAX_ANSWER_BYTES = 64 << 20,
	MAX_CALL_BYTES = 256 << 20,
	DEFAULT_RATE = 190,
	DEFAULT_SEARCH_RATE = 5,
	DEFAULT_DAILY = 625000,
	MAX_RATE = 1000000
};
static const int64_t MAX_OFFSET_MS = 3650LL * MS_PER_DAY;

struct options {
	unsigned port;
	const char *db_path, *calls_path;
	const char *token, *token_file, *scopes;
	struct limit_settings limits;
	int64_t lag_ms, date_offset_ms;
	struct latency latency;
	struct faults faults;
	bool demo, no_unique;
	const char *account_type;
};

enum {
	KEY_PORT = CLI_LONG,
	KEY_DB,
	KEY_TOKEN,
	KEY_TOKEN_FILE,
	KEY_SCOPES,
	KEY_RATE,
	KEY_SEARCH_RATE,
	KEY_DAILY,
	KEY_LIMIT_WINDOW,
	KEY_LAG,
	KEY_LATENCY,
	KEY_DATE_OFFSET,
	KEY_NO_UNIQUE,
	KEY_ACCOUNT_TYPE,
	KEY_FAIL,
	KEY_CALLS,
	KEY_DEMO
};

static const struct cli_option option_table[] = {
	{ KEY_PORT, "port", "N", "port on 127.0.0.1; 0, the default, takes a free one" },
	{ KEY_DB, "db", "FILE", "keep the portal in this file (default: in memory)" },
	{ KEY_DEMO, "demo", NULL, "load the demo portal into an empty one" },
	{ KEY_TOKEN, "token", "T", "the only token that is let in (default: any)" },
	{ KEY_TOKEN_FILE, "token-file", "FILE", "the same, read from a file" },
	{ KEY_SCOPES, "scopes", "LIST", "the token's scopes, with commas (default: all)" },
	{ KEY_RATE, "rate", "N", "calls in ten seconds (default 190; 0: no limit)" },
	{ KEY_SEARCH_RATE, "search-rate", "N", "searches a second (default 5; 0: no limit)" },
	{ KEY_DAILY, "daily", "N", "calls a day (default 625000; 0: no limit)" },
	{ KEY_LIMIT_WINDOW, "limit-window", "KIND", "rolling (default) or fixed" },
	{ KEY_LAG, "lag", "TIME", "how long searches are behind the writes (default 0)" },
	{ KEY_LATENCY, "latency", "DIST", "50ms, 50ms..200ms or p50=300ms,p95=800ms,p99=1200ms" },
	{ KEY_FAIL, "fail", "LIST", "500=5%,502=1%,503=1%,429=10%,reset=2%,lost=1%,late=1%:30s,stall=1%" },
	{ KEY_DATE_OFFSET, "date-offset", "TIME", "how far the server's clock is ahead, or -1h behind" },
	{ KEY_ACCOUNT_TYPE, "account-type", "TYPE", "STANDARD, SANDBOX, APP_DEVELOPER or DEVELOPER_TEST (default)" },
	{ KEY_NO_UNIQUE, "no-unique", NULL, "refuse to make properties with hasUniqueValue" },
	{ KEY_CALLS, "calls", "FILE", "append a JSON line for each API call" },
	{ 0, NULL, NULL, NULL },
};

static void read_token(struct options *opt)
{
	static struct buf token;
	char error[CONFIG_ERROR_BYTES];
	buf_init(&token, CONFIG_MAX_FILE_BYTES);
	if (!config_secret(opt->token_file, NULL, NULL, &token, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	opt->token = buf_text(&token);
}

static bool parse_window(const char *kind)
{
	if (strcmp(kind, "fixed") != 0 && strcmp(kind, "rolling") != 0)
		cli_usage("--limit-window wants rolling or fixed, not \"%s\"", kind);
	return strcmp(kind, "fixed") == 0;
}

static int64_t parse_offset(const char *value)
{
	bool is_behind = value[0] == '-';
	int64_t ms = cli_span_ms("--date-offset", value + is_behind);
	if (ms > MAX_OFFSET_MS)
		cli_usage("--date-offset is at most 3650d, not \"%s\"", value);
	return is_behind ? -ms : ms;
}

static struct options parse_options(int argc, char **argv)
{
	struct options opt = { .limits = { .rate = DEFAULT_RATE, .search_rate = DEFAULT_SEARCH_RATE, .daily = DEFAULT_DAILY } };
	const char *value;
	char error[DIST_ERROR_BYTES];
	int count;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case KEY_PORT: opt.port = (unsigned)cli_int("--port", value, 0, 65535); break;
		case KEY_DB: opt.db_path = value; break;
		case KEY_DEMO: opt.demo = true; break;
		case KEY_TOKEN: opt.token = value; break;
		case KEY_TOKEN_FILE: opt.token_file = value; break;
		case KEY_SCOPES: opt.scopes = value; break;
		case KEY_RATE: opt.limits.rate = cli_int("--rate", value, 0, MAX_RATE); break;
		case KEY_SEARCH_RATE: opt.limits.search_rate = cli_int("--search-rate", value, 0, MAX_RATE); break;
		case KEY_DAILY: opt.limits.daily = cli_int("--daily", value, 0, INT32_MAX); break;
		case KEY_LIMIT_WINDOW: opt.limits.is_fixed = parse_window(value); break;
		case KEY_LAG: opt.lag_ms = cli_span_ms("--lag", value); break;
		case KEY_LATENCY:
			if (!latency_parse(&opt.latency, slice_of(value), error))
				cli_usage("--latency %s", error);
			break;
		case KEY_FAIL:
			if (!faults_parse(&opt.faults, slice_of(value), error))
				cli_usage("--fail %s", error);
			break;
		case KEY_DATE_OFFSET: opt.date_offset_ms = parse_offset(value); break;
		case KEY_ACCOUNT_TYPE: opt.account_type = value; break;
		case KEY_NO_UNIQUE: opt.no_unique = true; break;
		case KEY_CALLS: opt.calls_path = value; break;
		default: break;
		}
	cli_operands(&count);
	if (count > 0)
		cli_usage("takes no operands");
	if (cli_shared()->trace_path != NULL)
		cli_usage("writes no spans: --calls FILE records what it is asked");
	if (opt.token != NULL && opt.token_file != NULL)
		cli_usage("--token and --token-file exclude each other");
	if (opt.token_file != NULL)
		read_token(&opt);
	return opt;
}

static void open_api(struct api *api, const struct options *opt)
{
	const struct cli_shared *shared = cli_shared();
	char error[STORE_ERROR_BYTES];
	arena_init(&api->arena, MAX_CALL_BYTES);
	buf_init(&api->out, MAX_ANSWER_BYTES);
	api->token = opt->token;
	api->scopes = opt->scopes;
	api->latency = opt->latency;
	api->faults = opt->faults;
	if (shared->has_seed)
		random_seed(&api->random, shared->seed);
	else
		random_seed_real(&api->random);
	if (!calls_open(&api->calls, opt->calls_path))
		cli_die(EXIT_IO_FAILED, "%s: %s", opt->calls_path, strerror(errno));
	struct limit_settings limits = opt->limits;
	if (limits.is_fixed)
		limits.seam_us = clock_steady_us() + (int64_t)random_below(&api->random, (uint64_t)LIMIT_WINDOW_MS * 1000);
	if (!limits_init(&api->limits, &limits))
		cli_die(EXIT_IO_FAILED, "out of memory");
	if (!portal_open(&api->portal, opt->db_path, &shared->clock, opt->date_offset_ms, error))
		cli_die(EXIT_IO_FAILED, "%s: %s", opt->db_path == NULL ? "memory" : opt->db_path, error);
	if (!tokens_register(&api->portal.store))
		cli_die(EXIT_IO_FAILED, "out of memory");
	api->portal.refuses_unique = opt->no_unique;
	api->portal.account_type = opt->account_type == NULL ? "DEVELOPER_TEST" : opt->account_type;
	api->portal.daily_limit = opt->limits.daily;
}

static int close_api(struct api *api, const struct options *opt)
{
	char error[STORE_ERROR_BYTES];
	int status = EXIT_OK;
	if (!portal_close(&api->portal, error)) {
		cli_warn("closing the database: %s", error);
		status = EXIT_IO_FAILED;
	}
	if (api->calls.error != 0) {
		cli_warn("%s: %s", opt->calls_path, strerror(api->calls.error));
		status = EXIT_IO_FAILED;
	}
	calls_close(&api->calls);
	limits_release(&api->limits);
	buf_release(&api->out);
	arena_release(&api->arena);
	return status;
}

static int run(int argc, char **argv)
{
	static struct api api;
	char ready[64], error[STORE_ERROR_BYTES];
	sigset_t blocked, before;
	bool is_filled = false;
	struct options opt = parse_options(argc, argv);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	cli_catch_stop();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its size limit is an error of the one call */

	struct http *http = http_listen(&api, &opt.port);
	if (http == NULL)
		cli_die(EXIT_SERVICE_DOWN, "127.0.0.1:%u: %s", opt.port, strerror(errno));
	open_api(&api, &opt);
	if (opt.demo && !demo_load(&api.portal, opt.port, &is_filled))
		cli_die(EXIT_IO_FAILED, "loading the demo: %s", api.portal.store.error);
	if (!portal_set_lag(&api.portal, opt.lag_ms, error))
		cli_die(EXIT_IO_FAILED, "%s", error);
	if (is_filled)
		cli_note("%s already holds contacts: the demo is not loaded again", opt.db_path);
	if (!http_start(http))
		cli_die(EXIT_SERVICE_DOWN, "cannot start the server: %s", strerror(errno));
	snprintf(ready, sizeof ready, "hs-sandbox: ready http://127.0.0.1:%u\n", opt.port);
	cli_print(slice_of(ready));
	http_run(http, &before, cli_stopping);
	http_stop(http);
	return close_api(&api, &opt);
}

static const char synopsis[] =
	"[--port N] [--db FILE] [--demo] [--token T | --token-file FILE] [--scopes LIST] [--rate N] [--search-rate N] [--daily N]"
	" [--limit-window KIND] [--lag TIME] [--latency DIST] [--fail LIST] [--date-offset TIME] [--no-unique] [--account-type TYPE] [--calls FILE]";

static const struct cli_verb verbs[] = {
	{ NULL, CLI_REPORT, synopsis, "HubSpot's API on 127.0.0.1 over SQLite, to rehearse a workflow before it touches a portal", option_table,
		"hs-sandbox --demo --port 8800\n"
		"hs-sandbox --db portal.db --token secret --rate 100\n"
		"hs-sandbox --demo --latency p50=300ms,p95=800ms,p99=1200ms --fail 500=2%,reset=1% --seed 7\n"
		"curl -H 'Authorization: Bearer any' http://127.0.0.1:8800/crm/objects/2026-03/contacts\n",
		NULL, run },
	{ 0 },
};

int main(int argc, char **argv)
{
	return cli_main("hs-sandbox", "HubSpot's API on the loopback address", verbs, argc, argv);
}
