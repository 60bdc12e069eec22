#include "jsonld.h"

/* What the repair knows of where it stands. */
struct repair {
	struct slice in;
	struct buf *out;
	size_t at;
	unsigned depth;
	bool value_ended; /* a value just ended: another needs a comma first */
};

static bool at_word(const struct repair *r, const char *word)
{
	struct slice rest = { r->in.ptr + r->at, r->in.len - r->at };
	return slice_starts(rest, word);
}

/* Skips up to and with `end`, or to the end of the block. */
static void skip_past(struct repair *r, const char *end)
{
	const char *found = memmem(r->in.ptr + r->at, r->in.len - r->at, end, strlen(end));
	r->at = found == NULL ? r->in.len : (size_t)(found - r->in.ptr) + strlen(end);
}

/* Comment and CDATA marks around the JSON; true where one was skipped. */
static bool skip_mark(struct repair *r)
{
	static const char *const marks[] = { "<!--", "-->", "<![CDATA[", "]]>" };
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (at_word(r, marks[i])) {
			r->at += strlen(marks[i]);
			return true;
		}
	if (at_word(r, "/*")) {
		r->at += 2;
		skip_past(r, "*/");
		return true;
	}
	if (at_word(r, "//")) {
		/* "//<![CDATA[" may have the JSON behind it on the same line. */
		r->at += 2;
		while (r->at < r->in.len && (r->in.ptr[r->at] == ' ' || r->in.ptr[r->at] == '\t'))
			r->at++;
		if (!at_word(r, "<![CDATA[") && !at_word(r, "]]>") && !at_word(r, "<!--") && !at_word(r, "-->"))
			skip_past(r, "\n");
		return true;
	}
	return false;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A string with its quotes: control characters are escaped, backslashes that escape nothing are dropped. */
static void put_string(struct repair *r)
{
	buf_putc(r->out, '"');
	for (r->at++; r->at < r->in.len && r->in.ptr[r->at] != '"'; r->at++) {
		char c = r->in.ptr[r->at];
		char next = r->at + 1 < r->in.len ? r->in.ptr[r->at + 1] : '\0';
		if (c == '\\') {
			bool is_code = next == 'u' && r->at + 5 < r->in.len && is_hex(r->in.ptr[r->at + 2]) && is_hex(r->in.ptr[r->at + 3]) &&
				is_hex(r->in.ptr[r->at + 4]) && is_hex(r->in.ptr[r->at + 5]);
			if (is_code || (next != '\0' && strchr("\"\\/bfnrt", next) != NULL)) {
				buf_putc(r->out, c);
				buf_putc(r->out, next);
				r->at++;
			}
		} else if ((unsigned char)c < ' ') {
			buf_printf(r->out, "\\u%04x", (unsigned char)c);
		} else {
			buf_putc(r->out, c);
		}
	}
	buf_putc(r->out, '"');
	r->at++;
}

/* At a comma: takes all that stand here, with what lies between, and puts one, unless a container closes behind them or nothing comes any more. */
static void put_comma(struct repair *r)
{
	while (r->at < r->in.len) {
		char c = r->in.ptr[r->at];
		if (strchr(" \t\r\n,", c) != NULL && c != '\0')
			r->at++;
		else if (!skip_mark(r))
			break;
	}
	bool closes = r->at >= r->in.len || r->in.ptr[r->at] == '}' || r->in.ptr[r->at] == ']';
	if (!closes && r->depth > 0)
		buf_putc(r->out, ',');
}

/* The block as a JSON array of its values. */
static struct slice repair(struct buf *out, struct slice block)
{
	struct repair r = { .in = block, .out = out };
	buf_reset(out);
	buf_putc(out, '[');
	while (r.at < block.len) {
		char c = block.ptr[r.at];
		if (skip_mark(&r) || (c == ';' && ++r.at > 0))
			continue;
		if ((c == '{' || c == '[') && r.depth == 0 && r.value_ended)
			buf_putc(out, ',');
		if (c == '"') {
			put_string(&r);
			continue;
		}
		if (c == ',') {
			put_comma(&r);
			continue;
		}
		r.at++;
		r.depth += c == '{' || c == '[';
		if (c == '}' || c == ']') {
			/* One bracket too many at the end is common. */
			if (r.depth == 0)
				continue;
			r.depth--;
			r.value_ended = r.depth == 0;
		}
		if ((unsigned char)c >= ' ' || c == '\n' || c == '\t' || c == '\r')
			buf_putc(out, c);
	}
	buf_putc(out, ']');
	return buf_slice(out);
}

/* Quotes that were escaped for HTML; gumbo leaves a script's text alone. */
static struct slice without_entities(struct buf *out, struct slice block)
{
	static const struct {
		const char *entity, *text;
	} entities[] = { { "&quot;", "\"" }, { "&#34;", "\"" }, { "&#034;", "\"" }, { "&#x22;", "\"" }, { "&apos;", "'" }, { "&#39;", "'" },
		{ "&#039;", "'" }, { "&lt;", "<" }, { "&gt;", ">" }, { "&amp;", "&" }, { "&nbsp;", " " } };
	buf_reset(out);
	while (block.len > 0) {
		size_t skip = 0;
		for (size_t i = 0; block.ptr[0] == '&' && i < sizeof entities / sizeof entities[0] && skip == 0; i++)
			if (slice_starts(block, entities[i].entity)) {
				buf_puts(out, entities[i].text);
				skip = strlen(entities[i].entity);
			}
		if (skip == 0) {
			buf_putc(out, block.ptr[0]);
			skip = 1;
		}
		block.ptr += skip;
		block.len -= skip;
	}
	return buf_slice(out);
}

const struct json *jsonld_read(struct arena *arena, struct slice block)
{
	struct json_error error;
	struct buf fixed, decoded;
	if (block.len > JSONLD_MAX_BLOCK_BYTES)
		return NULL;
	buf_init(&fixed, 6 * (size_t)JSONLD_MAX_BLOCK_BYTES);
	buf_init(&decoded, JSONLD_MAX_BLOCK_BYTES);
	struct slice array = arena_printf(arena, "[%.*s]", (int)block.len, block.ptr);
	const struct json *read = json_parse(arena, array, &error);
	if (read == NULL)
		read = json_parse(arena, arena_copy(arena, repair(&fixed, block)), &error);
	if (read == NULL)
		read = json_parse(arena, arena_copy(arena, repair(&fixed, without_entities(&decoded, block))), &error);
	buf_release(&fixed);
	buf_release(&decoded);
	return read;
}
