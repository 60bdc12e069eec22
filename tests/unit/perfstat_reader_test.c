// uses: bin/perfstat/reader.c
// uses: bin/perfstat/sketch.c

#include "check.h"

#include "../../bin/perfstat/reader.h"

static const char *read_line(const struct reader_options *options, struct record *r, const char *line, struct reader **reader, struct operation *op)
{
	struct json_error error;
	assert_true(record_parse(r, slice_of(line), &error));
	*reader = reader_new(options);
	assert_non_null(*reader);
	return reader_read(*reader, r, op);
}

static void lines_are_read_as_operations(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		struct reader_options options;
		const char *reason; /* NULL: it is one */
		const char *key;
		double ms;
		bool is_error, has_time;
		double start_ms, end_ms;
	} rows[] = {
		{ "{\"ts\":\"1970-01-02T00:00:00.5Z\",\"op\":\"a\",\"ms\":2.5,\"wait_ms\":10,\"status\":\"ok\"}", { .by = "op" }, NULL, "a", 2.5,
			false, true, 86400500, 86400512.5 },
		{ "{\"op\":\"a\",\"ms\":1,\"op\":\"b\"}", { .by = "op" }, NULL, "b", 1, false, false, 0, 1 },
		{ "{\"op\":\"a\",\"ms\":1,\"op\":null}", { .by = "op" }, NULL, "(none)", 1, false, false, 0, 1 },
		{ "{\"op\":\"\",\"ms\":1}", { .by = "op" }, NULL, "(none)", 1, false, false, 0, 1 },
		{ "{\"op\":[1],\"ms\":1}", { .by = "op" }, NULL, "(none)", 1, false, false, 0, 1 },
		{ "{\"op\":\"a\\u0062\",\"ms\":1}", { .by = "op" }, NULL, "ab", 1, false, false, 0, 1 },
		{ "{\"\\u006fp\":\"a\",\"\\u006ds\":1}", { .by = "op" }, NULL, "a", 1, false, false, 0, 1 },
		{ "{\"ms\":\"7\"}", { .by = "ms" }, NULL, "7", 7, false, false, 0, 7 },
		{ "{\"status\":\"error\",\"ms\":1}", { .by = "status" }, NULL, "error", 1, true, false, 0, 1 },
		{ "{\"ts\":1,\"ms\":3}", { .by = "op", .duration = "ts" }, NULL, "(none)", 1, false, false, 0, 1 },
		{ "{\"time\":0.25,\"duration\":3}", { .by = "op" }, NULL, "(none)", 3, false, false, 0, 3 },
		{ "{\"a.b\":5,\"a\":{\"b\":6}}", { .by = "op", .duration = "a.b" }, NULL, "(none)", 5, false, false, 0, 5 },
		{ "{\"a\":{\"b\":6}}", { .by = "op", .duration = "a.b" }, NULL, "(none)", 6, false, false, 0, 6 },
		{ "{\"contact\":{\"properties\":{\"city\":\"Bonn\"}},\"ms\":1}", { .by = "contact.city" }, NULL, "Bonn", 1, false, false, 0, 1 },
		{ "{\"ms\":1}", { .by = "" }, NULL, "(none)", 1, false, false, 0, 1 },
		{ "{}", { .by = "op" }, "no duration", "", 0, false, false, 0, 0 },
		{ "{\"ms\":null}", { .by = "op" }, "no duration", "", 0, false, false, 0, 0 },
		{ "{\"ms\":true}", { .by = "op" }, "the duration is no number", "", 0, false, false, 0, 0 },
		{ "{\"ms\":1e16}", { .by = "op" }, "the duration is negative or out of range", "", 0, false, false, 0, 0 },
		{ "{\"ms\":1,\"when\":\"soon\"}", { .by = "op", .time = "when" }, "the time cannot be read", "", 0, false, false, 0, 0 },
		{ "{\"ms\":1,\"ts\":1767603600}", { .by = "op", .time = "when" }, "no time", "", 0, false, false, 0, 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct record *r = record_new();
		struct reader *reader;
		struct operation op;
		const char *reason = read_line(&rows[i].options, r, rows[i].line, &reader, &op);
		check_text(rows[i].line, slice_of(reason == NULL ? "" : reason), slice_of(rows[i].reason == NULL ? "" : rows[i].reason));
		if (reason == NULL) {
			check_text(rows[i].line, op.key, slice_of(rows[i].key));
			check_int(rows[i].line, op.is_error, rows[i].is_error);
			check_int(rows[i].line, op.has_time, rows[i].has_time);
			assert_true(op.ms == rows[i].ms);
			assert_true(op.start_ms == rows[i].start_ms);
			assert_true(op.end_ms == rows[i].end_ms);
		}
		reader_free(reader);
		record_free(r);
	}
}

static void units_are_known_by_name(void **state)
{
	(void)state;
	assert_true(reader_unit_ms(slice_of("ns")) == 1e-6);
	assert_true(reader_unit_ms(slice_of("us")) == 1e-3);
	assert_true(reader_unit_ms(slice_of("ms")) == 1);
	assert_true(reader_unit_ms(slice_of("s")) == 1e3);
	assert_true(reader_unit_ms(slice_of("m")) == 6e4);
	assert_true(reader_unit_ms(slice_of("h")) == 3.6e6);
	assert_true(reader_unit_ms(slice_of("d")) == 0);
	assert_true(reader_unit_ms(slice_of("")) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_operations),
		cmocka_unit_test(units_are_known_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
