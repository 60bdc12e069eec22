/* bin/hs-tasks/due.h - times in words: "today", "tomorrow", "in a week", "in 60 minutes", "yesterday", "2 hours ago", or an RFC 3339 time. */
#ifndef HS_TASKS_DUE_H
#define HS_TASKS_DUE_H
#include "base/slice.h"

/* Counted from now_ms; "today" and "now" are now itself. False where it is none of these, or lies outside years 1 to 9999. */
bool due_parse(struct slice text, int64_t now_ms, int64_t *due_ms);
#endif
