#include "record/scan.h"

#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Into each path, so that the compiler uses that path's instructions for all of it. */
#define INLINE static inline __attribute__((always_inline))

/* What one chunk consists of, a bit a byte. */
struct masks {
	uint64_t quote, backslash, line_feed, control, structure, blank;
	bool is_odd; /* of UTF-8 */
};

/* What a chunk hands to the next. */
struct carry {
	uint64_t is_escaped; /* 1: the next byte stands behind a backslash */
	uint64_t in_string; /* all ones: the next byte is inside a string */
	uint64_t in_word; /* 1: the last byte belonged to a number, a literal, or rubbish */
};

INLINE void mark(uint64_t *bitmap, size_t chunk)
{
	bitmap[chunk / 64] |= (uint64_t)1 << chunk % 64;
}

/* Bit i becomes the parity of bits 0 to i. */
INLINE uint64_t parity(uint64_t bits)
{
	bits ^= bits << 1;
	bits ^= bits << 2;
	bits ^= bits << 4;
	bits ^= bits << 8;
	bits ^= bits << 16;
	return bits ^ bits << 32;
}

/* The bytes that stand behind an escaping backslash. A backslash that is itself escaped does not escape. */
INLINE uint64_t find_escaped(uint64_t backslash, uint64_t *is_escaped)
{
	uint64_t escaping = 0;
	backslash &= ~*is_escaped;
	while (backslash != 0) {
		uint64_t lowest = backslash & -backslash;
		escaping |= lowest;
		backslash &= ~(lowest | lowest << 1);
	}
	uint64_t escaped = escaping << 1 | *is_escaped;
	*is_escaped = escaping >> 63;
	return escaped;
}

/* Writes the positions of all bits behind `at`, eight at a time: the exact number is hard to foresee for the processor, its eighths are not. */
INLINE uint32_t *put_positions(uint32_t *at, uint64_t bits, uint32_t base)
{
	const uint64_t stop = (uint64_t)1 << 63; /* ctz of 0 is undefined; what is written past `count` does not matter */
	unsigned count = (unsigned)__builtin_popcountll(bits);
	for (unsigned done = 0; done < count; done += 8)
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++) {
			at[done + i] = base + (uint32_t)__builtin_ctzll(bits | stop);
			bits &= bits - 1;
		}
	return at + count;
}

INLINE void take_chunk(struct scan *s, struct carry *carry, const struct masks *m, size_t chunk)
{
	uint64_t escaped = 0;
	if ((m->backslash | carry->is_escaped) != 0) {
		escaped = find_escaped(m->backslash, &carry->is_escaped);
		mark(s->escaped, chunk);
		s->has_escaped = true;
	}
	uint64_t quote = m->quote & ~escaped;
	uint64_t in_string = parity(quote) ^ carry->in_string, torn;
	/* An LF inside a string acts as the quote that is missing; stage 2 sees that it is none. */
	while ((torn = in_string & m->line_feed) != 0)
		in_string ^= -(torn & -torn);
	carry->in_string = -(in_string >> 63);

	uint64_t word = ~(m->structure | m->blank | quote | in_string);
	uint64_t word_start = word & ~(word << 1 | carry->in_word);
	carry->in_word = word >> 63;

	if (m->is_odd || (m->control & in_string) != 0) {
		mark(s->odd, chunk);
		s->has_odd = true;
	}
	uint64_t structural = (m->structure & ~in_string) | quote | m->line_feed | word_start;
	s->count = (size_t)(put_positions(s->at + s->count, structural, (uint32_t)(chunk * SCAN_CHUNK_BYTES)) - s->at);
}

/* -- one byte after the other -- */

static void classify_scalar(const unsigned char *bytes, struct masks *m)
{
	*m = (struct masks){ 0 };
	for (unsigned i = 0; i < SCAN_CHUNK_BYTES; i++) {
		uint64_t bit = (uint64_t)1 << i;
		if (bytes[i] < 0x20)
			m->control |= bit;
		switch (bytes[i]) {
		case '"': m->quote |= bit; break;
		case '\\': m->backslash |= bit; break;
		case '\n': m->line_feed |= bit; /* fall through */
		case ' ':
		case '\t':
		case '\r': m->blank |= bit; break;
		case '{':
		case '}':
		case '[':
		case ']':
		case ':':
		case ',': m->structure |= bit; break;
		default: m->is_odd |= bytes[i] >= 0x80; break;
		}
	}
}

