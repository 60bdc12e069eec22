#include "sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A little below the promised 1 %, so that rounding in log() cannot break the promise. */
#define ERROR_BOUND 0.0099
#define GAMMA ((1 + ERROR_BOUND) / (1 - ERROR_BOUND))

enum { GROW_BUCKETS = 64 };

void sketch_init(struct sketch *s)
{
	*s = (struct sketch){ 0 };
}

void sketch_release(struct sketch *s)
{
	free(s->counts);
	sketch_init(s);
}

bool sketch_takes(double ms)
{
	return ms >= 0 && ms <= SKETCH_GREATEST_MS;
}

/* Bucket i holds what lies above GAMMA^(i-1) and not above GAMMA^i. */
static int bucket_of(double ms)
{
	return (int)ceil(log(ms > SKETCH_LEAST_MS ? ms : SKETCH_LEAST_MS) / log(GAMMA));
}

/* Makes room for the buckets from `low` to `high`. */
static bool cover(struct sketch *s, int low, int high)
{
	int first = s->first, end = s->first + (int)s->length;
	if (s->length > 0 && low >= first && high < end)
		return true;
	if (s->length == 0) {
		first = low;
		end = high + 1;
	}
	if (low < first)
		first = low - GROW_BUCKETS;
	if (high >= end)
		end = high + 1 + GROW_BUCKETS;
	uint64_t *counts = calloc((size_t)(end - first), sizeof *counts);
	if (counts == NULL)
		return false;
	if (s->length > 0)
		memcpy(counts + (s->first - first), s->counts, s->length * sizeof *counts);
	free(s->counts);
	s->counts = counts;
	s->first = first;
	s->length = (size_t)(end - first);
	return true;
}

static void add_to_sum(struct sketch *s, double ms)
{
	double sum = s->sum_ms + ms;
	s->lost_ms += fabs(s->sum_ms) >= fabs(ms) ? (s->sum_ms - sum) + ms : (ms - sum) + s->sum_ms;
	s->sum_ms = sum;
}

static void widen(struct sketch *s, double min_ms, double max_ms)
{
	if (s->n == 0 || min_ms < s->min_ms)
		s->min_ms = min_ms;
	if (s->n == 0 || max_ms > s->max_ms)
		s->max_ms = max_ms;
}

bool sketch_add(struct sketch *s, double ms)
{
	int bucket = bucket_of(ms);
	if (!cover(s, bucket, bucket))
		return false;
	widen(s, ms, ms);
	s->counts[bucket - s->first]++;
	s->n++;
	add_to_sum(s, ms);
	return true;
}

bool sketch_merge(struct sketch *s, const struct sketch *from)
{
	if (from->n == 0)
		return true;
	if (!cover(s, from->first, from->first + (int)from->length - 1))
		return false;
	widen(s, from->min_ms, from->max_ms);
	for (size_t i = 0; i < from->length; i++)
		s->counts[(size_t)(from->first - s->first) + i] += from->counts[i];
	s->n += from->n;
	add_to_sum(s, from->sum_ms);
	s->lost_ms += from->lost_ms;
	return true;
}

double sketch_quantile(const struct sketch *s, double q)
{
	double rank = ceil(q * (double)s->n);
	uint64_t before = 0;
	size_t i = 0;
	while (i + 1 < s->length && (double)(before + s->counts[i]) < rank)
		before += s->counts[i++];
	/* The value whose distance to both ends of the bucket is the same share of them. */
	double ms = 2 * pow(GAMMA, s->first + (int)i) / (GAMMA + 1);
	return ms < s->min_ms ? s->min_ms : ms > s->max_ms ? s->max_ms : ms;
}

double sketch_mean(const struct sketch *s)
{
	return (s->sum_ms + s->lost_ms) / (double)s->n;
}

uint64_t sketch_least_n(double q)
{
	return (uint64_t)ceil(log(0.05) / log(q));
}
