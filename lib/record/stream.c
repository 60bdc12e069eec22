#include "record/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/expr.h"
#include "record/input.h"
#include "record/output.h"
#include "record/write.h"

enum { STATUS_SOME_FAILED = 1, STATUS_IO_FAILED = 74, STOP_CHECK_MS = 250 };

struct stream {
	struct stream_options opt;
	struct input in;
	struct output out;
	struct record *line; /* the line in hand */
	struct record *other; /* what was made of it: an error record, or the line that an error record carried */
	struct buf text, place, answer;
	bool is_passing, is_stopped, has_failed, has_warned_if;
	bool had_error; /* a record with an error went out */
	int broken_status; /* of the last error record without task */
	uint64_t count;
};

struct stream *stream_open(const struct stream_options *options)
{
	struct stream *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->opt = *options;
	if (s->opt.max_line_bytes == 0)
		s->opt.max_line_bytes = STREAM_MAX_LINE_BYTES;
	s->line = record_new();
	s->other = record_new();
	if (s->line == NULL || s->other == NULL) {
		record_free(s->line);
		record_free(s->other);
		free(s);
		errno = ENOMEM;
		return NULL;
	}
	input_init(&s->in, options->paths, s->opt.max_line_bytes);
	output_init(&s->out, options->out_fd);
	/* An error record may be six times as long as the input that it carries. */
	buf_init(&s->text, s->opt.max_line_bytes + 8 * (size_t)FAULT_INPUT_BYTES);
	buf_init(&s->place, 1 << 16);
	buf_init(&s->answer, 1 << 16);
	return s;
}

/* -- failing -- */

static void fail(struct stream *s, const char *doing, const char *what, int error)
{
	if (s->has_failed)
		return;
	s->has_failed = true;
	if (s->opt.warn != NULL)
		s->opt.warn("%s %s: %s", doing, what, strerror(error));
}

static void check_output(struct stream *s)
{
	if (s->out.error != 0)
		fail(s, "writing", "standard output", s->out.error);
}

/* -- writing -- */

/* Whether a record stands for no task: an error in it is then the run's. */
static bool has_subject(const struct record *r)
{
	struct value v;
	return record_path(r, &v, "task", NULL) || record_path(r, &v, "contact", NULL) || record_path(r, &v, "company", NULL);
}

static void count_error(struct stream *s, const struct record *r)
{
	struct slice code;
	if (!record_has_error(r, &code))
		return;
	s->had_error = true;
	int status = record_code_status(code);
	if (status != 0 && !has_subject(r))
		s->broken_status = status;
}

void stream_put(struct stream *s, const struct record *r)
{
	size_t at = s->out.pending.len;
	count_error(s, r);
	record_write(r, &s->out.pending);
	buf_putc(&s->out.pending, '\n');
	if (r->failed)
		s->out.pending.failed = true;
	output_line_done(&s->out, at);
	check_output(s);
}

void stream_put_line(struct stream *s, struct slice line)
{
	size_t at = s->out.pending.len;
	buf_put_slice(&s->out.pending, line);
	buf_putc(&s->out.pending, '\n');
	output_line_done(&s->out, at);
	check_output(s);
}

void stream_put_broken(struct stream *s, const char *code, bool retryable, const char *message)
{
	struct jsonw w;
	buf_reset(&s->text);
	jsonw_init(&w, &s->text);
	jsonw_object(&w);
	jsonw_name(&w, "error");
	jsonw_object(&w);
	jsonw_put_text(&w, "tool", s->opt.tool);
	jsonw_put_text(&w, "code", code);
	jsonw_put_text(&w, "message", message);
	jsonw_put_bool(&w, "retryable", retryable);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
	s->had_error = true;
	int status = record_code_status(slice_of(code));
	if (status != 0)
		s->broken_status = status;
	stream_put_line(s, buf_slice(&s->text));
}

void stream_flush(struct stream *s)
{
	output_flush(&s->out);
	check_output(s);
}

/* -- reading -- */

