/* bin/hs-sandbox/objects.h - the endpoints of CRM objects: single records, lists, batches, search. */
#ifndef SANDBOX_OBJECTS_H
#define SANDBOX_OBJECTS_H
#include "call.h"

void object_get(struct call *c);
void object_list(struct call *c);
void object_create(struct call *c);
void object_update(struct call *c);
void object_archive(struct call *c);

void batch_read(struct call *c);
void batch_create(struct call *c);
void batch_update(struct call *c);
void batch_upsert(struct call *c);
void batch_archive(struct call *c);

void object_search(struct call *c);
#endif
