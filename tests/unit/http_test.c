#include "net/http.h"

#include "check.h"
#include "http_client.h"

/* -- answers -- */

static void an_answer_comes_whole(void **state)
{
	(void)state;
	const struct got *g = run(get("/ok"));
	struct slice value;
	assert_int_equal(g->response.result, HTTP_ANSWERED);
	assert_int_equal(g->response.status, 200);
	assert_string_equal(g->body, "hello");
	assert_string_equal(g->headers, "HTTP/1.1 200 OK\r\nX-Name: value\r\nContent-Length: 5\r\n\r\n");
	assert_string_equal(g->url, url_of("127.0.0.1", "/ok"));
	assert_string_equal(g->response.address, "127.0.0.1");
	assert_string_equal(g->response.error, "");
	assert_int_equal(g->response.attempts, 1);
	assert_int_equal(g->response.retry_after_ms, -1);
	assert_true(g->response.ms > 0 && g->response.wait_ms >= 0);
	struct http_response r = { .headers = slice_of(g->headers) };
	assert_true(http_header(&r, "x-name", &value));
	check_text("x-name", value, slice_of("value"));
	assert_false(http_header(&r, "x-other", &value));
}

static void each_form_of_answer(void **state)
{
	static const struct {
		const char *path;
		long status;
		const char *body;
	} rows[] = { { "/status/404", 404, "status 404" }, { "/status/500", 500, "status 500" }, { "/status/429", 429, "status 429" },
		{ "/chunked", 200, "hello" }, { "/gzip", 200, "hello" }, { "/hints", 200, "hello" }, { "/redirect/302//ok", 302, "moved" } };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct got *g = run(get(rows[i].path));
		check_int(rows[i].path, g->response.result, HTTP_ANSWERED);
		check_int(rows[i].path, g->response.status, rows[i].status);
		check_text(rows[i].path, slice_of(g->body), slice_of(rows[i].body));
		check_int(rows[i].path, g->response.attempts, 1);
	}
	run(get("/hints"));
	assert_null(strstr(got[0].headers, "early"));
}

static void a_request_has_these_bytes(void **state)
{
	static const char *const headers[] = { "Authorization: Bearer secret", "Content-Type: application/json", NULL };
	char want[1024];
	(void)state;
	struct http_spec spec = get("/echo");
	spec.method = "PATCH";
	spec.headers = headers;
	spec.body = slice_of("{\"a\":1}");
	const struct got *g = run_with((struct http_options){ .user_agent = "leadpipe/0" }, spec);
	snprintf(want, sizeof want,
		"PATCH /echo HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: leadpipe/0\r\nAccept: */*\r\nAccept-Encoding: deflate, gzip, br, zstd\r\n"
		"Authorization: Bearer secret\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
		server.port);
	assert_string_equal(g->body, want);
	spec.method = "POST";
	spec.headers = NULL;
	spec.body = (struct slice){ NULL, 0 };
	g = run(spec);
	snprintf(want, sizeof want,
		"POST /echo HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\nAccept-Encoding: deflate, gzip, br, zstd\r\nContent-Length: 0\r\n\r\n",
		server.port);
	assert_string_equal(g->body, want);
	spec.method = "DELETE";
	g = run(spec);
	snprintf(want, sizeof want, "DELETE /echo HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: */*\r\nAccept-Encoding: deflate, gzip, br, zstd\r\n\r\n",
		server.port);
	assert_string_equal(g->body, want);
}

static void names_resolve_without_a_server(void **state)
{
	char entry[64];
	(void)state;
	struct http_spec spec = get("/echo");
	spec.url = url_of("acme.localhost", "/echo");
	assert_int_equal(run(spec)->response.status, 200);
	assert_non_null(strstr(got[0].body, "\r\nHost: acme.localhost:"));
	assert_string_equal(got[0].response.address, "127.0.0.1");
	snprintf(entry, sizeof entry, "api.example:%u:127.0.0.1", server.port);
	spec.url = url_of("api.example", "/echo");
	assert_int_equal(run_with((struct http_options){ .resolve = (const char *const[]){ entry, NULL } }, spec)->response.status, 200);
	assert_non_null(strstr(got[0].body, "\r\nHost: api.example:"));
}

