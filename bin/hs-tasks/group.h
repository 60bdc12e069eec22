/* bin/hs-tasks/group.h - up to 100 records of a sink that have no task, each with one effect at most: create's and upsert's.
 *
 * A work for each is in the journal before the first call, its effect before it is sent; at the end a work is done, or stays pending where it only could not be done now. */
#ifndef HS_TASKS_GROUP_H
#define HS_TASKS_GROUP_H
#include "perform.h"

struct group_item {
	uint64_t ticket; /* the caller's */
	int64_t work; /* in the journal; 0: not entered */
	struct slice body; /* what finishes it after a crash: JSON */
	struct slice contact, company; /* for history */
	struct slice email; /* upsert's */
	struct effect effect;
	bool has_effect;
	enum row_outcome outcome; /* ROW_OPEN until it has ended */
	struct slice message;
};

struct group {
	struct perform_context context;
	const char *kind; /* of the works; a literal */
	struct slice now;
	struct arena arena;
	struct group_item items[BATCH_ROWS];
	size_t count;
	bool is_resumed; /* the works are there already */
	void (*next)(struct group *g); /* after group_perform */
	void (*done)(struct group *g, void *arg); /* all items have an outcome; then it frees itself */
	void *arg;
};

struct group *group_new(const struct perform_context *context, const char *kind, void (*done)(struct group *g, void *arg), void *arg);
struct group_item *group_add(struct group *g, uint64_t ticket);

/* False: the journal cannot be written, and every open item has ended with ROW_BROKEN. */
bool group_enter_works(struct group *g);
bool group_enter_effects(struct group *g); /* of the open items that have one that is not entered */

/* Carries out the effects of the open items, then calls next. */
void group_perform(struct group *g);

/* Every item that is open has this outcome. */
void group_end_open(struct group *g, enum row_outcome outcome, struct slice message);

/* Ends the works that are done, calls done, frees the group. */
void group_finish(struct group *g);

/* Whether the record is to be printed, with *code and *is_retryable of its error; and whether its work has failed for good. */
bool group_failed(const struct group *g, const struct group_item *item, const char **code, bool *is_retryable, bool *for_good);

/* create.c, upsert.c: start a group whose items are complete, of this run or of one that is no more. */
void create_start(struct group *g);
void upsert_start(struct group *g);
#endif
