// uses: bin/hs-tasks/since.c
// uses: bin/hs-tasks/due.c

#include "check.h"

#include <stdlib.h>
#include <time.h>

#include "../../bin/hs-tasks/since.h"
#include "base/clock.h"

/* 2026-01-05T09:00:30Z */
static const int64_t now_ms = 1767603630000;

static const struct {
	const char *zone, *text, *want;
} moments[] = {
	{ "UTC", "today", "2026-01-05T00:00:00.000Z" },
	{ "UTC", "18:00", "2026-01-05T18:00:00.000Z" },
	{ "UTC", " 08:05 ", "2026-01-05T08:05:00.000Z" },
	{ "UTC", "08:05:07", "2026-01-05T08:05:07.000Z" },
	{ "UTC", "00:00", "2026-01-05T00:00:00.000Z" },
	{ "UTC", "23:59:59", "2026-01-05T23:59:59.000Z" },
	{ "UTC", "2 hours ago", "2026-01-05T07:00:30.000Z" },
	{ "UTC", "an hour ago", "2026-01-05T08:00:30.000Z" },
	{ "UTC", "30 minutes ago", "2026-01-05T08:30:30.000Z" },
	{ "UTC", "a week ago", "2025-12-29T09:00:30.000Z" },
	{ "UTC", "2026-01-02", "2026-01-02T00:00:00.000Z" },
	{ "UTC", "2026-01-02T10:00:00+01:00", "2026-01-02T09:00:00.000Z" },
	{ "UTC", "1767603600000", "2026-01-05T09:00:00.000Z" },
	/* A clock on the wall shows another day there. */
	{ "<+09>-9", "today", "2026-01-04T15:00:00.000Z" },
	{ "<+09>-9", "18:00", "2026-01-05T09:00:00.000Z" },
	{ "<-10>10", "today", "2026-01-04T10:00:00.000Z" },
	{ "<-10>10", "2 hours ago", "2026-01-05T07:00:30.000Z" },
};
static const char *const no_moments[] = { "", ":", "18:", "1:00", "24:00", "18:60", "18:00:60", "18:00:", "18:00:00:00", "18.00", "ago", " ago",
	"1 hour", "hours ago", "-1 hours ago", "1.5 hours ago", "in 2 hours ago", "2 hours ago ago", "todays", "soon", "2026-02-30" };

static void moments_are_words_times_of_day_or_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(moments); i++) {
		int64_t ms = -1;
		char text[CLOCK_TEXT_BYTES];
		setenv("TZ", moments[i].zone, 1);
		tzset();
		if (!since_parse(slice_of(moments[i].text), now_ms, &ms))
			fail_msg("\"%s\" is refused", moments[i].text);
		clock_format(ms, text);
		check_text(moments[i].text, slice_of(text), slice_of(moments[i].want));
	}
	for (size_t i = 0; i < COUNT(no_moments); i++) {
		int64_t ms;
		if (since_parse(slice_of(no_moments[i]), now_ms, &ms))
			fail_msg("\"%s\" is taken", no_moments[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(moments_are_words_times_of_day_or_times) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
