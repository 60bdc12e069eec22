/* lib/base/cli.h - the command line that all programs share (DESIGN section 3): options, usage, diagnostics, exit statuses.
 *
 * A program describes each verb in one table; help, parsing and the tests that compare them with the man page all read that table. Only programs in
 * bin/ use this file: other parts of lib/ report errors and leave printing to them. */
#ifndef BASE_CLI_H
#define BASE_CLI_H
#include "base/buf.h"
#include "base/clock.h"

enum cli_exit {
	EXIT_OK = 0,
	EXIT_SOME_FAILED = 1, /* ran to the end; some records carry an error, or a check failed */
	EXIT_USAGE_ERROR = 2, /* bad usage or configuration */
	EXIT_NO_VERDICT = 3, /* not enough data to say */
	EXIT_SERVICE_DOWN = 69,
	EXIT_IO_FAILED = 74,
	EXIT_TRY_LATER = 75, /* rate, quota, spend limit */
	EXIT_NOT_ALLOWED = 77, /* token, scope, portal */
};

struct cli_option {
	int key; /* a letter, or CLI_LONG + n where there is only a long name */
	const char *name; /* without the dashes */
	const char *arg; /* "FILE"; NULL for a flag */
	const char *help;
};
enum { CLI_LONG = 256, CLI_SHARED = 512 };

/* Which of the shared options a verb takes besides -h, --version, -q, -v, --config, --now, --seed, --trace and --schema. */
enum cli_kind {
	CLI_REPORT = 0, /* tables; also sinks and servers */
	CLI_FILTER = 1, /* --if, --retry */
	CLI_SOURCE = 2, /* --where, -n */
	CLI_EFFECT = 4, /* --dry-run */
};

struct cli_verb {
	const char *name; /* NULL in the entry of a program that runs without a verb: the first */
	unsigned kind; /* of enum cli_kind, ored */
	const char *synopsis; /* after the program's and the verb's name: "[--rules FILE] [FILE...]" */
	const char *summary; /* one line */
	const struct cli_option *options; /* ended by a zero key; NULL for none of its own */
	const char *examples; /* whole lines, without indentation; NULL for none */
	const char *schema; /* JSON Schema of the members it reads and writes, for --schema; NULL for none */
	int (*run)(int argc, char **argv); /* argv[0] is the verb (or the program); gives the exit status */
};

/* What the shared options said; set by cli_next. */
struct cli_shared {
	const char *config_path, *trace_path, *if_expr, *where_expr;
	struct clock clock;
	bool quiet, retry, dry_run;
	int verbose;
	bool has_seed;
	uint64_t seed;
	int64_t count; /* -n; -1 when not given */
};
const struct cli_shared *cli_shared(void);

/* Content time stands still at this moment, unless --now has said another. */
void cli_fix_clock(int64_t ms);

/* Which run this is: "hs-tasks claim"; and the options that bear on what it does, "type=enrich" each on a line, in their order. Not among them: where input, settings and
 * secrets lie, and what is said of the run. After cli_next gave -1. */
void cli_describe(struct buf *program, struct buf *options);

/* The body of main: finds the verb, handles --help and --version, runs it, and gives its status after checking that
 * what stdio still held for stdout could be written. `verbs` ends with a NULL run. `about` is one line on the program. Where the first entry has no
 * name, it is what the program does without a verb, and a first argument that is none of the other names is its own: a file of such a name is ./NAME. */
int cli_main(const char *tool, const char *about, const struct cli_verb *verbs, int argc, char **argv);

/* The next option of the running verb: its key, with *value its argument; -1 at the first operand (*value is NULL; operands are then cli_operands).
 * Shared options never come back. A wrong option prints usage and exits 2. Options may stand after operands. */
int cli_next(int argc, char **argv, const char **value);

/* The operands after cli_next gave -1: a NULL-ended list, and their number. */
char **cli_operands(int *count);

/* Drops the first operand: it was a word of the verb's, not a file. */
void cli_shift_operand(void);

/* Usage error: prints the reason, the usage line, and exits 2. */
_Noreturn void cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "tool: " and the message on stderr, in one write; control bytes, DEL, C1 and broken UTF-8 come out as \xNN. */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As cli_warn, when -v was given. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* cli_warn, then exits with the status. */
_Noreturn void cli_die(enum cli_exit status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An option's argument as a number; cli_usage where it is none or outside [min, max]. */
int64_t cli_int(const char *option, const char *value, int64_t min, int64_t max);
int64_t cli_span_ms(const char *option, const char *value);
double cli_double(const char *option, const char *value);

/* Writes text to stdout, in full; exits 74 where that fails. For reports: record streams write by themselves. */
void cli_print(struct slice text);

/* SIGTERM and SIGINT set a flag instead of ending the program; a second one ends it. System calls are interrupted, not restarted. */
void cli_catch_stop(void);
bool cli_stopping(void);

/* The progress line, redrawn at most five times a second, only when stderr is a terminal and -q was not given. `total` 0: not known. `state` is a
 * few words after the numbers, or NULL. cli_progress_end clears it. */
void cli_progress(uint64_t done, uint64_t total, uint64_t in_flight, const char *state);
void cli_progress_end(void);
#endif
