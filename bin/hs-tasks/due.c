#include "due.h"

#include "base/clock.h"

enum { MAX_COUNT = 1000000 };

/* What RFC 3339 can write: the years 1 to 9999. */
static const int64_t FIRST_MS = -62135596800000, LAST_MS = 253402300799999;

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

/* "in N UNIT", "in a UNIT", "in an hour"; likewise "N UNIT ago" */
static bool parse_distance(struct slice text, int64_t *ms)
{
	struct slice words[4] = { { NULL, 0 } };
	size_t word_count = 0;
	uint64_t count = 0;
	while (word_count < 4 && slice_split(&text, ' ', &words[word_count]))
		word_count++;
	if (word_count != 3 || text.len > 0)
		return false;
	bool is_ago = slice_is(words[2], "ago");
	if (is_ago == slice_is(words[0], "in"))
		return false;
	struct slice amount = words[is_ago ? 0 : 1], unit = words[is_ago ? 1 : 2];
	if (slice_is(amount, "a") || slice_is(amount, "an"))
		count = 1;
	else if (!slice_to_u64(amount, &count) || count > MAX_COUNT)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (slice_is(unit, units[i].name)) {
			*ms = (is_ago ? -1 : 1) * (int64_t)count * units[i].ms;
			return true;
		}
	return false;
}

bool due_parse(struct slice text, int64_t now_ms, int64_t *due_ms)
{
	int64_t distance = 0;
	text = slice_trim(text);
	if (slice_is(text, "today") || slice_is(text, "now"))
		distance = 0;
	else if (slice_is(text, "tomorrow"))
		distance = MS_PER_DAY;
	else if (slice_is(text, "yesterday"))
		distance = -MS_PER_DAY;
	else if (!parse_distance(text, &distance))
		return clock_parse(text, due_ms);
	*due_ms = now_ms + distance;
	return *due_ms >= FIRST_MS && *due_ms <= LAST_MS;
}
