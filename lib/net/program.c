#include "net/program.h"

#include "base/cli.h"
#include "base/config.h"

enum { MAX_PATH_BYTES = 8192 };

struct cache *cache_begin(void)
{
	char error[CONFIG_ERROR_BYTES];
	struct cache *cache = NULL;
	struct buf path;
	_Static_assert((int)CONFIG_ERROR_BYTES >= (int)CACHE_ERROR_BYTES, "one buffer serves both");
	buf_init(&path, MAX_PATH_BYTES);
	if (config_cache_dir(&path, error)) {
		buf_puts(&path, "/cache.db");
		cache = cache_open(buf_text(&path), 0, error);
	}
	if (cache == NULL)
		cli_note("no cache: %s", error);
	buf_release(&path);
	return cache;
}
