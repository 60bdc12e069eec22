// uses: bin/hs-tasks/due.c
// uses: bin/hs-tasks/budget.c
// uses: bin/hs-tasks/hubspot.c
// uses: bin/hs-tasks/budget.c

#include "check.h"

#include "../../bin/hs-tasks/due.h"
#include "../../bin/hs-tasks/hubspot.h"
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
	{ "yesterday", NOW - MS_PER_DAY },
	{ "2 hours ago", NOW - 2 * MS_PER_HOUR },
	{ "a week ago", NOW - 7 * (int64_t)MS_PER_DAY },
	{ "2026-01-05T09:00:00Z", 1767603600000 },
	{ "1767603600000", 1767603600000 },
};
static const char *const no_dues[] = { "", "Today", "in", "in a", "ago", "2 ago", "in 2 hours ago", "2 hours", "hours 2 ago", "2 hours  ago",
	"in -1 days", "in 1.5 days", "in 3  days", "in 3 days later", "in 3 months", "in 1000001 days", "in 1000000 weeks", "1000000 weeks ago",
	"in null days", "2026-02-30", "soon" };

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
		cmocka_unit_test(only_this_machine_is_loopback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
