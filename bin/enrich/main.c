/* enrich - what can be known about a lead from its record and from its company's website.
 *
 * A filter without a CRM token: it changes nothing, it adds the member `enrichment`, in which every value says where it came from. A website that cannot be
 * read is not an error of the record: half the leads of any CRM name a site that is gone, and the rest of what is known about them is still worth having.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/config.h"
#include "net/program.h"
#include "record/expr.h"
#include "record/filter.h"
#include "trace/program.h"

#include "flow.h"
#include "schema.h"

enum {
	MAX_LINE_LIMIT_BYTES = 64 << 20,
	SIGNALS_MAX_BYTES = 4 << 20,
	REASON_BYTES = 512,
	TOKEN_BYTES = 64,
	MAX_IN_FLIGHT = 1000,
	MAX_PAGES = 16,
	DEFAULT_PAGES = 3,
	DEFAULT_TIMEOUT_MS = 10000,
	DEFAULT_PAUSE_MS = 200,
	MAX_SPAN_MS = 600000,
	DEFAULT_AGE_MS = 6 * MS_PER_HOUR,
};
/* Without an address: whose robot this is, only its operator can say. */
static const char default_agent[] = "leadpipe/" LEADPIPE_VERSION;
static const char default_token[] = "leadpipe";

enum {
	OPT_AS = CLI_LONG,
	OPT_ALLOW_PRIVATE,
	OPT_HTML,
	OPT_MAX_AGE,
	OPT_MAX_LINE,
	OPT_NO_CACHE,
	OPT_NO_FETCH,
	OPT_PAGES,
	OPT_PAUSE,
	OPT_RECORD,
	OPT_REPLAY,
	OPT_TIMEOUT,
	OPT_URL,
	OPT_USER_AGENT
};

struct options {
	enum record_as as;
	bool allow_private, no_cache, no_fetch;
	const char *html, *record, *replay, *url, *user_agent;
	unsigned in_flight, pages;
	int64_t max_age_ms, pause_ms, timeout_ms;
	size_t max_line_bytes;
};

static int64_t take_span(const char *option, const char *value, int64_t min_ms)
{
	int64_t ms = cli_span_ms(option, value);
	if (ms < min_ms || ms > MAX_SPAN_MS)
		cli_usage("%s: %s is out of range", option, value);
	return ms;
}

static struct options parse_options(int argc, char **argv)
{
	struct options opt = { .in_flight = HTTP_IN_FLIGHT,
		.pages = DEFAULT_PAGES,
		.pause_ms = DEFAULT_PAUSE_MS,
		.timeout_ms = DEFAULT_TIMEOUT_MS,
		.max_age_ms = DEFAULT_AGE_MS,
		.max_line_bytes = STREAM_MAX_LINE_BYTES };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case 'j': opt.in_flight = (unsigned)cli_int("-j", value, 1, MAX_IN_FLIGHT); break;
		case OPT_ALLOW_PRIVATE: opt.allow_private = true; break;
		case OPT_AS: opt.as = filter_as(value); break;
		case OPT_HTML: opt.html = value; break;
		case OPT_MAX_AGE: opt.max_age_ms = cli_span_ms("--max-age", value); break;
		case OPT_MAX_LINE: opt.max_line_bytes = (size_t)cli_int("--max-line", value, 2, MAX_LINE_LIMIT_BYTES); break;
		case OPT_NO_CACHE: opt.no_cache = true; break;
		case OPT_NO_FETCH: opt.no_fetch = true; break;
		case OPT_PAGES: opt.pages = (unsigned)cli_int("--pages", value, 1, MAX_PAGES); break;
		case OPT_PAUSE: opt.pause_ms = take_span("--pause", value, 0); break;
		case OPT_RECORD: opt.record = value; break;
		case OPT_REPLAY: opt.replay = value; break;
		case OPT_TIMEOUT: opt.timeout_ms = take_span("--timeout", value, 1); break;
		case OPT_URL: opt.url = value; break;
		case OPT_USER_AGENT: opt.user_agent = value; break;
		}
	if (opt.url != NULL && opt.html == NULL)
		cli_usage("--url goes with --html");
	if (opt.html != NULL && opt.no_fetch)
		cli_usage("--html and --no-fetch exclude each other");
	return opt;
}

