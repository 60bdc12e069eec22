/* bin/outreach/choose.h - which template a task asks for: pure words in, a name out. */
#ifndef OUTREACH_CHOOSE_H
#define OUTREACH_CHOOSE_H
#include "base/slice.h"

enum { CHOOSE_NAME_BYTES = 32 };

/* Whether the subject is a follow-up's: it contains "Follow-up Outreach" or "Follow up", in any case. */
bool choose_is_follow_up(struct slice subject);

/* A follow-up takes "follow-up-N", N one more than the step before it (0, not known, counts as 1). Else the tier decides, from the subject where it names one
 * before its first colon (names come after it), else as given: HOT "direct", COLD "nurture", all others "educational". */
void choose_template(struct slice subject, struct slice tier, unsigned previous_step, char name[CHOOSE_NAME_BYTES]);
#endif