const char *stream_place(const struct stream *s)
{
	struct buf *place = &((struct stream *)(uintptr_t)s)->place;
	buf_reset(place);
	buf_printf(place, "%s:%" PRIu64, s->in.name, s->in.line);
	return buf_text(place);
}

/* Lets a record pass: into the output, or to a caller who keeps the order. */
static bool pass(struct stream *s, struct record *r, bool is_error, struct record **handed_out)
{
	if (s->opt.hand_out_all) {
		s->is_passing = true;
		*handed_out = r;
		return true;
	}
	if (is_error || !s->opt.is_sink)
		stream_put(s, r);
	return false;
}

/* What becomes of a line that is no record: an error record that carries it. */
static bool refuse(struct stream *s, const char *code, const char *message, uint64_t offset, struct slice input, uint64_t input_bytes,
	struct record **handed_out)
{
	struct json_error error;
	struct buf record;
	if (s->opt.warn != NULL)
		s->opt.warn("%s: %s", stream_place(s), message);
	buf_init(&record, s->text.max_bytes);
	fault_write(&record, s->opt.tool, code, message, (struct fault_place){ s->in.line, offset }, input, input_bytes);
	bool ok = !record.failed && line_parse_own(s->other, buf_slice(&record), &error) == LINE_RECORD;
	buf_release(&record);
	if (!ok) {
		fail(s, "reading", s->in.name, ENOMEM);
		return false;
	}
	return pass(s, s->other, true, handed_out);
}

static bool refuse_line(struct stream *s, enum line_result result, const struct json_error *error, struct slice line, struct record **handed_out)
{
	char message[128];
	if (result == LINE_NO_MEMORY) {
		fail(s, "reading", s->in.name, ENOMEM);
		return false;
	}
	snprintf(message, sizeof message, "not a JSON object: %s at byte %zu", error->message, error->offset);
	return refuse(s, line_code(result), message, error->offset, line, line.len, handed_out);
}

static bool refuse_long_line(struct stream *s, struct record **handed_out)
{
	char message[64];
	snprintf(message, sizeof message, "line longer than %zu bytes", s->opt.max_line_bytes);
	return refuse(s, "line_too_long", message, s->opt.max_line_bytes, buf_slice(&s->in.head), s->in.long_bytes, handed_out);
}

/* Whether --if wants the record. What the expression cannot be applied to, it does not select. */
static bool is_wanted(struct stream *s, const struct record *r)
{
	bool failed = false;
	if (s->opt.if_expr == NULL || expr_test(s->opt.if_expr, record_root(r).raw, &failed))
		return true;
	if (failed && !s->has_warned_if && s->opt.warn != NULL) {
		s->has_warned_if = true;
		buf_reset(&s->answer);
		expr_eval(s->opt.if_expr, record_root(r).raw, &s->answer);
		s->opt.warn("%s: --if: %s (such records pass; said once)", stream_place(s), buf_text(&s->answer));
	}
	return false;
}

static void note_error_state(struct record *r)
{
	r->line_error = record_has_error(r, &r->line_error_code) ? ERROR_PRESENT : ERROR_ABSENT;
}

/* Takes the error off a record, or reads again the line that it carries. False: there is no record to go on with; *handed_out may be set. */
static bool retry(struct stream *s, struct record **r, struct record **handed_out)
{
	struct json_error error;
	buf_reset(&s->text);
	switch (fault_read(*r, &s->text)) {
	case FAULT_HAS_NO_INPUT: record_remove(*r, "error"); return true;
	case FAULT_INPUT_IS_CUT: pass(s, *r, true, handed_out); return false;
	case FAULT_INPUT: break;
	}
	struct slice line = buf_slice(&s->text);
	enum line_result result = line_parse_own(s->other, line, &error);
	if (result == LINE_RECORD) {
		*r = s->other;
		note_error_state(*r);
		if ((*r)->line_error == ERROR_PRESENT)
			record_remove(*r, "error");
		return true;
	}
	if (result == LINE_BLANK)
		pass(s, s->other, false, handed_out);
	else
		refuse_line(s, result, &error, line, handed_out);
	return false;
}

