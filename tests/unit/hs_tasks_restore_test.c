// uses: bin/hs-tasks/restore.c

#include "check.h"

#include "../../bin/hs-tasks/restore.h"
#include "base/arena.h"

enum { MAX_STEPS = 4, ARENA_BYTES = 1 << 20 };

static struct arena arena;

static const struct json *parse(const char *text)
{
	struct json_error error;
	return text == NULL ? NULL : json_parse(&arena, slice_of(text), &error);
}

/* "NAME=VALUE " for each */
static struct slice text_of(const struct restore_value *values, size_t count)
{
	struct slice text = slice_of("");
	for (size_t i = 0; i < count; i++)
		text = arena_printf(&arena, "%.*s%.*s=%.*s ", (int)text.len, text.ptr, (int)values[i].name.len, values[i].name.ptr,
			(int)values[i].value.len, values[i].value.ptr);
	return text;
}

/* Steps are newest first; what is restored and left of each stands in one text: "restored|left". */
static const struct {
	const char *name;
	struct {
		const char *before, *after;
		bool is_undone;
		const char *want;
	} steps[MAX_STEPS];
	const char *now, *want;
} rows[] = {
	{ "our value stands", { { "{\"a\":\"1\"}", "{\"a\":\"2\"}", false, "{\"a\":\"1\"}|" } }, "{\"a\":\"2\"}", "a=1 " },
	{ "null and missing are empty", { { "{\"a\":null}", "{\"a\":\"2\"}", false, "{\"a\":\"\"}|" } }, "{\"a\":\"2\"}", "a= " },
	{ "it was cleared, and is still empty", { { "{\"a\":\"1\"}", "{\"a\":null}", false, "{\"a\":\"1\"}|" } }, "{}", "a=1 " },
	{ "somebody else's value stays", { { "{\"a\":\"1\",\"b\":\"1\"}", "{\"a\":\"2\",\"b\":\"2\"}", false, "{\"b\":\"1\"}|a" } },
		"{\"a\":\"3\",\"b\":\"2\"}", "b=1 " },
	{ "all is somebody else's", { { "{\"a\":\"1\",\"b\":null}", "{\"a\":\"2\",\"b\":\"2\"}", false, "|a, b" } }, "{\"a\":\"3\"  ,\"b\":\"x\"}",
		"" },
	{ "it is back already", { { "{\"a\":\"1\"}", "{\"a\":\"2\"}", false, "|" } }, "{\"a\":\"1\"}", "" },
	{ "what was not written, because a value was there", { { "{\"a\":\"1\"}", "{\"a\":\"1\"}", false, "|" } }, "{\"a\":\"1\"}", "" },
	{ "what it was before is not known", { { NULL, "{\"a\":\"2\"}", false, "|a" } }, "{\"a\":\"2\"}", "" },
	{ "two changes of one property",
		{ { "{\"a\":\"2\"}", "{\"a\":\"3\"}", false, "{\"a\":\"2\"}|" }, { "{\"a\":\"1\"}", "{\"a\":\"2\"}", false, "{\"a\":\"1\"}|" } },
		"{\"a\":\"3\"}", "a=1 " },
	{ "two changes that were written as one",
		{ { "{\"a\":\"1\"}", "{\"a\":\"3\"}", false, "{\"a\":\"1\"}|" }, { "{\"a\":\"1\"}", "{\"a\":\"3\"}", false, "|" } }, "{\"a\":\"3\"}",
		"a=1 " },
	{ "there and back",
		{ { "{\"a\":\"2\"}", "{\"a\":\"1\"}", false, "{\"a\":\"2\"}|" }, { "{\"a\":\"1\"}", "{\"a\":\"2\"}", false, "{\"a\":\"1\"}|" } },
		"{\"a\":\"1\"}", "" },
	{ "a run that broke off has put the newer one back",
		{ { "{\"a\":\"2\"}", "{\"a\":\"3\"}", false, "|" }, { "{\"a\":\"1\"}", "{\"a\":\"2\"}", false, "|" } }, "{\"a\":\"1\"}", "" },
	{ "somebody came between two changes",
		{ { "{\"a\":\"x\"}", "{\"a\":\"3\"}", false, "{\"a\":\"x\"}|" }, { "{\"a\":\"1\"}", "{\"a\":\"2\"}", false, "|a" } }, "{\"a\":\"3\"}",
		"a=x " },
	{ "undone once, and somebody else's since", { { "{\"a\":\"1\"}", "{\"a\":\"2\"}", true, "|" } }, "{\"a\":\"3\"}", "" },
	{ "undone once, and written again", { { "{\"a\":\"1\"}", "{\"a\":\"2\"}", true, "{\"a\":\"1\"}|" } }, "{\"a\":\"2\"}", "a=1 " },
	{ "nothing", { { "{}", "{}", false, "|" } }, "{}", "" },
};

static void a_value_comes_back_only_where_ours_still_stands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct restore_step steps[MAX_STEPS];
		struct restore_value *values;
		size_t count = 0, value_count;
		arena_reset(&arena);
		for (; count < MAX_STEPS && rows[i].steps[count].want != NULL; count++)
			steps[count] = (struct restore_step){ .before = parse(rows[i].steps[count].before),
				.after = parse(rows[i].steps[count].after),
				.is_undone = rows[i].steps[count].is_undone };
		assert_true(restore_decide(&arena, steps, count, parse(rows[i].now), &values, &value_count));
		for (size_t k = 0; k < count; k++)
			check_text(rows[i].name,
				arena_printf(&arena, "%.*s|%.*s", (int)steps[k].restored.len, steps[k].restored.ptr, (int)steps[k].left.len,
					steps[k].left.ptr),
				slice_of(rows[i].steps[k].want));
		check_text(rows[i].name, text_of(values, value_count), slice_of(rows[i].want));
	}
}

