#include "page.h"

#include <gumbo.h>
#include <setjmp.h>
#include <stdlib.h>

#include "tame.h"

/* -- the tree's memory: one list, so that a parser that must be stopped leaves nothing behind -- */

struct chunk {
	struct chunk *before, *after;
	size_t bytes;
	_Alignas(max_align_t) char memory[];
};

struct tree {
	struct chunk *first;
	size_t used_bytes;
	jmp_buf stop;
	GumboOutput *output;
};

/* gumbo knows no failing allocation: the way out is past it. It holds nothing else that could leak. */
static void *take_memory(void *userdata, size_t bytes)
{
	struct tree *tree = userdata;
	struct chunk *chunk = bytes > PAGE_MAX_TREE_BYTES || tree->used_bytes + bytes > PAGE_MAX_TREE_BYTES ? NULL : malloc(sizeof *chunk + bytes);
	if (chunk == NULL)
		longjmp(tree->stop, 1);
	*chunk = (struct chunk){ .after = tree->first, .bytes = bytes + sizeof *chunk };
	if (tree->first != NULL)
		tree->first->before = chunk;
	tree->first = chunk;
	tree->used_bytes += chunk->bytes;
	return chunk->memory;
}

static void give_memory(void *userdata, void *memory)
{
	struct tree *tree = userdata;
	if (memory == NULL)
		return;
	struct chunk *chunk = (struct chunk *)(void *)((char *)memory - offsetof(struct chunk, memory));
	if (chunk->before != NULL)
		chunk->before->after = chunk->after;
	else
		tree->first = chunk->after;
	if (chunk->after != NULL)
		chunk->after->before = chunk->before;
	tree->used_bytes -= chunk->bytes;
	free(chunk);
}

static void give_all(struct tree *tree)
{
	for (struct chunk *chunk = tree->first, *after; chunk != NULL; chunk = after) {
		after = chunk->after;
		free(chunk);
	}
	tree->first = NULL;
	tree->used_bytes = 0;
}

static bool parse(struct tree *tree, struct slice html)
{
	GumboOptions options = kGumboDefaultOptions;
	options.allocator = take_memory;
	options.deallocator = give_memory;
	options.userdata = tree;
	options.max_errors = 0;
	if (setjmp(tree->stop) != 0) {
		give_all(tree);
		return false;
	}
	tree->output = gumbo_parse_with_options(&options, html.ptr, html.len);
	return true;
}

/* -- what is read from it -- */

static struct slice attribute(const GumboElement *e, const char *name)
{
	const GumboAttribute *a = gumbo_get_attribute(&e->attributes, name);
	return a == NULL ? (struct slice){ "", 0 } : slice_of(a->value);
}

/* `items` has room for a page of ordinary size at once, and doubles. */
static void add(struct page *p, enum page_kind kind, struct slice name, struct slice value)
{
	if (value.len == 0 || p->counts[kind] == PAGE_MAX_ITEMS)
		return;
	if (p->count % 512 == 0 && (p->count & (p->count - 1)) == 0) {
		struct page_item *more = arena_alloc(p->arena, (p->count == 0 ? 512 : 2 * p->count) * sizeof *more);
		if (more == NULL)
			return;
		if (p->count > 0)
			memcpy(more, p->items, p->count * sizeof *more);
		p->items = more;
	}
	p->counts[kind]++;
	p->items[p->count++] = (struct page_item){ kind, name, value };
}

/* The text directly inside an element that holds only text. */
static struct slice inner_text(const GumboElement *e)
{
	if (e->children.length == 0)
		return (struct slice){ "", 0 };
	const GumboNode *child = e->children.data[0];
	bool is_text = child->type == GUMBO_NODE_TEXT || child->type == GUMBO_NODE_CDATA || child->type == GUMBO_NODE_WHITESPACE;
	return is_text ? slice_of(child->v.text.text) : (struct slice){ "", 0 };
}

