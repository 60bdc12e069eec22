// uses: bin/hs-tasks/decide.c

#include "check.h"

#include "../../bin/hs-tasks/decide.h"
#include "base/clock.h"

/* The tables of hs-tasks(1), row by row. NOW is the time on both clocks unless a row says otherwise. */
enum { NOW = 1000000000 };
#define NEVER INT64_MAX
#define NONE INT64_MIN

static const struct claim_row {
	const char *name;
	enum task_status status;
	int64_t due;
	const char *lease, *done;
	int64_t expires, retry_at;
	enum claim_verdict want;
} claim_rows[] = {
	{ "due", TASK_NOT_STARTED, NOW, "", "", NONE, NEVER, CLAIM_TAKE },
	{ "without a due date", TASK_NOT_STARTED, NONE, "", "", NONE, NEVER, CLAIM_TAKE },
	{ "due in a millisecond", TASK_NOT_STARTED, NOW + 1, "", "", NONE, NEVER, CLAIM_NOT_DUE },
	{ "being claimed by another", TASK_NOT_STARTED, NOW, "t", "", NOW + 1, NEVER, CLAIM_LEASED },
	{ "a claim that came to nothing, within the margin", TASK_NOT_STARTED, NOW, "t", "", NOW - LEASE_MARGIN_MS, NEVER, CLAIM_LEASED },
	{ "a claim that came to nothing", TASK_NOT_STARTED, NOW, "t", "", NOW - LEASE_MARGIN_MS - 1, NEVER, CLAIM_TAKE },
	{ "a lease without an end", TASK_NOT_STARTED, NOW, "t", "", NONE, NEVER, CLAIM_TAKE },
	{ "opened again by a person", TASK_NOT_STARTED, NOW, "t", "t", NOW + 1, NEVER, CLAIM_TAKE_REOPENED },
	{ "opened again, claimed by another", TASK_NOT_STARTED, NOW, "u", "t", NOW + 1, NEVER, CLAIM_LEASED },
	{ "opened again, not due", TASK_NOT_STARTED, NOW + 1, "t", "t", NONE, NEVER, CLAIM_NOT_DUE },
	{ "waiting for a person", TASK_WAITING, NOW, "t", "", NONE, NEVER, CLAIM_CLOSED },
	{ "waiting for its retry", TASK_WAITING, NOW, "", "", NONE, NOW + 1, CLAIM_NOT_DUE },
	{ "its retry has come", TASK_WAITING, NOW + 99, "", "", NONE, NOW, CLAIM_TAKE },
	{ "a person's work", TASK_IN_PROGRESS, NOW, "", "", NONE, NEVER, CLAIM_PERSONS },
	{ "a person's work, completed by us before", TASK_IN_PROGRESS, NOW, "", "t", NONE, NEVER, CLAIM_PERSONS },
	{ "leased", TASK_IN_PROGRESS, NOW, "t", "", NOW + 1, NEVER, CLAIM_LEASED },
	{ "its lease has run out", TASK_IN_PROGRESS, NOW, "t", "", NOW - 99999, NEVER, CLAIM_TAKE },
	{ "its lease has run out, whatever is due", TASK_IN_PROGRESS, NOW + 99, "t", "", NOW - 99999, NEVER, CLAIM_TAKE },
	{ "a late write over a completion", TASK_IN_PROGRESS, NOW, "t", "t", NOW + 1, NEVER, CLAIM_REPAIR },
	{ "in its second round, leased", TASK_IN_PROGRESS, NOW, "u", "t", NOW + 1, NEVER, CLAIM_LEASED },
	{ "completed", TASK_COMPLETED, NOW, "", "", NONE, NEVER, CLAIM_CLOSED },
	{ "deferred", TASK_DEFERRED, NOW, "", "", NONE, NOW, CLAIM_CLOSED },
	{ "in a state of HubSpot's that we do not know", TASK_OTHER, NOW, "", "", NONE, NEVER, CLAIM_CLOSED },
};

