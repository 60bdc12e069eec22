/* qualify - score leads by rules.
 *
 * A pure filter: it reads a rules file and records, and knows no network, no CRM and no database. What a score means, the rules file says; this
 * program only says why a record has it. Every point has a reason, and what could not be known is listed, since a low score for want of data is not the
 * same as a low score.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/config.h"
#include "record/expr.h"
#include "record/filter.h"
#include "trace/program.h"

#include "answer.h"
#include "explain.h"
#include "rules.h"
#include "score.h"

enum {
	ANSWER_MAX_BYTES = 3 << 20,
	PATH_MAX_BYTES = 4096,
	MAX_LINE_LIMIT_BYTES = 4 << 20, /* what the output takes, with an answer */
	PROGRESS_EVERY = 4096, /* records */
};
static const char default_rules[] = "sf-v1";

enum { OPT_RULES = CLI_LONG, OPT_BRIEF, OPT_AS, OPT_MAX_LINE };

struct options {
	const char *rules;
	bool brief;
	enum record_as as;
	size_t max_line_bytes;
};

static struct options parse_options(int argc, char **argv)
{
	struct options opt = { .max_line_bytes = STREAM_MAX_LINE_BYTES };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case OPT_RULES: opt.rules = value; break;
		case OPT_BRIEF: opt.brief = true; break;
		case OPT_AS: opt.as = filter_as(value); break;
		case OPT_MAX_LINE: opt.max_line_bytes = (size_t)cli_int("--max-line", value, 2, MAX_LINE_LIMIT_BYTES); break;
		}
	return opt;
}

/* A word is a preset's name, looked up among the installed rules; anything with a slash or ".json" at its end is a file. */
static void find_rules(const char *wanted, struct buf *path)
{
	if (strchr(wanted, '/') != NULL || slice_ends(slice_of(wanted), ".json")) {
		buf_puts(path, wanted);
		return;
	}
	struct buf name;
	buf_init(&name, PATH_MAX_BYTES);
	buf_printf(&name, "rules/%s.json", wanted);
	if (!config_share_file(buf_text(&name), path))
		cli_die(EXIT_USAGE_ERROR, "no rules named \"%s\"; the presets are sf-v1 and sf-v2, and a file is named with its path or .json",
			wanted);
	buf_release(&name);
}