/* The next node in document order below `top`; NULL at its end. Climbs by the parents: no recursion, however deep the page. */
static const GumboNode *next_node(const GumboNode *node, const GumboNode *top, bool skip_children)
{
	bool has_children = node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE;
	if (has_children && !skip_children && node->v.element.children.length > 0)
		return node->v.element.children.data[0];
	while (node != top) {
		const GumboNode *parent = node->parent;
		const GumboVector *children = parent->type == GUMBO_NODE_DOCUMENT ? &parent->v.document.children : &parent->v.element.children;
		if (node->index_within_parent + 1 < children->length)
			return children->data[node->index_within_parent + 1];
		node = parent;
	}
	return NULL;
}

/* What a link says: its text, else its title or label, else an image's alt. */
static struct slice anchor_text(struct page *p, const GumboNode *anchor)
{
	char text[PAGE_ANCHOR_BYTES];
	size_t len = 0;
	struct slice alt = attribute(&anchor->v.element, "title");
	if (alt.len == 0)
		alt = attribute(&anchor->v.element, "aria-label");
	for (const GumboNode *n = next_node(anchor, anchor, false); n != NULL && len < sizeof text; n = next_node(n, anchor, false)) {
		if (n->type == GUMBO_NODE_ELEMENT && n->v.element.tag == GUMBO_TAG_IMG && alt.len == 0)
			alt = attribute(&n->v.element, "alt");
		if (n->type != GUMBO_NODE_TEXT)
			continue;
		size_t more = strnlen(n->v.text.text, sizeof text - len);
		memcpy(text + len, n->v.text.text, more);
		len += more;
	}
	struct slice said = slice_trim((struct slice){ text, len });
	return said.len > 0 ? arena_copy(p->arena, said) : alt;
}

static bool is_json_ld(struct slice type)
{
	const char *end = type.len == 0 ? NULL : memchr(type.ptr, ';', type.len);
	if (end != NULL)
		type.len = (size_t)(end - type.ptr);
	return slice_equal_nocase(slice_trim(type), slice_of("application/ld+json"));
}

static void read_script(struct page *p, const GumboElement *e)
{
	struct slice src = attribute(e, "src");
	if (is_json_ld(attribute(e, "type")))
		add(p, PAGE_JSON_LD, (struct slice){ "", 0 }, inner_text(e));
	else if (src.len > 0)
		add(p, PAGE_SCRIPT, (struct slice){ "", 0 }, src);
	else
		add(p, PAGE_INLINE, (struct slice){ "", 0 }, inner_text(e));
}

static void read_meta(struct page *p, const GumboElement *e)
{
	static const char *const names[] = { "name", "property", "http-equiv", "itemprop" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct slice name = attribute(e, names[i]);
		if (name.len > 0) {
			add(p, PAGE_META, name, attribute(e, "content"));
			return;
		}
	}
}

static void read_marks(struct page *p, const GumboElement *e)
{
	for (unsigned i = 0; i < e->attributes.length; i++) {
		const GumboAttribute *a = e->attributes.data[i];
		bool is_mark = strcmp(a->name, "id") == 0 || strcmp(a->name, "class") == 0 || strncmp(a->name, "data-", 5) == 0 ||
			strncmp(a->name, "ng-", 3) == 0;
		if (is_mark)
			add(p, PAGE_MARK, slice_of(a->name), a->value[0] == '\0' ? slice_of(" ") : slice_of(a->value));
	}
}

