// uses: bin/hs-tasks/find.c
// uses: bin/hs-tasks/search.c
// uses: bin/hs-tasks/budget.c
// uses: bin/hs-tasks/hubspot.c
// uses: bin/hs-tasks/budget.c
// uses: bin/hs-tasks/workflow.c
// uses: bin/hs-tasks/bytime.c

#include "check.h"

#include "../../bin/hs-tasks/bytime.h"
#include "../../bin/hs-tasks/find.h"

#define OPEN .due_from_ms = INT64_MIN, .due_to_ms = INT64_MAX

static const struct {
	const char *patterns[5], *want;
} routes[] = {
	{ { "Enrich Data" }, "Enrich " },
	{ { "Qualify Lead" }, "Qualify " },
	{ { "Send Outreach", "Follow-up Outreach", "Follow up" }, "Outreach Follow " },
	{ { "a bc def" }, "def " },
	{ { "One", "Two", "Three" }, "One Two Three " },
	{ { "One", "Two", "Three", "Four" }, "" },
	{ { "One", "--" }, "" },
};

static void routes_are_searched_by_one_word_of_each_pattern(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(routes); i++) {
		struct route route = { .pattern_count = 0 };
		struct slice tokens[FIND_TOKENS];
		char text[128] = "";
		while (routes[i].patterns[route.pattern_count] != NULL) {
			route.patterns[route.pattern_count] = slice_of(routes[i].patterns[route.pattern_count]);
			route.pattern_count++;
		}
		size_t count = find_tokens(&route, tokens);
		for (size_t k = 0; k < count; k++)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s ", (int)tokens[k].len, tokens[k].ptr);
		check_text(routes[i].patterns[0], slice_of(text), slice_of(routes[i].want));
	}
	assert_int_equal(find_tokens(NULL, NULL), 0);
}

/* -- what is searched for -- */

static struct route enrich = { .name = SLICE("enrich"), .patterns = { SLICE("Enrich Data") }, .pattern_count = 1 };
static struct route outreach = {
	.name = SLICE("outreach"), .patterns = { SLICE("Send Outreach"), SLICE("Follow-up Outreach"), SLICE("Follow up") }, .pattern_count = 3
};

#define F(name, operator, value) "{\"propertyName\":\"" name "\",\"operator\":\"" operator"\",\"value\":\"" value "\"}"
#define STATUS "{\"propertyName\":\"hs_task_status\",\"operator\":\"IN\",\"values\":[\"WAITING\"]}"
#define HAS(name, operator) "{\"propertyName\":\"" name "\",\"operator\":\"" operator"\"}"
#define OWNER F("hubspot_owner_id", "EQ", "7")
#define WORD(text) F("hs_task_subject", "CONTAINS_TOKEN", text)

