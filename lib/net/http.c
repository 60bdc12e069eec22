#include "net/http.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "net/headers.h"
#include "net/lanes.h"
#include "net/request.h"
#include "net/retry.h"
#include "net/transfer.h"

enum { PER_HOST = 8, WARN_EVERY_US = 1000000, LONGEST_SLEEP_MS = 60000 };

/* A request is in exactly one place: its lane, the delayed ones, the active ones, or the finished ones whose function has not been called yet. */
struct http {
	CURLM *multi;
	CURL **pool; /* handles at rest */
	size_t pool_count;
	struct lanes lanes;
	struct http_request *delayed, *active, *finished, **finished_end;
	unsigned in_flight, active_count, per_host;
	size_t pending;
	char *user_agent;
	char **resolve; /* NULL-ended */
	struct transfer_options transfer;
	struct trace *trace;
	struct random random;
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	int64_t warned_us;
	bool is_closing;
	struct http_totals totals;
};

/* -- making and ending the engine -- */

static bool copy_options(struct http *h, const struct http_options *o)
{
	size_t count = 0;
	while (o->resolve != NULL && o->resolve[count] != NULL)
		count++;
	h->resolve = calloc(count + 1, sizeof *h->resolve);
	if (h->resolve == NULL || (o->user_agent != NULL && (h->user_agent = strdup(o->user_agent)) == NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if ((h->resolve[i] = strdup(o->resolve[i])) == NULL)
			return false;
	h->transfer = (struct transfer_options){ .user_agent = h->user_agent, .guard = o->guard, .allow_private = o->allow_private };
	return true;
}

struct http *http_new(const struct http_options *options)
{
	struct http *h = calloc(1, sizeof *h);
	if (h == NULL)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return NULL;
	}
	h->finished_end = &h->finished;
	h->in_flight = options->in_flight == 0 ? HTTP_IN_FLIGHT : options->in_flight;
	h->per_host = options->per_host == 0 ? PER_HOST : options->per_host;
	h->trace = options->trace;
	h->warn = options->quiet_retries ? NULL : options->warn;
	h->warned_us = INT64_MIN;
	if (options->seed == 0)
		random_seed_real(&h->random);
	else
		random_seed(&h->random, options->seed);
	h->multi = curl_multi_init();
	h->pool = calloc(h->in_flight, sizeof *h->pool);
	if (h->multi == NULL || h->pool == NULL || !copy_options(h, options)) {
		http_free(h);
		return NULL;
	}
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)h->per_host);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->in_flight);
	return h;
}

static size_t deliver(struct http *h);

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	h->is_closing = true;
	http_cancel_all(h);
	deliver(h);
	while (h->pool_count > 0)
		curl_easy_cleanup(h->pool[--h->pool_count]);
	curl_multi_cleanup(h->multi);
	for (char **entry = h->resolve; entry != NULL && *entry != NULL; entry++)
		free(*entry);
	free(h->resolve);
	free(h->user_agent);
	free(h->pool);
	free(h);
	curl_global_cleanup();
}

size_t http_pending(const struct http *h)
{
	return h->pending;
}

struct http_totals http_totals(const struct http *h)
{
	return h->totals;
}

bool http_header(const struct http_response *r, const char *name, struct slice *value)
{
	return headers_find(r->headers, name, value);
}

/* -- the end of a request -- */

static void finish(struct http *h, struct http_request *r)
{
	r->next = NULL;
	*h->finished_end = r;
	h->finished_end = &r->next;
}

__attribute__((format(printf, 4, 5))) static void finish_unsent(
	struct http *h, struct http_request *r, enum http_result result, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(r->response.error, sizeof r->response.error, format, args);
	va_end(args);
	r->response.result = result;
	r->response.status = 0;
	buf_reset(&r->content);
	finish(h, r);
}

