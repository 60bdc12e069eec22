/* bin/outreach/control.h - control characters: what a header line must never hold, and a body only as line ends and tabs. */
#ifndef OUTREACH_CONTROL_H
#define OUTREACH_CONTROL_H
#include "base/slice.h"

/* The offset of the first C0 or C1 control, DEL, line or paragraph separator (U+2028, U+2029); text.len where there is none. */
size_t control_find(struct slice text);

/* The same, but LF and TAB are no offence. */
size_t control_find_in_body(struct slice text);
#endif
