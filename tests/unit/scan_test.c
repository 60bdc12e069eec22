/* record/scan: the index of a block, by every path, against its definition: each special byte at every place, and bytes by chance. */
#include "record/scan.h"

#include <stdlib.h>

#include "chance.h"
#include "check.h"

enum { SEED = 20260105, RANDOM_LINES = 20000, RANDOM_LINE_BYTES = 400 };

static const enum scan_path paths[] = { SCAN_SCALAR, SCAN_AVX2 };

static const char *path_name(enum scan_path path)
{
	return path == SCAN_SCALAR ? "scalar" : "avx2";
}

/* The index of a block by its definition, one byte after the other. */
static size_t plain_index(struct slice text, uint32_t *at)
{
	size_t count = 0;
	bool in_string = false, in_word = false, escaped = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool behind_backslash = escaped;
		escaped = c == '\\' && !behind_backslash;
		if (c == '\n') {
			at[count++] = (uint32_t)i;
			in_string = in_word = false;
			continue;
		}
		if (c == '"' && !behind_backslash) {
			at[count++] = (uint32_t)i;
			in_string = !in_string;
			in_word = false;
			continue;
		}
		if (in_string)
			continue;
		if (c == ' ' || c == '\t' || c == '\r') {
			in_word = false;
		} else if (c != '\0' && strchr("{}[]:,", c) != NULL) {
			at[count++] = (uint32_t)i;
			in_word = false;
		} else {
			if (!in_word)
				at[count++] = (uint32_t)i;
			in_word = true;
		}
	}
	return count;
}

static void check_index(struct scan *s, struct slice text, const char *what)
{
	uint32_t *want = malloc((text.len + 1) * sizeof *want);
	assert_non_null(want);
	size_t count = plain_index(text, want);
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (!scan_choose(paths[i]))
			continue;
		assert_true(scan_block(s, text));
		if (s->count != count)
			fail_msg("%s, %s: %zu entries, not %zu: %.*s", what, path_name(paths[i]), s->count, count, (int)text.len, text.ptr);
		for (size_t k = 0; k < count; k++)
			if (s->at[k] != want[k])
				fail_msg("%s, %s: entry %zu is %u, not %u: %.*s", what, path_name(paths[i]), k, s->at[k], want[k], (int)text.len,
					text.ptr);
	}
	free(want);
}

static void every_special_byte_is_seen_at_every_place(void **state)
{
	/* Moved over three chunks, byte by byte. */
	static const char *const pieces[] = {
		"\"",
		"\\",
		"\n",
		"\\\"",
		"\\\\\"",
		"\\\\\\\"",
		"\"\n\"",
		"\"\\\n\"",
		"{",
		"}",
		"[",
		"]",
		":",
		",",
		"\"a\":\"b\",",
		" x ",
		"1\r2",
		"\xc3\xa9",
		"\"\xf0\x9f\x98\x80\"",
		"\x0c",
		"\x1a",
		"\x01",
	};
	enum { BYTES = 4 * SCAN_CHUNK_BYTES };
	static const char fillers[] = { ' ', 'x', '"', '\\', '{', '\n' };
	struct scan s = { 0 };
	(void)state;
	for (size_t f = 0; f < COUNT(fillers); f++)
		for (size_t p = 0; p < COUNT(pieces); p++)
			for (size_t at = 0; at < 3 * SCAN_CHUNK_BYTES; at++) {
				/* Of its exact size, so that a sanitizer sees a byte too far. */
				size_t len = at + strlen(pieces[p]) + 10;
				char *text = malloc(len);
				assert_true(text != NULL && len <= BYTES);
				memset(text, fillers[f], len);
				memcpy(text + at, pieces[p], strlen(pieces[p]));
				text[len - 1] = '\n';
				check_index(&s, (struct slice){ text, len }, pieces[p]);
				free(text);
			}
	scan_release(&s);
}

static void all_paths_agree_on_random_bytes(void **state)
{
	struct scan s = { 0 };
	struct buf text;
	(void)state;
	random_state = SEED;
	buf_init(&text, 1 << 20);
	for (int i = 0; i < RANDOM_LINES; i++) {
		buf_reset(&text);
		if (i % 2 == 0) {
			for (size_t n = random_below(RANDOM_LINE_BYTES); n > 0; n--)
				buf_putc(&text, "\"\"\"\\\\\n{}[]:, ab1\xc3\x01"[random_below(18)]);
		} else {
			put_random_value(&text, 0);
			mutate(&text);
		}
		buf_putc(&text, '\n');
		check_index(&s, buf_slice(&text), "random");
	}
	buf_release(&text);
	scan_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_special_byte_is_seen_at_every_place),
		cmocka_unit_test(all_paths_agree_on_random_bytes),
	};
	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
