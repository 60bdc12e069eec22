#include "base/cli.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/escape.h"

enum { MAX_OPTIONS = 64, MAX_MESSAGE_BYTES = 64 << 10, PROGRESS_EVERY_US = 200000 };

/* The program being run: one command line a process, so these are its only global state. */
static struct {
	const char *tool;
	const struct cli_verb *verb;
	struct cli_shared shared;
	char **operands;
	int operand_count;
	struct buf options; /* for cli_describe */
	int64_t progress_at_us;
	bool progress_shown;
} cli = { .tool = "leadpipe", .shared = { .count = -1 }, .options = { .max_bytes = MAX_MESSAGE_BYTES } };

static volatile sig_atomic_t stop_requested;

/* -- shared options -- */

enum shared_key {
	KEY_HELP = 'h',
	KEY_QUIET = 'q',
	KEY_VERBOSE = 'v',
	KEY_COUNT = 'n',
	KEY_VERSION = CLI_SHARED,
	KEY_CONFIG,
	KEY_NOW,
	KEY_SEED,
	KEY_TRACE,
	KEY_SCHEMA,
	KEY_IF,
	KEY_RETRY,
	KEY_WHERE,
	KEY_DRY_RUN,
};

static const struct {
	struct cli_option option;
	unsigned kind; /* 0: every verb has it */
} shared_options[] = {
	{ { KEY_DRY_RUN, "dry-run", NULL, "show the effects, cause none" }, CLI_EFFECT },
	{ { KEY_IF, "if", "EXPR", "act on records where the jq expression is true, pass the rest" }, CLI_FILTER },
	{ { KEY_RETRY, "retry", NULL, "take errors off and process those records again" }, CLI_FILTER },
	{ { KEY_WHERE, "where", "EXPR", "only records where the jq expression is true" }, CLI_SOURCE },
	{ { KEY_COUNT, NULL, "N", "at most N records" }, CLI_SOURCE },
	{ { KEY_CONFIG, "config", "FILE", "settings, in place of the default file" }, 0 },
	{ { KEY_NOW, "now", "TIME", "the time that content and due dates go by (RFC 3339)" }, 0 },
	{ { KEY_SEED, "seed", "N", "fixes what chance decides" }, 0 },
	{ { KEY_TRACE, "trace", "FILE", "append spans, trace(5)" }, 0 },
	{ { KEY_SCHEMA, "schema", NULL, "print the JSON Schema of the members read and written" }, 0 },
	{ { KEY_QUIET, "quiet", NULL, "no progress, no summary" }, 0 },
	{ { KEY_VERBOSE, "verbose", NULL, "say more" }, 0 },
	{ { KEY_HELP, "help", NULL, "this text" }, 0 },
	{ { KEY_VERSION, "version", NULL, "the version" }, 0 },
};
enum { SHARED_COUNT = sizeof shared_options / sizeof shared_options[0] };

static bool verb_has(const struct cli_verb *verb, size_t shared)
{
	return shared_options[shared].kind == 0 || (verb->kind & shared_options[shared].kind) != 0;
}

/* -- help -- */

static void describe(struct buf *out, const struct cli_option *option)
{
	char left[64];
	char letter[8] = "    ";
	if (option->key < CLI_LONG)
		snprintf(letter, sizeof letter, option->name == NULL ? "-%c" : "-%c, ", option->key);
	snprintf(left, sizeof left, "%s%s%s%s%s", letter, option->name == NULL ? "" : "--", option->name == NULL ? "" : option->name,
		option->arg == NULL ? "" : " ", option->arg == NULL ? "" : option->arg);
	buf_printf(out, "  %-22s %s\n", left, option->help);
}

static void put_usage_line(struct buf *out, const struct cli_verb *verb)
{
	buf_printf(out, "usage: %s%s%s%s%s\n", cli.tool, verb->name == NULL ? "" : " ", verb->name == NULL ? "" : verb->name,
		verb->synopsis[0] == '\0' ? "" : " ", verb->synopsis);
}

static void put_examples(struct buf *out, const char *examples)
{
	struct slice rest = slice_of(examples), line;
	buf_puts(out, "\nexamples:\n");
	while (slice_split(&rest, '\n', &line))
		if (line.len > 0)
			buf_printf(out, "  %.*s\n", (int)line.len, line.ptr);
}

static void put_verbs(struct buf *out, const struct cli_verb *verbs)
{
	for (const struct cli_verb *verb = verbs; verb->run != NULL; verb++)
		buf_printf(out, "  %-10s %s\n", verb->name, verb->summary);
}

