/* net/cassette: what was recorded comes back, in its order, run by run, and holds no secret. */
#include "net/cassette.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/cassette_test.XXXXXX";
static char dir[64], state_dir[64];

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *place)
{
	(void)about;
	(void)kind;
	(void)place;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(dir, sizeof dir, "%s/tape", folder);
	snprintf(state_dir, sizeof state_dir, "%s/state", folder);
	return mkdir(state_dir, 0700);
}

static int tear_down(void **state)
{
	(void)state;
	nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	return 0;
}

#define TAPE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static struct cassette *begin(bool is_replay, const char *program, const char *options)
{
	char error[CASSETTE_ERROR_BYTES];
	const struct cassette_run run = {
		.dir = dir, .program = slice_of(program), .options = slice_of(options), .now_ms = 1767604800123, .host = "box", .state_dir = state_dir
	};
	struct cassette *c = is_replay ? cassette_replay(&run, error) : cassette_record(&run, error);
	if (c == NULL)
		fail_msg("%s", error);
	return c;
}

static struct cassette *record(const char *program, const char *options)
{
	return begin(false, program, options);
}

static struct cassette *replay(const char *program, const char *options)
{
	return begin(true, program, options);
}

static void check_refused(const char *program, const char *options, const char *want)
{
	char error[CASSETTE_ERROR_BYTES];
	const struct cassette_run run = { .dir = dir, .program = slice_of(program), .options = slice_of(options), .state_dir = state_dir };
	assert_null(cassette_replay(&run, error));
	if (strstr(error, want) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", want, error);
}

static void put(struct cassette *c, const char *url, const char *body, const char *content)
{
	cassette_put(c,
		&(struct exchange){ .method = "POST",
			.url = url,
			.body = slice_of(body),
			.response = { .result = HTTP_ANSWERED, .status = 200, .body = slice_of(content), .retry_after_ms = -1 } });
}

/* The answer's text; "-" where there is none. */
static const char *ask(struct cassette *c, const char *url, const char *body)
{
	static char text[4096];
	uint64_t turn;
	struct exchange x = { .method = "POST", .url = url, .body = slice_of(body) };
	if (!cassette_get(c, &x, &turn))
		return "-";
	snprintf(text, sizeof text, "%.*s", (int)x.response.body.len, x.response.body.ptr);
	return text;
}

static void an_exchange_comes_back_as_it_was(void **state)
{
	static const struct exchange rows[] = {
		{ "GET", "http://a.example/", SLICE(""),
			{ .result = HTTP_ANSWERED,
				.status = 200,
				.body = SLICE("{\"a\":\"\\u00e4\\\"\n\"}"),
				.headers = SLICE("HTTP/1.1 200 OK\r\nDate: x\r\nA: b\r\n\r\n"),
				.effective_url = "http://b.example/",
				.address = "127.0.0.1",
				.ms = 12.345,
				.retry_after_ms = -1 } },
		{ "POST", "http://a.example/", SLICE("{}"),
			{ .result = HTTP_ANSWERED, .status = 429, .body = SLICE("\0\x01\x7f\x80\xff caf\xe9"), .retry_after_ms = 1500 } },
		{ "GET", "http://c.example/", SLICE("\xff\0"), { .result = HTTP_TIMED_OUT, .error = "no answer within 10 s", .retry_after_ms = -1 } },
		{ "GET", "http://d.example/", SLICE(""), { .result = HTTP_OUT_OF_BUDGET, .status = 429, .error = "later", .retry_after_ms = 9 } },
	};
	(void)state;
	struct cassette *c = record("enrich", "");
	assert_false(cassette_is_replay(c));
	for (size_t i = 0; i < COUNT(rows); i++)
		cassette_put(c, &rows[i]);
	assert_true(cassette_close(c));
	c = replay("enrich", "");
	assert_true(cassette_is_replay(c));
	assert_int_equal(cassette_now_ms(c), 1767604800123);
	assert_string_equal(cassette_host(c), "box");
	for (size_t i = COUNT(rows); i-- > 0;) {
		struct exchange x = { rows[i].method, rows[i].url, rows[i].body, { .status = 0 } };
		const struct http_response *want = &rows[i].response, *got = &x.response;
		uint64_t turn = 0;
		assert_true(cassette_get(c, &x, &turn));
		check_int(rows[i].url, (int64_t)turn, (int64_t)i + 1);
		check_int(rows[i].url, got->result, want->result);
		check_int(rows[i].url, got->status, want->status);
		check_int(rows[i].url, got->retry_after_ms, want->retry_after_ms);
		check_int(rows[i].url, (int64_t)(got->ms * 1000), (int64_t)(want->ms * 1000));
		check_text("body", got->body, want->body);
		check_text("headers", got->headers, want->headers);
		check_text("url", slice_of(got->effective_url), slice_of(want->effective_url));
		assert_string_equal(got->error, want->error);
		assert_string_equal(got->address, want->address);
		assert_false(cassette_get(c, &x, &turn)); /* it was asked once */
	}
	assert_string_equal(cassette_missing(c), "GET http://d.example/");
	assert_true(cassette_close(c));
}

static void the_same_request_is_answered_in_the_recorded_order(void **state)
{
	(void)state;
	struct cassette *c = record("p", "");
	put(c, "http://a/", "x", "one");
	put(c, "http://a/", "y", "other");
	put(c, "http://a/", "x", "two");
	put(c, "http://b/", "x", "elsewhere");
	cassette_close(c);
	for (int n = 0; n < 2; n++) {
		c = replay("p", "");
		assert_string_equal(ask(c, "http://a/", "x"), "one");
		assert_string_equal(ask(c, "http://b/", "x"), "elsewhere");
		assert_string_equal(ask(c, "http://a/", "x"), "two");
		assert_string_equal(ask(c, "http://a/", "y"), "other");
		assert_null(cassette_missing(c));
		assert_string_equal(ask(c, "http://a/", "x"), "-");
		assert_string_equal(ask(c, "http://a/", "z"), "-");
		assert_string_equal(cassette_missing(c), "POST http://a/");
		cassette_close(c);
	}
}

static void runs_are_told_apart_and_follow_each_other(void **state)
{
	(void)state;
	for (int n = 1; n <= 3; n++) {
		char text[16];
		struct cassette *c = record("hs-tasks claim", "--type=a\n");
		snprintf(text, sizeof text, "a%d", n);
		put(c, "http://a/", "", text);
		cassette_close(c);
	}
	struct cassette *c = record("hs-tasks claim", "--type=b\n");
	put(c, "http://a/", "", "b");
	cassette_close(c);
	for (int n = 0; n < 7; n++) { /* the last is followed by the first again */
		char want[16];
		snprintf(want, sizeof want, "a%d", n % 3 + 1);
		c = replay("hs-tasks claim", "--type=a\n");
		assert_string_equal(ask(c, "http://a/", ""), want);
		cassette_close(c);
	}
	c = replay("hs-tasks claim", "--type=b\n");
	assert_string_equal(ask(c, "http://a/", ""), "b");
	cassette_close(c);
	check_refused("hs-tasks claim", "--type=c\n", "holds no run of hs-tasks claim with these options");
	check_refused("hs-tasks", "--type=a\n", "holds no run of hs-tasks with these options");
}

/* Runs side by side may be given each other's session: what is not in one's own is found in the others. */
static void what_is_not_in_the_own_session_is_found_in_another_run_of_the_kind(void **state)
{
	(void)state;
	for (int n = 0; n < 3; n++) {
		char url[32];
		struct cassette *c = record("enrich", "");
		snprintf(url, sizeof url, "http://%d/", n);
		put(c, url, "", url);
		cassette_close(c);
	}
	struct cassette *c = replay("enrich", "");
	assert_string_equal(ask(c, "http://2/", ""), "http://2/");
	assert_string_equal(ask(c, "http://0/", ""), "http://0/");
	assert_string_equal(ask(c, "http://1/", ""), "http://1/");
	assert_string_equal(ask(c, "http://3/", ""), "-");
	cassette_close(c);
}

static void many_may_begin_at_once(void **state)
{
	enum { PROCESSES = 16 };
	pid_t children[PROCESSES];
	(void)state;
	for (int i = 0; i < PROCESSES; i++)
		if ((children[i] = fork()) == 0) {
			char text[16];
			struct cassette *c = record("p", "");
			snprintf(text, sizeof text, "%d", i);
			put(c, "http://a/", "", text);
			_exit(cassette_close(c) ? 0 : 1);
		}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	unsigned seen = 0;
	for (int i = 0; i < PROCESSES; i++) {
		struct cassette *c = replay("p", "");
		seen |= 1U << atoi(ask(c, "http://a/", ""));
		cassette_close(c);
	}
	assert_int_equal(seen, (1U << PROCESSES) - 1);
}

static void tokens_are_the_same_again_whatever_the_order_of_their_keys(void **state)
{
	static const char *const keys[] = { "a", "b", "a", "" };
	static const size_t other_order[] = { 3, 1, 0, 2 };
	unsigned char first[4][SHA256_BYTES], again[SHA256_BYTES];
	(void)state;
	struct cassette *c = record("p", "");
	for (size_t i = 0; i < 4; i++)
		assert_true(cassette_random(c, slice_of(keys[i]), first[i]));
	cassette_close(c);
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(first[i], first[k], SHA256_BYTES);
	c = replay("p", "");
	for (size_t i = 0; i < 4; i++) {
		assert_true(cassette_random(c, slice_of(keys[other_order[i]]), again));
		assert_memory_equal(again, first[other_order[i]], SHA256_BYTES);
	}
	cassette_close(c);
	c = record("p", ""); /* another run draws others */
	assert_true(cassette_random(c, slice_of("a"), again));
	assert_memory_not_equal(again, first[0], SHA256_BYTES);
	cassette_close(c);
}

static void an_event_is_what_it_was_in_the_recording(void **state)
{
	(void)state;
	struct cassette *c = record("p", "");
	assert_true(cassette_event(c, slice_of("late 1"), true));
	assert_false(cassette_event(c, slice_of("late 2"), false));
	put(c, "http://a/", "", "one");
	assert_true(cassette_event(c, slice_of("late 1"), true));
	cassette_close(c);
	for (int pass = 0; pass < 2; pass++) {
		c = replay("p", "");
		assert_true(cassette_event(c, slice_of("late 1"), false));
		assert_true(cassette_event(c, slice_of("late 1"), false));
		assert_false(cassette_event(c, slice_of("late 1"), true));
		assert_false(cassette_event(c, slice_of("late 2"), true));
		assert_string_equal(ask(c, "http://a/", ""), "one");
		assert_null(cassette_missing(c));
		cassette_close(c);
	}
}

/* Makes a file in the folder of the pass; whether it was there already. */
static bool leave_a_trace(const struct cassette *c)
{
	char path[8192];
	snprintf(path, sizeof path, "%s/trace", cassette_state_dir(c));
	bool was_there = access(path, F_OK) == 0;
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	return was_there;
}

static size_t count_passes(void)
{
	char path[512];
	size_t count = 0;
	DIR *d = opendir(state_dir), *inner;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		snprintf(path, sizeof path, "%s/%.255s", state_dir, e->d_name);
		inner = e->d_name[0] == '.' ? NULL : opendir(path);
		for (struct dirent *pass; inner != NULL && (pass = readdir(inner)) != NULL;)
			count += strncmp(pass->d_name, "pass-", 5) == 0;
		if (inner != NULL)
			closedir(inner);
	}
	closedir(d);
	return count;
}