static void bad_urls_are_never_sent(void **state)
{
	static const struct {
		const char *url, *error;
	} rows[] = { { "", "not a URL" }, { "http://", "not a URL" }, { "http://a b/", "not a URL" },
		{ "ftp://127.0.0.1/", "neither http nor https" }, { "file:///etc/passwd", "neither http nor https" },
		{ "gopher://127.0.0.1/", "neither http nor https" }, { "http://user:pass@127.0.0.1/", "a URL with a user name in it" },
		{ "http://127.0.0.1:99999/", "not a URL" } };
	static const char *const split[] = { "X-A: b\r\nX-Evil: c", NULL };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_spec spec = get("/ok");
		spec.url = rows[i].url;
		const struct got *g = run(spec);
		check_int(rows[i].url, g->response.result, HTTP_BAD_URL);
		check_text(rows[i].url, slice_of(g->response.error), slice_of(rows[i].error));
		check_int(rows[i].url, g->response.attempts, 0);
	}
	struct http_spec spec = get("/ok");
	spec.headers = split;
	assert_int_equal(run(spec)->response.result, HTTP_BAD_URL);
	assert_string_equal(got[0].response.error, "a header with a line break in it");
	assert_int_equal(server.connections, 0);
}

/* -- failures and trying again -- */

static void a_failure_is_what_it_is_and_repeated_only_where_safe(void **state)
{
	static const struct {
		const char *path;
		enum http_result result;
		const char *error;
		unsigned unsent_attempts, safe_attempts;
	} rows[] = {
		{ "/close", HTTP_BROKEN, "connection closed without an answer", 1, 2 },
		{ "/reset", HTTP_BROKEN, NULL, 1, 2 },
		{ "/cut", HTTP_BROKEN, "answer cut off", 1, 2 },
		{ "/no-http", HTTP_BROKEN, NULL, 1, 2 },
		{ "/stall", HTTP_TIMED_OUT, "no answer within 0.15 s", 1, 2 },
		{ "/slow-headers", HTTP_TIMED_OUT, "no answer within 0.15 s", 1, 2 },
		{ "/status/500", HTTP_ANSWERED, "", 1, 2 },
		{ "/status/404", HTTP_ANSWERED, "", 1, 1 },
		{ "/stacked", HTTP_BROKEN, "answer packed more than once", 1, 2 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (enum http_retry mode = HTTP_RETRY_NEVER; mode <= HTTP_RETRY_SAFE; mode++) {
			char line[64];
			struct http_spec spec = get(rows[i].path);
			snprintf(line, sizeof line, "GET %s", rows[i].path);
			unsigned before = count_line(line), want = mode == HTTP_RETRY_SAFE ? rows[i].safe_attempts : rows[i].unsent_attempts;
			spec.retry = mode;
			spec.max_attempts = 2;
			spec.max_wait_ms = 1; /* caps the back-off */
			spec.timeout_ms = rows[i].result == HTTP_TIMED_OUT ? 150 : 20000;
			const struct got *g = run(spec);
			check_int(rows[i].path, g->response.result, rows[i].result);
			check_int(rows[i].path, g->response.attempts, want);
			check_int(rows[i].path, count_line(line) - before, want);
			if (rows[i].error != NULL)
				check_text(rows[i].path, slice_of(g->response.error), slice_of(rows[i].error));
			if (rows[i].result != HTTP_ANSWERED) {
				check_int(rows[i].path, g->response.status, 0);
				check_int(rows[i].path, (int64_t)g->body_len, 0);
			}
		}
}

static void a_passing_failure_passes(void **state)
{
	(void)state;
	struct http_spec spec = get("/fail-then-ok/2");
	spec.retry = HTTP_RETRY_SAFE;
	spec.max_wait_ms = 1;
	const struct got *g = run(spec);
	assert_int_equal(g->response.status, 200);
	assert_int_equal(g->response.attempts, 3);
	assert_string_equal(g->body, "try 3");
	assert_int_equal(server.connections, 1);
}

static void nobody_at_home(void **state)
{
	static const struct {
		enum http_retry mode;
		unsigned attempts;
	} rows[] = { { HTTP_RETRY_NEVER, 1 }, { HTTP_RETRY_UNSENT, 3 }, { HTTP_RETRY_SAFE, 3 } };
	unsigned port;
	char url[64], error[128];
	int fd = open_port(&port); /* bound, not listening */
	(void)state;
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	snprintf(error, sizeof error, "cannot connect to http://127.0.0.1:%u: Connection refused", port);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct got *g = run(
			(struct http_spec){ .method = "POST", .url = url, .retry = rows[i].mode, .max_attempts = 3, .max_wait_ms = 1, .done = note });
		assert_int_equal(g->response.result, HTTP_UNREACHABLE);
		assert_int_equal(g->response.attempts, rows[i].attempts);
		assert_string_equal(g->response.error, error);
	}
	close(fd);
}

/* libcurl would send it again on a new connection, though the first may have taken effect. */
static void a_post_on_a_dying_connection_is_sent_once(void **state)
{
	(void)state;
	struct http *h = open_engine((struct http_options){ .per_host = 1 });
	struct http_spec spec = get("/only-first");
	spec.method = "POST";
	spec.body = slice_of("x");
	spec.retry = HTTP_RETRY_UNSENT;
	for (int i = 0; i < 2; i++) {
		submit(h, spec);
		finish_all(h);
	}
	assert_int_equal(got[0].response.status, 200);
	assert_int_equal(got[1].response.result, HTTP_BROKEN);
	assert_string_equal(got[1].response.error, "connection closed without an answer");
	assert_int_equal(got[1].response.attempts, 1);
	assert_int_equal(count_line("POST /only-first"), 2);
	spec = get("/only-first"); /* where it is safe, the second sending is ours, and counted */
	spec.retry = HTTP_RETRY_SAFE;
	for (int i = 0; i < 2; i++) {
		submit(h, spec);
		finish_all(h);
	}
	assert_int_equal(got[2].response.attempts, 1);
	assert_int_equal(got[3].response.attempts, 2);
	assert_int_equal(got[3].response.status, 200);
	assert_int_equal(count_line("GET /only-first"), 3);
	http_free(h);
}

static void a_429_is_waited_out(void **state)
{
	(void)state;
	struct http_spec spec = get("/limited/3");
	spec.retry = HTTP_RETRY_UNSENT;
	spec.max_attempts = 2; /* three 429s do not use it up */
	const struct got *g = run(spec);
	assert_int_equal(g->response.status, 200);
	assert_int_equal(g->response.attempts, 4);
	assert_int_equal(server.logged, 4);
	for (unsigned i = 1; i < 4; i++)
		assert_true(server.log[i].at_us - server.log[i - 1].at_us >= 40000);
	assert_true(g->response.wait_ms >= 40);
}

static void too_long_a_wait_ends_the_request_and_those_behind_it(void **state)
{
	static const struct {
		const char *path, *error;
		int64_t retry_after_ms;
	} rows[] = { { "/come-back-later", "status 429: the server asks to wait 3600 s", 3600000 },
		{ "/daily", "status 429: the daily limit is reached", -1 } };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct governor *governor = make_governor(100);
		struct http *h = open_engine((struct http_options){ .in_flight = 1 });
		struct http_spec spec = get(rows[i].path);
		spec.retry = HTTP_RETRY_SAFE;
		spec.governor = governor;
		submit(h, spec);
		submit(h, spec);
		finish_all(h);
		assert_int_equal(got[0].response.result, HTTP_OUT_OF_BUDGET);
		assert_int_equal(got[0].response.status, 429);
		assert_int_equal(got[0].response.retry_after_ms, rows[i].retry_after_ms);
		assert_string_equal(got[0].response.error, rows[i].error);
		assert_non_null(strstr(got[0].body, "policyName"));
		assert_int_equal(got[1].response.result, HTTP_OUT_OF_BUDGET);
		assert_int_equal(got[1].response.attempts, 0);
		assert_int_equal(got[1].response.status, 0);
		assert_int_equal(server.logged, i + 1);
		http_free(h);
		governor_free(governor);
	}
}

