/* tests/fault/killat.c - runs a program and kills it, as kill -9 does, just before its K-th system call that reaches the outer world.
 *
 * killat [-k K] [-e SET] [-s] [-o FILE] -- CMD [ARG...]
 *
 * Without -k nothing is killed; the calls are counted. At the end FILE (standard error) gets one line: the number of calls counted, and where CMD was
 * killed the name of the call that did not run any more. With -s each counted call has a line of its own before that.
 * -e SET: names with commas, "outer" (the default: what changes files, folders, locks or a peer) or "all".
 *
 * The status is CMD's, 128 and the signal where a signal ended it: 137 where it was killed. All threads of CMD are counted, its child processes are
 * not touched. Should killat itself be killed, CMD goes with it. What changes shared memory is no system call and is not seen. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALL_ROOM = 1024, EXIT_USAGE = 2, EXIT_NOT_RUN = 127, SIGNALLED = 128 };

#define OUTER(name)                                                                                                                                  \
	{                                                                                                                                            \
#name, __NR_##name, true                                                                                                             \
	}
#define INNER(name)                                                                                                                                  \
	{                                                                                                                                            \
#name, __NR_##name, false                                                                                                            \
	}

/* Those that have a name here; the others go by number. */
static const struct {
	const char *name;
	long number;
	bool is_outer;
} calls[] = {
	OUTER(write),
	OUTER(writev),
	OUTER(pwrite64),
	OUTER(pwritev),
	OUTER(pwritev2),
	OUTER(sendto),
	OUTER(sendmsg),
	OUTER(sendmmsg),
	OUTER(sendfile),
	OUTER(splice),
	OUTER(copy_file_range),
	OUTER(fsync),
	OUTER(fdatasync),
	OUTER(msync),
	OUTER(openat), /* that creates or empties a file */
	OUTER(renameat),
	OUTER(renameat2),
	OUTER(linkat),
	OUTER(symlinkat),
	OUTER(unlinkat),
	OUTER(mkdirat),
	OUTER(truncate),
	OUTER(ftruncate),
	OUTER(fallocate),
	OUTER(fchmod),
	OUTER(fchmodat),
	OUTER(utimensat),
	OUTER(flock),
	OUTER(fcntl), /* that takes or drops a lock */
	OUTER(connect),
	OUTER(shutdown),
	OUTER(kill),
#ifdef __NR_open
	OUTER(open),
	OUTER(creat),
	OUTER(rename),
	OUTER(link),
	OUTER(symlink),
	OUTER(unlink),
	OUTER(rmdir),
	OUTER(mkdir),
	OUTER(chmod),
	INNER(stat),
	INNER(poll),
#endif
	INNER(read),
	INNER(readv),
	INNER(pread64),
	INNER(recvfrom),
	INNER(recvmsg),
	INNER(close),
	INNER(lseek),
	INNER(newfstatat),
	INNER(fstat),
	INNER(mmap),
	INNER(munmap),
	INNER(mprotect),
	INNER(brk),
	INNER(socket),
	INNER(ppoll),
	INNER(epoll_pwait),
	INNER(futex),
	INNER(clock_nanosleep),
	INNER(execve),
	INNER(exit_group),
};
enum { NAMED = sizeof calls / sizeof calls[0] };

struct options {
	unsigned long kill_at; /* 0: never */
	bool counts[CALL_ROOM]; /* by number */
	bool counts_all, shows_each;
	const char *out_path;
};

static volatile sig_atomic_t traced; /* CMD's process id */

static void die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(EXIT_NOT_RUN);
}

static void usage(void)
{
	fputs("usage: killat [-k K] [-e SET] [-s] [-o FILE] -- CMD [ARG...]\n", stderr);
	exit(EXIT_USAGE);
}

/* -- the set -- */

static void take_name(struct options *opt, const char *name)
{
	bool is_known = false;
	opt->counts_all |= strcmp(name, "all") == 0;
	for (size_t i = 0; i < NAMED; i++)
		if (strcmp(name, calls[i].name) == 0 || (strcmp(name, "outer") == 0 && calls[i].is_outer)) {
			opt->counts[calls[i].number] = true;
			is_known = true;
		}
	if (is_known || opt->counts_all)
		return;
	fprintf(stderr, "killat: no system call is called \"%s\" here\n", name);
	exit(EXIT_USAGE);
}

static void take_set(struct options *opt, char *set)
{
	for (char *name = strtok(set, ","); name != NULL; name = strtok(NULL, ","))
		take_name(opt, name);
}

