/* base/cli: what a program does with a command line, seen from outside: each row runs it in a child and reads both outputs and the status. */
#include "base/cli.h"
#include "base/buf.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGS = 8, MAX_OUTPUT = 1 << 20 };

/* -- two programs: one with verbs, one without -- */

enum own_key { KEY_RULES = CLI_LONG, KEY_LEVEL, KEY_SPAN, KEY_RATIO };

static const struct cli_option options[] = {
	{ 'b', "brief", NULL, "say little" },
	{ KEY_RULES, "rules", "FILE", "the rules" },
	{ KEY_LEVEL, "level", "N", "from -3 to 9" },
	{ KEY_SPAN, "span", "TIME", "how long" },
	{ KEY_RATIO, "ratio", "X", "a number" },
	{ 0, NULL, NULL, NULL },
};

static const struct cli_option own_n[] = {
	{ 'n', "name", "TEXT", "the verb's own -n" },
	{ 0, NULL, NULL, NULL },
};

/* Writes what was understood, in the order given. */
static int show(int argc, char **argv)
{
	const char *value;
	int count;
	struct buf out;
	buf_init(&out, MAX_OUTPUT);
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case KEY_LEVEL: buf_printf(&out, "level %lld\n", (long long)cli_int("--level", value, -3, 9)); break;
		case KEY_SPAN: buf_printf(&out, "span %lld\n", (long long)cli_span_ms("--span", value)); break;
		case KEY_RATIO: buf_printf(&out, "ratio %g\n", cli_double("--ratio", value)); break;
		case KEY_RULES: buf_printf(&out, "rules %s\n", value); break;
		default: buf_printf(&out, "-%c %s\n", key, value == NULL ? "" : value); break;
		}
	const struct cli_shared *s = cli_shared();
	if (s->config_path != NULL)
		buf_printf(&out, "config %s\n", s->config_path);
	if (s->trace_path != NULL)
		buf_printf(&out, "trace %s\n", s->trace_path);
	if (s->if_expr != NULL)
		buf_printf(&out, "if %s\n", s->if_expr);
	if (s->where_expr != NULL)
		buf_printf(&out, "where %s\n", s->where_expr);
	if (s->clock.is_fixed)
		buf_printf(&out, "now %lld\n", (long long)s->clock.fixed_ms);
	if (s->has_seed)
		buf_printf(&out, "seed %llu\n", (unsigned long long)s->seed);
	if (s->count != -1)
		buf_printf(&out, "count %lld\n", (long long)s->count);
	if (s->quiet || s->retry || s->dry_run || s->verbose > 0)
		buf_printf(&out, "flags%s%s%s verbose=%d\n", s->quiet ? " quiet" : "", s->retry ? " retry" : "", s->dry_run ? " dry-run" : "",
			s->verbose);
	char **operands = cli_operands(&count);
	for (int i = 0; i < count; i++)
		buf_printf(&out, "operand %s\n", operands[i]);
	assert_null(operands[count]);
	/* By stdio, which cli_main has to flush. */
	fputs(buf_text(&out), stdout);
	buf_release(&out);
	cli_note("a note of level %d", s->verbose);
	return EXIT_OK;
}

static int complain(int argc, char **argv)
{
	const char *value;
	while (cli_next(argc, argv, &value) != -1)
		continue;
	cli_warn("%s: a mail from %s", "stdin:3", "\x1b[31mMallory\r\n\xff");
	cli_die(EXIT_NOT_ALLOWED, "token refused");
}

static int print(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cli_print(slice_of("a report\n"));
	return EXIT_SOME_FAILED;
}

static int wait_for_stop(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cli_catch_stop();
	cli_print(slice_of("ready\n"));
	while (!cli_stopping())
		poll(NULL, 0, 10000);
	cli_print(slice_of("stopping\n"));
	poll(NULL, 0, 10000); /* a signal ends this wait too */
	return EXIT_OK;
}

static int progress(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cli_progress(5, 10, 2, "busy");
	cli_progress_end();
	return EXIT_OK;
}