/* -- governor -- */

static void the_servers_own_figures_are_learned(void **state)
{
	struct governor *governor = make_governor(100);
	(void)state;
	struct http_spec spec = get("/rated");
	spec.governor = governor;
	assert_int_equal(run(spec)->response.status, 200);
	assert_int_equal(governor_state(governor, clock_steady_us()).max, 7);
	assert_int_equal(governor_state(governor, clock_steady_us()).busy, 1);
	governor_free(governor);
}

static void the_ceiling_holds_requests_back(void **state)
{
	struct governor *governor = governor_new("test", &(struct governor_limits){ .max = 2, .window_us = 200000 });
	struct http *h = open_engine((struct http_options){ .in_flight = 10 });
	struct http_spec spec = get("/ok");
	(void)state;
	spec.governor = governor;
	for (int i = 0; i < 6; i++)
		submit(h, spec);
	finish_all(h);
	assert_int_equal(got_count, 6);
	for (unsigned i = 2; i < 6; i++)
		assert_true(server.log[i].at_us - server.log[i - 2].at_us > 190000); /* the log is a little behind the sending */
	assert_true(got[5].response.wait_ms >= 380);
	http_free(h);
	governor_free(governor);
}

static char told[512];

static void __attribute__((format(printf, 1, 2))) tell(const char *format, ...)
{
	va_list args;
	size_t used = strlen(told);
	va_start(args, format);
	vsnprintf(told + used, sizeof told - used, format, args);
	va_end(args);
}

