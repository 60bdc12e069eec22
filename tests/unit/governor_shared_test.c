/* Several processes, one governor. A second governor_open in this process is a process of its own to the file: its locks belong to another open file description. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "net/governor.h"

enum { SECOND = 1000000, WINDOW = 10 * SECOND };
#define START ((int64_t)1000 * SECOND)

static char folder[64], file[128];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/governor-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/key.governor", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

static struct governor *open_with(unsigned max, unsigned burst, unsigned reserved, int64_t now)
{
	struct governor_limits limits = { .max = max, .window_us = WINDOW, .burst = burst, .reserved = reserved };
	char error[GOVERNOR_ERROR_BYTES] = "";
	struct governor *g = governor_open(folder, "key", &limits, now, error);
	check_text("error", slice_of(error), slice_of(""));
	assert_non_null(g);
	return g;
}

static int take(struct governor *g, int64_t now)
{
	int64_t again;
	return governor_take(g, GOVERNOR_BACKGROUND, now, &again);
}

static void two_processes_have_one_ceiling(void **state)
{
	(void)state;
	struct governor *a = open_with(2, 40, 0, START), *b = open_with(2, 40, 0, START);
	int slot = take(a, START);
	assert_true(slot >= 0);
	assert_true(take(b, START) >= 0);
	check_int("a third call", take(a, START), -1);
	governor_answer(a, slot, GOVERNOR_OK, START + SECOND);
	check_int("within the window of the answer", take(b, START + SECOND + WINDOW), -1);
	assert_true(take(b, START + SECOND + WINDOW + SECOND) >= 0);
	governor_free(a);
	governor_free(b);
}

static void what_a_dead_process_had_in_hand_counts_as_answered_when_it_is_found(void **state)
{
	(void)state;
	struct governor *a = open_with(1, 40, 0, START), *b = open_with(1, 40, 0, START);
	assert_true(take(b, START) >= 0);
	governor_free(b); /* its locks go, as they do with kill -9 */
	check_int("just found", take(a, START + SECOND), -1);
	check_int("a window later", take(a, START + SECOND + WINDOW), -1);
	assert_true(take(a, START + SECOND + WINDOW + SECOND) >= 0);
	governor_free(a);
}

static void a_killed_process_leaves_no_lock_behind(void **state)
{
	(void)state;
	int ready[2], status;
	char byte;
	struct governor *a = open_with(5, 40, 0, START);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct governor_limits limits = { .max = 5, .window_us = WINDOW, .burst = 40 };
		char error[GOVERNOR_ERROR_BYTES];
		struct governor *g = governor_open(folder, "key", &limits, START, error);
		int64_t again;
		for (int64_t now = START;; now++) {
			governor_take(g, GOVERNOR_BACKGROUND, now, &again);
			if (write(ready[1], "", 1) != 1)
				_exit(1);
		}
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	check_int("members", governor_state(a, START).members, 1);
	take(a, START + SECOND);
	check_int("in flight", governor_state(a, START + SECOND).in_flight, 0);
	check_int("used", governor_state(a, START + SECOND).busy, 5);
	close(ready[0]);
	close(ready[1]);
	governor_free(a);
}

static void whoever_waits_longest_goes_first(void **state)
{
	(void)state;
	int64_t again, now = START;
	struct governor *a = open_with(1, 40, 0, START), *b = open_with(1, 40, 0, START), *c = open_with(1, 40, 0, START);
	int slot = take(c, now);
	governor_answer(c, slot, GOVERNOR_OK, now);
	check_int("a waits", governor_take(a, GOVERNOR_BACKGROUND, now, &again), -1);
	check_int("b waits", governor_take(b, GOVERNOR_BACKGROUND, now, &again), -1);
	check_int("waiting", governor_state(a, now).waiting, 2);
	now = START + WINDOW + WINDOW / 1000 + 1;
	check_int("b must let a go first", governor_take(b, GOVERNOR_BACKGROUND, now, &again), -1);
	assert_true(again - now <= SECOND);
	assert_true(take(a, now) >= 0);
	governor_free(a);
	governor_free(b);
	governor_free(c);
}

static void one_that_does_not_come_when_it_is_its_turn_is_passed_over(void **state)
{
	(void)state;
	int64_t again, now = START;
	struct governor *a = open_with(1, 40, 0, START), *b = open_with(1, 40, 0, START), *c = open_with(1, 40, 0, START);
	int slot = take(c, now);
	governor_answer(c, slot, GOVERNOR_OK, now);
	check_int("a waits", governor_take(a, GOVERNOR_BACKGROUND, now, &again), -1);
	check_int("b waits", governor_take(b, GOVERNOR_BACKGROUND, now, &again), -1);
	assert_true(take(b, START + WINDOW + SECOND) >= 0);
	governor_free(a);
	governor_free(b);
	governor_free(c);
}

