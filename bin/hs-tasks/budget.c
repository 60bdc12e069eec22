#include "budget.h"

#include <stdio.h>

#include "base/cli.h"
#include "net/headers.h"

enum { SECOND_US = 1000000, DAY_HOLD_MINUTES = 10 };

/* Max is that of HubSpot's paid tiers until its first answer says otherwise; of searches no answer says it. */
static const struct {
	const char *key;
	struct governor_limits limits;
} parts[BUDGET_PARTS] = {
	[BUDGET_CALLS] = { "hubspot", { .max = 190, .window_us = 10 * SECOND_US, .burst = 40, .reserved = 4 } },
	[BUDGET_SEARCHES] = { "hubspot-search", { .max = 5, .window_us = SECOND_US, .burst = 5 } },
	[BUDGET_DAY] = { "hubspot-daily", { .max = 0 } },
};

void budget_open(struct budget *b, const char *folder)
{
	char error[GOVERNOR_ERROR_BYTES] = "out of memory";
	for (int i = 0; i < BUDGET_PARTS; i++) {
		b->parts[i] = folder == NULL ? governor_new(parts[i].key, &parts[i].limits)
					     : governor_open(folder, parts[i].key, &parts[i].limits, clock_steady_us(), error);
		if (b->parts[i] == NULL)
			cli_die(EXIT_IO_FAILED, "limits: %s", error);
	}
}

void budget_close(struct budget *b)
{
	for (int i = 0; i < BUDGET_PARTS; i++)
		governor_free(b->parts[i]);
}

void budget_note(struct budget *b, const struct http_response *response)
{
	int64_t max, left;
	if (response->source != HTTP_FROM_NETWORK)
		return;
	if (headers_daily(response->headers, &max, &left))
		governor_note_daily(b->parts[BUDGET_DAY], max, left, clock_real_ms());
	if (response->status == 429 && headers_rate_policy(response->body) == RATE_DAILY)
		governor_hold(b->parts[BUDGET_DAY], clock_steady_us() + (int64_t)DAY_HOLD_MINUTES * 60 * SECOND_US);
}

bool budget_is_used_up(struct budget *b, char *message, size_t size)
{
	int64_t left_us = governor_held_until(b->parts[BUDGET_DAY]) - clock_steady_us();
	if (left_us <= 0)
		return false;
	snprintf(message, size,
		"the daily limit is reached; HubSpot counts anew from midnight in the account's time zone, and is asked again in %lld min",
		(long long)(left_us / SECOND_US + 59) / 60);
	return true;
}