static const struct {
	const char *name;
	bool is_task;
	const char *made, *now, *want;
} kept[] = {
	{ "a note as it was made", false, "{\"hs_note_body\":\"x\",\"b\":null}", "{\"hs_note_body\":\"x\",\"other\":\"1\"}", "" },
	{ "a note that was edited", false, "{\"hs_note_body\":\"x\"}", "{\"hs_note_body\":\"y\"}", "changed since: hs_note_body" },
	{ "a task as it was made", true, "{\"hs_task_status\":\"NOT_STARTED\"}", "{\"hs_task_status\":\"NOT_STARTED\",\"leadpipe_lease\":null}", "" },
	{ "a task that is leased", true, "{\"hs_task_status\":\"NOT_STARTED\"}", "{\"hs_task_status\":\"NOT_STARTED\",\"leadpipe_lease\":\"x\"}",
		"it is claimed" },
	{ "a task in work", true, "{\"hs_task_status\":\"NOT_STARTED\"}", "{\"hs_task_status\":\"IN_PROGRESS\",\"leadpipe_lease\":\"x\"}",
		"it is IN_PROGRESS by now" },
	{ "a task that was edited", true, "{\"hs_task_status\":\"NOT_STARTED\",\"a\":\"1\",\"b\":\"2\"}", "{\"hs_task_status\":\"NOT_STARTED\"}",
		"changed since: a, b" },
};

static void what_was_made_stays_where_it_was_touched(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kept); i++) {
		arena_reset(&arena);
		check_text(kept[i].name, restore_why_kept(&arena, kept[i].is_task, parse(kept[i].made), parse(kept[i].now)), slice_of(kept[i].want));
	}
}

static const struct {
	const char *name, *before, *after, *now, *want, *why;
} reopened[] = {
	{ "completed by us", "{\"hs_task_status\":\"IN_PROGRESS\"}", "{\"hs_task_status\":\"COMPLETED\",\"leadpipe_done\":\"t\"}",
		"{\"hs_task_status\":\"COMPLETED\",\"leadpipe_done\":\"t\",\"leadpipe_lease\":\"t\",\"leadpipe_attempt\":\"1\"}",
		"hs_task_status=NOT_STARTED leadpipe_lease= leadpipe_attempt= ", "" },
	{ "completed by another since", "{}", "{\"hs_task_status\":\"COMPLETED\",\"leadpipe_done\":\"t\"}",
		"{\"hs_task_status\":\"COMPLETED\",\"leadpipe_done\":\"u\"}", "", "worked since: it is COMPLETED" },
	{ "taken by a person", "{}", "{\"hs_task_status\":\"WAITING\"}", "{\"hs_task_status\":\"IN_PROGRESS\"}", "",
		"worked since: it is IN_PROGRESS" },
	{ "opened again already", "{}", "{\"hs_task_status\":\"COMPLETED\",\"leadpipe_done\":\"t\"}",
		"{\"hs_task_status\":\"NOT_STARTED\",\"leadpipe_done\":\"t\"}", "", "" },
	{ "put off by us", "{\"hs_task_status\":\"IN_PROGRESS\",\"hs_timestamp\":\"1\",\"hubspot_owner_id\":\"7\"}",
		"{\"hs_task_status\":\"NOT_STARTED\",\"hs_timestamp\":\"2\",\"leadpipe_attempt\":\"1\",\"hubspot_owner_id\":\"8\"}",
		"{\"hs_task_status\":\"NOT_STARTED\",\"hs_timestamp\":\"2\",\"leadpipe_attempt\":\"1\",\"hubspot_owner_id\":\"9\",\"leadpipe_lease\":\"\"}",
		"leadpipe_attempt= hs_timestamp=1 ", "" },
	{ "parked by us, its body edited since", "{\"hs_task_body\":\"a\"}",
		"{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"r\",\"hs_task_body\":\"ar\"}",
		"{\"hs_task_status\":\"WAITING\",\"leadpipe_reason\":\"r\",\"hs_task_body\":\"mine\"}",
		"hs_task_status=NOT_STARTED leadpipe_reason= ", "" },
};

static void a_task_is_opened_again_only_as_we_left_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reopened); i++) {
		struct restore_value *values;
		size_t count;
		struct slice why;
		arena_reset(&arena);
		struct restore_step step = { .before = parse(reopened[i].before), .after = parse(reopened[i].after) };
		assert_true(restore_reopen(&arena, &step, parse(reopened[i].now), &values, &count, &why));
		check_text(reopened[i].name, text_of(values, count), slice_of(reopened[i].want));
		check_text(reopened[i].name, why, slice_of(reopened[i].why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_comes_back_only_where_ours_still_stands),
		cmocka_unit_test(what_was_made_stays_where_it_was_touched),
		cmocka_unit_test(a_task_is_opened_again_only_as_we_left_it),
	};
	arena_init(&arena, ARENA_BYTES);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
