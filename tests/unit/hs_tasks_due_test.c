// uses: bin/hs-tasks/due.c
// uses: bin/hs-tasks/find.c
// uses: bin/hs-tasks/search.c
// uses: bin/hs-tasks/hubspot.c

#include "check.h"

#include "../../bin/hs-tasks/due.h"
#include "../../bin/hs-tasks/find.h"
#include "base/clock.h"

enum { NOW = 1000000000 };

static const struct {
	const char *text;
	int64_t want;
} dues[] = {
	{ "today", NOW },
	{ "now", NOW },
	{ " today ", NOW },
	{ "tomorrow", NOW + MS_PER_DAY },
	{ "in a week", NOW + 7 * (int64_t)MS_PER_DAY },
	{ "in 60 minutes", NOW + MS_PER_HOUR },
	{ "in an hour", NOW + MS_PER_HOUR },
	{ "in 1 day", NOW + MS_PER_DAY },
	{ "in 0 days", NOW },
	{ "in 2 weeks", NOW + 14 * (int64_t)MS_PER_DAY },
	{ "2026-01-05T09:00:00Z", 1767603600000 },
	{ "1767603600000", 1767603600000 },
};
static const char *const no_dues[] = { "", "Today", "yesterday", "in", "in a", "in -1 days", "in 1.5 days", "in 3  days", "in 3 days later",
	"in 3 months", "in 1000001 days", "in null days", "2026-02-30", "soon" };

static void due_dates_are_words_or_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dues); i++) {
		int64_t ms = -1;
		if (!due_parse(slice_of(dues[i].text), NOW, &ms))
			fail_msg("\"%s\" is refused", dues[i].text);
		check_int(dues[i].text, ms, dues[i].want);
	}
	for (size_t i = 0; i < COUNT(no_dues); i++) {
		int64_t ms;
		if (due_parse(slice_of(no_dues[i]), NOW, &ms))
			fail_msg("\"%s\" is taken", no_dues[i]);
	}
}

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

static void only_this_machine_is_loopback(void **state)
{
	static const char *const ours[] = { "http://127.0.0.1:8080", "http://127.1.2.3", "http://localhost:1/x", "https://LOCALHOST",
		"http://a.localhost", "http://[::1]:80" };
	static const char *const others[] = { "https://api.hubapi.com", "http://127.0.0.1.example.com", "http://localhost.example.com",
		"http://128.0.0.1", "http://[::2]", "http://0.0.0.0", "http://127.0.0.1@api.hubapi.com", "nonsense", "" };
	(void)state;
	for (size_t i = 0; i < COUNT(ours); i++)
		if (!hubspot_is_loopback(ours[i]))
			fail_msg("%s is refused", ours[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		if (hubspot_is_loopback(others[i]))
			fail_msg("%s is taken for this machine", others[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(due_dates_are_words_or_times),
		cmocka_unit_test(routes_are_searched_by_one_word_of_each_pattern),
		cmocka_unit_test(only_this_machine_is_loopback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
