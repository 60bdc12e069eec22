/* lib/net/transfer.h - one attempt of a request on a libcurl handle: its options, its callbacks, and what its end means. */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H
#include "net/request.h"

enum { CONNECT_TIMEOUT_MS = 10000, MAX_RATIO = 100 };

struct transfer_options {
	const char *user_agent; /* NULL: none */
	const char *ca_file; /* NULL: the system's */
	bool guard, allow_private;
};

/* Makes r->easy, a handle fresh or used before, ready to be added to the multi handle. False when out of memory. `options` must live as long as the attempt. */
bool transfer_prepare(struct http_request *r, const struct transfer_options *options);

/* Fills r->response after the attempt's end, times apart. *is_final: no second try can differ. */
void transfer_conclude(struct http_request *r, CURLcode code, bool *is_final);

/* "unreachable", "timeout", ... for spans and messages; static. */
const char *transfer_result_name(enum http_result result);
#endif