static void an_open_breaker_sends_nothing_and_is_told_of_once(void **state)
{
	struct governor *governor = make_governor(0);
	struct http *h = open_engine((struct http_options){ .in_flight = 1, .warn = tell, .quiet_retries = true });
	struct http_spec spec = get("/status/503");
	(void)state;
	spec.governor = governor;
	for (int i = 0; i < 30; i++)
		submit(h, spec);
	finish_all(h);
	assert_int_equal(got_count, 30);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(got[i].response.result, i < 20 ? HTTP_ANSWERED : HTTP_BREAKER_OPEN);
		assert_int_equal(got[i].response.attempts, i < 20 ? 1 : 0);
	}
	assert_string_equal(got[29].response.error, "test keeps failing: not asked for another 60 s");
	assert_string_equal(told, "test is down: half of the last calls failed; nobody asks for a minute");
	assert_int_equal(server.logged, 20);
	http_free(h);
	governor_free(governor);
}

static void without_retry_budget_the_first_answer_stands(void **state)
{
	struct governor *governor = make_governor(0);
	(void)state;
	while (governor_may_retry(governor, false))
		continue;
	struct http_spec spec = get("/status/500");
	spec.governor = governor;
	spec.retry = HTTP_RETRY_SAFE;
	assert_int_equal(run(spec)->response.attempts, 1);
	governor_free(governor);
}

/* -- redirects, addresses, sizes -- */

static void redirects_are_followed_as_far_as_asked(void **state)
{
	static const char *const headers[] = { "Authorization: Bearer secret", NULL };
	char path[256], want[64];
	(void)state;
	struct http_spec spec = get("/redirect/302//echo");
	spec.max_redirects = 5;
	spec.headers = headers;
	const struct got *g = run(spec);
	assert_int_equal(g->response.status, 200);
	assert_string_equal(g->url, url_of("127.0.0.1", "/echo"));
	assert_non_null(strstr(g->body, "Authorization: Bearer secret\r\n")); /* the same host may have it */
	assert_null(strstr(g->headers, "302"));

	snprintf(path, sizeof path, "/redirect/301/http://acme.localhost:%u/echo", server.port);
	spec.url = url_of("127.0.0.1", path);
	g = run(spec);
	assert_int_equal(g->response.status, 200);
	snprintf(want, sizeof want, "Host: acme.localhost:%u", server.port);
	assert_non_null(strstr(g->body, want));
	assert_null(strstr(g->body, "secret"));

	spec = get("/loop");
	spec.max_redirects = 3;
	g = run(spec);
	assert_int_equal(g->response.result, HTTP_ANSWERED);
	assert_int_equal(g->response.status, 302);
	assert_string_equal(g->response.error, "redirected more than 3 times");
	assert_int_equal(count_line("GET /loop"), 4);

	spec = get("/redirect/307//echo");
	spec.method = "POST";
	spec.max_redirects = 5;
	assert_int_equal(run(spec)->response.status, 307);
	assert_int_equal(count_line("POST /echo"), 0);
}

