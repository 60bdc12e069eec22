/* bin/hs-tasks/batch.h - up to 100 objects in one call, each with its own outcome.
 *
 * HubSpot answers 207 with rows in any order: they are matched by trace id or id and counted against what was asked. Where it refuses the whole
 * batch (400, 409), the batch is halved until the guilty rows are alone, and the rest goes through. */
#ifndef HS_TASKS_BATCH_H
#define HS_TASKS_BATCH_H
#include "hubspot.h"

enum { BATCH_ROWS = 100 };

enum batch_verb { BATCH_READ, BATCH_UPDATE, BATCH_CREATE, BATCH_ARCHIVE };

enum row_outcome {
	ROW_OPEN, /* not answered yet; never seen by the caller */
	ROW_OK,
	ROW_MISSING, /* no such object */
	ROW_CONFLICT, /* exists already */
	ROW_REFUSED, /* HubSpot says what is wrong with it */
	ROW_FAILED, /* no good answer; asking again later does no harm */
	ROW_UNKNOWN, /* a create whose answer was lost */
	ROW_BROKEN, /* the client is out of service */
};

struct batch_row {
	struct slice key; /* how the answer names it: id, value of id_property, or trace id */
	struct slice input; /* its JSON text in the request */
	enum row_outcome outcome;
	const struct json *result; /* the object, with ROW_OK; NULL in a dry run, and of an archived one */
	struct slice message; /* with other outcomes */
	void *arg; /* the caller's */
};

/* Settings before batch_send; rows after it. */
struct batch {
	struct arena arena; /* the caller may keep things here until done returns */
	struct hubspot *api;
	enum hubspot_object object;
	enum batch_verb verb;
	struct slice properties; /* BATCH_READ: JSON array of names, borrowed until done */
	const char *id_property; /* BATCH_READ: NULL for the id; a literal */
	bool is_repeatable; /* BATCH_CREATE: a unique key lets it be sent again, a conflict then means done */
	const char *op; /* span's name; NULL: made from object and verb */
	struct batch_row rows[BATCH_ROWS];
	size_t count;
	int64_t server_ms; /* of the last answer; 0: not said */
	void (*done)(struct batch *batch, void *arg);
	void *arg;
	size_t open_calls;
};

struct batch *batch_new(struct hubspot *api, enum hubspot_object object, enum batch_verb verb);

/* key and input are copied. With BATCH_READ and BATCH_ARCHIVE, input is made from the key. What is gone already counts as archived. The row's number. The batch must not be full, nor hold the key already. */
size_t batch_add(struct batch *batch, struct slice key, struct slice input, void *arg);

/* Sends it and calls done once every row has an outcome; then the batch is freed. An empty batch is done at the next step. */
void batch_send(struct batch *batch, void (*done)(struct batch *batch, void *arg), void *arg);

/* The server's time when it answered; where it did not say, the client's notion of it. Of this very answer: the newest of all differs from run to run of a cassette. */
int64_t batch_server_ms(const struct batch *batch);

/* The text of a result's property; empty where it has none. */
struct slice result_property(const struct json *result, const char *name);

/* The id of the object that is in the way, which the message of a conflict names: "Existing ID: 123"; empty where it does not. Points into the message. */
struct slice batch_existing_id(struct slice message);
#endif
