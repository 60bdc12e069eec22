#include "since.h"

#include <time.h>

#include "base/clock.h"
#include "due.h"

enum { MAX_TEXT_BYTES = 64 };

/* Two digits, below `limit`. */
static bool parse_part(struct slice text, uint64_t limit, int *number)
{
	uint64_t value;
	if (text.len != 2 || !slice_to_u64(text, &value) || value >= limit)
		return false;
	*number = (int)value;
	return true;
}

/* "HH:MM" or "HH:MM:SS" */
static bool parse_time_of_day(struct slice text, struct tm *day)
{
	struct slice hour, minute, second;
	bool has_minute = slice_split(&text, ':', &hour) && slice_split(&text, ':', &minute);
	if (!has_minute)
		return false;
	if (!slice_split(&text, ':', &second))
		second = slice_of("00");
	return text.len == 0 && parse_part(hour, 24, &day->tm_hour) && parse_part(minute, 60, &day->tm_min) && parse_part(second, 60, &day->tm_sec);
}

static bool parse_today(struct slice text, int64_t now_ms, int64_t *since_ms)
{
	time_t now = (time_t)(now_ms / MS_PER_SECOND);
	struct tm day;
	if (localtime_r(&now, &day) == NULL)
		return false;
	day.tm_hour = day.tm_min = day.tm_sec = 0;
	day.tm_isdst = -1;
	if (!slice_is(text, "today") && !parse_time_of_day(text, &day))
		return false;
	*since_ms = (int64_t)mktime(&day) * MS_PER_SECOND;
	return true;
}

/* "2 hours ago": as far back as "in 2 hours" lies ahead. */
static bool parse_ago(struct slice text, int64_t now_ms, int64_t *since_ms)
{
	char ahead[MAX_TEXT_BYTES] = "in ";
	int64_t distance_ms;
	if (!slice_ends(text, " ago") || text.len >= sizeof ahead)
		return false;
	size_t len = text.len - strlen(" ago");
	memcpy(ahead + strlen("in "), text.ptr, len);
	if (!due_parse((struct slice){ ahead, strlen("in ") + len }, 0, &distance_ms))
		return false;
	*since_ms = now_ms - distance_ms;
	return true;
}

bool since_parse(struct slice text, int64_t now_ms, int64_t *since_ms)
{
	text = slice_trim(text);
	return parse_today(text, now_ms, since_ms) || parse_ago(text, now_ms, since_ms) || due_parse(text, now_ms, since_ms);
}
