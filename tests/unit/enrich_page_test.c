/* bin/enrich: pages, from hostile bytes to facts: character sets, limits, walls, signals. */
// uses: bin/enrich/charset.c
// uses: bin/enrich/domain.c
// uses: bin/enrich/facts.c
// uses: bin/enrich/page.c
// uses: bin/enrich/signals.c
// uses: bin/enrich/tame.c
// uses: bin/enrich/wall.c
#include "check.h"

#include <stdlib.h>

#include "../../bin/enrich/charset.h"
#include "../../bin/enrich/page.h"
#include "../../bin/enrich/signals.h"
#include "../../bin/enrich/tame.h"
#include "../../bin/enrich/wall.h"

static struct arena arena;

static void test_charsets(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *type, *want;
	} rows[] = {
		{ "caf\xc3\xa9", "", "caf\xc3\xa9" },
		{ "caf\xe9", "", "caf\xc3\xa9" }, /* no word on it, no UTF-8 */
		{ "caf\xe9", "text/html; charset=ISO-8859-1", "caf\xc3\xa9" },
		{ "caf\xe9", "text/html; charset=\"iso-8859-15\"", "caf\xc3\xa9" },
		{ "\x80", "text/html; charset=iso-8859-1", "\xe2\x82\xac" }, /* the Encoding Standard reads that as windows-1252 */
		{ "caf\xc3\xa9", "text/html; charset=utf-8", "caf\xc3\xa9" },
		{ "\xef\xbb\xbf"
		  "a",
			"text/html; charset=iso-8859-1", "a" },
		{ "<meta charset=\"windows-1251\">\xcf", "text/html", "<meta charset=\"windows-1251\">\xd0\x9f" },
		{ "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>\xcf", "",
			"<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>\xd0\x9f" },
		{ "\x83\x65", "text/html; charset=Shift_JIS", "\xe3\x83\x86" },
		{ "a\xe9", "text/html; charset=no-such-thing", "a\xc3\xa9" },
		{ "a\xff"
		  "b",
			"text/html; charset=utf-8",
			"a\xef\xbf\xbd"
			"b" },
		{ "\xff\xfe"
		  "a",
			"", "\xef\xbf\xbd" }, /* half a UTF-16 unit */
		{ "a\xe9", "text/html; charset=//TRANSLIT", "a\xc3\xa9" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		buf_init(&out, 4096);
		check_text(rows[i].type, charset_to_utf8(slice_of(rows[i].bytes), slice_of(rows[i].type), &out), slice_of(rows[i].want));
		buf_release(&out);
	}
}

/* n times the text, in memory of the caller's. */
static struct slice repeat(const char *before, const char *text, size_t n, const char *after)
{
	size_t len = strlen(text), at = strlen(before), total = at + n * len + strlen(after);
	char *all = malloc(total + 1);
	assert_non_null(all);
	memcpy(all, before, at);
	for (size_t i = 0; i < n; i++, at += len)
		memcpy(all + at, text, len);
	memcpy(all + at, after, strlen(after) + 1);
	return (struct slice){ all, total };
}