static const struct cli_verb verbs[] = {
	{ "show", CLI_FILTER | CLI_EFFECT, "[-b] [--rules FILE] [FILE...]", "shows what it was given", options, "show -b\nshow --rules mine.json\n",
		"{\"type\":\"object\"}\n", show },
	{ "list", CLI_SOURCE, "[FILE...]", "a source", NULL, NULL, NULL, show },
	{ "name", CLI_SOURCE, "[-n TEXT]", "a source with an -n of its own", own_n, NULL, NULL, show },
	{ "complain", CLI_REPORT, "", "complains", NULL, NULL, NULL, complain },
	{ "print", CLI_REPORT, "", "prints", NULL, NULL, NULL, print },
	{ "wait", CLI_REPORT, "", "waits", NULL, NULL, NULL, wait_for_stop },
	{ "progress", CLI_REPORT, "", "shows progress", NULL, NULL, NULL, progress },
	{ 0 },
};

static const struct cli_verb single[] = {
	{ NULL, CLI_FILTER, "[-b] [FILE...]", "a program without verbs", options, "one FILE\n", NULL, show },
	{ 0 },
};

static const struct cli_verb both[] = {
	{ NULL, CLI_FILTER, "[-b] [FILE...]", "runs without a verb", options, "one FILE\n", NULL, show },
	{ "say", CLI_REPORT, "[FILE...]", "has one beside", NULL, NULL, NULL, show },
	{ 0 },
};

/* -- running one -- */

struct result {
	struct buf out, err;
	int status; /* exit status, or 1000 and the signal that ended it */
};

static void read_both(int out_fd, int err_fd, struct result *result)
{
	struct pollfd fds[2] = { { out_fd, POLLIN, 0 }, { err_fd, POLLIN, 0 } };
	struct buf *into[2] = { &result->out, &result->err };
	for (int open_count = 2; open_count > 0;) {
		assert_true(poll(fds, 2, 20000) > 0);
		for (size_t i = 0; i < 2; i++) {
			char block[4096];
			if (fds[i].fd < 0 || fds[i].revents == 0)
				continue;
			ssize_t n = read(fds[i].fd, block, sizeof block);
			assert_true(n >= 0);
			buf_put(into[i], block, (size_t)n);
			if (n == 0) {
				close(fds[i].fd);
				fds[i].fd = -1;
				open_count--;
			}
		}
	}
}

/* The child becomes the program; args end with NULL. `out_path` in place of the pipe: where stdout goes. */
static struct result run_program(const struct cli_verb *table, const char *const *args, const char *out_path)
{
	struct result result;
	int out[2], err[2], argc = 1, status;
	char *argv[MAX_ARGS + 2] = { (char *)(uintptr_t) "tool" };
	for (; args[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
	buf_init(&result.out, MAX_OUTPUT);
	buf_init(&result.err, MAX_OUTPUT);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(err), 0);
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (out_path != NULL) {
			close(out[1]);
			out[1] = open(out_path, O_WRONLY);
		}
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		exit(cli_main("tool", "tries the command line", table, argc, argv));
	}
	close(out[1]);
	close(err[1]);
	read_both(out[0], err[0], &result);
	assert_int_equal(waitpid(child, &status, 0), child);
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
	return result;
}

static void release(struct result *result)
{
	buf_release(&result->out);
	buf_release(&result->err);
}

/* -- options -- */

