/* The engine with many requests in hand: their order, their end, and what others see of them. */
#include "net/http.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>

#include "check.h"
#include "http_client.h"

/* -- many at once -- */

static void requests_run_side_by_side(void **state)
{
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 20, .per_host = 20 });
	for (int i = 0; i < 20; i++)
		submit(h, get("/meet/20")); /* none is answered before all are there */
	finish_all(h);
	for (int i = 0; i < 20; i++)
		assert_int_equal(got[i].response.status, 200);
	assert_int_equal(server.most_inside, 20);
	http_free(h);
}

static void no_more_than_the_window_and_the_hosts_share(void **state)
{
	static const struct {
		unsigned in_flight, per_host, hosts, most;
	} rows[] = { { 10, 3, 1, 3 }, { 4, 10, 1, 4 }, { 7, 3, 4, 7 } };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char path[32];
		server.most_inside = server.arrived = 0;
		struct http *h = open_engine((struct http_options){ .in_flight = rows[i].in_flight, .per_host = rows[i].per_host });
		snprintf(path, sizeof path, "/meet/%u", rows[i].most); /* so many are reached, too */
		for (unsigned n = 0; n < 40; n++) {
			char host[32];
			snprintf(host, sizeof host, "h%u.localhost", n % rows[i].hosts);
			struct http_spec spec = get(path);
			spec.url = url_of(host, path);
			submit(h, spec);
		}
		assert_int_equal(http_pending(h), 40);
		finish_all(h);
		assert_int_equal(got_count, 40);
		assert_int_equal(server.most_inside, rows[i].most);
		http_free(h);
	}
}

static void one_connection_keeps_the_order(void **state)
{
	static char marks[30];
	(void)state;
	struct http *h = open_engine((struct http_options){ .per_host = 1 });
	for (unsigned i = 0; i < COUNT(marks); i++) {
		char path[32];
		snprintf(path, sizeof path, "/status/%u", 220 + i);
		struct http_spec spec = get(path);
		spec.arg = &marks[i];
		submit(h, spec);
	}
	finish_all(h);
	for (unsigned i = 0; i < COUNT(marks); i++) {
		char line[32];
		snprintf(line, sizeof line, "GET /status/%u", 220 + i);
		assert_string_equal(server.log[i].line, line);
		assert_ptr_equal(got[i].arg, &marks[i]);
	}
	assert_int_equal(server.connections, 1);
	struct http_totals totals = http_totals(h);
	assert_int_equal(totals.requests, 30);
	assert_int_equal(totals.attempts, 30);
	assert_int_equal(totals.retries, 0);
	assert_int_equal(totals.bytes_in, 300); /* "status 2xx" */
	http_free(h);
}

static void waiting_for_a_place_costs_no_part_of_the_deadline(void **state)
{
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 4, .per_host = 1 });
	struct http_spec spec = get("/stall");
	spec.timeout_ms = 150;
	submit(h, spec);
	spec.url = url_of("127.0.0.1", "/ok");
	submit(h, spec);
	finish_all(h);
	assert_int_equal(got[0].response.result, HTTP_TIMED_OUT);
	assert_int_equal(got[1].response.status, 200);
	assert_true(got[1].response.wait_ms >= 149);
	assert_true(got[1].response.ms < 149);
	http_free(h);
}

/* The delay of the first is over while the second stalls: then it comes before the third. */
static void who_waited_longest_goes_first(void **state)
{
	static const char *const lines[] = { "GET /limited/1", "GET /stall", "GET /limited/1", "GET /ok" };
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 1 });
	struct http_spec spec = get("/limited/1");
	spec.retry = HTTP_RETRY_UNSENT;
	submit(h, spec);
	spec = get("/stall");
	spec.timeout_ms = 400;
	submit(h, spec);
	submit(h, get("/ok"));
	finish_all(h);
	assert_int_equal(server.logged, COUNT(lines));
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_string_equal(server.log[i].line, lines[i]);
	http_free(h);
}

static struct http *chain_engine;

