/* lib/base/json.h - JSON text (RFC 8259): the scalars' grammar, and a document as a tree.
 *
 * The tree is for what is read once or is small: settings, rules, workflows, API answers. Records never go through it (record/record.h). Every
 * value keeps its line, so that a complaint about a file can name it, and its bytes, so that an id past 2^53 stays what it was. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include "base/arena.h"
#include "base/buf.h"

enum { JSON_MAX_DEPTH = 512 };

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	unsigned line; /* from 1 */
	struct slice raw; /* the value's bytes in the text that was parsed */
	struct slice string; /* a string's decoded text */
	struct slice name; /* decoded, where this is an object's member */
	size_t count; /* of members or elements */
	const struct json *child; /* the first of them, in file order */
	const struct json *next; /* sibling */
};

struct json_error {
	unsigned line, column; /* from 1, in bytes; 0 when out of memory */
	size_t offset;
	const char *message; /* static */
};

/* One value with blanks around it. The tree lives in the arena and borrows `text`. Duplicate names both stay: json_get gives the last. NULL
 * with *error set when the text is no JSON, is nested deeper than JSON_MAX_DEPTH, has broken UTF-8, or memory ran out. */
const struct json *json_parse(struct arena *arena, struct slice text, struct json_error *error);

/* The last member of that name; NULL where there is none, or the value is no object, or is NULL. */
const struct json *json_get(const struct json *object, const char *name);
const struct json *json_get_slice(const struct json *object, struct slice name);

/* Through several names: json_path(j, "paging", "next", "after", NULL). */
const struct json *json_path(const struct json *object, ...) __attribute__((sentinel));

/* The text of a string member; the fallback where it is missing or no string. */
struct slice json_string(const struct json *object, const char *name, const char *fallback);

/* A value as text: a string's decoded text, a number's or literal's bytes; empty for null, arrays and objects, and for NULL. */
struct slice json_text(const struct json *value);

/* False where the value is no number (value may be NULL). */
bool json_number(const struct json *value, double *number);

/* Integers past the range saturate; a fraction is cut off. */
bool json_int(const struct json *value, int64_t *number);
bool json_is_true(const struct json *value);

/* -- scalars -- */

/* Whether the bytes are one JSON number. */
bool json_is_number(struct slice bytes);

/* The value of a JSON number's bytes, correctly rounded; false where they are none. */
bool json_number_value(struct slice bytes, double *number);

/* Decodes the inside of a string (without its quotes) behind `out`. False: a bad escape or a lone surrogate; *at is its offset. */
bool json_unescape(struct slice inside, struct buf *out, size_t *at);

/* Puts text as a JSON string with its quotes. Control characters, quote, backslash and DEL are escaped; bytes that are no UTF-8 become U+FFFD. */
void json_quote(struct buf *out, struct slice text);
#endif
