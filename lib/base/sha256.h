/* lib/base/sha256.h - SHA-256 (FIPS 180-4), by libmd. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H
#include "base/slice.h"

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 }; /* the latter with a NUL */

void sha256(struct slice text, unsigned char digest[SHA256_BYTES]);

/* Lower-case hex. */
void sha256_hex(struct slice text, char hex[SHA256_HEX_BYTES]);

/* Of several parts, each preceded by its length, so that ("ab","c") and ("a","bc") differ: for keys. */
void sha256_parts_hex(const struct slice *parts, size_t count, char hex[SHA256_HEX_BYTES]);
#endif
