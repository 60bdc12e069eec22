/* bin/hs-sandbox/call.h - one API call while it is answered, and the portal that answers it.
 *
 * All calls run on the HTTP server's one thread, one after the other, each inside one transaction: the answer is built whole in `out`, and a status
 * of 400 or more rolls the transaction back. */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "record/write.h"
#include "labels.h"
#include "schema.h"

enum { SQL_MAX_BYTES = 1 << 20, CORRELATION_BYTES = 37 };

struct portal {
	struct store store;
	struct schema schemas[TYPE_COUNT];
	struct labels labels;
	struct clock clock; /* of what is written, where --now fixes it */
	int64_t date_offset_ms; /* of the server's clock from real time */
	struct random random; /* correlation ids */
	int64_t next_id;
	int64_t portal_id;
	int64_t daily_limit, daily_used; /* limit 0: none */
	int64_t lag_ms; /* of the search index */
	const char *account_type; /* of the account details; a literal or an argument */
	bool refuses_unique; /* properties with hasUniqueValue */
};

/* Opens the database (NULL: in memory) and creates what a new portal has. False with a message. */
bool portal_open(struct portal *p, const char *path, const struct clock *clock, int64_t date_offset_ms, char error[STORE_ERROR_BYTES]);

/* Reads the definitions anew, as after a transaction that was undone. False when memory ran out or the database failed. */
bool portal_reload(struct portal *p);
bool portal_close(struct portal *p, char error[STORE_ERROR_BYTES]);

/* From now on searches are that far behind the writes; 0: not at all. False with a message. */
bool portal_set_lag(struct portal *p, int64_t lag_ms, char error[STORE_ERROR_BYTES]);

/* The server's clock: real time plus its offset. */
int64_t portal_server_ms(const struct portal *p);

/* The time that records are written at, as the API writes it: the server's, unless the clock is fixed. */
void portal_now(const struct portal *p, char text[CLOCK_TEXT_BYTES]);

struct query {
	struct slice name, value;
};

struct call {
	struct portal *portal;
	struct arena *arena; /* until the answer is sent */
	struct slice path; /* as it was asked for, without the query */
	const struct object_type *type, *to; /* {type}, {to} of the path; NULL where it has none */
	struct slice id, to_id, name; /* {id}, {to_id}, {name} */
	const struct query *query;
	size_t query_count;
	const struct json *body; /* NULL where there was none */
	struct slice body_text;
	bool is_dated; /* the /2026-03/ form of the path */

	unsigned status; /* of the answer */
	struct buf *out;
	struct jsonw json; /* writes into `out` */
	unsigned objects; /* read, found or written, for the statistics */
};

/* What is wrong with a call or with one row of a batch. */
struct problem {
	unsigned status; /* 0: nothing */
	const char *category;
	struct slice message;
	const char *sub_category; /* NULL where there is none */
	const char *code; /* of a value: PROPERTY_DOESNT_EXIST and the like; NULL where it is no value's fault */
	const char *context_name; /* NULL where there is none */
	struct slice context_value;
	struct slice details; /* the members of an "errors" array, as JSON; empty where there are none */
};

/* The problem, with a message made in the call's arena. */
struct problem problem_new(struct call *c, unsigned status, const char *category, const char *format, ...) __attribute__((format(printf, 4, 5)));
struct problem problem_invalid(struct call *c, const char *format, ...) __attribute__((format(printf, 2, 3))); /* 400 VALIDATION_ERROR */

/* Answers with an error body. */
void reply_problem(struct call *c, const struct problem *p);
void reply_error(struct call *c, unsigned status, const char *category, const char *format, ...) __attribute__((format(printf, 4, 5)));
void reply_invalid(struct call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An answer without a body. */
void reply_empty(struct call *c, unsigned status);

/* Starts an answer with a body; the caller writes one object into c->json. */
void reply_start(struct call *c, unsigned status);

/* The head and tail of a batch answer: {"completedAt", "startedAt", "status", "results": [ ... ] and, with problems, "numErrors", "errors"}. */
struct batch_error {
	struct problem problem;
	struct slice trace_id; /* ptr NULL where it has none */
	struct slice *ids; /* the objects concerned, where the context lists them */
	size_t id_count;
};
void reply_batch_start(struct call *c);
void reply_batch_end(struct call *c, unsigned status, const struct batch_error *errors, size_t error_count);

/* "paging": {"next": {"after", "link"}}. */
void reply_paging(struct call *c, struct slice after);

/* The first value of a query parameter; the fallback where it is missing. */
struct slice call_query(const struct call *c, const char *name, const char *fallback);
bool call_query_true(const struct call *c, const char *name);

/* A list: repeated, or with commas. An array in the arena. */
struct slice *call_query_list(struct call *c, const char *name, size_t *count);

/* A number from 1 to max; false when an error has been answered. */
bool call_query_limit(struct call *c, int64_t fallback, int64_t max, int64_t *limit);

/* The body's member "inputs" with 1 to max elements, each an object; NULL when an error has been answered. */
const struct json *call_inputs(struct call *c, size_t max);

/* The strings of an array; an array in the arena. */
struct slice *call_strings(struct call *c, const struct json *array, size_t *count);

/* Decimal digits as an object's id; 0 where it is none. */
int64_t call_object_id(struct slice text);
#endif
