#include "base/names.h"

#include <stdlib.h>

struct name_slot {
	uint32_t at, len; /* len 0: empty */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/), of the name in lower case. */
static size_t hash(struct slice name)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)lower(name.ptr[i])) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* The slot that has the name, or the empty one where it would go. */
static struct name_slot *find(const struct names *names, struct slice name)
{
	for (size_t i = hash(name);; i++) {
		struct name_slot *slot = &names->slots[i & names->slot_mask];
		if (slot->len == 0 || slice_equal_nocase((struct slice){ names->text + slot->at, slot->len }, name))
			return slot;
	}
}

bool names_read(struct names *names, struct slice file)
{
	struct slice rest = file, line;
	size_t slots = 2, end = 0;
	*names = (struct names){ 0 };
	for (size_t i = 0; i < file.len; i++)
		slots += file.ptr[i] == '\n' ? 2 : 0;
	size_t room = 4;
	while (room < slots)
		room *= 2;
	names->text = malloc(file.len + 1);
	names->slots = calloc(room, sizeof *names->slots);
	names->slot_mask = room - 1;
	if (names->text == NULL || names->slots == NULL || file.len >= UINT32_MAX) {
		names_release(names);
		return false;
	}
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		struct name_slot *slot = find(names, line);
		if (slot->len > 0)
			continue;
		*slot = (struct name_slot){ (uint32_t)end, (uint32_t)line.len };
		for (size_t i = 0; i < line.len; i++)
			names->text[end++] = lower(line.ptr[i]);
		names->count++;
	}
	return true;
}

void names_release(struct names *names)
{
	free(names->text);
	free(names->slots);
	*names = (struct names){ 0 };
}

bool names_has(const struct names *names, struct slice name)
{
	return names->count > 0 && name.len > 0 && find(names, name)->len > 0;
}

bool names_has_domain(const struct names *names, struct slice domain)
{
	while (!names_has(names, domain)) {
		const char *dot = domain.len == 0 ? NULL : memchr(domain.ptr, '.', domain.len);
		if (dot == NULL)
			return false;
		domain = (struct slice){ dot + 1, domain.len - (size_t)(dot + 1 - domain.ptr) };
	}
	return true;
}
