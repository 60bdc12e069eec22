/* lib/net/playback.h - the engine with a cassette: answers go into it, or come out of it in place of the network. Inside the engine only. */
#ifndef NET_PLAYBACK_H
#define NET_PLAYBACK_H
#include <stdbool.h>

struct http;
struct http_request;

/* Replaying: answers a request that was just submitted; true. Answers that wait for delivery stand in their recorded order. A request that is not in the cassette ends with
 * HTTP_UNREACHABLE and says so. */
bool playback_take(struct http *h, struct http_request *r);

/* Recording: what is about to be delivered. */
void playback_note(struct http *h, const struct http_request *r);
#endif
