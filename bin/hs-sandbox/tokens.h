/* bin/hs-sandbox/tokens.h - the words of a text, as a search's CONTAINS_TOKEN and its "query" see them. */
#ifndef SANDBOX_TOKENS_H
#define SANDBOX_TOKENS_H
#include "store.h"

/* Whether each token of the pattern is among the text's, in any order and without regard to ASCII case. "*" stands for any bytes of a token;
 * by_prefix lets the text's token go on after the pattern's end. */
bool has_tokens(struct slice text, struct slice pattern, bool by_prefix);

/* Makes it the SQL function has_tokens(text, pattern, by_prefix); null where the text or the pattern is. */
bool tokens_register(struct store *s);
#endif
