#include "tame.h"

/* Elements without an end tag, or that close their own kind: pages have thousands of them open by a naive count, the parser never more than a few. */
static const char *const uncounted[] = { "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
	"wbr", "p", "li", "dt", "dd", "tr", "td", "th", "option", "thead", "tbody", "tfoot", "colgroup" };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_counted(struct slice name)
{
	for (size_t i = 0; i < sizeof uncounted / sizeof uncounted[0]; i++)
		if (slice_equal_nocase(name, slice_of(uncounted[i])))
			return false;
	return true;
}

/* Element names end at a blank, "/" or ">". */
static struct slice read_name(struct slice html, size_t at)
{
	size_t end = at;
	while (end < html.len && !is_blank(html.ptr[end]) && html.ptr[end] != '/' && html.ptr[end] != '>')
		end++;
	return (struct slice){ html.ptr + at, end - at };
}

struct tag {
	size_t end; /* behind its ">", or html.len */
	size_t attributes;
	bool closes_itself;
};

/* From behind the name to the end of the tag: quotes hide ">". */
static struct tag read_tag(struct slice html, size_t at)
{
	enum { BETWEEN, NAME, EQUALS, VALUE } state = BETWEEN;
	struct tag tag = { .end = html.len };
	for (; at < html.len && html.ptr[at] != '>'; at++) {
		char c = html.ptr[at];
		tag.closes_itself = c == '/' && state != VALUE;
		if (state == EQUALS && (c == '"' || c == '\'')) {
			const char *close = memchr(html.ptr + at + 1, c, html.len - at - 1);
			if (close == NULL)
				return tag;
			at = (size_t)(close - html.ptr);
			state = BETWEEN;
		} else if (is_blank(c)) {
			state = state == EQUALS ? EQUALS : BETWEEN;
		} else if (state == EQUALS) {
			state = VALUE;
		} else if (state != VALUE && c == '/') {
			state = BETWEEN;
		} else if (state != VALUE && c == '=') {
			state = EQUALS;
		} else if (state == BETWEEN) {
			state = NAME;
			tag.attributes++;
		}
	}
	tag.end = at < html.len ? at + 1 : html.len;
	return tag;
}

/* Where the raw text of a script or style ends: at its own end tag. */
static size_t skip_raw(struct slice html, size_t at, struct slice name)
{
	for (;;) {
		const char *found = at < html.len ? memmem(html.ptr + at, html.len - at, "</", 2) : NULL;
		if (found == NULL)
			return html.len;
		at = (size_t)(found - html.ptr);
		struct slice rest = { found + 2, html.len - at - 2 };
		if (rest.len >= name.len && slice_equal_nocase((struct slice){ rest.ptr, name.len }, name))
			return at;
		at += 2;
	}
}

static bool is_raw(struct slice name)
{
	static const char *const raw[] = { "script", "style", "textarea", "title", "xmp", "iframe" };
	for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++)
		if (slice_equal_nocase(name, slice_of(raw[i])))
			return true;
	return false;
}

/* Inside SVG and MathML no element holds raw text, and "/>" closes. */
static bool is_foreign(struct slice name)
{
	return slice_equal_nocase(name, slice_of("svg")) || slice_equal_nocase(name, slice_of("math"));
}

size_t tame_prefix(struct slice html)
{
	long depth = 0, foreign = 0;
	for (size_t at = 0; at < html.len;) {
		const char *open = memchr(html.ptr + at, '<', html.len - at);
		if (open == NULL || open + 1 >= html.ptr + html.len)
			return html.len;
		at = (size_t)(open - html.ptr);
		struct slice rest = { open, html.len - at };
		bool is_end = open[1] == '/' && rest.len > 2 && is_letter(open[2]);
		if (slice_starts(rest, "<!--")) {
			const char *close = memmem(open + 4, rest.len - 4, "-->", 3);
			if (close == NULL)
				return html.len;
			at = (size_t)(close - html.ptr) + 3;
		} else if (is_end) {
			struct slice name = read_name(html, at + 2);
			depth -= is_counted(name) && depth > 0 ? 1 : 0;
			foreign -= is_foreign(name) && foreign > 0 ? 1 : 0;
			at = read_tag(html, at + 2 + name.len).end;
		} else if (is_letter(open[1])) {
			struct slice name = read_name(html, at + 1);
			struct tag tag = read_tag(html, at + 1 + name.len);
			bool opens = is_counted(name) && !(foreign > 0 && tag.closes_itself);
			if (tag.attributes > TAME_MAX_ATTRIBUTES || depth + opens > TAME_MAX_DEPTH)
				return at;
			depth += opens;
			foreign += opens && is_foreign(name);
			at = foreign == 0 && is_raw(name) ? skip_raw(html, tag.end, name) : tag.end;
		} else {
			at += 1;
		}
	}
	return html.len;
}
