#include "reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"

enum { PATH_BYTES = 512, LINK_BYTES = 64, PAGE_BYTES = 4096 };

bool reader_is_pipe(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* A page of the pipe may be filled in part only: half of it is counted on. */
size_t reader_room(int fd)
{
	int used, capacity = fcntl(fd, F_GETPIPE_SZ);
	if (capacity < 0 || ioctl(fd, FIONREAD, &used) != 0)
		return SIZE_MAX;
	if (used == 0)
		return (size_t)capacity - PAGE_BYTES;
	return used < capacity / 2 ? (size_t)(capacity / 2 - used) : 0;
}

bool reader_is_empty(int fd)
{
	int used;
	return ioctl(fd, FIONREAD, &used) == 0 && used == 0;
}

/* Whether the descriptor of another process is open for reading: "flags:	0100000", octal. */
static bool is_for_reading(const char *process, const char *fd)
{
	char path[PATH_BYTES], line[128];
	bool result = false;
	snprintf(path, sizeof path, "/proc/%.32s/fdinfo/%.32s", process, fd);
	FILE *file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "flags:", 6) == 0)
			result = (strtoul(line + 6, NULL, 8) & O_ACCMODE) != O_WRONLY;
	if (file != NULL)
		fclose(file);
	return result;
}

static bool reads(const char *process, const char *wanted)
{
	char path[PATH_BYTES], link[LINK_BYTES];
	bool result = false;
	snprintf(path, sizeof path, "/proc/%.32s/fd", process);
	DIR *folder = opendir(path);
	for (struct dirent *entry; folder != NULL && !result && (entry = readdir(folder)) != NULL;) {
		ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
		if (len <= 0)
			continue;
		link[len] = '\0';
		result = strcmp(link, wanted) == 0 && is_for_reading(process, entry->d_name);
	}
	if (folder != NULL)
		closedir(folder);
	return result;
}

/* The process id of a process's parent; 0 where it is not to be had. "PID (NAME) STATE PPID", and a name may hold anything. */
static long parent_of(long process)
{
	char path[PATH_BYTES], line[PATH_BYTES];
	long parent = 0;
	snprintf(path, sizeof path, "/proc/%ld/stat", process);
	FILE *file = fopen(path, "re");
	size_t len = file == NULL ? 0 : fread(line, 1, sizeof line - 1, file);
	line[len] = '\0';
	const char *name_end = strrchr(line, ')');
	if (name_end != NULL && strlen(name_end) > 4)
		parent = strtol(name_end + 4, NULL, 10);
	if (file != NULL)
		fclose(file);
	return parent;
}

/* A shell that reads us by $(...) waits for our end, and we must not wait for its. */
static bool is_ancestor(long process)
{
	for (long at = (long)getppid(); at > 0; at = parent_of(at))
		if (at == process)
			return true;
	return false;
}

size_t readers_find(int pipe_fd, int pids[READER_PROCESSES])
{
	char wanted[LINK_BYTES], path[PATH_BYTES];
	size_t count = 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", pipe_fd);
	ssize_t len = readlink(path, wanted, sizeof wanted - 1);
	DIR *folder = len <= 0 ? NULL : opendir("/proc");
	wanted[len <= 0 ? 0 : len] = '\0';
	for (struct dirent *entry; folder != NULL && count < READER_PROCESSES && (entry = readdir(folder)) != NULL;) {
		long process = strtol(entry->d_name, NULL, 10);
		if (process > 0 && process != (long)getpid() && reads(entry->d_name, wanted) && !is_ancestor(process))
			pids[count++] = (int)process;
	}
	if (folder != NULL)
		closedir(folder);
	return count;
}
