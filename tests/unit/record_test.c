/* record/record, field, change: reading members and fields, and that every byte that is not ours stays as it came. */
#include "record/record.h"

#include <stdlib.h>

#include "check.h"

static struct record *parse(const char *line)
{
	struct json_error error;
	struct record *r = record_new();
	assert_non_null(r);
	if (!record_parse(r, slice_of(line), &error))
		fail_msg("%s: %s at byte %zu", line, error.message, error.offset);
	return r;
}

/* -- reading -- */

static void members_are_found_by_their_last_occurrence(void **state)
{
	static const struct {
		const char *line, *name, *want; /* NULL: there is none */
	} rows[] = {
		{ "{\"a\":1,\"b\":2}", "a", "1" },
		{ "{\"a\":1,\"b\":2}", "b", "2" },
		{ "{\"a\":1,\"b\":2}", "c", NULL },
		{ "{\"a\":1,\"a\":2,\"a\":3}", "a", "3" },
		{ "{\"a\":{\"b\":1},\"b\":2}", "b", "2" },
		{ "{\"a\":{\"b\":1}}", "b", NULL },
		{ "{\"a\":[{\"b\":1},\"b\"],\"c\":\"x\"}", "c", "\"x\"" },
		{ "{}", "", NULL },
		{ "{\"\":1}", "", "1" },
		{ " { \"a\" : [ 1 , 2 ] , \"b\" : -1.50e3 \t} ", "a", "[ 1 , 2 ]" },
		{ " { \"a\" : [ 1 , 2 ] , \"b\" : -1.50e3 \t} ", "b", "-1.50e3" },
		{ "{\"a\":true }", "a", "true" },
		/* Names are compared decoded. */
		{ "{\"\\u0061\":1}", "a", "1" },
		{ "{\"a\":1,\"\\u0061\":2}", "a", "2" },
		{ "{\"\\u0061\":1,\"a\":2}", "a", "2" },
		{ "{\"a\\n\":1}", "a\n", "1" },
		{ "{\"a\\n\":1}", "a\\n", NULL },
		{ "{\"\\ud83d\\ude00\":1}", "\xf0\x9f\x98\x80", "1" },
		{ "{\"abcdefgh\":1,\"abcdefgi\":2}", "abcdefgi", "2" },
		{ "{\"12345678901234567890\":1,\"12345678x01234567890\":2}", "12345678901234567890", "1" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct value v;
		struct record *r = parse(rows[i].line);
		bool found = record_member(r, record_root(r), slice_of(rows[i].name), &v);
		if (found != (rows[i].want != NULL))
			fail_msg("%s: \"%s\" is %s", rows[i].line, rows[i].name, found ? "there" : "missing");
		if (found)
			check_text(rows[i].line, v.raw, slice_of(rows[i].want));
		record_free(r);
	}
}

static void paths_go_through_objects_only(void **state)
{
	struct value v;
	struct record *r = parse("{\"a\":{\"b\":{\"c\":7}},\"d\":[1]}");
	(void)state;
	assert_true(record_path(r, &v, "a", "b", "c", NULL));
	check_text("a.b.c", v.raw, slice_of("7"));
	assert_int_equal(v.type, JSON_NUMBER);
	assert_true(record_path(r, &v, NULL));
	check_text("root", v.raw, record_line(r));
	v.type = JSON_TRUE;
	assert_false(record_path(r, &v, "a", "x", "c", NULL));
	assert_false(record_path(r, &v, "d", "0", NULL));
	assert_int_equal(v.type, JSON_TRUE);
	record_free(r);
}

static void iterating_gives_file_order(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "{\"v\":{}}", "" },
		{ "{\"v\":[]}", "" },
		{ "{\"v\":{\"a\":1,\"b\\t\":\"x\",\"a\":{\"c\":[2]} , \"d\" : null}}", "a=1;b\\t*=\"x\";a={\"c\":[2]};d=null;" },
		{ "{\"v\":[1,\"x\" , {\"a\":[]},[[ ]],true]}", "=1;=\"x\";={\"a\":[]};=[[ ]];=true;" },
		{ "{\"v\":7}", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		struct value v;
		struct record *r = parse(rows[i].line);
		buf_init(&out, 4096);
		assert_true(record_path(r, &v, "v", NULL));
		struct value_iter it = record_iter(r, v);
		while (record_iter_next(r, &it)) {
			buf_put_slice(&out, it.name);
			buf_puts(&out, it.name_has_escape ? "*=" : "=");
			buf_put_slice(&out, it.value.raw);
			buf_putc(&out, ';');
		}
		check_text(rows[i].line, buf_slice(&out), slice_of(rows[i].want));
		buf_release(&out);
		record_free(r);
	}
}

