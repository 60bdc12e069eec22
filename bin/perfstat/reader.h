/* bin/perfstat/reader.h - a JSON line as an operation: a span of trace(5), or any object with a duration and perhaps a time. */
#ifndef PERFSTAT_READER_H
#define PERFSTAT_READER_H
#include "record/record.h"

#include "series.h"

struct reader {
	const char *by; /* field that groups; never NULL */
	const char *time, *duration; /* NULL: found by name */
	double unit_ms; /* length of the duration's unit; 0: the field's name says it, else milliseconds */
	struct arena scratch; /* for keys with escapes; the caller's, reset by reader_read */
};

/* "ns", "us", "ms", "s", "m", "h"; 0 for anything else. */
double reader_unit_ms(struct slice name);

/* NULL and *op filled (its key borrowed until the record is), or why the line is none, as static text. */
const char *reader_read(struct reader *reader, const struct record *r, struct operation *op);
#endif
