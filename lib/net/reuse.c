#include "net/reuse.h"

#include <stdio.h>

#include "base/clock.h"
#include "net/engine.h"
#include "net/freshness.h"
#include "net/headers.h"
#include "store/cache.h"

enum { FIRST_PAUSE_US = 5000, LONGEST_PAUSE_US = 100000, MAX_PARTS = 24, MAX_HEADER_BYTES = 256 << 10 };

/* An outcome of the cache that is no http_result: the answer may not be kept, so nobody need wait for another's. */
enum { NOT_KEPT = -1, NOT_KEPT_MS = MS_PER_MINUTE };

/* -- the key -- */

/* Who we are for the server, and what decides which answers we may have at all. */
static bool put_scope(const struct http *h, const struct http_request *r, char *text, size_t size)
{
	int len = snprintf(text, size, "%d%d%d %zu %u %s", h->transfer.guard, h->transfer.allow_private, r->spec.reuse.is_policy,
		r->spec.max_body_bytes, r->spec.max_redirects, h->user_agent == NULL ? "" : h->user_agent);
	return len > 0 && (size_t)len < size;
}

/* False where the request is none for the cache. */
static bool make_key(const struct http *h, struct http_request *r)
{
	const struct http_reuse *reuse = &r->spec.reuse;
	char scope[512];
	struct slice parts[MAX_PARTS];
	size_t count = 0;
	bool is_get = strcmp(r->method, "GET") == 0 && r->body == NULL;
	if (h->cache == NULL || reuse->kind == NULL || h->resolve[0] != NULL || !(is_get || (reuse->is_policy && strcmp(r->method, "POST") == 0)) ||
		!put_scope(h, r, scope, sizeof scope))
		return false;
	parts[count++] = slice_of(r->method);
	parts[count++] = slice_of(r->url);
	parts[count++] = r->body == NULL ? (struct slice){ "", 0 } : (struct slice){ r->body, r->spec.body.len };
	parts[count++] = slice_of(scope);
	parts[count++] = slice_of(reuse->identity == NULL ? "" : reuse->identity);
	for (const struct curl_slist *header = r->headers; header != NULL; header = header->next) {
		bool is_secret = strncasecmp(header->data, "Authorization:", 14) == 0;
		if ((is_secret && reuse->identity == NULL) || strncasecmp(header->data, "If-", 3) == 0 || count == MAX_PARTS)
			return false;
		if (!is_secret)
			parts[count++] = slice_of(header->data);
	}
	sha256_parts_hex(parts, count, r->reuse.key);
	return true;
}

/* -- looking up -- */

static bool is_fresh(const struct http_request *r, const struct cache_entry *entry, int64_t now_ms)
{
	int64_t age_ms = now_ms - entry->stored_ms;
	return age_ms >= 0 && age_ms < r->spec.reuse.max_age_ms && now_ms < entry->fresh_until_ms;
}

/* The entry in place of an answer. False where it is larger than the caller takes. */
static bool fill(struct http_request *r, const struct cache_entry *entry)
{
	struct http_response *to = &r->response;
	buf_reset(&r->header_lines);
	buf_reset(&r->content);
	buf_put_slice(&r->header_lines, entry->headers);
	buf_put_slice(&r->content, entry->body);
	to->result = (enum http_result)entry->outcome;
	to->status = entry->status;
	snprintf(to->error, sizeof to->error, "%.*s", (int)entry->error.len, entry->error.ptr);
	if (r->header_lines.failed || r->content.failed)
		return false;
	to->source = HTTP_FROM_CACHE;
	return true;
}

static bool hold(struct http *h, struct http_request *r)
{
	/* The lock does not tell two requests of one process apart. */
	for (const struct http_request *other = h->holding; other != NULL; other = other->reuse.next)
		if (strcmp(other->reuse.key, r->reuse.key) == 0)
			return false;
	if (!cache_lock(h->cache, r->reuse.key))
		return false;
	r->reuse.is_holding = true;
	r->reuse.next = h->holding;
	h->holding = r;
	return true;
}

static void let_go(struct http *h, struct http_request *r)
{
	struct http_request **at = &h->holding;
	if (!r->reuse.is_holding)
		return;
	while (*at != r)
		at = &(*at)->reuse.next;
	*at = r->reuse.next;
	r->reuse.is_holding = false;
	cache_unlock(h->cache, r->reuse.key);
}

static bool append(struct http_request *r, const char *name, struct slice value)
{
	char line[1024];
	int len = snprintf(line, sizeof line, "%s: %.*s", name, (int)(value.len < sizeof line ? value.len : sizeof line), value.ptr);
	return len > 0 && (size_t)len < sizeof line && curl_slist_append(r->headers, line) != NULL;
}

