/* lib/base/names.h - a set of names from a text file: one a line, blanks around it dropped, "#" begins a comment line.
 *
 * Names are found by hash, without regard to ASCII case; a set costs about its text and twelve bytes a name. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H
#include "base/slice.h"

struct names {
	char *text; /* the names in lower case, one behind the other */
	size_t count;
	struct name_slot *slots; /* open addressing; a power of two of them, at most half in use */
	size_t slot_mask;
};

/* False when out of memory; names_release is fine in both cases. A file may be up to 4 GiB. */
bool names_read(struct names *names, struct slice file);
void names_release(struct names *names);

bool names_has(const struct names *names, struct slice name);

/* Whether the set has this domain or one that it lies below: "mail.acme.com" for "acme.com". */
bool names_has_domain(const struct names *names, struct slice domain);
#endif
