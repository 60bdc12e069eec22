/* bin/hs-sandbox/records.h - reading and writing single CRM records, below the endpoints. */
#ifndef SANDBOX_RECORDS_H
#define SANDBOX_RECORDS_H
#include "call.h"

/* -- reading -- */

/* Which properties of which type an answer shows. */
struct reader {
	const struct object_type *type;
	const struct property **wanted;
	size_t count;
	const struct property **histories; /* also asked for with their former values */
	size_t history_count;
	const char *sql;
	bool shows_archived; /* an archived record too, as if it were in use: a search index that lags */
};

/* Names that the portal does not know are left out; no names: HubSpot's default ones. The arena holds it. */
void reader_init(struct call *c, struct reader *r, const struct object_type *type, const struct slice *names, size_t count);

/* Properties to show with their former values; unknown names are left out. */
void reader_want_histories(struct call *c, struct reader *r, const struct slice *names, size_t count);

/* What stands in an answer beside the record. */
struct record_extra {
	struct slice trace_id; /* ptr NULL: none */
	const bool *is_new; /* upsert; NULL: none */
	const struct object_type **associations; /* whose associated ids to list */
	size_t association_count;
};

/* Writes the record as JSON; false, and nothing written, where it is missing or its archived state is not `archived`. extra may be NULL. */
bool reader_put(struct call *c, const struct reader *r, int64_t id, bool archived, const struct record_extra *extra);

bool record_exists(struct call *c, const struct object_type *type, int64_t id, bool archived);

/* The record that an id, or a unique property's value, names; 0 with *problem set. id_property empty: the record's own id. */
int64_t record_locate(
	struct call *c, const struct object_type *type, struct slice value, struct slice id_property, bool archived, struct problem *problem);

/* The unique property of that name, or NULL with *problem set. */
const struct property *record_unique(struct call *c, const struct object_type *type, struct slice id_property, struct problem *problem);

/* The record in use that holds the value (normalised) of a unique property; 0 where none does. */
int64_t record_holder(struct call *c, const struct object_type *type, const struct property *p, struct slice value);

/* -- writing -- */

struct change {
	const struct property *property;
	struct slice value; /* empty: clear */
};
struct changes {
	struct change *list;
	size_t count;
};

/* Checks the properties to be written to record `id` (0: a new one). False with *problem set. */
bool record_check(
	struct call *c, const struct object_type *type, int64_t id, const struct json *properties, struct changes *changes, struct problem *problem);

/* Sets one more property, unless it is there. */
void changes_default(struct call *c, struct changes *changes, const struct property *p, struct slice value);

/* Both give the record's id. */
int64_t record_insert(struct call *c, const struct object_type *type, const struct changes *changes);
int64_t record_update(struct call *c, const struct object_type *type, int64_t id, const struct changes *changes);

/* Moves it to the bin and drops its associations. */
void record_archive(struct call *c, const struct object_type *type, int64_t id);

/* Writes the record with the properties just written. */
void record_put_written(struct call *c, const struct object_type *type, int64_t id, const struct changes *changes, const struct record_extra *extra);
#endif
