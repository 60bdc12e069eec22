/* bin/qualify/unicode.h - the little of Unicode that word rules need: case pairs and word characters. */
#ifndef QUALIFY_UNICODE_H
#define QUALIFY_UNICODE_H
#include "base/slice.h"

/* The code point at text.ptr[at] and its length in bytes; the text must be UTF-8. */
uint32_t unicode_at(struct slice text, size_t at, size_t *len);

/* 1 to 4 bytes. */
size_t unicode_encode(uint32_t code, char bytes[4]);

/* The same letter in the other case; the code point itself where it has none. */
uint32_t unicode_other_case(uint32_t code);

/* Letters, digits, marks and "_". */
bool unicode_is_word(uint32_t code);
#endif
