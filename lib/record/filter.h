/* lib/record/filter.h - what every program that reads records makes of the shared options: --if and --where, --retry, --as, operands, signals.
 *
 * Like base/cli.h for programs in bin/ only: it reports and ends the program where the command line is wrong. */
#ifndef RECORD_FILTER_H
#define RECORD_FILTER_H
#include "record/stream.h"

/* The jq expression of an option ("--if"); NULL where none was given. Free with expr_free. */
struct expr *filter_expr(const char *option, const char *source);

/* The value of --as. */
enum record_as filter_as(const char *value);

/* Opens the operands, or standard input. Of the options, tool and what is special about this stream are the caller's; operands, --retry, warnings and
 * SIGTERM, on which reading stops, are filled in. */
struct stream *filter_open(struct stream_options options);
#endif
