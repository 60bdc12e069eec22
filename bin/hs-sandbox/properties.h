/* bin/hs-sandbox/properties.h - the endpoints of property definitions and groups. */
#ifndef SANDBOX_PROPERTIES_H
#define SANDBOX_PROPERTIES_H
#include "call.h"

void property_list(struct call *c);
void property_get(struct call *c);
void property_create(struct call *c);
void property_update(struct call *c);
void property_archive(struct call *c);
void property_batch_read(struct call *c);
void property_batch_create(struct call *c);
void property_batch_archive(struct call *c);

void group_list(struct call *c);
void group_get(struct call *c);
void group_create(struct call *c);
void group_update(struct call *c);
void group_archive(struct call *c);

/* a-z, 0-9 and "_", a letter first: also what makes it safe as a column's name. */
bool property_is_name(struct slice name);

/* Whether the call's object type has a group of that name. */
bool group_exists(struct call *c, struct slice name);
#endif
