#include "approved.h"

#include <stdio.h>
#include <stdlib.h>

static int digit_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(struct slice hex, unsigned char digest[SHA256_BYTES])
{
	if (hex.len != SHA256_HEX_BYTES - 1)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		int high = digit_value(hex.ptr[2 * i]), low = digit_value(hex.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		digest[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static struct slice first_word(struct slice line)
{
	size_t len = 0;
	while (len < line.len && strchr(" \t\r", line.ptr[len]) == NULL)
		len++;
	return (struct slice){ line.ptr, len };
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_BYTES);
}

bool approved_parse(struct approved *a, const char *path, struct slice text, char error[CONFIG_ERROR_BYTES])
{
	struct slice rest = text, line;
	unsigned number = 0;
	/* A digest takes 65 bytes of its file. */
	*a = (struct approved){ .digests = malloc((text.len / (SHA256_HEX_BYTES - 1) + 1) * SHA256_BYTES) };
	if (a->digests == NULL) {
		snprintf(error, CONFIG_ERROR_BYTES, "%s: out of memory", path);
		return false;
	}
	while (slice_split(&rest, '\n', &line)) {
		number++;
		if (slice_trim(line).len == 0 || line.ptr[0] == '#')
			continue;
		if (!from_hex(first_word(line), a->digests + a->count * SHA256_BYTES)) {
			snprintf(error, CONFIG_ERROR_BYTES, "%s:%u: does not start with a digest of 64 hex digits, as outreach approve prints them",
				path, number);
			approved_release(a);
			return false;
		}
		a->count++;
	}
	qsort(a->digests, a->count, SHA256_BYTES, by_bytes);
	return true;
}

bool approved_has(const struct approved *a, const char hex[SHA256_HEX_BYTES])
{
	unsigned char digest[SHA256_BYTES];
	return from_hex(slice_of(hex), digest) && a->count > 0 && bsearch(digest, a->digests, a->count, SHA256_BYTES, by_bytes) != NULL;
}

void approved_release(struct approved *a)
{
	free(a->digests);
	*a = (struct approved){ .digests = NULL };
}
