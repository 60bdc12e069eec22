#include "flow.h"

#include <poll.h>
#include <stdlib.h>

#include "base/cli.h"
#include "net/program.h"
#include "record/stream.h"
#include "record/window.h"

enum { LEAD_ARENA_BYTES = 8 << 20, LOOK_UP_MS = 500 /* how often the loop looks whether it shall stop */ };

struct flow {
	const struct flow_options *options;
	struct window *window;
	struct http *http; /* made when the first site is asked for: libcurl takes its time to start */
	struct cache *cache; /* NULL: none */
	struct turns *turns; /* NULL: other processes do not count */
	struct origins *origins;
	struct sites *sites;
	struct arena arena; /* of the record in hand */
	uint64_t done;
	bool no_memory;
};

static const struct site_result no_site = { .status = SITE_NO_DOMAIN, .technologies = SLICE("[]") };
static const struct site_result not_fetched = { .status = SITE_NOT_FETCHED, .technologies = SLICE("[]") };

/* A task with nobody to enrich; a record without any of the three objects is a flat one, and is a contact itself. */
static bool is_without_lead(const struct record *r)
{
	struct value root = record_root(r), member;
	bool has_task = record_member(r, root, slice_of("task"), &member) && member.type == JSON_OBJECT;
	bool has_contact = record_member(r, root, slice_of("contact"), &member) && member.type == JSON_OBJECT;
	bool has_company = record_member(r, root, slice_of("company"), &member) && member.type == JSON_OBJECT;
	return has_task && !has_contact && !has_company;
}

static void write_lead(struct flow *f, struct lead *lead, const struct site_result *site, struct record *r)
{
	struct site_result why = no_site;
	if (!lead->has_site) {
		why.reason = slice_of(lead->no_site_reason);
		site = &why;
	}
	f->no_memory = !lead_write(lead, site, clock_now_ms(&f->options->clock), r, &f->arena) || f->no_memory;
	f->done++;
}

/* -- without a network -- */

static void enrich_offline(struct flow *f, struct record *r)
{
	const struct flow_options *o = f->options;
	const struct site_options site_options = { .signals = o->signals, .max_pages = 1 };
	struct lead lead;
	struct site_result *site = NULL;
	arena_reset(&f->arena);
	lead_read(&lead, r, o->fields, o->free_mail, &f->arena);
	if (o->page_url != NULL)
		lead.has_site = domain_read(&f->arena, slice_of(o->page_url), &lead.site);
	if (lead.has_site && o->page.ptr != NULL)
		site = site_from_page(&site_options, &lead.site, o->page);
	f->no_memory = f->no_memory || (site == NULL && lead.has_site && o->page.ptr != NULL);
	write_lead(f, &lead, site == NULL ? &not_fetched : site, r);
	free(site);
}

static void run_offline(struct flow *f)
{
	struct stream *s = f->options->stream;
	for (struct record *r; !f->no_memory && (r = stream_next(s)) != NULL;) {
		if (is_without_lead(r))
			record_put_error(r, "enrich", "no_contact", false, "the record has nobody to enrich");
		else
			enrich_offline(f, r);
		stream_put(s, r);
		if (cli_stopping())
			stream_stop(s);
	}
}

/* -- with one -- */

/* The lead is read again from its record: keeping hundreds of them would cost more than reading. */
static void take_site(uint64_t ticket, const struct site_result *site, void *arg)
{
	struct flow *f = arg;
	struct lead lead;
	struct record *r = window_record(f->window, ticket);
	if (r == NULL)
		return; /* handed back already */
	arena_reset(&f->arena);
	lead_read(&lead, r, f->options->fields, f->options->free_mail, &f->arena);
	write_lead(f, &lead, site, r);
	window_finish(f->window, ticket);
}

static bool start_network(struct flow *f)
{
	const struct flow_options *o = f->options;
	if (f->sites != NULL)
		return true;
	f->cache = o->no_cache || o->cassette != NULL ? NULL : cache_begin();
	f->turns = o->cassette != NULL && cassette_is_replay(o->cassette) ? NULL : turns_begin();
	const struct http_options http = {
		.in_flight = o->in_flight,
		.per_host = 1,
		.user_agent = o->user_agent,
		.guard = true,
		.allow_private = o->allow_private,
		.trace = o->trace,
		.cache = f->cache,
		.turns = f->turns,
		.cassette = o->cassette,
		.seed = o->seed,
		.quiet_retries = true,
	};
	f->http = http_new(&http);
	const struct origin_options origins = {
		.http = f->http,
		.token = o->token,
		.timeout_ms = o->timeout_ms,
		.pause_ms = o->pause_ms,
		.max_page_bytes = PAGE_MAX_BYTES,
		.max_age_ms = o->max_age_ms,
	};
	f->origins = f->http == NULL ? NULL : origins_new(&origins);
	const struct site_options sites = { .origins = f->origins, .signals = o->signals, .max_pages = o->max_pages };
	f->sites = f->origins == NULL ? NULL : sites_new(&sites, take_site, f);
	return f->sites != NULL;
}

