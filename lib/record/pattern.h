/* lib/record/pattern.h - PCRE2 patterns with JIT, under our own limits: text and sometimes the pattern come from strangers. */
#ifndef RECORD_PATTERN_H
#define RECORD_PATTERN_H
#include "base/slice.h"

/* The library's defaults (10 million steps, 20 GB of heap) are no protection. */
enum { PATTERN_MATCH_LIMIT = 100000, PATTERN_DEPTH_LIMIT = 1000, PATTERN_HEAP_KIB = 8192, PATTERN_SUBJECT_BYTES = 1 << 20 };

enum pattern_flags { PATTERN_NOCASE = 1, PATTERN_WORDS = 2 /* between word boundaries */ };

struct pattern;

/* NULL: the reason and the offset are in `error`, one line. */
struct pattern *pattern_new(struct slice source, unsigned flags, char *error, size_t error_bytes);
void pattern_free(struct pattern *p);

enum pattern_result { PATTERN_NO, PATTERN_YES, PATTERN_LIMIT /* gave up: a limit was reached; no verdict */ };

/* groups[0] is the whole match, groups[i] what bracket i caught (NULL ptr: it took no part), up to group_count; all point into subject. */
enum pattern_result pattern_match(struct pattern *p, struct slice subject, struct slice *groups, size_t group_count);
#endif
