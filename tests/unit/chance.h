/* tests/unit/chance.h - JSON by chance, the same on every machine: values, and values with a few bytes broken. */
#ifndef UNIT_CHANCE_H
#define UNIT_CHANCE_H
#include "base/buf.h"
#include "check.h"

/* Small, seeded, the same everywhere: splitmix64. */
static uint64_t random_state;

static inline uint64_t random_next(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline size_t random_below(size_t n)
{
	return (size_t)(random_next() % n);
}

static inline void put_random_value(struct buf *out, int depth)
{
	static const char *const scalars[] = { "null", "true", "false", "0", "-1", "3.25", "1e9", "12345678901234567890", "\"\"", "\"a\"", "\"a b\"",
		"\"\\n\"", "\"\\\\\"", "\"\\\"\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\xc3\xa9\"", "\"\xe2\x82\xac\"", "\"\xf0\x9f\x98\x80\"",
		"\"{}[],:\"" };
	static const char *const blanks[] = { "", "", "", " ", "  ", "\t", "\r" };
	size_t kind = depth == 0 ? 1 : depth > 4 ? 0 : random_below(4), members = random_below(5);
	buf_puts(out, blanks[random_below(COUNT(blanks))]);
	if (kind != 1 && kind != 2) {
		buf_puts(out, scalars[random_below(COUNT(scalars))]);
	} else {
		buf_putc(out, kind == 1 ? '{' : '[');
		for (size_t i = 0; i < members; i++) {
			if (i > 0)
				buf_putc(out, ',');
			if (kind == 1)
				buf_printf(out, "%s\"%c%zu\"%s:", blanks[random_below(COUNT(blanks))], (char)('a' + random_below(3)), i,
					blanks[random_below(COUNT(blanks))]);
			put_random_value(out, depth + 1);
		}
		buf_puts(out, blanks[random_below(COUNT(blanks))]);
		buf_putc(out, kind == 1 ? '}' : ']');
	}
	buf_puts(out, blanks[random_below(COUNT(blanks))]);
}

/* Some bytes changed, taken out or put in: mostly those that mean something. */
static inline void mutate(struct buf *text)
{
	static const char special[] = "{}[]:,\"\\ \t\r\n0123456789-+.eEntfu/x\x01\x1f\x7f\x80\xbf\xc2\xe2\xed\xf0\xf4\xff";
	for (size_t n = 1 + random_below(3); n > 0 && text->len > 0; n--) {
		size_t at = random_below(text->len);
		char c = random_below(8) == 0 ? (char)random_next() : special[random_below(sizeof special)];
		switch (random_below(3)) {
		case 0: text->ptr[at] = c; break;
		case 1:
			memmove(text->ptr + at, text->ptr + at + 1, text->len - at - 1);
			text->len--;
			break;
		default:
			buf_putc(text, 0);
			memmove(text->ptr + at + 1, text->ptr + at, text->len - at - 1);
			text->ptr[at] = c;
			break;
		}
	}
}

#endif
