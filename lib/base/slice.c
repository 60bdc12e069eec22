#include "base/slice.h"

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

static bool equal_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
	return a.len == b.len && equal_nocase(a.ptr, b.ptr, a.len);
}

bool slice_starts(struct slice text, const char *prefix)
{
	size_t len = strlen(prefix);
	return text.len >= len && (len == 0 || memcmp(text.ptr, prefix, len) == 0);
}

bool slice_ends(struct slice text, const char *suffix)
{
	size_t len = strlen(suffix);
	return text.len >= len && (len == 0 || memcmp(text.ptr + text.len - len, suffix, len) == 0);
}

const char *slice_find_nocase(struct slice text, struct slice needle)
{
	for (size_t i = 0; needle.len <= text.len && i <= text.len - needle.len; i++)
		if (equal_nocase(text.ptr + i, needle.ptr, needle.len))
			return text.ptr + i;
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice text)
{
	while (text.len > 0 && is_blank(text.ptr[0])) {
		text.ptr++;
		text.len--;
	}
	while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

bool slice_split(struct slice *rest, char separator, struct slice *part)
{
	if (rest->ptr == NULL)
		return false;
	const char *at = rest->len == 0 ? NULL : memchr(rest->ptr, separator, rest->len);
	if (at == NULL) {
		*part = *rest;
		*rest = (struct slice){ NULL, 0 };
		return true;
	}
	*part = (struct slice){ rest->ptr, (size_t)(at - rest->ptr) };
	rest->len -= part->len + 1;
	rest->ptr = at + 1;
	return true;
}

bool slice_to_u64(struct slice text, uint64_t *value)
{
	uint64_t sum = 0;
	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(text.ptr[i] - '0');
		if (sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return true;
}

/* The bytes that may follow a lead byte, and in what range the first of them lies (RFC 3629 section 4). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	unsigned char lead = p[0], low = 0x80, high = 0xbf;
	size_t more;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		more = 1;
	else if (lead >= 0xe0 && lead <= 0xef)
		more = 2;
	else if (lead >= 0xf0 && lead <= 0xf4)
		more = 3;
	else
		return 0;
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	if (left <= more || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

size_t slice_utf8_prefix(struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t i = 0;
	while (i < text.len) {
		size_t len = utf8_length(p + i, text.len - i);
		if (len == 0)
			break;
		i += len;
	}
	return i;
}

void slice_hex(struct slice bytes, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char byte = (unsigned char)bytes.ptr[i];
		*hex++ = digits[byte >> 4];
		*hex++ = digits[byte & 15];
	}
	*hex = '\0';
}
