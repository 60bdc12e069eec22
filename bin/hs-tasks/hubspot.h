/* bin/hs-tasks/hubspot.h - the one client of HubSpot's CRM API: paths, token, limits, and what an answer means.
 *
 * Everything that hs-tasks asks HubSpot goes through hubspot_call (single calls) or batch.h (rows). One knob picks the API's version. Sources:
 * developers.hubspot.com: usage guidelines, error handling, versioning (read in August 2026). */
#ifndef HS_TASKS_HUBSPOT_H
#define HS_TASKS_HUBSPOT_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/sha256.h"
#include "budget.h"

enum hubspot_object { OBJECT_CONTACTS, OBJECT_COMPANIES, OBJECT_TASKS, OBJECT_NOTES, OBJECT_EMAILS, OBJECT_COUNT };

/* "contacts" */
const char *hubspot_object_name(enum hubspot_object object);

/* False where the name is none of them. */
bool hubspot_object_find(struct slice name, enum hubspot_object *object);

/* Association types, HUBSPOT_DEFINED (docs, guides/crm/associations). */
enum {
	ASSOCIATE_TASK_CONTACT = 204,
	ASSOCIATE_TASK_COMPANY = 192,
	ASSOCIATE_NOTE_CONTACT = 202,
	ASSOCIATE_NOTE_COMPANY = 190,
	ASSOCIATE_EMAIL_CONTACT = 198,
	ASSOCIATE_EMAIL_COMPANY = 186
};

struct hubspot;

