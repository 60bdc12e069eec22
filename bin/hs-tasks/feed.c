#include "feed.h"

#include "ledger.h"

enum { OPEN_GROUPS = 16, STEP_MS = 1000, MAX_ARENA_BYTES = 16 << 20 };

/* -- results -- */

static void finish_item(struct feed *f, const struct group *g, const struct group_item *item)
{
	const char *code;
	bool is_retryable, for_good;
	struct record *r = window_record(f->window, item->ticket);
	if (!group_failed(g, item, &code, &is_retryable, &for_good)) {
		f->handled++;
		if (!f->passes_all || hubspot_is_dry_run(f->tool.api)) {
			window_drop(f->window, item->ticket);
			return;
		}
		if (f->verb->show != NULL)
			f->verb->show(r, item);
		window_finish(f->window, item->ticket);
		return;
	}
	f->failed++;
	if (for_good && item->work != 0)
		ended_add(&f->ended, item->work);
	record_put_error(r, "hs-tasks", code, is_retryable, "%.*s", (int)item->message.len, item->message.ptr);
	window_finish(f->window, item->ticket);
}

static void on_done(struct group *g, void *arg)
{
	struct feed *f = arg;
	for (size_t i = 0; i < g->count; i++)
		finish_item(f, g, &g->items[i]);
	for (size_t i = 0; i < f->open_count; i++)
		if (f->open[i] == g) {
			f->open[i] = f->open[--f->open_count];
			break;
		}
	if (f->open_count == 0)
		ended_flush(&f->ended, &f->tool, f->stream, f->window);
	else
		stream_flush(f->stream);
}

/* -- groups -- */

void feed_load(struct feed *f)
{
	if (f->is_loaded)
		return;
	f->is_loaded = true;
	if (hubspot_is_dry_run(f->tool.api))
		portal_assume(&f->portal, &f->tool.workflow);
	else if (portal_load(&f->portal, f->tool.api, &f->tool.workflow, PORTAL_SETTINGS | PORTAL_ACCOUNT | PORTAL_OWNERS))
		ledger_open(&f->tool, &f->portal);
}

static bool overlap(const struct group *a, const struct group *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (group_has(b, a->items[i].subject))
			return true;
	return false;
}

/* The first that waits: the others are behind it. */
static bool may_start(const struct feed *f, int64_t now_us)
{
	if (f->waiting_count == 0 || f->open_count == OPEN_GROUPS)
		return false;
	const struct group *g = f->waiting[0];
	bool is_ready = f->waiting_count > 1 || g->count == BATCH_ROWS || f->has_ended || !window_has_room(f->window) ||
		now_us - f->oldest_us >= f->linger_ms * 1000;
	for (size_t i = 0; i < f->open_count && is_ready; i++)
		is_ready = !overlap(g, f->open[i]);
	return is_ready;
}

static void start(struct feed *f)
{
	struct group *g = f->waiting[0];
	f->waiting_count--;
	memmove(f->waiting, f->waiting + 1, f->waiting_count * sizeof f->waiting[0]);
	f->open[f->open_count++] = g;
	f->verb->start(g);
}

static void add(struct feed *f, const struct group_item *item)
{
	struct group *g = f->waiting_count == 0 ? NULL : f->waiting[f->waiting_count - 1];
	if (g == NULL || g->count == BATCH_ROWS || (f->verb->is_single && group_has(g, item->subject))) {
		g = group_new(&(struct perform_context){ f->tool.api, &f->portal, f->tool.journal }, f->verb->kind, on_done, f);
		g->now = slice_of(f->now);
		f->waiting[f->waiting_count++] = g;
		f->oldest_us = clock_steady_us();
	}
	group_add(g, item);
}

/* -- records -- */

static void take(struct feed *f, struct record *r)
{
	bool has_error = record_has_error(r, NULL);
	bool acts = !has_error && !stream_is_passing(f->stream) && (f->if_expr == NULL || expr_test(f->if_expr, record_root(r).raw, NULL));
	uint64_t ticket = window_add(f->window, must(record_copy(r)));
	struct record *copy = window_record(f->window, ticket);
	struct group_item item = { .ticket = ticket };
	struct slice reason;
	const char *code;
	f->read++;
	if (!acts && (has_error || f->passes_all)) {
		window_finish(f->window, ticket);
		return;
	}
	if (!acts) {
		window_drop(f->window, ticket);
		return;
	}
	feed_load(f);
	arena_reset(&f->scratch);
	if (f->verb->make(f, copy, &item, &code, &reason)) {
		add(f, &item);
		return;
	}
	f->failed++;
	record_put_error(copy, "hs-tasks", code, false, "%.*s", (int)reason.len, reason.ptr);
	window_finish(f->window, ticket);
}

static bool has_room(const struct feed *f)
{
	return window_has_room(f->window) && f->waiting_count < FEED_QUEUE;
}

static void read_records(struct feed *f)
{
	enum stream_state state = STREAM_WAIT;
	struct record *r;
	while (!f->has_ended && has_room(f) && (state = stream_try_next(f->stream, &r)) == STREAM_RECORD)
		take(f, r);
	f->has_ended = f->has_ended || state == STREAM_END;
}

static int wait_ms(const struct feed *f, int64_t now_us)
{
	if (f->waiting_count != 1)
		return STEP_MS;
	/* One that is past its time waits for a group of the same subject. */
	int64_t left_ms = (f->oldest_us - now_us) / 1000 + f->linger_ms + 1;
	return left_ms < 1 || left_ms > STEP_MS ? STEP_MS : (int)left_ms;
}

static void run(struct feed *f)
{
	for (;;) {
		if (cli_stopping() && hubspot_trouble(f->tool.api)->status == 0) {
			hubspot_interrupt(f->tool.api);
			stream_stop(f->stream);
		}
		read_records(f);
		int64_t now_us = clock_steady_us();
		while (may_start(f, now_us))
			start(f);
		if (f->has_ended && f->waiting_count + f->open_count == 0)
			break;
		hubspot_step(f->tool.api, wait_ms(f, now_us), !f->has_ended && has_room(f) ? stream_fd(f->stream) : -1);
		cli_progress(f->handled + f->failed, 0, window_waiting(f->window), NULL);
	}
	ended_flush(&f->ended, &f->tool, f->stream, f->window);
	cli_progress_end();
}

int feed_run(struct feed *f, const char *what)
{
	f->if_expr = filter_expr("--if", cli_shared()->if_expr);
	f->linger_ms = hubspot_linger_ms(f->tool.api, f->linger_ms);
	f->stream = tool_sink();
	f->window = must(window_new(f->stream));
	arena_init(&f->scratch, MAX_ARENA_BYTES);
	run(f);
	hubspot_drain(f->tool.api);
	window_free(f->window);
	tool_summary(&f->tool, f->handled, what);
	int status = tool_status(&f->tool, stream_close(f->stream));
	expr_free(f->if_expr);
	arena_release(&f->scratch);
	ended_release(&f->ended);
	return status;
}
