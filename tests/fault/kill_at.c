/* tests/fault/kill_at.c - preloaded into a program: kills it, as kill -9 does, just before the KILL_AT-th call that changes a file or a folder.
 *
 * cc -shared -fPIC -o kill_at.so kill_at.c; LD_PRELOAD=./kill_at.so KILL_AT=7 program. Without KILL_AT nothing is killed. Writes to standard output
 * and error count too: the program may die between an effect and its report. */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Counted in one thread only: the programs under test have one. */
static void step(void)
{
	static long calls;
	const char *at = getenv("KILL_AT");
	if (at != NULL && ++calls == atol(at))
		kill(getpid(), SIGKILL);
}

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t len)
{
	step();
	return REAL(write)(fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	step();
	return REAL(pwrite)(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	step();
	return REAL(pwrite64)(fd, bytes, len, at);
}

int fsync(int fd)
{
	step();
	return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	step();
	return REAL(fdatasync)(fd);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	step();
	return REAL(linkat)(from_dir, from, to_dir, to, flags);
}

int unlinkat(int dir, const char *path, int flags)
{
	step();
	return REAL(unlinkat)(dir, path, flags);
}

int unlink(const char *path)
{
	step();
	return REAL(unlink)(path);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	step();
	return REAL(mkdirat)(dir, path, mode);
}

int ftruncate64(int fd, off64_t len)
{
	step();
	return REAL(ftruncate64)(fd, len);
}