static void load_rules(const struct options *opt, struct rules *rules)
{
	char error[CONFIG_ERROR_BYTES], reason[RULES_ERROR_BYTES];
	struct config config;
	struct buf path, text;
	if (!config_load(&config, cli_shared()->config_path, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	const char *wanted = opt->rules != NULL ? opt->rules : config_text(&config, "LEADPIPE_QUALIFY_RULES", "qualify.rules");
	buf_init(&path, PATH_MAX_BYTES);
	buf_init(&text, RULES_MAX_BYTES + 1);
	find_rules(wanted != NULL ? wanted : default_rules, &path);
	if (!config_read_file(buf_text(&path), RULES_MAX_BYTES, &text, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	if (!rules_compile(rules, buf_text(&path), buf_slice(&text), opt->as, reason))
		cli_die(EXIT_USAGE_ERROR, "%s", reason);
	buf_release(&text);
	buf_release(&path);
	config_release(&config);
}

/* Someone's task without someone: a score of 0 would be a verdict on a lead that nobody read. */
static bool is_without_contact(const struct record *r, enum record_as as)
{
	static const char *const names[] = { [RECORD_AS_CONTACT] = "contact", [RECORD_AS_COMPANY] = "company", [RECORD_AS_TASK] = "task" };
	struct value root = record_root(r), member;
	bool has_any = false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		bool is_object = record_member(r, root, slice_of(names[i]), &member) && member.type == JSON_OBJECT;
		if (is_object && i == as)
			return false;
		has_any = has_any || is_object;
	}
	return has_any;
}

static void qualify_record(struct scorer *scorer, const struct rules *rules, const struct options *opt, struct record *r, struct buf *answer)
{
	struct verdict verdict;
	char at[CLOCK_TEXT_BYTES];
	if (is_without_contact(r, opt->as)) {
		record_put_error(r, "qualify", "no_contact", false, "the record has nobody to score");
		return;
	}
	if (!scorer_decide(scorer, r, &verdict))
		cli_die(EXIT_TRY_LATER, "out of memory");
	buf_reset(answer);
	if (opt->brief) {
		answer_brief(answer, &verdict);
	} else {
		clock_format(clock_now_ms(&cli_shared()->clock), at);
		answer_full(answer, rules, &verdict, at);
	}
	if (answer->failed)
		cli_die(EXIT_TRY_LATER, "out of memory");
	record_put(r, "qualification", buf_slice(answer));
}

static int run(int argc, char **argv)
{
	struct options opt = parse_options(argc, argv);
	struct rules rules;
	struct buf answer;
	load_rules(&opt, &rules);
	struct expr *if_expr = filter_expr("--if", cli_shared()->if_expr);
	struct trace *trace = trace_begin("qualify");
	struct span span = { .op = "qualify.run", .due_ms = clock_real_ms() };
	int64_t start_us = clock_steady_us();
	struct scorer *scorer = scorer_new(&rules);
	if (scorer == NULL)
		cli_die(EXIT_TRY_LATER, "out of memory");
	buf_init(&answer, ANSWER_MAX_BYTES);
	struct stream *s = filter_open(
		(struct stream_options){ .tool = "qualify", .out_fd = STDOUT_FILENO, .max_line_bytes = opt.max_line_bytes, .if_expr = if_expr });
	for (struct record *r; (r = stream_next(s)) != NULL;) {
		qualify_record(scorer, &rules, &opt, r, &answer);
		stream_put(s, r);
		if (stream_count(s) % PROGRESS_EVERY == 0)
			cli_progress(stream_count(s), 0, 0, NULL);
	}
	cli_progress_end();
	span.count = (int64_t)stream_count(s);
	int status = stream_close(s);
	if (scorer_given_up(scorer) > 0)
		cli_warn("a regular expression gave up on %llu values; they count as no match", (unsigned long long)scorer_given_up(scorer));
	span.ms = (double)(clock_steady_us() - start_us) / MS_PER_SECOND;
	span.is_error = status > EXIT_SOME_FAILED;
	trace_span(trace, &span);
	scorer_free(scorer);
	buf_release(&answer);
	expr_free(if_expr);
	rules_release(&rules);
	trace_end(trace);
	return status;
}

static const char schema[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"qualify: members of a record, lead(5)\",\"type\":\"object\",\n"
	"\"properties\":{\n"
	" \"contact\":{\"type\":\"object\",\"description\":\"read: the fields that the rules name\"},\n"
	" \"enrichment\":{\"type\":\"object\",\"description\":\"read: facts.NAME.value and technologies\"},\n"
	" \"qualification\":{\"type\":\"object\",\"description\":\"written; with --brief only score and tier\",\"required\":[\"score\",\"tier\"],\n"
	"  \"additionalProperties\":false,\"properties\":{\n"
	"  \"at\":{\"type\":\"string\",\"format\":\"date-time\"},\n"
	"  \"score\":{\"type\":\"integer\"},\n"
	"  \"tier\":{\"enum\":[\"HOT\",\"WARM\",\"COLD\",\"DISQUALIFIED\",\"UNKNOWN\"]},\n"
	"  \"status\":{\"type\":\"string\"},\n"
	"  \"reasons\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"rule\",\"points\",\"field\",\"value\"],\"properties\":{\n"
	"   \"rule\":{\"type\":\"string\"},\"points\":{\"type\":\"integer\"},\"field\":{\"type\":[\"string\",\"null\"]},\"value\":{}}}},\n"
	"  \"missing\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\n"
	"  \"coverage\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1},\n"
	"  \"next_action\":{\"type\":\"string\"},\n"
	"  \"rules\":{\"type\":\"object\",\"required\":[\"name\",\"digest\"],\"properties\":{\"name\":{\"type\":\"string\"},\n"
	"   \"digest\":{\"type\":\"string\",\"pattern\":\"^sha256:[0-9a-f]{64}$\"}}}}}}}\n";

static const struct cli_option options[] = {
	{ OPT_RULES, "rules", "FILE|NAME", "rules file, or a preset's name (default sf-v1)" },
	{ OPT_BRIEF, "brief", NULL, "add only score and tier" },
	{ OPT_AS, "as", "KIND", "what a flat record is: contact (default), company, task" },
	{ OPT_MAX_LINE, "max-line", "BYTES", "longest line taken (default 1048576)" },
	{ 0 },
};

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{
			.kind = CLI_FILTER,
			.synopsis = "[--rules FILE|NAME] [--brief] [--as KIND] [--max-line BYTES] [FILE...]",
			.summary = "Score leads by rules: adds the member qualification to each record.",
			.options = options,
			.examples = "hs-tasks claim --type qualify | qualify | hs-tasks complete\n"
				    "mlr --icsv --ojsonl cat leads.csv | qualify --rules sf-v2 --brief\n"
				    "qualify --rules ./our-rules.json --if '.contact != null' leads.jsonl\n",
			.schema = schema,
			.run = run,
		},
		{
			.name = "explain",
			.kind = CLI_REPORT,
			.synopsis = "[FILE...]",
			.summary = "say in words why leads have their score",
			.examples = "qualify leads.jsonl | qualify explain\n"
				    "hs-tasks history --contact ann@acme.example | qualify explain\n",
			.run = explain_run,
		},
		{ 0 },
	};
	return cli_main("qualify", "score leads by rules", verbs, argc, argv);
}