/* Calls the functions of what has finished, also of what they finish themselves; the number of calls. */
static size_t deliver(struct http *h)
{
	size_t count = 0;
	for (struct http_request *r; (r = h->finished) != NULL; count++) {
		h->finished = r->next;
		if (h->finished == NULL)
			h->finished_end = &h->finished;
		r->response.body = buf_slice(&r->content);
		r->response.headers = buf_slice(&r->header_lines);
		r->response.effective_url = r->effective_url == NULL ? r->url : r->effective_url;
		r->response.attempts = r->attempts;
		lanes_leave(&h->lanes, r);
		h->pending--;
		r->spec.done(&r->response, r->spec.arg);
		request_free(r);
	}
	return count;
}

bool http_submit(struct http *h, const struct http_spec *spec)
{
	struct http_request *r = h->is_closing ? NULL : request_new(spec, (const char *const *)h->resolve);
	if (r == NULL)
		return false;
	r->due_us = clock_steady_us();
	r->due_ms = clock_real_ms();
	if (r->refused == NULL && !lanes_join(&h->lanes, r)) {
		request_free(r);
		return false;
	}
	h->pending++;
	h->totals.requests++;
	if (r->refused != NULL)
		finish_unsent(h, r, HTTP_BAD_URL, "%s", r->refused);
	else
		lane_push(r->lane, r);
	return true;
}

/* -- attempts -- */

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
	governor_answer(r->spec.governor, r->slot, outcome, now_us);
	lanes_ask_again(&h->lanes, r->spec.governor);
	r->slot = -1;
}

static void write_span(struct http *h, const struct http_request *r)
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
		governor_hold(g, now_us + v.hold_ms * 1000);
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
	finish(h, r);
}

static void end_attempt(struct http *h, struct http_request *r, CURLcode code)
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
	write_span(h, r);
	settle(h, r, is_final, now_us);
}

/* Sends the first request of a lane. False where it cannot go: no memory. */
static bool begin_attempt(struct http *h, struct http_request *r, int slot, int64_t now_us)
{
	r->slot = slot;
	r->easy = h->pool_count > 0 ? h->pool[--h->pool_count] : curl_easy_init();
	if (r->easy == NULL || !transfer_prepare(r, &h->transfer) || curl_multi_add_handle(h->multi, r->easy) != CURLM_OK) {
		if (r->easy != NULL)
			h->pool[h->pool_count++] = r->easy;
		r->easy = NULL;
		give_back(h, r, GOVERNOR_UNSENT, now_us);
		finish_unsent(h, r, HTTP_UNREACHABLE, "out of memory");
		return false;
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
	return true;
}

/* -- whose turn it is -- */

static bool is_full(const struct http *h, const struct host *host)
{
	return !host->is_http2 && host->active >= h->per_host;
}

/* Gives the lane's first request its turn, where host and governor allow it; whether it left the lane. */
static bool take_turn(struct http *h, struct lane *lane, int64_t now_us)
{
	int64_t again_us = 0;
	int slot = -1;
	if (lane->first == NULL || lane->again_us > now_us || is_full(h, lane->host))
		return false;
	if (lane->governor != NULL)
		slot = governor_take(lane->governor, lane->class, now_us, &again_us);
	if (lane->governor != NULL && slot == -1) {
		int64_t held_ms = (governor_state(lane->governor, now_us).hold_until_us - now_us) / 1000;
		if (held_ms > lane->first->spec.max_wait_ms) {
			finish_unsent(h, lane_pop(lane), HTTP_OUT_OF_BUDGET, "the server asked to wait: %lld s remain", (long long)held_ms / 1000);
			return true;
		}
		lane->again_us = again_us;
		return false;
	}
	struct http_request *r = lane_pop(lane);
	if (slot == -2)
		finish_unsent(h, r, HTTP_BREAKER_OPEN, "%s keeps failing: not asked for another %.0f s", governor_key(lane->governor),
			(double)(again_us - now_us) / 1e6);
	else
		begin_attempt(h, r, slot, now_us);
	return true;
}

static void dispatch(struct http *h, int64_t now_us)
{
	bool is_moving = true;
	for (struct http_request **at = &h->delayed, *r; (r = *at) != NULL;)
		if (r->again_us <= now_us) {
			*at = r->next;
			lane_push_front(r->lane, r);
		} else {
			at = &r->next;
		}
	while (is_moving && h->active_count < h->in_flight) {
		is_moving = false;
		for (struct lane *lane = h->lanes.first; lane != NULL && h->active_count < h->in_flight; lane = lane->next)
			is_moving = take_turn(h, lane, now_us) || is_moving;
		lanes_rotate(&h->lanes);
	}
}

/* When there is next something to do without any event: a delay is over, or a governor may say yes. */
static int64_t next_due_us(const struct http *h)
{
	int64_t next = INT64_MAX;
	for (const struct http_request *r = h->delayed; r != NULL; r = r->next)
		next = r->again_us < next ? r->again_us : next;
	for (const struct lane *lane = h->lanes.first; lane != NULL && h->active_count < h->in_flight; lane = lane->next)
		if (lane->first != NULL && !is_full(h, lane->host) && lane->again_us > 0 && lane->again_us < next)
			next = lane->again_us;
	return next;
}

/* -- the loop -- */

/* Ends the attempts that libcurl has done; whether there were any. */
static bool collect(struct http *h)
{
	bool any = false;
	int left;
	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		struct http_request *r = h->active;
		while (r->easy != m->easy_handle)
			r = r->next;
		end_attempt(h, r, code);
		any = true;
	}
	return any;
}

