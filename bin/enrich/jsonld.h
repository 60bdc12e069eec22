/* bin/enrich/jsonld.h - JSON-LD blocks as pages really have them, and the organization that they describe (schema.org/Organization).
 *
 * A block that is no JSON is repaired where its meaning is plain: comments, CDATA marks, trailing commas and semicolons, control characters and wrong escapes in
 * strings, HTML entities in place of quotes, several values one after the other. One bad block never loses another. */
#ifndef ENRICH_JSONLD_H
#define ENRICH_JSONLD_H
#include "base/arena.h"
#include "base/json.h"

enum { JSONLD_MAX_BLOCK_BYTES = 512 << 10 };

/* Reads one block: an array of its values. NULL where it cannot be repaired. Memory comes from the arena, which the tree lives in. */
const struct json *jsonld_read(struct arena *arena, struct slice block);

/* The organization that stands for the site among all blocks: nodes of type Organization and its kinds, at the top, in @graph, or as publisher and the like. Of several,
 * the one whose url has the site's registrable domain, else the first. NULL where there is none. */
const struct json *jsonld_organization(struct arena *arena, const struct json *const *blocks, size_t count, const char *site_url);

/* A property as text: a string or number; of an array the first; of an object its "name", "@value", "url" or "@id". Empty where there is none. */
struct slice jsonld_text(const struct json *node, const char *property);

/* The member as the first element where it is an array. */
const struct json *jsonld_first(const struct json *node, const char *property);
#endif