/* What the runs of one pass leave for each other is not there in the next, nor in a replay of what was recorded anew. */
static void every_pass_has_a_folder_of_its_own(void **state)
{
	(void)state;
	for (int n = 0; n < 2; n++) {
		struct cassette *c = record("claim", "");
		assert_null(cassette_state_dir(c));
		cassette_close(c);
	}
	cassette_close(record("complete", ""));
	for (int pass = 0; pass < 4; pass++) {
		struct cassette *a = replay("claim", ""), *b = replay("complete", "");
		assert_string_equal(cassette_state_dir(a), cassette_state_dir(b));
		assert_false(leave_a_trace(a));
		cassette_close(a);
		a = replay("claim", "");
		assert_true(leave_a_trace(a));
		cassette_close(a);
		cassette_close(b);
	}
	check_int("passes kept", (int64_t)count_passes(), 2);
	nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	cassette_close(record("claim", ""));
	struct cassette *c = replay("claim", "");
	assert_false(leave_a_trace(c));
	cassette_close(c);
}

/* All files of the folder, one after the other. */
static struct slice everything(void)
{
	static char text[1 << 20];
	size_t len = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		int fd = openat(dirfd(d), e->d_name, O_RDONLY);
		ssize_t n = e->d_name[0] == '.' ? 0 : read(fd, text + len, sizeof text - len);
		assert_true(n >= 0);
		len += (size_t)n;
		close(fd);
	}
	closedir(d);
	return (struct slice){ text, len };
}

