/* record/expr: jq expressions: first output, all outputs, truth, variables, and every kind of failure. */
#include "record/expr.h"

#include <stdlib.h>

#include "check.h"

static const struct slice no_variables = { NULL, 0 };

static struct expr *compile(const char *source)
{
	char error[256];
	struct expr *e = expr_new(source, no_variables, error, sizeof error);
	if (e == NULL)
		fail_msg("%s: %s", source, error);
	return e;
}

static void the_first_output_counts(void **state)
{
	static const struct {
		const char *source, *input;
		enum expr_result want;
		const char *output;
	} rows[] = {
		{ ".a", "{\"a\":{\"b\":[1,\"x\"]}}", EXPR_VALUE, "{\"b\":[1,\"x\"]}" },
		{ ".a", "{}", EXPR_VALUE, "null" },
		{ "1,2,3", "{}", EXPR_VALUE, "1" },
		{ "empty", "{}", EXPR_EMPTY, "" },
		{ "error(\"nope\")", "[1]", EXPR_ERROR, "nope" },
		{ "error(\"a\\nb\")", "{}", EXPR_ERROR, "a b" },
		{ "error({a:1})", "{}", EXPR_ERROR, "{\"a\":1}" },
		/* libjq's numbers are doubles: why a result never replaces what was read. */
		{ ".", "9007199254740993", EXPR_VALUE, "9007199254740992" },
		{ "$ENV|length", "{}", EXPR_VALUE, "0" },
		{ "env|length", "{}", EXPR_VALUE, "0" },
		{ "$ENV.PATH", "{}", EXPR_VALUE, "null" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out;
		buf_init(&out, 1 << 16);
		struct expr *e = compile(rows[i].source);
		/* Twice: nothing is left over from one value to the next. */
		for (int turn = 0; turn < 2; turn++) {
			buf_reset(&out);
			assert_int_equal(expr_eval(e, slice_of(rows[i].input), &out), rows[i].want);
			assert_string_equal(buf_text(&out), rows[i].output);
		}
		expr_free(e);
		buf_release(&out);
	}
}

static void all_outputs_come_as_an_array(void **state)
{
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	struct expr *e = compile(".[]|if . == 9 then error(\"nine\") else . end");
	assert_int_equal(expr_eval_all(e, slice_of("[1,2]"), &out), EXPR_VALUE);
	assert_string_equal(buf_text(&out), "[1,2]");
	buf_reset(&out);
	assert_int_equal(expr_eval_all(e, slice_of("[]"), &out), EXPR_EMPTY);
	assert_string_equal(buf_text(&out), "[]");
	buf_reset(&out);
	buf_puts(&out, "kept ");
	assert_int_equal(expr_eval_all(e, slice_of("[1,9,2]"), &out), EXPR_ERROR);
	assert_string_equal(buf_text(&out), "kept nine");
	expr_free(e);
	buf_release(&out);
}

static void a_test_is_true_unless_false_or_null(void **state)
{
	static const struct {
		const char *source, *input;
		bool want, failed;
	} rows[] = {
		{ ".", "true", true, false },
		{ ".", "0", true, false },
		{ ".", "\"\"", true, false },
		{ ".", "false", false, false },
		{ ".", "null", false, false },
		{ "empty", "1", false, false },
		{ "false,true", "1", false, false },
		{ ".a", "1", false, true },
		{ "(.contact.properties.hs_analytics_num_visits|tonumber) > 3", "{\"contact\":{\"properties\":{\"hs_analytics_num_visits\":\"4\"}}}",
			true, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool failed = !rows[i].failed;
		struct expr *e = compile(rows[i].source);
		assert_int_equal(expr_test(e, slice_of(rows[i].input), &failed), rows[i].want);
		assert_int_equal(failed, rows[i].failed);
		assert_int_equal(expr_test(e, slice_of(rows[i].input), NULL), rows[i].want);
		expr_free(e);
	}
}

static void variables_are_bound_by_name(void **state)
{
	char error[256];
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	struct expr *e = expr_new("[$now, $days[0], .x]", slice_of("{\"now\":\"2026-01-05\",\"days\":[3,7]}"), error, sizeof error);
	assert_non_null(e);
	assert_int_equal(expr_eval(e, slice_of("{\"x\":1}"), &out), EXPR_VALUE);
	assert_string_equal(buf_text(&out), "[\"2026-01-05\",3,1]");
	expr_free(e);
	buf_release(&out);
	assert_null(expr_new(".", slice_of("[1]"), error, sizeof error));
	assert_string_equal(error, "the variables are no JSON object");
}

static void a_bad_program_is_refused_in_one_line(void **state)
{
	static const struct {
		const char *source, *want;
	} rows[] = {
		{ ".a |", "syntax error, unexpected $end" },
		{ "nosuch", "nosuch/0 is not defined" },
		{ "$nosuch", "$nosuch is not defined" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char error[256] = "";
		assert_null(expr_new(rows[i].source, no_variables, error, sizeof error));
		/* Releases of libjq differ in what follows. */
		if (strstr(error, rows[i].want) == NULL || strchr(error, '\n') != NULL)
			fail_msg("%s: \"%s\"", rows[i].source, error);
	}
}

static void input_that_jq_cannot_read_is_an_error(void **state)
{
	/* libjq 1.6 stops at 256 levels, later ones at 10,000. */
	enum { LEVELS = 20000 };
	struct buf deep, out;
	bool failed;
	(void)state;
	buf_init(&deep, 1 << 20);
	buf_init(&out, 1 << 20);
	for (int i = 0; i < LEVELS; i++)
		buf_putc(&deep, '[');
	for (int i = 0; i < LEVELS; i++)
		buf_putc(&deep, ']');
	struct expr *e = compile(".");
	assert_int_equal(expr_eval(e, buf_slice(&deep), &out), EXPR_ERROR);
	assert_true(out.len > 0);
	assert_false(expr_test(e, buf_slice(&deep), &failed));
	assert_true(failed);
	assert_true(expr_test(e, slice_of("[1]"), &failed));
	assert_false(failed);
	expr_free(e);
	buf_release(&deep);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_output_counts),
		cmocka_unit_test(all_outputs_come_as_an_array),
		cmocka_unit_test(a_test_is_true_unless_false_or_null),
		cmocka_unit_test(variables_are_bound_by_name),
		cmocka_unit_test(a_bad_program_is_refused_in_one_line),
		cmocka_unit_test(input_that_jq_cannot_read_is_an_error),
	};
	return cmocka_run_group_tests_name("expr", tests, NULL, NULL);
}
