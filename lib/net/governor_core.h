/* lib/net/governor_core.h - a governor's state, in a file or in memory, and the lock around it. Inside the governor only. */
#ifndef NET_GOVERNOR_CORE_H
#define NET_GOVERNOR_CORE_H
#include "net/governor.h"

enum { GOVERNOR_MEMBERS = 1024, GOVERNOR_SHARED_SLOTS = 1024, GOVERNOR_VERSION = 1, GOVERNOR_CLASSES = 2 };
enum { BREAKER_MIN = 20, BREAKER_WINDOW = 100, BREAKER_OPEN_US = 60000000, BREAKER_PROBES = 10, RETRY_TOKENS = 500 };

enum slot_state { SLOT_FREE, SLOT_IN_FLIGHT, SLOT_ANSWERED };

struct slot {
	int32_t state; /* enum slot_state */
	uint32_t member; /* whose call it is */
	uint32_t generation; /* of the breaker, when the call went out */
	int64_t answered_us;
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

/* Outcomes count only for the state in which their call went out: what a slow call of the time before has to say is old news. */
struct breaker {
	int32_t state; /* enum breaker_state */
	uint32_t generation;
	bool failed[BREAKER_WINDOW]; /* a ring of the last outcomes */
	uint32_t count, next, failures;
	int64_t open_until_us;
	uint32_t probes_sent, probes_ok, probes_failed;
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