/* -- files -- */

static void read_share(const char *name, struct buf *path, struct buf *text)
{
	char error[CONFIG_ERROR_BYTES];
	buf_reset(path);
	if (!config_share_file(name, path))
		cli_die(EXIT_USAGE_ERROR, "%s is not installed", name);
	if (!config_read_file(buf_text(path), SIGNALS_MAX_BYTES, text, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
}

static struct signals *load_signals(void)
{
	char reason[REASON_BYTES];
	struct buf path, text;
	buf_init(&path, 4096);
	buf_init(&text, SIGNALS_MAX_BYTES + 1);
	read_share("signals/technologies.json", &path, &text);
	struct signals *signals = signals_new(buf_slice(&text), reason, sizeof reason);
	if (signals == NULL)
		cli_die(EXIT_USAGE_ERROR, "%s: %s", buf_text(&path), reason);
	buf_release(&text);
	buf_release(&path);
	return signals;
}

static void load_free_mail(struct names *list)
{
	struct buf path, text;
	buf_init(&path, 4096);
	buf_init(&text, SIGNALS_MAX_BYTES + 1);
	read_share("signals/free-mail.txt", &path, &text);
	if (!names_read(list, buf_slice(&text)))
		cli_die(EXIT_TRY_LATER, "out of memory");
	buf_release(&text);
	buf_release(&path);
}

static void load_page(const char *file, struct buf *text)
{
	char error[CONFIG_ERROR_BYTES];
	if (!config_read_file(file, PAGE_MAX_BYTES, text, error))
		cli_die(EXIT_USAGE_ERROR, "--html: %s", error);
}

/* -- who we say we are -- */

static const char *find_agent(const struct options *opt, struct config *config)
{
	const char *agent = opt->user_agent != NULL ? opt->user_agent : config_text(config, "LEADPIPE_USER_AGENT", "enrich.user_agent");
	if (agent == NULL)
		return default_agent;
	for (const char *c = agent; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			cli_die(EXIT_USAGE_ERROR, "user agent: only printable ASCII");
	return agent;
}

/* The product token (RFC 9309 section 2.2.1: letters, "_" and "-") by which robots.txt would name this agent. */
static void read_token(const char *agent, char token[TOKEN_BYTES])
{
	size_t len = 0;
	while (len + 1 < TOKEN_BYTES && agent[len] != '\0' && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", agent[len]) != NULL) {
		token[len] = agent[len];
		len++;
	}
	token[len] = '\0';
	if (len == 0)
		memcpy(token, default_token, sizeof default_token);
}

/* -- running -- */

static int run(int argc, char **argv)
{
	char error[CONFIG_ERROR_BYTES], token[TOKEN_BYTES];
	struct options opt = parse_options(argc, argv);
	struct config config;
	struct names free_mail;
	struct buf page;
	if (!config_load(&config, cli_shared()->config_path, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	const char *agent = find_agent(&opt, &config);
	read_token(agent, token);
	load_free_mail(&free_mail);
	buf_init(&page, PAGE_MAX_BYTES + 1);
	if (opt.html != NULL)
		load_page(opt.html, &page);
	const bool offline = opt.no_fetch || opt.html != NULL;
	struct signals *signals = opt.no_fetch ? NULL : load_signals();
	struct expr *if_expr = filter_expr("--if", cli_shared()->if_expr);
	struct lead_fields *fields = lead_fields_new(opt.as);
	struct trace *trace = trace_begin("enrich");
	struct cassette *cassette = cassette_begin(opt.record, opt.replay);
	if (fields == NULL)
		cli_die(EXIT_TRY_LATER, "out of memory");
	struct stream *s = filter_open((struct stream_options){
		.tool = "enrich", .out_fd = STDOUT_FILENO, .max_line_bytes = opt.max_line_bytes, .if_expr = if_expr, .hand_out_all = !offline });
	const struct flow_options flow = {
		.stream = s,
		.fields = fields,
		.free_mail = &free_mail,
		.signals = signals,
		.clock = cli_shared()->clock,
		.offline = offline,
		.page = opt.html == NULL ? (struct slice){ NULL, 0 } : buf_slice(&page),
		.page_url = opt.url,
		.in_flight = opt.in_flight,
		.max_pages = opt.pages,
		.timeout_ms = opt.timeout_ms,
		.pause_ms = opt.pause_ms,
		.no_cache = opt.no_cache,
		.max_age_ms = opt.max_age_ms,
		.user_agent = agent,
		.token = token,
		.allow_private = opt.allow_private,
		.trace = trace,
		.cassette = cassette,
		.seed = cli_shared()->seed,
	};
	enum flow_end end = flow_run(&flow);
	int status = stream_close(s);
	if (end == FLOW_NO_MEMORY)
		cli_die(EXIT_TRY_LATER, "out of memory");
	lead_fields_free(fields);
	signals_free(signals);
	expr_free(if_expr);
	names_release(&free_mail);
	buf_release(&page);
	config_release(&config);
	status = cassette_end(cassette, status);
	trace_end(trace);
	return status;
}

static const struct cli_option options[] = {
	{ 'j', NULL, "N", "requests in flight at most (default 100)" },
	{ OPT_PAGES, "pages", "N", "pages of one site at most (default 3)" },
	{ OPT_TIMEOUT, "timeout", "TIME", "for one request (default 10s)" },
	{ OPT_PAUSE, "pause", "TIME", "between two pages of one host (default 200ms)" },
	{ OPT_MAX_AGE, "max-age", "TIME", "pages from the cache up to this age (default 6h)" },
	{ OPT_NO_CACHE, "no-cache", NULL, "take nothing from the cache, and keep nothing" },
	{ OPT_RECORD, "record", "DIR", "keep all answers in a cassette, leadpipe(7)" },
	{ OPT_REPLAY, "replay", "DIR", "answers from a cassette, without a network" },
	{ OPT_ALLOW_PRIVATE, "allow-private", NULL, "sites at loopback and private addresses, too" },
	{ OPT_USER_AGENT, "user-agent", "TEXT", "who to be for the sites; robots.txt goes by its first word" },
	{ OPT_NO_FETCH, "no-fetch", NULL, "facts from the record alone" },
	{ OPT_HTML, "html", "FILE", "this page in place of each record's site" },
	{ OPT_URL, "url", "URL", "where the page of --html is from" },
	{ OPT_AS, "as", "KIND", "what a flat record is: contact, company or task" },
	{ OPT_MAX_LINE, "max-line", "BYTES", "longest line taken (default 1048576)" },
	{ 0 },
};

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{
			.kind = CLI_FILTER,
			.synopsis =
				"[-j N] [--pages N] [--timeout TIME] [--pause TIME] [--max-age TIME] [--no-cache] [--record DIR | --replay DIR] [--allow-private] [--user-agent TEXT] "
				"[--no-fetch | --html FILE [--url URL]] [--as KIND] [--max-line BYTES] [FILE...]",
			.summary = "adds what the record and the company's website tell: facts with their sources, technologies, gaps, quality",
			.options = options,
			.examples = "hs-tasks claim --type enrich | enrich | hs-tasks complete\n"
				    "enrich --no-fetch leads.jsonl | jq -c '.enrichment.gaps'\n"
				    "echo '{\"website\":\"acme.com\"}' | enrich | jq .enrichment.technologies\n",
			.schema = enrich_schema,
			.run = run,
		},
		{ 0 },
	};
	return cli_main("enrich", "facts about leads, with their sources", verbs, argc, argv);
}
