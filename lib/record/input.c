#include "record/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 256 << 10, PIPE_BYTES = 1 << 20, TAIL_BYTES = 1 + SCAN_CHUNK_BYTES /* an LF that was missing, and what may be read behind it */ };

void input_init(struct input *in, char **paths, size_t max_line_bytes)
{
	static char standard_input[] = "-", *only_standard_input[] = { standard_input, NULL };
	*in = (struct input){ .max_line_bytes = max_line_bytes, .name = "stdin", .fd = -1 };
	in->paths = paths == NULL || paths[0] == NULL ? only_standard_input : paths;
	buf_init(&in->head, FAULT_INPUT_BYTES);
}

static void close_file(struct input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
	in->is_open = false;
}

void input_release(struct input *in)
{
	close_file(in);
	scan_release(&in->scan);
	buf_release(&in->head);
	free(in->block);
}

static enum input_result fail(struct input *in, const char *doing, int error)
{
	in->doing = doing;
	in->error = error;
	return INPUT_FAILED;
}

static enum input_result open_file(struct input *in)
{
	const char *path = *in->paths++;
	struct stat info;
	bool is_standard_input = strcmp(path, "-") == 0;
	in->name = is_standard_input ? "stdin" : path;
	in->line = 0;
	in->fd = is_standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0)
		return fail(in, "opening", errno);
	in->is_open = true;
	in->at_end = false;
	in->never_waits = fstat(in->fd, &info) == 0 && S_ISREG(info.st_mode);
	/* Refused where it is no pipe or the user has too many: only slower then. */
	(void)fcntl(in->fd, F_SETPIPE_SZ, PIPE_BYTES);
	return INPUT_READ_ON;
}

bool input_is_ready(struct input *in)
{
	if (!in->is_open && (*in->paths == NULL || open_file(in) != INPUT_READ_ON))
		return true;
	struct pollfd p = { in->fd, POLLIN, 0 };
	return in->never_waits || poll(&p, 1, 0) > 0;
}

/* Room for a block behind what is no line yet. */
static bool make_room(struct input *in)
{
	size_t rest = in->len - in->indexed;
	if (in->indexed > 0) {
		memmove(in->block, in->block + in->indexed, rest);
		in->len = rest;
		in->indexed = in->next_line = in->next_entry = 0;
		in->scan.count = 0;
	}
	if (in->cap - in->len >= READ_BYTES && in->block != NULL)
		return true;
	size_t cap = in->cap == 0 ? READ_BYTES : in->cap;
	while (cap - in->len < READ_BYTES)
		cap += cap;
	if (cap > in->max_line_bytes + 2 * READ_BYTES)
		cap = in->max_line_bytes + 2 * READ_BYTES;
	char *block = realloc(in->block, cap + TAIL_BYTES);
	if (block == NULL)
		return false;
	in->block = block;
	in->cap = cap;
	return true;
}

/* Indexes all whole lines. What comes before `from` holds no LF. */
static enum input_result index_lines(struct input *in, size_t from)
{
	const char *last = from == in->len ? NULL : memrchr(in->block + from, '\n', in->len - from);
	if (last == NULL)
		return INPUT_READ_ON;
	in->indexed = (size_t)(last - in->block) + 1;
	/* Eight bytes behind a line's end may be read: never undefined ones. */
	memset(in->block + in->len, 0, LINE_SLACK_BYTES);
	if (!scan_block(&in->scan, (struct slice){ in->block, in->indexed }))
		return fail(in, "reading", ENOMEM);
	return INPUT_READ_ON;
}

/* The line that is being read has become too long: only its head is kept. */
static void begin_skipping(struct input *in)
{
	buf_reset(&in->head);
	buf_put(&in->head, in->block, in->len < FAULT_INPUT_BYTES ? in->len : FAULT_INPUT_BYTES);
	in->long_bytes = in->len;
	in->len = 0;
	in->is_skipping = true;
}

/* Drops what belongs to the line that is too long. */
static enum input_result skip(struct input *in)
{
	const char *line_feed = in->len == 0 ? NULL : memchr(in->block, '\n', in->len);
	size_t more = line_feed == NULL ? in->len : (size_t)(line_feed - in->block);
	if (in->head.len < FAULT_INPUT_BYTES)
		buf_put(&in->head, in->block, more < FAULT_INPUT_BYTES - in->head.len ? more : FAULT_INPUT_BYTES - in->head.len);
	in->long_bytes += more;
	if (line_feed == NULL && !in->at_end) {
		in->len = 0;
		return INPUT_READ_ON;
	}
	size_t gone = line_feed == NULL ? more : more + 1;
	memmove(in->block, in->block + gone, in->len - gone);
	in->len -= gone;
	in->is_skipping = false;
	in->has_long_line = true;
	in->line++;
	return index_lines(in, 0);
}

static enum input_result end_file(struct input *in)
{
	in->at_end = true;
	close_file(in);
	if (in->is_skipping)
		return skip(in);
	if (in->len > in->indexed) {
		in->block[in->len++] = '\n';
		return index_lines(in, in->indexed);
	}
	return INPUT_READ_ON;
}

enum input_result input_read(struct input *in)
{
	if (in->error != 0)
		return INPUT_FAILED;
	if (!in->is_open) {
		if (*in->paths == NULL)
			return INPUT_END;
		if (open_file(in) == INPUT_FAILED)
			return INPUT_FAILED;
	}
	if (!make_room(in))
		return fail(in, "reading", ENOMEM);
	size_t from = in->len;
	ssize_t n = read(in->fd, in->block + in->len, READ_BYTES);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? INPUT_READ_ON : fail(in, "reading", errno);
	if (n == 0)
		return end_file(in);
	in->len += (size_t)n;
	if (in->is_skipping)
		return skip(in);
	enum input_result result = index_lines(in, from);
	if (result == INPUT_READ_ON && in->indexed == 0 && in->len > in->max_line_bytes)
		begin_skipping(in);
	return result;
}

enum input_result input_next(struct input *in, struct record *r, enum line_result *result, struct json_error *error)
{
	if (in->has_long_line) {
		in->has_long_line = false;
		return INPUT_LONG_LINE;
	}
	if (in->next_line == in->indexed)
		return INPUT_READ_ON;
	in->line++;
	*result = line_check(r, &in->scan, in->block, in->next_line, in->next_entry, in->line == 1, error);
	size_t bytes = r->end - r->start;
	in->next_line = r->end + 1;
	in->next_entry += r->count;
	if (bytes <= in->max_line_bytes)
		return INPUT_LINE;
	buf_reset(&in->head);
	buf_put(&in->head, in->block + r->start, bytes < FAULT_INPUT_BYTES ? bytes : FAULT_INPUT_BYTES);
	in->long_bytes = bytes;
	return INPUT_LONG_LINE;
}
