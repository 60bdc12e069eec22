/* store/db: versions go up in order and only forward, a read-only opener makes nothing, and damage is told from other failures. */
#include "store/db.h"
#include "database.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GET, PUT, STATEMENTS };
static const char *const first[] = { "CREATE TABLE t(k TEXT PRIMARY KEY, v TEXT)", NULL };
static const char *const second[] = { "CREATE TABLE t(k TEXT PRIMARY KEY, v TEXT)", "ALTER TABLE t ADD COLUMN w TEXT DEFAULT 'new'", NULL };
static const char *const broken[] = { "CREATE TABLE t(k TEXT PRIMARY KEY, v TEXT)", "CREATE TABLE u(k); CREATE TABLE t(k)", NULL };
static const char *const first_statements[STATEMENTS] = { "SELECT v FROM t WHERE k = ?1", "INSERT INTO t(k, v) VALUES(?1, ?2)" };
static const char *const second_statements[STATEMENTS] = { "SELECT w FROM t WHERE k = ?1", "INSERT INTO t(k, v) VALUES(?1, ?2)" };
static const struct db_plan plan = { first, first_statements, STATEMENTS, PUT, true };
static const struct db_plan newer = { second, second_statements, STATEMENTS, PUT, false };
static const struct db_plan failing = { broken, first_statements, STATEMENTS, PUT, true };

static void open_or_fail(struct db *d, const struct db_plan *p, bool read_only)
{
	if (db_open(d, path, p, read_only) != 0)
		fail_msg("%s", d->error);
}

static void put(struct db *d, const char *key, const char *value)
{
	db_bind_text(d->statements[PUT], 1, slice_of(key));
	db_bind_text(d->statements[PUT], 2, slice_of(value));
	assert_int_equal(db_run(d, d->statements[PUT]), 0);
}

static void check_value(struct db *d, const char *key, const char *want)
{
	db_bind_text(d->statements[GET], 1, slice_of(key));
	assert_int_equal(db_next(d, d->statements[GET]), 1);
	check_text(key, db_column(d->statements[GET], 0), slice_of(want));
	assert_int_equal(db_next(d, d->statements[GET]), 0);
}

