// uses: bin/hs-tasks/upsert_plan.c

#include "check.h"

#include "../../bin/hs-tasks/upsert_plan.h"

enum { ARENA_BYTES = 1 << 20, MAX_EARLIER = 2 };

#define FILL "\"fill\":[\"a\",\"b\"]"
#define BODY(properties) "{\"email\":\"x@y.example\",\"properties\":{" properties "}," FILL "}"

/* a and b are to be filled, s is replaced. current NULL: a new contact. */
static const struct {
	const char *name, *body, *current, *earlier[MAX_EARLIER];
	const char *input, *before;
	bool stands;
} rows[] = {
	{ "a new contact gets all, with its address", BODY("\"a\":\"1\",\"s\":\"2\""), NULL, { NULL },
		"{\"properties\":{\"a\":\"1\",\"s\":\"2\",\"email\":\"x@y.example\"}}", "{\"a\":null,\"s\":null}", false },
	{ "a new contact of an address alone", BODY(""), NULL, { NULL }, "{\"properties\":{\"email\":\"x@y.example\"}}", "{}", false },
	{ "an empty value is filled, another stays", BODY("\"a\":\"1\",\"b\":\"2\""), "{\"a\":\"\",\"b\":\"9\"}", { NULL },
		"{\"properties\":{\"a\":\"1\"}}", "{\"a\":\"\"}", false },
	{ "null and missing are empty", BODY("\"a\":\"1\",\"b\":\"2\""), "{\"a\":null}", { NULL }, "{\"properties\":{\"a\":\"1\",\"b\":\"2\"}}",
		"{\"a\":null,\"b\":null}", false },
	{ "what is not to be filled is replaced", BODY("\"s\":\"2\""), "{\"s\":\"1\"}", { NULL }, "{\"properties\":{\"s\":\"2\"}}", "{\"s\":\"1\"}",
		false },
	{ "nothing to write", BODY("\"a\":\"1\""), "{\"a\":\"2\"}", { NULL }, "{\"properties\":{}}", "{}", true },
	{ "it stands already", BODY("\"s\":\"2\""), "{\"s\":\"2\"}", { NULL }, "{\"properties\":{\"s\":\"2\"}}", "{\"s\":\"2\"}", true },
	{ "one stands, another does not", BODY("\"s\":\"2\",\"b\":\"3\""), "{\"s\":\"2\"}", { NULL }, "{\"properties\":{\"s\":\"2\",\"b\":\"3\"}}",
		"{\"s\":\"2\",\"b\":null}", false },
	{ "an earlier record's value gives way", BODY("\"a\":\"2\""), "{\"a\":\"1\"}", { BODY("\"a\":\"0\""), BODY("\"a\":\"1\"") },
		"{\"properties\":{\"a\":\"2\"}}", "{\"a\":\"1\"}", false },
	{ "a person's value stays, whatever an earlier record wanted", BODY("\"a\":\"2\""), "{\"a\":\"9\"}", { BODY("\"a\":\"1\"") },
		"{\"properties\":{}}", "{}", true },
	{ "an earlier record without the value says nothing", BODY("\"a\":\"2\""), "{\"a\":\"9\"}", { BODY("\"b\":\"9\"") }, "{\"properties\":{}}",
		"{}", true },
	{ "nothing is to be filled: --overwrite", "{\"email\":\"x@y.example\",\"properties\":{\"a\":\"1\"},\"fill\":[]}", "{\"a\":\"2\"}", { NULL },
		"{\"properties\":{\"a\":\"1\"}}", "{\"a\":\"2\"}", false },
	{ "names and values keep their letters", BODY("\"\\\"\\u00e9\":\"a\\\\b\\n\""), "{}", { NULL },
		"{\"properties\":{\"\\\"\xc3\xa9\":\"a\\\\b\\n\"}}", "{\"\\\"\xc3\xa9\":null}", false },
};

static void what_is_written_goes_by_what_stands_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena arena;
		struct json_error error;
		struct upsert_plan plan;
		struct slice earlier[MAX_EARLIER];
		size_t count = 0;
		arena_init(&arena, ARENA_BYTES);
		while (count < MAX_EARLIER && rows[i].earlier[count] != NULL) {
			earlier[count] = slice_of(rows[i].earlier[count]);
			count++;
		}
		const struct json *current = rows[i].current == NULL ? NULL : json_parse(&arena, slice_of(rows[i].current), &error);
		assert_true(upsert_plan(&plan, &arena, slice_of(rows[i].body), current, earlier, count));
		check_text(rows[i].name, plan.input, slice_of(rows[i].input));
		check_text(rows[i].name, plan.before, slice_of(rows[i].before));
		check_int(rows[i].name, plan.stands, rows[i].stands);
		arena_release(&arena);
	}
}

static void lack_of_memory_is_told(void **state)
{
	(void)state;
	struct arena arena;
	struct upsert_plan plan;
	arena_init(&arena, 1);
	assert_false(upsert_plan(&plan, &arena, slice_of(BODY("\"a\":\"1\"")), NULL, NULL, 0));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_written_goes_by_what_stands_there), cmocka_unit_test(lack_of_memory_is_told) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
