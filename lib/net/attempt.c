#include "net/engine.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "net/headers.h"
#include "net/retry.h"

enum { WARN_EVERY_US = 1000000 };

void engine_finish(struct http *h, struct http_request *r)
{
	r->next = NULL;
	*h->finished_end = r;
	h->finished_end = &r->next;
}

void engine_finish_unsent(struct http *h, struct http_request *r, enum http_result result, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(r->response.error, sizeof r->response.error, format, args);
	va_end(args);
	r->response.result = result;
	r->response.status = 0;
	buf_reset(&r->content);
	buf_reset(&r->header_lines);
	engine_finish(h, r);
}

static void release_handle(struct http *h, struct http_request *r)
{
	struct http_request **at = &h->active;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	curl_multi_remove_handle(h->multi, r->easy);
	h->pool[h->pool_count++] = r->easy;
	r->easy = NULL;
	h->active_count--;
	r->lane->host->active--;
}

static void give_back(struct http *h, struct http_request *r, enum governor_outcome outcome, int64_t now_us)
{
	if (r->spec.governor == NULL || r->slot < 0)
		return;
	enum governor_news news = governor_answer(r->spec.governor, r->slot, outcome, now_us);
	if (news != GOVERNOR_NO_NEWS && h->tell != NULL)
		h->tell(news == GOVERNOR_DOWN ? "%s is down: half of the last calls failed; nobody asks for a minute" : "%s is up again",
			governor_key(r->spec.governor));
	lanes_ask_again(&h->lanes, r->spec.governor);
	r->slot = -1;
}

/* The next one's is when the pause is over, and what the server asked for. */
static void give_turn(struct http *h, struct http_request *r, int64_t now_us)
{
	int64_t pause_ms = r->spec.pause_ms, asked_ms = -1;
	if (!r->has_turn)
		return;
	r->has_turn = false;
	if (r->response.result == HTTP_ANSWERED)
		asked_ms = headers_retry_after_ms(buf_slice(&r->header_lines), clock_real_ms());
	pause_ms = r->is_sent ? pause_ms : 0;
	pause_ms = asked_ms > pause_ms ? asked_ms : pause_ms;
	turns_give(h->turns, r->origin, now_us, now_us + (pause_ms < MS_PER_DAY ? pause_ms : MS_PER_DAY) * 1000);
}

void engine_span(struct http *h, const struct http_request *r)
{
	const struct http_response *to = &r->response;
	char status[16];
	snprintf(status, sizeof status, "%ld", to->status);
	bool is_error = to->result != HTTP_ANSWERED || to->status >= 400;
	struct span span = {
		.op = r->spec.op == NULL ? "http" : r->spec.op,
		.due_ms = r->due_ms,
		.ms = to->ms,
		.wait_ms = to->wait_ms,
		.is_error = is_error,
		.code = !is_error                     ? NULL
			: to->result == HTTP_ANSWERED ? status
						      : transfer_result_name(to->result),
		.task = r->spec.task,
		.count = r->spec.count,
		.is_cached = to->source == HTTP_FROM_CACHE,
		.is_replayed = to->source == HTTP_FROM_CASSETTE,
	};
	trace_span(h->trace, &span);
}

static enum governor_outcome outcome_of(const struct http_request *r)
{
	switch (r->response.result) {
	case HTTP_UNREACHABLE: return r->is_sent ? GOVERNOR_FAILED : GOVERNOR_UNREACHABLE;
	case HTTP_BROKEN:
	case HTTP_TIMED_OUT: return GOVERNOR_FAILED;
	case HTTP_ANSWERED: return r->response.status == 429 ? GOVERNOR_LIMITED : r->response.status >= 500 ? GOVERNOR_FAILED : GOVERNOR_OK;
	default: return r->is_sent ? GOVERNOR_OK : GOVERNOR_UNSENT;
	}
}

static void say_waiting(struct http *h, const struct http_request *r, int64_t wait_ms, int64_t now_us)
{
	if (h->warn == NULL || (h->warned_us != INT64_MIN && now_us - h->warned_us < WARN_EVERY_US))
		return;
	h->warned_us = now_us;
	const struct http_response *to = &r->response;
	if (to->result == HTTP_ANSWERED)
		h->warn("%s %s: status %ld; trying again in %.1f s", r->method, r->origin, to->status, (double)wait_ms / 1000);
	else
		h->warn("%s %s: %s; trying again in %.1f s", r->method, r->origin, to->error, (double)wait_ms / 1000);
}

static void try_again(struct http *h, struct http_request *r, int64_t wait_ms, int64_t now_us)
{
	r->again_us = now_us + wait_ms * 1000;
	r->due_us = now_us;
	r->due_ms = clock_real_ms();
	r->next = h->delayed;
	h->delayed = r;
	h->totals.retries++;
	say_waiting(h, r, wait_ms, now_us);
}

