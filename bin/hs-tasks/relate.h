/* bin/hs-tasks/relate.h - brings contact and company to tasks, a thousand at a time, never a call per record.
 *
 * From a task: itself, its associations, then both objects. From a contact's id or e-mail: the contact, its company. A task without a company takes its
 * contact's. */
#ifndef HS_TASKS_RELATE_H
#define HS_TASKS_RELATE_H
#include "hubspot.h"

enum { RELATE_ITEMS = 1000 }; /* inputs that one associations/batch/read takes */

struct relate_item {
	struct slice task_id, contact_id, company_id, email; /* what is known; the rest is empty. Copied by relate_add */
	struct slice task, contact,
		company; /* JSON of the objects; ptr NULL: not there. What relate_add gets is copied and not read again; borrowed for the call of done */
	void *arg;
};

struct relate_options {
	struct slice task_properties, contact_properties, company_properties; /* JSON arrays of names, borrowed; empty: such objects are not read */
	/* Items in the order they were added; ok false: the client is out of service or the answers are not to be had, then what is missing is unknown. */
	void (*done)(struct relate_item *items, size_t count, bool ok, void *arg);
	void *arg;
};

struct relate;
struct relate *relate_new(struct hubspot *api, const struct relate_options *options);
void relate_free(struct relate *r);

/* A full group goes at once. */
void relate_add(struct relate *r, const struct relate_item *item);

/* What was added and has not gone yet goes now. */
void relate_flush(struct relate *r);

/* Items added and not handed to done. */
size_t relate_pending(const struct relate *r);
#endif