static void values_have_text_and_numbers(void **state)
{
	static const struct {
		const char *json, *text;
		bool is_number;
		double number;
		int64_t integer;
	} rows[] = {
		{ "\"a\"", "a", false, 0, 0 },
		{ "\"a\\n\\u00e9\\\"\"", "a\n\xc3\xa9\"", false, 0, 0 },
		{ "\"\\u0000\"", "", false, 0, 0 },
		{ "true", "true", false, 0, 0 },
		{ "null", "", false, 0, 0 },
		{ "{}", "", false, 0, 0 },
		{ "[1]", "", false, 0, 0 },
		{ "12", "12", true, 12, 12 },
		{ "-1.75", "-1.75", true, -1.75, -1 },
		{ "1e2", "1e2", true, 100, 100 },
		{ "\"42\"", "42", true, 42, 42 },
		{ "\" 42\\t\"", " 42\t", true, 42, 42 },
		{ "\"\\u0034\\u0032\"", "42", true, 42, 42 },
		{ "\"4 2\"", "4 2", false, 0, 0 },
		{ "\"+42\"", "+42", false, 0, 0 },
		{ "\"1,000\"", "1,000", false, 0, 0 },
		{ "\"0x10\"", "0x10", false, 0, 0 },
		{ "\"\"", "", false, 0, 0 },
		{ "\" \"", " ", false, 0, 0 },
		{ "9223372036854775807", "9223372036854775807", true, 0x1p63, INT64_MAX },
		{ "9223372036854775808", "9223372036854775808", true, 0x1p63, INT64_MAX },
		{ "\"-99999999999999999999\"", "-99999999999999999999", true, -1e20, INT64_MIN },
		{ "9007199254740993", "9007199254740993", true, 9007199254740992.0, 9007199254740993 },
		{ "1e30", "1e30", true, 1e30, INT64_MAX },
	};
	struct arena arena;
	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf line;
		struct value v;
		double number;
		int64_t integer;
		buf_init(&line, 4096);
		buf_printf(&line, "{\"v\":%s}", rows[i].json);
		struct record *r = parse(buf_text(&line));
		assert_true(record_path(r, &v, "v", NULL));
		struct slice text = value_text(v, &arena);
		if (i == 2)
			assert_true(text.len == 1 && text.ptr[0] == '\0');
		else
			check_text(rows[i].json, text, slice_of(rows[i].text));
		check_int(rows[i].json, value_number(v, &number), rows[i].is_number);
		check_int(rows[i].json, value_int(v, &integer), rows[i].is_number);
		if (rows[i].is_number) {
			if (number != rows[i].number)
				fail_msg("%s: %.17g, not %.17g", rows[i].json, number, rows[i].number);
			check_int(rows[i].json, integer, rows[i].integer);
		}
		record_free(r);
		buf_release(&line);
	}
	assert_false(arena.failed);
	arena_release(&arena);
}

/* -- fields -- */

