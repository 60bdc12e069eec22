/* bin/hs-tasks/tally.h - what status counts: a row for each route, why tasks wait, and both as a table or as JSON lines. */
#ifndef HS_TASKS_TALLY_H
#define HS_TASKS_TALLY_H
#include <stddef.h>

#include "decide.h"
#include "idmap.h"
#include "workflow.h"

enum tally_span { SPAN_EVER, SPAN_DAY, SPAN_HOUR, SPAN_COUNT };

/* Of one route; the last row is for tasks of none. */
struct tally_row {
	struct slice name;
	size_t due, later, leased, expired, people, waiting;
	size_t completed[SPAN_COUNT];
	int64_t *ages_ms; /* of those due */
	size_t age_count, age_capacity;
};

struct tally_reason {
	size_t row, count;
	struct slice text; /* empty: none was given */
};

enum { TALLY_REASONS = 1000, TALLY_SHOWN_REASONS = 10, TALLY_REASON_BYTES = 200 };

struct tally {
	struct tally_row rows[WORKFLOW_ROUTES + 1];
	size_t row_count;
	bool is_estimated[SPAN_COUNT]; /* the completed ones of that span */
	struct tally_reason reasons[TALLY_REASONS];
	size_t reason_count, other_reasons; /* tasks whose reason found no room */
	struct idmap known; /* reasons */
	struct arena arena;
};

/* The names stay the workflow's. */
void tally_init(struct tally *t, const struct workflow *workflow);
void tally_release(struct tally *t);

/* An open task, by its properties; reason is copied. */
void tally_add(struct tally *t, size_t row, const struct json *properties, int64_t now_ms, int64_t server_ms);

/* Sorts ages, and reasons by their number. Before the first output. */
void tally_finish(struct tally *t);
void tally_put_table(const struct tally *t, struct buf *out);
void tally_put_json(const struct tally *t, struct buf *out);
#endif