static void claims_what_is_free_and_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(claim_rows); i++) {
		const struct claim_row *row = &claim_rows[i];
		struct task_state task = { row->status, row->due, slice_of(row->lease), slice_of(row->done), row->expires, row->retry_at, 0 };
		check_int(row->name, decide_claim(&task, NOW, NOW), row->want);
	}
}

static void due_goes_by_one_clock_and_leases_by_the_other(void **state)
{
	(void)state;
	struct task_state task = { TASK_NOT_STARTED, NOW, slice_of("t"), slice_of(""), NOW, NEVER, 0 };
	check_int("server's clock ahead", decide_claim(&task, NOW, NOW + 99999), CLAIM_TAKE);
	check_int("--now ahead", decide_claim(&task, NOW + 99999, NOW), CLAIM_LEASED);
	check_int("--now behind", decide_claim(&task, NOW - 1, NOW + 99999), CLAIM_NOT_DUE);
}

static const struct fence_row {
	const char *name, *token;
	enum task_status status;
	const char *lease, *done;
	int64_t left;
	enum fence_verdict want;
} fence_rows[] = {
	{ "ours", "t", TASK_IN_PROGRESS, "t", "", LEASE_RENEW_MS + LEASE_MARGIN_MS, FENCE_OURS },
	{ "ours, ends soon", "t", TASK_IN_PROGRESS, "t", "", LEASE_RENEW_MS + LEASE_MARGIN_MS - 1, FENCE_RENEW },
	{ "ours, just inside the margin", "t", TASK_IN_PROGRESS, "t", "", LEASE_MARGIN_MS, FENCE_CLAIM_FIRST },
	{ "run out, the token still there", "t", TASK_IN_PROGRESS, "t", "", -99999, FENCE_CLAIM_FIRST },
	{ "waiting with our token", "t", TASK_WAITING, "t", "", -99999, FENCE_CLAIM_FIRST },
	{ "another's", "t", TASK_IN_PROGRESS, "u", "", 99999, FENCE_LOST },
	{ "another's that has run out", "t", TASK_IN_PROGRESS, "u", "", -99999, FENCE_LOST },
	{ "given back", "t", TASK_NOT_STARTED, "", "", -99999, FENCE_LOST },
	{ "completed by this claim", "t", TASK_COMPLETED, "t", "t", 99999, FENCE_SETTLED },
	{ "completed by this claim, set back by a late write", "t", TASK_IN_PROGRESS, "t", "t", 99999, FENCE_SETTLED },
	{ "completed by another", "t", TASK_COMPLETED, "u", "u", 99999, FENCE_LOST },
	{ "completed by a person", "t", TASK_COMPLETED, "t", "", 99999, FENCE_LOST },
	{ "in its second round", "t", TASK_IN_PROGRESS, "t", "s", LEASE_RENEW_MS + LEASE_MARGIN_MS, FENCE_OURS },
	{ "no lease, free", "", TASK_NOT_STARTED, "", "", 0, FENCE_CLAIM_FIRST },
	{ "no lease, leased by another", "", TASK_IN_PROGRESS, "u", "", 99999, FENCE_LOST },
	{ "no lease, another's has run out", "", TASK_IN_PROGRESS, "u", "", -99999, FENCE_CLAIM_FIRST },
	{ "no lease, a person's", "", TASK_IN_PROGRESS, "", "", 0, FENCE_LOST },
	{ "no lease, completed", "", TASK_COMPLETED, "u", "u", 0, FENCE_LOST },
};

static void the_fence_lets_only_the_owner_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fence_rows); i++) {
		const struct fence_row *row = &fence_rows[i];
		struct task_state task = { row->status, NOW, slice_of(row->lease), slice_of(row->done), NOW + row->left, NEVER, 1 };
		check_int(row->name, decide_fence(&task, slice_of(row->token), false, NOW), row->want);
	}
}

