#include "store/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char folder[64];
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/journal-test-XXXXXX");
	arena_init(&arena, 16 << 20);
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "journal.db", "journal.db-wal", "journal.db-shm", "journal.lock" };
	char path[128];
	(void)state;
	arena_release(&arena);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static struct journal *open_journal(void)
{
	char error[JOURNAL_ERROR_BYTES] = "";
	struct journal *j = journal_open(folder, false, error);
	check_text("error", slice_of(error), slice_of(""));
	assert_non_null(j);
	return j;
}

/* A second handle in this process is a process of its own to the lock file. */
static struct journal *begin_run(int64_t *run)
{
	struct journal *j = open_journal();
	assert_int_equal(journal_begin_run(j, "complete", "host", 1000, run), 0);
	return j;
}

static struct journal_work work_of(const char *task)
{
	return (struct journal_work){ .kind = "task",
		.task = slice_of(task),
		.token = slice_of("token"),
		.contact = slice_of("7"),
		.route = slice_of("enrich"),
		.verdict = slice_of("done"),
		.attempt = 2,
		.now = slice_of("2026-01-05T09:00:00Z"),
		.member = slice_of("enrichment"),
		.result = slice_of("{\"quality\":\"HIGH\"}"),
		.at_ms = 5000 };
}

static struct journal_effect effect_of(int64_t work, const char *name, bool is_create, const char *key)
{
	return (struct journal_effect){ .work = work,
		.name = name,
		.is_create = is_create,
		.key = slice_of(key),
		.object = is_create ? "notes" : "contacts",
		.input = slice_of("{\"a\":1}") };
}

static void a_run_lives_as_long_as_its_process(void **state)
{
	int64_t first, second;
	(void)state;
	struct journal *a = begin_run(&first), *b = begin_run(&second);
	assert_true(second > first);
	assert_true(journal_is_alive(a, first));
	assert_true(journal_is_alive(b, first));
	assert_true(journal_is_alive(a, second));
	journal_close(a);
	assert_false(journal_is_alive(b, first));
	assert_false(journal_is_alive(b, second + 1));
	assert_false(journal_is_alive(b, 0));
	journal_close(b);
}

static void work_of_a_dead_run_is_adopted_with_all_it_holds_and_only_once(void **state)
{
	int64_t run;
	size_t count;
	struct journal_work *works, work = work_of("9001");
	struct journal_effect *effects, effect;
	(void)state;
	struct journal *a = begin_run(&run);
	assert_int_equal(journal_add_work(a, &work), 0);
	effect = effect_of(work.id, "contact", false, "k1");
	effect.object_id = slice_of("7");
	assert_int_equal(journal_add_effect(a, &effect), 0);
	assert_int_equal(journal_effect_sent(a, effect.id, 6000, slice_of("{\"a\":null}")), 0);
	struct journal *b = begin_run(&run);
	assert_int_equal(journal_adopt(b, 0, 10, &arena, &works, &count), 0);
	check_int("while it lives", (int64_t)count, 0);
	journal_close(a);
	assert_int_equal(journal_adopt(b, 0, 10, &arena, &works, &count), 0);
	check_int("once it is dead", (int64_t)count, 1);
	check_text("task", works[0].task, work.task);
	check_text("token", works[0].token, work.token);
	check_text("verdict", works[0].verdict, work.verdict);
	check_text("result", works[0].result, work.result);
	check_text("now", works[0].now, work.now);
	check_int("attempt", works[0].attempt, 2);
	assert_int_equal(journal_effects(b, works[0].id, &arena, &effects, &count), 0);
	check_int("effects", (int64_t)count, 1);
	check_text("name", slice_of(effects[0].name), slice_of("contact"));
	check_text("before", effects[0].before, slice_of("{\"a\":null}"));
	check_int("state", effects[0].state, JOURNAL_SENT);
	check_int("sent", effects[0].sent_ms, 6000);
	struct journal *c = begin_run(&run);
	assert_int_equal(journal_adopt(c, 0, 10, &arena, &works, &count), 0);
	check_int("by a third", (int64_t)count, 0);
	assert_int_equal(journal_work_ended(b, work.id, JOURNAL_DONE), 0);
	journal_close(b);
	assert_int_equal(journal_adopt(c, 0, 10, &arena, &works, &count), 0);
	check_int("what is done", (int64_t)count, 0);
	journal_close(c);
}

