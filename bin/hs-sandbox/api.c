#include "api.h"

#include <stdio.h>

#include "base/cli.h"

enum { MAX_URI_BYTES = 16384 };

/* -- arrival -- */

static struct slice bearer(struct slice authorization)
{
	struct slice scheme;
	if (!slice_split(&authorization, ' ', &scheme) || !slice_equal_nocase(scheme, slice_of("Bearer")))
		return (struct slice){ "", 0 };
	return slice_trim(authorization);
}

/* Searches are counted by themselves (OpenAPI: x-hubspot-rate-limit-exemptions). */
static bool is_search(const struct api_request *request)
{
	struct slice path = request->uri;
	const char *mark = memchr(path.ptr, '?', path.len);
	if (mark != NULL)
		path.len = (size_t)(mark - path.ptr);
	return strcmp(request->method, "POST") == 0 && slice_starts(path, "/crm/") && (slice_ends(path, "/search") || slice_ends(path, "/search/"));
}

static struct limit_state refuse_by_fault(struct api *api, bool search)
{
	return (struct limit_state){
		.verdict = search ? LIMIT_SECONDLY : LIMIT_TEN_SECONDLY,
		.daily_remaining = api->limits.settings.daily - api->limits.daily_used,
	};
}

struct arrival api_arrive(struct api *api, const struct api_request *request)
{
	struct arrival a = { .verdict = VERDICT_ANSWER, .at_us = clock_steady_us(), .at_ms = clock_real_ms() };
	struct slice token = bearer(request->authorization);
	bool search = is_search(request);
	a.delay_us = latency_draw_us(&api->latency, &api->random);
	if (token.len == 0 || (api->token != NULL && !slice_is(token, api->token))) {
		a.verdict = VERDICT_NO_TOKEN;
		return a;
	}
	a.has_limit_headers = !search && api->limits.settings.rate > 0;
	a.fault = faults_draw(&api->faults, &api->random);
	if (a.fault == FAULT_429) {
		a.limit = refuse_by_fault(api, search);
		a.verdict = VERDICT_LIMITED;
		return a;
	}
	a.limit = limits_arrive(&api->limits, token, search, a.at_us, (a.at_ms + api->portal.date_offset_ms) / MS_PER_DAY);
	api->portal.daily_used = api->limits.daily_used;
	if (a.limit.verdict != LIMIT_OK)
		a.verdict = VERDICT_LIMITED;
	else if (a.fault == FAULT_500 || a.fault == FAULT_502 || a.fault == FAULT_503)
		a.verdict = VERDICT_STATUS;
	else if (a.fault == FAULT_RESET)
		a.verdict = VERDICT_RESET;
	else if (a.fault == FAULT_STALL)
		a.verdict = VERDICT_STALL;
	if (a.verdict == VERDICT_ANSWER && a.fault == FAULT_LATE) {
		a.verdict = VERDICT_LATE;
		a.delay_us = api->faults.late_ms * 1000;
		api->late++;
	}
	return a;
}

/* -- refusals -- */

static void reply_no_token(struct call *c)
{
	reply_error(c, 401, "INVALID_AUTHENTICATION",
		"Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at"
		" https://developers.hubspot.com/docs/methods/auth/oauth-overview");
}

/* No category in this one: it has an errorType in its place. */
static void reply_limited(struct call *c, enum limit_verdict verdict)
{
	static const char *const policies[] = { "", "TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY" };
	static const char *const words[] = { "", "ten_secondly_rolling", "secondly", "daily" };
	struct problem p = problem_new(c, 429, NULL, "You have reached your %s limit.", words[verdict]);
	reply_problem(c, &p);
	/* The last brace makes room for what only this error has. */
	c->out->len--;
	buf_printf(c->out, ",\"errorType\":\"RATE_LIMIT\",\"policyName\":\"%s\",\"groupName\":\"publicapi:private-apps:%s\"}", policies[verdict],
		verdict == LIMIT_SECONDLY ? "crm-search" : "api-calls");
}

static bool has_scope(const struct api *api, const char *scope)
{
	struct slice rest = slice_of(api->scopes), part;
	while (slice_split(&rest, ',', &part))
		if (slice_is(slice_trim(part), scope))
			return true;
	return false;
}

