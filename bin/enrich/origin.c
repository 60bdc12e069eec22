#include "origin.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "robots.h"

/* The first 500 KiB of a robots.txt count; a file that does not end within the larger figure is taken for none that can be had. */
enum { ROBOTS_ARENA_BYTES = 2 << 20, ROBOTS_LARGEST_BYTES = 1 << 20, ATTEMPTS = 2, LONGEST_WAIT_MS = 10000, ROBOTS_MAX_AGE_MS = 24 * 3600000 };

struct job {
	struct job *next;
	struct origin *origin;
	char *url, *task;
	size_t path_at; /* of the path in url */
	origin_done *done;
	void *arg;
};

/* ASKED: robots.txt is on its way. */
enum origin_state { NEW, ASKED, KNOWN, FAILED };

struct origin {
	struct origins *all;
	char *name; /* "https://host:port" */
	enum origin_state state;
	struct robots robots; /* its texts lie behind its rules, in one block */
	struct http_response failure; /* FAILED: without its borrowed parts */
	unsigned redirects;
	bool busy;
	int64_t next_us; /* no page before */
	struct job *first, **end;
	uint64_t used; /* for leaving out the one that was not used for longest */
};

struct origins {
	struct origin_options options;
	struct origin **list;
	size_t count, room;
	unsigned pages_in_flight;
	uint64_t turn;
	struct arena scratch;
};

struct origins *origins_new(const struct origin_options *options)
{
	struct origins *o = calloc(1, sizeof *o);
	if (o == NULL)
		return NULL;
	o->options = *options;
	arena_init(&o->scratch, ROBOTS_ARENA_BYTES);
	return o;
}

static void free_job(struct job *job)
{
	free(job->url);
	free(job->task);
	free(job);
}

static void free_origin(struct origin *origin)
{
	for (struct job *job = origin->first, *next; job != NULL; job = next) {
		next = job->next;
		free_job(job);
	}
	free(origin->robots.rules);
	free(origin->name);
	free(origin);
}

void origins_free(struct origins *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->count; i++)
		free_origin(o->list[i]);
	free(o->list);
	arena_release(&o->scratch);
	free(o);
}

/* -- which origin -- */

static bool is_idle(const struct origin *origin)
{
	return origin->first == NULL && !origin->busy && origin->state != ASKED;
}

/* Forgets the origin not used for longest, where enough are known. One inside its pause stays: forgetting would end the pause. */
static void make_room(struct origins *o, int64_t now_us)
{
	size_t oldest = SIZE_MAX;
	if (o->count < ORIGIN_KEPT)
		return;
	for (size_t i = 0; i < o->count; i++)
		if (is_idle(o->list[i]) && o->list[i]->next_us <= now_us && (oldest == SIZE_MAX || o->list[i]->used < o->list[oldest]->used))
			oldest = i;
	if (oldest == SIZE_MAX)
		return;
	free_origin(o->list[oldest]);
	o->list[oldest] = o->list[--o->count];
}

static struct origin *add_origin(struct origins *o, const char *name)
{
	make_room(o, clock_steady_us());
	if (o->count == o->room) {
		struct origin **more = realloc(o->list, (o->room + 64) * sizeof(struct origin *));
		if (more == NULL)
			return NULL;
		o->list = more;
		o->room += 64;
	}
	struct origin *origin = calloc(1, sizeof *origin);
	char *copy = strdup(name);
	if (origin == NULL || copy == NULL) {
		free(origin);
		free(copy);
		return NULL;
	}
	*origin = (struct origin){ .all = o, .name = copy, .end = &origin->first };
	o->list[o->count++] = origin;
	return origin;
}

static struct origin *find_origin(struct origins *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->list[i]->name, name) == 0)
			return o->list[i];
	return NULL;
}

