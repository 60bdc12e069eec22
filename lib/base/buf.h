/* lib/base/buf.h - a byte buffer that grows, up to a stated cap.
 *
 * Failure is sticky: once memory or the cap ran out, `failed` stays set, what follows is ignored, and the caller asks once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include "base/slice.h"

struct buf {
	char *ptr; /* NULL until something is put; always one NUL past len, for printing */
	size_t len;
	size_t cap;
	size_t max_bytes;
	bool failed; /* out of memory, or len would pass max_bytes */
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_release(struct buf *b);

/* Empties it and clears `failed`; the memory stays. */
void buf_reset(struct buf *b);

/* Room for `more` further bytes, without changing len; false sets `failed`. */
bool buf_reserve(struct buf *b, size_t more);

void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_put_slice(struct buf *b, struct slice text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);

/* The content, borrowed until the next change. */
static inline struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->ptr == NULL ? "" : b->ptr, b->len };
}

/* The content as a C string, borrowed until the next change; "" while empty. */
static inline const char *buf_text(const struct buf *b)
{
	return b->ptr == NULL ? "" : b->ptr;
}
#endif
