/* store/cache: keeps answers over processes and within its bound, gives each key to one fetcher, and is never a reason to fail. */
#include "store/cache.h"
#include "database.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"

static struct cache *open_or_fail(int64_t max_bytes)
{
	char error[CACHE_ERROR_BYTES];
	struct cache *c = cache_open(path, max_bytes, error);
	if (c == NULL)
		fail_msg("%s", error);
	return c;
}

static void put(struct cache *c, const char *key, struct slice body, int64_t now_ms)
{
	cache_put(c, key,
		&(struct cache_entry){ .kind = SLICE("test"), .status = 200, .stored_ms = now_ms, .fresh_until_ms = INT64_MAX, .body = body });
}

static bool has(struct cache *c, const char *key, int64_t now_ms)
{
	struct cache_entry entry;
	return cache_get(c, key, now_ms, &entry);
}

static void test_an_entry_comes_back_as_it_was(void **state)
{
	static const struct cache_entry first = { SLICE("web"), 0, 200, 1000, 9000, SLICE("HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), SLICE("a\0b\xff"),
		SLICE("") };
	static const struct cache_entry second = { SLICE("web"), 3, 0, 2000, INT64_MAX, SLICE(""), SLICE(""), SLICE("no such name") };
	const struct cache_entry *const rows[] = { &first, &second };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cache_entry got;
		struct cache *c = open_or_fail(0);
		assert_int_equal(cache_get(c, "k", 3000, &got), i > 0);
		cache_put(c, "k", rows[i]);
		cache_close(c);
		c = open_or_fail(0);
		assert_true(cache_get(c, "k", 3000, &got));
		check_text("kind", got.kind, rows[i]->kind);
		check_text("headers", got.headers, rows[i]->headers);
		check_text("body", got.body, rows[i]->body);
		check_text("error", got.error, rows[i]->error);
		check_int("outcome", got.outcome, rows[i]->outcome);
		check_int("status", got.status, rows[i]->status);
		check_int("stored_ms", got.stored_ms, rows[i]->stored_ms);
		check_int("fresh_until_ms", got.fresh_until_ms, rows[i]->fresh_until_ms);
		assert_false(has(c, "other", 3000));
		cache_close(c);
	}
}

/* A borrowed entry may be put back, as after "304 Not Modified". */
static void test_what_was_got_may_be_put(void **state)
{
	struct cache_entry got;
	(void)state;
	struct cache *c = open_or_fail(0);
	put(c, "k", slice_of("hello"), 1);
	assert_true(cache_get(c, "k", 2, &got));
	got.stored_ms = 5;
	cache_put(c, "k", &got);
	assert_true(cache_get(c, "k", 6, &got));
	check_text("body", got.body, slice_of("hello"));
	check_int("stored_ms", got.stored_ms, 5);
	cache_close(c);
}

static void test_the_bound_holds_and_who_was_not_used_goes_first(void **state)
{
	enum { MAX = 4 << 20, BODY = 20000, ENTRIES = 1000, HOUR_MS = 3600000 };
	static char body[BODY];
	struct stat file;
	(void)state;
	struct cache *c = open_or_fail(MAX);
	put(c, "used", (struct slice){ body, BODY }, 0);
	put(c, "left", (struct slice){ body, BODY }, 0);
	for (int i = 0; i < ENTRIES; i++) {
		char key[32];
		snprintf(key, sizeof key, "%d", i);
		put(c, key, (struct slice){ body, BODY }, (int64_t)i * HOUR_MS);
		assert_true(has(c, "used", (int64_t)i * HOUR_MS));
	}
	assert_false(has(c, "left", 0));
	assert_false(has(c, "0", 0));
	for (int i = ENTRIES - 100; i < ENTRIES; i++) {
		char key[32];
		snprintf(key, sizeof key, "%d", i);
		assert_true(has(c, key, 0));
	}
	put(c, "giant", (struct slice){ body, MAX / 8 + 1 }, 0);
	assert_false(has(c, "giant", 0));
	cache_close(c);
	assert_int_equal(stat(path, &file), 0);
	assert_true(file.st_size < MAX + MAX / 8);
}

