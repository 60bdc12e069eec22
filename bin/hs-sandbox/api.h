/* bin/hs-sandbox/api.h - one API request from arrival to answer: token, scopes, limits, faults, route, transaction. */
#ifndef SANDBOX_API_H
#define SANDBOX_API_H
#include "calls.h"
#include "latency.h"
#include "limits.h"
#include "route.h"

struct api {
	struct portal portal;
	struct limits limits;
	struct latency latency;
	struct faults faults;
	struct calls calls;
	struct random random; /* latency and faults */
	int64_t late; /* calls whose effect is still to come */
	const char *token; /* NULL: any token will do */
	const char *scopes; /* "a,b"; NULL: all */
	struct arena arena; /* for one call */
	struct buf out; /* its answer */
};

/* What is decided when a request arrives. */
enum verdict {
	VERDICT_ANSWER,
	VERDICT_NO_TOKEN,
	VERDICT_LIMITED,
	VERDICT_STATUS, /* of `fault` */
	VERDICT_RESET,
	VERDICT_LATE, /* cut now, answered to nobody after delay_us */
	VERDICT_STALL,
};
struct arrival {
	enum verdict verdict;
	enum fault fault;
	struct limit_state limit;
	bool has_limit_headers;
	int64_t delay_us;
	int64_t at_us; /* steady time */
	int64_t at_ms; /* real time */
};

struct api_request {
	const char *method;
	struct slice uri; /* with the query */
	struct slice authorization, content_type; /* the headers' values; ptr NULL where they are missing */
	struct slice body;
	bool body_too_large;
};

struct arrival api_arrive(struct api *api, const struct api_request *request);

/* Answers into api->out and gives the status; 0: cut the connection without an answer. A late call that comes before its time, since the server is
 * about to end, has no effect. */
unsigned api_answer(struct api *api, const struct api_request *request, const struct arrival *arrival);
#endif
