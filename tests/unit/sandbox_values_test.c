/* hs-sandbox's property values: what is taken, in which spelling it comes back, and with which code the rest is refused. */
// uses: bin/hs-sandbox/values.c
// uses: bin/hs-sandbox/call.c
// uses: bin/hs-sandbox/labels.c
// uses: bin/hs-sandbox/lag.c
// uses: bin/hs-sandbox/schema.c
// uses: bin/hs-sandbox/defaults.c
// uses: bin/hs-sandbox/types.c
// uses: bin/hs-sandbox/store.c
#include "../../bin/hs-sandbox/values.h"
#include "check.h"

enum { MAX_ARENA_BYTES = 16 << 20 };

static struct portal portal;
static struct arena arena;
static struct call call = { .portal = &portal, .arena = &arena };

static int open_portal(void **state)
{
	static const struct clock clock = { .is_fixed = true, .fixed_ms = 1767603600000 };
	char error[STORE_ERROR_BYTES];
	(void)state;
	arena_init(&arena, MAX_ARENA_BYTES);
	assert_true(portal_open(&portal, NULL, &clock, 0, error));
	return 0;
}

static int close_portal(void **state)
{
	char error[STORE_ERROR_BYTES];
	(void)state;
	arena_release(&arena);
	assert_true(portal_close(&portal, error));
	return 0;
}

static struct property_option days[] = { { "Monday", "mon" }, { "Tuesday", "tue" }, { "Wednesday", "wed" } };
static const struct property number = { .name = "n", .field_type = "number", .type = VALUE_NUMBER };
static const struct property yes = { .name = "b", .field_type = "booleancheckbox", .type = VALUE_BOOL };
static const struct property date = { .name = "d", .field_type = "date", .type = VALUE_DATE };
static const struct property when = { .name = "t", .field_type = "date", .type = VALUE_DATETIME };
static const struct property day = { .name = "e", .field_type = "select", .type = VALUE_ENUMERATION, .options = days, .option_count = COUNT(days) };
static const struct property set = { .name = "c", .field_type = "checkbox", .type = VALUE_ENUMERATION, .options = days, .option_count = COUNT(days) };
static const struct property text = { .name = "s", .field_type = "text", .type = VALUE_STRING };
static const struct property owner = { .name = "hubspot_owner_id", .field_type = "select", .type = VALUE_ENUMERATION };
static const struct property email = { .name = "email", .field_type = "text", .type = VALUE_STRING };
static const struct property domain = { .name = "domain", .field_type = "text", .type = VALUE_STRING };

