/* bin/perfstat/series.h - one distribution for each key, with a bound on their number. */
#ifndef PERFSTAT_SERIES_H
#define PERFSTAT_SERIES_H
#include "base/slice.h"

#include "sketch.h"

/* Beyond these, new keys are counted together: memory stays bounded whatever --by names. */
enum { SERIES_MAX_KEYS = 400, SERIES_MAX_KEY_BYTES = 200 };

struct series {
	struct slice key; /* at most SERIES_MAX_KEY_BYTES, whole characters */
	char *key_bytes; /* what key points to; the set's */
	bool is_rest; /* all keys for which there was no room */
	struct sketch sketch;
	uint64_t errors;
	bool has_time; /* of every operation; else there is no throughput */
	double start_ms, end_ms; /* since 1970: the first start and the last end */
};

struct series_set;

/* NULL when out of memory. */
struct series_set *series_set_new(void);
void series_set_free(struct series_set *set);

struct operation {
	struct slice key;
	double ms; /* one that sketch_takes */
	bool is_error, has_time;
	double start_ms, end_ms;
};

/* False: out of memory. */
bool series_set_add(struct series_set *set, const struct operation *op);

/* Sorted by key, the rest last; borrowed until the next change. */
const struct series *series_set_sorted(struct series_set *set, size_t *count);

/* Adds `from` to a series that began zeroed. False: out of memory. */
bool series_merge(struct series *total, const struct series *from);

/* Operations a second from the first start to the last end; negative where that is not known: fewer than two, no times, or no time between them. */
double series_rate(const struct series *s);
#endif
