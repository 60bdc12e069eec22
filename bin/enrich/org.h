/* bin/enrich/org.h - facts from a schema.org Organization (or one of its kinds) that a page carries as JSON-LD. */
#ifndef ENRICH_ORG_H
#define ENRICH_ORG_H
#include "extract.h"

struct json;

void org_read(const struct json *org, const struct extract_page *in, struct findings *out, struct arena *kept, struct arena *scratch);
#endif
