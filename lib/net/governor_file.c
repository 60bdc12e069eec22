/* The file of a shared governor: made, checked, mapped; who is a member; the lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
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

/* Fresh; but where there was something before, as if a whole window of calls had just been made: what went out is not known. */
static void start_anew(struct governor *g, const struct governor_limits *limits, const char *boot_id, bool is_new, int64_t now_us)
{
	g->core->is_complete = 0;
	governor_then();
	governor_core_init(g->core, limits);
	if (g->core->limits.max > GOVERNOR_SHARED_SLOTS)
		g->core->limits.max = GOVERNOR_SHARED_SLOTS;
	memset(g->slots, 0, GOVERNOR_SHARED_SLOTS * sizeof *g->slots);
	for (unsigned i = 0; !is_new && i < g->core->limits.max; i++)
		g->slots[i] = (struct slot){ .state = SLOT_ANSWERED, .answered_us = now_us };
	memcpy(g->core->magic, magic, sizeof magic);
	memcpy(g->core->boot_id, boot_id, sizeof g->core->boot_id);
	g->core->version = GOVERNOR_VERSION;
	governor_then();
	g->core->is_complete = 1;
}

/* A time of this boot that has come, or comes within `ahead_us`. */
static bool is_near(int64_t time_us, int64_t ahead_us, int64_t now_us)
{
	return time_us <= now_us + ahead_us + GOVERNOR_LATE_LOCK_US;
}

static bool is_sane(const struct governor *g, const char *boot_id, int64_t now_us)
{
	const struct governor_core *core = g->core;
	const struct governor_limits *limits = &core->limits;
	if (memcmp(core->magic, magic, sizeof magic) != 0 || core->version != GOVERNOR_VERSION || core->is_complete != 1 ||
		strncmp(core->boot_id, boot_id, sizeof core->boot_id) != 0)
		return false;
	if (limits->max > GOVERNOR_SHARED_SLOTS || limits->window_us <= 0 || limits->window_us > GOVERNOR_DAY_US || limits->burst == 0 ||
		core->retry_tokens > GOVERNOR_RETRY_TOKENS || core->next_ticket == 0 || !breaker_is_sane(&core->breaker, now_us) ||
		!is_near(core->earliest_us, GOVERNOR_DAY_US, now_us) || !is_near(core->hold_until_us, GOVERNOR_DAY_US, now_us) ||
		!is_near(core->reaped_us, 0, now_us))
		return false;
	for (unsigned i = 0; i < GOVERNOR_SHARED_SLOTS; i++)
		if (g->slots[i].state < SLOT_FREE || g->slots[i].state > SLOT_ANSWERED || g->slots[i].member >= GOVERNOR_MEMBERS ||
			!is_near(g->slots[i].answered_us, 0, now_us))
			return false;
	for (unsigned i = 0; i < GOVERNOR_MEMBERS * GOVERNOR_CLASSES; i++) {
		const struct waiter *w = &core->waiters[i / GOVERNOR_CLASSES][i % GOVERNOR_CLASSES];
		if (w->ticket >= core->next_ticket || !is_near(w->again_us, GOVERNOR_DAY_US, now_us))
			return false;
	}
	return true;
}

/* A newer version's file is not ours to judge; an older one's is made anew, unless a process still works by it. */
static const char *version_problem(const struct governor *g)
{
	struct flock members = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = MEMBER_LOCKS, .l_len = GOVERNOR_MEMBERS };
	if (memcmp(g->core->magic, magic, sizeof magic) != 0 || g->core->version == GOVERNOR_VERSION)
		return NULL;
	if (g->core->version > GOVERNOR_VERSION)
		return "was made by a newer version of this program";
	if (fcntl(g->fd, F_OFD_GETLK, &members) != 0 || members.l_type != F_UNLCK)
		return "is in use by an older version of this program";
	return NULL;
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
	char path[PATH_BYTES], boot_id[CLOCK_BOOT_ID_BYTES];
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
	clock_boot_id(boot_id);
	const char *problem = version_problem(g);
	if (problem != NULL)
		return fail(g, path, problem, error);
	if (!is_sane(g, boot_id, now_us))
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
