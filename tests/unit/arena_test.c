/* base/arena: zeroed and aligned memory, a cap that counts what is in use, blocks that are used again. */
#include "base/arena.h"
#include "check.h"

static void test_alloc(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 1 << 20);
	char *last = NULL;
	for (size_t bytes = 0; bytes < 300; bytes++) {
		char *ptr = arena_alloc(&a, bytes);
		assert_non_null(ptr);
		assert_int_equal((uintptr_t)ptr % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(ptr[i], 0);
		memset(ptr, 0xaa, bytes);
		if (last != NULL && bytes > 1)
			assert_int_equal((unsigned char)last[0], 0xaa);
		last = ptr;
	}
	/* Zeroed again after a reset, though the block is the old one. */
	arena_reset(&a);
	const char *ptr = arena_alloc(&a, 4096);
	for (size_t i = 0; i < 4096; i++)
		assert_int_equal(ptr[i], 0);
	assert_false(a.failed);
	arena_release(&a);
	assert_null(a.first);
	assert_int_equal(a.used_bytes, 0);
}

static void test_cap(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 100000);
	assert_non_null(arena_alloc(&a, 50000));
	assert_non_null(arena_alloc(&a, 40000));
	assert_null(arena_alloc(&a, 60000));
	assert_true(a.failed);
	/* Small ones still find room, and the failure stays. */
	assert_non_null(arena_alloc(&a, 100));
	assert_true(a.failed);
	arena_reset(&a);
	assert_false(a.failed);
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_alloc(&a, 100001));
	assert_true(a.failed);
	arena_release(&a);
}

/* Whatever sizes came before, an empty arena can give all that its cap allows. */
static void test_sizes_that_grow(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 1 << 20);
	for (size_t bytes = 1000; bytes <= 1 << 20; bytes += 1000) {
		arena_reset(&a);
		assert_non_null(arena_alloc(&a, bytes));
		assert_false(a.failed);
		assert_true(a.used_bytes <= a.max_bytes);
	}
	for (size_t bytes = 1 << 20; bytes > 1000; bytes -= 1000) {
		arena_reset(&a);
		assert_non_null(arena_alloc(&a, bytes / 2));
		assert_non_null(arena_alloc(&a, bytes / 4));
		assert_true(a.used_bytes <= a.max_bytes);
	}
	arena_release(&a);
}

static void test_steady_stream_allocates_nothing(void **state)
{
	(void)state;
	static const size_t sizes[] = { 10, 20000, 30, 100, 70000, 16000, 5 };
	struct arena a;
	size_t held = 0;
	arena_init(&a, 1 << 20);
	for (int round = 0; round < 100; round++) {
		arena_reset(&a);
		for (size_t i = 0; i < COUNT(sizes); i++) {
			size_t bytes = sizes[(i + (size_t)round) % COUNT(sizes)];
			memset(arena_alloc(&a, bytes), 1, bytes);
		}
		if (round == 20)
			held = a.used_bytes;
	}
	assert_int_equal(a.used_bytes, held);
	arena_release(&a);
}

static void test_copies(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 1 << 16);
	struct slice copy = arena_copy(&a, (struct slice){ "a\0b", 3 });
	check_text("copy", copy, (struct slice){ "a\0b", 3 });
	assert_int_equal(copy.ptr[3], '\0');
	check_text("nothing", arena_copy(&a, (struct slice){ NULL, 0 }), slice_of(""));
	assert_string_equal(arena_strdup(&a, (struct slice){ "text and more", 4 }), "text");
	assert_string_equal(arena_strdup(&a, (struct slice){ NULL, 0 }), "");
	check_text("printf", arena_printf(&a, "%s=%d", "n", 7), slice_of("n=7"));
	int *number = arena_new(&a, int);
	assert_int_equal(*number, 0);
	arena_release(&a);

	arena_init(&a, 10);
	assert_int_equal(arena_copy(&a, slice_of("longer than the cap allows")).len, 0);
	assert_null(arena_strdup(&a, slice_of("longer than the cap allows")));
	assert_int_equal(arena_printf(&a, "%s", "longer than the cap allows").len, 0);
	assert_true(a.failed);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_sizes_that_grow),
		cmocka_unit_test(test_steady_stream_allocates_nothing),
		cmocka_unit_test(test_copies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