static void submit_next(const struct http_response *r, void *arg)
{
	note(r, arg);
	if (got_count < 10) {
		struct http_spec spec = get("/ok");
		spec.done = submit_next;
		submit(chain_engine, spec);
	}
}

static void a_done_function_may_submit(void **state)
{
	(void)state;
	struct http_spec spec = get("/ok");
	spec.done = submit_next;
	chain_engine = open_engine((struct http_options){ .in_flight = 2 });
	submit(chain_engine, spec);
	finish_all(chain_engine);
	assert_int_equal(got_count, 10);
	assert_int_equal(server.logged, 10);
	http_free(chain_engine);
}

static void a_step_ends_when_an_fd_is_ready_or_at_its_end(void **state)
{
	int pipe_fds[2];
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 2 });
	submit(h, get("/stall"));
	assert_int_equal(pipe(pipe_fds), 0);
	int fds[] = { -1, pipe_fds[0] };
	while (count_line("GET /stall") == 0)
		http_step(h, 10, fds, 2);
	assert_int_equal(write(pipe_fds[1], "x", 1), 1);
	int64_t start = clock_steady_us();
	assert_int_equal(http_step(h, 60000, fds, 2), 1);
	char byte;
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	close(pipe_fds[1]);
	assert_int_equal(http_step(h, 60000, fds, 2), 1);
	assert_true(clock_steady_us() - start < 30000000);
	start = clock_steady_us();
	for (int64_t left = 50; left > 0; left = 50 - (clock_steady_us() - start) / 1000)
		assert_int_equal(http_step(h, (int)left, NULL, 0), 1);
	close(pipe_fds[0]);
	http_free(h);
	assert_int_equal(got_count, 1);
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	(void)number;
	alarms = alarms + 1;
}

static void a_step_ends_on_a_signal(void **state)
{
	sigset_t set;
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 1 });
	submit(h, get("/stall"));
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = count_alarm }, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 50000 }, NULL);
	int64_t start = clock_steady_us();
	while (alarms == 0)
		assert_int_equal(http_step(h, 15000, NULL, 0), 1);
	assert_true(clock_steady_us() - start < 10000000);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	http_free(h);
}

static void cancelled_requests_end_once(void **state)
{
	(void)state;
	struct http *h = open_engine((struct http_options){ .in_flight = 2 });
	struct governor *governor = make_governor(10);
	struct http_spec later = get("/limited/9");
	later.retry = HTTP_RETRY_SAFE;
	submit(h, later);
	while (http_totals(h).retries == 0)
		http_step(h, 1, NULL, 0);
	struct http_spec stall = get("/stall");
	stall.governor = governor;
	for (int i = 0; i < 5; i++)
		submit(h, stall);
	while (count_line("GET /stall") < 1)
		http_step(h, 10, NULL, 0);
	http_cancel_all(h);
	assert_int_equal(got_count, 0);
	assert_int_equal(http_pending(h), 6);
	assert_int_equal(http_step(h, 0, NULL, 0), 0);
	assert_int_equal(got_count, 6);
	for (size_t i = 0; i < got_count; i++) {
		assert_int_equal(got[i].response.result, HTTP_CANCELLED);
		assert_string_equal(got[i].response.error, "cancelled");
	}
	assert_in_range(governor_state(governor, clock_steady_us()).busy, 1, 2); /* what was sent may have been counted */
	assert_int_equal(governor_state(governor, clock_steady_us()).retry_tokens, 500);
	submit(h, get("/ok"));
	finish_all(h);
	assert_int_equal(got[6].response.status, 200);
	http_free(h);
	governor_free(governor);
}

static void submit_in_vain(const struct http_response *r, void *arg)
{
	struct http_spec spec = get("/ok");
	note(r, arg);
	assert_false(http_submit(chain_engine, &spec));
}