static void the_value_from_before_the_first_try_stays(void **state)
{
	int64_t run;
	bool found;
	struct journal_work work = work_of("1"), read;
	(void)state;
	struct journal *j = begin_run(&run);
	assert_int_equal(journal_add_work(j, &work), 0);
	struct journal_effect effect = effect_of(work.id, "contact", false, "k");
	assert_int_equal(journal_add_effect(j, &effect), 0);
	assert_int_equal(journal_effect_sent(j, effect.id, 1, slice_of("{\"a\":\"old\"}")), 0);
	assert_int_equal(journal_effect_sent(j, effect.id, 2, slice_of("{\"a\":\"ours\"}")), 0);
	assert_int_equal(journal_effect_ended(j, effect.id, JOURNAL_EFFECT_DONE, slice_of("7"), slice_of("{\"a\":\"ours\"}")), 0);
	assert_int_equal(journal_find_effect(j, effect.id, &arena, &effect, &read, &found), 0);
	assert_true(found);
	check_text("before", effect.before, slice_of("{\"a\":\"old\"}"));
	check_text("after", effect.after, slice_of("{\"a\":\"ours\"}"));
	check_int("sent", effect.sent_ms, 2);
	journal_close(j);
}

static void a_create_whose_key_is_there_is_entered_once(void **state)
{
	static const struct {
		const char *name;
		enum journal_effect_state state, want;
	} rows[] = {
		{ "intended", JOURNAL_INTENDED, JOURNAL_INTENDED },
		{ "sent", JOURNAL_SENT, JOURNAL_SENT },
		{ "unknown", JOURNAL_UNKNOWN, JOURNAL_UNKNOWN },
		{ "done", JOURNAL_EFFECT_DONE, JOURNAL_EFFECT_DONE },
		{ "refused: tried anew", JOURNAL_REFUSED, JOURNAL_INTENDED },
		{ "undone: made anew", JOURNAL_UNDONE, JOURNAL_INTENDED },
	};
	int64_t run;
	(void)state;
	struct journal *j = begin_run(&run);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct journal_work first = work_of("1"), second = work_of("1");
		assert_int_equal(journal_add_work(j, &first), 0);
		assert_int_equal(journal_add_work(j, &second), 0);
		struct journal_effect a = effect_of(first.id, "note", true, rows[i].name), b = effect_of(second.id, "note", true, rows[i].name);
		assert_int_equal(journal_add_effect(j, &a), 0);
		if (rows[i].state != JOURNAL_INTENDED)
			assert_int_equal(journal_effect_ended(j, a.id, rows[i].state, slice_of("55"), slice_of("")), 0);
		assert_int_equal(journal_add_effect(j, &b), 0);
		check_int(rows[i].name, b.id, a.id);
		check_int(rows[i].name, b.state, rows[i].want);
	}
	journal_close(j);
}

static void a_task_that_a_living_process_holds_is_not_reserved(void **state)
{
	int64_t run;
	(void)state;
	struct journal *a = begin_run(&run), *b = begin_run(&run);
	struct journal_reservation rows[] = { { slice_of("1"), slice_of(""), false }, { slice_of("2"), slice_of(""), false } };
	assert_int_equal(journal_reserve(a, rows, 2), 0);
	assert_true(rows[0].granted && rows[1].granted);
	assert_int_equal(
		journal_put_lease(a,
			&(struct journal_lease){
				.task = slice_of("1"), .token = slice_of("t"), .run = journal_run(a), .state = JOURNAL_TAKEN, .expires_ms = 9 }),
		0);
	assert_int_equal(journal_reserve(b, rows, 2), 0);
	assert_false(rows[0].granted || rows[1].granted);
	rows[0].own_token = slice_of("t");
	assert_int_equal(journal_reserve(b, rows, 1), 0);
	assert_true(rows[0].granted); /* whoever has its token may */
	journal_close(a);
	rows[0].own_token = slice_of("");
	assert_int_equal(journal_reserve(b, rows, 2), 0);
	assert_true(rows[0].granted && rows[1].granted);
	journal_close(b);
}

static void unsettled_leases_and_who_settles_them(void **state)
{
	int64_t claim, settler, runs[4];
	bool known;
	size_t count;
	struct journal_unsettled u;
	struct journal_lease *leases;
	(void)state;
	struct journal *a = begin_run(&claim), *b = begin_run(&settler);
	for (int i = 0; i < 3; i++)
		assert_int_equal(journal_put_lease(a,
					 &(struct journal_lease){ .task = slice_of(i == 0  ? "1"
										  : i == 1 ? "2"
											   : "3"),
						 .token = slice_of("t"),
						 .run = claim,
						 .state = i < 2 ? JOURNAL_EMITTED : JOURNAL_TAKEN }),
			0);
	assert_int_equal(journal_unsettled(a, claim, &u), 0);
	assert_true(u.count == 2 && u.live_settlers == 0 && !u.had_settler);
	assert_int_equal(journal_settle_by(b, slice_of("1"), slice_of("t"), &known), 0);
	assert_true(known);
	assert_int_equal(journal_settle_by(b, slice_of("1"), slice_of("other"), &known), 0);
	assert_false(known);
	assert_int_equal(journal_unsettled(a, claim, &u), 0);
	assert_true(u.count == 2 && u.live_settlers == 1 && u.had_settler);
	assert_int_equal(journal_drop_lease(b, slice_of("1"), slice_of("t")), 0);
	assert_int_equal(journal_drop_lease(b, slice_of("2"), slice_of("other")), 0);
	assert_int_equal(journal_leases(b, claim, JOURNAL_EMITTED, &arena, &leases, &count), 0);
	check_int("left", (int64_t)count, 1);
	check_text("which", leases[0].task, slice_of("2"));
	assert_int_equal(journal_orphaned_claims(b, runs, COUNT(runs), &count), 0);
	check_int("while the claim lives", (int64_t)count, 0);
	journal_close(a);
	assert_int_equal(journal_orphaned_claims(b, runs, COUNT(runs), &count), 0);
	check_int("once it is dead", (int64_t)count, 1);
	check_int("whose", runs[0], claim);
	journal_close(b);
}

