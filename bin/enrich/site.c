#include "site.h"

#include <stdio.h>
#include <stdlib.h>

#include "visit.h"

enum { KEPT_ARENA_BYTES = 1 << 20, MAX_REASON_BYTES = 300 };

struct site {
	struct sites *all;
	char *key; /* "!" or, where https was only assumed, "?", and the URL asked for */
	struct site_result *result; /* NULL while it is being fetched */
	uint64_t used;
	uint64_t *tickets;
	size_t ticket_count, ticket_room;

	/* while it is being fetched */
	struct arena kept;
	struct address asked; /* in `kept` */
	char *task;
	struct findings found;
	struct address now; /* the page asked for */
	bool tried_http, has_home, one_page;
	unsigned redirects, pages;
	const char *home_url, *home_domain, *home_origin; /* in the end */
	const char *next[VISIT_MAX_NEXT]; /* further pages */
	size_t next_count, next_at;
};

struct sites {
	struct site_options options;
	site_done *done;
	void *arg;
	struct site **list;
	size_t count, room, active;
	uint64_t turn;
	struct reader reader;
};

const char *site_status_name(enum site_status status)
{
	static const char *const names[SITE_STATUSES] = {
		[SITE_OK] = "ok",
		[SITE_NO_DOMAIN] = "no_domain",
		[SITE_NOT_FETCHED] = "not_fetched",
		[SITE_UNREACHABLE] = "unreachable",
		[SITE_TIMED_OUT] = "timed_out",
		[SITE_ROBOTS] = "robots",
		[SITE_HTTP_ERROR] = "http_error",
		[SITE_NOT_HTML] = "not_html",
		[SITE_TOO_LARGE] = "too_large",
		[SITE_REFUSED_ADDRESS] = "refused_address",
		[SITE_ELSEWHERE] = "elsewhere",
		[SITE_PARKED] = "parked",
		[SITE_SOFT_404] = "soft_404",
		[SITE_BOT_WALL] = "bot_wall",
	};
	return names[status];
}

/* -- the sites of a run -- */

struct sites *sites_new(const struct site_options *options, site_done *done, void *arg)
{
	struct sites *s = malloc(sizeof *s);
	if (s == NULL)
		return NULL;
	*s = (struct sites){ .options = *options, .done = done, .arg = arg };
	reader_init(&s->reader, options->signals);
	return s;
}

static void free_site(struct site *site)
{
	arena_release(&site->kept);
	free(site->result);
	free(site->tickets);
	free(site->task);
	free(site->key);
	free(site);
}

void sites_free(struct sites *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		free_site(s->list[i]);
	free(s->list);
	reader_release(&s->reader);
	free(s);
}

size_t sites_active(const struct sites *s)
{
	return s->active;
}

static struct site *find_site(const struct sites *s, const struct address *home)
{
	for (size_t i = 0; i < s->count; i++)
		if ((s->list[i]->key[0] == '!') == home->has_scheme && strcmp(s->list[i]->key + 1, home->url) == 0)
			return s->list[i];
	return NULL;
}

/* Forgets the site not used for longest, where enough are known. */
static void make_room(struct sites *s)
{
	size_t oldest = SIZE_MAX;
	for (size_t i = 0; s->count >= SITE_KEPT && i < s->count; i++)
		if (s->list[i]->result != NULL && (oldest == SIZE_MAX || s->list[i]->used < s->list[oldest]->used))
			oldest = i;
	if (oldest == SIZE_MAX)
		return;
	free_site(s->list[oldest]);
	s->list[oldest] = s->list[--s->count];
}

static bool copy_address(struct arena *arena, const struct address *from, struct address *to)
{
	*to = (struct address){
		.url = arena_strdup(arena, slice_of(from->url)),
		.origin = arena_strdup(arena, slice_of(from->origin)),
		.host = arena_strdup(arena, slice_of(from->host)),
		.domain = arena_strdup(arena, slice_of(from->domain)),
		.has_scheme = from->has_scheme,
	};
	return !arena->failed;
}

static struct site *new_site(struct sites *s, const struct address *home, struct slice task)
{
	struct site *site = calloc(1, sizeof *site);
	if (site == NULL)
		return NULL;
	*site = (struct site){ .all = s, .task = strndup(task.len == 0 ? "" : task.ptr, task.len) };
	arena_init(&site->kept, KEPT_ARENA_BYTES);
	site->found.hits = visit_hits(&s->reader, &site->kept);
	if (asprintf(&site->key, "%c%s", home->has_scheme ? '!' : '?', home->url) < 0)
		site->key = NULL;
	if (!copy_address(&site->kept, home, &site->asked) || site->task == NULL || site->key == NULL) {
		free_site(site);
		return NULL;
	}
	site->now = site->asked;
	return site;
}

