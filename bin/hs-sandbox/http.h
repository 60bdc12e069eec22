/* bin/hs-sandbox/http.h - the HTTP server on 127.0.0.1, for the API, the web sites and /sandbox/: one thread, one loop.
 *
 * A request is carried out when its time has come, whether or not its client is still there, as HubSpot does; what is due goes in the order of its times. */
#ifndef SANDBOX_HTTP_H
#define SANDBOX_HTTP_H
#include <signal.h>

#include "api.h"

struct http;

/* Listens on 127.0.0.1:port (0: any free one); *port becomes the real one. NULL with errno set (EADDRINUSE, ...). The socket takes connections from now
 * on, they are answered in http_run. */
struct http *http_listen(struct api *api, unsigned *port);

/* False when the server could not start. */
bool http_start(struct http *http);

/* Serves until is_over() says so. It is asked after a signal, and signals are let in, by that mask, only while this waits: none is missed. */
void http_run(struct http *http, const sigset_t *open_mask, bool (*is_over)(void));

/* Answers at once what still waits, drops late calls, and ends all connections. NULL is fine. */
void http_stop(struct http *http);
#endif