bool origins_fetch(struct origins *o, const struct address *page, struct slice task, origin_done *done, void *arg)
{
	struct origin *origin = find_origin(o, page->origin);
	if (origin == NULL)
		origin = add_origin(o, page->origin);
	struct job *job = origin == NULL ? NULL : calloc(1, sizeof *job);
	if (job == NULL)
		return false;
	*job = (struct job){ .origin = origin, .path_at = strlen(page->origin), .done = done, .arg = arg };
	job->url = strdup(page->url);
	job->task = strndup(task.len == 0 ? "" : task.ptr, task.len);
	if (job->url == NULL || job->task == NULL) {
		free_job(job);
		return false;
	}
	origin->used = ++o->turn;
	*origin->end = job;
	origin->end = &job->next;
	return true;
}

static struct job *pop_job(struct origin *origin)
{
	struct job *job = origin->first;
	origin->first = job->next;
	if (origin->first == NULL)
		origin->end = &origin->first;
	return job;
}

/* A visitor who does not come back within hours is the politest: our own age counts, not what servers tell browsers. */
static bool submit(struct origins *o, const char *url, const char *op, const char *task, size_t max_bytes, int64_t max_age_ms, int64_t pause_ms,
	http_done *done, void *arg)
{
	struct http_spec spec = {
		.method = "GET",
		.url = url,
		.retry = HTTP_RETRY_UNSENT,
		.max_attempts = ATTEMPTS,
		.timeout_ms = o->options.timeout_ms,
		.max_wait_ms = LONGEST_WAIT_MS,
		.max_body_bytes = max_bytes,
		.reuse = { .kind = op, .max_age_ms = max_age_ms, .is_policy = true },
		.pause_ms = pause_ms,
		.op = op,
		.task = slice_of(task),
		.count = 1,
		.done = done,
		.arg = arg,
	};
	return http_submit(o->options.http, &spec);
}

/* -- robots.txt -- */

/* Rules and their texts in one block of just their size: hundreds of origins are kept. */
static bool keep_rules(struct origin *origin, const struct robots *read)
{
	size_t bytes = read->count * sizeof *read->rules;
	for (size_t i = 0; i < read->count; i++)
		bytes += read->rules[i].pattern.len;
	origin->robots = (struct robots){ .count = read->count, .crawl_delay_ms = read->crawl_delay_ms };
	if (read->count == 0)
		return true;
	origin->robots.rules = malloc(bytes);
	if (origin->robots.rules == NULL)
		return false;
	char *text = (char *)(origin->robots.rules + read->count);
	for (size_t i = 0; i < read->count; i++) {
		struct slice pattern = read->rules[i].pattern;
		memcpy(text, pattern.ptr, pattern.len);
		origin->robots.rules[i] = (struct robots_rule){ read->rules[i].is_allow, { text, pattern.len } };
		text += pattern.len;
	}
	return true;
}

static void fail_robots(struct origin *origin, const struct http_response *response)
{
	origin->state = FAILED;
	origin->failure = *response;
	origin->failure.body = origin->failure.headers = (struct slice){ "", 0 };
	origin->failure.effective_url = NULL;
}

static void take_robots(const struct http_response *response, void *arg);

static bool ask_robots(struct origin *origin, const char *url)
{
	const char *task = origin->first == NULL ? "" : origin->first->task;
	int64_t max_age_ms = origin->all->options.max_age_ms < ROBOTS_MAX_AGE_MS ? origin->all->options.max_age_ms : ROBOTS_MAX_AGE_MS;
	return submit(origin->all, url, "web.robots", task, ROBOTS_LARGEST_BYTES, max_age_ms, 0, take_robots, origin);
}

/* False where the answer is no redirect that can be followed: RFC 9309 then calls the file unavailable. */
static bool follow_robots(struct origin *origin, const struct http_response *response)
{
	struct slice location;
	struct address next;
	bool ok = response->status >= 300 && response->status < 400 && origin->redirects++ < ORIGIN_MAX_REDIRECTS &&
		http_header(response, "location", &location) && domain_resolve(&origin->all->scratch, response->effective_url, location, &next) &&
		!domain_is_linkedin(next.domain) && ask_robots(origin, next.url);
	arena_reset(&origin->all->scratch);
	return ok;
}

