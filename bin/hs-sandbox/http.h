/* bin/hs-sandbox/http.h - the HTTP server on 127.0.0.1: one epoll thread for the API, the web sites and /sandbox/. */
#ifndef SANDBOX_HTTP_H
#define SANDBOX_HTTP_H
#include "api.h"

struct http;

/* Listens on 127.0.0.1:port (0: any free one); *port becomes the real one. NULL with errno set (EADDRINUSE, ...). The socket takes connections from now
 * on, they are answered after http_start. */
struct http *http_listen(struct api *api, unsigned *port);

/* False when the server could not start. */
bool http_start(struct http *http);

/* Ends all connections. NULL is fine. */
void http_stop(struct http *http);
#endif
