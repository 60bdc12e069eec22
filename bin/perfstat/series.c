#include "series.h"

#include <stdlib.h>

enum { SLOTS = 1024 }; /* a power of two, above twice the number of keys */

struct series_set {
	struct series series[SERIES_MAX_KEYS + 1];
	size_t count;
	struct series *rest; /* NULL until a key found no room */
	uint16_t slots[SLOTS]; /* number in series, from 1; 0: free */
};

struct series_set *series_set_new(void)
{
	return calloc(1, sizeof(struct series_set));
}

void series_set_free(struct series_set *set)
{
	for (size_t i = 0; set != NULL && i < set->count; i++) {
		sketch_release(&set->series[i].sketch);
		free(set->series[i].key_bytes);
	}
	free(set);
}

static struct slice cut_key(struct slice key)
{
	if (key.len <= SERIES_MAX_KEY_BYTES)
		return key;
	key.len = SERIES_MAX_KEY_BYTES;
	key.len = slice_utf8_prefix(key);
	return key;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash(struct slice key)
{
	uint32_t h = 2166136261U;
	for (size_t i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.ptr[i]) * 16777619U;
	return h;
}

/* The slot of the key, or the free one where it belongs. */
static uint16_t *find_slot(struct series_set *set, struct slice key)
{
	size_t slot = hash(key) % SLOTS;
	while (set->slots[slot] != 0 && !slice_equal(set->series[set->slots[slot] - 1].key, key))
		slot = (slot + 1) % SLOTS;
	return &set->slots[slot];
}

static struct series *add_series(struct series_set *set, struct slice key)
{
	struct series *s = &set->series[set->count];
	*s = (struct series){ .key_bytes = malloc(key.len + 1), .has_time = true };
	if (s->key_bytes == NULL)
		return NULL;
	if (key.len > 0)
		memcpy(s->key_bytes, key.ptr, key.len);
	s->key = (struct slice){ s->key_bytes, key.len };
	set->count++;
	sketch_init(&s->sketch);
	return s;
}

static struct series *find_series(struct series_set *set, struct slice key)
{
	uint16_t *slot = find_slot(set, key);
	if (*slot != 0)
		return &set->series[*slot - 1];
	if (set->count >= SERIES_MAX_KEYS) {
		if (set->rest == NULL && (set->rest = add_series(set, (struct slice)SLICE("(other keys)"))) != NULL)
			set->rest->is_rest = true;
		return set->rest;
	}
	struct series *s = add_series(set, key);
	if (s != NULL)
		*slot = (uint16_t)set->count;
	return s;
}

static void widen(struct series *s, bool has_time, double start_ms, double end_ms)
{
	bool is_first = s->sketch.n == 0;
	s->has_time = has_time && (is_first || s->has_time);
	if (is_first || start_ms < s->start_ms)
		s->start_ms = start_ms;
	if (is_first || end_ms > s->end_ms)
		s->end_ms = end_ms;
}

bool series_set_add(struct series_set *set, const struct operation *op)
{
	struct series *s = find_series(set, cut_key(op->key));
	if (s == NULL)
		return false;
	widen(s, op->has_time, op->start_ms, op->end_ms);
	s->errors += op->is_error;
	return sketch_add(&s->sketch, op->ms);
}

static int by_key(const void *left, const void *right)
{
	const struct series *a = left, *b = right;
	if (a->is_rest != b->is_rest)
		return a->is_rest ? 1 : -1;
	size_t shorter = a->key.len < b->key.len ? a->key.len : b->key.len;
	int order = memcmp(a->key.ptr, b->key.ptr, shorter);
	return order != 0 ? order : a->key.len < b->key.len ? -1 : a->key.len > b->key.len;
}

const struct series *series_set_sorted(struct series_set *set, size_t *count)
{
	qsort(set->series, set->count, sizeof set->series[0], by_key);
	/* What moved must be found again. */
	memset(set->slots, 0, sizeof set->slots);
	set->rest = NULL;
	for (size_t i = 0; i < set->count; i++)
		if (set->series[i].is_rest)
			set->rest = &set->series[i];
		else
			*find_slot(set, set->series[i].key) = (uint16_t)(i + 1);
	*count = set->count;
	return set->series;
}

bool series_merge(struct series *total, const struct series *from)
{
	if (from->sketch.n == 0)
		return true;
	widen(total, from->has_time, from->start_ms, from->end_ms);
	total->errors += from->errors;
	return sketch_merge(&total->sketch, &from->sketch);
}

double series_rate(const struct series *s)
{
	double seconds = (s->end_ms - s->start_ms) / 1000;
	return s->has_time && s->sketch.n >= 2 && seconds > 0 ? (double)s->sketch.n / seconds : -1;
}