static void no_secret_is_written_and_requests_match_all_the_same(void **state)
{
	static const char secret[] = "my-own-secret", pat[] = "pat-na1-11111111-2222-3333-4444-555555555555";
	char url[128], body[256], headers[256], content[256];
	(void)state;
	snprintf(url, sizeof url, "http://a/?hapikey=%s&k=%s", pat, secret);
	snprintf(body, sizeof body, "{\"a\":\"%s\",\"password\":\"hunter22\"}", secret);
	snprintf(headers, sizeof headers, "HTTP/1.1 200 OK\r\nX-Echo: %s\r\nSet-Cookie: s=cookie-value; Path=/\r\n\r\n", secret);
	snprintf(content, sizeof content, "Bearer %s %s", pat, secret);
	struct cassette *c = record("p", "--max-age=1h\n");
	assert_true(cassette_hide(c, slice_of(secret)));
	cassette_put(c,
		&(struct exchange){ "POST", url, slice_of(body),
			{ .result = HTTP_BROKEN,
				.status = 0,
				.headers = slice_of(headers),
				.body = slice_of(content),
				.effective_url = "http://a/?access_token=zzzz",
				.error = "my-own-secret was refused" } });
	assert_true(cassette_close(c));
	struct slice all = everything();
	static const char *const words[] = { secret, pat, "hunter22", "cookie-value", "zzzz" };
	for (size_t i = 0; i < COUNT(words); i++)
		if (memmem(all.ptr, all.len, words[i], strlen(words[i])) != NULL)
			fail_msg("%s is in the cassette", words[i]);
	c = replay("p", "--max-age=1h\n");
	assert_string_equal(ask(c, url, body), "-"); /* as long as it does not know the secret */
	cassette_hide(c, slice_of(secret));
	assert_string_equal(ask(c, url, body), "Bearer REDACTED REDACTED");
	cassette_close(c);
}

