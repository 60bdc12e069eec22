/* bin/enrich/tame.h - the part of a page that an HTML parser can take in linear time.
 *
 * HTML5 tree building costs the depth of the tree at each tag, and the number of attributes squared at each element: a hostile page of 2 MiB keeps a
 * parser busy for minutes. No page made for readers comes near these limits, so a page is cut where it passes one. */
#ifndef ENRICH_TAME_H
#define ENRICH_TAME_H
#include "base/slice.h"

/* Browsers stop at a depth of 512. */
enum { TAME_MAX_DEPTH = 512, TAME_MAX_ATTRIBUTES = 512 };

/* Length of the prefix that stays within the limits; html.len for all ordinary pages. One pass, no state. */
size_t tame_prefix(struct slice html);
#endif
