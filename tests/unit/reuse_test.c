/* The engine with a cache: what is asked once, what is asked again and how, whose answers are whose, and that of many processes one asks. */
#include "net/http.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "http_client.h"

/* Behind it, whose parameters are called as the path here is. */
#include "database.h"

enum { HOUR_MS = 3600000 };

static struct cache *cache;

static struct cache *open_cache(void)
{
	char error[CACHE_ERROR_BYTES];
	struct cache *c = cache_open(path, 0, error);
	if (c == NULL)
		fail_msg("%s", error);
	return c;
}

static int set_up(void **state)
{
	cache = open_cache();
	return start_server(state);
}

static int tear_down(void **state)
{
	cache_close(cache);
	remove_files(state);
	return stop_server(state);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct http_spec kept(const char *where)
{
	struct http_spec spec = get(where);
	spec.reuse = (struct http_reuse){ .kind = "test", .max_age_ms = HOUR_MS };
	return spec;
}

static const struct got *ask(struct http_spec spec)
{
	return run_with((struct http_options){ .in_flight = 4, .cache = cache }, spec);
}

static void check_asked(const char *line, unsigned times)
{
	check_int(line, count_line(line), times);
}

/* -- one process -- */

static void a_fresh_answer_is_not_asked_for_again(void **state)
{
	static char first_headers[4096];
	(void)state;
	const struct got *g = ask(kept("/ok"));
	assert_int_equal(g->response.source, HTTP_FROM_NETWORK);
	snprintf(first_headers, sizeof first_headers, "%s", g->headers);
	for (int i = 0; i < 2; i++) {
		g = ask(kept("/ok"));
		assert_int_equal(g->response.source, HTTP_FROM_CACHE);
		assert_int_equal(g->response.result, HTTP_ANSWERED);
		assert_int_equal(g->response.status, 200);
		assert_int_equal(g->response.attempts, 0);
		assert_string_equal(g->body, "hello");
		assert_string_equal(g->headers, first_headers);
		assert_string_equal(g->response.error, "");
		assert_string_equal(g->url, url_of("127.0.0.1", "/ok"));
	}
	check_asked("GET /ok", 1);
}

static void no_more_than_it_wants(void **state)
{
	(void)state;
	ask(get("/ok"));
	ask(get("/ok"));
	check_asked("GET /ok", 2);
	ask(kept("/ok"));
	check_asked("GET /ok", 3);
	struct http_spec spec = kept("/ok");
	spec.max_body_bytes = 4;
	assert_int_equal(ask(spec)->response.result, HTTP_TOO_LARGE);
	check_asked("GET /ok", 4);
}

static void what_the_server_says_counts_unless_the_caller_has_a_policy(void **state)
{
	static const struct {
		const char *where;
		unsigned own, policy; /* times asked, of two */
	} rows[] = {
		{ "/headers/Cache-Control:max-age=60", 1, 1 },
		{ "/headers/Cache-Control:max-age=0", 2, 1 },
		{ "/headers/Cache-Control:no-cache", 2, 1 },
		{ "/headers/Cache-Control:no-store", 2, 2 },
		{ "/headers/Vary:*", 2, 2 },
		{ "/headers/Vary:User-Agent", 1, 1 },
		{ "/status/404", 1, 1 },
		{ "/status/302", 2, 1 },
		{ "/status/403", 2, 1 },
		{ "/status/429", 2, 2 },
		{ "/status/500", 2, 2 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int is_policy = 0; is_policy < 2; is_policy++) {
			char line[128];
			struct http_spec spec = kept(rows[i].where);
			spec.reuse.is_policy = is_policy;
			spec.reuse.identity = is_policy ? "policy" : "own"; /* apart from each other */
			snprintf(line, sizeof line, "GET %s", rows[i].where);
			unsigned before = count_line(line);
			ask(spec);
			ask(spec);
			check_int(line, count_line(line) - before, is_policy ? rows[i].policy : rows[i].own);
		}
}

static void age_is_bounded_by_the_caller(void **state)
{
	(void)state;
	ask(kept("/ok"));
	struct http_spec spec = kept("/ok");
	spec.reuse.max_age_ms = 0;
	assert_int_equal(ask(spec)->response.source, HTTP_FROM_NETWORK);
	check_asked("GET /ok", 2);
	assert_int_equal(ask(kept("/ok"))->response.source, HTTP_FROM_CACHE);
}

static void a_server_that_can_say_so_is_only_asked_whether_it_changed(void **state)
{
	static const char *const wheres[] = { "/tagged", "/dated" };
	(void)state;
	for (size_t i = 0; i < COUNT(wheres); i++) {
		struct http_spec spec = kept(wheres[i]);
		spec.reuse.max_age_ms = 0;
		ask(spec);
		for (int n = 0; n < 2; n++) {
			const struct got *g = ask(spec);
			assert_int_equal(g->response.source, HTTP_FROM_NETWORK);
			assert_int_equal(g->response.status, 200);
			assert_string_equal(g->body, "tagged");
		}
		assert_non_null(strstr(got[0].headers, "X-Try: 3\r\n"));
		assert_null(strstr(got[0].headers, "X-Try: 1\r\n"));
		assert_string_equal(ask(kept(wheres[i]))->body, "tagged");
	}
	check_asked("GET /tagged", 3);
	check_asked("GET /dated", 3);
}

static void each_sees_only_its_own(void **state)
{
	static const char *const secret[] = { "Authorization: Bearer one", NULL };
	static const char *const accepts[] = { "Accept: text/plain", NULL };
	(void)state;
	ask(kept("/echo"));
	struct http_spec spec = kept("/echo");
	spec.headers = accepts;
	ask(spec);
	check_asked("GET /echo", 2);
	spec.headers = secret; /* nobody says whose it is */
	ask(spec);
	ask(spec);
	check_asked("GET /echo", 4);
	spec.reuse.identity = "one";
	ask(spec);
	ask(spec);
	check_asked("GET /echo", 5);
	spec.reuse.identity = "other";
	ask(spec);
	check_asked("GET /echo", 6);
	struct http_options options = { .cache = cache, .user_agent = "somebody/1" };
	run_with(options, kept("/echo"));
	run_with(options, kept("/echo"));
	check_asked("GET /echo", 7);
	/* A private address that one may see is not shown to another. */
	assert_int_equal(run_with((struct http_options){ .cache = cache, .guard = true }, kept("/echo"))->response.result, HTTP_REFUSED_ADDRESS);
}

static void a_post_is_kept_only_as_a_read(void **state)
{
	(void)state;
	struct http_spec spec = kept("/echo");
	spec.method = "POST";
	spec.body = slice_of("{\"a\":1}");
	ask(spec);
	ask(spec);
	check_asked("POST /echo", 2);
	spec.reuse.is_policy = true;
	ask(spec);
	assert_int_equal(ask(spec)->response.source, HTTP_FROM_CACHE);
	check_asked("POST /echo", 3);
	spec.body = slice_of("{\"a\":2}");
	ask(spec);
	check_asked("POST /echo", 4);
	spec.method = "PUT";
	ask(spec);
	ask(spec);
	check_asked("PUT /echo", 2);
}

static void a_redirect_that_was_followed_is_not_kept_under_its_first_name(void **state)
{
	(void)state;
	struct http_spec spec = kept("/redirect/301//ok");
	spec.max_redirects = 3;
	ask(spec);
	assert_string_equal(ask(spec)->body, "hello");
	check_asked("GET /redirect/301//ok", 2);
}

static void a_failure_is_kept_for_a_while(void **state)
{
	unsigned port;
	char url[64], error[256];
	(void)state;
	close(open_port(&port));
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", port);
	struct http_spec spec = kept("/");
	spec.url = url;
	assert_int_equal(ask(spec)->response.source, HTTP_FROM_NETWORK);
	assert_int_equal(got[0].response.result, HTTP_UNREACHABLE);
	snprintf(error, sizeof error, "%s", got[0].response.error);
	assert_int_equal(ask(spec)->response.source, HTTP_FROM_CACHE);
	assert_int_equal(got[0].response.result, HTTP_UNREACHABLE);
	assert_string_equal(got[0].response.error, error);
	spec = kept("/cut");
	assert_int_equal(ask(spec)->response.result, HTTP_BROKEN);
	assert_int_equal(ask(spec)->response.result, HTTP_BROKEN);
	check_asked("GET /cut", 1);
}

static void an_old_answer_stands_in_for_an_error_unless_it_must_not(void **state)
{
	(void)state;
	struct http_spec spec = kept("/ok-then-500");
	spec.reuse.max_age_ms = 0;
	assert_int_equal(ask(spec)->response.status, 200);
	const struct got *g = ask(spec);
	assert_int_equal(g->response.status, 200);
	assert_int_equal(g->response.source, HTTP_FROM_CACHE);
	assert_string_equal(g->body, "try 1");
	check_asked("GET /ok-then-500", 2);
	spec = kept("/must-then-500");
	ask(spec);
	assert_int_equal(ask(spec)->response.status, 500);
}

static void the_same_twice_at_once_is_asked_once(void **state)
{
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 4, .cache = cache });
	for (int i = 0; i < 3; i++)
		submit(h, kept("/ok"));
	assert_int_equal(http_pending(h), 3);
	finish_all(h);
	assert_int_equal(got_count, 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(got[i].body, "hello");
	struct http_totals totals = http_totals(h);
	assert_int_equal(totals.requests, 3);
	assert_int_equal(totals.cached, 2);
	assert_int_equal(totals.attempts, 1);
	check_asked("GET /ok", 1);
	http_free(h);
}

static void those_that_wait_are_cancelled_like_the_others(void **state)
{
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 4, .cache = cache });
	submit(h, kept("/stall"));
	submit(h, kept("/stall"));
	while (count_line("GET /stall") == 0)
		http_step(h, 10, NULL, 0);
	http_cancel_all(h);
	finish_all(h);
	assert_int_equal(got_count, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(got[i].response.result, HTTP_CANCELLED);
	submit(h, kept("/ok"));
	finish_all(h);
	assert_int_equal(got[2].response.status, 200);
	http_free(h);
}

