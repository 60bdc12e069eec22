#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "site.h"

enum { MAX_BODY_BYTES = 16 << 20, MAX_REPORT_BYTES = 1 << 20, HEADER_BYTES = 64, GONE_CHECK_US = 50000 };

/* -- life -- */

struct request *request_new(const char *uri)
{
	struct request *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	buf_init(&r->body, MAX_BODY_BYTES);
	r->uri = strdup(uri);
	if (r->uri != NULL)
		return r;
	request_free(r);
	return NULL;
}

void request_free(struct request *r)
{
	if (r == NULL)
		return;
	if (r->response != NULL)
		MHD_destroy_response(r->response);
	buf_release(&r->body);
	free(r->content_type);
	free(r->method);
	free(r->uri);
	free(r);
}

void request_receive(struct request *r, const char *bytes, size_t len)
{
	buf_put(&r->body, bytes, len);
	r->body_too_large |= r->body.failed;
}

/* "" where it is missing. */
static const char *header(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
	return value == NULL ? "" : value;
}

int64_t request_arrive(struct request *r, struct api *api, struct MHD_Connection *connection, const char *method)
{
	r->method = strdup(method);
	r->content_type = strdup(header(connection, "Content-Type"));
	if (r->method == NULL || r->content_type == NULL)
		return -1;
	if (site_name(slice_of(header(connection, "Host")), &r->site)) {
		r->kind = REQUEST_SITE;
		return site_delay_ms(r->site, slice_of(r->uri)) * 1000;
	}
	if (slice_starts(slice_of(r->uri), "/sandbox/")) {
		r->kind = REQUEST_SANDBOX;
		return 0;
	}
	struct api_request request = { .method = method, .uri = slice_of(r->uri), .authorization = slice_of(header(connection, "Authorization")) };
	r->arrival = api_arrive(api, &request);
	return request_is_stalled(r) ? GONE_CHECK_US : r->arrival.delay_us;
}

bool request_is_late(const struct request *r)
{
	return r->kind == REQUEST_API && r->arrival.verdict == VERDICT_LATE;
}

bool request_is_stalled(const struct request *r)
{
	return r->kind == REQUEST_API && r->arrival.verdict == VERDICT_STALL;
}

/* -- answers -- */

static struct MHD_Response *json_response(struct buf *body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->ptr, MHD_RESPMEM_MUST_COPY);
	if (response != NULL && body->len > 0)
		MHD_add_response_header(response, "Content-Type", "application/json;charset=utf-8");
	return response;
}

static void add_number_header(struct MHD_Response *response, const char *name, int64_t number)
{
	char text[HEADER_BYTES];
	snprintf(text, sizeof text, "%lld", (long long)number);
	MHD_add_response_header(response, name, text);
}

static void add_limit_headers(struct MHD_Response *response, const struct api *api, const struct arrival *a)
{
	if (!a->has_limit_headers)
		return;
	add_number_header(response, "X-HubSpot-RateLimit-Max", api->limits.settings.rate);
	add_number_header(response, "X-HubSpot-RateLimit-Remaining", a->limit.remaining);
	add_number_header(response, "X-HubSpot-RateLimit-Interval-Milliseconds", LIMIT_WINDOW_MS);
	if (api->limits.settings.daily > 0) {
		add_number_header(response, "X-HubSpot-RateLimit-Daily", api->limits.settings.daily);
		add_number_header(response, "X-HubSpot-RateLimit-Daily-Remaining", a->limit.daily_remaining);
	}
}

/* The server's clock, as HTTP writes it (RFC 9110, IMF-fixdate). */
static void add_date(struct MHD_Response *response, const struct portal *portal)
{
	char text[HEADER_BYTES];
	struct tm tm;
	time_t seconds = (time_t)(portal_server_ms(portal) / MS_PER_SECOND);
	if (gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		MHD_add_response_header(response, "Date", text);
}

static struct MHD_Response *answer_api(struct api *api, struct request *r)
{
	struct api_request request = {
		.method = r->method,
		.uri = slice_of(r->uri),
		.content_type = slice_of(r->content_type),
		.body = buf_slice(&r->body),
		.body_too_large = r->body_too_large,
	};
	r->status = api_answer(api, &request, &r->arrival);
	if (r->status == 0)
		return NULL;
	struct MHD_Response *response = json_response(&api->out);
	if (response != NULL)
		add_limit_headers(response, api, &r->arrival);
	return response;
}

static struct MHD_Response *answer_site(struct request *r, unsigned port)
{
	struct site_answer answer;
	struct slice rest = slice_of(r->uri), path;
	slice_split(&rest, '?', &path);
	site_get(r->site, path, port, &answer);
	r->status = answer.status;
	struct MHD_Response *response = MHD_create_response_from_buffer(answer.body.len, answer.body.ptr, MHD_RESPMEM_MUST_COPY);
	for (size_t i = 0; response != NULL && i < answer.header_count; i++)
		MHD_add_response_header(response, answer.headers[i].name, answer.headers[i].value);
	buf_release(&answer.body);
	return response;
}

/* What the sandbox says of itself: no token, no limit, not counted. */
static struct MHD_Response *answer_sandbox(const struct api *api, struct request *r)
{
	struct buf body;
	bool is_known = strcmp(r->method, "GET") == 0 && strcmp(r->uri, "/sandbox/calls") == 0;
	r->status = is_known ? 200 : 404;
	buf_init(&body, MAX_REPORT_BYTES);
	if (is_known)
		calls_report(&api->calls, api->late, &body);
	else
		buf_puts(&body, "{\"status\":\"error\",\"message\":\"only GET /sandbox/calls is here\"}");
	buf_putc(&body, '\n');
	struct MHD_Response *response = json_response(&body);
	buf_release(&body);
	return response;
}

void request_carry_out(struct request *r, struct api *api, unsigned port)
{
	r->state = REQUEST_DONE;
	switch (r->kind) {
	case REQUEST_SITE: r->response = answer_site(r, port); break;
	case REQUEST_SANDBOX: r->response = answer_sandbox(api, r); break;
	default: r->response = answer_api(api, r); break;
	}
	if (r->response != NULL)
		add_date(r->response, &api->portal);
}