static int64_t pragma(struct db *d, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	assert_int_equal(sqlite3_prepare_v2(d->handle, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void test_versions_go_forward_and_keep_what_is_there(void **state)
{
	struct db d;
	(void)state;
	open_or_fail(&d, &plan, false);
	assert_int_equal(pragma(&d, "PRAGMA synchronous"), 2);
	put(&d, "k", "v");
	check_value(&d, "k", "v");
	db_close(&d);
	open_or_fail(&d, &newer, false);
	assert_int_equal(pragma(&d, "PRAGMA synchronous"), 1);
	check_value(&d, "k", "new");
	db_close(&d);
	assert_int_equal(db_open(&d, path, &plan, false), -1);
	assert_non_null(strstr(d.error, "test.db: was made by a newer version of this program"));
	assert_false(d.is_damaged);
}

static void test_a_version_is_reached_whole_or_not_at_all(void **state)
{
	struct db d;
	(void)state;
	assert_int_equal(db_open(&d, path, &failing, false), -1);
	assert_non_null(strstr(d.error, "table t already exists"));
	open_or_fail(&d, &plan, false);
	assert_int_equal(pragma(&d, "PRAGMA user_version"), 1);
	assert_int_equal(pragma(&d, "SELECT count(*) FROM sqlite_master WHERE name = 'u'"), 0);
	db_close(&d);
}

static void test_a_read_only_opener_makes_nothing(void **state)
{
	struct db d;
	(void)state;
	open_or_fail(&d, &plan, true);
	assert_null(d.handle);
	assert_int_equal(db_lock(&d, "k", false), 0);
	db_close(&d);
	assert_int_equal(access(path, F_OK), -1);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	open_or_fail(&d, &plan, true);
	assert_null(d.handle);
	db_close(&d);
}

/* A writer that dies leaves its write-ahead log, and a machine that dies with it no index of that. Who only reads has to make it anew. */
static void test_a_reader_takes_over_what_a_dead_writer_left(void **state)
{
	struct db d;
	int status;
	(void)state;
	for (int with_index = 1; with_index >= 0; with_index--) {
		char index[256], key[8];
		snprintf(key, sizeof key, "k%d", with_index);
		pid_t child = fork();
		if (child == 0) {
			open_or_fail(&d, &plan, false);
			put(&d, key, "v");
			raise(SIGKILL);
		}
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		snprintf(index, sizeof index, "%s-shm", path);
		if (!with_index)
			assert_int_equal(unlink(index), 0);
		open_or_fail(&d, &plan, true);
		check_value(&d, key, "v");
		db_close(&d);
	}
}

/* Before a database is in WAL mode, a writer that dies leaves a rollback journal: to read at all is to roll back first. */
static void test_a_reader_rolls_back_what_a_dead_maker_left(void **state)
{
	struct db d;
	int status;
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		sqlite3 *handle;
		sqlite3_open(path, &handle);
		sqlite3_exec(handle, "CREATE TABLE u(v); PRAGMA cache_size = 1; BEGIN", NULL, NULL, NULL);
		for (int i = 0; i < 20; i++)
			sqlite3_exec(handle, "INSERT INTO u VALUES(zeroblob(10000))", NULL, NULL, NULL);
		raise(SIGKILL);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	open_or_fail(&d, &plan, true);
	assert_null(d.handle);
	db_close(&d);
}

static void test_damage_is_told_from_other_failures(void **state)
{
	static const char noise[4096] = "this is no database, but long enough to be one";
	struct db d;
	(void)state;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
	close(fd);
	assert_int_equal(db_open(&d, path, &plan, false), -1);
	assert_true(d.is_damaged);
	remove_files(NULL);
	open_or_fail(&d, &plan, false);
	put(&d, "k", "v");
	db_bind_text(d.statements[PUT], 1, slice_of("k"));
	assert_int_equal(db_run(&d, d.statements[PUT]), -1);
	assert_string_equal(d.error, "UNIQUE constraint failed: t.k");
	assert_false(d.is_damaged);
	db_close(&d);
}

/* Each opener starts with an empty file: none may meet a half-made database. */
static void test_many_may_open_it_first(void **state)
{
	pid_t children[8];
	(void)state;
	for (size_t i = 0; i < COUNT(children); i++)
		if ((children[i] = fork()) == 0) {
			struct db d;
			_exit(db_open(&d, path, &newer, false) == 0 ? 0 : 1);
		}
	for (size_t i = 0; i < COUNT(children); i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
}

static void test_a_key_has_one_holder(void **state)
{
	struct db one, other;
	(void)state;
	open_or_fail(&one, &plan, false);
	open_or_fail(&other, &plan, false);
	assert_int_equal(db_lock(&one, "a", false), 0);
	assert_int_equal(db_lock(&other, "a", false), 1);
	assert_int_equal(db_lock(&other, "b", false), 0);
	assert_int_equal(db_lock(&one, "b", false), 1);
	db_unlock(&one, "a");
	assert_int_equal(db_lock(&other, "a", false), 0);
	db_close(&other);
	assert_int_equal(db_lock(&one, "b", false), 0);
	db_close(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_versions_go_forward_and_keep_what_is_there, remove_files),
		cmocka_unit_test_teardown(test_a_version_is_reached_whole_or_not_at_all, remove_files),
		cmocka_unit_test_teardown(test_a_read_only_opener_makes_nothing, remove_files),
		cmocka_unit_test_teardown(test_a_reader_takes_over_what_a_dead_writer_left, remove_files),
		cmocka_unit_test_teardown(test_a_reader_rolls_back_what_a_dead_maker_left, remove_files),
		cmocka_unit_test_teardown(test_damage_is_told_from_other_failures, remove_files),
		cmocka_unit_test_teardown(test_many_may_open_it_first, remove_files),
		cmocka_unit_test_teardown(test_a_key_has_one_holder, remove_files),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