/* Sends and receives what can be without waiting. */
static void work(struct http *h)
{
	int running;
	do {
		dispatch(h, clock_steady_us());
		curl_multi_perform(h->multi, &running);
	} while (collect(h));
}

/* At most until until_us. True where the caller should have a look: one of the fds is ready, or a signal came. */
static bool rest(struct http *h, int64_t until_us, const int *fds, size_t fd_count)
{
	struct curl_waitfd waits[HTTP_MAX_FDS];
	struct pollfd polls[HTTP_MAX_FDS];
	unsigned count = 0;
	int ready = 0;
	int64_t now_us = clock_steady_us(), wait_ms = until_us <= now_us ? 0 : (until_us - now_us + 999) / 1000;
	if (wait_ms > LONGEST_SLEEP_MS)
		wait_ms = LONGEST_SLEEP_MS;
	for (size_t i = 0; i < fd_count && count < HTTP_MAX_FDS; i++)
		if (fds[i] >= 0) {
			waits[count] = (struct curl_waitfd){ .fd = fds[i], .events = CURL_WAIT_POLLIN };
			polls[count++] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		}
	curl_multi_poll(h->multi, waits, count, (int)wait_ms, &ready);
	/* A pipe at its end is ready too, which libcurl's own list of events does not say. */
	if (count > 0 && poll(polls, count, 0) > 0)
		return true;
	return ready == 0 && clock_steady_us() < now_us + wait_ms * 1000;
}

size_t http_step(struct http *h, int timeout_ms, const int *fds, size_t fd_count)
{
	int64_t end_us = timeout_ms < 0 ? INT64_MAX : clock_steady_us() + (int64_t)timeout_ms * 1000;
	for (bool is_called = false;;) {
		work(h);
		if (deliver(h) > 0 || is_called || clock_steady_us() >= end_us)
			return h->pending;
		if (h->pending == 0 && fd_count == 0)
			return 0;
		int64_t due_us = next_due_us(h);
		is_called = rest(h, due_us < end_us ? due_us : end_us, fds, fd_count);
	}
}

void http_cancel_all(struct http *h)
{
	int64_t now_us = clock_steady_us();
	while (h->active != NULL) {
		struct http_request *r = h->active;
		release_handle(h, r);
		give_back(h, r, r->is_sent ? GOVERNOR_GIVEN_UP : GOVERNOR_UNSENT, now_us);
		r->response.ms = (double)(now_us - r->start_us) / 1000;
		r->response.result = HTTP_CANCELLED;
		write_span(h, r);
		finish_unsent(h, r, HTTP_CANCELLED, "cancelled");
	}
	while (h->delayed != NULL) {
		struct http_request *r = h->delayed;
		h->delayed = r->next;
		finish_unsent(h, r, HTTP_CANCELLED, "cancelled");
	}
	for (struct lane *lane = h->lanes.first; lane != NULL; lane = lane->next)
		for (struct http_request *r; (r = lane_pop(lane)) != NULL;)
			finish_unsent(h, r, HTTP_CANCELLED, "cancelled");
}
