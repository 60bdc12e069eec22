/* A process that dies inside the governor's lock, between any two of its stores. Its mapping of the file is kept read-only, so that each store stops it; what the file
 * then holds is what a kill there would leave. Each such state is put into a file of its own, and those who come later must be able to work by it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "net/governor_core.h"

enum {
	SECOND = 1000000,
	WINDOW = 10 * SECOND,
	MAX = 60,
	LEARNED = 59,
	FILE_BYTES = sizeof(struct governor_core) + GOVERNOR_SHARED_SLOTS * sizeof(struct slot)
};
#define START ((int64_t)1000 * SECOND)

static const struct governor_limits limits = { .max = MAX, .window_us = WINDOW, .burst = MAX, .reserved = 4 };

static char folder[64], file[128], copy[128];

/* What the process that is to die has done, seen by the test. */
static struct progress {
	volatile int64_t now;
	volatile unsigned counted; /* calls of the last window, and those in flight, that the server may have counted */
	unsigned of_others; /* of these, those that stay */
	volatile bool is_done;
} * progress;

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/governor-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/key.governor", folder);
	snprintf(copy, sizeof copy, "%s/copy.governor", folder);
	progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return progress == MAP_FAILED ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	munmap(progress, sizeof *progress);
	unlink(file);
	unlink(copy);
	return rmdir(folder);
}

/* -- the process that dies -- */

static int take(struct governor *g, enum governor_class class)
{
	int64_t again;
	int slot = governor_take(g, class, progress->now, &again);
	if (slot >= 0)
		progress->counted++;
	return slot;
}

static void answer(struct governor *g, int slot, enum governor_outcome outcome)
{
	if (slot >= 0 && outcome == GOVERNOR_UNSENT)
		progress->counted--;
	if (slot >= 0)
		governor_answer(g, slot, outcome, progress->now);
}

/* Everything that changes the file. */
static void live(void)
{
	char error[GOVERNOR_ERROR_BYTES];
	struct governor *g = governor_open(folder, "key", &limits, progress->now, error);
	if (g == NULL)
		return;
	int one = take(g, GOVERNOR_BACKGROUND), two = take(g, GOVERNOR_INTERACTIVE), three = take(g, GOVERNOR_BACKGROUND);
	answer(g, one, GOVERNOR_OK);
	answer(g, two, GOVERNOR_UNSENT);
	governor_learn(g, LEARNED, 0);
	governor_may_retry(g, true);
	answer(g, three, GOVERNOR_LIMITED);
	governor_hold(g, progress->now + 1);
	take(g, GOVERNOR_BACKGROUND);
	take(g, GOVERNOR_INTERACTIVE);
	progress->now += 1;
	for (int i = 0; i < BREAKER_MIN; i++)
		answer(g, take(g, GOVERNOR_INTERACTIVE), GOVERNOR_FAILED);
	take(g, GOVERNOR_BACKGROUND);
	progress->counted = progress->of_others;
	progress->now += BREAKER_OPEN_US;
	for (int i = 0; i < BREAKER_PROBES + 1; i++)
		answer(g, take(g, GOVERNOR_BACKGROUND), i < 2 ? GOVERNOR_FAILED : GOVERNOR_OK);
	take(g, GOVERNOR_BACKGROUND); /* as if it were in flight at the end */
	progress->is_done = true;
}

/* -- those who come later -- */

static struct governor *open_copy(const char *bytes)
{
	char error[GOVERNOR_ERROR_BYTES] = "";
	int fd = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, FILE_BYTES), FILE_BYTES);
	close(fd);
	struct governor *g = governor_open(folder, "copy", &limits, progress->now, error);
	check_text("error", slice_of(error), slice_of(""));
	assert_non_null(g);
	return g;
}

/* Slots in flight are the dying one's, but for the one that a process has which lives on. */
static void check_owners(const char *bytes)
{
	const struct slot *slots = (const struct slot *)(const void *)(bytes + sizeof(struct governor_core));
	unsigned of_living = 0;
	for (int i = 0; i < GOVERNOR_SHARED_SLOTS; i++)
		of_living += slots[i].state == SLOT_IN_FLIGHT && slots[i].member == 0;
	check_int("in flight, of the living", of_living, 1);
}

static void check_state(const char *bytes, bool may_start_anew)
{
	struct governor *g = open_copy(bytes);
	int64_t again, later = progress->now + BREAKER_OPEN_US + 2 * WINDOW;
	struct governor_state s = governor_state(g, progress->now);
	unsigned max = s.max;
	if (!may_start_anew || s.busy < MAX)
		assert_in_range(s.busy, progress->counted, progress->counted + 1);
	assert_true(max == LEARNED || max == MAX);
	assert_true(s.retry_tokens <= GOVERNOR_RETRY_TOKENS);
	/* The breaker closes in the end: but it may be open, or open once more by what it has noted. */
	for (int i = 0, opened = 0; i < 2 * BREAKER_PROBES; i++) {
		int slot = governor_take(g, GOVERNOR_BACKGROUND, later, &again);
		if (slot == -2 && opened++ < 2) {
			later = again;
			i = -1;
			continue;
		}
		assert_true(slot >= 0);
		governor_answer(g, slot, GOVERNOR_OK, later);
	}
	later += 2 * WINDOW;
	s = governor_state(g, later);
	check_int("breaker", s.breaker_open || s.is_probing, 0);
	check_int("used", s.busy, 0);
	check_int("waiting", s.waiting + s.waiting_interactive, 0);
	for (unsigned i = 0; i < max; i++)
		assert_true(governor_take(g, GOVERNOR_BACKGROUND, later, &again) >= 0);
	check_int("one more than the limit", governor_take(g, GOVERNOR_INTERACTIVE, later, &again), -1);
	governor_free(g);
}

