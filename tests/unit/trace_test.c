#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "check.h"

#define GIVEN "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static char path[] = "/tmp/trace_test.XXXXXX";

static int set_up(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	unsetenv("LEADPIPE_TRACE");
	unsetenv("TRACEPARENT");
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	strcpy(strrchr(path, '.'), ".XXXXXX");
	return 0;
}

/* The whole file; borrowed until the next call. */
static struct slice written(void)
{
	static char text[1 << 20];
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t len = read(fd, text, sizeof text);
	assert_true(len >= 0 && len < (ssize_t)sizeof text);
	close(fd);
	return (struct slice){ text, (size_t)len };
}

/* The line with its span's id, which is chance, made x's after its form was checked. */
static struct slice without_id(struct slice line)
{
	static char copy[4096];
	assert_true(line.len < sizeof copy);
	memcpy(copy, line.ptr, line.len);
	copy[line.len] = '\0';
	char *id = strstr(copy, "\"span\":\"");
	assert_non_null(id);
	id += 8;
	assert_int_equal(strspn(id, "0123456789abcdef"), 16);
	memset(id, 'x', 16);
	return (struct slice){ copy, line.len };
}

static void a_span_is_one_line_with_these_bytes(void **state)
{
	static const struct {
		const char *name;
		struct span span;
		const char *want; /* up to the ids */
	} rows[] = {
		{ "all members",
			{ .op = "web.fetch",
				.due_ms = 1763888400123,
				.ms = 312.4,
				.wait_ms = 12,
				.is_error = true,
				.code = "429",
				.task = SLICE("9001"),
				.count = 3,
				.is_cached = true,
				.is_replayed = true },
			"{\"ts\":\"2025-11-23T09:00:00.123Z\",\"tool\":\"enrich\",\"op\":\"web.fetch\",\"ms\":312.4,\"wait_ms\":12,\"status\":\"error\",\"code\":\"429\","
			"\"task\":\"9001\",\"count\":3,\"cached\":true,\"replayed\":true" },
		{ "none that can be missing", { .op = "crm.read", .due_ms = 0 },
			"{\"ts\":\"1970-01-01T00:00:00.000Z\",\"tool\":\"enrich\",\"op\":\"crm.read\",\"ms\":0,\"wait_ms\":0,\"status\":\"ok\"" },
		{ "to the microsecond", { .op = "x", .due_ms = 1, .ms = 1.23456, .wait_ms = 0.0004 },
			"{\"ts\":\"1970-01-01T00:00:00.001Z\",\"tool\":\"enrich\",\"op\":\"x\",\"ms\":1.235,\"wait_ms\":0,\"status\":\"ok\"" },
		{ "hostile text", { .op = "x", .task = SLICE("a\"\n\x1b") },
			"{\"ts\":\"1970-01-01T00:00:00.000Z\",\"tool\":\"enrich\",\"op\":\"x\",\"ms\":0,\"wait_ms\":0,\"status\":\"ok\",\"task\":\"a\\\"\\n\\u001b\"" },
	};
	(void)state;
	setenv("TRACEPARENT", GIVEN, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char want[1024];
		assert_int_equal(truncate(path, 0), 0);
		struct trace *t = trace_open(path, "enrich");
		assert_non_null(t);
		trace_span(t, &rows[i].span);
		assert_true(trace_close(t));
		snprintf(want, sizeof want,
			"%s,\"trace\":\"0af7651916cd43dd8448eb211c80319c\",\"span\":\"xxxxxxxxxxxxxxxx\",\"parent\":\"b7ad6b7169203331\"}\n",
			rows[i].want);
		check_text(rows[i].name, without_id(written()), slice_of(want));
	}
}

