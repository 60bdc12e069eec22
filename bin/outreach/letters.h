/* bin/outreach/letters.h - templates by name or file, read and checked once. */
#ifndef OUTREACH_LETTERS_H
#define OUTREACH_LETTERS_H
#include "base/config.h"
#include "compose.h"

struct letters {
	struct letters_item *first;
	const char *folder; /* of the user's own templates; NULL: none. Borrowed. */
};

enum letters_result { LETTER_FOUND, LETTER_ABSENT, LETTER_WRONG };

/* A name is looked up as NAME.mail in the folder, then among the shared templates; what has a slash or ends in ".mail" is a file. LETTER_WRONG: the reason, with
 * file and line, is in `error`. */
enum letters_result letters_get(struct letters *l, const char *name, const struct letter **letter, char error[CONFIG_ERROR_BYTES]);
void letters_release(struct letters *l);
#endif
