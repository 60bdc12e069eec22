/* bin/outreach/approved.h - the digests that a person let through: what outreach approve printed, less the lines that were deleted.
 *
 * A line's first word is 64 hex digits; the rest of the line is for the reader. Blank lines and lines that start with "#" count for nothing. */
#ifndef OUTREACH_APPROVED_H
#define OUTREACH_APPROVED_H
#include "base/config.h"
#include "base/sha256.h"

enum { APPROVED_MAX_BYTES = 64 << 20 };

struct approved {
	unsigned char *digests; /* sorted, SHA256_BYTES each */
	size_t count;
};

/* False with file and line in `error`. */
bool approved_parse(struct approved *a, const char *path, struct slice text, char error[CONFIG_ERROR_BYTES]);
bool approved_has(const struct approved *a, const char hex[SHA256_HEX_BYTES]);
void approved_release(struct approved *a);
#endif