/* Whether the line in hand goes to the caller, as *handed_out. */
static bool take_line(struct stream *s, enum line_result result, const struct json_error *error, struct record **handed_out)
{
	struct record *r = s->line;
	*handed_out = NULL;
	if (result == LINE_BLANK)
		return pass(s, r, false, handed_out);
	s->count++;
	if (result != LINE_RECORD)
		return refuse_line(s, result, error, record_line(r), handed_out);
	note_error_state(r);
	if (r->line_error == ERROR_PRESENT) {
		if (!s->opt.retry)
			return pass(s, r, true, handed_out);
		if (!retry(s, &r, handed_out))
			return *handed_out != NULL;
	}
	if (!is_wanted(s, r)) {
		r->change_count = 0;
		return pass(s, r, r->line_error == ERROR_PRESENT, handed_out);
	}
	*handed_out = r;
	return true;
}

static void fail_reading(struct stream *s)
{
	fail(s, s->in.doing, s->in.name, s->in.error);
}

static bool must_stop(struct stream *s)
{
	if (!s->is_stopped && s->opt.stopping != NULL && s->opt.stopping())
		s->is_stopped = true;
	return s->is_stopped || s->has_failed;
}

enum stream_state stream_try_next(struct stream *s, struct record **r)
{
	struct json_error error;
	enum line_result result;
	s->is_passing = false;
	while (!must_stop(s)) {
		switch (input_next(&s->in, s->line, &result, &error)) {
		case INPUT_LINE:
			if (take_line(s, result, &error, r))
				return STREAM_RECORD;
			continue;
		case INPUT_LONG_LINE:
			s->count++;
			*r = NULL;
			if (refuse_long_line(s, r))
				return STREAM_RECORD;
			continue;
		default: break;
		}
		if (!input_is_ready(&s->in)) {
			stream_flush(s);
			return s->has_failed ? STREAM_END : STREAM_WAIT;
		}
		switch (input_read(&s->in)) {
		case INPUT_END: return STREAM_END;
		case INPUT_FAILED: fail_reading(s); return STREAM_END;
		default: break;
		}
	}
	return STREAM_END;
}

int stream_fd(const struct stream *s)
{
	return s->in.fd;
}

struct record *stream_next(struct stream *s)
{
	struct record *r;
	for (;;) {
		switch (stream_try_next(s, &r)) {
		case STREAM_RECORD: return r;
		case STREAM_END: return NULL;
		case STREAM_WAIT: break;
		}
		/* A signal that comes just before poll does not interrupt it: so it is never long. */
		struct pollfd p = { s->in.fd, POLLIN, 0 };
		poll(&p, 1, s->opt.stopping == NULL ? -1 : STOP_CHECK_MS);
	}
}

bool stream_is_passing(const struct stream *s)
{
	return s->is_passing;
}

uint64_t stream_count(const struct stream *s)
{
	return s->count;
}

void stream_stop(struct stream *s)
{
	s->is_stopped = true;
}

/* -- the end -- */

int stream_status(const struct stream *s)
{
	if (s->has_failed)
		return STATUS_IO_FAILED;
	if (s->broken_status != 0)
		return s->broken_status;
	return s->had_error ? STATUS_SOME_FAILED : 0;
}

int stream_close(struct stream *s)
{
	if (s == NULL)
		return 0;
	/* The next program in the pipe must know that records are missing. */
	if (s->in.error != 0) {
		char message[256];
		snprintf(message, sizeof message, "%s %s: %s", s->in.doing, s->in.name, strerror(s->in.error));
		stream_put_broken(s, "io_failed", false, message);
	}
	stream_flush(s);
	int status = stream_status(s), error = s->out.error != 0 ? s->out.error : s->in.error;
	input_release(&s->in);
	output_release(&s->out);
	record_free(s->line);
	record_free(s->other);
	buf_release(&s->text);
	buf_release(&s->place);
	buf_release(&s->answer);
	free(s);
	errno = error;
	return status;
}
