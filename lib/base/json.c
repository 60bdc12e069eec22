#include "base/json.h"

#include <stdarg.h>
#include <stdlib.h>

/* -- scalars -- */

static size_t skip_digits(struct slice bytes, size_t i)
{
	while (i < bytes.len && bytes.ptr[i] >= '0' && bytes.ptr[i] <= '9')
		i++;
	return i;
}

bool json_is_number(struct slice bytes)
{
	size_t i = 0, start;
	if (i < bytes.len && bytes.ptr[i] == '-')
		i++;
	start = i;
	i = skip_digits(bytes, i);
	if (i == start || (bytes.ptr[start] == '0' && i > start + 1))
		return false;
	if (i < bytes.len && bytes.ptr[i] == '.') {
		start = ++i;
		i = skip_digits(bytes, i);
		if (i == start)
			return false;
	}
	if (i < bytes.len && (bytes.ptr[i] == 'e' || bytes.ptr[i] == 'E')) {
		i++;
		if (i < bytes.len && (bytes.ptr[i] == '+' || bytes.ptr[i] == '-'))
			i++;
		start = i;
		i = skip_digits(bytes, i);
		if (i == start)
			return false;
	}
	return i == bytes.len;
}

bool json_number_value(struct slice bytes, double *number)
{
	enum { SHORT = 128, EXACT_DIGITS = 15 };
	static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	char copy[SHORT], *text = copy;
	if (!json_is_number(bytes))
		return false;
	/* Up to 15 digits and the power of ten below them are exact in a double, so that one division rounds once (Clinger 1990); strtod is right for
	 * all others, but slow. */
	size_t sign = bytes.ptr[0] == '-', i = sign, digits = 0, after_point = 0;
	int64_t sum = 0;
	for (bool has_point = false; i < bytes.len && digits <= EXACT_DIGITS; i++) {
		if (bytes.ptr[i] == '.') {
			has_point = true;
			continue;
		}
		if (bytes.ptr[i] < '0' || bytes.ptr[i] > '9')
			break;
		sum = sum * 10 + (bytes.ptr[i] - '0');
		digits++;
		after_point += has_point;
	}
	if (i == bytes.len && digits <= EXACT_DIGITS) {
		*number = (double)sum / powers[after_point];
		if (sign)
			*number = -*number;
		return true;
	}
	if (bytes.len >= SHORT && (text = malloc(bytes.len + 1)) == NULL)
		return false;
	memcpy(text, bytes.ptr, bytes.len);
	text[bytes.len] = '\0';
	*number = strtod(text, NULL);
	if (text != copy)
		free(text);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The number of \uXXXX at i, which points at the backslash; -1 where it is none. */
static int32_t unicode_escape(struct slice inside, size_t i)
{
	int32_t code = 0;
	if (inside.len - i < 6 || inside.ptr[i] != '\\' || inside.ptr[i + 1] != 'u')
		return -1;
	for (size_t k = i + 2; k < i + 6; k++) {
		int digit = hex_digit(inside.ptr[k]);
		if (digit < 0)
			return -1;
		code = code * 16 + digit;
	}
	return code;
}

static size_t utf8_encode(uint32_t code, char bytes[4])
{
	if (code < 0x80) {
		bytes[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		bytes[0] = (char)(0xc0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		bytes[0] = (char)(0xe0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 63));
		bytes[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	bytes[0] = (char)(0xf0 | code >> 18);
	bytes[1] = (char)(0x80 | (code >> 12 & 63));
	bytes[2] = (char)(0x80 | (code >> 6 & 63));
	bytes[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* Decodes the escape at *i and moves past it; the number of bytes put into `bytes`, 0 for a bad one. */
static size_t decode_escape(struct slice inside, size_t *i, char bytes[4])
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (*i + 1 >= inside.len)
		return 0;
	char c = inside.ptr[*i + 1];
	const char *simple = c == '\0' ? NULL : strchr(from, c);
	if (simple != NULL) {
		bytes[0] = to[simple - from];
		*i += 2;
		return 1;
	}
	int32_t code = unicode_escape(inside, *i);
	if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
		return 0;
	if (code < 0xd800 || code > 0xdbff) {
		*i += 6;
		return utf8_encode((uint32_t)code, bytes);
	}
	int32_t low = unicode_escape(inside, *i + 6);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*i += 12;
	return utf8_encode(0x10000 + ((uint32_t)(code - 0xd800) << 10) + (uint32_t)(low - 0xdc00), bytes);
}

bool json_unescape(struct slice inside, struct buf *out, size_t *at)
{
	for (size_t i = 0; i < inside.len;) {
		const char *stop = memchr(inside.ptr + i, '\\', inside.len - i);
		size_t plain = stop == NULL ? inside.len - i : (size_t)(stop - (inside.ptr + i));
		buf_put(out, inside.ptr + i, plain);
		i += plain;
		if (stop == NULL)
			break;
		char bytes[4];
		*at = i;
		size_t len = decode_escape(inside, &i, bytes);
		if (len == 0)
			return false;
		buf_put(out, bytes, len);
	}
	return true;
}

void json_quote(struct buf *out, struct slice text)
{
	static const char names[] = "btn?fr"; /* U+0008 to U+000D */
	buf_putc(out, '"');
	for (size_t i = 0; i < text.len;) {
		size_t plain = i;
		while (plain < text.len && (unsigned char)text.ptr[plain] >= 0x20 && (unsigned char)text.ptr[plain] < 0x7f &&
			text.ptr[plain] != '"' && text.ptr[plain] != '\\')
			plain++;
		buf_put(out, text.ptr + i, plain - i);
		i = plain;
		if (i == text.len)
			break;
		unsigned char c = (unsigned char)text.ptr[i];
		if (c >= 0x80) {
			size_t len = slice_utf8_prefix((struct slice){ text.ptr + i, text.len - i < 4 ? text.len - i : 4 });
			/* The prefix may end inside the window; only its first character counts. */
			size_t first = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
			if (len >= first) {
				buf_put(out, text.ptr + i, first);
				i += first;
			} else {
				buf_puts(out, "\xef\xbf\xbd");
				i++;
			}
			continue;
		}
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c >= '\b' && c <= '\r' && c != '\v')
			buf_printf(out, "\\%c", names[c - '\b']);
		else
			buf_printf(out, "\\u%04x", c);
		i++;
	}
	buf_putc(out, '"');
}

/* -- the tree -- */

struct parser {
	struct arena *arena;
	const char *start, *at, *end, *line_start;
	unsigned line;
	struct json_error *error;
};

static bool fail(struct parser *p, const char *at, const char *message)
{
	if (p->error->message == NULL)
		*p->error = (struct json_error){ p->line, (unsigned)(at - p->line_start) + 1, (size_t)(at - p->start), message };
	return false;
}

static bool out_of_memory(struct parser *p)
{
	*p->error = (struct json_error){ .message = "out of memory" };
	return false;
}

static void skip_blanks(struct parser *p)
{
	for (; p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r' || *p->at == '\n'); p->at++)
		if (*p->at == '\n') {
			p->line++;
			p->line_start = p->at + 1;
		}
}

/* The string at p->at, decoded; points into the text where it has no escapes. */
static bool parse_string(struct parser *p, struct slice *text)
{
	const char *open = p->at++, *inside = p->at;
	bool escaped = false;
	while (p->at < p->end && *p->at != '"') {
		if ((unsigned char)*p->at < 0x20)
			return fail(p, p->at, "control character in a string");
		if (*p->at == '\\') {
			escaped = true;
			p->at++;
			if (p->at == p->end)
				break;
		}
		p->at++;
	}
	if (p->at >= p->end)
		return fail(p, open, "unterminated string");
	*text = (struct slice){ inside, (size_t)(p->at - inside) };
	p->at++;
	size_t valid = slice_utf8_prefix(*text);
	if (valid < text->len)
		return fail(p, inside + valid, "broken UTF-8");
	if (!escaped)
		return true;
	/* Decoded text is never longer than its escapes. */
	struct buf out = { .ptr = arena_alloc(p->arena, text->len + 2), .cap = text->len + 2, .max_bytes = text->len + 1 };
	size_t bad = 0;
	if (out.ptr == NULL)
		return out_of_memory(p);
	if (!json_unescape(*text, &out, &bad))
		return fail(p, inside + bad, "bad escape in a string");
	*text = buf_slice(&out);
	return true;
}

static bool parse_value(struct parser *p, struct json *value, unsigned depth);

/* The members or elements up to the closing bracket; p->at stands behind the opening one. */
static bool parse_container(struct parser *p, struct json *value, char close, unsigned depth)
{
	const struct json **link = &value->child;
	skip_blanks(p);
	if (p->at < p->end && *p->at == close) {
		p->at++;
		return true;
	}
	for (;;) {
		struct json *item = arena_new(p->arena, struct json);
		if (item == NULL)
			return out_of_memory(p);
		skip_blanks(p);
		if (close == '}') {
			if (p->at == p->end || *p->at != '"')
				return fail(p, p->at, p->at == p->end ? "unexpected end" : "expected a member name");
			if (!parse_string(p, &item->name))
				return false;
			skip_blanks(p);
			if (p->at == p->end || *p->at != ':')
				return fail(p, p->at, p->at == p->end ? "unexpected end" : "expected ':'");
			p->at++;
		}
		if (!parse_value(p, item, depth))
			return false;
		*link = item;
		link = &item->next;
		value->count++;
		skip_blanks(p);
		if (p->at == p->end)
			return fail(p, p->at, "unexpected end");
		if (*p->at == close) {
			p->at++;
			return true;
		}
		if (*p->at != ',')
			return fail(p, p->at, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
		p->at++;
	}
}

static bool parse_word(struct parser *p, struct json *value)
{
	static const struct {
		const char *word;
		enum json_type type;
	} words[] = { { "null", JSON_NULL }, { "true", JSON_TRUE }, { "false", JSON_FALSE } };
	const char *start = p->at;
	while (p->at < p->end && strchr(" \t\r\n,:]}[{\"", *p->at) == NULL)
		p->at++;
	struct slice word = { start, (size_t)(p->at - start) };
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (slice_is(word, words[i].word)) {
			value->type = words[i].type;
			return true;
		}
	value->type = JSON_NUMBER;
	return json_is_number(word) ? true : fail(p, start, "not a JSON value");
}

static bool parse_value(struct parser *p, struct json *value, unsigned depth)
{
	skip_blanks(p);
	if (p->at == p->end)
		return fail(p, p->at, "unexpected end");
	const char *start = p->at;
	bool ok;
	value->line = p->line;
	switch (*p->at) {
	case '{':
	case '[':
		if (depth > JSON_MAX_DEPTH)
			return fail(p, p->at, "nested too deep");
		value->type = *p->at == '{' ? JSON_OBJECT : JSON_ARRAY;
		p->at++;
		ok = parse_container(p, value, *start == '{' ? '}' : ']', depth + 1);
		break;
	case '"':
		value->type = JSON_STRING;
		ok = parse_string(p, &value->string);
		break;
	default: ok = parse_word(p, value); break;
	}
	value->raw = (struct slice){ start, (size_t)(p->at - start) };
	return ok;
}

const struct json *json_parse(struct arena *arena, struct slice text, struct json_error *error)
{
	struct parser p = { arena, text.ptr, text.ptr, text.ptr + text.len, text.ptr, 1, error };
	*error = (struct json_error){ 0 };
	struct json *root = arena_new(arena, struct json);
	if (root == NULL) {
		out_of_memory(&p);
		return NULL;
	}
	if (!parse_value(&p, root, 1))
		return NULL;
	skip_blanks(&p);
	if (p.at < p.end) {
		fail(&p, p.at, "text after the value");
		return NULL;
	}
	return root;
}

const struct json *json_get_slice(const struct json *object, struct slice name)
{
	const struct json *found = NULL;
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (const struct json *member = object->child; member != NULL; member = member->next)
		if (slice_equal(member->name, name))
			found = member;
	return found;
}

const struct json *json_get(const struct json *object, const char *name)
{
	return json_get_slice(object, slice_of(name));
}

const struct json *json_path(const struct json *object, ...)
{
	va_list names;
	va_start(names, object);
	for (const char *name; object != NULL && (name = va_arg(names, const char *)) != NULL;)
		object = json_get(object, name);
	va_end(names);
	return object;
}

struct slice json_string(const struct json *object, const char *name, const char *fallback)
{
	const struct json *value = json_get(object, name);
	return value != NULL && value->type == JSON_STRING ? value->string : slice_of(fallback);
}

struct slice json_text(const struct json *value)
{
	if (value == NULL || value->type == JSON_NULL || value->type == JSON_ARRAY || value->type == JSON_OBJECT)
		return (struct slice){ "", 0 };
	return value->type == JSON_STRING ? value->string : value->raw;
}

bool json_number(const struct json *value, double *number)
{
	return value != NULL && value->type == JSON_NUMBER && json_number_value(value->raw, number);
}

bool json_int(const struct json *value, int64_t *number)
{
	double exact;
	if (!json_number(value, &exact))
		return false;
	if (skip_digits(value->raw, value->raw.ptr[0] == '-') == value->raw.len) {
		/* An integer keeps all its digits; strtoll saturates. The byte behind a number is never a digit, but may be missing. */
		char copy[24];
		size_t len = value->raw.len < sizeof copy ? value->raw.len : sizeof copy - 1;
		memcpy(copy, value->raw.ptr, len);
		copy[len] = '\0';
		*number = strtoll(copy, NULL, 10);
		return true;
	}
	*number = exact >= 0x1p63 ? INT64_MAX : exact < -0x1p63 ? INT64_MIN : (int64_t)exact;
	return true;
}

bool json_is_true(const struct json *value)
{
	return value != NULL && value->type == JSON_TRUE;
}