static bool add_ticket(struct site *site, uint64_t ticket)
{
	if (site->ticket_count == site->ticket_room) {
		size_t room = site->ticket_room == 0 ? 4 : 2 * site->ticket_room;
		uint64_t *more = realloc(site->tickets, room * sizeof *more);
		if (more == NULL)
			return false;
		site->tickets = more;
		site->ticket_room = room;
	}
	site->tickets[site->ticket_count++] = ticket;
	return true;
}

/* -- the end of a site -- */

static struct site_result *conclude(struct site *site, enum site_status status, struct slice reason)
{
	struct site_result loose = { .status = status, .reason = facts_clean(&site->kept, reason, MAX_REASON_BYTES), .pages = site->pages };
	if (site->home_url != NULL)
		loose.url = slice_of(site->home_url);
	if (site->home_domain != NULL && strcmp(site->home_domain, site->asked.domain) != 0)
		loose.redirected_to = slice_of(site->home_domain);
	return visit_conclude(&site->all->reader, &site->found, loose);
}

static void forget(struct sites *s, const struct site *site)
{
	size_t at = 0;
	while (s->list[at] != site)
		at++;
	free_site(s->list[at]);
	s->list[at] = s->list[--s->count];
}

/* Tells those who wait. They ask for nothing meanwhile; then the result and the key are all that is kept of the site. */
static void finish(struct site *site, enum site_status status, const char *reason)
{
	static const struct site_result no_memory = { .status = SITE_UNREACHABLE, .reason = SLICE("out of memory"), .technologies = SLICE("[]") };
	struct sites *s = site->all;
	site->result = conclude(site, status, slice_of(reason));
	s->active--;
	const struct site_result *result = site->result == NULL ? &no_memory : site->result;
	for (size_t i = 0; i < site->ticket_count; i++)
		s->done(site->tickets[i], result, s->arg);
	free(site->tickets);
	site->tickets = NULL;
	site->ticket_count = site->ticket_room = 0;
	arena_release(&site->kept);
	if (site->result == NULL)
		forget(s, site);
}

/* -- fetching -- */

static void take_answer(const struct origin_answer *answer, void *arg);

static void fetch(struct site *site)
{
	/* Whatever led there: an e-mail address, a redirect, a link. */
	if (domain_is_linkedin(site->now.domain))
		finish(site, SITE_ELSEWHERE, "LinkedIn is never fetched");
	else if (!origins_fetch(site->all->options.origins, &site->now, slice_of(site->task), take_answer, site))
		finish(site, SITE_UNREACHABLE, "out of memory");
}

/* The next of the further pages; the end of the site where there is none. */
static void go_on(struct site *site)
{
	while (site->next_at < site->next_count) {
		const char *url = site->next[site->next_at++];
		if (url != NULL && domain_resolve(&site->kept, url, slice_of(""), &site->now)) {
			fetch(site);
			return;
		}
	}
	finish(site, SITE_OK, "");
}

static enum site_status status_of(const struct http_response *response)
{
	switch (response->result) {
	case HTTP_TIMED_OUT: return SITE_TIMED_OUT;
	case HTTP_TOO_LARGE: return SITE_TOO_LARGE;
	case HTTP_REFUSED_ADDRESS: return SITE_REFUSED_ADDRESS;
	case HTTP_OUT_OF_BUDGET: return SITE_HTTP_ERROR; /* "too many requests", and come back much later */
	default: return SITE_UNREACHABLE;
	}
}

/* No answer over https where the lead did not name the scheme: plain http may do. */
static bool falls_back(struct site *site, const struct http_response *response)
{
	struct address plain;
	bool may = response->result == HTTP_UNREACHABLE || response->result == HTTP_BROKEN || response->result == HTTP_TIMED_OUT;
	if (!may || site->asked.has_scheme || site->tried_http || site->redirects > 0 || !domain_plain_http(&site->kept, &site->now, &plain))
		return false;
	site->tried_http = true;
	site->now = plain;
	fetch(site);
	return true;
}

/* A redirect of the home page; of further pages only one within the origin. */
static void follow(struct site *site, struct slice location, const char *from)
{
	struct address next;
	if (!domain_resolve(&site->kept, from, location, &next)) {
		finish(site, SITE_HTTP_ERROR, "redirects to what is no web address");
	} else if (domain_is_platform(next.domain) && strcmp(next.domain, site->asked.domain) != 0) {
		finish(site, SITE_ELSEWHERE, arena_printf(&site->kept, "leads to %s", next.domain).ptr);
	} else if (++site->redirects > SITE_MAX_REDIRECTS) {
		finish(site, SITE_HTTP_ERROR, "redirects without end");
	} else {
		site->now = next;
		fetch(site);
	}
}

