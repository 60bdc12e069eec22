/* lib/record/input.h - files one after the other, in blocks that end with a whole line, each with its index. For stream.c. */
#ifndef RECORD_INPUT_H
#define RECORD_INPUT_H
#include "record/fault.h"
#include "record/line.h"

struct input {
	char **paths; /* borrowed; NULL-ended */
	size_t max_line_bytes;
	const char *name; /* of the file in hand, for people; "stdin" */
	uint64_t line; /* number of the line in hand, from 1 in each file */
	int error; /* errno of what failed, else 0 */
	const char *doing; /* "opening" or "reading" */

	int fd; /* -1: none is open */
	bool is_open, at_end, never_waits;
	char *block; /* bytes: lines handed out, lines indexed, then what no line is yet */
	size_t cap, len;
	size_t indexed; /* where the indexed lines end */
	size_t next_line, next_entry; /* of the lines indexed, the next to be handed out */
	struct scan scan;

	/* A line that is too long: its first bytes, and how long it is so far. */
	bool is_skipping, has_long_line;
	struct buf head;
	uint64_t long_bytes;
};

enum input_result { INPUT_LINE, INPUT_LONG_LINE, INPUT_READ_ON, INPUT_END, INPUT_FAILED };

void input_init(struct input *in, char **paths, size_t max_line_bytes);
void input_release(struct input *in);

/* The next line that is there. INPUT_LINE: *result says what line_check found, and the line is in r whatever it is. INPUT_LONG_LINE: its first bytes are in
 * in->head, its length in in->long_bytes. INPUT_READ_ON: read first. */
enum input_result input_next(struct input *in, struct record *r, enum line_result *result, struct json_error *error);

/* Whether input_read would not wait. Opens the next file where none is open. */
bool input_is_ready(struct input *in);

/* Reads once, waiting for data if none is there; INPUT_READ_ON also after a signal. */
enum input_result input_read(struct input *in);
#endif