static const struct search_row {
	const char *name;
	bool by_id;
	struct find find;
	bool is_exact;
	const char *want[SEARCH_GROUPS];
} search_rows[] = {
	{ "all", false, { OPEN }, true, { "" } },
	{ "state and owner", false, { OPEN, .statuses = SLICE("[\"WAITING\"]"), .owner = SLICE("7") }, true, { STATUS "," OWNER } },
	{ "from", false, { .due_from_ms = 1, .due_to_ms = INT64_MAX }, true, { F("hs_timestamp", "GTE", "1") } },
	{ "to", false, { .due_from_ms = INT64_MIN, .due_to_ms = 2 }, true, { F("hs_timestamp", "LTE", "2") } },
	{ "from and to, of another date", false, { .due_from_ms = 1, .due_to_ms = 2, .date_property = "x" }, true,
		{ "{\"propertyName\":\"x\",\"operator\":\"BETWEEN\",\"value\":\"1\",\"highValue\":\"2\"}" } },
	{ "due at all", false, { OPEN, .due = FIND_DUE_ANY }, true, { HAS("hs_timestamp", "HAS_PROPERTY") } },
	{ "never due", false, { OPEN, .due = FIND_DUE_NONE }, true, { HAS("hs_timestamp", "NOT_HAS_PROPERTY") } },
	{ "a priority", false, { OPEN, .priorities = SLICE("[\"LOW\"]") }, true,
		{ "{\"propertyName\":\"hs_task_priority\",\"operator\":\"IN\",\"values\":[\"LOW\"]}" } },
	{ "no priority is what a search cannot say", false, { OPEN, .priorities = SLICE("[\"LOW\",\"NONE\"]") }, false, { "" } },
	{ "a queue", false, { OPEN, .queue = SLICE("5") }, false, { HAS("hs_queue_membership_ids", "HAS_PROPERTY") } },
	{ "a route", false, { OPEN, .route = &enrich }, false, { WORD("Enrich") } },
	{ "a route of several words", false, { OPEN, .route = &outreach, .owner = SLICE("7") }, false,
		{ OWNER "," WORD("Outreach"), OWNER "," WORD("Follow") } },
	{ "no route", false, { OPEN, .only_other = true }, false, { "" } },
	{ "a subject of words", false, { OPEN, .subject = SLICE("rich Data") }, false, { WORD("*rich*") } },
	{ "a pattern", false, { OPEN, .subject = SLICE("^Enrich") }, false, { "" } },
	{ "an umlaut", false, { OPEN, .subject = SLICE("M\xc3\xbcller") }, false, { "" } },
	{ "contact and company", false, { OPEN, .contact = SLICE("1"), .companies = { SLICE("2") }, .company_count = 1 }, true,
		{ F("associations.contact", "EQ", "1") "," F("associations.company", "EQ", "2") } },
	{ "companies of one domain: a group for each, and no words of the route", false,
		{ OPEN, .route = &enrich, .companies = { SLICE("2"), SLICE("3") }, .company_count = 2 }, false,
		{ F("associations.company", "EQ", "2"), F("associations.company", "EQ", "3") } },
	{ "more than a group takes: what narrows least is left to us", true,
		{ .due_from_ms = 1,
			.due_to_ms = INT64_MAX,
			.contact = SLICE("1"),
			.companies = { SLICE("2") },
			.company_count = 1,
			.statuses = SLICE("[\"WAITING\"]"),
			.owner = SLICE("7"),
			.priorities = SLICE("[\"LOW\"]") },
		false,
		{ F("associations.contact", "EQ", "1") "," F("associations.company", "EQ", "2") "," STATUS "," OWNER
												"," F("hs_timestamp", "GTE", "1") } },
	{ "five groups: eighteen filters in all, with the id's", true,
		{ OPEN, .contact = SLICE("1"), .companies = { SLICE("2"), SLICE("3"), SLICE("4"), SLICE("5"), SLICE("6") }, .company_count = 5,
			.statuses = SLICE("[\"WAITING\"]"), .owner = SLICE("7") },
		false,
		{ F("associations.contact", "EQ", "1") "," F("associations.company", "EQ", "2"),
			F("associations.contact", "EQ", "1") "," F("associations.company", "EQ", "3"),
			F("associations.contact", "EQ", "1") "," F("associations.company", "EQ", "4") "," STATUS,
			F("associations.contact", "EQ", "1") "," F("associations.company", "EQ", "5") "," STATUS,
			F("associations.contact", "EQ", "1") "," F("associations.company", "EQ", "6") "," STATUS } },
};

static void searches_narrow_as_far_as_there_is_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(search_rows); i++) {
		const struct search_row *row = &search_rows[i];
		struct search s = { .sort = row->by_id ? NULL : "hs_timestamp" };
		size_t groups = 0;
		check_int(row->name, find_add(&s, &row->find), row->is_exact);
		while (groups < SEARCH_GROUPS && row->want[groups] != NULL)
			groups++;
		check_int(row->name, (int64_t)s.group_count, (int64_t)groups);
		for (size_t k = 0; k < s.group_count; k++) {
			check_text(row->name, buf_slice(&s.groups[k]), slice_of(row->want[k]));
			buf_release(&s.groups[k]);
		}
		if (s.filter_count + (row->by_id ? s.group_count : 0) > SEARCH_ALL_FILTERS)
			fail_msg("%s: %zu filters", row->name, s.filter_count);
	}
}

/* -- what is meant -- */

