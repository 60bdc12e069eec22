/* lib/record/fault.h - the error record that stands for a line which is no record, lead(5): it carries the line, so that nothing is lost. For stream.c. */
#ifndef RECORD_FAULT_H
#define RECORD_FAULT_H
#include "record/record.h"

enum { FAULT_INPUT_BYTES = 64 << 10 }; /* of a longer line, this much is carried */

struct fault_place {
	uint64_t line; /* from 1 */
	uint64_t offset; /* of the first wrong byte, in the line */
};

/* Puts the record behind `out`, without LF. `input` is the line, or at least its first FAULT_INPUT_BYTES; input_bytes its whole length. */
void fault_write(
	struct buf *out, const char *tool, const char *code, const char *message, struct fault_place place, struct slice input, uint64_t input_bytes);

enum fault_input { FAULT_HAS_NO_INPUT, FAULT_INPUT, FAULT_INPUT_IS_CUT };

/* The line that an error record carries, put behind `out`. Only a whole one can be read again. */
enum fault_input fault_read(const struct record *r, struct buf *out);
#endif
