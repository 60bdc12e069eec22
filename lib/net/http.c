#include "net/http.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/engine.h"
#include "net/headers.h"

enum { PER_HOST = 8, LONGEST_SLEEP_MS = 60000 };
static const int64_t LONGEST_TURN_US = 60 * (int64_t)1000000; /* a longer wait is none for politeness, but what a server asked for */

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
	h->transfer =
		(struct transfer_options){ .user_agent = h->user_agent, .ca_file = o->ca_file, .guard = o->guard, .allow_private = o->allow_private };
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
	h->cassette = options->cassette;
	h->turns = options->turns;
	h->cache = options->cassette == NULL ? options->cache : NULL;
	h->tell = options->warn;
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
	while (h->pool != NULL && h->pool_count > 0)
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

/* -- submitting and delivering -- */

/* Calls the functions of what has finished, also of what they finish themselves; the number of calls. */
static size_t deliver(struct http *h)
{
	size_t count = 0;
	for (struct http_request *r; (r = h->finished) != NULL; count++) {
		h->finished = r->next;
		if (h->finished == NULL)
			h->finished_end = &h->finished;
		if (!reuse_conclude(h, r))
			continue;
		r->response.body = buf_slice(&r->content);
		r->response.headers = buf_slice(&r->header_lines);
		r->response.effective_url = r->effective_url == NULL ? r->url : r->effective_url;
		r->response.attempts = r->attempts;
		playback_note(h, r);
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
		engine_finish_unsent(h, r, HTTP_BAD_URL, "%s", r->refused);
	else if (!playback_take(h, r) && !reuse_take(h, r))
		lane_push(r->lane, r);
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
	bool needs_turn = h->turns != NULL && lane->governor == NULL;
	if (needs_turn && !turns_take(h->turns, lane->host->origin, now_us, &again_us)) {
		if (again_us - now_us > LONGEST_TURN_US) {
			engine_finish_unsent(h, lane_pop(lane), HTTP_OUT_OF_BUDGET, "the server asked to wait: %lld s remain",
				(long long)(again_us - now_us) / 1000000);
			return true;
		}
		lane->again_us = again_us;
		return false;
	}
	if (lane->governor != NULL)
		slot = governor_take(lane->governor, lane->class, now_us, &again_us);
	if (lane->governor != NULL && slot == -1) {
		int64_t held_ms = (governor_held_until(lane->governor) - now_us) / 1000;
		if (held_ms > lane->first->spec.max_wait_ms) {
			engine_finish_unsent(
				h, lane_pop(lane), HTTP_OUT_OF_BUDGET, "the server asked to wait: %lld s remain", (long long)held_ms / 1000);
			return true;
		}
		lane->again_us = again_us;
		return false;
	}
	struct http_request *r = lane_pop(lane);
	r->has_turn = needs_turn;
	if (slot == -2)
		engine_finish_unsent(h, r, HTTP_BREAKER_OPEN, "%s keeps failing: not asked for another %.0f s", governor_key(lane->governor),
			(double)(again_us - now_us) / 1e6);
	else
		attempt_begin(h, r, slot, now_us);
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
	int64_t next = reuse_due_us(h);
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
		attempt_end(h, r, code);
		any = true;
	}
	return any;
}

/* Sends and receives what can be without waiting. */
static void work(struct http *h)
{
	int running;
	do {
		reuse_step(h, clock_steady_us());
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
	reuse_cancel(h);
	while (h->active != NULL)
		attempt_cancel(h, h->active, now_us);
	while (h->delayed != NULL) {
		struct http_request *r = h->delayed;
		h->delayed = r->next;
		engine_finish_unsent(h, r, HTTP_CANCELLED, "cancelled");
	}
	for (struct lane *lane = h->lanes.first; lane != NULL; lane = lane->next)
		for (struct http_request *r; (r = lane_pop(lane)) != NULL;)
			engine_finish_unsent(h, r, HTTP_CANCELLED, "cancelled");
}
