/* bin/hs-tasks/pipeline.h - one route at work: claim | filter | complete as processes of ours, for hs-tasks run. */
#ifndef HS_TASKS_PIPELINE_H
#define HS_TASKS_PIPELINE_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { PIPELINE_PROCESSES = 3 };
enum pipeline_process { PIPELINE_CLAIM, PIPELINE_FILTER, PIPELINE_COMPLETE };

struct pipeline {
	pid_t pids[PIPELINE_PROCESSES]; /* 0: not running */
	int fds[PIPELINE_PROCESSES]; /* pidfds, to wait by; -1 with pid 0 */
	int statuses[PIPELINE_PROCESSES]; /* as a shell's $?: 128 + signal; of those that have ended */
};

struct pipeline_options {
	const char *program; /* this program's path */
	const char *const *claim, *const *complete; /* arguments, argv[0] included, NULL-ended */
	const char *filter; /* for sh -c, in a process group of its own */
};

/* Starts the three. complete's standard output is ours. False with errno; nothing runs then. */
bool pipeline_start(struct pipeline *p, const struct pipeline_options *options);

/* Takes note of who has ended. True: nobody runs any more. */
bool pipeline_reap(struct pipeline *p);

/* The end of the pipe is gone, and claim goes on: nothing that it has taken will ever come out. */
bool pipeline_is_broken(const struct pipeline *p);

/* Tells a process, or the filter's whole group, to end; without one it does nothing. */
void pipeline_signal(const struct pipeline *p, enum pipeline_process which, int signal);
#endif