static void read_element(struct page *p, const GumboNode *node)
{
	const GumboElement *e = &node->v.element;
	struct slice none = { "", 0 };
	read_marks(p, e);
	switch (e->tag) {
	case GUMBO_TAG_HTML: p->language = attribute(e, "lang"); break;
	case GUMBO_TAG_BASE: p->base = p->base.len == 0 ? attribute(e, "href") : p->base; break;
	case GUMBO_TAG_TITLE:
		/* An icon drawn in SVG may have a title of its own. */
		if (p->title.len == 0 && e->tag_namespace == GUMBO_NAMESPACE_HTML)
			p->title = slice_trim(inner_text(e));
		break;
	case GUMBO_TAG_META: read_meta(p, e); break;
	case GUMBO_TAG_LINK: add(p, PAGE_LINK, attribute(e, "rel"), attribute(e, "href")); break;
	case GUMBO_TAG_SCRIPT: read_script(p, e); break;
	case GUMBO_TAG_IFRAME: add(p, PAGE_FRAME, none, attribute(e, "src")); break;
	case GUMBO_TAG_FORM: add(p, PAGE_FORM, none, attribute(e, "action")); break;
	case GUMBO_TAG_IMG: add(p, PAGE_IMAGE, none, attribute(e, "src")); break;
	case GUMBO_TAG_A:
		if (attribute(e, "href").len > 0 && p->counts[PAGE_ANCHOR] < PAGE_MAX_ITEMS)
			add(p, PAGE_ANCHOR, anchor_text(p, node), attribute(e, "href"));
		break;
	default: break;
	}
}

/* Elements whose text nobody reads. */
static bool is_unseen(const GumboNode *node)
{
	if (node->type == GUMBO_NODE_TEMPLATE)
		return true;
	if (node->type != GUMBO_NODE_ELEMENT)
		return false;
	switch (node->v.element.tag) {
	case GUMBO_TAG_SCRIPT:
	case GUMBO_TAG_STYLE:
	case GUMBO_TAG_TITLE:
	case GUMBO_TAG_TEMPLATE: return true;
	default: return false;
	}
}

static void read_text(struct page *p, const GumboNode *node, char *text)
{
	struct slice piece = slice_of(node->v.text.text);
	p->text_bytes += piece.len;
	if (p->text.len + piece.len + 1 > PAGE_TEXT_BYTES)
		piece.len = PAGE_TEXT_BYTES - p->text.len - (p->text.len < PAGE_TEXT_BYTES ? 1 : 0);
	if (text == NULL || piece.len == 0)
		return;
	memcpy(text + p->text.len, piece.ptr, piece.len);
	text[p->text.len + piece.len] = ' ';
	p->text.len += piece.len + 1;
}

bool page_open(struct page *p, struct slice html, struct arena *arena)
{
	*p = (struct page){ .arena = arena };
	struct tree *tree = calloc(1, sizeof *tree);
	char *text = arena_alloc(arena, PAGE_TEXT_BYTES + 1);
	if (tree == NULL || text == NULL) {
		free(tree);
		return false;
	}
	struct slice tame = { html.ptr, tame_prefix(html) };
	p->tree = tree;
	while (!parse(tree, tame)) {
		if (tame.len < 4096) {
			page_close(p);
			return false;
		}
		tame.len /= 2;
	}
	p->is_cut = tame.len < html.len;
	p->text.ptr = text;
	const GumboNode *top = tree->output->document;
	const GumboNode *node = top->v.document.children.length > 0 ? top->v.document.children.data[0] : NULL;
	while (node != NULL) {
		if (node->type == GUMBO_NODE_ELEMENT)
			read_element(p, node);
		else if (node->type == GUMBO_NODE_TEXT)
			read_text(p, node, text);
		node = next_node(node, top, is_unseen(node));
	}
	return true;
}

void page_close(struct page *p)
{
	if (p->tree != NULL)
		give_all(p->tree);
	free(p->tree);
	p->tree = NULL;
}

struct slice page_meta(const struct page *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].kind == PAGE_META && slice_equal_nocase(p->items[i].name, slice_of(name)))
			return slice_trim(p->items[i].value);
	return (struct slice){ "", 0 };
}

struct slice page_link(const struct page *p, const char *rel)
{
	for (size_t i = 0; i < p->count; i++) {
		struct slice rest = p->items[i].name, word;
		while (p->items[i].kind == PAGE_LINK && slice_split(&rest, ' ', &word))
			if (slice_equal_nocase(word, slice_of(rel)))
				return slice_trim(p->items[i].value);
	}
	return (struct slice){ "", 0 };
}
