#include "net/turns.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sha256.h"

enum { LOOK_US = 20000, BITS = 8 };

static const int64_t LONGEST_US = 3600 * (int64_t)1000000;
static const char magic[16] = "leadpipe turns 1";

/* The file. Byte 0 is locked while the table is made, the first byte of a place's time while its host is asked. */
struct table {
	char magic[16], boot_id[CLOCK_BOOT_ID_BYTES];
	int64_t next_us[TURNS_PLACES]; /* 0: never asked */
};

struct turns {
	int fd;
	struct table *table;
	unsigned char held[TURNS_PLACES / BITS]; /* by this process, which its own locks do not keep out */
};

static bool lock(const struct turns *t, off_t byte, short type, int command)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
	int result;
	do
		result = fcntl(t->fd, command, &l);
	while (result != 0 && errno == EINTR);
	return result == 0;
}

/* -- opening -- */

static bool make_table(struct turns *t)
{
	char boot_id[CLOCK_BOOT_ID_BYTES];
	struct stat about;
	if (fstat(t->fd, &about) != 0)
		return false;
	if (about.st_size < (off_t)sizeof *t->table && (errno = posix_fallocate(t->fd, 0, sizeof *t->table)) != 0)
		return false;
	t->table = mmap(NULL, sizeof *t->table, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
	if (t->table == MAP_FAILED)
		return false;
	clock_boot_id(boot_id);
	if (memcmp(t->table->magic, magic, sizeof magic) == 0 && memcmp(t->table->boot_id, boot_id, sizeof boot_id) == 0)
		return true;
	memset(t->table, 0, sizeof *t->table);
	memcpy(t->table->boot_id, boot_id, sizeof boot_id);
	memcpy(t->table->magic, magic, sizeof magic);
	return true;
}

struct turns *turns_open(const char *path, char error[TURNS_ERROR_BYTES])
{
	struct turns *t = calloc(1, sizeof *t);
	if (t == NULL) {
		snprintf(error, TURNS_ERROR_BYTES, "out of memory");
		return NULL;
	}
	t->table = MAP_FAILED;
	t->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (t->fd >= 0 && lock(t, 0, F_WRLCK, F_OFD_SETLKW) && make_table(t) && lock(t, 0, F_UNLCK, F_OFD_SETLK))
		return t;
	snprintf(error, TURNS_ERROR_BYTES, "%.300s: %s", path, strerror(errno));
	turns_close(t);
	return NULL;
}

void turns_close(struct turns *t)
{
	if (t == NULL)
		return;
	if (t->table != MAP_FAILED)
		munmap(t->table, sizeof *t->table);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

/* -- taking turns -- */

static size_t place_of(const char *host)
{
	unsigned char digest[SHA256_BYTES];
	sha256(slice_of(host), digest);
	return ((size_t)digest[0] << BITS | digest[1]) % TURNS_PLACES;
}

static off_t byte_of(size_t place)
{
	return (off_t)(offsetof(struct table, next_us) + place * sizeof(int64_t));
}

static bool is_held(const struct turns *t, size_t place)
{
	return (t->held[place / BITS] >> place % BITS & 1) != 0;
}

static void hold(struct turns *t, size_t place, bool held)
{
	unsigned char bit = (unsigned char)(1U << place % BITS);
	t->held[place / BITS] = (unsigned char)(held ? t->held[place / BITS] | bit : t->held[place / BITS] & ~bit);
}

/* Whether its pause is over. A time further ahead than any pause is a damaged one. */
static bool is_due(const struct turns *t, size_t place, int64_t now_us, int64_t *again_us)
{
	int64_t next_us = t->table->next_us[place];
	*again_us = next_us;
	return next_us <= now_us || next_us > now_us + LONGEST_US;
}

bool turns_take(struct turns *t, const char *host, int64_t now_us, int64_t *again_us)
{
	size_t place = place_of(host);
	if (!is_due(t, place, now_us, again_us))
		return false;
	if (is_held(t, place) || (!lock(t, byte_of(place), F_WRLCK, F_OFD_SETLK) && (errno == EAGAIN || errno == EACCES))) {
		*again_us = now_us + LOOK_US;
		return false;
	}
	/* Somebody may have asked between the look and the lock. */
	if (!is_due(t, place, now_us, again_us)) {
		lock(t, byte_of(place), F_UNLCK, F_OFD_SETLK);
		return false;
	}
	hold(t, place, true);
	return true;
}

void turns_give(struct turns *t, const char *host, int64_t now_us, int64_t next_us)
{
	size_t place = place_of(host);
	t->table->next_us[place] = next_us < now_us + LONGEST_US ? next_us : now_us + LONGEST_US;
	hold(t, place, false);
	lock(t, byte_of(place), F_UNLCK, F_OFD_SETLK);
}
