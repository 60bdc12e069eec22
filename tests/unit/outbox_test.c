/* store/outbox: an intent stays until its outcome, also over a new process, and a key has one holder at a time. */
#include "store/outbox.h"
#include "database.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int remove_all(void **state)
{
	remove_files(state);
	return remove_folder(state);
}

static struct outbox *open_or_fail(void)
{
	char error[OUTBOX_ERROR_BYTES];
	struct outbox *o = outbox_open(path, false, error);
	if (o == NULL)
		fail_msg("%s", error);
	return o;
}

static void check_entry(struct outbox *o, const char *key, enum outbox_state state, int64_t at_ms)
{
	struct outbox_entry entry;
	assert_int_equal(outbox_get(o, key, &entry), 0);
	check_int(key, entry.state, state);
	check_int(key, entry.at_ms, at_ms);
}

static void test_missing_database_is_empty_when_only_read(void **state)
{
	char error[OUTBOX_ERROR_BYTES];
	(void)state;
	struct outbox *o = outbox_open(path, true, error);
	assert_non_null(o);
	check_entry(o, "k", OUTBOX_NONE, 0);
	outbox_close(o);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_states(void **state)
{
	const struct outbox_entry first = { .at_ms = 1000, .target = "maildir:/a", .recipient = "a@b.example" };
	const struct outbox_entry second = { .at_ms = 2000, .target = "maildir:/b", .recipient = "c@d.example" };
	struct outbox_entry entry;
	(void)state;
	struct outbox *o = open_or_fail();
	check_entry(o, "k", OUTBOX_NONE, 0);
	assert_int_equal(outbox_intend(o, "k", &first), 0);
	check_entry(o, "k", OUTBOX_INTENDED, 1000);
	outbox_close(o);
	o = open_or_fail();
	check_entry(o, "k", OUTBOX_INTENDED, 1000);
	assert_int_equal(outbox_intend(o, "k", &second), 0);
	assert_int_equal(outbox_settle(o, "k", 2001), 0);
	assert_int_equal(outbox_intend(o, "k", &first), 0);
	outbox_close(o);
	o = open_or_fail();
	check_entry(o, "k", OUTBOX_SENT, 2001);
	assert_int_equal(outbox_get(o, "k", &entry), 0);
	assert_string_equal(entry.target, "maildir:/b");
	assert_string_equal(entry.recipient, "c@d.example");
	check_entry(o, "other", OUTBOX_NONE, 0);
	outbox_close(o);
}

static void wake(int signal_number)
{
	(void)signal_number;
}

/* A child takes the key, says so, and stays until it is killed. */
static void test_a_key_is_free_when_its_holder_is_killed(void **state)
{
	int says[2];
	char byte;
	(void)state;
	assert_int_equal(pipe2(says, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		char error[OUTBOX_ERROR_BYTES];
		struct outbox *o = outbox_open(path, false, error);
		if (o == NULL || outbox_lock(o, "k") != 0 || write(says[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	assert_int_equal(read(says[0], &byte, 1), 1);
	struct outbox *o = open_or_fail();
	assert_int_equal(outbox_lock(o, "another"), 0);
	outbox_unlock(o);
	/* While the child lives, the alarm is what ends the wait. */
	struct sigaction nothing = { .sa_handler = wake };
	sigaction(SIGALRM, &nothing, NULL);
	ualarm(20000, 0);
	assert_int_equal(outbox_lock(o, "k"), -1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(outbox_lock(o, "k"), 0);
	outbox_unlock(o);
	outbox_close(o);
	close(says[0]);
	close(says[1]);
}

static void test_says_why_it_cannot_open(void **state)
{
	char error[OUTBOX_ERROR_BYTES];
	(void)state;
	assert_null(outbox_open("/nowhere/at/all.db", false, error));
	assert_string_equal(error, "/nowhere/at/all.db: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing_database_is_empty_when_only_read),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_a_key_is_free_when_its_holder_is_killed),
		cmocka_unit_test(test_says_why_it_cannot_open),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_all);
}
