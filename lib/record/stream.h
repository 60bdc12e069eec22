/* lib/record/stream.h - JSON lines in, JSON lines out: one record a line, ended by LF.
 *
 * Input is read in blocks of 256 KiB and more, pipes are enlarged to 1 MiB where allowed, and output is flushed whenever reading would block, so that a
 * line typed by hand is answered at once. A line that is no JSON object never comes to the caller: it has gone out as an error record, has been
 * reported on stderr through `warn`, and counted. Blank lines, records with an error (unless `retry`) and records that --if turns away pass by themselves. */
#ifndef RECORD_STREAM_H
#define RECORD_STREAM_H
#include "record/record.h"

enum { STREAM_MAX_LINE_BYTES = 1 << 20 };

struct expr;

struct stream_options {
	const char *tool; /* for error records */
	char **paths; /* operands, NULL-ended; none or NULL: standard input; "-" is standard input */
	int out_fd; /* stays the caller's; -1: nothing is written */
	size_t max_line_bytes; /* 0: STREAM_MAX_LINE_BYTES */
	bool retry; /* takes the error off a record and hands it out; reads error.input of what was no JSON again */
	struct expr *if_expr; /* borrowed; NULL: every record */
	bool is_sink; /* records that pass by themselves are only counted, except errors, which are printed (lead(5)) */
	bool hand_out_all; /* for programs that answer out of order: passing records come out of stream_next too, see stream_is_passing */
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2))); /* NULL: silent; cli_warn fits */
	/* Asked before each record and four times a second while waiting: true is as stream_stop; NULL: never; cli_stopping fits. */
	bool (*stopping)(void);
};

struct stream;

/* NULL with errno set when out of memory. Files are opened as their turn comes; one that cannot be read ends the stream with status 74. */
struct stream *stream_open(const struct stream_options *options);

/* The next record, borrowed until the next call; NULL at the end, on a failure (stream_close tells which), or when stream_stop was called. */
struct record *stream_next(struct stream *s);

enum stream_state { STREAM_RECORD, STREAM_WAIT, STREAM_END };

/* As stream_next, but never waits: STREAM_WAIT means that stream_fd is to be polled for reading first. */
enum stream_state stream_try_next(struct stream *s, struct record **r);
int stream_fd(const struct stream *s);

/* With hand_out_all: whether the record in hand only passes (it must be written unchanged, in its turn). A line that was no JSON object is then
 * handed out as the error record made of it. */
bool stream_is_passing(const struct stream *s);

/* Where the record in hand came from: "stdin:12" or "leads.jsonl:12"; borrowed until the next call. */
const char *stream_place(const struct stream *s);

/* Writes the record with its changes, whole. Counts it when it carries an error. */
void stream_put(struct stream *s, const struct record *r);

/* Writes one line made elsewhere (no LF in it), for sources. */
void stream_put_line(struct stream *s, struct slice line);

/* An error record of the tool's own, without task: the last line of a source that broke off (DESIGN section 3). */
void stream_put_broken(struct stream *s, const char *code, bool retryable, const char *message);

/* Whether reading or writing failed, or an error passed by: the status so far, as stream_close. */
int stream_status(const struct stream *s);
uint64_t stream_count(const struct stream *s); /* records read */

/* Writes what is buffered. */
void stream_flush(struct stream *s);

/* No further record is handed out; lines already read and not handed out are dropped silently, as after SIGTERM. */
void stream_stop(struct stream *s);

/* Flushes, frees, and gives the exit status (after an input that could not be read, an io_failed record goes out first): 0; 1 when a record with an error went out; the status that the last error record without task stands for;
 * 74 when reading or writing failed (errno is set, and `warn` has said so). NULL is fine. */
int stream_close(struct stream *s);
#endif
