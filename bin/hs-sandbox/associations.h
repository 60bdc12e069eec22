/* bin/hs-sandbox/associations.h - the v4 associations endpoints: links between records, and the labels that these may have. */
#ifndef SANDBOX_ASSOCIATIONS_H
#define SANDBOX_ASSOCIATIONS_H
#include "call.h"

/* -- links -- */

void association_list(struct call *c);
void association_put(struct call *c);
void association_put_default(struct call *c);
void association_delete(struct call *c);
void association_batch_read(struct call *c);
void association_batch_create(struct call *c);
void association_batch_default(struct call *c);
void association_batch_archive(struct call *c);
void association_batch_labels_archive(struct call *c);

/* -- labels -- */

void label_list(struct call *c);
void label_create(struct call *c);
void label_update(struct call *c);
void label_delete(struct call *c);

/* -- for both -- */

/* False when an error has been answered: the path's two types have nothing to do with each other. */
bool association_require_pair(struct call *c);

/* {"category", "typeId", "label"}. */
void association_put_type(struct call *c, const struct association_type *type);
#endif
