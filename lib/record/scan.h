/* lib/record/scan.h - stage 1 of the record layer: where the structure of a block of JSON lines lies, 64 bytes at a time.
 *
 * Bitmaps of quotes, escapes, brackets and commas, blanks, control bytes and UTF-8 are computed without a branch per byte (G. Langdale and D. Lemire,
 * "Parsing Gigabytes of JSON per Second", 2019; J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction Per Byte", 2020). Unlike there,
 * string parity starts anew at every LF, so that an unbalanced quote spoils its own line only. */
#ifndef RECORD_SCAN_H
#define RECORD_SCAN_H
#include "base/slice.h"

enum { SCAN_CHUNK_BYTES = 64 };

struct scan {
	/* Positions, ascending: { } [ ] : , outside strings, every quote that opens or closes a string, the first byte of everything else outside strings
	 * that is no blank, and every LF. */
	uint32_t *at;
	size_t count, cap;

	/* One bit for each chunk. `odd`: perhaps a control byte in a string or broken UTF-8 in a line that touches this chunk; never missing, may be a false
	 * alarm. `escaped`: there is a backslash. */
	uint64_t *odd, *escaped;
	size_t chunk_words;
	bool has_odd, has_escaped;
};

/* Zeroed memory is an empty scan, too. */
void scan_release(struct scan *s);

/* Indexes text, which ends with LF and is shorter than 4 GiB. False when out of memory. */
bool scan_block(struct scan *s, struct slice text);

/* Whether a chunk between two positions, both included, is marked. */
bool scan_is_odd(const struct scan *s, size_t from, size_t to);
bool scan_is_escaped(const struct scan *s, size_t from, size_t to);

/* How chunks are classified: the fastest way that this processor knows, or one that is asked for (by tests). */
enum scan_path { SCAN_FASTEST, SCAN_SCALAR, SCAN_AVX2 };

/* False where the processor does not know it; then nothing changes. */
bool scan_choose(enum scan_path path);
#endif
