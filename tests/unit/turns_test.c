/* net/turns: one at a time and a pause between two, whichever process asks, whatever kills it. */
#include "net/turns.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "database.h"

static const char host[] = "http://a.example:80", other[] = "http://b.example:80";

static struct turns *open_or_fail(void)
{
	char error[TURNS_ERROR_BYTES];
	struct turns *t = turns_open(path, error);
	if (t == NULL)
		fail_msg("%s", error);
	return t;
}

static void check_taken(struct turns *t, const char *which, int64_t now_us)
{
	int64_t again_us;
	if (!turns_take(t, which, now_us, &again_us))
		fail_msg("%s is not to be had at %lld", which, (long long)now_us);
}

static void check_refused(struct turns *t, const char *which, int64_t now_us, int64_t want_us)
{
	int64_t again_us;
	assert_false(turns_take(t, which, now_us, &again_us));
	check_int(which, again_us, want_us);
}

static void one_at_a_time_and_a_pause_between_two(void **state)
{
	(void)state;
	struct turns *a = open_or_fail(), *b = open_or_fail(); /* locks of two opened files exclude each other, as those of two processes do */
	check_taken(a, host, 1000);
	check_refused(b, host, 1000, 21000);
	check_refused(a, host, 1000, 21000);
	check_taken(b, other, 1000);
	turns_give(a, host, 2000, 500000);
	check_refused(a, host, 3000, 500000);
	check_refused(b, host, 499999, 500000);
	check_taken(b, host, 500000);
	turns_give(b, host, 500001, 500001);
	check_taken(a, host, 500001);
	turns_close(a);
	check_taken(b, host, 500002); /* closing lets go */
	turns_close(b);
}

static void a_pause_is_an_hour_at_most_and_a_damaged_one_none(void **state)
{
	static const int64_t HOUR_US = 3600000000;
	(void)state;
	struct turns *t = open_or_fail();
	check_taken(t, host, 10);
	turns_give(t, host, 10, INT64_MAX);
	check_refused(t, host, 11, 10 + HOUR_US);
	turns_close(t);
	int fd = open(path, O_RDWR);
	unsigned char noise[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	for (off_t at = 64; at < 64 + 8 * (off_t)TURNS_PLACES; at += 8)
		assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
	close(fd);
	t = open_or_fail();
	check_taken(t, host, 12);
	turns_close(t);
}

static void who_is_killed_lets_go(void **state)
{
	int ready[2], status;
	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct turns *t = open_or_fail();
		check_taken(t, host, 1);
		status = write(ready[1], "x", 1) == 1 ? 0 : 1;
		pause();
		_exit(status);
	}
	char c;
	assert_int_equal(read(ready[0], &c, 1), 1);
	struct turns *t = open_or_fail();
	check_refused(t, host, 1, 20001);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	check_taken(t, host, 2);
	turns_close(t);
	close(ready[0]);
	close(ready[1]);
}

static void a_table_of_another_boot_or_none_of_ours_starts_empty(void **state)
{
	static const char *const heads[] = { "leadpipe turns 1another-boot", "something else", "" };
	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct turns *t = open_or_fail();
		check_taken(t, host, 1);
		turns_give(t, host, 1, 1000000);
		turns_close(t);
		int fd = open(path, O_RDWR | (heads[i][0] == '\0' ? O_TRUNC : 0));
		assert_int_equal(pwrite(fd, heads[i], strlen(heads[i]), 0), strlen(heads[i]));
		close(fd);
		t = open_or_fail();
		check_taken(t, host, 2);
		turns_close(t);
	}
}

static void says_why_it_cannot_be_opened(void **state)
{
	char error[TURNS_ERROR_BYTES];
	(void)state;
	assert_null(turns_open("/nowhere/web.turns", error));
	assert_string_equal(error, "/nowhere/web.turns: No such file or directory");
	turns_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(one_at_a_time_and_a_pause_between_two, remove_files),
		cmocka_unit_test_teardown(a_pause_is_an_hour_at_most_and_a_damaged_one_none, remove_files),
		cmocka_unit_test_teardown(who_is_killed_lets_go, remove_files),
		cmocka_unit_test_teardown(a_table_of_another_boot_or_none_of_ours_starts_empty, remove_files),
		cmocka_unit_test(says_why_it_cannot_be_opened),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
