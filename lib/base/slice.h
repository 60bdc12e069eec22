/* lib/base/slice.h - a piece of text: pointer and length, no NUL at the end.
 *
 * A slice never owns its bytes; each function that hands one out says how long it stays good. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

/* A slice of a string literal, usable in static initialisers. */
#define SLICE(literal)                                                                                                                               \
	{                                                                                                                                            \
		(literal), sizeof(literal) - 1                                                                                                       \
	}

static inline struct slice slice_of(const char *text)
{
	return (struct slice){ text, text == NULL ? 0 : strlen(text) };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of(text));
}

/* ASCII case only: bytes from 0x80 on are compared as they are. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice text, const char *prefix);
bool slice_ends(struct slice text, const char *suffix);

/* The first place of needle, without regard to ASCII case; NULL where it is absent. */
const char *slice_find_nocase(struct slice text, struct slice needle);

/* Without blanks (space, TAB, CR, LF) at both ends. */
struct slice slice_trim(struct slice text);

/* Takes the part before the first separator off *rest; false when *rest had nothing left. An empty part is a part. */
bool slice_split(struct slice *rest, char separator, struct slice *part);

/* Decimal digits only, the whole slice; false on anything else or past UINT64_MAX. */
bool slice_to_u64(struct slice text, uint64_t *value);

/* Length of the UTF-8 prefix of text: text.len when all of it is well-formed (RFC 3629). */
size_t slice_utf8_prefix(struct slice text);

/* Lower-case hex of the bytes, with a NUL: hex has room for 2 * len + 1. */
void slice_hex(struct slice bytes, char *hex);
#endif
