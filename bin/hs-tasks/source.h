/* bin/hs-tasks/source.h - what list, dead list and contacts share: objects that were found go in, records come out, in that order and no more than were asked for. */
#ifndef HS_TASKS_SOURCE_H
#define HS_TASKS_SOURCE_H
#include "bytime.h"
#include "relate.h"
#include "search.h"
#include "tool.h"

enum { SOURCE_PENDING = 4000 }; /* objects in hand, each with its contact and company in memory; a search waits meanwhile */

struct source {
	struct tool *tool; /* opened by source_open */
	struct relate_options related; /* properties, before source_start */
	/* Whether an object that was read by id is still meant; NULL: all are. */
	bool (*accept)(const struct relate_item *item, void *arg);
	/* There is room for more, or no more is wanted; from hubspot_step. NULL: nobody waits. */
	void (*has_room)(void *arg);
	void *arg;

	struct stream *out;
	struct relate *relate;
	struct search *held; /* waits until there is room; NULL: none does */
	struct expr *where;
	struct buf line;
	struct bytime by_id; /* objects known by id only */
	enum hubspot_object by_id_object; /* what they are */
	bool takes_by_id;
	size_t wanted, printed;
	char now[CLOCK_TEXT_BYTES];
};

/* -n and --where; operands are a usage error. */
void source_init(struct source *s, struct tool *tool);
void source_start(struct source *s);

/* Whether to go on looking: no when enough were printed, the program is to stop, or the client is out of service. */
bool source_wants_more(const struct source *s);

/* How many more objects can be taken; 0 while those in hand are many, or enough. */
size_t source_room(const struct source *s);

/* What is known of an object; printed once the rest was read. */
void source_add(struct source *s, const struct relate_item *item);

/* The end of a page: who asks for few, or for no company, is not made to wait for a thousand. source_flush: the end of all. */
void source_page(struct source *s);
void source_flush(struct source *s);

/* For a search whose pages go into the source: at the end of its `page`, whether it goes on, and where there is no room it is held; in has_room, which lets it go on;
 * in its `done`. */
bool source_take_page(struct source *s, struct search *search);
void source_go_on(struct source *s);
void source_end_search(struct source *s, const struct hubspot_answer *failed);

/* by_id is complete: its objects are read by their ids, in the order of their times. */
void source_take_by_id(struct source *s, enum hubspot_object object);

/* Prints what is still in hand. */
void source_drain(struct source *s);

/* Ends the output, with the error record of a source that broke off if it did, and gives the exit status. */
int source_finish(struct source *s, const char *what);

/* A JSON array of property names with one more. */
void put_properties(struct buf *out, struct slice names, const char *more);
#endif