static const struct field_row {
	const char *line;
	enum record_as as;
	const char *name, *want; /* NULL: missing */
} field_rows[] = {
	/* The container: properties where that is an object, else the member itself. */
	{ "{\"contact\":{\"id\":\"1\",\"properties\":{\"email\":\"a@b\"}}}", RECORD_AS_CONTACT, "contact.email", "\"a@b\"" },
	{ "{\"contact\":{\"id\":\"1\",\"properties\":{\"email\":\"a@b\"}}}", RECORD_AS_CONTACT, "contact.id", NULL },
	{ "{\"contact\":{\"email\":\"a@b\"}}", RECORD_AS_CONTACT, "contact.email", "\"a@b\"" },
	{ "{\"contact\":{\"email\":\"a@b\",\"properties\":null}}", RECORD_AS_CONTACT, "contact.email", "\"a@b\"" },
	{ "{\"contact\":{\"email\":\"a@b\",\"properties\":[]}}", RECORD_AS_CONTACT, "contact.properties", "[]" },
	{ "{\"company\":{\"properties\":{\"name\":\"X\"}},\"contact\":{\"name\":\"Y\"}}", RECORD_AS_CONTACT, "company.name", "\"X\"" },
	{ "{\"task\":{\"properties\":{\"hs_task_type\":\"TODO\"}}}", RECORD_AS_CONTACT, "task.hs_task_type", "\"TODO\"" },
	/* Another container is there: what is bare is not ours. */
	{ "{\"task\":{\"id\":\"1\"},\"email\":\"a@b\"}", RECORD_AS_CONTACT, "contact.email", NULL },
	{ "{\"task\":{\"id\":\"1\"},\"properties\":{\"email\":\"a@b\"}}", RECORD_AS_CONTACT, "contact.email", NULL },
	{ "{\"task\":7,\"email\":\"a@b\"}", RECORD_AS_CONTACT, "contact.email", "\"a@b\"" },
	{ "{\"contact\":null,\"email\":\"a@b\"}", RECORD_AS_CONTACT, "contact.email", "\"a@b\"" },
	/* An object from the API, and a flat row. */
	{ "{\"id\":\"1\",\"properties\":{\"email\":\"a@b\"}}", RECORD_AS_CONTACT, "contact.email", "\"a@b\"" },
	{ "{\"id\":\"1\",\"properties\":{\"email\":\"a@b\"}}", RECORD_AS_COMPANY, "contact.email", NULL },
	{ "{\"id\":\"1\",\"properties\":{\"name\":\"X\"}}", RECORD_AS_COMPANY, "company.name", "\"X\"" },
	{ "{\"id\":\"1\",\"properties\":{\"name\":\"X\"}}", RECORD_AS_TASK, "task.name", "\"X\"" },
	{ "{\"id\":\"1\",\"properties\":{\"name\":\"X\"}}", RECORD_AS_CONTACT, "contact.id", NULL },
	{ "{\"email\":\"a@b\",\"job title\":\"CTO\"}", RECORD_AS_CONTACT, "contact.job title", "\"CTO\"" },
	{ "{\"email\":\"a@b\"}", RECORD_AS_COMPANY, "contact.email", NULL },
	/* Everything behind the first dot is one name. */
	{ "{\"a.b\":1,\"a\":{\"b\":2}}", RECORD_AS_CONTACT, "contact.a.b", "1" },
	{ "{\"contact\":{\"\":1}}", RECORD_AS_CONTACT, "contact.", "1" },
	/* Alike but for the middle. */
	{ "{\"aaaaaaaa1bbbbbbbb\":1}", RECORD_AS_CONTACT, "contact.aaaaaaaa2bbbbbbbb", NULL },
	/* Missing. */
	{ "{\"email\":null}", RECORD_AS_CONTACT, "contact.email", NULL },
	{ "{\"email\":\"\"}", RECORD_AS_CONTACT, "contact.email", NULL },
	{ "{\"email\":\" \"}", RECORD_AS_CONTACT, "contact.email", "\" \"" },
	{ "{\"email\":false}", RECORD_AS_CONTACT, "contact.email", "false" },
	{ "{\"email\":\"a\",\"email\":null}", RECORD_AS_CONTACT, "contact.email", NULL },
	{ "{\"email\":null,\"email\":\"b\"}", RECORD_AS_CONTACT, "contact.email", "\"b\"" },
	{ "{\"email\":\"a\",\"\\u0065mail\":\"b\"}", RECORD_AS_CONTACT, "contact.email", "\"b\"" },
	{ "{}", RECORD_AS_CONTACT, "contact.email", NULL },
	/* Other first names are paths. */
	{ "{\"enrichment\":{\"quality\":\"HIGH\"}}", RECORD_AS_CONTACT, "enrichment.quality", "\"HIGH\"" },
	{ "{\"enrichment\":{\"facts\":{\"title\":{\"value\":\"CTO\"}}}}", RECORD_AS_CONTACT, "enrichment.facts.title.value", "\"CTO\"" },
	{ "{\"enrichment\":{\"facts\":{\"title\":\"CTO\"}}}", RECORD_AS_CONTACT, "enrichment.facts.title.value", NULL },
	{ "{\"enrichment\":{\"quality\":\"LOW\"},\"enrichment\":{\"quality\":\"HIGH\"}}", RECORD_AS_CONTACT, "enrichment.quality", "\"HIGH\"" },
	{ "{\"enrichment\":{\"quality\":\"LOW\"},\"enrichment\":{}}", RECORD_AS_CONTACT, "enrichment.quality", NULL },
	{ "{\"enrichment.quality\":1}", RECORD_AS_CONTACT, "enrichment.quality", NULL },
	{ "{\"properties\":{\"x\":1}}", RECORD_AS_CONTACT, "properties.x", "1" },
};

