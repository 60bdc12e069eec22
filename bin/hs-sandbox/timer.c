#include "timer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"

enum { GONE_CHECK_US = 50000 };

static void swap(struct timer *t, size_t a, size_t b)
{
	struct timer_wait wait = t->waits[a];
	t->waits[a] = t->waits[b];
	t->waits[b] = wait;
}

static bool push(struct timer *t, struct timer_wait wait)
{
	if (t->count == t->room) {
		size_t room = t->room == 0 ? 64 : 2 * t->room;
		struct timer_wait *waits = realloc(t->waits, room * sizeof *waits);
		if (waits == NULL)
			return false;
		t->waits = waits;
		t->room = room;
	}
	size_t at = t->count++;
	t->waits[at] = wait;
	for (; at > 0 && t->waits[at].due_us < t->waits[(at - 1) / 2].due_us; at = (at - 1) / 2)
		swap(t, at, (at - 1) / 2);
	return true;
}

static struct timer_wait pop(struct timer *t)
{
	struct timer_wait first = t->waits[0];
	t->waits[0] = t->waits[--t->count];
	for (size_t at = 0, child; (child = 2 * at + 1) < t->count; at = child) {
		if (child + 1 < t->count && t->waits[child + 1].due_us < t->waits[child].due_us)
			child++;
		if (t->waits[at].due_us <= t->waits[child].due_us)
			break;
		swap(t, at, child);
	}
	return first;
}

static bool is_gone(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* The clock of the condition is the monotonic one: it does not jump, and BOOTTIME is not offered. */
static void sleep_until(struct timer *t, int64_t due_us)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	int64_t wait_us = due_us - clock_steady_us();
	if (wait_us <= 0)
		return;
	int64_t ns = at.tv_nsec + wait_us % 1000000 * 1000;
	at.tv_sec += wait_us / 1000000 + ns / 1000000000;
	at.tv_nsec = ns % 1000000000;
	pthread_cond_timedwait(&t->changed, &t->mutex, &at);
}

static void *run(void *closure)
{
	struct timer *t = closure;
	pthread_mutex_lock(&t->mutex);
	while (!t->is_stopping || t->count > 0) {
		if (t->count == 0) {
			pthread_cond_wait(&t->changed, &t->mutex);
			continue;
		}
		int64_t now = clock_steady_us();
		if (!t->is_stopping && t->waits[0].due_us > now) {
			sleep_until(t, t->waits[0].due_us);
			continue;
		}
		struct timer_wait wait = pop(t);
		if (!t->is_stopping && wait.until_gone_fd >= 0 && !is_gone(wait.until_gone_fd)) {
			wait.due_us = now + GONE_CHECK_US;
			push(t, wait); /* there is room: one was just taken */
			continue;
		}
		MHD_resume_connection(wait.connection);
	}
	pthread_mutex_unlock(&t->mutex);
	return NULL;
}

bool timer_start(struct timer *t)
{
	pthread_condattr_t attributes;
	*t = (struct timer){ .count = 0 };
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&t->mutex, NULL);
	pthread_cond_init(&t->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	errno = pthread_create(&t->thread, NULL, run, t);
	return errno == 0;
}

bool timer_wait(struct timer *t, struct timer_wait wait)
{
	pthread_mutex_lock(&t->mutex);
	bool good = !t->is_stopping && push(t, wait);
	if (good) {
		MHD_suspend_connection(wait.connection);
		pthread_cond_signal(&t->changed);
	}
	pthread_mutex_unlock(&t->mutex);
	return good;
}

void timer_stop(struct timer *t)
{
	pthread_mutex_lock(&t->mutex);
	t->is_stopping = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->mutex);
	pthread_join(t->thread, NULL);
}

void timer_release(struct timer *t)
{
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->mutex);
	free(t->waits);
}
