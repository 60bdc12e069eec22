/* lib/store/cache.h - answers kept for another run, in one SQLite database for all programs: by key, least recently used out first.
 *
 * A cache is never a reason to fail: what cannot be read is not there, what cannot be written is not kept, a damaged database is emptied in place. synchronous=NORMAL:
 * when the machine dies the last seconds may be lost. Whether an entry is still good is the caller's to judge. */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H
#include "base/slice.h"

enum { CACHE_ERROR_BYTES = 512, CACHE_MAX_BYTES = 256 << 20 };

struct cache;

/* Opens, and makes where missing, the database `path` and its lock file beside it. max_bytes (0: CACHE_MAX_BYTES) bounds what the database holds, give or take the
 * last entries. NULL with the reason in `error`: then do without. */
struct cache *cache_open(const char *path, int64_t max_bytes, char error[CACHE_ERROR_BYTES]);
void cache_close(struct cache *c);

struct cache_entry {
	struct slice kind; /* "web", "crm.portal": for who looks into the database */
	int outcome; /* the caller's: an answer, or which kind of failure */
	long status; /* of an answer; 0 where there was none */
	int64_t stored_ms; /* real time */
	int64_t fresh_until_ms; /* as far as the one who answered is concerned; INT64_MAX: not said */
	struct slice headers, body, error;
};

/* The texts are borrowed until the next call. now_ms: real time, for who was used last. */
bool cache_get(struct cache *c, const char *key, int64_t now_ms, struct cache_entry *entry);

/* Replaces what is there. An entry above an eighth of the whole is not kept. */
void cache_put(struct cache *c, const char *key, const struct cache_entry *entry);

/* Single flight: whoever holds a key fetches, the others look again. Never waits; the kernel lets go when the process dies. False: another process holds it. Does not
 * exclude a second use of the same `c`. */
bool cache_lock(struct cache *c, const char *key);
void cache_unlock(struct cache *c, const char *key);
#endif