static void fields_are_found_where_lead_5_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(field_rows); i++) {
		const struct field_row *row = &field_rows[i];
		struct value one, of_set;
		struct record *r = parse(row->line);
		struct field_set *set = field_set_new(row->as);
		assert_int_equal(field_set_add(set, slice_of(row->name)), 0);
		field_set_get(set, r, &of_set);
		bool found = record_field(r, row->as, row->name, &one);
		if (found != (row->want != NULL) || (of_set.type != JSON_NULL) != found)
			fail_msg("%s: \"%s\": record_field %d, field_set_get %d", row->line, row->name, found, of_set.type != JSON_NULL);
		if (found) {
			check_text(row->line, one.raw, slice_of(row->want));
			check_text(row->line, of_set.raw, slice_of(row->want));
		}
		field_set_free(set);
		record_free(r);
	}
}

static void many_fields_are_found_in_one_pass(void **state)
{
	enum { FIELDS = 300 };
	static struct value values[FIELDS + 2];
	struct buf line;
	struct field_set *set = field_set_new(RECORD_AS_CONTACT);
	(void)state;
	buf_init(&line, 1 << 16);
	buf_puts(&line, "{\"contact\":{\"properties\":{");
	for (int i = 0; i < FIELDS; i++) {
		char name[64];
		snprintf(name, sizeof name, "contact.%.*sfield_%d", i % 30, "a_long_common_head_for_all_of_them", i);
		assert_int_equal(field_set_add(set, slice_of(name)), i);
		/* Again: the same number. */
		assert_int_equal(field_set_add(set, slice_of(name)), i);
		if (i % 7 != 0)
			buf_printf(&line, "%s\"%s\":%d", i == 1 ? "" : ",", name + strlen("contact."), i);
	}
	buf_puts(&line, "}},\"a\":{\"b\":\"x\",\"c\":{\"d\":\"y\"}}}");
	assert_int_equal(field_set_add(set, slice_of("a.b")), FIELDS);
	assert_int_equal(field_set_add(set, slice_of("a.c.d")), FIELDS + 1);
	assert_int_equal(field_set_add(set, slice_of("nodot")), -1);
	assert_int_equal(field_set_count(set), FIELDS + 2);
	struct record *r = parse(buf_text(&line));
	field_set_get(set, r, values);
	for (int i = 0; i < FIELDS; i++) {
		int64_t number = -1;
		assert_int_equal(values[i].type, i % 7 != 0 ? JSON_NUMBER : JSON_NULL);
		if (i % 7 != 0)
			assert_true(value_int(values[i], &number) && number == i);
	}
	check_text("a.b", values[FIELDS].raw, slice_of("\"x\""));
	check_text("a.c.d", values[FIELDS + 1].raw, slice_of("\"y\""));
	record_free(r);
	/* Nothing is left over from the record before. */
	r = parse("{}");
	field_set_get(set, r, values);
	for (int i = 0; i < FIELDS + 2; i++)
		assert_int_equal(values[i].type, JSON_NULL);
	record_free(r);
	field_set_free(set);
	buf_release(&line);
}

/* -- changing -- */

static void check_written(const struct record *r, const char *line, const char *want)
{
	struct buf out;
	buf_init(&out, 1 << 16);
	record_write(r, &out);
	check_text(line, buf_slice(&out), slice_of(want));
	buf_release(&out);
}

