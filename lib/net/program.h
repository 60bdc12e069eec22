/* lib/net/program.h - what a program that talks to servers has of its own: its cache, its turns at websites, and the cassette of --record and --replay. Like base/cli.h
 * for programs in bin/ only. */
#ifndef NET_PROGRAM_H
#define NET_PROGRAM_H
#include "net/cassette.h"
#include "net/turns.h"
#include "store/cache.h"

/* The cache of all programs, in the cache folder; closed with cache_close. NULL: do without; -v says why. Not for a run with a cassette, whose answers are all to be in it. */
struct cache *cache_begin(void);

/* The turns at websites (turns.h) of all processes, in the state folder; closed with turns_close. NULL: other processes do not count; -v says why. */
struct turns *turns_begin(void);

/* The cassette of the options' folders (NULL: not given), else of LEADPIPE_RECORD or LEADPIPE_REPLAY; NULL: none is asked for. After the command line was read, and
 * before the time is asked: content time then stands still at the recorded run's start, unless --now says another. Ends the program where it cannot begin. */
struct cassette *cassette_begin(const char *record_dir, const char *replay_dir);

/* Closes it (NULL is fine). The status; but 69 where a request was not in it and the run has not ended early for that, after saying which. Ends the program with 74
 * where it could not be written whole. */
int cassette_end(struct cassette *c, int status);
#endif
