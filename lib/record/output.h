/* lib/record/output.h - a buffered output whose failure is sticky: a full disk is never silence. For stream.c. */
#ifndef RECORD_OUTPUT_H
#define RECORD_OUTPUT_H
#include "base/buf.h"

struct output {
	int fd; /* the caller's; -1: everything is dropped */
	struct buf pending;
	int error; /* errno of what failed, else 0; then everything is dropped */
};

void output_init(struct output *out, int fd);
void output_release(struct output *out);

/* To be called when a line is whole in `pending`: writes when enough has gathered. `line_at` is where the line begins, which is taken back when it could not be
 * built for lack of memory. */
void output_line_done(struct output *out, size_t line_at);

/* Writes what is pending. */
void output_flush(struct output *out);
#endif
