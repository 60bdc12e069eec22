#include "maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { NAME_BYTES = 160 };

enum folder { TMP, NEW, CUR, FOLDERS };
static const char *const folder_names[FOLDERS] = { "tmp", "new", "cur" };

struct maildir {
	int fds[FOLDERS];
	bool is_listed;
	char **names; /* what was in cur at the first look, sorted: one look at a large folder, not one for each message */
	size_t name_count, name_cap;
};

static bool has_new(int dir_fd)
{
	struct stat info;
	return fstatat(dir_fd, folder_names[NEW], &info, 0) == 0 && S_ISDIR(info.st_mode);
}

static bool is_empty(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	bool none = true;
	for (struct dirent *entry; none && (entry = readdir(dir)) != NULL;)
		none = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || strcmp(entry->d_name, folder_names[TMP]) == 0;
	closedir(dir);
	errno = ENOTDIR;
	return none;
}

/* A folder is taken for a Maildir when it is new, empty, or has a "new": a slip of the finger must not fill somebody's home. Another process may be making it just
 * now: then it is neither at the first look, and has a "new" at the second. */
static bool is_usable(int dir_fd)
{
	if (has_new(dir_fd) || is_empty(dir_fd))
		return true;
	int why = errno;
	bool is_made = has_new(dir_fd);
	errno = why;
	return is_made;
}

