#include "record/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { FLUSH_BYTES = 256 << 10, PENDING_MAX_BYTES = 8 << 20, PIPE_BYTES = 1 << 20 };

void output_init(struct output *out, int fd)
{
	*out = (struct output){ .fd = fd };
	buf_init(&out->pending, PENDING_MAX_BYTES);
	if (fd >= 0)
		(void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

void output_release(struct output *out)
{
	buf_release(&out->pending);
}

void output_line_done(struct output *out, size_t line_at)
{
	if (out->pending.failed) {
		if (out->error == 0)
			out->error = ENOMEM;
		out->pending.len = line_at;
		out->pending.failed = false;
	}
	if (out->pending.len >= FLUSH_BYTES || out->fd < 0 || out->error != 0)
		output_flush(out);
}

void output_flush(struct output *out)
{
	size_t done = 0;
	/* What was whole before memory ran out still goes out. */
	while (out->fd >= 0 && (out->error == 0 || out->error == ENOMEM) && done < out->pending.len) {
		ssize_t n = write(out->fd, out->pending.ptr + done, out->pending.len - done);
		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			/* Somebody made the shared terminal or pipe non-blocking. */
			struct pollfd p = { out->fd, POLLOUT, 0 };
			poll(&p, 1, -1);
		} else if (errno != EINTR) {
			out->error = errno;
		}
	}
	buf_reset(&out->pending);
}
