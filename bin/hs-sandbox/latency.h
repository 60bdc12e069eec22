/* bin/hs-sandbox/latency.h - how long an answer takes, and what goes wrong on the way: both drawn from the seed. */
#ifndef SANDBOX_LATENCY_H
#define SANDBOX_LATENCY_H
#include "base/random.h"
#include "base/slice.h"

enum { LATENCY_MAX_ANCHORS = 8, DIST_ERROR_BYTES = 200 };

/* "50ms", "50ms..200ms" (uniform), or percentiles "p50=300ms,p95=800ms,p99=1200ms": between them the logarithm of the time is linear in the normal
 * deviate, which is log-normal where they lie on one line; beyond the outer ones the nearest slope goes on. */
struct latency {
	enum { LATENCY_NONE, LATENCY_FIXED, LATENCY_UNIFORM, LATENCY_PERCENTILES } kind;
	double low_ms, high_ms;
	struct {
		double deviate, log_ms;
	} anchors[LATENCY_MAX_ANCHORS];
	size_t anchor_count;
};

/* False with a message. */
bool latency_parse(struct latency *l, struct slice text, char error[DIST_ERROR_BYTES]);
int64_t latency_draw_us(const struct latency *l, struct random *r);

/* 500: answered with that status, nothing done. reset: the connection is cut, nothing done. lost: done, then the connection is cut. late: the connection is
 * cut at once, and it is done some time after. stall: nothing is done or answered until the client goes away. 429: refused as over the limit. */
enum fault { FAULT_NONE, FAULT_500, FAULT_502, FAULT_503, FAULT_RESET, FAULT_LOST, FAULT_LATE, FAULT_STALL, FAULT_429, FAULT_COUNT };

struct faults {
	double chance[FAULT_COUNT]; /* 0 to 1; their sum is at most 1 */
	int64_t late_ms; /* from arrival to effect */
};

/* "500", "reset" and so on. */
const char *fault_name(enum fault fault);

/* "500=5%,reset=2%,stall=1%,429=10%,late=1%:30s". False with a message. */
bool faults_parse(struct faults *f, struct slice text, char error[DIST_ERROR_BYTES]);
enum fault faults_draw(const struct faults *f, struct random *r);
#endif
