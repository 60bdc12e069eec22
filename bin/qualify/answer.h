/* bin/qualify/answer.h - a verdict as the JSON of the member `qualification`, lead(5). */
#ifndef QUALIFY_ANSWER_H
#define QUALIFY_ANSWER_H
#include "base/buf.h"

#include "score.h"

/* Longer values are cut in the reasons: the field has the rest. */
enum { ANSWER_VALUE_BYTES = 256 };

/* {"score":75,"tier":"WARM"} behind out. */
void answer_brief(struct buf *out, const struct verdict *verdict);

/* All of it; `at` is RFC 3339 text. */
void answer_full(struct buf *out, const struct rules *rules, const struct verdict *verdict, const char *at);
#endif
