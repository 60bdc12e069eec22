#include "hubspot.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cli.h"
#include "net/program.h"
#include "record/write.h"

enum { MAX_REQUEST_BYTES = 16 << 20, STEP_MS = 1000 };

static const struct {
	const char *name, *v3, *dated; /* dated: %s is the version */
} families[] = {
	[API_OBJECTS] = { "objects", "/crm/v3/objects", "/crm/objects/%s" },
	[API_ASSOCIATIONS] = { "associations", "/crm/v4/associations", "/crm/associations/%s" },
	[API_PROPERTIES] = { "properties", "/crm/v3/properties", "/crm/properties/%s" },
	[API_OWNERS] = { "owners", "/crm/v3/owners", "/crm/owners/%s" },
	[API_ACCOUNT] = { "account", "/account-info/v3", "/account-info/%s" },
};

static const char *const object_names[OBJECT_COUNT] = { "contacts", "companies", "tasks", "notes", "emails" };

/* One call in flight, or one that is answered without the network. */
struct pending {
	struct hubspot *api;
	hubspot_done *done;
	void *arg;
	enum hubspot_kind kind;
	struct pending *next;
};

struct timer {
	int64_t when_us;
	void (*fn)(void *arg);
	void *arg;
	struct timer *next;
};

struct hubspot {
	struct hubspot_options options;
	struct http *http;
	struct budget budget;
	struct buf authorization;
	struct cache *cache;
	bool has_asked_cache;
	struct pending *answered, **answered_end; /* calls to be answered without the network, in order */
	struct timer *timers; /* soonest first */
	struct hubspot_trouble trouble;
	struct {
		bool (*ask)(void *arg); /* NULL: all may be written */
		void *arg;
		struct hubspot_trouble refusal;
		bool is_refused;
		size_t written;
	} guard;
	struct hubspot_totals totals;
	int64_t skew_ms;
	int64_t newest_ms; /* of all Date headers */
	bool has_skew;
};

void *must(void *memory)
{
	if (memory == NULL)
		cli_die(EXIT_IO_FAILED, "out of memory");
	return memory;
}

const char *hubspot_object_name(enum hubspot_object object)
{
	return object_names[object];
}

bool hubspot_object_find(struct slice name, enum hubspot_object *object)
{
	for (int i = 0; i < OBJECT_COUNT; i++)
		if (slice_is(name, object_names[i])) {
			*object = (enum hubspot_object)i;
			return true;
		}
	return false;
}

/* -- life -- */

struct hubspot *hubspot_new(const struct hubspot_options *options)
{
	struct hubspot *api = must(calloc(1, sizeof *api));
	api->options = *options;
	api->answered_end = &api->answered;
	struct http_options http = { .user_agent = "leadpipe/" LEADPIPE_VERSION,
		.ca_file = options->ca_file,
		.trace = options->trace,
		.cassette = options->cassette,
		.seed = options->seed,
		.quiet_retries = options->quiet_retries,
		.warn = options->warn };
	api->http = must(http_new(&http));
	budget_open(&api->budget, options->limits_folder);
	buf_init(&api->authorization, 4096);
	if (options->token != NULL)
		buf_printf(&api->authorization, "Authorization: Bearer %s", options->token);
	if (api->authorization.failed)
		cli_die(EXIT_USAGE_ERROR, "the token is too long to be one");
	if (options->cassette != NULL && options->token != NULL && !cassette_hide(options->cassette, slice_of(options->token)))
		must(NULL);
	return api;
}

void hubspot_free(struct hubspot *api)
{
	if (api == NULL)
		return;
	hubspot_interrupt(api);
	hubspot_drain(api);
	http_free(api->http);
	cache_close(api->cache);
	budget_close(&api->budget);
	if (api->authorization.ptr != NULL)
		explicit_bzero(api->authorization.ptr, api->authorization.len);
	buf_release(&api->authorization);
	free(api);
}

bool hubspot_is_dry_run(const struct hubspot *api)
{
	return api->options.is_dry_run;
}

void hubspot_path(const struct hubspot *api, enum hubspot_family family, const char *rest, struct buf *path)
{
	bool is_v3 = strcmp(api->options.version, "v3") == 0;
	const char *root = is_v3 ? families[family].v3 : families[family].dated;
	const char *place = strstr(root, "%s");
	if (place == NULL)
		buf_puts(path, root);
	else
		buf_printf(path, "%.*s%s", (int)(place - root), root, api->options.version);
	if (*rest != '\0')
		buf_printf(path, "%s%s", *rest == '?' ? "" : "/", rest);
}