static void what_is_committed_survives_a_kill_and_what_is_not_leaves_no_trace(void **state)
{
	int ready[2], status;
	char byte;
	int64_t run;
	size_t count;
	struct journal_work *works;
	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct journal *j = begin_run(&run);
		struct journal_work kept = work_of("kept"), lost = work_of("lost");
		journal_add_work(j, &kept);
		journal_begin(j);
		journal_add_work(j, &lost);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	struct journal *j = begin_run(&run);
	assert_int_equal(journal_adopt(j, 0, 10, &arena, &works, &count), 0);
	check_int("works", (int64_t)count, 1);
	check_text("which", works[0].task, slice_of("kept"));
	journal_close(j);
	close(ready[0]);
	close(ready[1]);
}

/* Whatever byte the log ends at: what was committed before it is there, or nothing of it, and the journal opens. */
static void a_log_torn_at_any_byte_opens(void **state)
{
	char path[128], error[JOURNAL_ERROR_BYTES];
	int64_t run;
	struct stat st;
	(void)state;
	struct journal *writer = begin_run(&run);
	snprintf(path, sizeof path, "%s/journal.db-wal", folder);
	for (int i = 0; i < 3; i++) {
		struct journal_work work = work_of("1");
		assert_int_equal(journal_add_work(writer, &work), 0);
	}
	assert_int_equal(stat(path, &st), 0);
	int from = open(path, O_RDONLY);
	char *bytes = malloc((size_t)st.st_size), db[128], copy[64], copy_path[128];
	assert_int_equal(read(from, bytes, (size_t)st.st_size), st.st_size);
	close(from);
	snprintf(db, sizeof db, "%s/journal.db", folder);
	size_t last = 4;
	for (off_t len = st.st_size; len >= 0; len -= len > 512 ? 3989 : 61) {
		size_t count = 0;
		struct journal_work *works;
		snprintf(copy, sizeof copy, "/tmp/journal-torn-XXXXXX");
		assert_non_null(mkdtemp(copy));
		char command[512];
		snprintf(command, sizeof command, "cp %s %s/journal.db && head -c %lld %s >%s/journal.db-wal", db, copy, (long long)len, path, copy);
		assert_int_equal(system(command), 0);
		struct journal *j = journal_open(copy, false, error);
		assert_non_null(j);
		assert_int_equal(journal_begin_run(j, "complete", "host", 1000, &run), 0);
		/* The writer lives, but its lock is on another file. */
		assert_int_equal(journal_adopt(j, 0, 10, &arena, &works, &count), 0);
		assert_true(count <= last);
		last = count;
		journal_close(j);
		snprintf(copy_path, sizeof copy_path, "rm -rf %s", copy);
		assert_int_equal(system(copy_path), 0);
	}
	check_int("nothing is left of an empty log", (int64_t)last, 0);
	free(bytes);
	journal_close(writer);
}

static void a_damaged_database_is_refused_not_replaced(void **state)
{
	char path[128], error[JOURNAL_ERROR_BYTES], want[256];
	(void)state;
	snprintf(path, sizeof path, "%s/journal.db", folder);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "this is no database, but it may have been one, and may hold work", 64), 64);
	close(fd);
	assert_null(journal_open(folder, false, error));
	snprintf(want, sizeof want, "%s: file is not a database", path);
	check_text("error", slice_of(error), slice_of(want));
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	check_int("size", st.st_size, 64);
}

static bool count_line(const struct journal_work *work, const struct journal_effect *effect, const char *verb, void *arg)
{
	(void)work;
	(void)effect;
	check_text("verb", slice_of(verb), slice_of("complete"));
	++*(int *)arg;
	return true;
}