static void a_hold_and_what_was_learned_count_for_all(void **state)
{
	(void)state;
	struct governor *a = open_with(190, 40, 0, START), *b = open_with(190, 40, 0, START);
	governor_learn(a, 3, 5 * SECOND);
	check_int("max", governor_state(b, START).max, 3);
	governor_hold(a, START + SECOND);
	check_int("held", take(b, START), -1);
	assert_true(take(b, START + SECOND) >= 0);
	governor_free(a);
	governor_free(b);
	/* And for those who come later: what the server said outlives the processes. */
	a = open_with(190, 40, 0, START + SECOND);
	check_int("max of a new process", governor_state(a, START + SECOND).max, 3);
	governor_free(a);
}

static void the_breaker_and_the_retries_are_shared(void **state)
{
	(void)state;
	struct governor *a = open_with(190, 40, 0, START), *b = open_with(190, 40, 0, START);
	enum governor_news news = GOVERNOR_NO_NEWS;
	int64_t again;
	for (int i = 0; i < 20; i++) {
		int slot = governor_take(a, GOVERNOR_INTERACTIVE, START, &again);
		assert_true(slot >= 0);
		enum governor_news one = governor_answer(a, slot, GOVERNOR_FAILED, START);
		news = one != GOVERNOR_NO_NEWS ? one : news;
	}
	check_int("told once", news, GOVERNOR_DOWN);
	check_int("open for the other", governor_take(b, GOVERNOR_INTERACTIVE, START, &again), -2);
	for (int i = 0; i < 100; i++)
		assert_true(governor_may_retry(i % 2 == 0 ? a : b, false));
	assert_false(governor_may_retry(a, false));
	assert_false(governor_may_retry(b, false));
	governor_free(a);
	governor_free(b);
}

static void write_file(const char *bytes, size_t len, off_t at, int flags)
{
	int fd = open(file, O_WRONLY | O_CREAT | flags, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
	close(fd);
}

static void a_damaged_file_and_one_of_another_boot_start_with_all_slots_used(void **state)
{
	static const struct {
		const char *name, *bytes;
		off_t at;
		int flags;
	} rows[] = {
		{ "garbage", "this is no governor", 0, O_TRUNC },
		{ "half a file", "LPGOV", 0, O_TRUNC },
		{ "another boot", "00000000-0000", 16, 0 },
		{ "not complete", "\0", 12, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		governor_free(open_with(7, 40, 0, START));
		write_file(rows[i].bytes, strlen(rows[i].bytes) + (rows[i].bytes[0] == '\0'), rows[i].at, rows[i].flags);
		struct governor *g = open_with(7, 40, 0, START);
		check_int(rows[i].name, governor_state(g, START).busy, 7);
		check_int(rows[i].name, take(g, START), -1);
		assert_true(take(g, START + WINDOW + SECOND) >= 0);
		governor_free(g);
	}
}

static void a_newer_version_is_refused(void **state)
{
	struct governor_limits limits = { .max = 7, .window_us = WINDOW };
	char error[GOVERNOR_ERROR_BYTES], want[256];
	(void)state;
	governor_free(open_with(7, 40, 0, START));
	write_file("\2", 1, 8, 0);
	assert_null(governor_open(folder, "key", &limits, START, error));
	snprintf(want, sizeof want, "%s: was made by a newer version of this program", file);
	check_text("error", slice_of(error), slice_of(want));
	unlink(file);
}

static void a_full_disk_is_said_at_once(void **state)
{
	struct governor_limits limits = { .max = 7, .window_us = WINDOW };
	char error[GOVERNOR_ERROR_BYTES];
	(void)state;
	unlink(file);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit none = { 0, 0 };
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &none);
		_exit(governor_open(folder, "key", &limits, START, error) == NULL && strstr(error, "File too large") != NULL ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	check_int("status", WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_processes_have_one_ceiling, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_a_dead_process_had_in_hand_counts_as_answered_when_it_is_found, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_killed_process_leaves_no_lock_behind, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(whoever_waits_longest_goes_first, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(one_that_does_not_come_when_it_is_its_turn_is_passed_over, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_hold_and_what_was_learned_count_for_all, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(the_breaker_and_the_retries_are_shared, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_damaged_file_and_one_of_another_boot_start_with_all_slots_used, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_newer_version_is_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_full_disk_is_said_at_once, make_folder, remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