/* -- answers -- */

const struct hubspot_trouble *hubspot_trouble(const struct hubspot *api)
{
	return &api->trouble;
}

static void set_trouble(struct hubspot *api, int status, const char *code, bool retryable, const char *message)
{
	if (api->trouble.status != 0)
		return;
	api->trouble = (struct hubspot_trouble){ .status = status, .code = code, .is_retryable = retryable, .is_known = api->trouble.is_known };
	snprintf(api->trouble.message, sizeof api->trouble.message, "%s", message);
}

void hubspot_fail(struct hubspot *api, int status, const char *code, bool is_retryable, const char *message)
{
	set_trouble(api, status, code, is_retryable, message);
}

void hubspot_guard_writes(struct hubspot *api, bool (*ask)(void *arg), void *arg, const char *refusal)
{
	api->guard.ask = ask;
	api->guard.arg = arg;
	api->guard.refusal = (struct hubspot_trouble){ .status = EXIT_NOT_ALLOWED, .code = "not_allowed" };
	snprintf(api->guard.refusal.message, sizeof api->guard.refusal.message, "%s", refusal);
}

bool hubspot_may_write(struct hubspot *api, size_t count)
{
	if (api->guard.is_refused)
		return false;
	api->guard.written += count;
	if (count == 0 || api->guard.ask == NULL || api->guard.written <= HUBSPOT_FREE_WRITES)
		return true;
	if (api->guard.ask(api->guard.arg))
		api->guard.ask = NULL;
	else
		api->guard.is_refused = true;
	return !api->guard.is_refused;
}

const struct hubspot_trouble *hubspot_refusal(const struct hubspot *api)
{
	return api->guard.is_refused ? &api->guard.refusal : NULL;
}

const struct hubspot_trouble *hubspot_obstacle(const struct hubspot *api)
{
	return api->trouble.status == 0 && api->guard.is_refused ? &api->guard.refusal : &api->trouble;
}

int64_t hubspot_server_ms(const struct hubspot *api)
{
	if (api->options.cassette != NULL)
		return api->newest_ms > 0 ? api->newest_ms : cassette_now_ms(api->options.cassette);
	return clock_real_ms() + api->skew_ms;
}

int64_t hubspot_skew_ms(const struct hubspot *api)
{
	return api->skew_ms;
}

static int64_t date_header_ms(const struct http_response *response)
{
	struct slice date;
	char text[64];
	if (!http_header(response, "Date", &date) || date.len >= sizeof text)
		return 0;
	memcpy(text, date.ptr, date.len);
	text[date.len] = '\0';
	time_t seconds = curl_getdate(text, NULL);
	return seconds == (time_t)-1 ? 0 : (int64_t)seconds * MS_PER_SECOND;
}

/* HubSpot's own words, and the scopes it misses. */
static void take_message(struct hubspot_answer *answer)
{
	struct slice message = json_string(answer->body, "message", "");
	if (message.len == 0) {
		snprintf(answer->message, sizeof answer->message, "status %ld", answer->status);
		return;
	}
	snprintf(answer->message, sizeof answer->message, "status %ld: %.*s", answer->status, (int)(message.len < 400 ? message.len : 400),
		message.ptr);
	const struct json *errors = json_get(answer->body, "errors");
	const struct json *scopes =
		errors == NULL || errors->child == NULL ? NULL : json_path(errors->child, "context", "requiredGranularScopes", NULL);
	if (scopes != NULL && scopes->type == JSON_ARRAY && scopes->child != NULL) {
		size_t used = strlen(answer->message);
		struct slice scope = json_text(scopes->child);
		snprintf(answer->message + used, sizeof answer->message - used, " (scope %.*s)", (int)scope.len, scope.ptr);
	}
}