static void index_scalar(struct scan *s, struct slice text)
{
	struct carry carry = { 0 };
	struct masks m;
	size_t chunk = 0;
	for (; (chunk + 1) * SCAN_CHUNK_BYTES <= text.len; chunk++) {
		classify_scalar((const unsigned char *)text.ptr + chunk * SCAN_CHUNK_BYTES, &m);
		take_chunk(s, &carry, &m, chunk);
	}
	if (chunk * SCAN_CHUNK_BYTES < text.len) {
		unsigned char last[SCAN_CHUNK_BYTES];
		memset(last, ' ', sizeof last);
		memcpy(last, text.ptr + chunk * SCAN_CHUNK_BYTES, text.len - chunk * SCAN_CHUNK_BYTES);
		classify_scalar(last, &m);
		take_chunk(s, &carry, &m, chunk);
	}
}

/* -- AVX2 -- */

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,popcnt,lzcnt")))
#define AVX2_INLINE static inline __attribute__((always_inline, target("avx2,bmi,popcnt,lzcnt")))

/* A table of 16 bytes in both halves of a register, for _mm256_shuffle_epi8. */
#define TABLE16(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

/* The last 32 bytes, and whether they broke off inside a character. */
struct utf8 {
	__m256i last;
	uint64_t broke_off;
};

AVX2_INLINE uint64_t both_masks(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

AVX2_INLINE uint64_t equal_mask(__m256i low, __m256i high, char byte)
{
	__m256i wanted = _mm256_set1_epi8(byte);
	return both_masks(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

AVX2_INLINE __m256i high_nibbles(__m256i bytes)
{
	return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0f));
}

/* 1 "," 2 ":" 4 "[]{}" 8 "TAB LF CR" 16 " ": a bit survives where both nibbles of the byte agree on it. A byte from 0x80 on finds 0 in the first table. */
AVX2_INLINE __m256i kinds(__m256i bytes)
{
	__m256i by_low = TABLE16(16, 0, 0, 0, 0, 0, 0, 0, 0, 8, 8 | 2, 4, 1, 8 | 4, 0, 0);
	__m256i by_high = TABLE16(8, 0, 16 | 1, 2, 0, 4, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0);
	return _mm256_and_si256(_mm256_shuffle_epi8(by_low, bytes), _mm256_shuffle_epi8(by_high, high_nibbles(bytes)));
}

AVX2_INLINE uint64_t kind_mask(__m256i low, __m256i high, char kind)
{
	__m256i zero = _mm256_setzero_si256(), bits = _mm256_set1_epi8(kind);
	return both_masks(_mm256_cmpgt_epi8(_mm256_and_si256(low, bits), zero), _mm256_cmpgt_epi8(_mm256_and_si256(high, bits), zero));
}

/* Nonzero bytes where the characters in `bytes`, which follow `last`, are broken. Every fault but a missing third or fourth byte shows in two neighbours: each
 * bit below is one kind of fault, which is there where three nibbles agree on it. The bit TWO_MORE alone is right where a third or fourth byte is due. */
AVX2_INLINE __m256i utf8_faults(__m256i bytes, __m256i last)
{
	enum {
		TOO_SHORT = 1,
		TOO_LONG = 2,
		OVERLONG_3 = 4,
		TOO_LARGE = 8,
		SURROGATE = 16,
		OVERLONG_2 = 32,
		TOO_LARGE_OR_OVERLONG_4 = 64,
		TWO_MORE = 128,
		ANY_LOW = TOO_SHORT | TOO_LONG | TWO_MORE,
		LARGE_LOW = ANY_LOW | TOO_LARGE | TOO_LARGE_OR_OVERLONG_4,
		MORE_8 = TOO_LONG | OVERLONG_2 | TWO_MORE | OVERLONG_3 | TOO_LARGE_OR_OVERLONG_4,
		MORE_9 = TOO_LONG | OVERLONG_2 | TWO_MORE | OVERLONG_3 | TOO_LARGE,
		MORE_AB = TOO_LONG | OVERLONG_2 | TWO_MORE | SURROGATE | TOO_LARGE,
	};
#define B(bits) ((char)(bits))
	__m256i first_high = TABLE16(TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, B(TWO_MORE), B(TWO_MORE),
		B(TWO_MORE), B(TWO_MORE), TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
		TOO_SHORT | TOO_LARGE | TOO_LARGE_OR_OVERLONG_4);
	__m256i first_low = TABLE16(B(ANY_LOW | OVERLONG_3 | OVERLONG_2 | TOO_LARGE_OR_OVERLONG_4), B(ANY_LOW | OVERLONG_2), B(ANY_LOW), B(ANY_LOW),
		B(ANY_LOW | TOO_LARGE), B(LARGE_LOW), B(LARGE_LOW), B(LARGE_LOW), B(LARGE_LOW), B(LARGE_LOW), B(LARGE_LOW), B(LARGE_LOW),
		B(LARGE_LOW), B(LARGE_LOW | SURROGATE), B(LARGE_LOW), B(LARGE_LOW));
	__m256i second_high = TABLE16(TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, B(MORE_8), B(MORE_9),
		B(MORE_AB), B(MORE_AB), TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT);

	__m256i joint = _mm256_permute2x128_si256(last, bytes, 0x21);
	__m256i one_before = _mm256_alignr_epi8(bytes, joint, 15);
	__m256i two_before = _mm256_alignr_epi8(bytes, joint, 14);
	__m256i three_before = _mm256_alignr_epi8(bytes, joint, 13);
	__m256i pairs = _mm256_and_si256(_mm256_and_si256(_mm256_shuffle_epi8(first_high, high_nibbles(one_before)),
						 _mm256_shuffle_epi8(first_low, _mm256_and_si256(one_before, _mm256_set1_epi8(0x0f)))),
		_mm256_shuffle_epi8(second_high, high_nibbles(bytes)));
	/* The top bit is set where a byte from 0xe0 on stands two before, or one from 0xf0 on three before. */
	__m256i third = _mm256_subs_epu8(two_before, _mm256_set1_epi8(0xe0 - 0x80));
	__m256i fourth = _mm256_subs_epu8(three_before, _mm256_set1_epi8(0xf0 - 0x80));
	__m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(B(0x80)));
	return _mm256_xor_si256(due, pairs);
}

