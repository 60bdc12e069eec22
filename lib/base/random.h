/* lib/base/random.h - a small seeded generator (xoshiro256**, Blackman and Vigna 2018). Not for secrets. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H
#include <stdint.h>

struct random {
	uint64_t state[4];
};

/* Any seed will do; the same seed gives the same numbers. */
void random_seed(struct random *r, uint64_t seed);

/* From the kernel, for jitter and tokens. */
void random_seed_real(struct random *r);
uint64_t random_next(struct random *r);

/* 0 <= x < below, without bias; 0 when below is 0. */
uint64_t random_below(struct random *r, uint64_t below);

/* 0 <= x < 1. */
double random_unit(struct random *r);
#endif
