/* bin/perfstat/sketch.h - the distribution of any number of durations in constant memory.
 *
 * DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019): counts in buckets whose bounds grow by a constant factor, so that each quantile is within 1 % of
 * the sample's own, and two sketches add up to the sketch of both samples. Least, greatest and mean are exact. */
#ifndef PERFSTAT_SKETCH_H
#define PERFSTAT_SKETCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds. What is shorter than the least counts as that (1 ns); what is longer than the greatest (31,700 years) is refused. */
#define SKETCH_LEAST_MS 1e-6
#define SKETCH_GREATEST_MS 1e15

struct sketch {
	uint64_t *counts; /* of the buckets from `first` on */
	int first;
	size_t length;
	uint64_t n;
	double min_ms, max_ms;
	double sum_ms, lost_ms; /* the sum and what rounding took from it (Neumaier 1974) */
};

void sketch_init(struct sketch *s);
void sketch_release(struct sketch *s);

/* Whether it is a duration: finite, not negative, not above the greatest. */
bool sketch_takes(double ms);

/* ms must be one that sketch_takes. False: out of memory, and nothing was added. */
bool sketch_add(struct sketch *s, double ms);

/* Adds all of `from`. False: out of memory, and nothing was added. */
bool sketch_merge(struct sketch *s, const struct sketch *from);

/* The value of rank ceil(q * n), within 1 %, and never outside [min, max]; n must not be 0, 0 < q <= 1. */
double sketch_quantile(const struct sketch *s, double q);
double sketch_mean(const struct sketch *s);

/* The smallest n at which the q-quantile can be bounded from above by a value of the sample, with 95 % certainty: 1 - q^n >= 0.95. That is 5 for
 * P50, 29 for P90, 59 for P95 and 299 for P99. */
uint64_t sketch_least_n(double q);
#endif
