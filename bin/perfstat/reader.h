/* bin/perfstat/reader.h - a JSON line as an operation: a span of trace(5), or any object with a duration and perhaps a time. */
#ifndef PERFSTAT_READER_H
#define PERFSTAT_READER_H
#include "record/record.h"

#include "series.h"

struct reader_options {
	const char *by; /* field that groups; never NULL */
	const char *time, *duration; /* NULL: found by name */
	double unit_ms; /* length of the duration's unit; 0: the field's name says it, else milliseconds */
};

struct reader;

/* NULL when out of memory. */
struct reader *reader_new(const struct reader_options *options);
void reader_free(struct reader *reader);

/* "ns", "us", "ms", "s", "m", "h"; 0 for anything else. */
double reader_unit_ms(struct slice name);

/* NULL and *op filled (its key is borrowed until the next call, and no longer than the record is), or why the line is none, as static text. */
const char *reader_read(struct reader *reader, const struct record *r, struct operation *op);
#endif
