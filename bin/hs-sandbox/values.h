/* bin/hs-sandbox/values.h - a property's value as HubSpot takes it: checked against the definition and brought into its one spelling. */
#ifndef SANDBOX_VALUES_H
#define SANDBOX_VALUES_H
#include "call.h"

enum { VALUE_MAX_CHARS = 65536 }; /* of a note's body; no property takes more */

/* The value as it is stored ("" clears), in the call's arena or borrowed from `given`. NULL when it is refused: *code and *message then say why.
 * `old` is the stored value, for a checkbox's leading ";" (append); may be empty. */
const struct slice *value_normalise(struct call *c, const struct object_type *type, const struct property *p, struct slice given, struct slice old,
	const char **code, struct slice *message);

/* Characters of UTF-8 text. */
size_t value_chars(struct slice text);

/* A search filter's value in the stored spelling; false where its form does not fit the property's type. An enumeration's may be none of the options. */
bool value_for_search(struct call *c, const struct property *p, struct slice given, struct slice *value);
#endif
