#include "visit.h"

#include <stdlib.h>

#include "charset.h"
#include "result.h"
#include "wall.h"

enum {
	SCRATCH_ARENA_BYTES = 24 << 20,
	HELD_BYTES = 512 << 10, /* more than this is given back after a page */
	REFRESH_TEXT_BYTES = 400, /* a page with less text than this that has a refresh is only there to lead on */
	TECHNOLOGIES_BYTES = 256 << 10,
};

void reader_init(struct reader *r, struct signals *signals)
{
	*r = (struct reader){ .signals = signals };
	arena_init(&r->scratch, SCRATCH_ARENA_BYTES);
	buf_init(&r->utf8, 3 * (size_t)PAGE_MAX_BYTES + 1);
	buf_init(&r->json, TECHNOLOGIES_BYTES);
}

void reader_release(struct reader *r)
{
	arena_release(&r->scratch);
	buf_release(&r->utf8);
	buf_release(&r->json);
}

static void tidy(struct reader *r)
{
	arena_reset(&r->scratch);
	if (r->scratch.used_bytes > HELD_BYTES)
		arena_release(&r->scratch);
	if (r->utf8.cap > HELD_BYTES)
		buf_release(&r->utf8);
}

struct signal_hit *visit_hits(const struct reader *r, struct arena *kept)
{
	return r->signals == NULL ? NULL : arena_alloc(kept, (signals_count(r->signals) + 1) * sizeof(struct signal_hit));
}

/* "0; url=/de/" of a page that has nothing else to say. */
static struct slice refresh_of(const struct page *page)
{
	struct slice text = page->text_bytes < REFRESH_TEXT_BYTES ? page_meta(page, "refresh") : (struct slice){ "", 0 };
	const char *at = text.len == 0 ? NULL : slice_find_nocase(text, slice_of("url="));
	if (at == NULL)
		return (struct slice){ "", 0 };
	struct slice url = slice_trim((struct slice){ at + 4, text.len - (size_t)(at + 4 - text.ptr) });
	while (url.len > 0 && strchr("'\"", url.ptr[0]) != NULL)
		url = (struct slice){ url.ptr + 1, url.len - 1 };
	while (url.len > 0 && strchr("'\"", url.ptr[url.len - 1]) != NULL)
		url.len--;
	return url;
}

static enum site_status status_of_wall(enum wall wall)
{
	return wall == WALL_PARKED ? SITE_PARKED : wall == WALL_SOFT_404 ? SITE_SOFT_404 : SITE_BOT_WALL;
}

static void read_page(
	struct reader *r, const struct page *page, const struct visit_page *in, struct findings *found, struct arena *kept, struct visit *v)
{
	const struct extract_page from = { page, in->at->url, in->at->domain, in->headers, in->is_home };
	struct slice evidence, refresh = in->is_home ? refresh_of(page) : (struct slice){ "", 0 };
	enum wall wall = wall_detect(page, in->at->domain, in->headers, kept, &evidence);
	if (wall != WALL_NONE && (in->status < 400 || wall == WALL_BOT)) {
		v->status = status_of_wall(wall);
		v->reason = evidence;
	} else if (in->status >= 400) {
		v->status = SITE_HTTP_ERROR;
		v->reason = arena_printf(kept, "status %ld", in->status);
	} else if (refresh.len > 0) {
		v->refresh = arena_copy(kept, refresh);
	} else {
		extract_page(&from, found->hits == NULL ? NULL : r->signals, found, kept, &r->scratch);
		v->next_count = extract_links(&from, in->at->origin, v->next, in->next_room, kept, &r->scratch);
	}
}

struct visit visit_read(struct reader *r, const struct visit_page *in, struct findings *found, struct arena *kept)
{
	struct visit v = { .status = SITE_OK, .reason = SLICE(""), .refresh = SLICE("") };
	struct page page;
	if (page_open(&page, charset_to_utf8(in->body, in->content_type, &r->utf8), &r->scratch)) {
		read_page(r, &page, in, found, kept, &v);
		page_close(&page);
	} else {
		v.status = SITE_NOT_HTML;
		v.reason = slice_of("the page cannot be parsed");
	}
	tidy(r);
	return v;
}

struct site_result *visit_conclude(struct reader *r, const struct findings *found, struct site_result loose)
{
	struct jsonw w;
	loose.technologies = slice_of("[]");
	loose.facts = found->facts;
	loose.social = found->social;
	buf_reset(&r->json);
	jsonw_init(&w, &r->json);
	if (found->hits != NULL)
		signals_write(r->signals, found->hits, &w);
	if (!r->json.failed && r->json.len > 0)
		loose.technologies = buf_slice(&r->json);
	return result_pack(&loose);
}

struct site_result *site_from_page(const struct site_options *options, const struct address *home, struct slice html)
{
	struct reader r;
	struct arena kept;
	reader_init(&r, options->signals);
	arena_init(&kept, SCRATCH_ARENA_BYTES);
	struct findings found = { .hits = visit_hits(&r, &kept) };
	const struct visit_page in = { .at = home, .body = html, .content_type = SLICE(""), .headers = SLICE(""), .status = 200, .is_home = true };
	struct visit v = visit_read(&r, &in, &found, &kept);
	struct site_result *result =
		visit_conclude(&r, &found, (struct site_result){ v.status, v.reason, slice_of(home->url), .pages = v.status == SITE_OK });
	arena_release(&kept);
	reader_release(&r);
	return result;
}
