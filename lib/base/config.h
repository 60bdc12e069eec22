/* lib/base/config.h - settings and secrets: where they lie and how they are read (DESIGN section 3).
 *
 * Order: a flag, then the environment, then $XDG_CONFIG_HOME/leadpipe/config.json, then PREFIX/share/leadpipe. LEADPIPE_HOME moves config, state
 * and cache below one folder (config/, state/, cache/). */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

enum { CONFIG_MAX_FILE_BYTES = 16 << 20, CONFIG_ERROR_BYTES = 512 };

/* One tool's view of the settings. */
struct config {
	struct arena arena;
	struct buf text;
	char *path; /* of the file read; NULL where there was none */
	const struct json *root; /* NULL where there was none */
};

/* Reads the file of --config (which must exist), else the default one (which need not). False with a message that names file and line in `error`. */
bool config_load(struct config *c, const char *path, char error[CONFIG_ERROR_BYTES]);
void config_release(struct config *c);

/* A setting: environment variable `env` (may be NULL), then the string member at the dotted `name` of the file. NULL where neither is set.
 * Borrowed until config_release. */
const char *config_text(struct config *c, const char *env, const char *name);

/* The member at a dotted name, as it stands in the file. */
const struct json *config_member(const struct config *c, const char *name);

/* A folder's path, created (mode 0700) where it is missing: $XDG_STATE_HOME/leadpipe, $XDG_CACHE_HOME/leadpipe. False with a message, also when it
 * lies on a network file system. The path is put behind `path`. */
bool config_state_dir(struct buf *path, char error[CONFIG_ERROR_BYTES]);
bool config_cache_dir(struct buf *path, char error[CONFIG_ERROR_BYTES]);

/* Finds a data file such as "rules/sf-v1.json": a name with a slash at its start or "./" is taken as it is; else the config folder, then
 * $LEADPIPE_SHARE, then share/ beside the program's own build tree, then PREFIX/share/leadpipe. False where none has it. */
bool config_share_file(const char *name, struct buf *path);

/* A whole file. False with a message (missing, larger than max_bytes, unreadable). */
bool config_read_file(const char *path, size_t max_bytes, struct buf *text, char error[CONFIG_ERROR_BYTES]);

/* A secret: token_file when given, else $CREDENTIALS_DIRECTORY/name, else the config folder's file `name`, else the environment variable `env`. Files are
 * refused unless mode 0600 or stricter (the credentials folder excepted: the service manager owns it). Blanks around it are dropped. False with
 * a message that never holds the secret. */
bool config_secret(const char *token_file, const char *name, const char *env, struct buf *secret, char error[CONFIG_ERROR_BYTES]);

/* No core dumps, and not readable by other processes of the same user: for programs that hold a secret. */
void config_protect_memory(void);
#endif