struct maildir *maildir_open(const char *path)
{
	struct maildir *m = calloc(1, sizeof *m);
	int dir_fd = -1, saved;
	if (m == NULL)
		return NULL;
	for (int i = 0; i < FOLDERS; i++)
		m->fds[i] = -1;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		goto failed;
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || !is_usable(dir_fd))
		goto failed;
	for (int i = 0; i < FOLDERS; i++) {
		if (mkdirat(dir_fd, folder_names[i], 0700) != 0 && errno != EEXIST)
			goto failed;
		m->fds[i] = openat(dir_fd, folder_names[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (m->fds[i] < 0)
			goto failed;
	}
	if (fsync(dir_fd) != 0)
		goto failed;
	close(dir_fd);
	return m;
failed:
	saved = errno;
	if (dir_fd >= 0)
		close(dir_fd);
	maildir_close(m);
	errno = saved;
	return NULL;
}

void maildir_close(struct maildir *m)
{
	if (m == NULL)
		return;
	for (int i = 0; i < FOLDERS; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	for (size_t i = 0; i < m->name_count; i++)
		free(m->names[i]);
	free(m->names);
	free(m);
}

/* -- looking -- */

/* Whether a file's name is `name` with or without what readers append. */
static bool is_named(const char *file, const char *name)
{
	size_t len = strlen(name);
	return strncmp(file, name, len) == 0 && (file[len] == '\0' || file[len] == ':' || file[len] == ',');
}

static int64_t file_ms(const struct stat *info)
{
	return (int64_t)info->st_mtim.tv_sec * MS_PER_SECOND + info->st_mtim.tv_nsec / 1000000;
}

static DIR *open_folder(const struct maildir *m, enum folder folder)
{
	int fd = openat(m->fds[folder], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL && fd >= 0) {
		int saved = errno;
		close(fd);
		errno = saved;
	}
	return dir;
}

static enum maildir_result present(const struct maildir *m, enum folder folder, const char *file, int64_t *ms)
{
	struct stat info;
	/* Moved on by a reader between the look and now: present all the same. */
	if (fstatat(m->fds[folder], file, &info, 0) == 0)
		*ms = file_ms(&info);
	return MAILDIR_PRESENT;
}

static enum maildir_result look(const struct maildir *m, enum folder folder, const char *name, int64_t *ms)
{
	DIR *dir = open_folder(m, folder);
	enum maildir_result result = MAILDIR_ABSENT;
	if (dir == NULL)
		return MAILDIR_FAILED;
	errno = 0;
	for (struct dirent *entry; result == MAILDIR_ABSENT && (entry = readdir(dir)) != NULL;)
		if (is_named(entry->d_name, name))
			result = present(m, folder, entry->d_name, ms);
	int saved = errno;
	closedir(dir);
	errno = saved;
	return result == MAILDIR_ABSENT && saved != 0 ? MAILDIR_FAILED : result;
}

static bool sweep_tmp(const struct maildir *m, const char *name)
{
	DIR *dir = open_folder(m, TMP);
	size_t len = strlen(name);
	if (dir == NULL)
		return false;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (strncmp(entry->d_name, name, len) == 0 && entry->d_name[len] == '.')
			unlinkat(m->fds[TMP], entry->d_name, 0);
	closedir(dir);
	return true;
}

enum maildir_result maildir_recover(struct maildir *m, const char *name, int64_t *ms)
{
	/* In this order: a reader moves messages from new to cur only, so none slips between the two looks. */
	static const enum folder ways[] = { NEW, CUR };
	enum maildir_result result = sweep_tmp(m, name) ? MAILDIR_ABSENT : MAILDIR_FAILED;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0] && result == MAILDIR_ABSENT; i++) {
		result = look(m, ways[i], name, ms);
		/* It was linked; whether its place had reached the disk is not known. */
		if (result == MAILDIR_PRESENT && fsync(m->fds[ways[i]]) != 0)
			result = MAILDIR_FAILED;
	}
	return result;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool keep_name(struct maildir *m, const char *file)
{
	if (m->name_count == m->name_cap) {
		size_t cap = m->name_cap == 0 ? 256 : 2 * m->name_cap;
		char **names = realloc(m->names, cap * sizeof *names);
		if (names == NULL)
			return false;
		m->names = names;
		m->name_cap = cap;
	}
	m->names[m->name_count] = strdup(file);
	return m->names[m->name_count] != NULL && ++m->name_count > 0;
}

static bool list_cur(struct maildir *m, const char *ending)
{
	DIR *dir = open_folder(m, CUR);
	bool ok = dir != NULL;
	for (struct dirent *entry; ok && (errno = 0, entry = readdir(dir)) != NULL;)
		if (strstr(entry->d_name, ending) != NULL)
			ok = keep_name(m, entry->d_name);
	ok = ok && errno == 0;
	if (dir != NULL)
		closedir(dir);
	if (ok && m->name_count > 0)
		qsort(m->names, m->name_count, sizeof *m->names, by_name);
	m->is_listed = ok;
	return ok;
}

/* The first listed name that is not before `name`; what is appended makes a name greater. */
static const char *find_listed(const struct maildir *m, const char *name)
{
	size_t low = 0, high = m->name_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(m->names[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->name_count && is_named(m->names[low], name) ? m->names[low] : NULL;
}

/* -- delivering -- */

static bool write_file(int fd, struct slice message, int64_t ms)
{
	while (message.len > 0) {
		ssize_t n = write(fd, message.ptr, message.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		message.ptr += n;
		message.len -= (size_t)n;
	}
	struct timespec at = { (time_t)(ms / MS_PER_SECOND), (long)(ms % MS_PER_SECOND) * 1000000 };
	struct timespec times[2] = { at, at };
	return (ms < 0 || futimens(fd, times) == 0) && fsync(fd) == 0;
}

enum maildir_result maildir_deliver(struct maildir *m, const char *name, struct slice message, int64_t *ms)
{
	char tmp[NAME_BYTES];
	const char *dot = strrchr(name, '.');
	if (!m->is_listed && !list_cur(m, dot == NULL ? name : dot))
		return MAILDIR_FAILED;
	const char *listed = find_listed(m, name);
	if (listed != NULL)
		return present(m, CUR, listed, ms);
	snprintf(tmp, sizeof tmp, "%s.%ld", name, (long)getpid());
	int fd = openat(m->fds[TMP], tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return MAILDIR_FAILED;
	bool ok = write_file(fd, message, *ms);
	int saved = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		saved = errno;
	}
	enum maildir_result result = MAILDIR_FAILED;
	/* link(), not rename(): it refuses to replace what another delivery put there first. */
	if (ok && linkat(m->fds[TMP], tmp, m->fds[NEW], name, 0) == 0)
		result = MAILDIR_DELIVERED;
	else if (ok && errno == EEXIST)
		result = present(m, NEW, name, ms);
	else if (ok)
		saved = errno;
	unlinkat(m->fds[TMP], tmp, 0);
	if (result != MAILDIR_FAILED && fsync(m->fds[NEW]) != 0) {
		saved = errno;
		result = MAILDIR_FAILED;
	}
	errno = saved;
	return result;
}