static void test_what_is_cut(void **state)
{
	(void)state;
	static const struct {
		const char *name, *before, *text, *after;
		size_t n;
		bool whole;
	} rows[] = {
		{ "ordinary", "<html><body>", "<p>text <b>x</b><br><li>y", "</html>", 10000, true },
		{ "closed divs", "", "<div><span>x</span></div>", "", 20000, true },
		{ "open divs", "", "<div>", "", 100000, false },
		{ "self-closing divs do not close in HTML", "", "<div/>", "", 100000, false },
		{ "SVG shapes do", "<svg>", "<path/>", "</svg>", 10000, true },
		{ "shapes outside SVG do not", "", "<path/>", "", 10000, false },
		{ "a thousand attributes", "<a ", "x='>' ", ">", 1000, false },
		{ "attributes without values", "<a ", "x/", ">", 1000, false },
		{ "one long attribute", "<a href=\"", "/x=y z", "\">", 10000, true },
		{ "one long bare attribute", "<a href=", "/x=y", ">", 10000, true },
		{ "tags in a script", "<script>", "'<div>'", "</script>", 10000, true },
		{ "a script inside SVG is no script", "<svg><script>", "<div>", "", 10000, false },
		{ "tags in a comment", "<!--", "<div>", "-->", 10000, true },
		{ "an open comment", "<!--", "<div>", "", 10000, true },
		{ "an open quote", "<a x=\"", "<div>", "", 10000, true },
		{ "stray brackets", "", "<", "", 10000, true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice html = repeat(rows[i].before, rows[i].text, rows[i].n, rows[i].after);
		check_int(rows[i].name, tame_prefix(html) == html.len, rows[i].whole);
		free((char *)(uintptr_t)html.ptr);
	}
}

/* None of these may crash, hang or pass the memory cap: each is parsed as far as its limits go. */
static void test_hostile_pages(void **state)
{
	(void)state;
	static const struct {
		const char *name, *before, *text, *after;
		size_t n;
	} rows[] = {
		{ "deep divs", "<title>t</title>", "<div>", "", 400000 },
		{ "deep formatting", "<title>t</title>", "<b x=1><i>", "", 200000 },
		{ "tables in tables", "<title>t</title>", "<table><tr><td>", "", 130000 },
		{ "many elements", "<title>t</title>", "<p>x", "", 500000 },
		{ "many attributes", "<title>t</title><a ", "a ", ">", 1000000 },
		{ "one text", "<title>t</title>", "x", "", 2000000 },
		{ "NULs", "<title>t</title>", "\x01", "", 2000000 },
		{ "open tags", "<title>t</title>", "<a", "", 1000000 },
		{ "entities", "<title>t</title>", "&amp", "", 500000 },
		{ "forms and buttons", "<title>t</title>", "<form><button><select><option>", "", 60000 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice html = repeat(rows[i].before, rows[i].text, rows[i].n, rows[i].after);
		struct page page;
		assert_true(page_open(&page, html, &arena));
		check_text(rows[i].name, page.title, slice_of("t"));
		page_close(&page);
		arena_reset(&arena);
		free((char *)(uintptr_t)html.ptr);
	}
}

static void test_page_parts(void **state)
{
	(void)state;
	struct page p;
	assert_true(page_open(&p,
		slice_of(
			"<html lang=de><head><base href='/b/'><title> A &amp; B </title><meta name=description content='d'><meta property='og:title' content=o>"
			"<link rel='x Canonical' href=/c><script src=s.js></script></head><body class='a b'>"
			"seen<svg><title>icon</title></svg><style>unseen</style><template>unseen<a href=/t>t</a></template>"
			"<a href=/1><b>bold</b> text</a><a href=/2><img alt=picture></a><a href=/3 aria-label=label></a>"),
		&arena));
	check_text("title", p.title, slice_of("A & B"));
	check_text("lang", p.language, slice_of("de"));
	check_text("base", p.base, slice_of("/b/"));
	check_text("meta", page_meta(&p, "Description"), slice_of("d"));
	check_text("property", page_meta(&p, "og:title"), slice_of("o"));
	check_text("no meta", page_meta(&p, "keywords"), slice_of(""));
	check_text("rel", page_link(&p, "canonical"), slice_of("/c"));
	assert_null(strstr(p.text.ptr, "unseen"));
	static const char *const names[] = { "bold text", "picture", "label" };
	size_t anchors = 0;
	for (size_t i = 0; i < p.count; i++)
		if (p.items[i].kind == PAGE_ANCHOR) {
			assert_in_range(anchors, 0, 2);
			check_text("anchor", p.items[i].name, slice_of(names[anchors++]));
		}
	assert_int_equal(anchors, 3);
	page_close(&p);
}

static void test_walls(void **state)
{
	(void)state;
	static const char article[] = "We write about parked domains: this domain is for sale, page not found, are you a robot? ";
	static const struct {
		const char *name, *html, *domain, *headers;
		enum wall want;
	} rows[] = {
		{ "an ordinary page", "<title>Acme</title>We make things.", "acme.com", "", WALL_NONE },
		{ "an empty page", "", "acme.com", "", WALL_NONE },
		{ "for sale", "<title>acme.com</title>This domain is for sale!", "acme.com", "", WALL_PARKED },
		{ "zum Verkauf", "<title>Diese Domain steht zum Verkauf</title>", "acme.de", "", WALL_PARKED },
		{ "a parking service's script", "<title>acme.com</title><script src='//www.bodis.com/p.js'></script>", "acme.com", "", WALL_PARKED },
		{ "a script of another host that ends alike", "<script src='//notbodis.com/p.js'></script>Hi", "acme.com", "", WALL_NONE },
		{ "sent to a parking service", "<title>x</title>", "hugedomains.com", "", WALL_PARKED },
		{ "not found", "<title>404 - Page not found | Acme</title>", "acme.com", "", WALL_SOFT_404 },
		{ "404 alone", "<title>404</title>", "acme.com", "", WALL_SOFT_404 },
		{ "nicht gefunden", "<title>Seite nicht gefunden</title>", "acme.de", "", WALL_SOFT_404 },
		{ "challenge by title", "<title>Just a moment...</title>", "acme.com", "", WALL_BOT },
		{ "challenge by header", "<title>Acme</title>", "acme.com", "HTTP/1.1 403\r\ncf-mitigated: challenge\r\n", WALL_BOT },
		{ "challenge by script", "<script src='https://geo.captcha-delivery.com/x.js'></script>", "acme.com", "", WALL_BOT },
		{ "challenge by text", "<p>Please verify you are human</p>", "acme.com", "", WALL_BOT },
	};
	struct slice evidence;
	struct page p;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(page_open(&p, slice_of(rows[i].html), &arena));
		check_int(rows[i].name, wall_detect(&p, rows[i].domain, slice_of(rows[i].headers), &arena, &evidence), rows[i].want);
		check_int(rows[i].name, evidence.len > 0, rows[i].want != WALL_NONE);
		page_close(&p);
	}
	struct slice html = repeat("<title>A blog</title>", article, 60, "");
	assert_true(page_open(&p, html, &arena));
	check_int("an article about all of it", wall_detect(&p, "acme.com", slice_of(""), &arena, &evidence), WALL_NONE);
	page_close(&p);
	free((char *)(uintptr_t)html.ptr);
}

static const char table[] =
	"{\"technologies\":[{\"name\":\"Alpha\",\"category\":\"A\",\"signals\":[{\"in\":\"script\",\"has\":\"cdn.alpha.example/\",\"confidence\":0.8,"
	"\"version\":\"alpha-([0-9.]+)\\\\.js\"},{\"in\":\"cookie\",\"starts\":\"alpha_\",\"confidence\":0.5}]},"
	"{\"name\":\"Beta\",\"category\":\"B\",\"signals\":[{\"in\":\"meta\",\"name\":\"generator\",\"starts\":\"Beta\"},"
	"{\"in\":\"mark\",\"name\":\"class\",\"word\":\"beta\"},{\"in\":\"header\",\"name\":\"x-beta\"},{\"in\":\"inline\",\"has\":\"Beta.init(\"}]}]}";

static void test_signals(void **state)
{
	(void)state;
	static const struct {
		const char *html, *headers, *want;
	} rows[] = {
		{ "<script src='https://cdn.alpha.example/alpha-1.2.js?x'></script>", "",
			"[{\"name\":\"Alpha\",\"category\":\"A\",\"version\":\"1.2\",\"confidence\":0.8,\"evidence\":\"script src "
			"https://cdn.alpha.example/alpha-1.2.js?x\"}]" },
		{ "<script src='//CDN.alpha.example/x'></script>", "HTTP/1.1 200 OK\r\nSet-Cookie: alpha_id=secret; Path=/\r\n",
			"[{\"name\":\"Alpha\",\"category\":\"A\",\"version\":null,\"confidence\":0.9,\"evidence\":\"script src //CDN.alpha.example/x\"}]" },
		{ "", "set-cookie: alpha_id=secret\r\n",
			"[{\"name\":\"Alpha\",\"category\":\"A\",\"version\":null,\"confidence\":0.5,\"evidence\":\"cookie alpha_id\"}]" },
		{ "<meta name=Generator content='Beta 2'>", "",
			"[{\"name\":\"Beta\",\"category\":\"B\",\"version\":null,\"confidence\":0.9,\"evidence\":\"meta Generator: Beta 2\"}]" },
		{ "<p class='a beta b'>", "",
			"[{\"name\":\"Beta\",\"category\":\"B\",\"version\":null,\"confidence\":0.9,\"evidence\":\"attribute class: a beta b\"}]" },
		{ "", "X-Beta: 1\r\n",
			"[{\"name\":\"Beta\",\"category\":\"B\",\"version\":null,\"confidence\":0.9,\"evidence\":\"header X-Beta: 1\"}]" },
		{ "<script>Beta.init('secret')</script>", "",
			"[{\"name\":\"Beta\",\"category\":\"B\",\"version\":null,\"confidence\":0.9,\"evidence\":\"inline script Beta.init(\"}]" },
		/* what a page says, links to, or hides in a query is no sign */
		{ "<p>cdn.alpha.example/ Beta beta x-beta Beta.init( alpha_</p>", "", "[]" },
		{ "<a href='https://cdn.alpha.example/'>Alpha</a>", "", "[]" },
		{ "<script src='/x?u=https://cdn.alpha.example/'></script>", "", "[]" },
		{ "<script src='/x#cdn.alpha.example/'></script>", "", "[]" },
		{ "<meta name=description content='Beta'>", "", "[]" },
		{ "<p class='betamax'>", "", "[]" },
		{ "<pre>Beta.init(</pre>", "", "[]" },
		{ "", "Set-Cookie: x=alpha_1\r\n", "[]" },
	};
	char error[200];
	struct signals *s = signals_new(slice_of(table), error, sizeof error);
	assert_non_null(s);
	assert_int_equal(signals_count(s), 2);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct signal_hit hits[2] = { 0 };
		struct page p;
		struct buf out;
		struct jsonw w;
		assert_true(page_open(&p, slice_of(rows[i].html), &arena));
		signals_match(s, &p, slice_of(rows[i].headers), hits, &arena);
		buf_init(&out, 4096);
		jsonw_init(&w, &out);
		signals_write(s, hits, &w);
		check_text(rows[i].html, buf_slice(&out), slice_of(rows[i].want));
		buf_release(&out);
		page_close(&p);
	}
	signals_free(s);
}