static void append(const char *text)
{
	char path[512];
	DIR *d = opendir(dir);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (strstr(e->d_name, ".jsonl") != NULL)
			snprintf(path, sizeof path, "%s/%.255s", dir, e->d_name);
	closedir(d);
	int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void a_torn_end_is_left_out_and_damage_is_named(void **state)
{
	(void)state;
	struct cassette *c = record("p", "");
	put(c, "http://a/", "", "one");
	cassette_close(c);
	append("{\"method\":\"POST\",\"url\":\"http://b/");
	c = replay("p", "");
	assert_string_equal(ask(c, "http://a/", ""), "one");
	cassette_close(c);
	append("\n");
	check_refused("p", "", ".1.jsonl:3: ");
	tear_down(NULL);
	set_up(NULL);
	cassette_close(record("p", ""));
	append("{\"method\":\"POST\",\"url\":\"http://b/\",\"result\":\"fine\"}\n");
	check_refused("p", "", ".1.jsonl:2: no exchange");
	tear_down(NULL);
	set_up(NULL);
	cassette_close(record("p", ""));
	char id[128];
	snprintf(id, sizeof id, "%s/cassette.id", dir);
	assert_int_equal(truncate(id, 7), 0);
	check_refused("p", "", "is no whole cassette: its cassette.id is missing or damaged");
}

static void says_why_it_cannot_begin(void **state)
{
	char error[CASSETTE_ERROR_BYTES];
	const struct cassette_run run = { .dir = "/nowhere/at/all", .program = SLICE("p"), .options = SLICE(""), .host = "", .state_dir = state_dir };
	(void)state;
	assert_null(cassette_record(&run, error));
	assert_string_equal(error, "/nowhere/at/all: No such file or directory");
	assert_null(cassette_replay(&run, error));
	assert_string_equal(error, "/nowhere/at/all: holds no run of p with these options (p.e3b0c442)");
}

static void a_full_disk_is_told_at_the_end(void **state)
{
	struct rlimit before, small;
	(void)state;
	struct cassette *c = record("p", "");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ .rlim_cur = 300, .rlim_max = before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	put(c, "http://a/", "", "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789");
	bool ok = cassette_close(c);
	int error = errno;
	setrlimit(RLIMIT_FSIZE, &before);
	assert_false(ok);
	assert_int_equal(error, EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TAPE_TEST(an_exchange_comes_back_as_it_was),
		TAPE_TEST(the_same_request_is_answered_in_the_recorded_order),
		TAPE_TEST(runs_are_told_apart_and_follow_each_other),
		TAPE_TEST(what_is_not_in_the_own_session_is_found_in_another_run_of_the_kind),
		TAPE_TEST(many_may_begin_at_once),
		TAPE_TEST(tokens_are_the_same_again_whatever_the_order_of_their_keys),
		TAPE_TEST(an_event_is_what_it_was_in_the_recording),
		TAPE_TEST(every_pass_has_a_folder_of_its_own),
		TAPE_TEST(no_secret_is_written_and_requests_match_all_the_same),
		TAPE_TEST(a_torn_end_is_left_out_and_damage_is_named),
		TAPE_TEST(says_why_it_cannot_begin),
		TAPE_TEST(a_full_disk_is_told_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