static void enrich_online(struct flow *f, uint64_t ticket, struct record *r)
{
	struct lead lead;
	if (is_without_lead(r)) {
		record_put_error(r, "enrich", "no_contact", false, "the record has nobody to enrich");
		window_finish(f->window, ticket);
		return;
	}
	arena_reset(&f->arena);
	lead_read(&lead, r, f->options->fields, f->options->free_mail, &f->arena);
	if (!lead.has_site) {
		write_lead(f, &lead, &no_site, r);
		window_finish(f->window, ticket);
		return;
	}
	/* Where the site is known this ends in take_site, which resets the arena. */
	struct address home = lead.site;
	f->no_memory = !start_network(f) || !sites_ask(f->sites, &home, lead.task, ticket) || f->no_memory;
}

/* Takes records while there is room for them and for their sites. */
static enum stream_state take_records(struct flow *f)
{
	struct stream *s = f->options->stream;
	enum stream_state state = STREAM_RECORD;
	while (!f->no_memory && window_has_room(f->window) && (f->sites == NULL || sites_active(f->sites) < f->options->in_flight)) {
		struct record *r;
		state = stream_try_next(s, &r);
		if (state != STREAM_RECORD)
			break;
		bool passes = stream_is_passing(s);
		struct record *copy = record_copy(r);
		if (copy == NULL) {
			f->no_memory = true;
			break;
		}
		uint64_t ticket = window_add(f->window, copy);
		if (passes)
			window_finish(f->window, ticket);
		else
			enrich_online(f, ticket, copy);
	}
	return state;
}

static void hand_back(uint64_t ticket, struct record *r, void *arg)
{
	struct flow *f = arg;
	record_put_error(r, "enrich", "interrupted", true, "stopped before the website was read");
	window_finish(f->window, ticket);
}

/* Until something can be read, an answer comes, or a pause between two pages is over. */
static void wait_for_more(struct flow *f, bool reads, int64_t due_us)
{
	int fd = reads ? stream_fd(f->options->stream) : -1;
	int64_t now_us = clock_steady_us(), wait_ms = LOOK_UP_MS;
	if (due_us < now_us + wait_ms * 1000)
		wait_ms = due_us <= now_us ? 0 : (due_us - now_us + 999) / 1000;
	stream_flush(f->options->stream);
	if (f->http != NULL && (http_pending(f->http) > 0 || fd >= 0)) {
		http_step(f->http, (int)wait_ms, &fd, fd >= 0 ? 1 : 0);
	} else {
		struct pollfd one = { .fd = fd, .events = POLLIN };
		poll(&one, 1, (int)wait_ms);
	}
}

static void run_online(struct flow *f)
{
	for (;;) {
		int64_t due_us = INT64_MAX;
		enum stream_state state = take_records(f);
		if (cli_stopping() || f->no_memory)
			break;
		if (f->origins != NULL && origins_step(f->origins, clock_steady_us(), &due_us))
			continue;
		if (state == STREAM_END && window_waiting(f->window) == 0)
			break;
		cli_progress(f->done, 0, f->sites == NULL ? 0 : sites_active(f->sites), NULL);
		wait_for_more(f, state == STREAM_WAIT, due_us);
	}
	if (cli_stopping())
		stream_stop(f->options->stream);
	window_each(f->window, hand_back, f);
	cli_progress_end();
}

static void say_totals(const struct flow *f)
{
	struct http_totals t = { 0 };
	if (f->http != NULL)
		t = http_totals(f->http);
	cli_note("%llu records; %llu requests, %llu of them answered from the cache, %llu retries, %llu bytes", (unsigned long long)f->done,
		(unsigned long long)t.requests, (unsigned long long)t.cached, (unsigned long long)t.retries, (unsigned long long)t.bytes_in);
}

enum flow_end flow_run(const struct flow_options *options)
{
	struct flow f = { .options = options };
	arena_init(&f.arena, LEAD_ARENA_BYTES);
	f.window = options->offline ? NULL : window_new(options->stream);
	if (options->offline)
		run_offline(&f);
	else if (f.window != NULL)
		run_online(&f);
	f.no_memory = f.no_memory || (!options->offline && f.window == NULL);
	say_totals(&f);
	/* The engine first: what it ends calls the sites, which find no record any more. */
	http_free(f.http);
	cache_close(f.cache);
	turns_close(f.turns);
	sites_free(f.sites);
	origins_free(f.origins);
	window_free(f.window);
	arena_release(&f.arena);
	return f.no_memory ? FLOW_NO_MEMORY : FLOW_DONE;
}
