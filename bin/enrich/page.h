/* bin/enrich/page.h - an HTML page taken apart by gumbo (HTML5): what facts, signals and links can be read from.
 *
 * Hostile pages: html is cut by tame.h first, the tree's memory is capped (a page that passes the cap is parsed again in half), and nothing here recurses. */
#ifndef ENRICH_PAGE_H
#define ENRICH_PAGE_H
#include "base/arena.h"

enum { PAGE_MAX_BYTES = 2 << 20, PAGE_MAX_TREE_BYTES = 12 << 20, PAGE_TEXT_BYTES = 8 << 10, PAGE_MAX_ITEMS = 4096, PAGE_ANCHOR_BYTES = 128 };

/* Where on the page a text stands. */
enum page_kind {
	PAGE_SCRIPT, /* src of a script */
	PAGE_INLINE, /* a script's text */
	PAGE_LINK, /* href of a <link>; name is its rel */
	PAGE_META, /* content of a <meta>; name is its name, property or http-equiv */
	PAGE_FRAME, /* src of an iframe */
	PAGE_FORM, /* action of a form */
	PAGE_IMAGE, /* src of an image */
	PAGE_MARK, /* value of an id, class, or data- attribute; name is the attribute's */
	PAGE_ANCHOR, /* href of an <a>; name is its text */
	PAGE_JSON_LD, /* text of such a script */
	PAGE_KINDS
};

struct page_item {
	enum page_kind kind;
	struct slice name, value;
};

struct page {
	struct page_item *items; /* in page order, at most PAGE_MAX_ITEMS of each kind */
	size_t count;
	size_t counts[PAGE_KINDS];
	struct slice title; /* of the head, the first; as it stands */
	struct slice language; /* <html lang> */
	struct slice base; /* <base href> */
	struct slice text; /* the first PAGE_TEXT_BYTES of what a reader sees */
	size_t text_bytes; /* how much there is of it */
	bool is_cut; /* a limit was reached: what stands behind it was not read */

	struct arena *arena;
	void *tree; /* page.c's own */
};

/* Parses UTF-8 text, which must stay until page_close. The items lie in the arena and in the tree. False when memory ran out. */
bool page_open(struct page *p, struct slice html, struct arena *arena);
void page_close(struct page *p);

/* The first content of a <meta> of that name; empty where there is none. */
struct slice page_meta(const struct page *p, const char *name);

/* The href of the first <link> whose rel has that word. */
struct slice page_link(const struct page *p, const char *rel);
#endif
