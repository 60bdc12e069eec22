#include "pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* in, out: -1 for ours. SIGPIPE and the signals that run catches are as anybody's in the child. */
static pid_t spawn(const char *path, const char *const *arguments, int in, int out, bool has_own_group)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	pid_t pid = -1;
	int error = 0;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGTERM);
	sigaddset(&defaults, SIGINT);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGDEF | (has_own_group ? POSIX_SPAWN_SETPGROUP : 0)));
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	error = posix_spawn(&pid, path, &actions, &attributes, (char *const *)(uintptr_t)arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	errno = error;
	return error == 0 ? pid : 0;
}

static void adopt(struct pipeline *p, enum pipeline_process which, pid_t pid)
{
	p->pids[which] = pid;
	p->fds[which] = pid == 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
}

bool pipeline_start(struct pipeline *p, const struct pipeline_options *o)
{
	const char *const shell[] = { "sh", "-c", o->filter, NULL };
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	*p = (struct pipeline){ .fds = { -1, -1, -1 } };
	bool ok = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0;
	if (ok) {
		adopt(p, PIPELINE_COMPLETE, spawn(o->program, o->complete, out[0], -1, false));
		ok = p->pids[PIPELINE_COMPLETE] != 0;
	}
	if (ok) {
		adopt(p, PIPELINE_FILTER, spawn("/bin/sh", shell, in[0], out[1], true));
		ok = p->pids[PIPELINE_FILTER] != 0;
	}
	if (ok) {
		adopt(p, PIPELINE_CLAIM, spawn(o->program, o->claim, -1, in[1], false));
		ok = p->pids[PIPELINE_CLAIM] != 0;
	}
	int error = errno;
	for (int i = 0; i < 2; i++) {
		if (in[i] >= 0)
			close(in[i]);
		if (out[i] >= 0)
			close(out[i]);
	}
	/* Those that run meet the end of their input, since nobody writes. */
	for (bool ended = ok; !ended; ended = pipeline_reap(p))
		for (int i = 0; i < PIPELINE_PROCESSES; i++)
			if (p->pids[i] != 0)
				waitid(P_PID, (id_t)p->pids[i], &(siginfo_t){ .si_code = 0 }, WEXITED | WNOWAIT);
	errno = error;
	return ok;
}

bool pipeline_reap(struct pipeline *p)
{
	bool any = false;
	for (int i = 0; i < PIPELINE_PROCESSES; i++) {
		int status;
		if (p->pids[i] == 0)
			continue;
		if (waitpid(p->pids[i], &status, WNOHANG) != p->pids[i]) {
			any = true;
			continue;
		}
		p->statuses[i] = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		p->pids[i] = 0;
		if (p->fds[i] >= 0)
			close(p->fds[i]);
		p->fds[i] = -1;
	}
	return !any;
}

bool pipeline_is_broken(const struct pipeline *p)
{
	return p->pids[PIPELINE_CLAIM] != 0 && p->pids[PIPELINE_COMPLETE] == 0;
}

void pipeline_signal(const struct pipeline *p, enum pipeline_process which, int signal)
{
	if (p->pids[which] != 0)
		kill(which == PIPELINE_FILTER ? -p->pids[which] : p->pids[which], signal);
}
