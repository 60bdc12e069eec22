/* bin/hs-sandbox/request.h - one HTTP request, from its first line until its answer is sent: an API call, a web site's page, or a question about the
 * sandbox itself. */
#ifndef SANDBOX_REQUEST_H
#define SANDBOX_REQUEST_H
#include <microhttpd.h>

#include "api.h"

enum request_state {
	REQUEST_NEW,
	REQUEST_RECEIVING,
	REQUEST_WAITING, /* for its time; the connection is suspended */
	REQUEST_DONE, /* carried out; the answer is to be sent */
};
enum request_kind { REQUEST_API, REQUEST_SITE, REQUEST_SANDBOX };

struct request {
	enum request_state state;
	enum request_kind kind;
	struct MHD_Connection *connection; /* NULL: lost */
	char *method, *uri, *content_type;
	struct buf body;
	bool body_too_large;
	struct slice site;
	struct arrival arrival; /* of an API call */
	struct MHD_Response *response; /* NULL: the connection is cut */
	unsigned status;
};

/* NULL without memory. */
struct request *request_new(const char *uri);
void request_free(struct request *r);

/* More of the body. */
void request_receive(struct request *r, const char *bytes, size_t len);

/* The whole request is in: decides what it is, and what becomes of it. Gives the time to wait before it is carried out, in microseconds; for a stalled
 * one, until it is asked whether its client is still there. -1 without memory. */
int64_t request_arrive(struct request *r, struct api *api, struct MHD_Connection *connection, const char *method);

bool request_is_late(const struct request *r);
bool request_is_stalled(const struct request *r);

/* Carries it out: sets response and status. `port` is the server's. */
void request_carry_out(struct request *r, struct api *api, unsigned port);
#endif