static void judge_status(struct hubspot *api, enum hubspot_kind kind, struct hubspot_answer *answer)
{
	long status = answer->status;
	if (status >= 200 && status < 300) {
		answer->outcome = HUBSPOT_OK;
		return;
	}
	take_message(answer);
	if (status == 401 || (status == 403 && !api->options.keeps_going)) {
		answer->outcome = HUBSPOT_BROKEN;
		set_trouble(api, EXIT_NOT_ALLOWED, "not_allowed", false, answer->message);
	} else if (status == 429 || status == 477) {
		answer->outcome = HUBSPOT_BROKEN;
		set_trouble(api, EXIT_TRY_LATER, "try_later", true, answer->message);
	} else if (status >= 500) {
		/* A gateway that lost patience says nothing about what was made behind it. */
		answer->outcome = kind == CALL_CREATE ? HUBSPOT_UNKNOWN : HUBSPOT_FAILED;
	} else if (status == 408 || status == 423) {
		answer->outcome = HUBSPOT_FAILED;
	} else {
		answer->outcome = HUBSPOT_REFUSED;
	}
}

static void judge_failure(struct hubspot *api, const struct http_response *response, enum hubspot_kind kind, struct hubspot_answer *answer)
{
	snprintf(answer->message, sizeof answer->message, "%s", response->error[0] == '\0' ? "no answer" : response->error);
	switch (response->result) {
	case HTTP_BREAKER_OPEN:
		answer->outcome = HUBSPOT_BROKEN;
		api->trouble.is_known = true;
		set_trouble(api, EXIT_TRY_LATER, "try_later", true, answer->message);
		break;
	case HTTP_UNREACHABLE:
	case HTTP_REFUSED_ADDRESS:
	case HTTP_BAD_URL:
		answer->outcome = HUBSPOT_BROKEN;
		set_trouble(api, EXIT_SERVICE_DOWN, "service_down", true, answer->message);
		break;
	case HTTP_OUT_OF_BUDGET:
		answer->outcome = HUBSPOT_BROKEN;
		budget_is_used_up(&api->budget, answer->message, sizeof answer->message);
		set_trouble(api, EXIT_TRY_LATER, "try_later", true, answer->message);
		break;
	case HTTP_CANCELLED:
		answer->outcome = HUBSPOT_BROKEN;
		set_trouble(api, EXIT_SOME_FAILED, "interrupted", true, "interrupted");
		break;
	default: answer->outcome = kind == CALL_CREATE ? HUBSPOT_UNKNOWN : HUBSPOT_FAILED; break;
	}
}

static void on_response(const struct http_response *response, void *arg)
{
	struct pending *pending = arg;
	struct hubspot *api = pending->api;
	struct hubspot_answer answer = { .response = response };
	struct arena arena;
	arena_init(&arena, 8 * (size_t)HTTP_MAX_BODY_BYTES);
	budget_note(&api->budget, response);
	if (response->result == HTTP_ANSWERED) {
		struct json_error error;
		answer.status = response->status;
		answer.server_ms = date_header_ms(response);
		if (answer.server_ms > api->newest_ms)
			api->newest_ms = answer.server_ms;
		if (answer.server_ms != 0 && !hubspot_is_replay(api)) {
			api->skew_ms = answer.server_ms - clock_real_ms();
			/* Whole seconds in the header: below that a difference is no news. */
			if (api->skew_ms > -MS_PER_SECOND && api->skew_ms < MS_PER_SECOND)
				api->skew_ms = 0;
		}
		answer.body = response->body.len == 0 ? NULL : json_parse(&arena, response->body, &error);
		judge_status(api, pending->kind, &answer);
		if (answer.outcome == HUBSPOT_OK && answer.body == NULL && response->body.len > 0) {
			answer.outcome = pending->kind == CALL_CREATE ? HUBSPOT_UNKNOWN : HUBSPOT_FAILED;
			snprintf(answer.message, sizeof answer.message, "the answer is no JSON");
		}
	} else {
		judge_failure(api, response, pending->kind, &answer);
	}
	pending->done(&answer, pending->arg);
	arena_release(&arena);
	free(pending);
}

void hubspot_give_up(struct hubspot *api, const struct hubspot_answer *answer, const char *what)
{
	char message[600];
	snprintf(message, sizeof message, "%s: %s", what, answer->message);
	if (answer->outcome == HUBSPOT_REFUSED)
		set_trouble(api, EXIT_USAGE_ERROR, "bad_config", false, message);
	else if (answer->outcome != HUBSPOT_OK)
		set_trouble(api, EXIT_SERVICE_DOWN, "service_down", true, message);
}