/* Asks only whether the stored answer is still good (RFC 9111 section 4.3.1). */
static void add_condition(struct http_request *r, const struct cache_entry *entry)
{
	struct slice tag, date;
	bool has_tag = headers_find(entry->headers, "ETag", &tag) && tag.len > 0;
	bool has_date = headers_find(entry->headers, "Last-Modified", &date) && date.len > 0;
	struct curl_slist *last = r->headers;
	while (last->next != NULL)
		last = last->next;
	if (entry->outcome != HTTP_ANSWERED || entry->status != 200)
		return;
	if ((has_tag && append(r, "If-None-Match", tag)) || (has_date && append(r, "If-Modified-Since", date)))
		r->reuse.last_header = last;
}

static void drop_condition(struct http_request *r)
{
	if (r->reuse.last_header == NULL)
		return;
	curl_slist_free_all(r->reuse.last_header->next);
	r->reuse.last_header->next = NULL;
	r->reuse.last_header = NULL;
}

enum found { ANSWERED, FETCHED_BY_ANOTHER, TO_BE_FETCHED };

static enum found look_up(struct http *h, struct http_request *r)
{
	struct cache_entry entry;
	int64_t now_ms = clock_real_ms();
	for (int look = 0; look < 2; look++) {
		bool has_entry = cache_get(h->cache, r->reuse.key, now_ms, &entry);
		bool may_not = has_entry && entry.outcome == NOT_KEPT;
		if (has_entry && is_fresh(r, &entry, now_ms) && !may_not && fill(r, &entry)) {
			let_go(h, r);
			return ANSWERED;
		}
		if (may_not && is_fresh(r, &entry, now_ms)) {
			let_go(h, r);
			return TO_BE_FETCHED;
		}
		/* Once it is held nobody else stores; what was stored before that is seen by looking again. */
		if (look == 0 && !hold(h, r))
			return FETCHED_BY_ANOTHER;
		if (look == 1 && has_entry)
			add_condition(r, &entry);
	}
	return TO_BE_FETCHED;
}

/* -- between submission and the network -- */

static void answer(struct http *h, struct http_request *r, int64_t start_us)
{
	int64_t now_us = clock_steady_us();
	r->response.wait_ms = (double)(start_us - r->due_us) / 1000;
	r->response.ms = (double)(now_us - start_us) / 1000;
	h->totals.cached++;
	engine_span(h, r);
	engine_finish(h, r);
}

static void wait_for_another(struct http *h, struct http_request *r, int64_t now_us)
{
	struct reuse *reuse = &r->reuse;
	reuse->pause_us = reuse->pause_us == 0 ? FIRST_PAUSE_US : 2 * reuse->pause_us < LONGEST_PAUSE_US ? 2 * reuse->pause_us : LONGEST_PAUSE_US;
	reuse->again_us = now_us + reuse->pause_us;
	r->next = h->waiting;
	h->waiting = r;
}

bool reuse_take(struct http *h, struct http_request *r)
{
	int64_t now_us = clock_steady_us();
	if (!make_key(h, r))
		return false;
	r->reuse.give_up_us = now_us + r->spec.timeout_ms * 1000;
	switch (look_up(h, r)) {
	case ANSWERED: answer(h, r, now_us); return true;
	case FETCHED_BY_ANOTHER: wait_for_another(h, r, now_us); return true;
	case TO_BE_FETCHED: break;
	}
	return false;
}

void reuse_step(struct http *h, int64_t now_us)
{
	struct http_request *list = h->waiting, *r;
	h->waiting = NULL;
	while ((r = list) != NULL) {
		list = r->next;
		if (r->reuse.again_us > now_us) {
			r->next = h->waiting;
			h->waiting = r;
			continue;
		}
		enum found found = look_up(h, r);
		if (found == ANSWERED)
			answer(h, r, now_us);
		else if (found == FETCHED_BY_ANOTHER && now_us < r->reuse.give_up_us)
			wait_for_another(h, r, now_us);
		else
			lane_push(r->lane, r);
	}
}

int64_t reuse_due_us(const struct http *h)
{
	int64_t due_us = INT64_MAX;
	for (const struct http_request *r = h->waiting; r != NULL; r = r->next)
		due_us = r->reuse.again_us < due_us ? r->reuse.again_us : due_us;
	return due_us;
}

void reuse_cancel(struct http *h)
{
	for (struct http_request *r; (r = h->waiting) != NULL;) {
		h->waiting = r->next;
		engine_finish_unsent(h, r, HTTP_CANCELLED, "cancelled");
	}
}

/* -- after the answer -- */