static void traceparent_is_taken_and_handed_on(void **state)
{
	static const struct {
		const char *given, *want; /* NULL: a new one */
	} rows[] = {
		{ GIVEN, GIVEN },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00" },
		{ "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", GIVEN },
		{ "", NULL },
		{ "x", NULL },
		{ GIVEN "-more", NULL },
		{ "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more", NULL },
		{ "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL },
		{ "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL },
		{ "00-00000000000000000000000000000000-b7ad6b7169203331-01", NULL },
		{ "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", NULL },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01", NULL },
		{ "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("TRACEPARENT", rows[i].given, 1);
		struct trace *t = trace_open(path, "enrich"), *other = trace_open(path, "enrich");
		assert_non_null(t);
		const char *got = trace_parent(t);
		if (rows[i].want != NULL) {
			check_text(rows[i].given, slice_of(got), slice_of(rows[i].want));
		} else {
			assert_int_equal(strlen(got), 55);
			assert_int_equal(strspn(got + 3, "0123456789abcdef"), 32);
			assert_int_equal(strspn(got + 36, "0123456789abcdef"), 16);
			assert_memory_equal(got, "00-", 3);
			assert_string_equal(got + 52, "-01");
			assert_string_not_equal(got, trace_parent(other));
		}
		trace_close(other);
		trace_close(t);
	}
}

static void no_path_is_no_trace_and_no_error(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		errno = EIO;
		assert_null(trace_open(NULL, "enrich"));
		assert_int_equal(errno, 0);
		setenv("LEADPIPE_TRACE", "", 1);
	}
	trace_span(NULL, &(struct span){ .op = "x" });
	assert_null(trace_parent(NULL));
	assert_true(trace_close(NULL));
}

static void the_environment_names_the_file(void **state)
{
	(void)state;
	setenv("LEADPIPE_TRACE", path, 1);
	struct trace *t = trace_open(NULL, "enrich");
	assert_non_null(t);
	trace_span(t, &(struct span){ .op = "x" });
	assert_true(trace_close(t));
	assert_true(slice_starts(written(), "{\"ts\":"));
}

static void a_file_that_cannot_be_opened_is_an_error(void **state)
{
	(void)state;
	assert_null(trace_open("/nonexistent/trace.jsonl", "enrich"));
	assert_int_equal(errno, ENOENT);
}

static void a_full_disk_is_an_error_at_the_end(void **state)
{
	(void)state;
	struct trace *t = trace_open("/dev/full", "enrich");
	assert_non_null(t);
	trace_span(t, &(struct span){ .op = "x" });
	trace_span(t, &(struct span){ .op = "y" });
	errno = 0;
	assert_false(trace_close(t));
	assert_int_equal(errno, ENOSPC);
}

/* Four processes, two of them with long lines: every line is whole, and each process's lines are all there. */
static void parallel_processes_share_a_file(void **state)
{
	enum { PROCESSES = 4, SPANS = 300 };
	static char task[600];
	size_t lines = 0, of[PROCESSES] = { 0 };
	struct slice rest, line;
	struct arena arena;
	(void)state;
	memset(task, '7', sizeof task);
	for (int p = 0; p < PROCESSES; p++)
		if (fork() == 0) {
			char tool[2] = { (char)('0' + p), '\0' };
			struct trace *t = trace_open(path, tool);
			for (int i = 0; t != NULL && i < SPANS; i++)
				trace_span(t, &(struct span){ .op = "x", .count = i + 1, .task = { task, p % 2 == 0 ? sizeof task : 4 } });
			_exit(t != NULL && trace_close(t) ? 0 : 1);
		}
	for (int p = 0; p < PROCESSES; p++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	arena_init(&arena, 1 << 20);
	for (rest = written(); slice_split(&rest, '\n', &line); lines += line.len > 0) {
		struct json_error error;
		const struct json *root = line.len == 0 ? NULL : json_parse(&arena, line, &error);
		int64_t count;
		if (line.len == 0)
			continue;
		assert_non_null(root);
		struct slice tool = json_string(root, "tool", "");
		assert_int_equal(tool.len, 1);
		assert_true(json_int(json_get(root, "count"), &count));
		assert_int_equal(count, ++of[tool.ptr[0] - '0']);
		arena_reset(&arena);
	}
	arena_release(&arena);
	assert_int_equal(lines, PROCESSES * SPANS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_span_is_one_line_with_these_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(traceparent_is_taken_and_handed_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_path_is_no_trace_and_no_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_environment_names_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_is_an_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_is_an_error_at_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(parallel_processes_share_a_file, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