static void test_understood(void **state)
{
	(void)state;
	static const struct {
		const char *args[MAX_ARGS], *out;
	} rows[] = {
		{ { "show" }, "" },
		{ { "show", "-b" }, "-b \n" },
		{ { "show", "--brief", "--rules", "a", "--rules=b" }, "-b \nrules a\nrules b\n" },
		{ { "show", "--bri" }, "-b \n" }, /* as far as it is one option's alone */
		{ { "show", "one", "-b", "two" }, "-b \noperand one\noperand two\n" },
		{ { "show", "-", "--", "-b" }, "operand -\noperand -b\n" },
		{ { "show", "" }, "operand \n" },
		{ { "show", "--level", "-3", "--level=9" }, "level -3\nlevel 9\n" },
		{ { "show", "--span", "2h", "--ratio", "-.5e1" }, "span 7200000\nratio -5\n" },
		{ { "show", "--if", ".a > 1", "--retry", "--dry-run", "-q" }, "if .a > 1\nflags quiet retry dry-run verbose=0\n" },
		{ { "show", "--config", "c", "--trace", "t" }, "config c\ntrace t\n" },
		{ { "show", "--now", "2026-01-05T09:00:00Z", "--seed", "7" }, "now 1767603600000\nseed 7\n" },
		{ { "list", "-n", "5", "--where", ".x" }, "where .x\ncount 5\n" },
		{ { "list", "-n0" }, "count 0\n" },
		{ { "name", "-n", "five" }, "-n five\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result r = run_program(verbs, rows[i].args, NULL);
		const char *name = rows[i].args[1] == NULL ? rows[i].args[0] : rows[i].args[1];
		check_text(name, buf_slice(&r.err), slice_of(""));
		check_text(name, buf_slice(&r.out), slice_of(rows[i].out));
		check_int(name, r.status, 0);
		release(&r);
	}
	struct result r = run_program(single, (const char *[]){ "-b", "file", NULL }, NULL);
	assert_string_equal(buf_text(&r.out), "-b \noperand file\n");
	assert_int_equal(r.status, 0);
	release(&r);
}

static void test_a_verb_beside_the_program_itself(void **state)
{
	(void)state;
	static const struct {
		const char *args[MAX_ARGS], *out, *err;
		int status;
	} rows[] = {
		{ { NULL }, "", "", 0 },
		{ { "-b", "say" }, "-b \noperand say\n", "", 0 },
		{ { "./say" }, "operand ./say\n", "", 0 },
		{ { "sa" }, "operand sa\n", "", 0 },
		{ { "say" }, "", "", 0 },
		{ { "say", "-q", "say" }, "flags quiet verbose=0\noperand say\n", "", 0 },
		{ { "say", "-b" }, "", "tool: unknown option -b\nusage: tool say [FILE...]\n", EXIT_USAGE_ERROR },
		{ { "-x" }, "", "tool: unknown option -x\nusage: tool [-b] [FILE...]\n", EXIT_USAGE_ERROR },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result r = run_program(both, rows[i].args, NULL);
		const char *name = rows[i].args[0] == NULL ? "no words" : rows[i].args[0];
		check_text(name, buf_slice(&r.out), slice_of(rows[i].out));
		check_text(name, buf_slice(&r.err), slice_of(rows[i].err));
		check_int(name, r.status, rows[i].status);
		release(&r);
	}
	struct result r = run_program(both, (const char *[]){ "--help", NULL }, NULL);
	static const char tail[] = "\nexamples:\n  one FILE\n\nverbs:\n  say        has one beside\n";
	assert_true(slice_ends(buf_slice(&r.out), tail));
	release(&r);
	r = run_program(both, (const char *[]){ "say", "--help", NULL }, NULL);
	assert_true(slice_starts(buf_slice(&r.out), "usage: tool say [FILE...]\nhas one beside\n"));
	release(&r);
}

static void test_refused(void **state)
{
	(void)state;
	static const char show_usage[] = "usage: tool show [-b] [--rules FILE] [FILE...]\n", list_usage[] = "usage: tool list [FILE...]\n",
			  program_usage[] = "usage: tool VERB [OPTION...]\n";
	static const struct {
		const char *args[MAX_ARGS], *complaint, *usage;
	} rows[] = {
		{ { "none" }, "unknown verb \"none\"; tool --help lists them", program_usage },
		{ { "--none" }, "a verb comes first, not \"--none\"; tool --help lists them", program_usage },
		{ { "sho" }, "unknown verb \"sho\"; tool --help lists them", program_usage },
		{ { "show", "--none" }, "unknown or ambiguous option --none", show_usage },
		{ { "show", "--r", "x" }, "unknown or ambiguous option --r", show_usage },
		{ { "show", "-x" }, "unknown option -x", show_usage },
		{ { "show", "-bx" }, "unknown option -x", show_usage },
		{ { "show", "-\x1b" }, "unknown option -\\x1b", show_usage },
		{ { "show", "-n", "5" }, "unknown option -n", show_usage }, /* a source's */
		{ { "list", "--dry-run" }, "unknown or ambiguous option --dry-run", list_usage },
		{ { "list", "--if", "." }, "unknown or ambiguous option --if", list_usage },
		{ { "show", "--brief=5" }, "--brief=5: this option takes no argument", show_usage },
		{ { "show", "--quiet=5" }, "--quiet=5: this option takes no argument", show_usage },
		{ { "show", "--rules" }, "--rules wants an argument", show_usage },
		{ { "list", "-n" }, "-n wants an argument", list_usage },
		{ { "list", "-n", "" }, "-n wants a whole number from 0 on, not \"\"", list_usage },
		{ { "list", "-n", "-1" }, "-n wants a whole number from 0 on, not \"-1\"", list_usage },
		{ { "list", "-n", "5x" }, "-n wants a whole number from 0 on, not \"5x\"", list_usage },
		{ { "list", "-n", " 5" }, "-n wants a whole number from 0 on, not \" 5\"", list_usage },
		{ { "list", "-n", "9223372036854775808" }, "-n wants a whole number from 0 on, not \"9223372036854775808\"", list_usage },
		{ { "show", "--level", "10" }, "--level wants a whole number from -3 to 9, not \"10\"", show_usage },
		{ { "show", "--level", "-4" }, "--level wants a whole number from -3 to 9, not \"-4\"", show_usage },
		{ { "show", "--level", "1.0" }, "--level wants a whole number from -3 to 9, not \"1.0\"", show_usage },
		{ { "show", "--span", "soon" }, "--span wants a time span such as 90s, 10m or 2h, not \"soon\"", show_usage },
		{ { "show", "--ratio", "nan" }, "--ratio wants a number, not \"nan\"", show_usage },
		{ { "show", "--ratio", "1e999" }, "--ratio wants a number, not \"1e999\"", show_usage },
		{ { "show", "--ratio", "1,5" }, "--ratio wants a number, not \"1,5\"", show_usage },
		{ { "show", "--now", "today" }, "--now wants a time such as 2026-11-23T09:00:00Z, not \"today\"", show_usage },
		{ { "show", "--seed", "x" }, "--seed wants a whole number from 0 on, not \"x\"", show_usage },
		{ { "list", "--schema" }, "list reads and writes no members: it has no schema", list_usage },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result r = run_program(verbs, rows[i].args, NULL);
		char want[512];
		snprintf(want, sizeof want, "tool: %s\n%s", rows[i].complaint, rows[i].usage);
		check_text(rows[i].complaint, buf_slice(&r.err), slice_of(want));
		check_text(rows[i].complaint, buf_slice(&r.out), slice_of(""));
		check_int(rows[i].complaint, r.status, EXIT_USAGE_ERROR);
		release(&r);
	}
	struct result r = run_program(single, (const char *[]){ "--none", NULL }, NULL);
	assert_string_equal(buf_text(&r.err), "tool: unknown or ambiguous option --none\nusage: tool [-b] [FILE...]\n");
	assert_int_equal(r.status, EXIT_USAGE_ERROR);
	release(&r);
}

/* -- help -- */

static void test_help(void **state)
{
	(void)state;
	static const char program_help[] = "usage: tool VERB [OPTION...]\n"
					   "tries the command line\n\n"
					   "  show       shows what it was given\n"
					   "  list       a source\n"
					   "  name       a source with an -n of its own\n"
					   "  complain   complains\n"
					   "  print      prints\n"
					   "  wait       waits\n"
					   "  progress   shows progress\n\n"
					   "tool VERB --help tells more; the manual is tool(1)\n";
	static const char show_help[] = "usage: tool show [-b] [--rules FILE] [FILE...]\n"
					"shows what it was given\n\n"
					"  -b, --brief            say little\n"
					"      --rules FILE       the rules\n"
					"      --level N          from -3 to 9\n"
					"      --span TIME        how long\n"
					"      --ratio X          a number\n"
					"      --dry-run          show the effects, cause none\n"
					"      --if EXPR          act on records where the jq expression is true, pass the rest\n"
					"      --retry            take errors off and process those records again\n"
					"      --config FILE      settings, in place of the default file\n"
					"      --now TIME         the time that content and due dates go by (RFC 3339)\n"
					"      --seed N           fixes what chance decides\n"
					"      --trace FILE       append spans, trace(5)\n"
					"      --schema           print the JSON Schema of the members read and written\n"
					"  -q, --quiet            no progress, no summary\n"
					"  -v, --verbose          say more\n"
					"  -h, --help             this text\n"
					"      --version          the version\n\n"
					"examples:\n"
					"  show -b\n"
					"  show --rules mine.json\n";
	static const struct {
		const char *args[MAX_ARGS], *out;
	} rows[] = {
		{ { "--help" }, program_help },
		{ { "-h" }, program_help },
		{ { "help" }, program_help },
		{ { "show", "--help" }, show_help },
		{ { "show", "-b", "-h", "--none" }, show_help },
		{ { "--version" }, "tool (leadpipe) " LEADPIPE_VERSION "\n" },
		{ { "list", "--version" }, "tool (leadpipe) " LEADPIPE_VERSION "\n" },
		{ { "show", "--schema" }, "{\"type\":\"object\"}\n" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct result r = run_program(verbs, rows[i].args, NULL);
		check_text(rows[i].args[0], buf_slice(&r.out), slice_of(rows[i].out));
		check_text(rows[i].args[0], buf_slice(&r.err), slice_of(""));
		check_int(rows[i].args[0], r.status, 0);
		release(&r);
	}
	/* Without a verb: help, but on stderr, and a usage error. */
	struct result r = run_program(verbs, (const char *[]){ NULL }, NULL);
	assert_string_equal(buf_text(&r.err), program_help);
	assert_string_equal(buf_text(&r.out), "");
	assert_int_equal(r.status, EXIT_USAGE_ERROR);
	release(&r);
}

/* -- output -- */

static void test_diagnostics(void **state)
{
	(void)state;
	struct result r = run_program(verbs, (const char *[]){ "complain", NULL }, NULL);
	assert_string_equal(buf_text(&r.err), "tool: stdin:3: a mail from \\x1b[31mMallory\\x0d\\x0a\\xff\ntool: token refused\n");
	assert_int_equal(r.status, EXIT_NOT_ALLOWED);
	release(&r);
	r = run_program(verbs, (const char *[]){ "show", "-v", "-v", NULL }, NULL);
	assert_string_equal(buf_text(&r.err), "tool: a note of level 2\n");
	release(&r);
}

static void test_print(void **state)
{
	(void)state;
	struct result r = run_program(verbs, (const char *[]){ "print", NULL }, NULL);
	assert_string_equal(buf_text(&r.out), "a report\n");
	assert_int_equal(r.status, EXIT_SOME_FAILED);
	release(&r);
	/* A full disk: by cli_print, by help, and by what stdio held back. */
	static const char *const rows[][2] = { { "print", NULL }, { "--help", NULL }, { "show", "-b" } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		r = run_program(verbs, (const char *[]){ rows[i][0], rows[i][1], NULL }, "/dev/full");
		check_text(rows[i][0], buf_slice(&r.err), slice_of("tool: writing standard output: No space left on device\n"));
		check_int(rows[i][0], r.status, EXIT_IO_FAILED);
		release(&r);
	}
}

static void test_no_progress_without_a_terminal(void **state)
{
	(void)state;
	struct result r = run_program(verbs, (const char *[]){ "progress", NULL }, NULL);
	assert_string_equal(buf_text(&r.err), "");
	assert_int_equal(r.status, 0);
	release(&r);
}

/* -- signals -- */

static void read_line(int fd, const char *want)
{
	char line[32];
	size_t len = 0;
	while (len < sizeof line - 1 && (len == 0 || line[len - 1] != '\n'))
		assert_int_equal(read(fd, line + len++, 1), 1);
	line[len] = '\0';
	assert_string_equal(line, want);
}

/* The first signal asks, the second ends. */
static void test_stop(void **state)
{
	(void)state;
	static const int signals[] = { SIGTERM, SIGINT };
	for (size_t i = 0; i < COUNT(signals); i++) {
		int out[2], status;
		assert_int_equal(pipe(out), 0);
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) {
			dup2(out[1], STDOUT_FILENO);
			exit(cli_main("tool", "", verbs, 2, (char *[]){ (char[]){ "tool" }, (char[]){ "wait" }, NULL }));
		}
		close(out[1]);
		read_line(out[0], "ready\n");
		kill(child, signals[i]);
		read_line(out[0], "stopping\n");
		kill(child, signals[i]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 128 + signals[i]);
		close(out[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_a_verb_beside_the_program_itself),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_diagnostics),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_no_progress_without_a_terminal),
		cmocka_unit_test(test_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
