#include "idmap.h"

#include <stdlib.h>

#include "base/cli.h"

enum { FIRST_CAPACITY = 64 };

/* FNV-1a, 64 bits (Fowler, Noll, Vo). Ids come from the CRM, which numbers them itself. */
static size_t hash(struct slice id)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < id.len; i++)
		h = (h ^ (unsigned char)id.ptr[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

static struct idmap_entry *find(const struct idmap *m, struct slice id)
{
	size_t at = hash(id) & (m->capacity - 1);
	while (m->entries[at].id.ptr != NULL && !slice_equal(m->entries[at].id, id))
		at = (at + 1) & (m->capacity - 1);
	return &m->entries[at];
}

static void grow(struct idmap *m)
{
	struct idmap bigger = { .capacity = m->capacity == 0 ? FIRST_CAPACITY : 2 * m->capacity, .count = m->count };
	bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
	if (bigger.entries == NULL)
		cli_die(EXIT_IO_FAILED, "out of memory");
	for (size_t i = 0; i < m->capacity; i++)
		if (m->entries[i].id.ptr != NULL)
			*find(&bigger, m->entries[i].id) = m->entries[i];
	free(m->entries);
	*m = bigger;
}

void idmap_release(struct idmap *m)
{
	free(m->entries);
	*m = (struct idmap){ 0 };
}

size_t idmap_get(const struct idmap *m, struct slice id)
{
	if (m->capacity == 0)
		return idmap_none;
	const struct idmap_entry *entry = find(m, id);
	return entry->id.ptr == NULL ? idmap_none : entry->value;
}

size_t idmap_add(struct idmap *m, struct slice id, size_t value)
{
	if (2 * (m->count + 1) > m->capacity)
		grow(m);
	struct idmap_entry *entry = find(m, id);
	if (entry->id.ptr == NULL) {
		*entry = (struct idmap_entry){ { id.len == 0 ? "" : id.ptr, id.len }, value };
		m->count++;
	}
	return entry->value;
}