/* Whether a character that begins in these bytes needs more of them. */
AVX2_INLINE uint64_t utf8_breaks_off(__m256i bytes)
{
	__m256i most = _mm256_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		-1, -1, B(0xf0 - 1), B(0xe0 - 1), B(0xc0 - 1));
	__m256i above = _mm256_subs_epu8(bytes, most);
	return !_mm256_testz_si256(above, above);
}
#undef B

AVX2_INLINE bool utf8_is_odd(struct utf8 *utf8, __m256i low, __m256i high)
{
	bool is_odd;
	if (_mm256_movemask_epi8(_mm256_or_si256(low, high)) == 0) {
		is_odd = utf8->broke_off != 0;
		utf8->broke_off = 0;
	} else {
		__m256i faults = _mm256_or_si256(utf8_faults(low, utf8->last), utf8_faults(high, low));
		is_odd = !_mm256_testz_si256(faults, faults);
		utf8->broke_off = utf8_breaks_off(high);
	}
	utf8->last = high;
	return is_odd;
}

AVX2_INLINE void classify_avx2(const unsigned char *bytes, struct utf8 *utf8, struct masks *m)
{
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
	__m256i low_kinds = kinds(low), high_kinds = kinds(high), last_control = _mm256_set1_epi8(0x1f);
	m->quote = equal_mask(low, high, '"');
	m->backslash = equal_mask(low, high, '\\');
	m->line_feed = equal_mask(low, high, '\n');
	m->structure = kind_mask(low_kinds, high_kinds, 1 | 2 | 4);
	m->blank = kind_mask(low_kinds, high_kinds, 8 | 16);
	m->control =
		both_masks(_mm256_cmpeq_epi8(_mm256_min_epu8(low, last_control), low), _mm256_cmpeq_epi8(_mm256_min_epu8(high, last_control), high));
	m->is_odd = utf8_is_odd(utf8, low, high);
}

