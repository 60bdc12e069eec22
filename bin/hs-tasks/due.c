#include "due.h"

#include "base/clock.h"

enum { MAX_COUNT = 1000000 };

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{ "minute", MS_PER_MINUTE },
	{ "minutes", MS_PER_MINUTE },
	{ "hour", MS_PER_HOUR },
	{ "hours", MS_PER_HOUR },
	{ "day", MS_PER_DAY },
	{ "days", MS_PER_DAY },
	{ "week", 7 * (int64_t)MS_PER_DAY },
	{ "weeks", 7 * (int64_t)MS_PER_DAY },
};

/* "in N UNIT", "in a UNIT", "in an hour" */
static bool parse_distance(struct slice text, int64_t *ms)
{
	struct slice word, amount, unit;
	uint64_t count = 0;
	if (!slice_split(&text, ' ', &word) || !slice_is(word, "in") || !slice_split(&text, ' ', &amount) || !slice_split(&text, ' ', &unit) ||
		text.len > 0)
		return false;
	if (slice_is(amount, "a") || slice_is(amount, "an"))
		count = 1;
	else if (!slice_to_u64(amount, &count) || count > MAX_COUNT)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (slice_is(unit, units[i].name)) {
			*ms = (int64_t)count * units[i].ms;
			return true;
		}
	return false;
}

bool due_parse(struct slice text, int64_t now_ms, int64_t *due_ms)
{
	int64_t distance = 0;
	text = slice_trim(text);
	if (slice_is(text, "today") || slice_is(text, "now")) {
		*due_ms = now_ms;
		return true;
	}
	if (slice_is(text, "tomorrow")) {
		*due_ms = now_ms + MS_PER_DAY;
		return true;
	}
	if (parse_distance(text, &distance)) {
		*due_ms = now_ms + distance;
		return true;
	}
	return clock_parse(text, due_ms);
}
