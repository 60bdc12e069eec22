/* bin/hs-tasks/since.h - a moment that lies behind, in words: "today", "18:00", "2 hours ago", or a time as in due.h. */
#ifndef HS_TASKS_SINCE_H
#define HS_TASKS_SINCE_H
#include "base/slice.h"

/* "today" is its first moment, and a time of day ("18:00", "18:00:30") is today's: both as clocks here show it, in the zone of TZ. "an hour ago", "2 days ago" count back
 * from now_ms. False where it is none of these. */
bool since_parse(struct slice text, int64_t now_ms, int64_t *since_ms);
#endif