static const struct settle_row {
	const char *name;
	struct outcome outcome;
	enum settle_verdict want;
} settle_rows[] = {
	{ "done", { .is_done = true }, SETTLE_DONE },
	{ "an error comes before a result", { .has_error = true, .is_done = true, .attempt = 1, .max_attempts = 5 }, SETTLE_PARK },
	{ "retryable, first attempt", { .has_error = true, .is_retryable = true, .attempt = 1, .max_attempts = 5 }, SETTLE_RETRY },
	{ "retryable, fourth", { .has_error = true, .is_retryable = true, .attempt = 4, .max_attempts = 5 }, SETTLE_RETRY },
	{ "retryable, the last", { .has_error = true, .is_retryable = true, .attempt = 5, .max_attempts = 5 }, SETTLE_PARK },
	{ "not retryable", { .has_error = true, .attempt = 1, .max_attempts = 5 }, SETTLE_PARK },
	{ "failed", { .outreach_state = SLICE("failed") }, SETTLE_PARK },
	{ "unknown", { .outreach_state = SLICE("unknown") }, SETTLE_PARK },
	{ "suppressed", { .outreach_state = SLICE("suppressed") }, SETTLE_SUPPRESSED },
	{ "deferred", { .outreach_state = SLICE("deferred") }, SETTLE_DEFERRED },
	{ "rendered", { .outreach_state = SLICE("rendered") }, SETTLE_APPROVAL },
	{ "sent counts only where `done` says so", { .outreach_state = SLICE("sent") }, SETTLE_NO_RESULT },
	{ "a state that we do not know", { .outreach_state = SLICE("floating") }, SETTLE_NO_RESULT },
	{ "nothing", { .is_done = false }, SETTLE_NO_RESULT },
};

static void the_record_decides_what_happens_to_its_task(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(settle_rows); i++)
		check_int(settle_rows[i].name, decide_settle(&settle_rows[i].outcome), settle_rows[i].want);
}

static void the_pause_doubles_up_to_six_hours(void **state)
{
	static const int64_t minutes[] = { 5, 10, 20, 40, 80, 160, 320, 360, 360 };
	(void)state;
	for (size_t i = 0; i < COUNT(minutes); i++)
		assert_int_equal(retry_pause_ms((int64_t)i + 1), minutes[i] * MS_PER_MINUTE);
	assert_int_equal(retry_pause_ms(INT64_MAX), RETRY_CAP_MS);
}

static void properties_are_read_as_hubspot_sends_them(void **state)
{
	static const char text[] =
		"{\"hs_task_status\":\"IN_PROGRESS\",\"hs_timestamp\":\"2026-01-05T09:00:00.000Z\",\"leadpipe_lease\":\"t\","
		"\"leadpipe_expires\":\"1767603600000\",\"leadpipe_attempt\":\"3\",\"leadpipe_done\":null,\"leadpipe_retry_at\":\"\"}";
	struct arena arena;
	struct json_error error;
	(void)state;
	arena_init(&arena, 1 << 20);
	struct task_state task = task_state_of(json_parse(&arena, slice_of(text), &error));
	assert_int_equal(task.status, TASK_IN_PROGRESS);
	assert_int_equal(task.due_ms, 1767603600000);
	assert_int_equal(task.expires_ms, 1767603600000);
	assert_int_equal(task.attempt, 3);
	assert_int_equal(task.done.len, 0);
	assert_true(task.retry_at_ms == NEVER);
	task = task_state_of(NULL);
	assert_int_equal(task.status, TASK_OTHER);
	assert_true(task.due_ms == NONE);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_what_is_free_and_due),
		cmocka_unit_test(due_goes_by_one_clock_and_leases_by_the_other),
		cmocka_unit_test(the_fence_lets_only_the_owner_write),
		cmocka_unit_test(the_record_decides_what_happens_to_its_task),
		cmocka_unit_test(the_pause_doubles_up_to_six_hours),
		cmocka_unit_test(properties_are_read_as_hubspot_sends_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
