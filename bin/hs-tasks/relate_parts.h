/* bin/hs-tasks/relate_parts.h - what relate.c, which goes through the stages and reads objects, shares with relate_links.c, which reads associations. */
#ifndef HS_TASKS_RELATE_PARTS_H
#define HS_TASKS_RELATE_PARTS_H
#include "relate.h"

/* Up to a thousand items that go through the stages together. */
struct relate_group {
	struct relate *relate;
	struct arena arena;
	struct relate_item *items;
	size_t count;
	unsigned open; /* calls and batches of this stage */
	unsigned stage;
	bool failed, finished;
	struct relate_group *next;
};

struct relate {
	struct hubspot *api;
	struct relate_options options;
	struct relate_group *first, **end; /* oldest first: that order is kept */
	struct relate_group *filling; /* the newest, not gone yet; NULL: none */
	size_t pending;
};

enum relate_link { LINK_TASK_CONTACT, LINK_TASK_COMPANY, LINK_CONTACT_COMPANY };

/* Asks for the links that are missing, if their objects are wanted; the answers fill in ids, and end with relate_step_done. */
void relate_links(struct relate_group *g, enum relate_link link);

/* One call of the stage has been answered. */
void relate_step_done(struct relate_group *g);

/* A copy that lives as long as the group. */
struct slice relate_keep(struct relate_group *g, struct slice text);
#endif
