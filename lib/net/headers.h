/* lib/net/headers.h - what an answer's header lines and body say about when to call again.
 *
 * Header blocks are raw lines ("Name: value" CRLF) of one answer, the status line first. RFC 9110 sections 5.1 and 10.2.3; HubSpot's usage guidelines. */
#ifndef NET_HEADERS_H
#define NET_HEADERS_H
#include "base/slice.h"

/* Takes the next "Name: value" line off *rest, blanks around the value dropped; false at the end. The status line is skipped. */
bool headers_next(struct slice *rest, struct slice *name, struct slice *value);

/* The value of the first header of that name (without case), blanks around it dropped; false where there is none. */
bool headers_find(struct slice headers, const char *name, struct slice *value);

/* An HTTP date (RFC 9110 section 5.6.7), ms since 1970; false where it is none. */
bool headers_date(struct slice value, int64_t *ms);

/* What the server asked us to wait: retry-after-ms, else Retry-After in seconds or as an HTTP date (now_ms is the real time); -1 where it did not say. */
int64_t headers_retry_after_ms(struct slice headers, int64_t now_ms);

/* X-HubSpot-RateLimit-Max and -Interval-Milliseconds; false where there are none. */
bool headers_rate_limit(struct slice headers, unsigned *max, int64_t *window_ms);

/* X-HubSpot-RateLimit-Daily and -Daily-Remaining; false where there are none. */
bool headers_daily(struct slice headers, int64_t *max, int64_t *remaining);

/* How many content codings are on the body, identity not counted. */
unsigned headers_codings(struct slice headers);

/* policyName in the body of a 429 (HubSpot). */
enum rate_policy { RATE_UNKNOWN, RATE_SECONDLY, RATE_TEN_SECONDLY, RATE_DAILY };
enum rate_policy headers_rate_policy(struct slice body);
#endif
