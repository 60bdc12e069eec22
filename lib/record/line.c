#include "record/line.h"

#include <stdlib.h>

/* -- the grammar: RFC 8259 section 2, over the index -- */

/* What a byte of the index can be. */
enum kind { WORD, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET, COLON, COMMA, QUOTE, LINE_FEED, KINDS };

enum state {
	ROOT, /* the line's value */
	ROOT_STRING,
	DONE, /* only the LF may follow */
	FIRST_NAME, /* a name or } */
	NAME,
	IN_NAME,
	NAME_END, /* : */
	MEMBER, /* a member's value */
	MEMBER_STRING,
	MEMBER_END, /* , or } */
	FIRST_ELEMENT, /* a value or ] */
	ELEMENT,
	ELEMENT_STRING,
	ELEMENT_END, /* , or ] */
	STATES,
	/* What the table asks for beyond a new state. */
	OPEN = STATES,
	CLOSE,
	CHECK_WORD,
	END,
};

/* After each state, for each kind. An empty place, which is 0, is a fault: ROOT follows on nothing. */
static const uint8_t grammar[STATES][16] = {
	[ROOT] = { [OPEN_BRACE] = OPEN, [OPEN_BRACKET] = OPEN, [QUOTE] = ROOT_STRING, [WORD] = CHECK_WORD },
	[ROOT_STRING] = { [QUOTE] = DONE },
	[DONE] = { [LINE_FEED] = END },
	[FIRST_NAME] = { [QUOTE] = IN_NAME, [CLOSE_BRACE] = CLOSE },
	[NAME] = { [QUOTE] = IN_NAME },
	[IN_NAME] = { [QUOTE] = NAME_END },
	[NAME_END] = { [COLON] = MEMBER },
	[MEMBER] = { [OPEN_BRACE] = OPEN, [OPEN_BRACKET] = OPEN, [QUOTE] = MEMBER_STRING, [WORD] = CHECK_WORD },
	[MEMBER_STRING] = { [QUOTE] = MEMBER_END },
	[MEMBER_END] = { [COMMA] = NAME, [CLOSE_BRACE] = CLOSE },
	[FIRST_ELEMENT] = { [OPEN_BRACE] = OPEN, [OPEN_BRACKET] = OPEN, [QUOTE] = ELEMENT_STRING, [WORD] = CHECK_WORD, [CLOSE_BRACKET] = CLOSE },
	[ELEMENT] = { [OPEN_BRACE] = OPEN, [OPEN_BRACKET] = OPEN, [QUOTE] = ELEMENT_STRING, [WORD] = CHECK_WORD },
	[ELEMENT_STRING] = { [QUOTE] = ELEMENT_END },
	[ELEMENT_END] = { [COMMA] = ELEMENT, [CLOSE_BRACKET] = CLOSE },
};

/* Where a value has ended. */
static const uint8_t after_value[STATES] = {
	[ROOT] = DONE,
	[MEMBER] = MEMBER_END,
	[FIRST_ELEMENT] = ELEMENT_END,
	[ELEMENT] = ELEMENT_END,
};

static const char *const wanted[STATES] = {
	[ROOT] = "expected a value",
	[DONE] = "text behind the value",
	[FIRST_NAME] = "expected a member name or '}'",
	[NAME] = "expected a member name",
	[NAME_END] = "expected ':'",
	[MEMBER] = "expected a value",
	[MEMBER_END] = "expected ',' or '}'",
	[FIRST_ELEMENT] = "expected a value or ']'",
	[ELEMENT] = "expected a value",
	[ELEMENT_END] = "expected ',' or ']'",
};

static const uint8_t kind_of[256] = {
	['{'] = OPEN_BRACE,
	['}'] = CLOSE_BRACE,
	['['] = OPEN_BRACKET,
	[']'] = CLOSE_BRACKET,
	[':'] = COLON,
	[','] = COMMA,
	['"'] = QUOTE,
	['\n'] = LINE_FEED,
};

