/* tests/bench/measure.c - runs a command several times and prints "MEDIAN_S MIN_S CPU_S MAX_RSS_KB".
 *
 * measure RUNS INPUT OUTPUT COMMAND [ARG...]: standard input and output are these files. The figures are the median and the least of the elapsed time, the
 * median of user and system time, and the greatest resident size. A shell's own start would be a good part of what a start-up time of 1 ms is made of,
 * hence a program. A command that fails ends it with status 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RUNS = 10000 };

static double elapsed[MAX_RUNS], cpu[MAX_RUNS];

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int by_size(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return a < b ? -1 : a > b;
}

/* Not fork: a copy of this process would count as the command's memory until it is replaced, and cost time; posix_spawn shares it until then. */
static int start(pid_t *pid, const char *input, const char *output, char **command)
{
	posix_spawn_file_actions_t files;
	if (posix_spawn_file_actions_init(&files) != 0)
		return 0;
	int ok = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input, O_RDONLY, 0) == 0 &&
		posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0600) == 0 &&
		posix_spawnp(pid, command[0], &files, NULL, command, environ) == 0;
	posix_spawn_file_actions_destroy(&files);
	return ok;
}

/* False when it failed; its greatest resident size goes into *rss_kb. */
static int run_once(int run, const char *input, const char *output, char **command, long *rss_kb)
{
	int status;
	pid_t pid;
	struct rusage usage;
	double began = now();
	if (!start(&pid, input, output, command))
		return 0;
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return 0;
	elapsed[run] = now() - began;
	cpu[run] = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	if (usage.ru_maxrss > *rss_kb)
		*rss_kb = usage.ru_maxrss;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
	int runs = argc > 4 ? atoi(argv[1]) : 0;
	long rss_kb = 0;
	if (runs < 1 || runs > MAX_RUNS) {
		fprintf(stderr, "usage: measure RUNS INPUT OUTPUT COMMAND [ARG...]\n");
		return 2;
	}
	for (int run = 0; run < runs; run++)
		if (!run_once(run, argv[2], argv[3], argv + 4, &rss_kb)) {
			fprintf(stderr, "measure: %s failed\n", argv[4]);
			return 1;
		}
	qsort(elapsed, (size_t)runs, sizeof elapsed[0], by_size);
	qsort(cpu, (size_t)runs, sizeof cpu[0], by_size);
	printf("%.6f %.6f %.6f %ld\n", elapsed[runs / 2], elapsed[0], cpu[runs / 2], rss_kb);
	return 0;
}
