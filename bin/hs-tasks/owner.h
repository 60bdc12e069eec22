/* bin/hs-tasks/owner.h - which of HubSpot's owners one of the workflow file is. */
#ifndef HS_TASKS_OWNER_H
#define HS_TASKS_OWNER_H
#include "workflow.h"

/* By id, e-mail address, or first and last name: the first of these that the file gives. */
bool owner_is(const struct json *owner, const struct workflow_owner *wanted);

/* What the file gives, for messages. */
struct slice owner_given(const struct workflow_owner *wanted);
#endif