/* -- calls -- */

static void answer_later(struct hubspot *api, struct pending *pending)
{
	*api->answered_end = pending;
	api->answered_end = &pending->next;
}

static void show(const struct hubspot *api, const struct hubspot_call *call)
{
	struct buf line;
	struct jsonw w;
	buf_init(&line, MAX_REQUEST_BYTES);
	jsonw_init(&w, &line);
	jsonw_object(&w);
	jsonw_put_text(&w, "method", call->method);
	jsonw_put_text(&w, "path", call->path);
	if (call->body.ptr != NULL)
		jsonw_put_raw(&w, "body", call->body);
	jsonw_object_end(&w);
	/* Line ends between members are only blanks; in strings there are none. */
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] == '\n' || line.ptr[i] == '\r' || line.ptr[i] == '\t')
			line.ptr[i] = ' ';
	api->options.show(buf_slice(&line), api->options.show_arg);
	buf_release(&line);
}

static void count(struct hubspot *api, const struct hubspot_call *call)
{
	api->totals.calls++;
	api->totals.objects += call->count;
	if (call->is_search)
		api->totals.searches++;
	else if (call->kind == CALL_READ)
		api->totals.reads++;
	else
		api->totals.writes++;
}

/* Once the day's calls are used up, there is no point in asking, from whichever process. */
static void heed_day(struct hubspot *api)
{
	char message[sizeof api->trouble.message];
	if (!hubspot_is_replay(api) && budget_is_used_up(&api->budget, message, sizeof message))
		set_trouble(api, EXIT_TRY_LATER, "try_later", true, message);
}

void hubspot_call(struct hubspot *api, const struct hubspot_call *call)
{
	struct pending *pending = must(calloc(1, sizeof *pending));
	*pending = (struct pending){ .api = api, .done = call->done, .arg = call->arg, .kind = call->kind };
	bool is_shown = api->options.is_dry_run && call->kind != CALL_READ;
	if (is_shown)
		show(api, call);
	else
		heed_day(api);
	if (is_shown || api->trouble.status != 0) {
		answer_later(api, pending);
		return;
	}
	count(api, call);
	struct buf url;
	buf_init(&url, 16384);
	buf_printf(&url, "%s%s", api->options.base_url, call->path);
	const char *headers[4] = { NULL };
	size_t n = 0;
	headers[n++] = "Accept: application/json";
	if (api->authorization.len > 0)
		headers[n++] = buf_text(&api->authorization);
	if (call->body.ptr != NULL)
		headers[n++] = "Content-Type: application/json";
	static const enum http_retry retries[] = { [CALL_READ] = HTTP_RETRY_SAFE, [CALL_WRITE] = HTTP_RETRY_SAFE, [CALL_CREATE] = HTTP_RETRY_UNSENT };
	struct http_spec spec = {
		.method = call->method,
		.url = buf_text(&url),
		.headers = headers,
		.body = call->body,
		.retry = retries[call->kind],
		.interactive = api->options.is_interactive,
		.governor = api->budget.parts[call->is_search ? BUDGET_SEARCHES : BUDGET_CALLS],
		.op = call->op,
		.count = (int64_t)call->count,
		.done = on_response,
		.arg = pending,
	};
	if (url.failed || !http_submit(api->http, &spec))
		cli_die(EXIT_IO_FAILED, "out of memory");
	buf_release(&url);
}

void hubspot_at(struct hubspot *api, int64_t when_us, void (*fn)(void *arg), void *arg)
{
	struct timer *timer = must(calloc(1, sizeof *timer)), **link = &api->timers;
	while (*link != NULL && (*link)->when_us <= when_us)
		link = &(*link)->next;
	*timer = (struct timer){ when_us, fn, arg, *link };
	*link = timer;
}

static bool give_answers(struct hubspot *api)
{
	bool any = false;
	for (struct pending *pending; (pending = api->answered) != NULL; free(pending)) {
		struct hubspot_answer answer = { .outcome = api->trouble.status != 0 ? HUBSPOT_BROKEN : HUBSPOT_OK };
		snprintf(answer.message, sizeof answer.message, "%.500s", api->trouble.message);
		api->answered = pending->next;
		if (api->answered == NULL)
			api->answered_end = &api->answered;
		pending->done(&answer, pending->arg);
		any = true;
	}
	return any;
}

