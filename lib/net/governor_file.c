/* The file of a shared governor: made, checked, mapped; who is a member; the lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/governor_core.h"

enum { PATH_BYTES = 8192, MEMBER_LOCKS = 1 << 20 /* bytes past the file's end: locks need none to be there */ };

static const char magic[8] = "LPGOV\n\x1a";

static const size_t file_bytes = sizeof(struct governor_core) + GOVERNOR_SHARED_SLOTS * sizeof(struct slot);

static int lock_byte(int fd, off_t byte, int command, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int result;
	do
		result = fcntl(fd, command, &lock);
	while (result != 0 && errno == EINTR);
	return command == F_OFD_GETLK && result == 0 ? lock.l_type != F_UNLCK : result;
}

void governor_lock(struct governor *g)
{
	if (g->fd >= 0)
		lock_byte(g->fd, 0, F_OFD_SETLKW, F_WRLCK);
}

void governor_unlock(struct governor *g)
{
	if (g->fd >= 0)
		lock_byte(g->fd, 0, F_OFD_SETLK, F_UNLCK);
}

bool governor_member_lives(const struct governor *g, unsigned member)
{
	return member == g->member ||
		(g->fd >= 0 && member < g->member_count && lock_byte(g->fd, MEMBER_LOCKS + (off_t)member, F_OFD_GETLK, F_WRLCK) == 1);
}

static void read_boot_id(char boot_id[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, boot_id, 36);
	boot_id[len < 0 ? 0 : len] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Fresh, but as if a whole window of calls had just been made: what went out before is not known. */
static void start_anew(struct governor *g, const struct governor_limits *limits, const char *boot_id, bool is_new, int64_t now_us)
{
	g->core->is_complete = 0;
	governor_core_init(g->core, limits);
	memset(g->slots, 0, GOVERNOR_SHARED_SLOTS * sizeof *g->slots);
	for (unsigned i = 0; !is_new && i < limits->max && i < GOVERNOR_SHARED_SLOTS; i++)
		g->slots[i] = (struct slot){ .state = SLOT_ANSWERED, .answered_us = now_us };
	memcpy(g->core->magic, magic, sizeof magic);
	snprintf(g->core->boot_id, sizeof g->core->boot_id, "%s", boot_id);
	g->core->version = GOVERNOR_VERSION;
	g->core->is_complete = 1;
}

static bool is_sane(const struct governor_core *core, const char *boot_id)
{
	return memcmp(core->magic, magic, sizeof magic) == 0 && core->is_complete == 1 &&
		strncmp(core->boot_id, boot_id, sizeof core->boot_id) == 0 && core->limits.max <= GOVERNOR_SHARED_SLOTS &&
		core->limits.window_us > 0 && core->limits.burst > 0 && core->retry_tokens <= RETRY_TOKENS && core->breaker.count <= BREAKER_WINDOW &&
		core->breaker.next < BREAKER_WINDOW && core->breaker.state >= BREAKER_CLOSED && core->breaker.state <= BREAKER_PROBING;
}

/* The first place whose byte nobody holds; what its last owner left is buried. */
static bool join(struct governor *g, int64_t now_us)
{
	for (unsigned i = 0; i < GOVERNOR_MEMBERS; i++)
		if (lock_byte(g->fd, MEMBER_LOCKS + (off_t)i, F_OFD_SETLK, F_WRLCK) == 0) {
			g->member = i;
			governor_bury(g, i, now_us);
			return true;
		}
	return false;
}

static bool fail(struct governor *g, const char *path, const char *what, char error[GOVERNOR_ERROR_BYTES])
{
	snprintf(error, GOVERNOR_ERROR_BYTES, "%.300s: %s", path, what);
	governor_unmap(g);
	return false;
}

bool governor_map(struct governor *g, const char *folder, const struct governor_limits *limits, int64_t now_us, char error[GOVERNOR_ERROR_BYTES])
{
	char path[PATH_BYTES], boot_id[40] = "";
	struct stat st;
	snprintf(path, sizeof path, "%.4000s/%.200s.governor", folder, g->key);
	g->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (g->fd < 0)
		return fail(g, path, strerror(errno), error);
	governor_lock(g);
	if (fstat(g->fd, &st) != 0)
		return fail(g, path, strerror(errno), error);
	bool is_new = st.st_size == 0;
	/* A sparse page on a full disk would be SIGBUS at its first use. */
	int full = (size_t)st.st_size < file_bytes ? posix_fallocate(g->fd, 0, (off_t)file_bytes) : 0;
	if (full != 0)
		return fail(g, path, strerror(full), error);
	void *memory = mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd, 0);
	if (memory == MAP_FAILED)
		return fail(g, path, strerror(errno), error);
	g->core = memory;
	g->slots = (struct slot *)(void *)((char *)memory + sizeof(struct governor_core));
	g->slot_count = GOVERNOR_SHARED_SLOTS;
	g->member_count = GOVERNOR_MEMBERS;
	read_boot_id(boot_id);
	if (memcmp(g->core->magic, magic, sizeof magic) == 0 && g->core->version > GOVERNOR_VERSION)
		return fail(g, path, "was made by a newer version of this program", error);
	if (!is_sane(g->core, boot_id))
		start_anew(g, limits, boot_id, is_new, now_us);
	if (!join(g, now_us))
		return fail(g, path, "more processes than there are places", error);
	governor_unlock(g);
	return true;
}

void governor_unmap(struct governor *g)
{
	if (g->core != NULL && g->fd >= 0)
		munmap(g->core, file_bytes);
	if (g->fd >= 0)
		close(g->fd); /* and with it all our locks */
	g->core = NULL;
	g->slots = NULL;
	g->fd = -1;
}
