#include "tokens.h"

/* Everything but ASCII letters, digits and bytes of other scripts parts tokens; "*" is a wildcard in a pattern. */
static bool is_token_byte(unsigned char byte, bool in_pattern)
{
	return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || (in_pattern && byte == '*');
}

static bool next_token(struct slice *rest, bool in_pattern, struct slice *token)
{
	while (rest->len > 0 && !is_token_byte((unsigned char)rest->ptr[0], in_pattern)) {
		rest->ptr++;
		rest->len--;
	}
	*token = (struct slice){ rest->ptr, 0 };
	while (rest->len > 0 && is_token_byte((unsigned char)rest->ptr[0], in_pattern)) {
		rest->ptr++;
		rest->len--;
		token->len++;
	}
	return token->len > 0;
}

static unsigned char fold(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : (unsigned char)byte;
}

/* A pattern with "*" against one token; by_prefix lets the token go on after the pattern's end. */
static bool token_fits(struct slice token, struct slice pattern, bool by_prefix)
{
	size_t t = 0, p = 0, star = SIZE_MAX, star_t = 0;
	while (t < token.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			star_t = t;
		} else if (p < pattern.len && fold(pattern.ptr[p]) == fold(token.ptr[t])) {
			p++;
			t++;
		} else if (p == pattern.len && by_prefix) {
			return true;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++star_t;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

bool has_tokens(struct slice text, struct slice pattern, bool by_prefix)
{
	struct slice wanted, token;
	bool any = false;
	while (next_token(&pattern, true, &wanted)) {
		struct slice rest = text;
		bool found = false;
		while (!found && next_token(&rest, false, &token))
			found = token_fits(token, wanted, by_prefix);
		if (!found)
			return false;
		any = true;
	}
	return any;
}

static void sql_has_tokens(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]), *pattern = (const char *)sqlite3_value_text(values[1]);
	(void)count;
	if (text == NULL || pattern == NULL)
		return; /* null, which no condition takes for true */
	struct slice in = { text, (size_t)sqlite3_value_bytes(values[0]) }, wanted = { pattern, (size_t)sqlite3_value_bytes(values[1]) };
	sqlite3_result_int(context, has_tokens(in, wanted, sqlite3_value_int(values[2]) != 0));
}

bool tokens_register(struct store *s)
{
	return sqlite3_create_function_v2(s->db, "has_tokens", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_has_tokens, NULL, NULL, NULL) ==
		SQLITE_OK;
}
