/* lib/record/line.h - stage 2 of the record layer: one line's grammar, checked against the index of its block; and what a record is made of.
 *
 * For record.c, field.c, change.c and stream.c; programs use record.h. */
#ifndef RECORD_LINE_H
#define RECORD_LINE_H
#include "record/record.h"
#include "record/scan.h"

/* Bytes that can be read behind a line's LF, so that eight can be loaded at once anywhere in it. */
enum { LINE_SLACK_BYTES = 8 };

enum line_result { LINE_RECORD, LINE_BLANK, LINE_BAD_JSON, LINE_BAD_UTF8, LINE_TOO_DEEP, LINE_NOT_AN_OBJECT, LINE_NO_MEMORY };

/* A pending change to a top-level member: its name and its JSON text lie in the record's `pending`. */
struct change {
	size_t name_at, name_len, json_at, json_len;
	bool is_removal;
	uint32_t last; /* while writing: where the member's last occurrence begins */
};

enum error_state { ERROR_NOT_KNOWN, ERROR_ABSENT, ERROR_PRESENT };

struct record {
	const char *text; /* what the positions count from: the block, or the line itself */
	const uint32_t *at; /* the line's part of the index; its last entry is the LF */
	uint32_t *jump; /* for the entry of an opening bracket, the entry of the closing one */
	size_t jump_cap;
	uint32_t count; /* of entries */
	uint32_t root; /* the entry of the first brace */
	size_t start, end; /* of the line, in text; without LF */
	bool has_object; /* false: nothing was parsed, or the line is blank */
	bool has_escape;
	enum error_state line_error; /* whether the line's own error member counts */
	struct slice line_error_code;

	struct change *changes;
	size_t change_count, change_cap;
	struct buf pending;
	bool failed; /* a change could not be noted: out of memory */

	struct scan *own_scan; /* of record_parse and record_copy: the index and the bytes are the record's own */
	struct buf own_text;
	uint32_t *own_at;
};

/* Checks the line that begins at `start` and at entry `first` of the index; forgets changes. r->count and r->end are right whatever comes out, so the next
 * line begins at entry first + r->count. A byte-order mark is allowed where is_first. */
enum line_result line_check(
	struct record *r, const struct scan *scan, const char *text, size_t start, size_t first, bool is_first, struct json_error *error);

/* The code of lead(5) for a fault. */
const char *line_code(enum line_result result);

/* Gives `r` a copy of the line, in which LF may only be the last byte and may be missing. */
enum line_result line_parse_own(struct record *r, struct slice line, struct json_error *error);

static inline char line_byte(const struct record *r, uint32_t entry)
{
	return r->text[r->at[entry]];
}

/* The value that begins at an entry; *next becomes the entry behind it. */
static inline struct value line_value(const struct record *r, uint32_t entry, uint32_t *next)
{
	struct value v = { .at = entry };
	const char *first = r->text + r->at[entry], *last;
	switch (*first) {
	case '"':
		v.type = JSON_STRING;
		last = r->text + r->at[entry + 1];
		*next = entry + 2;
		break;
	case '{':
	case '[':
		v.type = *first == '{' ? JSON_OBJECT : JSON_ARRAY;
		last = r->text + r->at[r->jump[entry]];
		*next = r->jump[entry] + 1;
		break;
	default:
		v.type = *first == 'n' ? JSON_NULL : *first == 't' ? JSON_TRUE : *first == 'f' ? JSON_FALSE : JSON_NUMBER;
		last = r->text + r->at[entry + 1] - 1;
		while (*last == ' ' || *last == '\t' || *last == '\r')
			last--;
		*next = entry + 1;
		break;
	}
	v.raw = (struct slice){ first, (size_t)(last - first) + 1 };
	return v;
}

/* Walks over an object's members: entry stands at a name's opening quote, or at the closing brace. */
static inline struct slice line_name(const struct record *r, uint32_t entry)
{
	size_t open = r->at[entry];
	return (struct slice){ r->text + open + 1, r->at[entry + 1] - open - 1 };
}

/* From behind a value to the next name or element; past the closing bracket where there is none, so loops run while the entry is below it. A look at the
 * comma would make each step wait for memory. */
static inline uint32_t line_skip_comma(uint32_t entry)
{
	return entry + 1;
}

static inline bool line_has_escape(const struct record *r, struct slice name)
{
	return r->has_escape && memchr(name.ptr, '\\', name.len) != NULL;
}

/* Whether a raw name, which may hold escapes, stands for `wanted`. */
bool line_name_is(const struct record *r, struct slice name, struct slice wanted);
#endif