/* -- many processes -- */

/* A process of its own that asks once, says when it has begun, and exits with 0 when it has the answer. */
static pid_t ask_in_a_child(const char *where, int says)
{
	pid_t child = fork();
	if (child != 0)
		return child;
	char error[CACHE_ERROR_BYTES];
	struct cache *mine = cache_open(path, 0, error);
	struct http *h = http_new(&(struct http_options){ .cache = mine, .seed = 1 });
	struct http_spec spec = kept(where);
	got_count = 0;
	if (mine == NULL || h == NULL || !http_submit(h, &spec))
		_exit(2);
	http_step(h, 20, NULL, 0);
	if (write(says, "x", 1) != 1)
		_exit(3);
	while (http_step(h, -1, NULL, 0) > 0)
		continue;
	_exit(got_count == 1 && strcmp(got[0].body, "met") == 0 ? 0 : 4);
}

static void wait_for(int says, unsigned count)
{
	char byte;
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(read(says, &byte, 1), 1);
}

static void let_the_server_answer(void)
{
	pthread_mutex_lock(&server.lock);
	server.arrived = 100;
	pthread_cond_broadcast(&server.changed);
	pthread_mutex_unlock(&server.lock);
}

static void of_twelve_processes_one_asks(void **state)
{
	enum { PROCESSES = 12 };
	pid_t children[PROCESSES];
	int says[2];
	(void)state;
	assert_int_equal(pipe2(says, O_CLOEXEC), 0);
	for (int i = 0; i < PROCESSES; i++)
		children[i] = ask_in_a_child("/meet/100", says[1]);
	wait_for(says[0], PROCESSES);
	let_the_server_answer();
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	check_asked("GET /meet/100", 1);
	close(says[0]);
	close(says[1]);
}

