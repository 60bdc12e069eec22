/* lib/net/reuse.h - what stands between a request and the network: answers kept from before, and other processes that are fetching the same. Inside the engine only.
 *
 * A fresh answer is delivered as it is. Else one process fetches, with a condition where something is kept, and the others look again until its answer
 * is there or it has died. Vary is honoured by the key, which holds all that we send; Authorization stands in it as the caller's identity. */
#ifndef NET_REUSE_H
#define NET_REUSE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/sha256.h"

struct http;
struct http_request;
struct curl_slist;

/* A request's part. */
struct reuse {
	char key[SHA256_HEX_BYTES]; /* in the cache; "": neither looked up nor kept */
	struct http_request *next; /* of those that hold their key */
	bool is_holding; /* it is fetched by us, and others wait for it */
	int64_t pause_us, again_us, give_up_us; /* while another fetches it: when to look, and when to fetch it all the same */
	struct curl_slist *last_header; /* the caller's last; our condition comes behind it. NULL: none */
};

/* For a request that was just submitted, in no list yet: true where it is answered or waits; else it is to go out. */
bool reuse_take(struct http *h, struct http_request *r);

/* Looks again for those that wait, when it is time. */
void reuse_step(struct http *h, int64_t now_us);

/* When to call it next; INT64_MAX: nobody waits. */
int64_t reuse_due_us(const struct http *h);

/* Before a request's answer is delivered: keeps it, or puts what is kept in its place. False: it went out again. */
bool reuse_conclude(struct http *h, struct http_request *r);

/* Those that wait end. */
void reuse_cancel(struct http *h);
#endif
