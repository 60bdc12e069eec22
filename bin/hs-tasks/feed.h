/* bin/hs-tasks/feed.h - reads records that have no task and writes them in groups of a hundred: the loop of create and upsert.
 *
 * Records wait for a group to fill, the end of input, or the linger time. Groups go side by side unless they speak of the same subject; then the later waits. Prints what could
 * not be handled, in the order of the input. */
#ifndef HS_TASKS_FEED_H
#define HS_TASKS_FEED_H
#include "ended.h"
#include "group.h"

enum { FEED_LINGER_MS = 2000, FEED_QUEUE = 32 };

struct feed;

struct feed_verb {
	const char *kind; /* of the works; a literal */
	bool is_single; /* a group must not hold two of a subject */
	/* Fills the item from the record, with texts in feed->scratch. False: *code and *reason say why not. */
	bool (*make)(struct feed *feed, const struct record *r, struct group_item *item, const char **code, struct slice *reason);
	void (*start)(struct group *g);
	/* Adds to a record that is printed what it has become; NULL: nothing. */
	void (*show)(struct record *r, const struct group_item *item);
};

struct feed {
	const struct feed_verb *verb;
	void *arg; /* the verb's */
	bool passes_all; /* prints every record */
	int64_t linger_ms;

	struct tool tool; /* opened by the verb */
	struct portal portal;
	char now[CLOCK_TEXT_BYTES]; /* content time */
	struct arena scratch; /* for one record */
	struct stream *stream;
	struct window *window;
	struct expr *if_expr;
	struct group *waiting[FEED_QUEUE]; /* in order; the last is being filled */
	size_t waiting_count;
	struct group *open[FEED_QUEUE]; /* in flight */
	size_t open_count;
	struct ended ended;
	int64_t oldest_us; /* when the first record of the last group came */
	bool is_loaded, has_ended;
	size_t read, handled, failed;
};

/* Reads the portal and opens the journal, once; in a dry run neither. */
void feed_load(struct feed *feed);

/* Reads all of the input. The exit status; `what` names the records in the summary. The feed's tool is left open. */
int feed_run(struct feed *feed, const char *what);
#endif