static void history_is_by_run_time_contact_and_task(void **state)
{
	int64_t first, second;
	(void)state;
	struct journal *a = begin_run(&first), *b = begin_run(&second);
	struct journal_work old = work_of("1"), new = work_of("2");
	new.at_ms = 9000;
	new.contact = slice_of("8");
	assert_int_equal(journal_add_work(a, &old), 0);
	assert_int_equal(journal_add_work(b, &new), 0);
	for (int i = 0; i < 3; i++) {
		struct journal_effect e = effect_of(i == 2 ? new.id : old.id, "note", true, i == 0 ? "a" : i == 1 ? "b" : "c");
		assert_int_equal(journal_add_effect(i == 2 ? b : a, &e), 0);
		if (i != 1) /* what was only intended is no history */
			assert_int_equal(journal_effect_sent(a, e.id, 1, slice_of("")), 0);
	}
	const struct {
		const char *name;
		struct journal_filter filter;
		int want;
	} rows[] = {
		{ "all", { .since_ms = INT64_MIN }, 2 },
		{ "run", { .since_ms = INT64_MIN, .run = first }, 1 },
		{ "since", { .since_ms = 9000 }, 1 },
		{ "contact", { .since_ms = INT64_MIN, .contact = slice_of("7") }, 1 },
		{ "task", { .since_ms = INT64_MIN, .task = slice_of("2") }, 1 },
		{ "none", { .since_ms = INT64_MIN, .task = slice_of("3") }, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int lines = 0;
		assert_int_equal(journal_history(a, &rows[i].filter, count_line, &lines), 0);
		check_int(rows[i].name, lines, rows[i].want);
	}
	journal_close(a);
	journal_close(b);
}

static void check_empty_for_a_reader(void)
{
	char error[JOURNAL_ERROR_BYTES] = "";
	struct journal_totals totals;
	int lines = 0;
	struct journal *j = journal_open(folder, true, error);
	check_text("error", slice_of(error), slice_of(""));
	assert_non_null(j);
	assert_int_equal(journal_totals(j, &totals), 0);
	check_int("pending", (int64_t)totals.pending_works, 0);
	assert_int_equal(journal_history(j, &(struct journal_filter){ .since_ms = 0 }, count_line, &lines), 0);
	check_int("lines", lines, 0);
	journal_close(j);
}

static void a_reader_needs_no_journal(void **state)
{
	(void)state;
	check_empty_for_a_reader();
}

/* Another process has made the file, and is about to fill it. */
static void a_journal_that_is_just_being_made_is_empty_for_a_reader(void **state)
{
	static const char *const names[] = { "journal.lock", "journal.db" };
	char path[128];
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		int fd = open(path, O_WRONLY | O_CREAT, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
	check_empty_for_a_reader();
}

static void put_route(struct slice route, struct slice reason, int64_t at_ms, void *arg)
{
	char *text = arg;
	size_t len = strlen(text);
	snprintf(text + len, 256 - len, "%.*s:%.*s:%lld ", (int)route.len, route.ptr, (int)reason.len, reason.ptr, (long long)at_ms);
}

static void routes_are_paused_until_they_are_resumed(void **state)
{
	char text[256] = "";
	struct slice reason;
	(void)state;
	struct journal *j = open_journal();
	assert_int_equal(journal_pause(j, slice_of("qualify"), slice_of("new rules"), 1), 0);
	assert_int_equal(journal_pause(j, slice_of("enrich"), slice_of("undo of run 7"), 2), 0);
	assert_int_equal(journal_pause(j, slice_of("qualify"), slice_of("newer rules"), 3), 0);
	assert_int_equal(journal_each_paused(j, put_route, text), 0);
	assert_string_equal(text, "enrich:undo of run 7:2 qualify:newer rules:3 ");
	assert_int_equal(journal_resume(j, slice_of("enrich")), 0);
	assert_int_equal(journal_paused(j, slice_of("enrich"), &arena, &reason), 0);
	check_text("resumed", reason, slice_of(""));
	assert_int_equal(journal_paused(j, slice_of("qualify"), &arena, &reason), 0);
	check_text("paused", reason, slice_of("newer rules"));
	journal_close(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_run_lives_as_long_as_its_process, set_up, tear_down),
		cmocka_unit_test_setup_teardown(work_of_a_dead_run_is_adopted_with_all_it_holds_and_only_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_value_from_before_the_first_try_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_create_whose_key_is_there_is_entered_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_task_that_a_living_process_holds_is_not_reserved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unsettled_leases_and_who_settles_them, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_committed_survives_a_kill_and_what_is_not_leaves_no_trace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_log_torn_at_any_byte_opens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_database_is_refused_not_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(history_is_by_run_time_contact_and_task, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reader_needs_no_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_journal_that_is_just_being_made_is_empty_for_a_reader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(routes_are_paused_until_they_are_resumed, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