static void when_the_one_that_asks_is_killed_another_does(void **state)
{
	pid_t first, others[3];
	int says[2], status;
	(void)state;
	assert_int_equal(pipe2(says, O_CLOEXEC), 0);
	first = ask_in_a_child("/meet/100", says[1]);
	wait_for(says[0], 1);
	while (count_line("GET /meet/100") == 0)
		sched_yield();
	for (size_t i = 0; i < COUNT(others); i++)
		others[i] = ask_in_a_child("/meet/100", says[1]);
	wait_for(says[0], COUNT(others));
	check_asked("GET /meet/100", 1);
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	let_the_server_answer();
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_int_equal(waitpid(others[i], &status, 0), others[i]);
		assert_int_equal(status, 0);
	}
	check_asked("GET /meet/100", 2);
	close(says[0]);
	close(says[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CACHE_TEST(a_fresh_answer_is_not_asked_for_again),
		CACHE_TEST(no_more_than_it_wants),
		CACHE_TEST(what_the_server_says_counts_unless_the_caller_has_a_policy),
		CACHE_TEST(age_is_bounded_by_the_caller),
		CACHE_TEST(a_server_that_can_say_so_is_only_asked_whether_it_changed),
		CACHE_TEST(each_sees_only_its_own),
		CACHE_TEST(a_post_is_kept_only_as_a_read),
		CACHE_TEST(a_redirect_that_was_followed_is_not_kept_under_its_first_name),
		CACHE_TEST(a_failure_is_kept_for_a_while),
		CACHE_TEST(an_old_answer_stands_in_for_an_error_unless_it_must_not),
		CACHE_TEST(the_same_twice_at_once_is_asked_once),
		CACHE_TEST(those_that_wait_are_cancelled_like_the_others),
		CACHE_TEST(of_twelve_processes_one_asks),
		CACHE_TEST(when_the_one_that_asks_is_killed_another_does),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
