#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MAX_PATH_BYTES = 4096, MAX_SECRET_BYTES = 4096 };

/* -- files -- */

static bool read_all(int fd, const char *path, size_t max_bytes, struct buf *text, char error[CONFIG_ERROR_BYTES])
{
	char block[16 << 10];
	size_t sum = 0;
	for (ssize_t n; (n = read(fd, block, sizeof block)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			snprintf(error, CONFIG_ERROR_BYTES, "%s: %s", path, strerror(errno));
			return false;
		}
		sum += (size_t)n;
		buf_put(text, block, (size_t)n);
		if (sum > max_bytes || text->failed) {
			snprintf(error, CONFIG_ERROR_BYTES, "%s: larger than %zu bytes, or out of memory", path, max_bytes);
			return false;
		}
	}
	return true;
}

bool config_read_file(const char *path, size_t max_bytes, struct buf *text, char error[CONFIG_ERROR_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(error, CONFIG_ERROR_BYTES, "%s: %s", path, strerror(errno));
		return false;
	}
	bool ok = read_all(fd, path, max_bytes, text, error);
	close(fd);
	return ok;
}

/* -- folders -- */

/* A folder's path: $LEADPIPE_HOME/part, else $XDG/leadpipe, else $HOME/fallback/leadpipe. False where none of these is set. */
static bool base_folder(struct buf *path, const char *part, const char *xdg, const char *fallback)
{
	const char *home = getenv("LEADPIPE_HOME"), *base = getenv(xdg), *user = getenv("HOME");
	if (home != NULL && home[0] != '\0')
		buf_printf(path, "%s/%s", home, part);
	else if (base != NULL && base[0] == '/')
		buf_printf(path, "%s/leadpipe", base);
	else if (user != NULL && user[0] != '\0')
		buf_printf(path, "%s/%s/leadpipe", user, fallback);
	else
		return false;
	return !path->failed;
}

static bool config_folder(struct buf *path)
{
	return base_folder(path, "config", "XDG_CONFIG_HOME", ".config");
}

/* Locks and memory maps are not to be trusted there, and the journal lives by them. */
static bool is_network_file_system(const char *path)
{
	enum { CIFS_MAGIC = 0xff534d42, SMB2_MAGIC = 0xfe534d42 };
	struct statfs fs;
	if (statfs(path, &fs) != 0)
		return false;
	unsigned long type = (unsigned long)fs.f_type & 0xffffffffUL;
	return type == NFS_SUPER_MAGIC || type == (unsigned long)(unsigned)CIFS_MAGIC || type == (unsigned long)(unsigned)SMB2_MAGIC ||
		type == SMB_SUPER_MAGIC || type == AFS_SUPER_MAGIC || type == CEPH_SUPER_MAGIC;
}

static bool make_folders(char *path, char error[CONFIG_ERROR_BYTES])
{
	for (char *at = path + 1;; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char kept = *at;
		*at = '\0';
		struct stat info;
		bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
		if (ok && kept == '\0' && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))) {
			errno = ENOTDIR;
			ok = false;
		}
		if (!ok)
			snprintf(error, CONFIG_ERROR_BYTES, "%s: %s", path, strerror(errno));
		*at = kept;
		if (!ok)
			return false;
		if (kept == '\0')
			return true;
	}
}

static bool own_folder(struct buf *path, const char *part, const char *xdg, const char *fallback, char error[CONFIG_ERROR_BYTES])
{
	struct buf full;
	buf_init(&full, MAX_PATH_BYTES);
	bool ok = base_folder(&full, part, xdg, fallback);
	if (!ok)
		snprintf(error, CONFIG_ERROR_BYTES, "no folder for %s: set LEADPIPE_HOME or HOME", part);
	ok = ok && make_folders(full.ptr, error);
	if (ok && is_network_file_system(full.ptr)) {
		snprintf(error, CONFIG_ERROR_BYTES, "%s: lies on a network file system; set LEADPIPE_HOME to a local folder", full.ptr);
		ok = false;
	}
	if (ok)
		buf_put_slice(path, buf_slice(&full));
	buf_release(&full);
	return ok;
}

bool config_state_dir(struct buf *path, char error[CONFIG_ERROR_BYTES])
{
	return own_folder(path, "state", "XDG_STATE_HOME", ".local/state", error);
}

bool config_cache_dir(struct buf *path, char error[CONFIG_ERROR_BYTES])
{
	return own_folder(path, "cache", "XDG_CACHE_HOME", ".cache", error);
}

/* -- data files -- */

static bool try_file(struct buf *path, const char *folder, const char *between, const char *name)
{
	buf_reset(path);
	buf_printf(path, "%s%s%s", folder, between, name);
	return !path->failed && access(buf_text(path), R_OK) == 0;
}

