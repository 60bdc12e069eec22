/* lib/net/retry.h - what to do after an attempt: a pure decision.
 *
 * Repeating is safe where nothing can have happened, or where happening twice is the same (RFC 9110 section 9.2.2). The wait is the server's wish,
 * else HubSpot's policy (usage guidelines), else exponential back-off with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015). */
#ifndef NET_RETRY_H
#define NET_RETRY_H
#include "base/random.h"
#include "net/headers.h"
#include "net/http.h"

enum { RETRY_BASE_MS = 500, RETRY_CAP_MS = 20000, RETRY_LOCKED_MS = 2000, RETRY_LIMITED_PER_ATTEMPT = 4 };

struct retry_case {
	enum http_result result;
	long status; /* where HTTP_ANSWERED */
	bool is_final; /* no second try can differ: a certificate that does not verify */
	enum http_retry mode;
	unsigned failed_attempts; /* with this one; 429s are not among them */
	unsigned limited_attempts; /* 429s, with this one */
	unsigned max_attempts; /* 1 or more */
	int64_t retry_after_ms; /* -1: not said */
	int64_t window_ms; /* of the server's limit; 0: not said */
	enum rate_policy policy; /* of a 429 */
	int64_t max_wait_ms;
};

enum retry_step {
	RETRY_DELIVER, /* the caller gets what there is */
	RETRY_AGAIN, /* after wait_ms */
	RETRY_OUT_OF_BUDGET, /* the server wants us back later than max_wait_ms allows */
};

struct retry_verdict {
	enum retry_step step;
	int64_t wait_ms;
	int64_t hold_ms; /* how long nobody should call this server; 0: no such wish. Also set where this request does not try again. */
	bool costs_budget; /* charged to the governor's retry budget */
};

struct retry_verdict retry_decide(const struct retry_case *c, struct random *random);
#endif
