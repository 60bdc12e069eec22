#include "net/retry.h"

enum { SECONDLY_MS = 1000, TEN_SECONDLY_MS = 10000, DAILY_HOLD_MS = 600000, SPREAD_MS = 100 };

/* A share of the wait on top, so that all who were told the same time do not come back in the same instant. */
static int64_t spread(int64_t wait_ms, struct random *random)
{
	int64_t most = wait_ms / 10 > SPREAD_MS ? SPREAD_MS : wait_ms / 10;
	return wait_ms + (int64_t)random_below(random, (uint64_t)most + 1);
}

static int64_t back_off(unsigned attempt, struct random *random)
{
	int64_t most = RETRY_BASE_MS;
	while (--attempt > 0 && most < RETRY_CAP_MS)
		most *= 2;
	return (int64_t)random_below(random, (uint64_t)(most < RETRY_CAP_MS ? most : RETRY_CAP_MS) + 1);
}

/* What a 429 asks of everyone who calls this server: its own wish, else its policy's window; -1 where it says neither. */
static int64_t limited_ms(const struct retry_case *c)
{
	if (c->retry_after_ms >= 0)
		return c->retry_after_ms;
	switch (c->policy) {
	case RATE_SECONDLY: return SECONDLY_MS;
	case RATE_TEN_SECONDLY: return c->window_ms > 0 ? c->window_ms : TEN_SECONDLY_MS;
	case RATE_DAILY: return DAILY_HOLD_MS; /* when the day ends is not said: asking now and then is cheap */
	case RATE_UNKNOWN: break;
	}
	return -1;
}

static struct retry_verdict decide_limited(const struct retry_case *c, struct random *random)
{
	int64_t asked_ms = limited_ms(c);
	struct retry_verdict v = { .step = RETRY_DELIVER, .hold_ms = asked_ms > 0 ? asked_ms : 0 };
	if (c->policy == RATE_DAILY || asked_ms > c->max_wait_ms) {
		v.step = RETRY_OUT_OF_BUDGET;
	} else if (c->mode != HTTP_RETRY_NEVER && c->limited_attempts <= (c->max_attempts - 1) * RETRY_LIMITED_PER_ATTEMPT) {
		v.step = RETRY_AGAIN;
		v.wait_ms = asked_ms > 0 ? spread(asked_ms, random) : back_off(c->limited_attempts, random);
	}
	return v;
}

static bool is_passing(long status)
{
	switch (status) {
	case 408:
	case 423:
	case 500:
	case 502:
	case 503:
	case 504:
	case 520:
	case 521:
	case 523:
	case 524: return true;
	default: return false;
	}
}

/* Whether this outcome may be tried again at all. */
static bool is_repeatable(const struct retry_case *c)
{
	if (c->is_final || c->mode == HTTP_RETRY_NEVER)
		return false;
	switch (c->result) {
	case HTTP_UNREACHABLE: return true;
	case HTTP_BROKEN:
	case HTTP_TIMED_OUT: return c->mode == HTTP_RETRY_SAFE;
	case HTTP_ANSWERED: break;
	default: return false;
	}
	if (c->retry_after_ms >= 0 && (c->status == 503 || c->status == 477))
		return true;
	return c->mode == HTTP_RETRY_SAFE && is_passing(c->status);
}

struct retry_verdict retry_decide(const struct retry_case *c, struct random *random)
{
	if (c->result == HTTP_ANSWERED && c->status == 429)
		return decide_limited(c, random);
	if (!is_repeatable(c))
		return (struct retry_verdict){ .step = RETRY_DELIVER };
	int64_t asked_ms = c->result == HTTP_ANSWERED ? c->retry_after_ms : -1;
	struct retry_verdict v = { .step = RETRY_DELIVER, .hold_ms = asked_ms > 0 ? asked_ms : 0, .costs_budget = true };
	if (asked_ms > c->max_wait_ms) {
		v.step = RETRY_OUT_OF_BUDGET;
	} else if (c->failed_attempts < c->max_attempts) {
		v.step = RETRY_AGAIN;
		v.wait_ms = asked_ms > 0 ? spread(asked_ms, random) : back_off(c->failed_attempts, random);
		if (c->status == 423 && v.wait_ms < RETRY_LOCKED_MS)
			v.wait_ms = RETRY_LOCKED_MS;
		if (asked_ms < 0 && v.wait_ms > c->max_wait_ms)
			v.wait_ms = c->max_wait_ms;
	}
	return v;
}