/* -- step by step -- */

static void *guarded; /* the mapping whose stores are counted; NULL: none yet */

/* In place of the C library's: the file's mapping starts out read-only in the process that is to die. */
static bool is_to_die;
void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t from)
{
	long result = syscall(SYS_mmap, at, len, is_to_die && fd >= 0 && flags == MAP_SHARED ? PROT_READ : protection, flags, fd, from);
	if (result != -1 && is_to_die && fd >= 0 && flags == MAP_SHARED)
		guarded = (void *)result;
	return result == -1 ? MAP_FAILED : (void *)result;
}

static void let_store(int sig)
{
	/* A bare system call, which POSIX has no name for as safe here. NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
	if (guarded == NULL || mprotect(guarded, FILE_BYTES, PROT_READ | PROT_WRITE) != 0)
		signal(sig, SIG_DFL);
}

static void guard_again(int sig)
{
	(void)sig;
	mprotect(guarded, FILE_BYTES, PROT_READ); /* NOLINT(bugprone-signal-handler,cert-sig30-c) */
}

static pid_t start_dying(void)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGSEGV, let_store);
	signal(SIGUSR1, guard_again);
	is_to_die = true;
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(9);
	raise(SIGSTOP);
	live();
	_exit(0);
}

static int wait_for(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Has one store done: the handler's call and its return, one instruction, and the other handler. */
static void do_store(pid_t pid)
{
	ptrace(PTRACE_SYSCALL, pid, NULL, SIGSEGV);
	for (int stops = 0; stops < 4; stops++) { /* before and after mprotect, before and after sigreturn */
		assert_true(WIFSTOPPED(wait_for(pid)));
		ptrace(stops < 3 ? PTRACE_SYSCALL : PTRACE_SINGLESTEP, pid, NULL, NULL);
	}
	assert_true(WIFSTOPPED(wait_for(pid)));
	ptrace(PTRACE_CONT, pid, NULL, SIGUSR1);
}

/* Runs live() store by store, and checks each new state of the file; their number. */
static unsigned step_through(const char *mapped, bool may_start_anew)
{
	static char last[FILE_BYTES];
	unsigned states = 0;
	pid_t pid = start_dying();
	memcpy(last, mapped, sizeof last);
	for (;;) {
		int status = wait_for(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 9)
			skip(); /* where it is not allowed to be watched */
		if (memcmp(last, mapped, sizeof last) != 0) {
			memcpy(last, mapped, sizeof last);
			if (!may_start_anew)
				check_owners(last);
			check_state(last, may_start_anew);
			states++;
		}
		if (!WIFSTOPPED(status)) {
			check_int("the process ended by itself", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
			assert_true(progress->is_done);
			return states;
		}
		if (WSTOPSIG(status) == SIGSEGV)
			do_store(pid);
		else
			ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
}

static void a_death_between_any_two_stores_leaves_a_governor_that_works(void **state)
{
	char error[GOVERNOR_ERROR_BYTES];
	(void)state;
	*progress = (struct progress){ .now = START, .counted = 1, .of_others = 1 };
	/* One that lives on, with a call in flight. */
	struct governor *other = governor_open(folder, "key", &limits, START, error);
	int64_t again;
	assert_non_null(other);
	check_int("slot", governor_take(other, GOVERNOR_BACKGROUND, START, &again), 0);
	int fd = open(file, O_RDONLY);
	char *mapped = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(mapped != MAP_FAILED);
	unsigned states = step_through(mapped, false);
	assert_true(states > 200);
	munmap(mapped, FILE_BYTES);
	close(fd);
	governor_free(other);
}

static void a_death_while_a_file_is_started_anew_leaves_no_call_uncounted(void **state)
{
	char error[GOVERNOR_ERROR_BYTES];
	(void)state;
	*progress = (struct progress){ .now = START, .counted = MAX }; /* what went out before is not known */
	governor_free(governor_open(folder, "key", &limits, START, error));
	int fd = open(file, O_RDWR);
	char *mapped = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(mapped != MAP_FAILED);
	mapped[16] = '?'; /* of another boot */
	unsigned states = step_through(mapped, true);
	assert_true(states > MAX);
	munmap(mapped, FILE_BYTES);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_death_between_any_two_stores_leaves_a_governor_that_works, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_death_while_a_file_is_started_anew_leaves_no_call_uncounted, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
