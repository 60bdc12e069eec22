/* lib/trace/program.h - a program's trace from --trace to its end. Like base/cli.h for programs in bin/ only: a trace that cannot be written ends the
 * program with 74, for a run whose spans are missing would be taken for a run that did nothing, trace(5). */
#ifndef TRACE_PROGRAM_H
#define TRACE_PROGRAM_H
#include "trace/trace.h"

/* NULL where no trace is asked for. */
struct trace *trace_begin(const char *tool);

/* Closes it; the last thing that a program does, since it may not come back. */
void trace_end(struct trace *t);
#endif