static const struct {
	const struct property *property;
	const char *given;
	const char *want; /* NULL: refused */
	const char *code_or_old; /* of the refusal; else what a checkbox held before */
} rows[] = {
	{ &number, "7", "7", NULL },
	{ &number, " 007 ", "7", NULL },
	{ &number, "0", "0", NULL },
	{ &number, "-0", "0", NULL },
	{ &number, "-0.0", "0", NULL },
	{ &number, "+5", "5", NULL },
	{ &number, "9007199254740993", "9007199254740993", NULL },
	{ &number, "070.50", "70.5", NULL },
	{ &number, "12.0", "12", NULL },
	{ &number, ".5", "0.5", NULL },
	{ &number, "0.1", "0.1", NULL },
	{ &number, "0.30000000000000004", "0.30000000000000004", NULL },
	{ &number, "1e3", "1000", NULL },
	{ &number, "2.5E20", "250000000000000000000", NULL },
	{ &number, "1e22", "1e+22", NULL },
	{ &number, "", "", NULL },
	{ &number, "1,000", NULL, "INVALID_INTEGER" },
	{ &number, "0x10", NULL, "INVALID_INTEGER" },
	{ &number, "1e999", NULL, "INVALID_INTEGER" },
	{ &number, "seven", NULL, "INVALID_INTEGER" },
	{ &yes, "TRUE", "true", NULL },
	{ &yes, " false", "false", NULL },
	{ &yes, "yes", NULL, "INVALID_OPTION" },
	{ &date, "2026-01-05", "2026-01-05", NULL },
	{ &date, "1767571200000", "2026-01-05", NULL },
	{ &date, "2026-01-05T00:00:00Z", "2026-01-05", NULL },
	{ &date, "2026-01-05T09:00:00Z", NULL, "INVALID_DATE" },
	{ &date, "05/01/2026", NULL, "INVALID_DATE" },
	{ &when, "2026-01-05", "2026-01-05T00:00:00.000Z", NULL },
	{ &when, "1767603600123", "2026-01-05T09:00:00.123Z", NULL },
	{ &when, "2026-01-05T10:00:00.5+01:00", "2026-01-05T09:00:00.500Z", NULL },
	{ &when, "2026-02-30", NULL, "INVALID_DATE" },
	{ &day, " tue ", "tue", NULL },
	{ &day, "Tuesday", NULL, "INVALID_OPTION" },
	{ &day, "TUE", NULL, "INVALID_OPTION" },
	{ &day, "mon;tue", NULL, "INVALID_OPTION" },
	{ &set, "mon;tue", "mon;tue", NULL },
	{ &set, "tue;;mon; tue;", "tue;mon", NULL },
	{ &set, "wed", "wed", "mon;tue" },
	{ &set, ";wed", "mon;tue;wed", "mon;tue" },
	{ &set, ";tue;wed", "mon;tue;wed", "mon;tue" },
	{ &set, ";wed", "wed", "" },
	{ &set, "mon;sun", NULL, "INVALID_OPTION" },
	{ &text, "  Call Ada\n", "Call Ada", NULL },
	{ &text, "Call  ADA", "Call  ADA", NULL },
	{ &text, " \t ", "", NULL },
	{ &owner, "71001", "71001", NULL },
	{ &owner, "5", NULL, "INVALID_OWNER_ID" },
	{ &owner, "AI-Agents", NULL, "INVALID_OWNER_ID" },
	{ &email, " Ada@Analytical.EXAMPLE ", "ada@analytical.example", NULL },
	{ &email, "ada@localhost", NULL, "INVALID_EMAIL" },
	{ &email, "ada at b.co", NULL, "INVALID_EMAIL" },
	{ &email, "a@b@c.co", NULL, "INVALID_EMAIL" },
	{ &domain, "Analytical.EXAMPLE", "analytical.example", NULL },
};

static void test_values_have_one_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct object_type *type = &object_types[rows[i].property == &domain ? TYPE_COMPANY : TYPE_CONTACT];
		struct slice old = { "", 0 }, message = { "", 0 };
		const char *code = "";
		if (rows[i].want != NULL && rows[i].code_or_old != NULL)
			old = slice_of(rows[i].code_or_old);
		const struct slice *got = value_normalise(&call, type, rows[i].property, slice_of(rows[i].given), old, &code, &message);
		if ((got == NULL) != (rows[i].want == NULL))
			fail_msg("%s \"%s\": %s", rows[i].property->name, rows[i].given, got == NULL ? code : "was taken");
		if (got != NULL)
			check_text(rows[i].given, *got, slice_of(rows[i].want));
		else
			check_text(rows[i].given, slice_of(code), slice_of(rows[i].code_or_old));
		if (got == NULL)
			assert_true(message.len > 0);
	}
}

static void test_length_is_counted_in_characters(void **state)
{
	static char longest[2 * VALUE_MAX_CHARS + 2];
	const char *code = "";
	struct slice message, old = { "", 0 };
	(void)state;
	for (size_t i = 0; i <= VALUE_MAX_CHARS; i++)
		memcpy(longest + 2 * i, "é", 2);
	struct slice given = { longest, sizeof longest - 2 };
	const struct slice *got = value_normalise(&call, &object_types[TYPE_NOTE], &text, given, old, &code, &message);
	assert_non_null(got);
	assert_int_equal(got->len, given.len);
	given.len += 2;
	assert_null(value_normalise(&call, &object_types[TYPE_NOTE], &text, given, old, &code, &message));
	assert_string_equal(code, "INVALID_LENGTH");
	check_text("message", message, slice_of("s was longer than 65536 characters"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_have_one_spelling),
		cmocka_unit_test(test_length_is_counted_in_characters),
	};
	return cmocka_run_group_tests(tests, open_portal, close_portal);
}
