#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAX_LINE_BYTES = 64 << 10 };

bool calls_open(struct calls *c, const char *path)
{
	*c = (struct calls){ .fd = -1 };
	if (path != NULL)
		c->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return path == NULL || c->fd >= 0;
}

void calls_close(struct calls *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void count(struct calls *c, const struct call_line *line)
{
	size_t i = 0;
	c->total++;
	c->objects += line->objects;
	c->by_status[line->status < CALLS_MAX_STATUS ? line->status : 0]++;
	while (i < c->name_count && (c->by[i].operation != line->operation || c->by[i].type != line->type))
		i++;
	if (i == CALLS_MAX_NAMES)
		return;
	if (i == c->name_count) {
		c->name_count++;
		c->by[i].operation = line->operation;
		c->by[i].type = line->type;
	}
	c->by[i].count++;
}

/* One write, so that lines stay whole for whoever follows the file. */
static void write_line(struct calls *c, const struct call_line *line)
{
	char at[CLOCK_TEXT_BYTES];
	struct buf out;
	struct jsonw w;
	clock_format(line->at_ms, at);
	buf_init(&out, MAX_LINE_BYTES);
	jsonw_init(&w, &out);
	jsonw_object(&w);
	jsonw_put_text(&w, "ts", at);
	jsonw_put_text(&w, "op", line->operation);
	jsonw_put_text(&w, "method", line->method);
	jsonw_put_string(&w, "path", line->path);
	jsonw_put_int(&w, "status", line->status);
	jsonw_put_int(&w, "objects", line->objects);
	if (line->fault != NULL)
		jsonw_put_text(&w, "fault", line->fault);
	if (line->effect != 0)
		jsonw_put_int(&w, "effect", line->effect);
	jsonw_name(&w, "ms");
	jsonw_double(&w, (double)line->us / 1000);
	jsonw_object_end(&w);
	buf_putc(&out, '\n');
	errno = out.failed ? ENOMEM : ENOSPC;
	if ((out.failed || write(c->fd, buf_text(&out), out.len) != (ssize_t)out.len) && c->error == 0)
		c->error = errno;
	buf_release(&out);
}

void calls_add(struct calls *c, const struct call_line *line)
{
	count(c, line);
	if (c->fd >= 0)
		write_line(c, line);
}

void calls_report(const struct calls *c, int64_t late, struct buf *out)
{
	char name[128];
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_int(&w, "total", c->total);
	jsonw_put_int(&w, "objects", c->objects);
	jsonw_name(&w, "by");
	jsonw_object(&w);
	for (size_t i = 0; i < c->name_count; i++) {
		snprintf(name, sizeof name, "%s%s%s", c->by[i].operation, c->by[i].type == NULL ? "" : " ",
			c->by[i].type == NULL ? "" : c->by[i].type);
		jsonw_put_int(&w, name, c->by[i].count);
	}
	jsonw_object_end(&w);
	jsonw_name(&w, "status");
	jsonw_object(&w);
	for (int status = 0; status < CALLS_MAX_STATUS; status++) {
		snprintf(name, sizeof name, "%d", status);
		if (c->by_status[status] > 0)
			jsonw_put_int(&w, name, c->by_status[status]);
	}
	jsonw_object_end(&w);
	jsonw_put_int(&w, "late", late);
	jsonw_object_end(&w);
}