static bool is_html(struct slice content_type)
{
	return content_type.len == 0 || slice_find_nocase(content_type, slice_of("html")) == content_type.ptr + 5 ||
		slice_find_nocase(content_type, slice_of("application/xhtml")) == content_type.ptr;
}

static struct visit visit(struct site *site, const struct http_response *response, struct slice content_type)
{
	unsigned max_pages = site->all->options.max_pages;
	const struct visit_page in = {
		.at = &site->now,
		.body = response->body,
		.content_type = content_type,
		.headers = response->headers,
		.status = response->status,
		.is_home = !site->has_home,
		.next_room = site->has_home || site->one_page || max_pages < 2 ? 0 : max_pages - 1,
	};
	struct visit v = visit_read(&site->all->reader, &in, &site->found, &site->kept);
	site->pages += v.status == SITE_OK && v.refresh.len == 0;
	return v;
}

static void take_home(struct site *site, const struct http_response *response)
{
	struct slice type = { "", 0 }, location;
	if (response->status >= 300 && response->status < 400 && http_header(response, "location", &location)) {
		follow(site, location, site->now.url);
		return;
	}
	site->home_url = site->now.url;
	site->home_domain = site->now.domain;
	site->home_origin = site->now.origin;
	http_header(response, "content-type", &type);
	if (response->status < 400 && !is_html(type)) {
		finish(site, SITE_NOT_HTML, arena_printf(&site->kept, "content type %.*s", (int)type.len, type.ptr).ptr);
		return;
	}
	struct visit v = visit(site, response, type);
	if (v.refresh.len > 0) {
		follow(site, v.refresh, site->now.url);
	} else if (v.status != SITE_OK) {
		finish(site, v.status, v.reason.ptr);
	} else {
		site->has_home = true;
		site->next_count = v.next_count;
		memcpy(site->next, v.next, sizeof v.next);
		go_on(site);
	}
}

/* What a further page lacks, the home page has told already. */
static void take_further(struct site *site, const struct http_response *response)
{
	struct slice type = { "", 0 }, location;
	struct address next;
	if (response->status >= 300 && response->status < 400 && http_header(response, "location", &location) &&
		++site->redirects <= SITE_MAX_REDIRECTS && domain_resolve(&site->kept, site->now.url, location, &next) &&
		strcmp(next.origin, site->home_origin) == 0) {
		site->now = next;
		fetch(site);
		return;
	}
	http_header(response, "content-type", &type);
	if (response->status >= 200 && response->status < 300 && is_html(type))
		visit(site, response, type);
	go_on(site);
}

static void take_answer(const struct origin_answer *answer, void *arg)
{
	struct site *site = arg;
	const struct http_response *response = answer->response;
	bool is_page = answer->verdict == ORIGIN_FETCHED && response->result == HTTP_ANSWERED;
	/* A host that asks for long pauses is asked for one page. */
	site->one_page = answer->crawl_delay_ms > SITE_LONGEST_CRAWL_DELAY_MS;
	if (is_page && !site->has_home) {
		take_home(site, response);
	} else if (is_page) {
		take_further(site, response);
	} else if (site->has_home) {
		go_on(site);
	} else if (answer->verdict == ORIGIN_DISALLOWED) {
		finish(site, SITE_ROBOTS, "robots.txt forbids the page");
	} else if (answer->verdict == ORIGIN_NO_ROBOTS && response->result == HTTP_ANSWERED) {
		finish(site, SITE_ROBOTS, arena_printf(&site->kept, "robots.txt: status %ld, which forbids all", response->status).ptr);
	} else if (!falls_back(site, response)) {
		finish(site, status_of(response), response->error);
	}
}

bool sites_ask(struct sites *s, const struct address *home, struct slice task, uint64_t ticket)
{
	struct site *site = find_site(s, home);
	if (site != NULL && site->result != NULL) {
		site->used = ++s->turn;
		s->done(ticket, site->result, s->arg);
		return true;
	}
	if (site != NULL)
		return add_ticket(site, ticket);
	make_room(s);
	if (s->count == s->room) {
		struct site **more = realloc(s->list, (s->room + 64) * sizeof(struct site *));
		if (more == NULL)
			return false;
		s->list = more;
		s->room += 64;
	}
	site = new_site(s, home, task);
	if (site == NULL || !add_ticket(site, ticket)) {
		if (site != NULL)
			free_site(site);
		return false;
	}
	site->used = ++s->turn;
	s->list[s->count++] = site;
	s->active++;
	fetch(site);
	return true;
}