static void test_a_key_is_free_when_its_holder_is_killed(void **state)
{
	int says[2];
	char byte;
	(void)state;
	assert_int_equal(pipe2(says, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		char error[CACHE_ERROR_BYTES];
		struct cache *c = cache_open(path, 0, error);
		if (c == NULL || !cache_lock(c, "k") || write(says[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	assert_int_equal(read(says[0], &byte, 1), 1);
	struct cache *c = open_or_fail(0);
	assert_false(cache_lock(c, "k"));
	assert_true(cache_lock(c, "another"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_true(cache_lock(c, "k"));
	cache_unlock(c, "k");
	cache_close(c);
	close(says[0]);
	close(says[1]);
}

static void overwrite(off_t at, size_t len, struct random *random)
{
	char noise[4096];
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && len <= sizeof noise);
	for (size_t i = 0; i < len; i++)
		noise[i] = (char)random_next(random);
	assert_int_equal(pwrite(fd, noise, len, at), len);
	close(fd);
}

/* Whatever was overwritten: after the next opening and use, it works as one that is new or whole. */
static void test_a_damaged_database_is_emptied(void **state)
{
	static const struct {
		const char *name;
		off_t at;
		size_t len;
	} rows[] = { { "header", 0, 100 }, { "schema", 0, 4096 }, { "magic", 3, 1 }, { "tables", 4096, 4096 }, { "second page on", 8192, 4096 } };
	static char body[3000];
	struct random random;
	(void)state;
	random_seed(&random, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cache *c = open_or_fail(0);
		for (int n = 0; n < 40; n++) {
			char key[16];
			snprintf(key, sizeof key, "%d", n);
			put(c, key, (struct slice){ body, sizeof body }, 1);
		}
		cache_close(c);
		overwrite(rows[i].at, rows[i].len, &random);
		c = open_or_fail(0);
		for (int n = 0; n < 40; n++) {
			char key[16];
			snprintf(key, sizeof key, "%d", n);
			has(c, key, 1);
		}
		for (int n = 0; n < 2; n++) /* the first may be what meets the damage */
			put(c, "k", slice_of("hello"), 2);
		if (!has(c, "k", 2))
			fail_msg("%s: keeps nothing", rows[i].name);
		cache_close(c);
		remove_files(NULL);
	}
}

static void test_a_text_file_in_its_place_is_emptied_and_a_folder_is_told(void **state)
{
	char error[CACHE_ERROR_BYTES], want[128];
	struct random random;
	(void)state;
	random_seed(&random, 2);
	overwrite(0, 4000, &random);
	struct cache *c = open_or_fail(0);
	put(c, "k", slice_of("hello"), 2);
	assert_true(has(c, "k", 2));
	cache_close(c);
	remove_files(NULL);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(cache_open(path, 0, error));
	snprintf(want, sizeof want, "%s: unable to open database file", path);
	assert_string_equal(error, want);
	assert_int_equal(rmdir(path), 0);
}

static _Noreturn void use_it_for_a_while(int says)
{
	enum { ROUNDS = 200 };
	static char body[3000];
	for (int n = 0; n < ROUNDS; n++) {
		char error[CACHE_ERROR_BYTES], key[16];
		struct cache *c = cache_open(path, 1 << 20, error);
		snprintf(key, sizeof key, "%d", n % 50);
		if (c != NULL && !has(c, key, n))
			put(c, key, (struct slice){ body, sizeof body }, n);
		cache_close(c);
		if (n % 10 == 0 && write(says, "x", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

/* Six processes use it while the file under them is overwritten again and again: none of them fails, and it is in order afterwards. */
static void test_damage_under_running_processes_stops_none_of_them(void **state)
{
	enum { PROCESSES = 6 };
	pid_t children[PROCESSES];
	struct random random;
	int says[2];
	char byte;
	(void)state;
	assert_int_equal(pipe2(says, O_CLOEXEC), 0);
	for (int i = 0; i < PROCESSES; i++)
		if ((children[i] = fork()) == 0)
			use_it_for_a_while(says[1]);
	close(says[1]);
	random_seed(&random, 3);
	while (read(says[0], &byte, 1) == 1)
		overwrite((off_t)random_below(&random, 40) * 1000, 1 + (size_t)random_below(&random, 300), &random);
	close(says[0]);
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	struct cache *c = open_or_fail(0);
	for (int n = 0; n < 3; n++) /* the first may be what meets the damage */
		put(c, "k", slice_of("hello"), 2);
	assert_true(has(c, "k", 2));
	cache_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_an_entry_comes_back_as_it_was, remove_files),
		cmocka_unit_test_teardown(test_what_was_got_may_be_put, remove_files),
		cmocka_unit_test_teardown(test_the_bound_holds_and_who_was_not_used_goes_first, remove_files),
		cmocka_unit_test_teardown(test_a_key_is_free_when_its_holder_is_killed, remove_files),
		cmocka_unit_test_teardown(test_a_damaged_database_is_emptied, remove_files),
		cmocka_unit_test_teardown(test_a_text_file_in_its_place_is_emptied_and_a_folder_is_told, remove_files),
		cmocka_unit_test_teardown(test_damage_under_running_processes_stops_none_of_them, remove_files),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