/* What follows from an attempt's end: another one, or the request's end. */
static void settle(struct http *h, struct http_request *r, bool is_final, int64_t now_us)
{
	struct http_response *to = &r->response;
	struct slice headers = buf_slice(&r->header_lines);
	struct governor *g = r->spec.governor;
	unsigned max = 0;
	struct retry_case c = { .result = to->result, .status = to->status, .is_final = is_final, .mode = r->spec.retry, .retry_after_ms = -1 };
	if (to->result == HTTP_ANSWERED) {
		c.retry_after_ms = headers_retry_after_ms(headers, clock_real_ms());
		if (headers_rate_limit(headers, &max, &c.window_ms) && g != NULL)
			governor_learn(g, max, c.window_ms * 1000);
	}
	if (to->result == HTTP_ANSWERED && to->status == 429) {
		c.policy = headers_rate_policy(buf_slice(&r->content));
		r->limited_attempts++;
	} else {
		r->failed_attempts++;
	}
	c.failed_attempts = r->failed_attempts;
	c.limited_attempts = r->limited_attempts;
	c.max_attempts = r->spec.max_attempts;
	c.max_wait_ms = r->spec.max_wait_ms;
	to->retry_after_ms = c.retry_after_ms;
	struct retry_verdict v = retry_decide(&c, &h->random);
	if (g != NULL && v.hold_ms > 0)
		governor_hold(g, now_us + (v.hold_ms < MS_PER_DAY ? v.hold_ms : MS_PER_DAY) * 1000);
	if (v.step == RETRY_AGAIN && (!v.costs_budget || g == NULL || governor_may_retry(g, to->result == HTTP_TIMED_OUT))) {
		try_again(h, r, v.wait_ms, now_us);
		return;
	}
	if (v.step == RETRY_OUT_OF_BUDGET) {
		to->result = HTTP_OUT_OF_BUDGET;
		if (c.policy == RATE_DAILY)
			snprintf(to->error, sizeof to->error, "status %ld: the daily limit is reached", to->status);
		else
			snprintf(to->error, sizeof to->error, "status %ld: the server asks to wait %.0f s", to->status, (double)v.hold_ms / 1000);
	}
	engine_finish(h, r);
}

void attempt_end(struct http *h, struct http_request *r, CURLcode code)
{
	int64_t now_us = clock_steady_us();
	bool is_final;
	long version = 0;
	curl_off_t bytes = 0;
	curl_easy_getinfo(r->easy, CURLINFO_HTTP_VERSION, &version);
	curl_easy_getinfo(r->easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
	h->totals.bytes_in += (uint64_t)bytes;
	r->lane->host->is_http2 = r->lane->host->is_http2 || version >= CURL_HTTP_VERSION_2_0;
	transfer_conclude(r, code, &is_final);
	release_handle(h, r);
	r->response.ms = (double)(now_us - r->start_us) / 1000;
	give_back(h, r, outcome_of(r), now_us);
	give_turn(h, r, now_us);
	engine_span(h, r);
	settle(h, r, is_final, now_us);
}

void attempt_begin(struct http *h, struct http_request *r, int slot, int64_t now_us)
{
	r->slot = slot;
	r->easy = h->pool_count > 0 ? h->pool[--h->pool_count] : curl_easy_init();
	if (r->easy == NULL || !transfer_prepare(r, &h->transfer) || curl_multi_add_handle(h->multi, r->easy) != CURLM_OK) {
		if (r->easy != NULL)
			h->pool[h->pool_count++] = r->easy;
		r->easy = NULL;
		give_back(h, r, GOVERNOR_UNSENT, now_us);
		give_turn(h, r, now_us);
		engine_finish_unsent(h, r, HTTP_UNREACHABLE, "out of memory");
		return;
	}
	r->attempts++;
	r->start_us = now_us;
	r->response.wait_ms = (double)(now_us - r->due_us) / 1000;
	r->next = h->active;
	h->active = r;
	h->active_count++;
	r->lane->host->active++;
	h->totals.attempts++;
	h->totals.waited_ms += r->response.wait_ms;
}

void attempt_cancel(struct http *h, struct http_request *r, int64_t now_us)
{
	release_handle(h, r);
	give_back(h, r, r->is_sent ? GOVERNOR_GIVEN_UP : GOVERNOR_UNSENT, now_us);
	r->response.ms = (double)(now_us - r->start_us) / 1000;
	r->response.result = HTTP_CANCELLED;
	give_turn(h, r, now_us);
	engine_span(h, r);
	engine_finish_unsent(h, r, HTTP_CANCELLED, "cancelled");
}
