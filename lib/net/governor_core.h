/* lib/net/governor_core.h - a governor's state, in a file or in memory, and the lock around it. Inside the governor only.
 *
 * A process may be killed inside the lock, between any two of its stores. So nothing is kept that can be counted, and what must not be seen before something else is
 * stored after it (governor_then): whatever a death leaves behind is a slot, a ticket or an outcome more or less. */
#ifndef NET_GOVERNOR_CORE_H
#define NET_GOVERNOR_CORE_H
#include <stdatomic.h>

#include "net/breaker.h"

enum { GOVERNOR_MEMBERS = 1024, GOVERNOR_SHARED_SLOTS = 1024, GOVERNOR_VERSION = 2, GOVERNOR_CLASSES = 2 };

/* How far another process's time may be ahead of ours, which was taken before we had the lock. */
enum { GOVERNOR_LATE_LOCK_US = 60000000 };

static const int64_t GOVERNOR_DAY_US = 86400000000; /* no hold, and no window, is longer */

enum slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_ANSWERED };

struct slot {
	int32_t state; /* enum slot_state */
	uint32_t member; /* whose call it is */
	uint32_t generation; /* of the breaker, when the call went out */
	int64_t answered_us;
};

/* A process that waits: the lowest ticket of a class is next. */
struct waiter {
	uint64_t ticket; /* 0: does not wait */
	int64_t again_us; /* when it will ask again */
};

struct governor_core {
	char magic[8];
	uint32_t version, is_complete; /* 1 as the last of all, when the rest is written */
	char boot_id[40];
	struct governor_limits limits;
	int64_t earliest_us; /* GCRA: the theoretical arrival time of the next background call */
	int64_t hold_until_us;
	int64_t reaped_us; /* when it was last looked for dead processes */
	int64_t daily_max, daily_remaining, daily_ms;
	uint64_t next_ticket;
	uint32_t retry_tokens;
	struct breaker breaker;
	struct waiter waiters[GOVERNOR_MEMBERS][GOVERNOR_CLASSES]; /* in memory: only the first */
};

struct governor {
	char *key;
	struct governor_core *core;
	struct slot *slots;
	unsigned slot_count, member_count;
	unsigned member; /* which one we are */
	int fd; /* -1: in this process alone */
};

/* What stands before it is stored before what stands behind it. For a reader in another process the lock sees to the rest. */
static inline void governor_then(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

void governor_core_init(struct governor_core *core, const struct governor_limits *limits);

/* Around every use of a shared core; in memory they do nothing. */
void governor_lock(struct governor *g);
void governor_unlock(struct governor *g);

/* Whether the process that is that member lives; we do. */
bool governor_member_lives(const struct governor *g, unsigned member);

/* governor_file.c */
bool governor_map(struct governor *g, const char *folder, const struct governor_limits *limits, int64_t now_us, char error[GOVERNOR_ERROR_BYTES]);
void governor_unmap(struct governor *g);

/* governor.c: what a dead or left member had in hand counts as answered now. */
void governor_bury(struct governor *g, unsigned member, int64_t now_us);
#endif
