/* lib/base/escape.h - text from strangers made safe for a terminal.
 *
 * Control bytes, DEL, C1 controls, bidirectional overrides (U+202A-E, U+2066-9) and broken UTF-8 come out as \xNN; a backslash stays as it is. */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H
#include "base/buf.h"

void escape_terminal(struct buf *out, struct slice text);

/* The same, but LF and TAB stay: for mails shown to a reader. */
void escape_terminal_lines(struct buf *out, struct slice text);
#endif
