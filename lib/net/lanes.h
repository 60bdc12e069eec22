/* lib/net/lanes.h - the engine's waiting line: requests in the order of their submission, in one lane for each host, governor and class.
 *
 * Lanes take turns, so a host that is full or a governor that says no keeps only its own lane waiting. */
#ifndef NET_LANES_H
#define NET_LANES_H
#include "net/request.h"

struct host {
	struct host *next;
	char *origin;
	unsigned lanes, active;
	bool is_http2; /* one connection carries many requests */
};

struct lane {
	struct lane *next;
	struct host *host;
	struct governor *governor; /* NULL: not limited */
	enum governor_class class;
	unsigned requests; /* that belong to it, waiting or not */
	struct http_request *first, *last;
	int64_t again_us; /* when the governor said to ask next; 0: ask */
};

struct lanes {
	struct lane *first, *last;
	struct host *hosts;
};

/* Makes the request a member of its lane, without queueing it. False when out of memory. */
bool lanes_join(struct lanes *lanes, struct http_request *r);

/* The request ends: its lane goes with the last one. */
void lanes_leave(struct lanes *lanes, struct http_request *r);

void lane_push(struct lane *lane, struct http_request *r);
void lane_push_front(struct lane *lane, struct http_request *r);
struct http_request *lane_pop(struct lane *lane); /* NULL where empty */

/* The first lane goes to the end. */
void lanes_rotate(struct lanes *lanes);

/* An answer came: every lane of that governor may ask again. */
void lanes_ask_again(struct lanes *lanes, const struct governor *governor);
#endif
