/* lib/record/record.h - one line of JSON (RFC 8259) as a record, lead(5): checked where it lies, read by slices, changed by splicing.
 *
 * Stage 1 (scan.h) indexes a whole block of lines; stage 2 checks one line's grammar against that index and notes where each container ends. No
 * tree is built, nothing is decoded that is not asked for, and every byte that is not understood stays as it came (DESIGN rule 3). */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/slice.h"

struct record;

/* A value inside a record; borrowed like the record. `at` is the record's own mark of the place. */
struct value {
	enum json_type type;
	struct slice raw; /* its bytes, quotes and escapes and all */
	uint32_t at;
};

/* A standalone record that checks text it is given: for tests, and for records that were kept. stream.h has the fast way. */
struct record *record_new(void);
void record_free(struct record *r);

/* Checks one line (its LF may be there) and keeps a copy of it. False: *error names the place and the reason, and the record holds nothing. */
bool record_parse(struct record *r, struct slice line, struct json_error *error);

/* A copy that owns its bytes and its pending changes, to outlive the stream's next step. NULL when out of memory. Free with record_free. */
struct record *record_copy(const struct record *r);

/* What a copy costs in memory: its bytes, its index and its changes. */
size_t record_bytes(const struct record *r);

/* The line as it came, without its LF; pending changes are not in it. */
struct slice record_line(const struct record *r);

/* -- reading: always the line as it came, without pending changes -- */

/* The whole record as a value. */
struct value record_root(const struct record *r);

/* The last member of that name; false where there is none or the value is no object. Names with escapes are compared decoded. */
bool record_member(const struct record *r, struct value object, struct slice name, struct value *member);

/* Through several names from the root: record_path(r, &v, "enrichment", "facts", "title", NULL). */
bool record_path(const struct record *r, struct value *value, ...) __attribute__((sentinel));

/* Walks members or elements in file order:
 *	struct value_iter it = record_iter(r, object);
 *	while (record_iter_next(r, &it)) ... it.name (raw, without quotes; empty in an array), it.value
 */
struct value_iter {
	struct slice name;
	bool name_has_escape;
	struct value value;
	uint32_t next, end;
};
struct value_iter record_iter(const struct record *r, struct value container);
bool record_iter_next(const struct record *r, struct value_iter *it);

/* What a container-less record is, for field names (--as). */
enum record_as { RECORD_AS_CONTACT, RECORD_AS_COMPANY, RECORD_AS_TASK };

/* Fields: names such as "contact.email", resolved together in one pass over each container. The first name says which container (contact, company, task,
 * chosen as lead(5) says); everything after the first dot is one name. Any other first name ("enrichment.quality", "outreach.to") is a path of
 * member names, split at every dot. */
struct field_set;
struct field_set *field_set_new(enum record_as as);
void field_set_free(struct field_set *set);

/* The number under which field_set_get will find it; the same name gives the same number. -1: out of memory, or no dot in the name. */
int field_set_add(struct field_set *set, struct slice name);

/* Finds all of them: values[i] for field i. A missing one, null and "" have type JSON_NULL. One pass, no allocation. */
void field_set_get(const struct field_set *set, const struct record *r, struct value *values);
size_t field_set_count(const struct field_set *set);

/* One field, for tools that are not in a hurry. Missing (also null and ""): false. */
bool record_field(const struct record *r, enum record_as as, const char *name, struct value *value);

/* A string's decoded text or a number's or literal's bytes. Without escapes it points into the line, else into the arena. Empty for null, arrays,
 * objects, and when memory ran out. */
struct slice value_text(struct value v, struct arena *scratch);

/* A JSON number, or a string that holds just a number, blanks around it allowed (HubSpot sends all values as strings). */
bool value_number(struct value v, double *number);

/* As value_number, cut to an integer; past the range of int64_t it saturates. */
bool value_int(struct value v, int64_t *number);

/* -- changing: takes effect when the record is written -- */

/* Sets an own top-level member to json, one valid JSON value (copied). Replaces the last occurrence, else goes in before the last brace. */
void record_put(struct record *r, const char *member, struct slice json);

/* Takes out every occurrence of a top-level member, with one comma. */
void record_remove(struct record *r, const char *member);

/* The line with its pending changes, without LF, behind `out`. */
void record_write(const struct record *r, struct buf *out);

/* -- errors: lead(5) -- */

/* The `error` member counts only if it is an object with string `tool` and `code`. code is borrowed from the line; may be NULL. Sees a pending error too. */
bool record_has_error(const struct record *r, struct slice *code);

/* Puts an error member: {"tool","code","message","retryable"}. */
void record_put_error(struct record *r, const char *tool, const char *code, bool retryable, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The exit status that a code of an error record without task stands for (service_down 69, io_failed 74, try_later 75, not_allowed 77, bad_config 2);
 * 0 for all others. */
int record_code_status(struct slice code);
#endif