AVX2 static void index_avx2(struct scan *s, struct slice text)
{
	struct carry carry = { 0 };
	struct utf8 utf8 = { _mm256_setzero_si256(), 0 };
	struct masks m;
	size_t chunk = 0;
	for (; (chunk + 1) * SCAN_CHUNK_BYTES <= text.len; chunk++) {
		classify_avx2((const unsigned char *)text.ptr + chunk * SCAN_CHUNK_BYTES, &utf8, &m);
		take_chunk(s, &carry, &m, chunk);
	}
	if (chunk * SCAN_CHUNK_BYTES < text.len) {
		unsigned char last[SCAN_CHUNK_BYTES];
		memset(last, ' ', sizeof last);
		memcpy(last, text.ptr + chunk * SCAN_CHUNK_BYTES, text.len - chunk * SCAN_CHUNK_BYTES);
		classify_avx2(last, &utf8, &m);
		take_chunk(s, &carry, &m, chunk);
	}
}
#endif

/* -- choosing -- */

static void index_fastest(struct scan *s, struct slice text);
static void (*index_text)(struct scan *s, struct slice text) = index_fastest;

bool scan_choose(enum scan_path path)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
	if (has_avx2 && path != SCAN_SCALAR) {
		index_text = index_avx2;
		return true;
	}
#endif
	if (path == SCAN_AVX2)
		return false;
	index_text = index_scalar;
	return true;
}

static void index_fastest(struct scan *s, struct slice text)
{
	scan_choose(SCAN_FASTEST);
	index_text(s, text);
}

void scan_release(struct scan *s)
{
	free(s->at);
	free(s->odd);
	free(s->escaped);
	*s = (struct scan){ 0 };
}

/* Memory for the worst case, where every byte is structural. What is not written costs no memory: the system gives pages when they are touched. */
static bool reserve(struct scan *s, size_t bytes)
{
	enum { OVERRUN = 8 }; /* put_positions writes whole eighths */
	if (bytes + OVERRUN <= s->cap)
		return true;
	scan_release(s);
	size_t cap = 256;
	while (cap < bytes + OVERRUN)
		cap *= 2;
	size_t words = cap / SCAN_CHUNK_BYTES / 64 + 1;
	s->at = malloc(cap * sizeof *s->at);
	s->odd = malloc(words * sizeof *s->odd);
	s->escaped = malloc(words * sizeof *s->escaped);
	if (s->at == NULL || s->odd == NULL || s->escaped == NULL) {
		scan_release(s);
		return false;
	}
	s->cap = cap;
	return true;
}

bool scan_block(struct scan *s, struct slice text)
{
	if (text.len >= UINT32_MAX || !reserve(s, text.len))
		return false;
	s->chunk_words = text.len / SCAN_CHUNK_BYTES / 64 + 1;
	memset(s->odd, 0, s->chunk_words * sizeof *s->odd);
	memset(s->escaped, 0, s->chunk_words * sizeof *s->escaped);
	s->count = 0;
	s->has_odd = s->has_escaped = false;
	index_text(s, text);
	return true;
}

static bool is_marked(const uint64_t *bitmap, size_t from, size_t to)
{
	size_t first = from / SCAN_CHUNK_BYTES, last = to / SCAN_CHUNK_BYTES;
	uint64_t from_first = ~(uint64_t)0 << first % 64, to_last = ~(uint64_t)0 >> (63 - last % 64);
	if (first / 64 == last / 64)
		return (bitmap[first / 64] & from_first & to_last) != 0;
	uint64_t found = (bitmap[first / 64] & from_first) | (bitmap[last / 64] & to_last);
	for (size_t i = first / 64 + 1; i < last / 64; i++)
		found |= bitmap[i];
	return found != 0;
}

bool scan_is_odd(const struct scan *s, size_t from, size_t to)
{
	return s->has_odd && is_marked(s->odd, from, to);
}

bool scan_is_escaped(const struct scan *s, size_t from, size_t to)
{
	return s->has_escaped && is_marked(s->escaped, from, to);
}
