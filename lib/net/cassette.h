/* lib/net/cassette.h - a run's exchanges with servers in a folder, and their replay without a network.
 *
 * Each run of a program is a session: a file of JSON lines, PROGRAM.DIGEST.ORDINAL.jsonl, after its name, its options, and how many such runs came before it; the input
 * is no part of that. The first line holds what a run takes from outside beside the servers: its start, this machine's name, and the entropy of its tokens. Then
 * one line for each answer, in the order in which the program was given them, and for each event: what time or another process decided. Secrets are redacted
 * (redact.h) before anything is written, and requests are told apart as redacted. A run that repeats a request is given the answers in their order.
 *
 * A replay that has taken the last run of a kind begins with the first again: the next pass. What runs keep for each other (hs-tasks' journal) is in a replay the pass's
 * own, and empty at its begin. */
#ifndef NET_CASSETTE_H
#define NET_CASSETTE_H
#include "net/exchange.h"

enum { CASSETTE_ERROR_BYTES = 512 };

struct cassette;

struct cassette_run {
	const char *dir;
	struct slice program; /* "hs-tasks claim" */
	struct slice options; /* those that bear on what it asks, each on a line */
	int64_t now_ms; /* its start, real time; recording */
	const char *host; /* this machine's name; recording */
	const char *state_dir; /* keeps counts of replayed runs and the folders of passes, in a folder for each cassette; replaying */
};

/* Begins a session. NULL with the reason in `error`. */
struct cassette *cassette_record(const struct cassette_run *run, char error[CASSETTE_ERROR_BYTES]);

/* Takes the recorded one whose turn it is. */
struct cassette *cassette_replay(const struct cassette_run *run, char error[CASSETTE_ERROR_BYTES]);

/* False where a line could not be written: errno is set. */
bool cassette_close(struct cassette *c);

bool cassette_is_replay(const struct cassette *c);

/* A secret that must not be written; to be named before the first exchange, in a replay too. False: out of memory. */
bool cassette_hide(struct cassette *c, struct slice secret);

/* What the recorded run was given from outside: its start, and its machine. */
int64_t cassette_now_ms(const struct cassette *c);
const char *cassette_host(const struct cassette *c);

/* The folder of this pass, which exists; NULL: recording. The one before is kept, older ones are removed. */
const char *cassette_state_dir(const struct cassette *c);

/* Random bytes that are the same in the replay: they depend on the recorded run, the key and how often that was asked for, not on any order among keys. False when
 * out of memory. */
bool cassette_random(struct cassette *c, struct slice key, unsigned char bytes[SHA256_BYTES]);

/* Whether something has happened that no answer tells: noted under the key, which no other event of the run may have, where it has. In a replay whether it had then,
 * whatever `happened` says. */
bool cassette_event(struct cassette *c, struct slice key, bool happened);

/* Writes it, at once. */
void cassette_put(struct cassette *c, const struct exchange *x);

/* What was answered to x->method, url and body: fills in x->response, borrowed until cassette_close, with its place in the session (from 1). False: no such request was
 * recorded, or not so often. */
bool cassette_get(struct cassette *c, struct exchange *x, uint64_t *turn);

/* The first request that was not found, "GET http://..."; NULL: none. */
const char *cassette_missing(const struct cassette *c);
const char *cassette_dir(const struct cassette *c);
#endif