/* A number, true, false, null, or a fault: from the entry's byte to the next structural byte, without the blanks before that. */
static bool is_word(const char *first, const char *next)
{
	while (next[-1] == ' ' || next[-1] == '\t' || next[-1] == '\r')
		next--;
	struct slice word = { first, (size_t)(next - first) };
	switch (*first) {
	case 'n': return word.len == 4 && memcmp(first, "null", 4) == 0;
	case 't': return word.len == 4 && memcmp(first, "true", 4) == 0;
	case 'f': return word.len == 5 && memcmp(first, "false", 5) == 0;
	default: return json_is_number(word);
	}
}

struct fault {
	enum line_result result;
	size_t position; /* in text */
	const char *message;
};

static struct fault grammar_fault(const struct record *r, enum state state, uint32_t entry)
{
	bool at_end = line_byte(r, entry) == '\n';
	return (struct fault){ LINE_BAD_JSON, r->at[entry], at_end || wanted[state] == NULL ? "unexpected end" : wanted[state] };
}

/* Steps over members whose value is a string, which most are, from a name's place on: the table would say the same, but each of its steps waits for the
 * last. Every look is at an entry behind one that is not the LF. */
static inline uint32_t skip_string_members(const char *text, const uint32_t *at, uint32_t i)
{
	while (text[at[i]] == '"' && text[at[i + 1]] == '"' && text[at[i + 2]] == ':' && text[at[i + 3]] == '"' && text[at[i + 4]] == '"' &&
		text[at[i + 5]] == ',')
		i += 6;
	return i;
}

/* Runs the table from r->root to the line's LF, whose entry *end becomes, or to the first fault. */
static struct fault check_grammar(struct record *r, uint32_t *end)
{
	struct {
		uint32_t entry;
		uint8_t after; /* the state behind the container */
	} open[JSON_MAX_DEPTH];
	const char *text = r->text;
	const uint32_t *at = r->at;
	unsigned depth = 0;
	unsigned state = ROOT;
	uint32_t i = r->root;
	for (;; i++) {
		unsigned next = grammar[state][kind_of[(unsigned char)text[at[i]]]];
		if (__builtin_expect(next - 1 < STATES - 1, 1)) {
			state = next;
			if (next == NAME)
				i = skip_string_members(text, at, i + 1) - 1;
			continue;
		}
		switch (next) {
		case OPEN:
			if (depth == JSON_MAX_DEPTH) {
				*end = i;
				return (struct fault){ LINE_TOO_DEEP, at[i], "nested deeper than 512 levels" };
			}
			open[depth].entry = i;
			open[depth++].after = after_value[state];
			state = text[at[i]] == '{' ? FIRST_NAME : FIRST_ELEMENT;
			break;
		case CLOSE:
			depth--;
			/* The table closes only what it opened, which the analyser cannot know. */
			r->jump[open[depth].entry] = i; /* NOLINT(clang-analyzer-core.uninitialized.ArraySubscript) */
			state = open[depth].after;
			break;
		case CHECK_WORD:
			if (!is_word(text + at[i], text + at[i + 1])) {
				*end = i;
				return (struct fault){ LINE_BAD_JSON, at[i], "not a JSON value" };
			}
			state = after_value[state];
			break;
		case END: *end = i; return (struct fault){ .result = LINE_RECORD };
		default: *end = i; return grammar_fault(r, state, i);
		}
	}
}

/* -- the text of strings -- */

static size_t hex_digits(const char *p)
{
	size_t n = 0;
	while (n < 4 && ((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'a' && p[n] <= 'f') || (p[n] >= 'A' && p[n] <= 'F')))
		n++;
	return n;
}

/* Of \uD800 to \uDFFF: the digit behind D, as a number from 8 to 15; else 0. */
static int surrogate_digit(const char *digits)
{
	if (digits[0] != 'd' && digits[0] != 'D')
		return 0;
	int digit = digits[1] <= '9' ? digits[1] - '0' : (digits[1] | 0x20) - 'a' + 10;
	return digit >= 8 ? digit : 0;
}

