#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "record/write.h"

enum { TRACE_ID_CHARS = 32, SPAN_ID_CHARS = 16, PARENT_CHARS = 55, MAX_LINE_BYTES = 64 << 10 };

struct trace {
	int fd;
	int error; /* errno of the first write that failed */
	bool torn; /* the last line is not whole */
	char *tool;
	char parent[PARENT_CHARS + 1]; /* "00-TRACE-SPAN-01" */
	struct random random;
	struct buf line;
};

static void put_hex(char *at, size_t chars, struct random *random)
{
	for (size_t i = 0; i < chars; i++)
		at[i] = "0123456789abcdef"[random_next(random) >> 60];
	at[chars - 1] = at[chars - 1] == '0' ? '1' : at[chars - 1]; /* all zeros would be invalid */
}

/* W3C Trace Context, section 3.2: version "00" has this form; a higher one may go on after it; "ff" and ids of zeros are invalid. */
static bool is_parent(const char *text)
{
	static const char form[PARENT_CHARS + 1] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
	for (size_t i = 0; i < PARENT_CHARS; i++)
		if (text[i] == '\0' || (form[i] == 'x' ? strchr("0123456789abcdef", text[i]) == NULL : text[i] != '-'))
			return false;
	if (strncmp(text, "ff", 2) == 0 || (text[PARENT_CHARS] != '\0' && (strncmp(text, "00", 2) == 0 || text[PARENT_CHARS] != '-')))
		return false;
	return strspn(text + 3, "0") < TRACE_ID_CHARS && strspn(text + 36, "0") < SPAN_ID_CHARS;
}

static void set_parent(struct trace *t)
{
	const char *given = getenv("TRACEPARENT");
	memcpy(t->parent, "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-01", sizeof t->parent);
	if (given != NULL && is_parent(given)) {
		memcpy(t->parent + 3, given + 3, PARENT_CHARS - 3);
		return;
	}
	put_hex(t->parent + 3, TRACE_ID_CHARS, &t->random);
	put_hex(t->parent + 36, SPAN_ID_CHARS, &t->random);
}

struct trace *trace_open(const char *path, const char *tool)
{
	if (path == NULL)
		path = getenv("LEADPIPE_TRACE");
	if (path == NULL || path[0] == '\0') {
		errno = 0;
		return NULL;
	}
	struct trace *t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	buf_init(&t->line, MAX_LINE_BYTES);
	random_seed_real(&t->random);
	set_parent(t);
	t->tool = strdup(tool);
	t->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (t->tool == NULL || t->fd < 0) {
		int error = t->fd < 0 ? errno : ENOMEM;
		trace_close(t);
		errno = error;
		return NULL;
	}
	return t;
}

/* To the microsecond: digits past that are noise. */
static void put_ms(struct jsonw *w, const char *name, double ms)
{
	jsonw_name(w, name);
	jsonw_double(w, round(ms * 1000) / 1000);
}

static void write_line(struct trace *t)
{
	if (t->line.failed) {
		t->error = t->error != 0 ? t->error : EMSGSIZE;
		return;
	}
	ssize_t written;
	do
		written = write(t->fd, t->line.ptr, t->line.len);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)t->line.len) {
		t->torn = false;
		return;
	}
	if (t->error == 0)
		t->error = written < 0 ? errno : ENOSPC;
	t->torn = t->torn || written > 0;
}

void trace_span(struct trace *t, const struct span *span)
{
	char when[CLOCK_TEXT_BYTES], id[SPAN_ID_CHARS];
	struct jsonw w;
	if (t == NULL)
		return;
	clock_format(span->due_ms, when);
	put_hex(id, sizeof id, &t->random);
	buf_reset(&t->line);
	if (t->torn)
		buf_putc(&t->line, '\n');
	jsonw_init(&w, &t->line);
	jsonw_object(&w);
	jsonw_put_text(&w, "ts", when);
	jsonw_put_text(&w, "tool", t->tool);
	jsonw_put_text(&w, "op", span->op);
	put_ms(&w, "ms", span->ms);
	put_ms(&w, "wait_ms", span->wait_ms);
	jsonw_put_text(&w, "status", span->is_error ? "error" : "ok");
	if (span->code != NULL)
		jsonw_put_text(&w, "code", span->code);
	if (span->task.len > 0)
		jsonw_put_string(&w, "task", span->task);
	if (span->count != 0)
		jsonw_put_int(&w, "count", span->count);
	if (span->is_cached)
		jsonw_put_bool(&w, "cached", true);
	if (span->is_replayed)
		jsonw_put_bool(&w, "replayed", true);
	jsonw_put_string(&w, "trace", (struct slice){ t->parent + 3, TRACE_ID_CHARS });
	jsonw_put_string(&w, "span", (struct slice){ id, SPAN_ID_CHARS });
	jsonw_put_string(&w, "parent", (struct slice){ t->parent + 36, SPAN_ID_CHARS });
	jsonw_object_end(&w);
	buf_putc(&t->line, '\n');
	write_line(t);
}

const char *trace_parent(const struct trace *t)
{
	return t == NULL ? NULL : t->parent;
}

bool trace_close(struct trace *t)
{
	if (t == NULL)
		return true;
	int error = t->error;
	if (t->fd >= 0 && close(t->fd) != 0 && error == 0)
		error = errno;
	buf_release(&t->line);
	free(t->tool);
	free(t);
	errno = error;
	return error == 0;
}