struct hubspot_options {
	const char *base_url;
	const char *version; /* "2026-03", or "v3", which brings v4 associations */
	const char *token; /* NULL: none, as in a dry run */
	const char *ca_file; /* PEM; NULL: the system's authorities */
	struct trace *trace; /* borrowed; NULL: none */
	struct cassette *cassette; /* of --record or --replay; borrowed; NULL: none */
	uint64_t seed; /* for jitter; 0: from the kernel */
	const char *limits_folder; /* of the governors that all processes share; NULL: of this process alone */
	bool is_interactive; /* a person waits: goes before background work */
	bool quiet_retries; /* says nothing of waiting and trying again */
	bool keeps_going; /* a missing scope ends only its own call: for check */
	bool is_dry_run; /* writes are shown, not sent, and answered with success */
	void (*show)(struct slice json, void *arg); /* a write of a dry run: {"method","path","body"} */
	void *show_arg;
	void (*warn)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

/* Ends the program when out of memory, as all functions here do. */
struct hubspot *hubspot_new(const struct hubspot_options *options);
void hubspot_free(struct hubspot *api);
bool hubspot_is_dry_run(const struct hubspot *api);

enum hubspot_family { API_OBJECTS, API_ASSOCIATIONS, API_PROPERTIES, API_OWNERS, API_ACCOUNT };

/* Puts the path of a family and the rest of it: (API_OBJECTS, "tasks/search"). */
void hubspot_path(const struct hubspot *api, enum hubspot_family family, const char *rest, struct buf *path);

enum hubspot_outcome {
	HUBSPOT_OK, /* 2xx */
	HUBSPOT_REFUSED, /* 4xx that blames this request: others may still pass */
	HUBSPOT_FAILED, /* no good answer after all tries; asking again later does no harm */
	HUBSPOT_UNKNOWN, /* the answer to a create was lost: it may have been made */
	HUBSPOT_BROKEN, /* the client is out of service: hubspot_trouble says why */
};

struct hubspot_answer {
	enum hubspot_outcome outcome;
	long status; /* 0 without an answer, and in a dry run */
	const struct json *body; /* borrowed for the call; NULL where it is no JSON */
	const struct http_response *response; /* borrowed for the call; NULL where nothing was sent */
	int64_t server_ms; /* the server's clock, from the Date header; 0: not said */
	char message[512]; /* HubSpot's, or what went wrong; "" with HUBSPOT_OK */
};

typedef void hubspot_done(const struct hubspot_answer *answer, void *arg);

enum hubspot_kind {
	CALL_READ, /* also search: may be repeated, goes through in a dry run */
	CALL_WRITE, /* may be repeated without harm: update, archive */
	CALL_CREATE, /* sent again only where it cannot have been made */
};

struct hubspot_call {
	const char *method;
	const char *path; /* copied */
	struct slice body; /* copied; ptr NULL: none */
	enum hubspot_kind kind;
	bool is_search; /* a limit of its own: 5 a second */
	const char *op; /* span's name, a literal */
	size_t count; /* objects in it, for the span */
	hubspot_done *done;
	void *arg;
};
void hubspot_call(struct hubspot *api, const struct hubspot_call *call);

/* Calls fn from hubspot_step at the time given (clock_steady_us) or soon after. */
void hubspot_at(struct hubspot *api, int64_t when_us, void (*fn)(void *arg), void *arg);

/* Works until something happens, at most timeout_ms. The number of calls and timers not finished. fd: also returns when it is readable (-1: none). */
size_t hubspot_step(struct hubspot *api, int timeout_ms, int fd);

/* Until nothing is pending. */
void hubspot_drain(struct hubspot *api);

/* What put the client out of service: no server (69), no permission (77), out of quota (75), told to stop. Later calls end with HUBSPOT_BROKEN. */
struct hubspot_trouble {
	int status; /* exit status; 0: all is well */
	const char *code; /* lead(5) */
	bool is_retryable;
	bool is_known; /* the breaker is open: somebody has been told before */
	char message[600];
};
const struct hubspot_trouble *hubspot_trouble(const struct hubspot *api);

/* Makes an answer that is no success the client's trouble: for verbs that cannot go on without it. */
void hubspot_give_up(struct hubspot *api, const struct hubspot_answer *answer, const char *what);

/* Puts the client out of service for a reason outside HubSpot: a journal that cannot be written. code is a literal. */
void hubspot_fail(struct hubspot *api, int status, const char *code, bool is_retryable, const char *message);

/* Past HUBSPOT_FREE_WRITES objects `ask` decides once whether more may be written; without its yes nothing more may, for the reason `refusal`, but what was allowed
 * before is finished. Leases are not counted. */
enum { HUBSPOT_FREE_WRITES = 100 };
void hubspot_guard_writes(struct hubspot *api, bool (*ask)(void *arg), void *arg, const char *refusal);

/* Whether `count` objects more may be written. To be asked before they are entered into the journal: what was refused must not be finished by a later run. */
bool hubspot_may_write(struct hubspot *api, size_t count);

/* Why nothing more may be written, as the trouble that it is for the verb; NULL: it may. */
const struct hubspot_trouble *hubspot_refusal(const struct hubspot *api);

/* What ends the verb: the trouble, else the refusal; status 0: neither. */
const struct hubspot_trouble *hubspot_obstacle(const struct hubspot *api);

/* Ends what is in flight: its records come back as interrupted. */
void hubspot_interrupt(struct hubspot *api);

/* The server's time, and its clock minus ours, from the newest Date header; our own until one is known. With a cassette it is that header's very time, at first the
 * run's start, so that a replay has the same. */
int64_t hubspot_server_ms(const struct hubspot *api);
int64_t hubspot_skew_ms(const struct hubspot *api);

/* Calls made so far, and objects in them, for the summary. */
struct hubspot_totals {
	size_t calls, searches, reads, writes, objects;
};
struct hubspot_totals hubspot_totals(const struct hubspot *api);

/* The limits as they stand, for hs-tasks limits. */
struct budget *hubspot_budget(struct hubspot *api);

/* This machine's name, for the record; in a replay the recorded one. */
const char *hubspot_host(const struct hubspot *api);

/* Random bytes (at most SHA256_BYTES) from the kernel. With a cassette the same in a replay: they then depend on the key, and how often it came, alone. */
void hubspot_random(struct hubspot *api, struct slice key, unsigned char *bytes, size_t count);

/* How long a batch that is not full may wait for more. With a cassette until the input ends: time must not decide what a request holds. */
int64_t hubspot_linger_ms(const struct hubspot *api, int64_t ms);

/* Whether nobody is there to be waited for, or to keep a lease from. */
bool hubspot_is_replay(const struct hubspot *api);

/* Whether something has happened that time, or another process of this machine, decides, and no answer tells. Noted in a cassette under its key, which no other event
 * of the run may have; in a replay what was noted. */
bool hubspot_event(struct hubspot *api, struct slice key, bool happened);

/* The cache of all programs, opened at the first call; NULL: none can be had, or there is a cassette. Never for what decides a write. */
struct cache *hubspot_cache(struct hubspot *api);

/* A digest of address and token: what is kept on disk of one portal never meets another's. */
void hubspot_identity(const struct hubspot *api, char hex[SHA256_HEX_BYTES]);

/* Whether a URL's host is this machine. */
bool hubspot_is_loopback(const char *url);

/* The program's one answer to lack of memory: ends with 74. */
void *must(void *memory);
#endif
