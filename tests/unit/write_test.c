/* record/write: JSON text: commas, escapes, numbers that read back the same. */
#include "record/write.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"

static struct buf out;
static struct jsonw w;

static int begin(void **state)
{
	(void)state;
	buf_init(&out, 1 << 16);
	jsonw_init(&w, &out);
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

static void commas_and_colons_come_by_themselves(void **state)
{
	(void)state;
	jsonw_object(&w);
	jsonw_put_text(&w, "a", "x");
	jsonw_put_text(&w, "b", NULL);
	jsonw_name(&w, "c");
	jsonw_array(&w);
	jsonw_int(&w, 1);
	jsonw_object(&w);
	jsonw_object_end(&w);
	jsonw_array(&w);
	jsonw_array_end(&w);
	jsonw_bool(&w, false);
	jsonw_null(&w);
	jsonw_raw(&w, (struct slice)SLICE("1.50"));
	jsonw_array_end(&w);
	jsonw_put_bool(&w, "d", true);
	jsonw_put_raw(&w, "e", (struct slice)SLICE("{\"f\":[]}"));
	jsonw_put_int(&w, "g", -7);
	jsonw_put_string(&w, "h", (struct slice)SLICE("y"));
	jsonw_object_end(&w);
	assert_false(out.failed);
	assert_string_equal(
		buf_text(&out), "{\"a\":\"x\",\"b\":null,\"c\":[1,{},[],false,null,1.50],\"d\":true,\"e\":{\"f\":[]},\"g\":-7,\"h\":\"y\"}");
}

static void text_is_escaped(void **state)
{
	(void)state;
	jsonw_object(&w);
	jsonw_name_slice(&w, (struct slice)SLICE("a\"b"));
	jsonw_string(&w, (struct slice)SLICE("\\ / \n \x01 \x7f \xc3\xa9 \xff"));
	jsonw_object_end(&w);
	assert_string_equal(buf_text(&out), "{\"a\\\"b\":\"\\\\ / \\n \\u0001 \\u007f \xc3\xa9 \xef\xbf\xbd\"}");
}

static void integers_keep_every_digit(void **state)
{
	(void)state;
	jsonw_array(&w);
	jsonw_int(&w, 0);
	jsonw_int(&w, 10);
	jsonw_int(&w, INT64_MAX);
	jsonw_int(&w, INT64_MIN);
	jsonw_array_end(&w);
	assert_string_equal(buf_text(&out), "[0,10,9223372036854775807,-9223372036854775808]");
}

static void doubles_are_short_and_read_back_the_same(void **state)
{
	static const struct {
		double number;
		const char *want;
	} rows[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 5, "5" },
		{ 0.1, "0.1" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1e21, "1e+21" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1e-7, "1e-07" },
		{ DBL_MAX, "1.7976931348623157e+308" },
		{ INFINITY, "null" },
		{ -INFINITY, "null" },
		{ NAN, "null" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_reset(&out);
		jsonw_init(&w, &out);
		jsonw_double(&w, rows[i].number);
		assert_string_equal(buf_text(&out), rows[i].want);
		if (isfinite(rows[i].number))
			assert_true(strtod(buf_text(&out), NULL) == rows[i].number);
	}
}

static void nesting_past_the_limit_spoils_the_buffer(void **state)
{
	(void)state;
	for (int i = 0; i < JSONW_MAX_DEPTH - 1; i++)
		jsonw_array(&w);
	assert_false(out.failed);
	jsonw_array(&w);
	assert_true(out.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commas_and_colons_come_by_themselves, begin, end),
		cmocka_unit_test_setup_teardown(text_is_escaped, begin, end),
		cmocka_unit_test_setup_teardown(integers_keep_every_digit, begin, end),
		cmocka_unit_test_setup_teardown(doubles_are_short_and_read_back_the_same, begin, end),
		cmocka_unit_test_setup_teardown(nesting_past_the_limit_spoils_the_buffer, begin, end),
	};
	return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
