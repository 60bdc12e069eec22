#include "net/playback.h"

#include <stdio.h>

#include "base/clock.h"
#include "net/cassette.h"
#include "net/engine.h"

static struct exchange request_of(const struct http_request *r)
{
	return (struct exchange){
		.method = r->method, .url = r->url, .body = r->body == NULL ? (struct slice){ "", 0 } : (struct slice){ r->body, r->spec.body.len }
	};
}

static void fill(struct http_request *r, const struct http_response *from)
{
	struct http_response *to = &r->response;
	buf_put_slice(&r->header_lines, from->headers);
	buf_put_slice(&r->content, from->body);
	if (from->effective_url != NULL)
		r->effective_url = strdup(from->effective_url);
	*to = *from;
	to->source = HTTP_FROM_CASSETTE;
	if (r->header_lines.failed || r->content.failed) {
		to->result = HTTP_TOO_LARGE;
		to->status = 0;
		buf_reset(&r->content);
	}
}

/* Behind those that were delivered before it, and behind what is no replay. */
static void queue(struct http *h, struct http_request *r)
{
	struct http_request **at = &h->finished;
	while (*at != NULL && (*at)->turn <= r->turn)
		at = &(*at)->next;
	r->next = *at;
	*at = r;
	if (r->next == NULL)
		h->finished_end = &r->next;
}

bool playback_take(struct http *h, struct http_request *r)
{
	struct exchange x = request_of(r);
	if (h->cassette == NULL || !cassette_is_replay(h->cassette))
		return false;
	if (cassette_get(h->cassette, &x, &r->turn)) {
		r->attempts = x.response.attempts;
		fill(r, &x.response);
		engine_span(h, r);
	} else {
		r->response.result = HTTP_UNREACHABLE;
		r->response.source = HTTP_FROM_CASSETTE;
		snprintf(r->response.error, sizeof r->response.error, "not in the cassette %.64s: %s %.150s", cassette_dir(h->cassette), r->method,
			r->url);
	}
	queue(h, r);
	return true;
}

void playback_note(struct http *h, const struct http_request *r)
{
	struct exchange x = request_of(r);
	if (h->cassette == NULL || cassette_is_replay(h->cassette) || r->refused != NULL || r->response.result == HTTP_CANCELLED)
		return;
	x.response = r->response;
	cassette_put(h->cassette, &x);
}