static _Noreturn void print_verb_help(const struct cli_verb *verb)
{
	struct buf out;
	buf_init(&out, MAX_MESSAGE_BYTES);
	put_usage_line(&out, verb);
	buf_printf(&out, "%s\n\n", verb->summary);
	for (const struct cli_option *option = verb->options; option != NULL && option->key != 0; option++)
		describe(&out, option);
	for (size_t i = 0; i < SHARED_COUNT; i++)
		if (verb_has(verb, i))
			describe(&out, &shared_options[i].option);
	if (verb->examples != NULL)
		put_examples(&out, verb->examples);
	if (verb->name == NULL && verb[1].run != NULL) {
		buf_puts(&out, "\nverbs:\n");
		put_verbs(&out, verb + 1);
	}
	cli_print(buf_slice(&out));
	exit(EXIT_OK);
}

static void put_program_usage(struct buf *out)
{
	buf_printf(out, "usage: %s VERB [OPTION...]\n", cli.tool);
}

static void put_program_help(struct buf *out, const char *about, const struct cli_verb *verbs)
{
	put_program_usage(out);
	buf_printf(out, "%s\n\n", about);
	put_verbs(out, verbs);
	buf_printf(out, "\n%s VERB --help tells more; the manual is %s(1)\n", cli.tool, cli.tool);
}

static _Noreturn void print_version(void)
{
	struct buf out;
	buf_init(&out, MAX_MESSAGE_BYTES);
	buf_printf(&out, "%s (leadpipe) %s\n", cli.tool, LEADPIPE_VERSION);
	cli_print(buf_slice(&out));
	exit(EXIT_OK);
}

/* -- running -- */

static const struct cli_verb *find_verb(const struct cli_verb *verbs, const char *name)
{
	for (const struct cli_verb *verb = verbs; verb->run != NULL; verb++)
		if (verb->name != NULL && strcmp(verb->name, name) == 0)
			return verb;
	return NULL;
}

static int flushed(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		cli_die(EXIT_IO_FAILED, "writing standard output: %s", strerror(errno));
	return status;
}

int cli_main(const char *tool, const char *about, const struct cli_verb *verbs, int argc, char **argv)
{
	cli.tool = tool;
	cli.verb = verbs;
	if (verbs->name == NULL && (argc < 2 || find_verb(verbs, argv[1]) == NULL))
		return flushed(verbs->run(argc, argv));
	struct buf help;
	buf_init(&help, MAX_MESSAGE_BYTES);
	if (argc < 2) {
		put_program_help(&help, about, verbs);
		fputs(buf_text(&help), stderr);
		buf_release(&help);
		return EXIT_USAGE_ERROR;
	}
	if (strcmp(argv[1], "--version") == 0)
		print_version();
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		put_program_help(&help, about, verbs);
		cli_print(buf_slice(&help));
		buf_release(&help);
		return EXIT_OK;
	}
	cli.verb = find_verb(verbs, argv[1]);
	if (cli.verb == NULL)
		cli_usage(argv[1][0] == '-' ? "a verb comes first, not \"%s\"; %s --help lists them" : "unknown verb \"%s\"; %s --help lists them",
			argv[1], tool);
	return flushed(cli.verb->run(argc - 1, argv + 1));
}

const struct cli_shared *cli_shared(void)
{
	return &cli.shared;
}

void cli_fix_clock(int64_t ms)
{
	if (!cli.shared.clock.is_fixed)
		cli.shared.clock = (struct clock){ .is_fixed = true, .fixed_ms = ms };
}

/* The option's own name, whichever way it was written. */
static const struct cli_option *find_option(int key)
{
	for (const struct cli_option *option = cli.verb->options; option != NULL && option->key != 0; option++)
		if (option->key == key)
			return option;
	for (size_t i = 0; i < SHARED_COUNT; i++)
		if (shared_options[i].option.key == key)
			return &shared_options[i].option;
	return NULL;
}

static void note_option(int key, const char *value)
{
	static const char *const left_out[] = { "config", "quiet", "record", "replay", "token-file", "trace", "verbose" };
	const struct cli_option *option = find_option(key);
	if (option == NULL)
		return;
	for (size_t i = 0; option->name != NULL && i < sizeof left_out / sizeof left_out[0]; i++)
		if (strcmp(option->name, left_out[i]) == 0)
			return;
	if (option->name != NULL)
		buf_puts(&cli.options, option->name);
	else
		buf_putc(&cli.options, (char)option->key);
	buf_printf(&cli.options, "%s%s\n", value == NULL ? "" : "=", value == NULL ? "" : value);
}

void cli_describe(struct buf *program, struct buf *options)
{
	buf_printf(program, "%s%s%s", cli.tool, cli.verb->name == NULL ? "" : " ", cli.verb->name == NULL ? "" : cli.verb->name);
	buf_put_slice(options, buf_slice(&cli.options));
}

struct option_table {
	struct option longs[MAX_OPTIONS + 1];
	char shorts[2 * MAX_OPTIONS + 2];
	size_t long_count, short_count;
};

