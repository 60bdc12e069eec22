/* lib/net/turns.h - one request at a time, and a pause between two, for each of many hosts, kept by all processes of this machine together: what politeness to websites
 * asks for.
 *
 * QUEUE.md has a governor's file for each domain; but leads have tens of thousands of domains, and a website tells no limit to share out. So there is one file of fixed
 * size: a table of times by a digest of the host, and a lock on the byte of each place in it, which the kernel drops whatever kills a process. Hosts that share a
 * place wait for each other. Times are CLOCK_BOOTTIME in microseconds (clock_steady_us); a table of another boot, or none of ours, starts empty. */
#ifndef NET_TURNS_H
#define NET_TURNS_H
#include <stdbool.h>
#include <stdint.h>

enum { TURNS_ERROR_BYTES = 512, TURNS_PLACES = 1 << 16 };

struct turns;

/* The file is made where it is missing, and allocated whole. NULL with the reason in `error`. */
struct turns *turns_open(const char *path, char error[TURNS_ERROR_BYTES]);

/* Lets go of what is held; NULL is fine. */
void turns_close(struct turns *t);

/* True: the host is ours until turns_give. False: *again_us is when to ask again. */
bool turns_take(struct turns *t, const char *host, int64_t now_us, int64_t *again_us);

/* Nobody takes it before next_us, which is at most an hour ahead. */
void turns_give(struct turns *t, const char *host, int64_t now_us, int64_t next_us);
#endif
