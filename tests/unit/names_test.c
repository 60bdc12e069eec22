/* lib/base/names: sets of names from a file, and domains below them. */
#include "check.h"

#include "base/buf.h"
#include "base/names.h"

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool has, has_domain;
	} rows[] = {
		{ "gmail.com", true, true },
		{ "GMail.Com", true, true },
		{ "web.de", true, true },
		{ "ACME GmbH", true, true },
		{ "mail.gmail.com", false, true },
		{ "a.b.web.de", false, true },
		{ "notgmail.com", false, false },
		{ "gmail", false, false },
		{ "com", false, false },
		{ "# free", false, false },
		{ "", false, false },
		{ ".", false, false },
	};
	struct names names;
	assert_true(names_read(&names, slice_of("# free\n gmail.com \r\n\nWEB.de\nweb.de\nAcme GmbH")));
	assert_int_equal(names.count, 3);
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_int(rows[i].name, names_has(&names, slice_of(rows[i].name)), rows[i].has);
		check_int(rows[i].name, names_has_domain(&names, slice_of(rows[i].name)), rows[i].has_domain);
	}
	names_release(&names);
}

static void test_no_names(void **state)
{
	(void)state;
	struct names names;
	assert_true(names_read(&names, slice_of("")));
	assert_int_equal(names.count, 0);
	assert_false(names_has(&names, slice_of("a")));
	assert_false(names_has_domain(&names, slice_of("a.b")));
	names_release(&names);
}

static void test_many(void **state)
{
	(void)state;
	struct buf file;
	struct names names;
	char name[32];
	buf_init(&file, 4 << 20);
	for (int i = 0; i < 100000; i++)
		buf_printf(&file, "name-%d.example\n", i);
	assert_true(names_read(&names, buf_slice(&file)));
	assert_int_equal(names.count, 100000);
	for (int i = 0; i < 100010; i++) {
		snprintf(name, sizeof name, "name-%d.example", i);
		assert_int_equal(names_has(&names, slice_of(name)), i < 100000);
	}
	names_release(&names);
	buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_names),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