static void test_bad_signals(void **state)
{
	(void)state;
	static const struct {
		const char *file, *error;
	} rows[] = {
		{ "{", "line 1: " },
		{ "{}", "line 1: \"technologies\" is no array of at most 512" },
		{ "{\"technologies\":[\n{\"name\":\"A\"}]}", "line 2: a technology needs \"name\" and \"category\"" },
		{ "{\"technologies\":[{\"name\":\"A\",\"category\":\"B\"}]}", "line 1: a technology needs \"signals\", an array of 1 to 32" },
		{ "{\"technologies\":[{\"name\":\"A\",\"category\":\"B\",\"signals\":[\n\n{\"in\":\"text\",\"has\":\"x\"}]}]}",
			"line 3: \"in\" is none of script" },
		{ "{\"technologies\":[{\"name\":\"A\",\"category\":\"B\",\"signals\":[{\"in\":\"script\"}]}]}", "line 1: a signal needs \"has\"" },
		{ "{\"technologies\":[{\"name\":\"A\",\"category\":\"B\",\"signals\":[{\"in\":\"script\",\"has\":\"x\",\"confidence\":2}]}]}",
			"line 1: \"confidence\" is no number" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char error[200] = "";
		assert_null(signals_new(slice_of(rows[i].file), error, sizeof error));
		check_text(rows[i].file, (struct slice){ error, strnlen(error, strlen(rows[i].error)) }, slice_of(rows[i].error));
	}
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 32 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_charsets), cmocka_unit_test(test_what_is_cut), cmocka_unit_test(test_hostile_pages),
		cmocka_unit_test(test_page_parts), cmocka_unit_test(test_walls), cmocka_unit_test(test_signals), cmocka_unit_test(test_bad_signals) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
