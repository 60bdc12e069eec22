/* bin/hs-tasks/upsert_plan.h - what a record of upsert writes to its contact, by what stands there. Makes no call.
 *
 * A body is {"email","properties":{NAME:TEXT},"fill":[NAME]}: it is kept with the work, so that it can be finished after a crash. What is named under fill leaves a value
 * alone, unless that came from an earlier record of the same address: the later wins. */
#ifndef HS_TASKS_UPSERT_PLAN_H
#define HS_TASKS_UPSERT_PLAN_H
#include "base/arena.h"
#include "base/json.h"

struct upsert_plan {
	struct slice input; /* {"properties":{NAME:TEXT}}; of a new contact with its address */
	struct slice before; /* {NAME:TEXT|null}: what stood there; of a new contact all null */
	size_t count; /* of values, the address not among them */
	bool stands; /* all of them stand there already */
};

/* current: the contact's properties; NULL: it is to be made. earlier: bodies of records of its address that were written just before. Texts lie in the arena. False:
 * out of memory. */
bool upsert_plan(
	struct upsert_plan *plan, struct arena *arena, struct slice body, const struct json *current, const struct slice *earlier, size_t count);
#endif