static void freeing_ends_what_is_left(void **state)
{
	(void)state;
	struct http_spec spec = get("/stall");
	spec.done = submit_in_vain;
	chain_engine = open_engine((struct http_options){ .in_flight = 1 });
	submit(chain_engine, spec);
	submit(chain_engine, spec);
	http_step(chain_engine, 0, NULL, 0);
	http_free(chain_engine);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].response.result, HTTP_CANCELLED);
	assert_int_equal(got[1].response.result, HTTP_CANCELLED);
	http_free(NULL);
}

/* -- what others see -- */

static void each_attempt_writes_a_span(void **state)
{
	char path[] = "/tmp/http_test.XXXXXX", text[8192];
	(void)state;
	close(mkstemp(path));
	struct trace *trace = trace_open(path, "hs-tasks");
	struct http_spec spec = get("/fail-then-ok/1");
	spec.retry = HTTP_RETRY_SAFE;
	spec.max_wait_ms = 1;
	spec.op = "crm.read";
	spec.task = slice_of("9001");
	spec.count = 3;
	run_with((struct http_options){ .trace = trace }, spec);
	spec = get("/close");
	run_with((struct http_options){ .trace = trace }, spec);
	assert_true(trace_close(trace));
	int fd = open(path, O_RDONLY);
	ssize_t len = read(fd, text, sizeof text - 1);
	close(fd);
	unlink(path);
	assert_true(len > 0);
	struct slice rest = { text, (size_t)len }, line;
	static const char *const wants[][3] = {
		{ "\"op\":\"crm.read\",\"ms\":", "\"status\":\"error\",\"code\":\"500\",\"task\":\"9001\",\"count\":3,\"trace\":",
			"\"tool\":\"hs-tasks\"" },
		{ "\"op\":\"crm.read\",\"ms\":", "\"status\":\"ok\",\"task\":\"9001\",\"count\":3,\"trace\":", "\"wait_ms\":" },
		{ "\"op\":\"http\",\"ms\":", "\"status\":\"error\",\"code\":\"broken\",\"trace\":", "\"ts\":\"20" },
	};
	for (size_t i = 0; i < COUNT(wants); i++) {
		assert_true(slice_split(&rest, '\n', &line));
		for (size_t k = 0; k < 3; k++)
			if (slice_find_nocase(line, slice_of(wants[i][k])) == NULL)
				fail_msg("%.*s lacks %s", (int)line.len, line.ptr, wants[i][k]);
	}
	assert_int_equal(rest.len, 0);
}

static char warnings[4096];

__attribute__((format(printf, 1, 2))) static void keep_warning(const char *format, ...)
{
	size_t len = strlen(warnings);
	va_list args;
	va_start(args, format);
	vsnprintf(warnings + len, sizeof warnings - len, format, args);
	va_end(args);
	strcat(warnings, "\n");
}

static void waiting_is_said_once_a_second(void **state)
{
	char want[256];
	(void)state;
	struct http_spec spec = get("/fail-then-ok/3");
	spec.retry = HTTP_RETRY_SAFE;
	spec.max_wait_ms = 1;
	warnings[0] = '\0';
	run_with((struct http_options){ .warn = keep_warning }, spec);
	snprintf(want, sizeof want, "GET http://127.0.0.1:%u: status 500; trying again in 0.0 s\n", server.port);
	assert_string_equal(warnings, want);
	warnings[0] = '\0';
	run_with((struct http_options){ .warn = keep_warning, .quiet_retries = true }, spec);
	assert_string_equal(warnings, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_run_side_by_side),
		TEST(no_more_than_the_window_and_the_hosts_share),
		TEST(one_connection_keeps_the_order),
		TEST(waiting_for_a_place_costs_no_part_of_the_deadline),
		TEST(who_waited_longest_goes_first),
		TEST(a_done_function_may_submit),
		TEST(a_step_ends_when_an_fd_is_ready_or_at_its_end),
		TEST(a_step_ends_on_a_signal),
		TEST(cancelled_requests_end_once),
		TEST(freeing_ends_what_is_left),
		TEST(each_attempt_writes_a_span),
		TEST(waiting_is_said_once_a_second),
	};
	/* Threads of the server start with this mask: the signal finds the engine. */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