static void store(struct http *h, struct http_request *r, int outcome, int64_t until_ms, int64_t now_ms)
{
	struct buf headers;
	struct cache_entry entry = { .kind = slice_of(r->spec.reuse.kind),
		.outcome = outcome,
		.stored_ms = now_ms,
		.fresh_until_ms = until_ms,
		.error = slice_of(outcome == HTTP_ANSWERED || outcome == NOT_KEPT ? "" : r->response.error) };
	buf_init(&headers, MAX_HEADER_BYTES);
	if (outcome == HTTP_ANSWERED) {
		freshness_put_headers(&headers, buf_slice(&r->header_lines));
		entry.status = r->response.status;
		entry.headers = buf_slice(&headers);
		entry.body = buf_slice(&r->content);
	}
	if (!headers.failed)
		cache_put(h->cache, r->reuse.key, &entry);
	buf_release(&headers);
}

/* "304 Not Modified": what is kept is good again. False where it is gone meanwhile. */
static bool revive(struct http *h, struct http_request *r, int64_t now_ms)
{
	struct cache_entry entry;
	struct buf headers;
	if (!cache_get(h->cache, r->reuse.key, now_ms, &entry) || entry.outcome != HTTP_ANSWERED)
		return false;
	buf_init(&headers, MAX_HEADER_BYTES);
	freshness_put_updated(&headers, entry.headers, buf_slice(&r->header_lines));
	entry.headers = buf_slice(&headers);
	bool ok = !headers.failed && fill(r, &entry);
	r->response.source = HTTP_FROM_NETWORK;
	if (ok)
		store(h, r, HTTP_ANSWERED, freshness_of(r->response.status, buf_slice(&r->header_lines), r->spec.reuse.is_policy, now_ms).until_ms,
			now_ms);
	buf_release(&headers);
	return ok;
}

/* RFC 5861 section 4. */
static bool is_passing_error(const struct http_response *to)
{
	switch (to->result) {
	case HTTP_UNREACHABLE:
	case HTTP_BROKEN:
	case HTTP_TIMED_OUT:
	case HTTP_BREAKER_OPEN:
	case HTTP_OUT_OF_BUDGET: return true;
	case HTTP_ANSWERED: return to->status == 429 || to->status >= 500;
	default: return false;
	}
}

static bool stand_in(struct http *h, struct http_request *r, int64_t now_ms)
{
	struct cache_entry entry;
	if (!cache_get(h->cache, r->reuse.key, now_ms, &entry) || entry.outcome != HTTP_ANSWERED || entry.status >= 400 ||
		!freshness_may_be_stale(entry.headers, r->spec.reuse.is_policy))
		return false;
	int64_t until_ms = entry.stored_ms + r->spec.reuse.max_age_ms;
	until_ms = until_ms < entry.fresh_until_ms ? until_ms : entry.fresh_until_ms;
	return now_ms < until_ms + FRESHNESS_STALE_MS && fill(r, &entry);
}

static bool is_kept_failure(const struct http_request *r)
{
	enum http_result result = r->response.result;
	return r->attempts > 0 && (result == HTTP_UNREACHABLE || result == HTTP_BROKEN || result == HTTP_TIMED_OUT || result == HTTP_TOO_LARGE);
}

static void keep(struct http *h, struct http_request *r, int64_t now_ms)
{
	if (r->response.result != HTTP_ANSWERED) {
		if (is_kept_failure(r))
			store(h, r, (int)r->response.result, now_ms + FRESHNESS_FAILURE_MS, now_ms);
		return;
	}
	struct freshness f = freshness_of(r->response.status, buf_slice(&r->header_lines), r->spec.reuse.is_policy, now_ms);
	/* Where a redirect was followed the answer is not this URL's. */
	if (f.is_kept && r->effective_url == NULL)
		store(h, r, HTTP_ANSWERED, f.until_ms, now_ms);
	else
		store(h, r, NOT_KEPT, now_ms + NOT_KEPT_MS, now_ms);
}

bool reuse_conclude(struct http *h, struct http_request *r)
{
	int64_t now_ms = clock_real_ms();
	const struct http_response *to = &r->response;
	if (r->reuse.key[0] == '\0' || to->source == HTTP_FROM_CACHE || to->result == HTTP_CANCELLED) {
		let_go(h, r);
		return true;
	}
	bool is_confirmed = to->result == HTTP_ANSWERED && to->status == 304 && r->reuse.last_header != NULL;
	if (is_confirmed && !revive(h, r, now_ms)) {
		drop_condition(r);
		if (!h->is_closing) {
			lane_push_front(r->lane, r);
			return false;
		}
	} else if (!is_confirmed && !(is_passing_error(to) && stand_in(h, r, now_ms))) {
		keep(h, r, now_ms);
	}
	let_go(h, r);
	return true;
}
