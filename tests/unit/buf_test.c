/* base/buf: growing, the cap, and failure that stays until it is asked for. */
#include "base/buf.h"
#include "check.h"

static void test_grows(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 20);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_slice(&b).len, 0);
	for (int i = 0; i < 1000; i++)
		buf_puts(&b, "0123456789");
	assert_false(b.failed);
	assert_int_equal(b.len, 10000);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.ptr[i], '0' + i % 10);
	assert_int_equal(b.ptr[b.len], '\0');
	buf_release(&b);
	assert_null(b.ptr);
	assert_int_equal(b.max_bytes, 1 << 20);
	buf_puts(&b, "again");
	check_text("after release", buf_slice(&b), slice_of("again"));
	buf_release(&b);
}

static void test_each_put(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 100);
	buf_put(&b, NULL, 0);
	buf_put_slice(&b, (struct slice){ NULL, 0 });
	buf_puts(&b, "");
	assert_int_equal(b.len, 0);
	buf_putc(&b, 'a');
	buf_put(&b, "b\0c", 3);
	buf_put_slice(&b, slice_of("de"));
	buf_printf(&b, "%s-%d", "f", 42);
	buf_printf(&b, "%s", "");
	check_text("all", buf_slice(&b), (struct slice){ "ab\0cdef-42", 10 });
	buf_release(&b);
}

/* What fits to the byte goes in; one byte more does not, and nothing after it either. */
static void test_cap(void **state)
{
	(void)state;
	static const size_t caps[] = { 0, 1, 10, 255, 256, 257, 1000, 4096 };
	for (size_t i = 0; i < COUNT(caps); i++) {
		struct buf b;
		buf_init(&b, caps[i]);
		for (size_t k = 0; k < caps[i]; k++)
			buf_putc(&b, 'x');
		assert_false(b.failed);
		assert_int_equal(b.len, caps[i]);
		buf_putc(&b, 'y');
		assert_true(b.failed);
		assert_int_equal(b.len, caps[i]);
		buf_consume(&b, 5);
		buf_putc(&b, 'z');
		assert_true(b.failed);
		assert_int_equal(b.len, caps[i] < 5 ? 0 : caps[i] - 5);
		buf_reset(&b);
		assert_false(b.failed);
		assert_string_equal(buf_text(&b), "");
		buf_release(&b);
	}
	struct buf b;
	buf_init(&b, 8);
	buf_printf(&b, "%d", 12345678);
	assert_false(b.failed);
	buf_reset(&b);
	buf_printf(&b, "%d", 123456789);
	assert_true(b.failed);
	assert_int_equal(b.len, 0);
	buf_release(&b);
}

static void test_no_cap(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, SIZE_MAX);
	buf_puts(&b, "fits");
	assert_false(b.failed);
	assert_false(buf_reserve(&b, SIZE_MAX - 2));
	assert_true(b.failed);
	buf_release(&b);
}

static void test_reserve_keeps(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 16);
	buf_puts(&b, "kept");
	assert_true(buf_reserve(&b, 5000));
	assert_true(b.cap > 5004);
	const char *before = b.ptr;
	for (int i = 0; i < 5000; i++)
		buf_putc(&b, 'x');
	assert_ptr_equal(b.ptr, before);
	assert_memory_equal(b.ptr, "keptx", 5);
	buf_release(&b);
}

static void test_consume(void **state)
{
	(void)state;
	static const struct {
		size_t n;
		const char *want;
	} rows[] = { { 0, "abcdef" }, { 1, "bcdef" }, { 5, "f" }, { 6, "" }, { 7, "" }, { SIZE_MAX, "" } };
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;
		buf_init(&b, 100);
		buf_puts(&b, "abcdef");
		buf_consume(&b, rows[i].n);
		assert_string_equal(buf_text(&b), rows[i].want);
		assert_int_equal(b.len, strlen(rows[i].want));
		buf_release(&b);
	}
	struct buf empty;
	buf_init(&empty, 100);
	buf_consume(&empty, 3);
	assert_int_equal(empty.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_each_put),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_no_cap),
		cmocka_unit_test(test_reserve_keeps),
		cmocka_unit_test(test_consume),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
