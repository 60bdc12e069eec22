/* bin/hs-tasks/joined.h - what join found for a record's ids, kept in the cache for who asks for it with --max-age: the contact, the company, or that there is none. */
#ifndef HS_TASKS_JOINED_H
#define HS_TASKS_JOINED_H
#include "hubspot.h"
#include "relate.h"

struct joined {
	struct slice contact, company; /* JSON; ptr NULL: none */
	struct slice read_at; /* content time of the reading */
};

/* For the portal, the properties read and the item's ids, before relate has filled in others. */
void joined_key(const struct hubspot *api, const struct relate_options *read, const struct relate_item *item, char key[SHA256_HEX_BYTES]);

/* What is kept and no older than max_age_ms, in the arena. False: nothing. */
bool joined_read(struct cache *cache, const char *key, int64_t max_age_ms, struct arena *arena, struct joined *found);
void joined_write(struct cache *cache, const char *key, const struct joined *found);
#endif