static void own_members_are_spliced_in(void **state)
{
	static const struct {
		const char *line, *want; /* after x is put as 9 */
	} rows[] = {
		{ "{}", "{\"x\":9}" },
		{ " { } ", " { \"x\":9} " },
		{ "{\"a\":1}", "{\"a\":1,\"x\":9}" },
		{ "{ \"a\" : 1 }\r", "{ \"a\" : 1 ,\"x\":9}\r" },
		{ "{\"n\":12345678901234567890.10,\"z\":\"\\u0041\"}\t", "{\"n\":12345678901234567890.10,\"z\":\"\\u0041\",\"x\":9}\t" },
		{ "{\"x\":1}", "{\"x\":9}" },
		{ "{\"x\" : {\"y\":[1]} , \"a\":2}", "{\"x\" : 9 , \"a\":2}" },
		{ "{\"x\":1,\"a\":2,\"x\":3,\"b\":4}", "{\"x\":1,\"a\":2,\"x\":9,\"b\":4}" },
		{ "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":1},\"x\":9}" },
		{ "{\"\\u0078\":1}", "{\"\\u0078\":9}" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct record *r = parse(rows[i].line);
		check_written(r, rows[i].line, rows[i].line);
		record_put(r, "x", slice_of("8"));
		record_put(r, "x", slice_of("9"));
		check_written(r, rows[i].line, rows[i].want);
		/* Reading still sees the line as it came. */
		check_text("line", record_line(r), slice_of(rows[i].line));
		record_free(r);
	}
}

static void members_are_taken_out_with_one_comma(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "{\"x\":1}", "{}" },
		{ "{ \"x\":1 }", "{ }" },
		{ "{\"x\":1,\"a\":2}", "{\"a\":2}" },
		{ "{ \"x\" : 1 , \"a\":2 }", "{ \"a\":2 }" },
		{ "{\"a\":2,\"x\":1}", "{\"a\":2}" },
		{ "{\"a\":2, \"x\":[1,2], \"b\":3}", "{\"a\":2, \"b\":3}" },
		{ "{\"x\":1,\"x\":2,\"a\":3,\"x\":4}", "{\"a\":3}" },
		{ "{\"x\":1,\"x\":2}", "{}" },
		{ "{\"a\":1,\"\\u0078\":2}", "{\"a\":1}" },
		{ "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":1}}" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct record *r = parse(rows[i].line);
		record_remove(r, "x");
		check_written(r, rows[i].line, rows[i].want);
		record_free(r);
	}
}

static void several_changes_go_together(void **state)
{
	struct record *r = parse("{\"error\":{},\"a\":1,\"b\":2,\"a\":3} ");
	(void)state;
	record_remove(r, "error");
	record_put(r, "b", slice_of("\"B\""));
	record_put(r, "new\"", slice_of("[]"));
	record_put(r, "a", slice_of("null"));
	record_put(r, "gone", slice_of("1"));
	record_remove(r, "gone");
	check_written(r, "several", "{\"a\":1,\"b\":\"B\",\"a\":null,\"new\\\"\":[]} ");
	/* A member taken out and put again is replaced where it stood. */
	record_put(r, "error", slice_of("0"));
	check_written(r, "put again", "{\"error\":0,\"a\":1,\"b\":\"B\",\"a\":null,\"new\\\"\":[]} ");
	/* The next line starts without changes. */
	struct json_error error;
	assert_true(record_parse(r, slice_of("{\"a\":1}"), &error));
	check_written(r, "next", "{\"a\":1}");
	record_free(r);
}

static void changes_leave_no_trace_in_the_next_line(void **state)
{
	enum { LINES = 20, BYTES = 1 << 20 };
	struct json_error error;
	struct buf json, out;
	struct record *r = record_new();
	(void)state;
	buf_init(&json, 2 * (size_t)BYTES);
	buf_init(&out, 2 * (size_t)BYTES);
	buf_putc(&json, '"');
	while (json.len < BYTES)
		buf_puts(&json, "some text ");
	buf_putc(&json, '"');
	/* Together more than all changes of one record may hold. */
	for (int i = 0; i < LINES; i++) {
		assert_true(record_parse(r, slice_of("{}"), &error));
		record_put(r, "x", buf_slice(&json));
		buf_reset(&out);
		record_write(r, &out);
		assert_int_equal(out.len, json.len + strlen("{\"x\":}"));
	}
	record_free(r);
	buf_release(&json);
	buf_release(&out);
}

