/* bin/qualify/match.h - many words and phrases looked for in one pass over a text, without regard to case.
 *
 * The phrases make one small automaton (a trie over bytes, with the alphabet cut down to the bytes that occur), walked from each place where one can
 * start: the cost follows the text, not the number of phrases, and nothing is allocated while matching. Case is that of Latin, Greek, Cyrillic and
 * Armenian letters, one code point for one (so "ß" is not "SS").
 *
 * A word boundary lies between a word character and another: ASCII letters, digits and "_", and every code point from U+0080 on that is no
 * punctuation, sign, blank or emoji. That is \b of a Unicode regular expression for phrases that begin and end in a word character; for one that
 * does not ("c++", ".net"), no character is asked for beside that end. */
#ifndef QUALIFY_MATCH_H
#define QUALIFY_MATCH_H
#include "base/slice.h"

enum { MATCH_MAX_PHRASE_BYTES = 128, MATCH_MAX_NODES = 1 << 15 };

enum match_kind {
	MATCH_WORD, /* between word boundaries */
	MATCH_ANYWHERE,
	MATCH_WHOLE, /* the phrase is the whole text */
};

struct matcher;

/* NULL when out of memory. */
struct matcher *matcher_new(void);
void matcher_free(struct matcher *m);

enum match_add { MATCH_ADDED, MATCH_NO_MEMORY, MATCH_TOO_LONG /* or empty */, MATCH_TOO_MANY };

/* `id` is the bit that a match of this phrase sets; several phrases may share one. The phrase is UTF-8, and copied. */
enum match_add matcher_add(struct matcher *m, struct slice phrase, enum match_kind kind, unsigned id);

/* To be called once, after the last phrase. False: out of memory. */
bool matcher_compile(struct matcher *m);

/* Sets bit `id` of hits for each phrase that is in the text, which must be UTF-8. */
void matcher_find(const struct matcher *m, struct slice text, uint64_t *hits);
#endif