static void add_option(struct option_table *table, const struct cli_option *option)
{
	if (table->long_count >= MAX_OPTIONS || table->short_count + 2 >= sizeof table->shorts)
		abort();
	int wants_value = option->arg == NULL ? no_argument : required_argument;
	if (option->name != NULL)
		table->longs[table->long_count++] = (struct option){ option->name, wants_value, NULL, option->key };
	if (option->key < CLI_LONG) {
		table->shorts[table->short_count++] = (char)option->key;
		if (wants_value == required_argument)
			table->shorts[table->short_count++] = ':';
	}
}

static void build_table(struct option_table *table, const struct cli_verb *verb)
{
	*table = (struct option_table){ .short_count = 1 };
	table->shorts[0] = ':'; /* getopt then tells a missing argument from an unknown option, and prints nothing */
	for (const struct cli_option *option = verb->options; option != NULL && option->key != 0; option++)
		add_option(table, option);
	for (size_t i = 0; i < SHARED_COUNT; i++)
		if (verb_has(verb, i))
			add_option(table, &shared_options[i].option);
}

static void take_now(const char *value)
{
	if (!clock_parse(slice_of(value), &cli.shared.clock.fixed_ms))
		cli_usage("--now wants a time such as 2026-11-23T09:00:00Z, not \"%s\"", value);
	cli.shared.clock.is_fixed = true;
}

/* False where the key is the verb's own. */
static bool take_shared(int key, const char *value)
{
	struct cli_shared *shared = &cli.shared;
	switch (key) {
	case KEY_HELP: print_verb_help(cli.verb);
	case KEY_VERSION: print_version();
	case KEY_SCHEMA:
		if (cli.verb->schema == NULL)
			cli_usage("%s reads and writes no members: it has no schema", cli.verb->name == NULL ? cli.tool : cli.verb->name);
		cli_print(slice_of(cli.verb->schema));
		exit(EXIT_OK);
	case KEY_QUIET: shared->quiet = true; return true;
	case KEY_VERBOSE: shared->verbose++; return true;
	case KEY_COUNT: shared->count = cli_int("-n", value, 0, INT64_MAX); return true;
	case KEY_CONFIG: shared->config_path = value; return true;
	case KEY_NOW: take_now(value); return true;
	case KEY_SEED:
		shared->seed = (uint64_t)cli_int("--seed", value, 0, INT64_MAX);
		shared->has_seed = true;
		return true;
	case KEY_TRACE: shared->trace_path = value; return true;
	case KEY_IF: shared->if_expr = value; return true;
	case KEY_RETRY: shared->retry = true; return true;
	case KEY_WHERE: shared->where_expr = value; return true;
	case KEY_DRY_RUN: shared->dry_run = true; return true;
	default: return false;
	}
}

/* A verb's own option may have a shared one's letter or name (a server's -n, say): the verb's comes first in the table, and its key is its own. */
static bool is_own_key(int key)
{
	for (const struct cli_option *option = cli.verb->options; option != NULL && option->key != 0; option++)
		if (option->key == key)
			return true;
	return false;
}

static bool takes_key(const struct cli_verb *verb, int key)
{
	for (size_t i = 0; i < SHARED_COUNT; i++)
		if (verb_has(verb, i) && shared_options[i].option.key == key)
			return true;
	return is_own_key(key);
}

int cli_next(int argc, char **argv, const char **value)
{
	struct option_table table;
	build_table(&table, cli.verb);
	opterr = 0;
	for (int key; (key = getopt_long(argc, argv, table.shorts, table.longs, NULL)) != -1;) {
		const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
		if (key == ':')
			cli_usage("%s wants an argument", word);
		if (key == '?') {
			/* optopt: the letter that is unknown, or the key of a long option that was given a value; 0 for a long one that is unknown. */
			if (optopt != 0 && !takes_key(cli.verb, optopt))
				cli_usage("unknown option -%c", optopt);
			cli_usage(optopt != 0 ? "%s: this option takes no argument" : "unknown or ambiguous option %s", word);
		}
		*value = optarg;
		note_option(key, optarg);
		if (is_own_key(key) || !take_shared(key, optarg))
			return key;
	}
	*value = NULL;
	cli.operands = argv + optind;
	cli.operand_count = argc - optind;
	return -1;
}

char **cli_operands(int *count)
{
	if (count != NULL)
		*count = cli.operand_count;
	return cli.operands;
}

void cli_shift_operand(void)
{
	if (cli.operand_count == 0)
		return;
	cli.operands++;
	cli.operand_count--;
}