static bool is_lock(uint64_t command)
{
	return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

/* Of some calls only those with certain arguments count. */
static bool is_counted(const struct options *opt, uint64_t number, const uint64_t args[6])
{
	if (opt->counts_all)
		return true;
	if (number >= CALL_ROOM || !opt->counts[number])
		return false;
	switch (number) {
	case __NR_fcntl: return is_lock(args[1]);
	case __NR_openat: return (args[2] & (O_CREAT | O_TRUNC)) != 0;
#ifdef __NR_open
	case __NR_open: return (args[1] & (O_CREAT | O_TRUNC)) != 0;
#endif
	default: return true;
	}
}

static void put_name(FILE *out, uint64_t number)
{
	for (size_t i = 0; i < NAMED; i++)
		if ((uint64_t)calls[i].number == number) {
			fputs(calls[i].name, out);
			return;
		}
	fprintf(out, "%llu", (unsigned long long)number);
}

/* -- the program -- */

/* Starts CMD stopped before its first instruction of ours, traced, and bound to die with us. */
static pid_t start(char **command)
{
	static const unsigned long trace_options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	int gate[2], status;
	char byte;
	if (pipe2(gate, O_CLOEXEC) != 0)
		die("pipe");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(gate[1]);
		while (read(gate[0], &byte, 1) < 0 && errno == EINTR)
			;
		setenv("LSAN_OPTIONS", "detect_leaks=0", 0); /* a sanitizer that cannot work under ptrace, and fails for it */
		execvp(command[0], command);
		die(command[0]);
	}
	close(gate[0]);
	traced = pid;
	if (ptrace(PTRACE_SEIZE, pid, 0, trace_options) != 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) != 0 || waitpid(pid, &status, __WALL) != pid ||
		ptrace(PTRACE_SYSCALL, pid, 0, 0) != 0)
		die("ptrace");
	close(gate[1]); /* now it goes on */
	return pid;
}

/* The number of the call that the thread is about to make, if one that counts. */
static bool is_entering(const struct options *opt, pid_t thread, uint64_t *number)
{
	struct __ptrace_syscall_info info;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	*number = info.entry.nr;
	return is_counted(opt, info.entry.nr, info.entry.args);
}

/* Lets a stopped thread go on: a signal is passed to it, a stop of the whole process lasts. */
static void resume(pid_t thread, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	bool is_signal = event == 0 && signal != (SIGTRAP | 0x80);
	bool is_group_stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
	ptrace(is_group_stop ? PTRACE_LISTEN : PTRACE_SYSCALL, thread, 0, is_signal ? (unsigned long)signal : 0UL);
}

/* Until CMD has ended; gives its wait status. */
static int trace(const struct options *opt, pid_t pid, FILE *out)
{
	unsigned long count = 0;
	bool has_started = false; /* what comes before CMD's own program is ours */
	for (;;) {
		int status;
		uint64_t number;
		pid_t thread = waitpid(-1, &status, __WALL);
		if (thread < 0 && errno == EINTR)
			continue;
		if (thread < 0)
			die("wait");
		if (!WIFSTOPPED(status)) {
			if (thread != pid)
				continue;
			if (opt->kill_at == 0 || count < opt->kill_at)
				fprintf(out, "%lu\n", count);
			return status;
		}
		has_started |= status >> 16 == PTRACE_EVENT_EXEC;
		if (has_started && WSTOPSIG(status) == (SIGTRAP | 0x80) && (opt->kill_at == 0 || count < opt->kill_at) &&
			is_entering(opt, thread, &number)) {
			count++;
			if (opt->shows_each || count == opt->kill_at) {
				fprintf(out, "%lu ", count);
				put_name(out, number);
				fputc('\n', out);
			}
			if (count == opt->kill_at) {
				kill(pid, SIGKILL); /* a thread that is killed where it stands does not make its call */
				continue;
			}
		}
		resume(thread, status);
	}
}

static void pass_on(int signal)
{
	int error = errno;
	if (traced > 0)
		kill((pid_t)traced, signal);
	errno = error;
}

static struct options parse_options(int argc, char **argv)
{
	struct options opt = { .kill_at = 0 };
	bool has_set = false;
	char *end;
	for (int c; (c = getopt(argc, argv, "+k:e:so:")) != -1;)
		switch (c) {
		case 'k':
			opt.kill_at = strtoul(optarg, &end, 10);
			if (*optarg == '\0' || *end != '\0')
				usage();
			break;
		case 'e':
			take_set(&opt, optarg);
			has_set = true;
			break;
		case 's': opt.shows_each = true; break;
		case 'o': opt.out_path = optarg; break;
		default: usage();
		}
	if (optind == argc)
		usage();
	if (!has_set)
		take_name(&opt, "outer");
	return opt;
}

int main(int argc, char **argv)
{
	static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP };
	struct options opt = parse_options(argc, argv);
	FILE *out = opt.out_path == NULL ? stderr : fopen(opt.out_path, "we");
	if (out == NULL)
		die(opt.out_path);
	pid_t pid = start(argv + optind);
	for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++)
		sigaction(passed_on[i], &(struct sigaction){ .sa_handler = pass_on }, NULL);
	int status = trace(&opt, pid, out);
	if (fclose(out) != 0)
		die(opt.out_path == NULL ? "stderr" : opt.out_path);
	return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
}