/* The length of the escape at p; 0 where it is none. The line's LF, which is no part of any escape, stops every look ahead. */
static size_t escape_length(const char *p)
{
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't': return 2;
	case 'u': break;
	default: return 0;
	}
	if (hex_digits(p + 2) < 4)
		return 0;
	int digit = surrogate_digit(p + 2);
	if (digit == 0)
		return 6;
	if (digit >= 12 || p[6] != '\\' || p[7] != 'u' || hex_digits(p + 8) < 4 || surrogate_digit(p + 8) < 12)
		return 0;
	return 12;
}

/* The first bad escape from here on. Where the grammar holds, every backslash lies in a string. */
static const char *bad_escape(const char *from, const char *end)
{
	for (const char *p = from; p < end && (p = memchr(p, '\\', (size_t)(end - p))) != NULL;) {
		size_t length = escape_length(p);
		if (length == 0)
			return p;
		p += length;
	}
	return NULL;
}

/* The first control byte that lies in a string, or is no blank. Walks the strings over again, which only odd lines need. */
static const char *bad_control(const char *from, const char *end)
{
	bool in_string = false;
	for (const char *p = from; p < end; p++) {
		if ((unsigned char)*p < 0x20 && (in_string || (*p != '\t' && *p != '\r')))
			return p;
		if (*p == '"')
			in_string = !in_string;
		else if (*p == '\\' && in_string && p + 1 < end && (unsigned char)p[1] >= 0x20)
			p++;
	}
	return NULL;
}

/* What is wrong with the characters, if that comes before the fault already found. */
static struct fault text_fault(const struct record *r, const struct scan *scan, struct fault fault)
{
	const char *start = r->text + r->start, *end = r->text + (fault.result == LINE_RECORD ? r->end : fault.position), *bad;
	if (r->has_escape && fault.result == LINE_RECORD && (bad = bad_escape(start, end)) != NULL) {
		fault = (struct fault){ LINE_BAD_JSON, (size_t)(bad - r->text), "bad escape in a string" };
		end = bad;
	}
	if (!scan_is_odd(scan, r->start, r->end))
		return fault;
	if ((bad = bad_control(start, end)) != NULL) {
		fault = (struct fault){ LINE_BAD_JSON, (size_t)(bad - r->text), *bad == '\0' ? "NUL byte" : "control character" };
		end = bad;
	}
	size_t valid = slice_utf8_prefix((struct slice){ start, r->end - r->start }); /* of the whole line: a character must not be cut at `end` */
	if (start + valid < end)
		fault = (struct fault){ LINE_BAD_UTF8, r->start + valid, "broken UTF-8" };
	return fault;
}

/* -- a line -- */

static bool reserve_jumps(struct record *r, size_t count)
{
	enum { FEWEST = 256 };
	if (count <= r->jump_cap)
		return true;
	size_t cap = r->jump_cap < FEWEST ? FEWEST : r->jump_cap;
	while (cap < count)
		cap *= 2;
	uint32_t *jump = realloc(r->jump, cap * sizeof *jump);
	if (jump == NULL)
		return false;
	r->jump = jump;
	r->jump_cap = cap;
	return true;
}

/* The entry of the line's LF. */
static uint32_t find_end(const struct record *r, uint32_t entry)
{
	while (line_byte(r, entry) != '\n')
		entry++;
	return entry;
}

static const char *not_an_object(char first)
{
	switch (first) {
	case '[': return "found an array";
	case '"': return "found a string";
	default: return "found a bare word or number";
	}
}

/* A byte-order mark makes an entry of its own where a brace follows. */
static bool has_mark(const struct record *r)
{
	const char *p = r->text + r->start;
	return r->at[0] == r->start && memcmp(p, "\xef\xbb\xbf", 3) == 0 && kind_of[(unsigned char)p[3]] != WORD;
}

enum line_result line_check(
	struct record *r, const struct scan *scan, const char *text, size_t start, size_t first, bool is_first, struct json_error *error)
{
	r->text = text;
	r->at = scan->at + first;
	r->start = start;
	r->root = 0;
	r->has_object = r->has_escape = r->failed = false;
	r->line_error = ERROR_NOT_KNOWN;
	r->change_count = 0;
	r->pending.len = 0;

