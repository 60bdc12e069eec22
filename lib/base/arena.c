#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 16 << 10 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
	*a = (struct arena){ .max_bytes = max_bytes };
}

void arena_release(struct arena *a)
{
	for (struct arena_block *block = a->first, *next; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	*a = (struct arena){ .max_bytes = a->max_bytes };
}

void arena_reset(struct arena *a)
{
	for (struct arena_block *block = a->first; block != NULL; block = block->next)
		block->used = 0;
	a->current = NULL;
	a->failed = false;
}

/* The blocks behind the current one hold nothing; after a reset, or before the first request, those are all. */
static struct arena_block **unused_blocks(struct arena *a)
{
	return a->current == NULL ? &a->first : &a->current->next;
}

/* Makes the block the current one, in front of those that hold nothing. */
static struct arena_block *make_current(struct arena *a, struct arena_block *block)
{
	struct arena_block **unused = unused_blocks(a);
	block->next = *unused;
	*unused = block;
	a->current = block;
	return block;
}

static void free_unused(struct arena *a)
{
	struct arena_block **unused = unused_blocks(a);
	for (struct arena_block *block; (block = *unused) != NULL;) {
		*unused = block->next;
		a->used_bytes -= block->size;
		free(block);
	}
}

/* A kept block that is large enough, else a new one; kept ones that are too small make room for it where the cap wants that. */
static struct arena_block *next_block(struct arena *a, size_t bytes)
{
	for (struct arena_block **link = unused_blocks(a); *link != NULL; link = &(*link)->next) {
		struct arena_block *block = *link;
		if (block->size < bytes)
			continue;
		*link = block->next;
		return make_current(a, block);
	}
	if (bytes > a->max_bytes - a->used_bytes)
		free_unused(a);
	size_t left = a->max_bytes - a->used_bytes;
	if (bytes > left)
		return NULL;
	size_t size = bytes < BLOCK_BYTES && left >= BLOCK_BYTES ? BLOCK_BYTES : bytes;
	struct arena_block *block = malloc(sizeof *block + size);
	if (block == NULL)
		return NULL;
	block->size = size;
	block->used = 0;
	a->used_bytes += size;
	return make_current(a, block);
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	enum { ALIGN = _Alignof(max_align_t) };
	if (bytes > SIZE_MAX - ALIGN) {
		a->failed = true;
		return NULL;
	}
	bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *block = a->current;
	if (block == NULL || block->size - block->used < bytes)
		block = next_block(a, bytes);
	if (block == NULL) {
		a->failed = true;
		return NULL;
	}
	void *ptr = block->bytes + block->used;
	block->used += bytes;
	return memset(ptr, 0, bytes);
}

struct slice arena_copy(struct arena *a, struct slice text)
{
	char *ptr = arena_alloc(a, text.len + 1);
	if (ptr == NULL)
		return (struct slice){ "", 0 };
	if (text.len > 0)
		memcpy(ptr, text.ptr, text.len);
	return (struct slice){ ptr, text.len };
}

char *arena_strdup(struct arena *a, struct slice text)
{
	char *ptr = arena_alloc(a, text.len + 1);
	if (ptr != NULL && text.len > 0)
		memcpy(ptr, text.ptr, text.len);
	return ptr;
}

struct slice arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *ptr = len < 0 ? NULL : arena_alloc(a, (size_t)len + 1);
	if (ptr == NULL)
		return (struct slice){ "", 0 };
	va_start(args, format);
	vsnprintf(ptr, (size_t)len + 1, format, args);
	va_end(args);
	return (struct slice){ ptr, (size_t)len };
}
