/* record/stream: what becomes of each line, of each bad day of input and output, and when output is written. */
#include "record/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "record/expr.h"

enum { BLOCK_BYTES = 256 << 10 };

/* -- help -- */

static struct buf warnings;

static void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void warn(const char *format, ...)
{
	char line[4096];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	buf_puts(&warnings, line);
	buf_putc(&warnings, '\n');
}

/* A file that holds the text, gone once it is closed; at its beginning. */
static int file_of(struct slice text)
{
	char path[] = "/tmp/stream_test.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	for (size_t done = 0; done < text.len;) {
		ssize_t n = write(fd, text.ptr + done, text.len - done);
		assert_true(n > 0);
		done += (size_t)n;
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void read_back(int fd, struct buf *out)
{
	char bytes[65536];
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;)
		buf_put(out, bytes, (size_t)n);
}

/* Reads `input` through a stream whose caller puts x:1 into every record that it gets, and gives what came out; returns the status. */
static int run(const struct stream_options *options, struct slice input, struct buf *output)
{
	char path[64], *paths[] = { path, NULL };
	struct stream_options opt = *options;
	int in = file_of(input), out = file_of((struct slice){ "", 0 });
	snprintf(path, sizeof path, "/dev/fd/%d", in);
	buf_reset(&warnings);
	opt.tool = "t";
	opt.paths = paths;
	opt.out_fd = out;
	opt.warn = warn;
	struct stream *s = stream_open(&opt);
	assert_non_null(s);
	for (struct record *r; (r = stream_next(s)) != NULL;) {
		if (!opt.hand_out_all || !stream_is_passing(s))
			record_put(r, "x", slice_of("1"));
		stream_put(s, r);
	}
	int status = stream_close(s);
	buf_reset(output);
	read_back(out, output);
	close(in);
	close(out);
	return status;
}

static struct buf output;

static int set_up(void **state)
{
	(void)state;
	buf_init(&output, 64 << 20);
	buf_init(&warnings, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&output);
	buf_release(&warnings);
	return 0;
}

/* -- lines -- */