	uint32_t end = 0;
	if (is_first && has_mark(r))
		r->root = 1;
	if (line_byte(r, r->root) == '\n') {
		r->count = r->root + 1;
		r->end = r->at[r->root];
		return LINE_BLANK;
	}
	if (!reserve_jumps(r, scan->count - first)) {
		end = find_end(r, 0);
		r->count = end + 1;
		r->end = r->at[end];
		*error = (struct json_error){ .message = "out of memory" };
		return LINE_NO_MEMORY;
	}
	struct fault fault = check_grammar(r, &end);
	if (fault.result != LINE_RECORD)
		end = find_end(r, end);
	r->count = end + 1;
	r->end = r->at[end];
	r->has_escape = scan_is_escaped(scan, start, r->end);
	if (r->has_escape || scan->has_odd)
		fault = text_fault(r, scan, fault);
	if (fault.result == LINE_RECORD && line_byte(r, r->root) != '{')
		fault = (struct fault){ LINE_NOT_AN_OBJECT, r->at[r->root], not_an_object(line_byte(r, r->root)) };
	r->has_object = fault.result == LINE_RECORD;
	if (!r->has_object) {
		size_t offset = fault.position - start;
		*error = (struct json_error){ 1, (unsigned)offset + 1, offset, fault.message };
	}
	return fault.result;
}

const char *line_code(enum line_result result)
{
	switch (result) {
	case LINE_BAD_UTF8: return "bad_utf8";
	case LINE_TOO_DEEP: return "too_deep";
	case LINE_NOT_AN_OBJECT: return "not_an_object";
	default: return "bad_json";
	}
}

enum line_result line_parse_own(struct record *r, struct slice line, struct json_error *error)
{
	static const char slack[LINE_SLACK_BYTES];
	const char *line_feed = line.len == 0 ? NULL : memchr(line.ptr, '\n', line.len);
	r->has_object = false;
	if (line_feed != NULL && line_feed + 1 == line.ptr + line.len) {
		line.len--;
		line_feed = NULL;
	}
	if (r->own_scan == NULL)
		r->own_scan = calloc(1, sizeof *r->own_scan);
	buf_reset(&r->own_text);
	buf_put_slice(&r->own_text, line);
	buf_putc(&r->own_text, '\n');
	buf_put(&r->own_text, slack, sizeof slack);
	if (r->own_scan == NULL || r->own_text.failed || !scan_block(r->own_scan, (struct slice){ r->own_text.ptr, line.len + 1 })) {
		*error = (struct json_error){ .message = "out of memory" };
		return LINE_NO_MEMORY;
	}
	enum line_result result = line_check(r, r->own_scan, r->own_text.ptr, 0, 0, false, error);
	if (line_feed != NULL && (result == LINE_RECORD || result == LINE_BLANK)) {
		size_t offset = (size_t)(line_feed - line.ptr);
		*error = (struct json_error){ 1, (unsigned)offset + 1, offset, "line feed in a record" };
		r->has_object = false;
		return LINE_BAD_JSON;
	}
	return result;
}

bool line_name_is(const struct record *r, struct slice name, struct slice wanted_name)
{
	/* A name with escapes is at most six times as long as what it stands for. */
	enum { LONGEST_ESCAPE = 6, DECODED_BYTES = 256 };
	if (slice_equal(name, wanted_name))
		return !line_has_escape(r, name);
	if (!line_has_escape(r, name) || name.len <= wanted_name.len || name.len > LONGEST_ESCAPE * wanted_name.len)
		return false;
	if (wanted_name.len < DECODED_BYTES) {
		char bytes[DECODED_BYTES];
		struct buf decoded = { .ptr = bytes, .cap = sizeof bytes, .max_bytes = 0 };
		size_t at;
		return json_unescape(name, &decoded, &at) && !decoded.failed && slice_equal(buf_slice(&decoded), wanted_name);
	}
	struct buf decoded;
	size_t at;
	buf_init(&decoded, wanted_name.len);
	bool is = json_unescape(name, &decoded, &at) && !decoded.failed && slice_equal(buf_slice(&decoded), wanted_name);
	buf_release(&decoded);
	return is;
}
