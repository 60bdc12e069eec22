/* lib/net/program.h - what a program that talks to servers has of its own: its cache. Like base/cli.h for programs in bin/ only. */
#ifndef NET_PROGRAM_H
#define NET_PROGRAM_H
#include "store/cache.h"

/* The cache of all programs, in the cache folder; closed with cache_close. NULL: do without; -v says why. */
struct cache *cache_begin(void);
#endif