/* -- diagnostics -- */

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list args)
{
	va_list again;
	struct buf raw, line;
	buf_init(&raw, MAX_MESSAGE_BYTES);
	buf_init(&line, 4 * (size_t)MAX_MESSAGE_BYTES);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	if (len > 0 && buf_reserve(&raw, (size_t)len)) {
		vsnprintf(raw.ptr, (size_t)len + 1, format, again);
		raw.len = (size_t)len;
	}
	va_end(again);
	cli_progress_end();
	buf_printf(&line, "%s: ", cli.tool);
	escape_terminal(&line, buf_slice(&raw));
	buf_putc(&line, '\n');
	/* Nowhere to complain about a closed stderr. */
	ssize_t written = write(STDERR_FILENO, buf_text(&line), line.len);
	(void)written;
	buf_release(&raw);
	buf_release(&line);
}

void cli_warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void cli_note(const char *format, ...)
{
	va_list args;
	if (cli.shared.verbose == 0)
		return;
	va_start(args, format);
	say(format, args);
	va_end(args);
}

void cli_die(enum cli_exit status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
	exit((int)status);
}

void cli_usage(const char *format, ...)
{
	struct buf usage;
	va_list args;
	va_start(args, format);
	say(format, args);
	va_end(args);
	buf_init(&usage, MAX_MESSAGE_BYTES);
	if (cli.verb == NULL)
		put_program_usage(&usage);
	else
		put_usage_line(&usage, cli.verb);
	fputs(buf_text(&usage), stderr);
	exit(EXIT_USAGE_ERROR);
}

/* -- values -- */

/* strtoll and strtod would also take blanks, a plus sign, "nan" and "inf". */
static bool starts_number(const char *value)
{
	value += *value == '-';
	return (*value >= '0' && *value <= '9') || *value == '.';
}

int64_t cli_int(const char *option, const char *value, int64_t min, int64_t max)
{
	char *end;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	if (!starts_number(value) || *end != '\0' || errno != 0 || number < min || number > max) {
		if (max == INT64_MAX)
			cli_usage("%s wants a whole number from %lld on, not \"%s\"", option, (long long)min, value);
		cli_usage("%s wants a whole number from %lld to %lld, not \"%s\"", option, (long long)min, (long long)max, value);
	}
	return number;
}

int64_t cli_span_ms(const char *option, const char *value)
{
	int64_t ms;
	if (!clock_parse_span(slice_of(value), &ms))
		cli_usage("%s wants a time span such as 90s, 10m or 2h, not \"%s\"", option, value);
	return ms;
}

double cli_double(const char *option, const char *value)
{
	char *end;
	double number = strtod(value, &end);
	if (!starts_number(value) || *end != '\0' || !isfinite(number))
		cli_usage("%s wants a number, not \"%s\"", option, value);
	return number;
}

/* -- output -- */

void cli_print(struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(STDOUT_FILENO, text.ptr, text.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			cli_die(EXIT_IO_FAILED, "writing standard output: %s", strerror(errno));
		text.ptr += n;
		text.len -= (size_t)n;
	}
}

/* -- signals -- */

static void on_stop(int signal_number)
{
	/* The second request is not asked again. */
	if (stop_requested)
		_exit(128 + signal_number);
	stop_requested = 1;
}

void cli_catch_stop(void)
{
	struct sigaction action = { .sa_handler = on_stop };
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

bool cli_stopping(void)
{
	return stop_requested != 0;
}

/* -- progress -- */

void cli_progress(uint64_t done, uint64_t total, uint64_t in_flight, const char *state)
{
	static int is_terminal = -1;
	static int64_t started_us;
	if (is_terminal < 0) {
		is_terminal = isatty(STDERR_FILENO);
		started_us = clock_steady_us();
	}
	int64_t now_us = clock_steady_us();
	if (!is_terminal || cli.shared.quiet || (cli.progress_shown && now_us - cli.progress_at_us < PROGRESS_EVERY_US))
		return;
	char line[160], of[32] = "", eta[32] = "";
	double seconds = (double)(now_us - started_us) / 1e6, rate = seconds > 0.2 ? (double)done / seconds : 0;
	if (total > 0)
		snprintf(of, sizeof of, "/%llu", (unsigned long long)total);
	if (total > done && rate > 0)
		snprintf(eta, sizeof eta, ", %.0f s left", (double)(total - done) / rate);
	int len = snprintf(line, sizeof line, "\r\033[K%s: %llu%s, %.0f/s, %llu in flight%s%s%s", cli.tool, (unsigned long long)done, of, rate,
		(unsigned long long)in_flight, eta, state == NULL ? "" : ", ", state == NULL ? "" : state);
	if (len > 0) {
		ssize_t written = write(STDERR_FILENO, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
		(void)written;
	}
	cli.progress_shown = true;
	cli.progress_at_us = now_us;
}

void cli_progress_end(void)
{
	if (!cli.progress_shown)
		return;
	ssize_t written = write(STDERR_FILENO, "\r\033[K", 4);
	(void)written;
	cli.progress_shown = false;
}
