/* hs-sandbox's lagging index: each write becomes visible at its time, the last of a millisecond stands, and what is under way is kept. */
// uses: bin/hs-sandbox/lag.c
// uses: bin/hs-sandbox/schema.c
// uses: bin/hs-sandbox/defaults.c
// uses: bin/hs-sandbox/types.c
// uses: bin/hs-sandbox/store.c
#include "../../bin/hs-sandbox/lag.h"
#include "base/clock.h"
#include "check.h"

enum { REPEATS = 200 };

static struct store store;
static struct schema schemas[TYPE_COUNT];

static int open_store(void **state)
{
	(void)state;
	assert_true(store_open(&store, NULL));
	schema_create(&store, "2026-01-05T09:00:00.000Z");
	for (int i = 0; i < TYPE_COUNT; i++)
		assert_true(schema_load(&schemas[i], &store, &object_types[i]));
	store_run(&store, "INSERT INTO tasks(hs_object_id, hs_task_subject) VALUES(1, 'old')", "");
	lag_start(&store, schemas);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	assert_false(store.failed);
	for (int i = 0; i < TYPE_COUNT; i++)
		schema_release(&schemas[i]);
	assert_true(store_close(&store));
	return 0;
}

static void set_subject(const char *subject)
{
	store_run(&store, "UPDATE tasks SET hs_task_subject=? WHERE hs_object_id=1", "z", subject);
}

/* When the newest of the writes that are not visible yet was made; the next one is made in a later millisecond. */
static int64_t last_write(void)
{
	int64_t ms = store_number(&store, -1, "SELECT max(written_ms) FROM tasks_pending", "");
	while (clock_real_ms() <= ms)
		;
	return ms;
}

static int64_t count(const char *sql)
{
	return store_number(&store, -1, sql, "");
}

static void check_subject(const char *row, const char *want)
{
	sqlite3_stmt *stmt = store_query(&store, "SELECT hs_task_subject FROM tasks_index WHERE hs_object_id=1", "");
	assert_true(store_next(&store, stmt));
	check_text(row, store_text(stmt, 0), slice_of(want));
	sqlite3_reset(stmt);
}

static void test_each_write_becomes_visible_at_its_time(void **state)
{
	(void)state;
	check_subject("what was there before", "old");
	set_subject("first");
	int64_t first = last_write();
	set_subject("second");
	store_run(&store, "INSERT INTO tasks(hs_object_id) VALUES(2)", "");
	int64_t second = last_write();
	lag_catch_up(&store, first - 1);
	check_subject("before the first", "old");
	lag_catch_up(&store, first);
	check_subject("at the first", "first");
	assert_int_equal(count("SELECT count(*) FROM tasks_index"), 1);
	lag_catch_up(&store, second);
	check_subject("at the second", "second");
	assert_int_equal(count("SELECT count(*) FROM tasks_index"), 2);
	assert_int_equal(count("SELECT count(*) FROM tasks_pending"), 0);
	lag_catch_up(&store, first);
	check_subject("time that steps back hides nothing", "second");
}

static void test_writes_of_one_millisecond_end_as_the_last(void **state)
{
	(void)state;
	char subject[16] = "";
	for (int i = 0; i < REPEATS; i++) {
		snprintf(subject, sizeof subject, "%d", i);
		set_subject(subject);
	}
	lag_catch_up(&store, last_write());
	check_subject("the last of many", subject);
}

static void test_links_come_and_go(void **state)
{
	(void)state;
	static const char linked[] = "SELECT count(*) FROM associations_index WHERE is_linked AND from_id=1 AND to_id=9";
	for (int is_linked = 0; is_linked <= 1; is_linked++) {
		for (int i = 0; i < REPEATS; i++) {
			/* OR IGNORE must not reach into the trigger, where it would keep the older state of the same millisecond. */
			store_run(&store, "INSERT OR IGNORE INTO associations VALUES(2, 1, 0, 9, 204)", "");
			store_run(&store, "DELETE FROM associations", "");
			if (is_linked == 1)
				store_run(&store, "INSERT OR IGNORE INTO associations VALUES(2, 1, 0, 9, 204)", "");
		}
		lag_catch_up(&store, INT64_MAX);
		check_int("linked", count(linked), is_linked);
	}
}

static void test_a_property_made_later_is_seen_too(void **state)
{
	(void)state;
	const struct property p = { .name = "key", .label = "", .field_type = "text", .group = "task", .options_json = "[]", .is_unique = true };
	schema_insert(&store, &object_types[TYPE_TASK], &p);
	store_run(&store, "INSERT INTO tasks(hs_object_id, key) VALUES(2, 'k')", "");
	store_run(&store, "DELETE FROM tasks WHERE hs_object_id=2", "");
	store_run(&store, "INSERT INTO tasks(hs_object_id, key) VALUES(3, 'k')", "");
	lag_catch_up(&store, INT64_MAX);
	check_int("twice in the index, for a while", count("SELECT count(*) FROM tasks_index WHERE key='K'"), 2);
}

static void test_a_second_start_keeps_what_is_under_way(void **state)
{
	(void)state;
	set_subject("new");
	lag_start(&store, schemas);
	check_subject("after a second start", "old");
	lag_catch_up(&store, last_write());
	check_subject("after its time", "new");
	set_subject("newer");
	lag_stop(&store);
	check_int("all is gone", count("SELECT count(*) FROM sqlite_master WHERE name LIKE '%_pending' OR name LIKE '%_index' OR type='trigger'"), 0);
	set_subject("newest");
	lag_start(&store, schemas);
	check_subject("a new index starts with what is there", "newest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_write_becomes_visible_at_its_time, open_store, close_store),
		cmocka_unit_test_setup_teardown(test_writes_of_one_millisecond_end_as_the_last, open_store, close_store),
		cmocka_unit_test_setup_teardown(test_links_come_and_go, open_store, close_store),
		cmocka_unit_test_setup_teardown(test_a_property_made_later_is_seen_too, open_store, close_store),
		cmocka_unit_test_setup_teardown(test_a_second_start_keeps_what_is_under_way, open_store, close_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
