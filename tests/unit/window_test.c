/* record/window: whatever the order in which records are finished, they leave in the order in which they came. */
#include "record/window.h"

#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static struct stream *s;
static struct window *w;
static char path[] = "/tmp/window_test.XXXXXX";
static int fd;

static int set_up(void **state)
{
	(void)state;
	strcpy(path, "/tmp/window_test.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	unlink(path);
	struct stream_options opt = { .tool = "t", .out_fd = fd };
	s = stream_open(&opt);
	w = s == NULL ? NULL : window_new(s);
	return w == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	window_free(w);
	int status = stream_close(s);
	close(fd);
	return status;
}

static struct record *record_of(const char *line)
{
	struct json_error error;
	struct record *r = record_new();
	assert_non_null(r);
	assert_true(record_parse(r, slice_of(line), &error));
	return r;
}

static uint64_t add(int number)
{
	char line[32];
	snprintf(line, sizeof line, "{\"n\":%d}", number);
	return window_add(w, record_of(line));
}

/* What has come out so far. */
static void check_output(const char *want)
{
	static char bytes[1 << 16];
	stream_flush(s);
	ssize_t n = pread(fd, bytes, sizeof bytes, 0);
	assert_true(n >= 0);
	check_text("output", (struct slice){ bytes, (size_t)n }, slice_of(want));
}

static void records_leave_in_input_order(void **state)
{
	uint64_t ticket[5];
	(void)state;
	for (int i = 0; i < 5; i++)
		ticket[i] = add(i);
	assert_int_equal(window_waiting(w), 5);
	window_finish(w, ticket[2]);
	window_finish(w, ticket[1]);
	check_output("");
	record_put(window_record(w, ticket[0]), "x", slice_of("1"));
	window_finish(w, ticket[0]);
	check_output("{\"n\":0,\"x\":1}\n{\"n\":1}\n{\"n\":2}\n");
	assert_int_equal(window_waiting(w), 2);
	window_drop(w, ticket[4]);
	assert_null(window_record(w, ticket[4]));
	window_finish(w, ticket[3]);
	check_output("{\"n\":0,\"x\":1}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
	assert_int_equal(window_waiting(w), 0);
	/* A ticket that is settled stays settled. */
	window_finish(w, ticket[3]);
	window_drop(w, ticket[0]);
	assert_null(window_record(w, ticket[0]));
	check_output("{\"n\":0,\"x\":1}\n{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
}

static void room_ends_with_the_number_of_records(void **state)
{
	uint64_t first = 0;
	(void)state;
	for (int i = 0; i < WINDOW_RECORDS; i++) {
		assert_true(window_has_room(w));
		uint64_t ticket = add(i);
		if (i == 0)
			first = ticket;
		else
			window_drop(w, ticket);
	}
	/* Only the first is unfinished, but it holds back all. */
	assert_int_equal(window_waiting(w), 1);
	assert_false(window_has_room(w));
	window_drop(w, first);
	assert_true(window_has_room(w));
	check_output("");
}

static void room_ends_with_the_bytes(void **state)
{
	struct buf line;
	uint64_t first = 0;
	size_t count = 0;
	(void)state;
	buf_init(&line, 1 << 20);
	buf_puts(&line, "{\"a\":\"");
	while (line.len < 1000000)
		buf_puts(&line, "0123456789");
	buf_puts(&line, "\"}");
	for (; window_has_room(w); count++) {
		uint64_t ticket = window_add(w, record_of(buf_text(&line)));
		if (count == 0)
			first = ticket;
	}
	assert_int_equal(count, 5);
	window_drop(w, first);
	assert_true(window_has_room(w));
	/* What a record grows by counts, too. */
	uint64_t last = add(1);
	record_put(window_record(w, last), "x", (struct slice){ line.ptr + 5, line.len - 6 });
	window_finish(w, last);
	assert_false(window_has_room(w));
	buf_release(&line);
}

static void finish_each(uint64_t ticket, struct record *r, void *arg)
{
	size_t *count = arg;
	record_put_error(r, "t", "interrupted", true, "stopped");
	window_finish(w, ticket);
	++*count;
}

static void unfinished_records_are_handed_back_in_order(void **state)
{
	size_t count = 0;
	uint64_t ticket[3];
	(void)state;
	for (int i = 0; i < 3; i++)
		ticket[i] = add(i);
	window_finish(w, ticket[1]);
	window_each(w, finish_each, &count);
	assert_int_equal(count, 2);
	check_output("{\"n\":0,\"error\":{\"tool\":\"t\",\"code\":\"interrupted\",\"message\":\"stopped\",\"retryable\":true}}\n{\"n\":1}\n"
		     "{\"n\":2,\"error\":{\"tool\":\"t\",\"code\":\"interrupted\",\"message\":\"stopped\",\"retryable\":true}}\n");
	assert_int_equal(stream_status(s), 1);
}

static int tear_down_with_errors(void **state)
{
	return tear_down(state) == 1 ? 0 : -1;
}

static void what_is_left_is_freed(void **state)
{
	(void)state;
	add(1);
	window_finish(w, add(2));
	check_output("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_leave_in_input_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(room_ends_with_the_number_of_records, set_up, tear_down),
		cmocka_unit_test_setup_teardown(room_ends_with_the_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unfinished_records_are_handed_back_in_order, set_up, tear_down_with_errors),
		cmocka_unit_test_setup_teardown(what_is_left_is_freed, set_up, tear_down),
	};
	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