static void each_line_comes_out_in_its_place(void **state)
{
	static const struct {
		const char *name, *input, *want;
		int status;
	} rows[] = {
		{ "empty input", "", "", 0 },
		{ "one record", "{\"a\":1}\n", "{\"a\":1,\"x\":1}\n", 0 },
		{ "no final LF", "{\"a\":1}", "{\"a\":1,\"x\":1}\n", 0 },
		{ "CR LF", "{\"a\":1}\r\n{}\r\n", "{\"a\":1,\"x\":1}\r\n{\"x\":1}\r\n", 0 },
		{ "blank lines", "\n{}\n \t\r\n\n{}\n", "\n{\"x\":1}\n \t\r\n\n{\"x\":1}\n", 0 },
		{ "a byte-order mark", "\xef\xbb\xbf{\"a\":1}\n{}\n", "\xef\xbb\xbf{\"a\":1,\"x\":1}\n{\"x\":1}\n", 0 },
		{ "only a byte-order mark", "\xef\xbb\xbf\n{}\n", "\xef\xbb\xbf\n{\"x\":1}\n", 0 },
		{ "an error passes", "{\"error\":{\"tool\":\"a\",\"code\":\"b\"}, \"task\":{}}\n{}\n",
			"{\"error\":{\"tool\":\"a\",\"code\":\"b\"}, \"task\":{}}\n{\"x\":1}\n", 1 },
		{ "a column named error", "{\"error\":\"none\"}\n", "{\"error\":\"none\",\"x\":1}\n", 0 },
		{ "the service was down", "{\"error\":{\"tool\":\"a\",\"code\":\"service_down\"}}\n",
			"{\"error\":{\"tool\":\"a\",\"code\":\"service_down\"}}\n", 69 },
		{ "one contact's service was down", "{\"contact\":{},\"error\":{\"tool\":\"a\",\"code\":\"service_down\"}}\n",
			"{\"contact\":{},\"error\":{\"tool\":\"a\",\"code\":\"service_down\"}}\n", 1 },
		{ "the last that broke off counts",
			"{\"error\":{\"tool\":\"a\",\"code\":\"service_down\"}}\n{\"error\":{\"tool\":\"a\",\"code\":\"try_later\"}}\n{\"error\":{\"tool\":\"a\",\"code\":\"b\"}}\n",
			"{\"error\":{\"tool\":\"a\",\"code\":\"service_down\"}}\n{\"error\":{\"tool\":\"a\",\"code\":\"try_later\"}}\n{\"error\":{\"tool\":\"a\",\"code\":\"b\"}}\n",
			75 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int all = 0; all < 2; all++) {
			struct stream_options opt = { .hand_out_all = all == 1 };
			int status = run(&opt, slice_of(rows[i].input), &output);
			check_text(rows[i].name, buf_slice(&output), slice_of(rows[i].want));
			check_int(rows[i].name, status, rows[i].status);
			check_text(rows[i].name, buf_slice(&warnings), slice_of(""));
		}
}

static void a_line_that_is_no_record_comes_out_as_an_error_that_carries_it(void **state)
{
	static const struct {
		const char *line;
		size_t len;
		const char *want, *warning;
	} rows[] = {
		{ "{\"score\":", 9,
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"message\":\"not a JSON object: unexpected end at byte 9\",\"retryable\":false,\"line\":2,\"offset\":9,\"input\":\"{\\\"score\\\":\"}}",
			"not a JSON object: unexpected end at byte 9" },
		{ "[1]", 3,
			"{\"error\":{\"tool\":\"t\",\"code\":\"not_an_object\",\"message\":\"not a JSON object: found an array at byte 0\",\"retryable\":false,\"line\":2,\"offset\":0,\"input\":\"[1]\"}}",
			"not a JSON object: found an array at byte 0" },
		{ "{\"a\":\"\0\"}", 9,
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"message\":\"not a JSON object: NUL byte at byte 6\",\"retryable\":false,\"line\":2,\"offset\":6,\"input\":\"{\\\"a\\\":\\\"\\u0000\\\"}\"}}",
			"not a JSON object: NUL byte at byte 6" },
		{ "{\"a\":\"\xff\"}", 9,
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_utf8\",\"message\":\"not a JSON object: broken UTF-8 at byte 6\",\"retryable\":false,\"line\":2,\"offset\":6,\"input_base64\":\"eyJhIjoi/yJ9\"}}",
			"not a JSON object: broken UTF-8 at byte 6" },
		{ "\xef\xbb\xbf{}", 5,
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"message\":\"not a JSON object: not a JSON value at byte 0\",\"retryable\":false,\"line\":2,\"offset\":0,\"input\":\"\xef\xbb\xbf{}\"}}",
			"not a JSON object: not a JSON value at byte 0" },
		{ "\xff", 1,
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"message\":\"not a JSON object: not a JSON value at byte 0\",\"retryable\":false,\"line\":2,\"offset\":0,\"input_base64\":\"/w==\"}}",
			"not a JSON object: not a JSON value at byte 0" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int mode = 0; mode < 3; mode++) {
			struct buf input, want, again;
			struct stream_options opt = { .hand_out_all = mode == 1, .is_sink = mode == 2 };
			buf_init(&input, 4096);
			buf_init(&want, 4096);
			buf_init(&again, 4096);
			buf_puts(&input, "{}\n");
			buf_put(&input, rows[i].line, rows[i].len);
			buf_puts(&input, "\n{}\n");
			buf_printf(&want, "{\"x\":1}\n%s\n{\"x\":1}\n", rows[i].want);
			assert_int_equal(run(&opt, buf_slice(&input), &output), 1);
			check_text(rows[i].line, buf_slice(&output), buf_slice(&want));
			assert_non_null(strstr(buf_text(&warnings), ":2: "));
			buf_printf(&again, "%s\n", rows[i].warning);
			check_text(rows[i].line, slice_of(strstr(buf_text(&warnings), ":2: ") + 4), buf_slice(&again));
			buf_release(&input);
			buf_release(&want);
			buf_release(&again);
		}
}

static void retry_takes_errors_off_and_reads_their_input_again(void **state)
{
	static const struct {
		const char *name, *input, *want;
		int status;
	} rows[] = {
		{ "an error of ours", "{\"a\":1,\"error\":{\"tool\":\"t\",\"code\":\"c\"}}\n", "{\"a\":1,\"x\":1}\n", 0 },
		{ "a line that is good now",
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"line\":7,\"offset\":1,\"input\":\"{\\\"b\\\": 2}\"}}\n",
			"{\"b\": 2,\"x\":1}\n", 0 },
		{ "one in base64", "{\"error\":{\"tool\":\"t\",\"code\":\"bad_utf8\",\"input_base64\":\"eyJiIjoyfQ==\"}}\n", "{\"b\":2,\"x\":1}\n",
			0 },
		{ "still no record", "{\"error\":{\"tool\":\"u\",\"code\":\"bad_json\",\"line\":7,\"offset\":1,\"input\":\"{]\"}}\n",
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"message\":\"not a JSON object: expected a member name or '}' at byte 1\",\"retryable\":false,\"line\":1,\"offset\":1,\"input\":\"{]\"}}\n",
			1 },
		{ "only its beginning is here", "{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"input\":\"{}\",\"input_bytes\":99999}}\n",
			"{\"error\":{\"tool\":\"t\",\"code\":\"bad_json\",\"input\":\"{}\",\"input_bytes\":99999}}\n", 1 },
		{ "base64 that is none", "{\"error\":{\"tool\":\"t\",\"code\":\"bad_utf8\",\"input_base64\":\"e-Ji\"}}\n", "{\"x\":1}\n", 0 },
		{ "an error within the input",
			"{\"error\":{\"tool\":\"t\",\"code\":\"c\",\"input\":\"{\\\"error\\\":{\\\"tool\\\":\\\"a\\\",\\\"code\\\":\\\"b\\\"},\\\"k\\\":1}\"}}\n",
			"{\"k\":1,\"x\":1}\n", 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stream_options opt = { .retry = true };
		int status = run(&opt, slice_of(rows[i].input), &output);
		check_text(rows[i].name, buf_slice(&output), slice_of(rows[i].want));
		check_int(rows[i].name, status, rows[i].status);
	}
}

static void what_if_turns_away_passes(void **state)
{
	static const char input[] = "{\"n\":1}\n{\"n\":5}\n{\"n\":{}}\n{\"n\":\"x\"}\n\n";
	char error[256];
	(void)state;
	struct expr *e = expr_new(".n + 1 > 3", (struct slice){ NULL, 0 }, error, sizeof error);
	assert_non_null(e);
	struct stream_options opt = { .if_expr = e };
	assert_int_equal(run(&opt, slice_of(input), &output), 0);
	check_text("filter", buf_slice(&output), slice_of("{\"n\":1}\n{\"n\":5,\"x\":1}\n{\"n\":{}}\n{\"n\":\"x\"}\n\n"));
	/* Said once, though two records fail. */
	assert_non_null(strstr(buf_text(&warnings), ":3: --if: "));
	assert_null(strstr(buf_text(&warnings), ":4: "));
	opt.is_sink = true;
	assert_int_equal(run(&opt, slice_of(input), &output), 0);
	check_text("sink", buf_slice(&output), slice_of("{\"n\":5,\"x\":1}\n"));
	expr_free(e);
}

/* -- long lines and borders -- */

static void put_filler(struct buf *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		buf_putc(out, (char)('a' + i % 26));
}

static void a_line_that_is_too_long_is_an_error_and_the_rest_goes_on(void **state)
{
	/* Around the limit, and around the blocks in which input is read; the last also without LF. */
	static const size_t lengths[] = { 1000, 1001, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 2 * BLOCK_BYTES, 3 * BLOCK_BYTES + 5, 17 << 20 };
	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++)
		for (int has_lf = 0; has_lf < 2; has_lf++) {
			struct buf input, head;
			char want[256];
			struct stream_options opt = { .max_line_bytes = 1000 };
			buf_init(&input, 32 << 20);
			buf_init(&head, 1 << 17);
			buf_puts(&input, "{}\n{\"a\":\"");
			put_filler(&input, lengths[i] - 8);
			buf_puts(&input, has_lf ? "\"}\n{}\n" : "\"}");
			int status = run(&opt, buf_slice(&input), &output);
			check_int("status", status, lengths[i] > 1000);
			if (status == 0) {
				buf_release(&input);
				continue;
			}
			put_filler(&head, lengths[i] < 65536 ? lengths[i] - 8 : 65536 - 6);
			snprintf(want, sizeof want,
				"{\"x\":1}\n{\"error\":{\"tool\":\"t\",\"code\":\"line_too_long\",\"message\":\"line longer than 1000 bytes\",\"retryable\":false,\"line\":2,\"offset\":1000,\"input\":\"{\\\"a\\\":\\\"");
			assert_true(output.len > strlen(want) + head.len);
			check_text("head", (struct slice){ output.ptr, strlen(want) }, slice_of(want));
			check_text("input", (struct slice){ output.ptr + strlen(want), head.len }, buf_slice(&head));
			const char *rest = has_lf ? "{\"x\":1}\n" : "", *tail = output.ptr + strlen(want) + head.len;
			if (lengths[i] < 65536)
				snprintf(want, sizeof want, "\\\"}\"}}\n%s", rest);
			else
				snprintf(want, sizeof want, "\",\"input_bytes\":%zu}}\n%s", lengths[i], rest);
			check_text("tail", slice_of(tail), slice_of(want));
			buf_release(&input);
			buf_release(&head);
		}
}

static void a_cut_never_splits_a_character(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		struct buf input;
		struct stream_options opt = { .max_line_bytes = 1000 };
		buf_init(&input, 1 << 20);
		put_filler(&input, shift);
		while (input.len < 70000)
			buf_puts(&input, "\xf0\x9f\x98\x80");
		assert_int_equal(run(&opt, buf_slice(&input), &output), 1);
		assert_null(strstr(buf_text(&output), "base64"));
		assert_non_null(strstr(buf_text(&output), "\xf0\x9f\x98\x80\",\"input_bytes\":"));
		buf_release(&input);
	}
}

static void lines_of_every_length_cross_the_blocks_unharmed(void **state)
{
	struct buf input, want;
	struct stream_options opt = { 0 };
	(void)state;
	buf_init(&input, 64 << 20);
	buf_init(&want, 64 << 20);
	/* Quotes, escapes and LFs come to lie at every distance from a block's end; long lines make the block grow. */
	for (size_t i = 0; input.len < 12 * (size_t)BLOCK_BYTES; i++) {
		size_t at = input.len;
		buf_printf(&input, "{\"n%zu\":\"\\\\\\\"", i);
		put_filler(&input, i % 500 == 499 ? 300000 : i % 211);
		buf_puts(&input, "\xc3\xa9\\n\",\"b\":[1,{\"c\":null}]}");
		buf_put(&want, input.ptr + at, input.len - at - 1);
		buf_puts(&want, ",\"x\":1}\n");
		buf_putc(&input, '\n');
	}
	assert_int_equal(run(&opt, buf_slice(&input), &output), 0);
	assert_int_equal(output.len, want.len);
	assert_memory_equal(output.ptr, want.ptr, want.len);
	buf_release(&input);
	buf_release(&want);
}

static void a_copy_of_a_line_with_a_mark_reads_like_the_line(void **state)
{
	char path[32], *paths[] = { path, NULL };
	int in = file_of(slice_of("\xef\xbb\xbf{\"a\":[7]}\n"));
	struct value v;
	(void)state;
	snprintf(path, sizeof path, "/dev/fd/%d", in);
	struct stream_options opt = { .tool = "t", .paths = paths, .out_fd = -1 };
	struct stream *s = stream_open(&opt);
	struct record *copy = record_copy(stream_next(s));
	assert_null(stream_next(s));
	assert_true(record_path(copy, &v, "a", NULL));
	check_text("a", v.raw, slice_of("[7]"));
	record_put(copy, "x", slice_of("1"));
	buf_reset(&output);
	record_write(copy, &output);
	check_text("copy", buf_slice(&output), slice_of("\xef\xbb\xbf{\"a\":[7],\"x\":1}"));
	record_free(copy);
	assert_int_equal(stream_close(s), 0);
	close(in);
}

/* -- files -- */

static void files_come_one_after_the_other_and_lines_count_from_1_in_each(void **state)
{
	char a[32], b[32], *paths[] = { a, b, NULL };
	int first = file_of(slice_of("{\"a\":1}\n{\"a\":2}")), second = file_of(slice_of("{\"b\":1}\n")), out = file_of((struct slice){ "", 0 });
	(void)state;
	snprintf(a, sizeof a, "/dev/fd/%d", first);
	snprintf(b, sizeof b, "/dev/fd/%d", second);
	struct stream_options opt = { .tool = "t", .paths = paths, .out_fd = out };
	struct stream *s = stream_open(&opt);
	static const int lines[] = { 1, 2, 1 };
	for (size_t i = 0; i < COUNT(lines); i++) {
		char want[64];
		struct record *r = stream_next(s);
		assert_non_null(r);
		snprintf(want, sizeof want, "%s:%d", i < 2 ? a : b, lines[i]);
		assert_string_equal(stream_place(s), want);
		stream_put(s, r);
	}
	assert_null(stream_next(s));
	assert_int_equal(stream_count(s), 3);
	assert_int_equal(stream_close(s), 0);
	read_back(out, (buf_reset(&output), &output));
	check_text("both", buf_slice(&output), slice_of("{\"a\":1}\n{\"a\":2}\n{\"b\":1}\n"));
	close(first);
	close(second);
	close(out);
}

static void a_file_that_cannot_be_read_is_said_and_told_to_the_next_program(void **state)
{
	static const struct {
		const char *path, *warning, *want;
	} rows[] = {
		{ "/nonexistent/x", "opening /nonexistent/x: No such file or directory\n",
			"{\"a\":1}\n{\"error\":{\"tool\":\"t\",\"code\":\"io_failed\",\"message\":\"opening /nonexistent/x: No such file or directory\",\"retryable\":false}}\n" },
		{ "/", "reading /: Is a directory\n",
			"{\"a\":1}\n{\"error\":{\"tool\":\"t\",\"code\":\"io_failed\",\"message\":\"reading /: Is a directory\",\"retryable\":false}}\n" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char a[32], b[32], *paths[] = { a, b, NULL };
		int first = file_of(slice_of("{\"a\":1}")), out = file_of((struct slice){ "", 0 });
		snprintf(a, sizeof a, "/dev/fd/%d", first);
		snprintf(b, sizeof b, "%s", rows[i].path);
		struct stream_options opt = { .tool = "t", .paths = paths, .out_fd = out, .warn = warn };
		buf_reset(&warnings);
		struct stream *s = stream_open(&opt);
		stream_put(s, stream_next(s));
		assert_null(stream_next(s));
		assert_int_equal(stream_status(s), 74);
		assert_int_equal(stream_close(s), 74);
		read_back(out, (buf_reset(&output), &output));
		check_text(rows[i].path, buf_slice(&output), slice_of(rows[i].want));
		check_text(rows[i].path, buf_slice(&warnings), slice_of(rows[i].warning));
		close(first);
		close(out);
	}
}

static void a_full_disk_is_said_once_and_ends_the_stream(void **state)
{
	char path[32], *paths[] = { path, NULL };
	struct buf input;
	(void)state;
	buf_init(&input, 4 << 20);
	for (int i = 0; i < 20000; i++)
		buf_puts(&input, "{\"a\":\"some bytes, so that several blocks are written\"}\n");
	int in = file_of(buf_slice(&input)), full = open("/dev/full", O_WRONLY);
	assert_true(full >= 0);
	snprintf(path, sizeof path, "/dev/fd/%d", in);
	struct stream_options opt = { .tool = "t", .paths = paths, .out_fd = full, .warn = warn };
	buf_reset(&warnings);
	struct stream *s = stream_open(&opt);
	size_t count = 0;
	for (struct record *r; (r = stream_next(s)) != NULL; count++)
		stream_put(s, r);
	assert_true(count < 20000);
	assert_int_equal(stream_close(s), 74);
	assert_int_equal(errno, ENOSPC);
	check_text("warnings", buf_slice(&warnings), slice_of("writing standard output: No space left on device\n"));
	close(in);
	close(full);
	buf_release(&input);
}

/* -- time -- */

static void output_is_written_before_waiting_for_input(void **state)
{
	char path[32], *paths[] = { path, NULL }, bytes[64];
	int in[2], out[2];
	struct record *r;
	(void)state;
	assert_int_equal(pipe(in) | pipe(out), 0);
	snprintf(path, sizeof path, "/dev/fd/%d", in[0]);
	struct stream_options opt = { .tool = "t", .paths = paths, .out_fd = out[1] };
	struct stream *s = stream_open(&opt);
	struct pollfd p = { out[0], POLLIN, 0 };
	assert_int_equal(stream_try_next(s, &r), STREAM_WAIT);
	assert_int_equal(write(in[1], "{\"a\":1}\n{\"a\"", 12), 12);
	assert_int_equal(stream_try_next(s, &r), STREAM_RECORD);
	stream_put(s, r);
	/* More may follow at once: not yet. */
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(stream_try_next(s, &r), STREAM_WAIT);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(read(out[0], bytes, sizeof bytes), 8);
	p = (struct pollfd){ stream_fd(s), POLLIN, 0 };
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(write(in[1], ":2}\n", 4), 4);
	assert_int_equal(poll(&p, 1, 0), 1);
	r = stream_next(s);
	assert_non_null(r);
	check_text("second", record_line(r), slice_of("{\"a\":2}"));
	close(in[1]);
	assert_int_equal(stream_try_next(s, &r), STREAM_END);
	assert_int_equal(stream_close(s), 0);
	close(in[0]);
	close(out[0]);
	close(out[1]);
}

static bool stop_now;

static bool is_stopping(void)
{
	return stop_now;
}

static void a_stopped_stream_hands_out_nothing_more(void **state)
{
	char path[32], *paths[] = { path, NULL };
	int in[2];
	(void)state;
	for (int how = 0; how < 2; how++) {
		assert_int_equal(pipe(in), 0);
		assert_int_equal(write(in[1], "{}\n{}\n", 6), 6);
		snprintf(path, sizeof path, "/dev/fd/%d", in[0]);
		struct stream_options opt = { .tool = "t", .paths = paths, .out_fd = -1, .stopping = is_stopping };
		struct stream *s = stream_open(&opt);
		stop_now = false;
		assert_non_null(stream_next(s));
		if (how == 0)
			stream_stop(s);
		stop_now = how == 1;
		/* The pipe is still open: this would wait. */
		assert_null(stream_next(s));
		assert_int_equal(stream_close(s), 0);
		close(in[0]);
		close(in[1]);
	}
}

static void a_source_says_that_it_broke_off(void **state)
{
	int out = file_of((struct slice){ "", 0 });
	struct stream_options opt = { .tool = "hs-tasks", .out_fd = out };
	(void)state;
	struct stream *s = stream_open(&opt);
	stream_put_line(s, slice_of("{\"task\":{\"id\":\"1\"}}"));
	stream_put_broken(s, "service_down", true, "api.example: \"503\"");
	assert_int_equal(stream_status(s), 69);
	stream_flush(s);
	read_back(out, (buf_reset(&output), &output));
	check_text("source", buf_slice(&output),
		slice_of(
			"{\"task\":{\"id\":\"1\"}}\n{\"error\":{\"tool\":\"hs-tasks\",\"code\":\"service_down\",\"message\":\"api.example: \\\"503\\\"\",\"retryable\":true}}\n"));
	assert_int_equal(stream_close(s), 69);
	close(out);
	assert_int_equal(stream_close(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_comes_out_in_its_place),
		cmocka_unit_test(a_line_that_is_no_record_comes_out_as_an_error_that_carries_it),
		cmocka_unit_test(retry_takes_errors_off_and_reads_their_input_again),
		cmocka_unit_test(what_if_turns_away_passes),
		cmocka_unit_test(a_line_that_is_too_long_is_an_error_and_the_rest_goes_on),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(lines_of_every_length_cross_the_blocks_unharmed),
		cmocka_unit_test(a_copy_of_a_line_with_a_mark_reads_like_the_line),
		cmocka_unit_test(files_come_one_after_the_other_and_lines_count_from_1_in_each),
		cmocka_unit_test(a_file_that_cannot_be_read_is_said_and_told_to_the_next_program),
		cmocka_unit_test(a_full_disk_is_said_once_and_ends_the_stream),
		cmocka_unit_test(output_is_written_before_waiting_for_input),
		cmocka_unit_test(a_stopped_stream_hands_out_nothing_more),
		cmocka_unit_test(a_source_says_that_it_broke_off),
	};
	return cmocka_run_group_tests_name("stream", tests, set_up, tear_down);
}
