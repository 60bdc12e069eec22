// uses: bin/hs-tasks/tally.c
// uses: bin/hs-tasks/decide.c
// uses: bin/hs-tasks/idmap.c

#include "check.h"

#include "../../bin/hs-tasks/tally.h"
#include "base/clock.h"

enum { NOW = 1000000000 };

static struct tally tally;

static int start(void **state)
{
	static struct workflow workflow = { .routes = { { .name = SLICE("enrich") } }, .route_count = 1 };
	(void)state;
	tally_init(&tally, &workflow);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tally_release(&tally);
	return 0;
}

static void __attribute__((format(printf, 2, 3))) add(size_t row, const char *format, ...)
{
	char text[256];
	struct arena arena;
	struct json_error error;
	va_list args;
	arena_init(&arena, 1 << 16);
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	tally_add(&tally, row, json_parse(&arena, slice_of(text), &error), NOW, NOW);
	arena_release(&arena);
}

static void check_output(const char *name, void (*put)(const struct tally *t, struct buf *out), const char *want)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	tally_finish(&tally);
	put(&tally, &out);
	if (strstr(buf_text(&out), want) == NULL)
		fail_msg("%s: no \"%s\" in\n%s", name, want, buf_text(&out));
	buf_release(&out);
}

/* Nearest rank: of 20 ages the tenth, the nineteenth and the last. */
static void ages_are_those_of_tasks(void **state)
{
	(void)state;
	for (int i = 20; i > 0; i--)
		add(0, "{\"hs_task_status\":\"NOT_STARTED\",\"hs_timestamp\":\"%d\"}", NOW - i * MS_PER_SECOND);
	add(0, "{\"hs_task_status\":\"NOT_STARTED\"}");
	check_int("without a due date it is due, but has no age", (int64_t)tally.rows[0].due, 21);
	check_output("of twenty", tally_put_json, "\"age_p50_s\":10,\"age_p95_s\":19,\"age_max_s\":20");
}

static void one_age_is_all_percentiles(void **state)
{
	(void)state;
	add(1, "{\"hs_task_status\":\"NOT_STARTED\",\"hs_timestamp\":\"%d\"}", NOW);
	check_output("of one", tally_put_json, "\"age_p50_s\":0,\"age_p95_s\":0,\"age_max_s\":0");
	check_output("of none", tally_put_json, "\"age_p50_s\":null");
}

static void reasons_are_counted_by_route_the_most_first(void **state)
{
	(void)state;
	add(0, "{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"b\"}");
	add(1, "{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"a\"}");
	add(0, "{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\" a \"}");
	add(1, "{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"c\"}");
	add(1, "{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"c\"}");
	check_output("reasons", tally_put_table,
		"REASON\n"
		"other              2  c\n"
		"enrich             1  a\n"
		"enrich             1  b\n"
		"other              1  a\n");
}

static void more_reasons_than_anybody_reads_are_summed_up(void **state)
{
	(void)state;
	for (int i = 0; i < TALLY_REASONS + 500; i++)
		add(0, "{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"%d\"}", i);
	check_int("waiting", (int64_t)tally.rows[0].waiting, TALLY_REASONS + 500);
	check_int("kept", (int64_t)tally.reason_count, TALLY_REASONS);
	check_output("the rest", tally_put_table, "                1490  (other reasons)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ages_are_those_of_tasks, start, end),
		cmocka_unit_test_setup_teardown(one_age_is_all_percentiles, start, end),
		cmocka_unit_test_setup_teardown(reasons_are_counted_by_route_the_most_first, start, end),
		cmocka_unit_test_setup_teardown(more_reasons_than_anybody_reads_are_summed_up, start, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