static bool run_timers(struct hubspot *api)
{
	bool any = false;
	while (api->timers != NULL && (api->timers->when_us <= clock_steady_us() || api->trouble.status != 0)) {
		struct timer *timer = api->timers;
		api->timers = timer->next;
		timer->fn(timer->arg);
		free(timer);
		any = true;
	}
	return any;
}

static size_t unfinished(const struct hubspot *api)
{
	return http_pending(api->http) + (api->answered != NULL) + (api->timers != NULL);
}

size_t hubspot_step(struct hubspot *api, int timeout_ms, int fd)
{
	if (give_answers(api) || run_timers(api))
		timeout_ms = 0;
	if (api->timers != NULL) {
		int64_t wait_ms = (api->timers->when_us - clock_steady_us() + 999) / 1000;
		if (wait_ms < timeout_ms)
			timeout_ms = wait_ms < 0 ? 0 : (int)wait_ms;
	}
	/* With nothing to wait for but a timer the engine would come back at once. */
	if (http_pending(api->http) == 0 && fd < 0 && api->timers != NULL)
		poll(NULL, 0, timeout_ms);
	else
		http_step(api->http, timeout_ms, &fd, fd >= 0 ? 1 : 0);
	give_answers(api);
	run_timers(api);
	return unfinished(api);
}

void hubspot_drain(struct hubspot *api)
{
	while (unfinished(api) > 0) {
		hubspot_step(api, STEP_MS, -1);
		if (cli_stopping())
			hubspot_interrupt(api);
	}
}

void hubspot_interrupt(struct hubspot *api)
{
	set_trouble(api, EXIT_SOME_FAILED, "interrupted", true, "interrupted");
	http_cancel_all(api->http);
}

struct hubspot_totals hubspot_totals(const struct hubspot *api)
{
	return api->totals;
}

struct budget *hubspot_budget(struct hubspot *api)
{
	return &api->budget;
}

const char *hubspot_host(const struct hubspot *api)
{
	static char host[65];
	if (api->options.cassette != NULL)
		return cassette_host(api->options.cassette);
	if (host[0] == '\0' && gethostname(host, sizeof host - 1) != 0)
		snprintf(host, sizeof host, "unknown");
	return host;
}

void hubspot_random(struct hubspot *api, struct slice key, unsigned char *bytes, size_t count)
{
	unsigned char drawn[SHA256_BYTES];
	if (api->options.cassette != NULL ? !cassette_random(api->options.cassette, key, drawn)
					  : getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
		cli_die(EXIT_IO_FAILED, "no random numbers");
	memcpy(bytes, drawn, count < sizeof drawn ? count : sizeof drawn);
}

int64_t hubspot_linger_ms(const struct hubspot *api, int64_t ms)
{
	return api->options.cassette == NULL ? ms : (int64_t)MS_PER_DAY * 365;
}

bool hubspot_is_replay(const struct hubspot *api)
{
	return api->options.cassette != NULL && cassette_is_replay(api->options.cassette);
}

bool hubspot_event(struct hubspot *api, struct slice key, bool happened)
{
	return api->options.cassette == NULL ? happened : cassette_event(api->options.cassette, key, happened);
}

struct cache *hubspot_cache(struct hubspot *api)
{
	if (!api->has_asked_cache && api->options.cassette == NULL)
		api->cache = cache_begin();
	api->has_asked_cache = true;
	return api->cache;
}

void hubspot_identity(const struct hubspot *api, char hex[SHA256_HEX_BYTES])
{
	struct slice parts[] = { slice_of(api->options.base_url), buf_slice(&api->authorization) };
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], hex);
}

bool hubspot_is_loopback(const char *url)
{
	bool is_loopback = false;
	char *host = NULL;
	CURLU *parsed = must(curl_url());
	if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK && curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		struct slice name = slice_of(host);
		unsigned a, b, c, d;
		char rest;
		is_loopback = slice_equal_nocase(name, slice_of("localhost")) || slice_ends(name, ".localhost") || slice_is(name, "[::1]") ||
			(sscanf(host, "%u.%u.%u.%u%c", &a, &b, &c, &d, &rest) == 4 && a == 127);
	}
	curl_free(host);
	curl_url_cleanup(parsed);
	return is_loopback;
}