/* The folder of the running program, without the final slash. */
static bool program_folder(char *folder, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", folder, size - 1);
	if (len <= 0)
		return false;
	folder[len] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

bool config_share_file(const char *name, struct buf *path)
{
	char folder[MAX_PATH_BYTES];
	struct buf config;
	if (name[0] == '/' || strncmp(name, "./", 2) == 0 || strncmp(name, "../", 3) == 0)
		return try_file(path, "", "", name);
	buf_init(&config, MAX_PATH_BYTES);
	bool found = config_folder(&config) && try_file(path, buf_text(&config), "/", name);
	buf_release(&config);
	const char *share = getenv("LEADPIPE_SHARE");
	found = found || (share != NULL && share[0] != '\0' && try_file(path, share, "/", name));
	/* build/bin/NAME in a checkout, PREFIX/bin/NAME once installed, wherever PREFIX was moved to */
	if (!found && program_folder(folder, sizeof folder))
		found = try_file(path, folder, "/../../share/", name) || try_file(path, folder, "/../share/leadpipe/", name);
	return found || try_file(path, LEADPIPE_PREFIX, "/share/leadpipe/", name);
}

/* -- settings -- */

bool config_load(struct config *c, const char *path, char error[CONFIG_ERROR_BYTES])
{
	struct buf name;
	*c = (struct config){ 0 };
	arena_init(&c->arena, CONFIG_MAX_FILE_BYTES);
	buf_init(&c->text, 2 * (size_t)CONFIG_MAX_FILE_BYTES);
	buf_init(&name, MAX_PATH_BYTES);
	if (path != NULL) {
		buf_puts(&name, path);
	} else if (config_folder(&name)) {
		buf_puts(&name, "/config.json");
		if (access(buf_text(&name), F_OK) != 0 && errno == ENOENT)
			buf_reset(&name);
	}
	bool ok = true;
	if (name.len > 0) {
		struct json_error where;
		c->path = strdup(name.ptr);
		ok = c->path != NULL && config_read_file(name.ptr, CONFIG_MAX_FILE_BYTES, &c->text, error);
		c->root = ok ? json_parse(&c->arena, buf_slice(&c->text), &where) : NULL;
		if (ok && c->root == NULL)
			snprintf(error, CONFIG_ERROR_BYTES, "%s:%u:%u: %s", name.ptr, where.line, where.column, where.message);
		else if (ok && c->root->type != JSON_OBJECT)
			snprintf(error, CONFIG_ERROR_BYTES, "%s:%u: settings are a JSON object", name.ptr, c->root->line);
		ok = ok && c->root != NULL && c->root->type == JSON_OBJECT;
	}
	buf_release(&name);
	if (!ok)
		config_release(c);
	return ok;
}

void config_release(struct config *c)
{
	arena_release(&c->arena);
	buf_release(&c->text);
	free(c->path);
	c->path = NULL;
	c->root = NULL;
}

const struct json *config_member(const struct config *c, const char *name)
{
	const struct json *at = c->root;
	struct slice rest = slice_of(name), part;
	while (at != NULL && slice_split(&rest, '.', &part))
		at = json_get_slice(at, part);
	return at;
}

const char *config_text(struct config *c, const char *env, const char *name)
{
	const char *set = env == NULL ? NULL : getenv(env);
	if (set != NULL && set[0] != '\0')
		return set;
	const struct json *value = config_member(c, name);
	if (value == NULL || value->type != JSON_STRING)
		return NULL;
	/* The tree borrows the file's bytes, which have a quote where a C string needs its end. */
	return arena_strdup(&c->arena, value->string);
}

/* -- secrets -- */

static bool secret_from_file(const char *path, bool check_mode, struct buf *secret, char error[CONFIG_ERROR_BYTES])
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(error, CONFIG_ERROR_BYTES, "%s: %s", path, strerror(errno));
		return false;
	}
	bool ok = fstat(fd, &info) == 0;
	if (ok && check_mode && (info.st_mode & 077) != 0) {
		snprintf(error, CONFIG_ERROR_BYTES, "%s: others may read it (mode %04o); chmod 600 it", path, (unsigned)info.st_mode & 07777);
		ok = false;
	}
	ok = ok && read_all(fd, path, MAX_SECRET_BYTES, secret, error);
	close(fd);
	return ok;
}

static bool finish_secret(struct buf *secret, const char *from, char error[CONFIG_ERROR_BYTES])
{
	struct slice all = buf_slice(secret), text = slice_trim(all);
	size_t before = (size_t)(text.ptr - all.ptr);
	secret->len = before + text.len;
	buf_consume(secret, before);
	if (secret->len == 0) {
		snprintf(error, CONFIG_ERROR_BYTES, "%s: is empty", from);
		return false;
	}
	for (size_t i = 0; i < secret->len; i++)
		if ((unsigned char)secret->ptr[i] <= ' ' || (unsigned char)secret->ptr[i] >= 0x7f) {
			snprintf(error, CONFIG_ERROR_BYTES, "%s: holds a blank, a control byte or a byte that is not ASCII", from);
			return false;
		}
	return true;
}

bool config_secret(const char *token_file, const char *name, const char *env, struct buf *secret, char error[CONFIG_ERROR_BYTES])
{
	struct buf path;
	buf_reset(secret);
	if (token_file != NULL)
		return secret_from_file(token_file, true, secret, error) && finish_secret(secret, token_file, error);
	const char *credentials = getenv("CREDENTIALS_DIRECTORY"), *value = getenv(env);
	buf_init(&path, MAX_PATH_BYTES);
	bool found = credentials != NULL && try_file(&path, credentials, "/", name), managed = found;
	if (!found) {
		buf_reset(&path);
		if (config_folder(&path)) {
			buf_printf(&path, "/%s", name);
			found = !path.failed && access(path.ptr, F_OK) == 0;
		}
	}
	bool ok;
	if (found) {
		ok = secret_from_file(path.ptr, !managed, secret, error) && finish_secret(secret, path.ptr, error);
	} else if (value != NULL && value[0] != '\0') {
		buf_puts(secret, value);
		ok = finish_secret(secret, env, error);
	} else {
		snprintf(error, CONFIG_ERROR_BYTES, "no %s: set %s, or put it into %s (mode 600), or name a file with --token-file", name, env,
			path.len > 0 ? buf_text(&path) : "a folder that LEADPIPE_HOME names");
		ok = false;
	}
	buf_release(&path);
	return ok;
}

void config_protect_memory(void)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