static const struct judge_row {
	const char *name;
	struct find find;
	const char *subject; /* a pattern; NULL: none */
	const char *properties;
	enum find_verdict want;
} judge_rows[] = {
	{ "all", { OPEN }, NULL, "{}", FIND_YES },
	{ "the state", { OPEN, .statuses = SLICE("[\"A\",\"WAITING\"]") }, NULL, "{\"hs_task_status\":\"WAITING\"}", FIND_YES },
	{ "a state that the index had not seen", { OPEN, .statuses = SLICE("[\"A\",\"WAITING\"]") }, NULL, "{\"hs_task_status\":\"COMPLETED\"}",
		FIND_NO },
	{ "no part of a name", { OPEN, .statuses = SLICE("[\"NOT_STARTED\"]") }, NULL, "{\"hs_task_status\":\"STARTED\"}", FIND_NO },
	{ "the owner", { OPEN, .owner = SLICE("7") }, NULL, "{\"hubspot_owner_id\":\"7\"}", FIND_YES },
	{ "another owner", { OPEN, .owner = SLICE("7") }, NULL, "{\"hubspot_owner_id\":\"71\"}", FIND_NO },
	{ "nobody's", { OPEN, .owner = SLICE("7") }, NULL, "{\"hubspot_owner_id\":null}", FIND_NO },
	{ "without priority", { OPEN, .priorities = SLICE("[\"LOW\",\"NONE\"]") }, NULL, "{\"hs_task_priority\":null}", FIND_YES },
	{ "with one", { OPEN, .priorities = SLICE("[\"NONE\"]") }, NULL, "{\"hs_task_priority\":\"LOW\"}", FIND_NO },
	{ "in the queue", { OPEN, .queue = SLICE("5") }, NULL, "{\"hs_queue_membership_ids\":\"4;5\"}", FIND_YES },
	{ "in the queue, by commas", { OPEN, .queue = SLICE("5") }, NULL, "{\"hs_queue_membership_ids\":\"5, 6\"}", FIND_YES },
	{ "in another queue", { OPEN, .queue = SLICE("5") }, NULL, "{\"hs_queue_membership_ids\":\"55;15\"}", FIND_NO },
	{ "in no queue", { OPEN, .queue = SLICE("5") }, NULL, "{}", FIND_NO },
	{ "due at the bounds", { .due_from_ms = 1000, .due_to_ms = 1000 }, NULL, "{\"hs_timestamp\":\"1970-01-01T00:00:01Z\"}", FIND_YES },
	{ "due before", { .due_from_ms = 1000, .due_to_ms = 1000 }, NULL, "{\"hs_timestamp\":\"1970-01-01T00:00:00.999Z\"}", FIND_NO },
	{ "due after", { .due_from_ms = INT64_MIN, .due_to_ms = 1000 }, NULL, "{\"hs_timestamp\":\"1970-01-01T00:00:01.001Z\"}", FIND_NO },
	{ "never due", { .due_from_ms = INT64_MIN, .due_to_ms = 1000 }, NULL, "{\"hs_timestamp\":null}", FIND_NO },
	{ "never due, as asked", { OPEN, .due = FIND_DUE_NONE }, NULL, "{}", FIND_YES },
	{ "due, but not asked for", { OPEN, .due = FIND_DUE_NONE }, NULL, "{\"hs_timestamp\":\"1000\"}", FIND_NO },
	{ "due, as asked", { OPEN, .due = FIND_DUE_ANY }, NULL, "{\"hs_timestamp\":\"1000\"}", FIND_YES },
	{ "not due, but asked for", { OPEN, .due = FIND_DUE_ANY }, NULL, "{}", FIND_NO },
	{ "the route", { OPEN, .route = &enrich }, NULL, "{\"hs_task_subject\":\"Please ENRICH DATA now\"}", FIND_YES },
	{ "one word of the route", { OPEN, .route = &enrich }, NULL, "{\"hs_task_subject\":\"Enrich\"}", FIND_NO },
	{ "no route", { OPEN, .only_other = true }, NULL, "{\"hs_task_subject\":\"Enrich\"}", FIND_YES },
	{ "no route, but one", { OPEN, .only_other = true }, NULL, "{\"hs_task_subject\":\"Enrich Data\"}", FIND_NO },
	{ "the subject", { OPEN }, "^Call .*ller$", "{\"hs_task_subject\":\"Call M\xc3\xbcller\"}", FIND_YES },
	{ "another subject", { OPEN }, "^call", "{\"hs_task_subject\":\"Call M\xc3\xbcller\"}", FIND_NO },
	{ "no subject", { OPEN }, "^$", "{}", FIND_YES },
	{ "a pattern without end", { OPEN }, "^(a+)+$", "{\"hs_task_subject\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}", FIND_GAVE_UP },
};

static void what_the_search_gave_is_judged_again(void **state)
{
	struct workflow workflow = { .routes = { enrich, outreach }, .route_count = 2 };
	struct arena arena;
	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT(judge_rows); i++) {
		const struct judge_row *row = &judge_rows[i];
		struct find find = row->find;
		struct json_error json_error;
		char error[128];
		if (find.route != NULL)
			find.route = &workflow.routes[0];
		if (row->subject != NULL)
			find.subject_pattern = pattern_new(slice_of(row->subject), 0, error, sizeof error);
		check_int(row->name, find_judge(&find, &workflow, json_parse(&arena, slice_of(row->properties), &json_error)), row->want);
		pattern_free(find.subject_pattern);
	}
	arena_release(&arena);
}

static void ids_come_back_by_time_and_then_by_number(void **state)
{
	static const struct bytime_entry entries[] = { { 5, 100 }, { INT64_MAX, 1 }, { 5, 99 }, { INT64_MIN, UINT64_MAX }, { 4, 7 } };
	static const char *const want[] = { "18446744073709551615", "7", "99", "100", "1" };
	struct bytime b = { 0 };
	char id[BYTIME_ID_BYTES];
	(void)state;
	bytime_sort(&b);
	assert_false(bytime_next(&b, id));
	for (size_t i = 0; i < COUNT(entries); i++)
		bytime_add(&b, entries[i].id, entries[i].ms);
	bytime_sort(&b);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(bytime_next(&b, id));
		assert_string_equal(id, want[i]);
	}
	assert_false(bytime_next(&b, id));
	bytime_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_are_searched_by_one_word_of_each_pattern),
		cmocka_unit_test(searches_narrow_as_far_as_there_is_room),
		cmocka_unit_test(what_the_search_gave_is_judged_again),
		cmocka_unit_test(ids_come_back_by_time_and_then_by_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