static void redirects_lead_nowhere_else(void **state)
{
	static const struct {
		const char *to;
		enum http_result result;
		const char *error; /* NULL: libcurl's own words */
	} rows[] = {
		{ "ftp://127.0.0.1/x", HTTP_BAD_URL, NULL },
		{ "file:///etc/passwd", HTTP_BAD_URL, NULL },
		{ "http://user:pass@127.0.0.1/", HTTP_BAD_URL, NULL },
		{ "http://169.254.169.254/latest/meta-data/", HTTP_REFUSED_ADDRESS, "address 169.254.169.254 refused: link-local" },
		{ "http://[::ffff:169.254.169.254]/", HTTP_REFUSED_ADDRESS, "address ::ffff:169.254.169.254 refused: link-local" },
		{ "http://0xa9fea9fe/", HTTP_REFUSED_ADDRESS, "address 169.254.169.254 refused: link-local" },
		{ "http://0251.0376.0251.0376/", HTTP_REFUSED_ADDRESS, "address 169.254.169.254 refused: link-local" },
		{ "http://0/", HTTP_REFUSED_ADDRESS, "address 0.0.0.0 refused: this network" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char path[256];
		snprintf(path, sizeof path, "/redirect/302/%s", rows[i].to);
		struct http_spec spec = get(path);
		spec.max_redirects = 5;
		spec.retry = HTTP_RETRY_SAFE;
		const struct got *g = run_with((struct http_options){ .guard = true, .allow_private = true }, spec);
		check_int(rows[i].to, g->response.result, rows[i].result);
		check_int(rows[i].to, g->response.attempts, 1);
		if (rows[i].error != NULL)
			check_text(rows[i].to, slice_of(g->response.error), slice_of(rows[i].error));
	}
}

static void the_guard_judges_the_address_not_the_name(void **state)
{
	char entry[64];
	const char *const resolve[] = { entry, NULL };
	(void)state;
	snprintf(entry, sizeof entry, "public.example:%u:127.0.0.1", server.port);
	struct http_spec spec = get("/ok");
	for (int i = 0; i < 2; i++) {
		spec.url = i == 0 ? url_of("127.0.0.1", "/ok") : url_of("public.example", "/ok");
		const struct got *g = run_with((struct http_options){ .guard = true, .resolve = resolve }, spec);
		assert_int_equal(g->response.result, HTTP_REFUSED_ADDRESS);
		assert_string_equal(g->response.error, "address 127.0.0.1 refused: loopback");
		assert_int_equal(server.connections, 0);
	}
	setenv("http_proxy", "http://127.0.0.1:1", 1); /* would hide the address */
	assert_int_equal(run_with((struct http_options){ .guard = true, .allow_private = true, .resolve = resolve }, spec)->response.status, 200);
	unsetenv("http_proxy");
}

static void large_answers_are_cut_short(void **state)
{
	static const struct {
		const char *path;
		size_t max_bytes;
		enum http_result result;
		const char *error;
	} rows[] = {
		{ "/big/1000", 1000, HTTP_ANSWERED, "" },
		{ "/big/1001", 1000, HTTP_TOO_LARGE, "answer larger than 1000 bytes" },
		{ "/big/5000000", 0, HTTP_ANSWERED, "" },
		{ "/gzip", 4, HTTP_TOO_LARGE, "answer larger than 4 bytes" },
		{ "/bomb", 0, HTTP_TOO_LARGE, "answer swells to more than 100 times its size when unpacked" },
		{ "/bomb", 100000, HTTP_TOO_LARGE, "answer larger than 100000 bytes" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct http_spec spec = get(rows[i].path);
		spec.max_body_bytes = rows[i].max_bytes;
		spec.retry = HTTP_RETRY_SAFE;
		const struct got *g = run(spec);
		check_int(rows[i].path, g->response.result, rows[i].result);
		check_text(rows[i].path, slice_of(g->response.error), slice_of(rows[i].error));
		check_int(rows[i].path, g->response.attempts, 1);
		if (rows[i].result == HTTP_ANSWERED)
			check_int(rows[i].path, (int64_t)g->body_len, atoi(rows[i].path + 5));
		else
			check_int(rows[i].path, (int64_t)g->body_len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_comes_whole),
		TEST(each_form_of_answer),
		TEST(a_request_has_these_bytes),
		TEST(names_resolve_without_a_server),
		TEST(bad_urls_are_never_sent),
		TEST(a_failure_is_what_it_is_and_repeated_only_where_safe),
		TEST(a_passing_failure_passes),
		TEST(nobody_at_home),
		TEST(a_post_on_a_dying_connection_is_sent_once),
		TEST(a_429_is_waited_out),
		TEST(too_long_a_wait_ends_the_request_and_those_behind_it),
		TEST(the_servers_own_figures_are_learned),
		TEST(the_ceiling_holds_requests_back),
		TEST(an_open_breaker_sends_nothing_and_is_told_of_once),
		TEST(without_retry_budget_the_first_answer_stands),
		TEST(redirects_are_followed_as_far_as_asked),
		TEST(redirects_lead_nowhere_else),
		TEST(the_guard_judges_the_address_not_the_name),
		TEST(large_answers_are_cut_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
