/* outreach/address: each form that is taken, and each that is refused with its reason. */
// uses: bin/outreach/address.c
// uses: bin/outreach/control.c
#include "../../bin/outreach/address.h"
#include "check.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_checks(void **state)
{
	(void)state;
	static const struct {
		const char *address, *reason;
	} rows[] = {
		{ "a@b.co", NULL },
		{ "first.last+tag@sub.example.com", NULL },
		{ "!#$%&'*+-/=?^_`{|}~@example.com", NULL },
		{ "A.B@EXAMPLE.COM", NULL },
		{ "x@1and1.de", NULL },
		{ "x@xn--mnchen-3ya.example", NULL },
		{ A64 "@example.com", NULL },
		{ "x@" A63 ".com", NULL },
		{ "", "no @" },
		{ "a.b.co", "no @" },
		{ "@b.co", "nothing before the @" },
		{ "a@", "nothing after the @" },
		{ ".a@b.co", "a dot at an end of the part before the @" },
		{ "a.@b.co", "a dot at an end of the part before the @" },
		{ "a..b@b.co", "two dots in a row" },
		{ "a@b@c.co", "a character before the @ that an address does not have" },
		{ "\"a b\"@b.co", "a blank" },
		{ "\"a\"@b.co", "a character before the @ that an address does not have" },
		{ "a(b)@b.co", "a character before the @ that an address does not have" },
		{ "a,b@b.co", "a character before the @ that an address does not have" },
		{ " a@b.co", "a blank" },
		{ "a@b.co ", "a blank" },
		{ "a@b.co\r\nBcc: x@y.co", "a control character" },
		{ "a@b.co\n", "a control character" },
		{ "a\x7f@b.co", "a control character" },
		{ "\xc3\xa4@b.co", "a character that is not ASCII" },
		{ "a@m\xc3\xbcnchen.example", "a character that is not ASCII" },
		{ "a@localhost", "a domain without a dot" },
		{ "a@[127.0.0.1]", "a character in the domain that a domain does not have" },
		{ "a@127.0.0.1", "a number where the top-level domain should be" },
		{ "a@b.co.", "a dot at the end" },
		{ "a@.co", "an empty label in the domain" },
		{ "a@b..co", "an empty label in the domain" },
		{ "a@-b.co", "a hyphen at an end of a label in the domain" },
		{ "a@b-.co", "a hyphen at an end of a label in the domain" },
		{ "a@b_c.co", "a character in the domain that a domain does not have" },
		{ A64 "a@example.com", "more than 64 bytes before the @" },
		{ "x@" A64 ".com", "a label of more than 63 bytes in the domain" },
		{ "x@" A63 "." A63 "." A63 "." A63 ".com", "more than 254 bytes" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *reason = address_check(slice_of(rows[i].address));
		check_text(rows[i].address, slice_of(reason == NULL ? "" : reason), slice_of(rows[i].reason == NULL ? "" : rows[i].reason));
	}
	const char with_nul[] = "a\0b@c.co";
	assert_string_equal(address_check((struct slice){ with_nul, sizeof with_nul - 1 }), "a control character");
}

static void test_parses(void **state)
{
	(void)state;
	static const struct {
		const char *text, *name, *address, *reason;
	} rows[] = {
		{ "a@b.co", "", "a@b.co", NULL },
		{ "<a@b.co>", "", "a@b.co", NULL },
		{ "Ada Lovelace <a@b.co>", "Ada Lovelace", "a@b.co", NULL },
		{ "\"Lovelace, Ada\" <a@b.co>", "Lovelace, Ada", "a@b.co", NULL },
		{ "Zo\xc3\xab <a@b.co>", "Zo\xc3\xab", "a@b.co", NULL },
		{ "A < B <a@b.co>", "A < B", "a@b.co", NULL },
		{ "Ada a@b.co>", "", "Ada a@b.co>", "a > without its <" },
		{ "Ada <a@b>", "Ada", "a@b", "a domain without a dot" },
		{ "Ada\r\nBcc: x <a@b.co>", "", "Ada\r\nBcc: x <a@b.co>", "a control character" },
		{ "Ada \xff <a@b.co>", "Ada \xff", "", "broken UTF-8 in the name" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice name, address;
		const char *reason = address_parse(slice_of(rows[i].text), &name, &address);
		check_text(rows[i].text, slice_of(reason == NULL ? "" : reason), slice_of(rows[i].reason == NULL ? "" : rows[i].reason));
		check_text(rows[i].text, name, slice_of(rows[i].name));
		if (rows[i].reason == NULL)
			check_text(rows[i].text, address, slice_of(rows[i].address));
	}
	check_text("domain", address_domain(slice_of("a@b.co")), slice_of("b.co"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_checks), cmocka_unit_test(test_parses) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