/* False when 403 has been answered. */
static bool check_scopes(struct api *api, const struct route *route, struct call *c)
{
	const char *scopes[ROUTE_MAX_SCOPES];
	struct buf details;
	struct jsonw w;
	route_scopes(route, c, scopes);
	if (api->scopes == NULL || scopes[0] == NULL)
		return true;
	for (size_t i = 0; i < ROUTE_MAX_SCOPES && scopes[i] != NULL; i++)
		if (has_scope(api, scopes[i]))
			return true;
	buf_init(&details, SQL_MAX_BYTES);
	jsonw_init(&w, &details);
	jsonw_array(&w);
	jsonw_object(&w);
	jsonw_put_text(&w, "message", "One or more of the following scopes are required.");
	jsonw_name(&w, "context");
	jsonw_object(&w);
	jsonw_name(&w, "requiredGranularScopes");
	jsonw_array(&w);
	for (size_t i = 0; i < ROUTE_MAX_SCOPES && scopes[i] != NULL; i++)
		jsonw_text(&w, scopes[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
	jsonw_array_end(&w);
	struct problem p = problem_new(c, 403, "MISSING_SCOPES",
		"This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.");
	p.details = arena_copy(c->arena, buf_slice(&details));
	buf_release(&details);
	reply_problem(c, &p);
	return false;
}

/* -- the answer -- */

/* False when an error has been answered. */
static bool parse_body(struct call *c, const struct api_request *request)
{
	struct json_error error;
	c->body_text = request->body;
	if (request->body_too_large) {
		reply_error(c, 413, "VALIDATION_ERROR", "The request body is too large");
		return false;
	}
	if (request->body.len == 0)
		return true;
	if (slice_find_nocase(request->content_type, slice_of("json")) == NULL) {
		reply_error(c, 415, "VALIDATION_ERROR", "Unsupported Media Type: the body must be application/json");
		return false;
	}
	c->body = json_parse(c->arena, request->body, &error);
	if (c->body == NULL) {
		reply_invalid(c, "Invalid input JSON on line %u, column %u: %s", error.line, error.column, error.message);
		return false;
	}
	return true;
}

/* Finds the route; NULL when an error has been answered. */
static const struct route *find_route(struct call *c, const struct api_request *request)
{
	bool other_method;
	struct slice rest = request->uri;
	if (request->uri.len > MAX_URI_BYTES) {
		reply_error(c, 414, "VALIDATION_ERROR", "URI Too Long");
		return NULL;
	}
	slice_split(&rest, '?', &c->path);
	c->query = route_query(c->arena, rest, &c->query_count);
	struct route_path path = route_split(c->arena, c->path);
	const struct route *route = route_find(request->method, &path, c, &other_method);
	if (route == NULL) {
		reply_error(c, other_method ? 405 : 404, other_method ? "METHOD_NOT_ALLOWED" : "OBJECT_NOT_FOUND",
			other_method ? "HTTP 405 Method Not Allowed" : "No endpoint has the path %.*s", (int)c->path.len, c->path.ptr);
		return NULL;
	}
	if (route_wants_type(route) && (c->type == NULL || (strstr(route->legacy, "{to}") != NULL && c->to == NULL))) {
		reply_invalid(c, "Unable to infer object type from the path %.*s", (int)c->path.len, c->path.ptr);
		return NULL;
	}
	return route;
}

static void run(struct api *api, const struct route *route, struct call *c)
{
	struct store *s = &api->portal.store;
	store_begin(s);
	c->status = 500;
	route->answer(c);
	if (c->arena->failed || c->out->failed)
		s->failed = true;
	if (store_end(s, c->status < 400))
		return;
	cli_warn("%.*s: %s", (int)c->path.len, c->path.ptr, s->error[0] == '\0' ? "out of memory" : s->error);
	/* The definitions in memory may be those of the transaction that has just been undone. */
	portal_reload(&api->portal);
	reply_error(c, 500, NULL, "internal error");
	c->objects = 0;
}

static void answer(struct api *api, const struct api_request *request, const struct arrival *arrival, struct call *c, const struct route **route)
{
	if (arrival->verdict == VERDICT_STATUS) {
		static const unsigned statuses[FAULT_COUNT] = { [FAULT_500] = 500, [FAULT_502] = 502, [FAULT_503] = 503 };
		reply_error(c, statuses[arrival->fault], NULL, "internal error");
		return;
	}
	*route = find_route(c, request);
	if (arrival->verdict == VERDICT_NO_TOKEN)
		reply_no_token(c);
	else if (arrival->verdict == VERDICT_LIMITED)
		reply_limited(c, arrival->limit.verdict);
	else if (*route != NULL && check_scopes(api, *route, c) && parse_body(c, request))
		run(api, *route, c);
}

/* The fault that struck, if one did: a call that was refused anyway was spared. */
static const char *fault_of(const struct arrival *a)
{
	bool has_struck = a->verdict == VERDICT_LIMITED ? a->fault == FAULT_429 : a->verdict != VERDICT_NO_TOKEN && a->fault != FAULT_NONE;
	return has_struck ? fault_name(a->fault) : NULL;
}

unsigned api_answer(struct api *api, const struct api_request *request, const struct arrival *arrival)
{
	const struct route *route = NULL;
	bool is_late = arrival->verdict == VERDICT_LATE, is_dropped = is_late && clock_steady_us() < arrival->at_us + arrival->delay_us;
	arena_reset(&api->arena);
	struct call c = { .portal = &api->portal, .arena = &api->arena, .out = &api->out };
	if (is_late)
		api->late--;
	if (arrival->verdict == VERDICT_RESET || arrival->verdict == VERDICT_STALL || is_dropped) {
		route = find_route(&c, request);
		reply_empty(&c, 0);
	} else {
		answer(api, request, arrival, &c, &route);
	}
	struct call_line line = {
		.at_ms = arrival->at_ms,
		.operation = route == NULL ? "other" : route->operation,
		.type = route == NULL || c.type == NULL ? NULL : c.type->plural,
		.method = request->method,
		.path = c.path,
		.status = c.status,
		.objects = c.status < 400 ? c.objects : 0,
		.fault = fault_of(arrival),
		.us = clock_steady_us() - arrival->at_us,
	};
	if (is_late || (arrival->fault == FAULT_LOST && arrival->verdict == VERDICT_ANSWER)) {
		line.effect = c.status;
		line.status = c.status = 0;
	}
	calls_add(&api->calls, &line);
	return c.status;
}
