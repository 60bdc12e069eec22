#include "net/headers.h"

#include <curl/curl.h>
#include <limits.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

enum { MAX_POLICY_BYTES = 64 << 10, MAX_DATE_BYTES = 64 };

/* Lines without a colon are skipped: the status line, the blank one. */
bool headers_next(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice line;
	while (slice_split(rest, '\n', &line)) {
		const char *colon = line.len == 0 ? NULL : memchr(line.ptr, ':', line.len);
		if (colon == NULL)
			continue;
		*name = (struct slice){ line.ptr, (size_t)(colon - line.ptr) };
		*value = slice_trim((struct slice){ colon + 1, line.len - name->len - 1 });
		return true;
	}
	return false;
}

bool headers_find(struct slice headers, const char *name, struct slice *value)
{
	struct slice rest = headers, found;
	while (headers_next(&rest, &found, value))
		if (slice_equal_nocase(found, slice_of(name)))
			return true;
	return false;
}

bool headers_date(struct slice value, int64_t *ms)
{
	char date[MAX_DATE_BYTES];
	if (value.len >= sizeof date)
		return false;
	memcpy(date, value.ptr, value.len);
	date[value.len] = '\0';
	time_t when = curl_getdate(date, NULL);
	*ms = (int64_t)when * MS_PER_SECOND;
	return when != -1;
}

/* A number with or without a fraction, as both are seen; its whole part is enough. False past about 31 years. */
static bool whole_number(struct slice text, uint64_t *number)
{
	struct slice whole;
	return slice_split(&text, '.', &whole) && slice_to_u64(whole, number) && *number <= 1000000000000;
}

int64_t headers_retry_after_ms(struct slice headers, int64_t now_ms)
{
	struct slice value;
	uint64_t number;
	int64_t when_ms;
	if (headers_find(headers, "retry-after-ms", &value) && whole_number(value, &number))
		return (int64_t)number;
	if (!headers_find(headers, "Retry-After", &value))
		return -1;
	if (whole_number(value, &number))
		return (int64_t)number * MS_PER_SECOND;
	if (!headers_date(value, &when_ms))
		return -1;
	return when_ms > now_ms ? when_ms - now_ms : 0;
}

bool headers_rate_limit(struct slice headers, unsigned *max, int64_t *window_ms)
{
	struct slice value;
	uint64_t number;
	*max = 0;
	*window_ms = 0;
	if (headers_find(headers, "X-HubSpot-RateLimit-Max", &value) && slice_to_u64(value, &number) && number <= 1000000)
		*max = (unsigned)number;
	if (headers_find(headers, "X-HubSpot-RateLimit-Interval-Milliseconds", &value) && slice_to_u64(value, &number) && number <= MS_PER_DAY)
		*window_ms = (int64_t)number;
	return *max > 0 || *window_ms > 0;
}

bool headers_daily(struct slice headers, int64_t *max, int64_t *remaining)
{
	struct slice value;
	uint64_t number;
	*max = *remaining = -1;
	if (headers_find(headers, "X-HubSpot-RateLimit-Daily", &value) && slice_to_u64(value, &number) && number <= INT64_MAX)
		*max = (int64_t)number;
	if (headers_find(headers, "X-HubSpot-RateLimit-Daily-Remaining", &value) && slice_to_u64(value, &number) && number <= INT64_MAX)
		*remaining = (int64_t)number;
	return *max >= 0 || *remaining >= 0;
}

unsigned headers_codings(struct slice headers)
{
	struct slice rest = headers, name, value, coding;
	unsigned count = 0;
	while (headers_next(&rest, &name, &value))
		if (slice_equal_nocase(name, (struct slice)SLICE("Content-Encoding")))
			while (slice_split(&value, ',', &coding)) {
				coding = slice_trim(coding);
				count += coding.len > 0 && !slice_equal_nocase(coding, (struct slice)SLICE("identity"));
			}
	return count;
}

enum rate_policy headers_rate_policy(struct slice body)
{
	struct arena arena;
	struct json_error error;
	enum rate_policy policy = RATE_UNKNOWN;
	if (body.len == 0 || body.len > MAX_POLICY_BYTES)
		return RATE_UNKNOWN;
	arena_init(&arena, (size_t)MAX_POLICY_BYTES * 64);
	struct slice name = json_string(json_parse(&arena, body, &error), "policyName", "");
	if (slice_equal_nocase(name, (struct slice)SLICE("SECONDLY")))
		policy = RATE_SECONDLY;
	else if (slice_equal_nocase(name, (struct slice)SLICE("TEN_SECONDLY_ROLLING")))
		policy = RATE_TEN_SECONDLY;
	else if (slice_equal_nocase(name, (struct slice)SLICE("DAILY")))
		policy = RATE_DAILY;
	arena_release(&arena);
	return policy;
}
