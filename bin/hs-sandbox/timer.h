/* bin/hs-sandbox/timer.h - suspended connections that wait for their time, on a thread of their own: a slow answer delays no other. */
#ifndef SANDBOX_TIMER_H
#define SANDBOX_TIMER_H
#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct timer_wait {
	int64_t due_us; /* steady time */
	struct MHD_Connection *connection;
	int until_gone_fd; /* -1, or a socket: then it waits, past due_us, until the client has closed it */
};

struct timer {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct timer_wait *waits; /* a heap, the earliest first */
	size_t count, room;
	bool is_stopping;
};

/* False with errno. */
bool timer_start(struct timer *t);

/* Suspends the connection (call it from its handler); it is resumed when the time has come. False, and not suspended, when memory ran out or
 * timer_stop has begun. */
bool timer_wait(struct timer *t, struct timer_wait wait);

/* Resumes all that wait, whatever their time, and ends the thread. */
void timer_stop(struct timer *t);

/* After timer_stop, and when no handler runs any more. */
void timer_release(struct timer *t);
#endif