static void a_copy_outlives_its_original(void **state)
{
	struct value v;
	struct record *r = parse(" {\"\\u0061\":{\"b\":[1,{\"c\":2}]},\"error\":{\"tool\":\"t\",\"code\":\"c\"}} ");
	(void)state;
	record_put(r, "x", slice_of("1"));
	struct record *copy = record_copy(r);
	assert_non_null(copy);
	assert_true(record_bytes(copy) > record_line(r).len);
	record_free(r);
	check_text("line", record_line(copy), slice_of(" {\"\\u0061\":{\"b\":[1,{\"c\":2}]},\"error\":{\"tool\":\"t\",\"code\":\"c\"}} "));
	assert_true(record_path(copy, &v, "a", "b", NULL));
	check_text("a.b", v.raw, slice_of("[1,{\"c\":2}]"));
	assert_true(record_has_error(copy, NULL));
	record_remove(copy, "error");
	check_written(copy, "copy", " {\"\\u0061\":{\"b\":[1,{\"c\":2}]},\"x\":1} ");
	record_free(copy);
}

/* -- errors -- */

static void an_error_is_an_object_with_tool_and_code(void **state)
{
	static const struct {
		const char *line, *code; /* NULL: none */
	} rows[] = {
		{ "{\"error\":{\"tool\":\"enrich\",\"code\":\"fetch_failed\"}}", "fetch_failed" },
		{ "{\"error\":{\"code\":\"x\",\"tool\":\"y\",\"message\":\"z\"},\"a\":1}", "x" },
		{ "{\"error\":{\"tool\":\"enrich\"}}", NULL },
		{ "{\"error\":{\"code\":\"x\"}}", NULL },
		{ "{\"error\":{\"tool\":1,\"code\":\"x\"}}", NULL },
		{ "{\"error\":{\"tool\":\"a\",\"code\":null}}", NULL },
		{ "{\"error\":\"a CSV column\"}", NULL },
		{ "{\"error\":null}", NULL },
		{ "{\"a\":{\"error\":{\"tool\":\"a\",\"code\":\"b\"}}}", NULL },
		{ "{\"error\":{\"tool\":\"a\",\"code\":\"b\"},\"error\":1}", NULL },
		{ "{}", NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice code = { NULL, 0 };
		struct record *r = parse(rows[i].line);
		check_int(rows[i].line, record_has_error(r, &code), rows[i].code != NULL);
		if (rows[i].code != NULL)
			check_text(rows[i].line, code, slice_of(rows[i].code));
		record_free(r);
	}
}

static void an_error_is_put_and_seen(void **state)
{
	struct slice code;
	struct record *r = parse("{\"a\":1}");
	(void)state;
	record_put_error(r, "enrich", "fetch_failed", true, "%s: \"%d\"", "status", 503);
	check_written(r, "error",
		"{\"a\":1,\"error\":{\"tool\":\"enrich\",\"code\":\"fetch_failed\",\"message\":\"status: \\\"503\\\"\",\"retryable\":true}}");
	assert_true(record_has_error(r, &code));
	check_text("code", code, slice_of("fetch_failed"));
	record_put(r, "error", slice_of("\"data\""));
	assert_false(record_has_error(r, &code));
	record_remove(r, "error");
	assert_false(record_has_error(r, NULL));
	record_free(r);
}

static void codes_stand_for_statuses(void **state)
{
	static const struct {
		const char *code;
		int status;
	} rows[] = {
		{ "bad_config", 2 },
		{ "service_down", 69 },
		{ "io_failed", 74 },
		{ "try_later", 75 },
		{ "not_allowed", 77 },
		{ "bad_json", 0 },
		{ "", 0 },
		{ "service_downx", 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_int(rows[i].code, record_code_status(slice_of(rows[i].code)), rows[i].status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_by_their_last_occurrence),
		cmocka_unit_test(paths_go_through_objects_only),
		cmocka_unit_test(iterating_gives_file_order),
		cmocka_unit_test(values_have_text_and_numbers),
		cmocka_unit_test(fields_are_found_where_lead_5_says),
		cmocka_unit_test(many_fields_are_found_in_one_pass),
		cmocka_unit_test(own_members_are_spliced_in),
		cmocka_unit_test(members_are_taken_out_with_one_comma),
		cmocka_unit_test(several_changes_go_together),
		cmocka_unit_test(changes_leave_no_trace_in_the_next_line),
		cmocka_unit_test(a_copy_outlives_its_original),
		cmocka_unit_test(an_error_is_an_object_with_tool_and_code),
		cmocka_unit_test(an_error_is_put_and_seen),
		cmocka_unit_test(codes_stand_for_statuses),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