static void take_robots(const struct http_response *response, void *arg)
{
	struct origin *origin = arg;
	struct robots read = { .rules = NULL };
	bool is_answer = response->result == HTTP_ANSWERED && response->status < 500;
	if (!is_answer) {
		fail_robots(origin, response);
		return;
	}
	if (follow_robots(origin, response))
		return;
	origin->state = KNOWN;
	if (response->status >= 200 && response->status < 300 &&
		(!robots_read(&read, &origin->all->scratch, response->body, origin->all->options.token) || !keep_rules(origin, &read)))
		fail_robots(origin, response);
	arena_reset(&origin->all->scratch);
}

/* -- pages -- */

static void answer(struct job *job, enum origin_verdict verdict, const struct http_response *response)
{
	struct origin_answer a = { verdict, response, job->origin->robots.crawl_delay_ms };
	job->done(&a, job->arg);
	free_job(job);
}

static int64_t pause_of(const struct origin *origin)
{
	int64_t wanted_ms = origin->all->options.pause_ms, asked_ms = origin->robots.crawl_delay_ms;
	wanted_ms = asked_ms > wanted_ms ? asked_ms : wanted_ms;
	return wanted_ms < ORIGIN_MAX_PAUSE_MS ? wanted_ms : ORIGIN_MAX_PAUSE_MS;
}

static void take_page(const struct http_response *response, void *arg)
{
	struct job *job = arg;
	struct origin *origin = job->origin;
	origin->busy = false;
	origin->all->pages_in_flight--;
	if (response->source == HTTP_FROM_NETWORK)
		origin->next_us = clock_steady_us() + pause_of(origin) * 1000;
	answer(job, ORIGIN_FETCHED, response);
}

/* One job of an origin; whether it was answered at once. */
static bool step_origin(struct origin *origin, int64_t now_us, int64_t *due_us)
{
	struct origins *o = origin->all;
	if (origin->state == FAILED) {
		answer(pop_job(origin), ORIGIN_NO_ROBOTS, &origin->failure);
		return true;
	}
	if (!robots_allows(&origin->robots, slice_of(origin->first->url + origin->first->path_at))) {
		answer(pop_job(origin), ORIGIN_DISALLOWED, NULL);
		return true;
	}
	if (origin->next_us > now_us) {
		*due_us = origin->next_us < *due_us ? origin->next_us : *due_us;
		return false;
	}
	if (o->pages_in_flight == ORIGIN_PAGES_IN_FLIGHT)
		return false;
	struct job *job = pop_job(origin);
	if (!submit(o, job->url, "web.fetch", job->task, o->options.max_page_bytes, o->options.max_age_ms, pause_of(origin), take_page, job)) {
		struct http_response none = { .result = HTTP_UNREACHABLE, .error = "out of memory" };
		answer(job, ORIGIN_NO_ROBOTS, &none);
		return true;
	}
	origin->busy = true;
	o->pages_in_flight++;
	return false;
}

bool origins_step(struct origins *o, int64_t now_us, int64_t *due_us)
{
	bool answered = false;
	*due_us = INT64_MAX;
	/* A done may add origins, and may make one be forgotten, but never one with jobs. */
	for (size_t i = 0; i < o->count; i++) {
		struct origin *origin = o->list[i];
		if (origin->first == NULL || origin->busy || origin->state == ASKED)
			continue;
		if (origin->state == NEW) {
			char *url = NULL;
			bool sent = asprintf(&url, "%s/robots.txt", origin->name) >= 0 && ask_robots(origin, url);
			free(url);
			origin->state = sent ? ASKED : FAILED;
			if (!sent)
				origin->failure = (struct http_response){ .result = HTTP_UNREACHABLE, .error = "out of memory" };
			continue;
		}
		answered = step_origin(origin, now_us, due_us) || answered;
	}
	return answered;
}
