/* base/sha256: the examples of FIPS 180-4 (NIST's SHA256.pdf and the SHAVS long message), and keys of several parts. */
#include "base/sha256.h"
#include "check.h"

static void test_examples(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char hex[SHA256_HEX_BYTES];
		unsigned char digest[SHA256_BYTES];
		sha256_hex(slice_of(rows[i].text), hex);
		check_text(rows[i].text, slice_of(hex), slice_of(rows[i].want));
		sha256(slice_of(rows[i].text), digest);
		for (size_t k = 0; k < SHA256_BYTES; k++) {
			char two[3];
			snprintf(two, sizeof two, "%02x", digest[k]);
			assert_memory_equal(two, hex + 2 * k, 2);
		}
	}
	static char million[1000000];
	char hex[SHA256_HEX_BYTES];
	memset(million, 'a', sizeof million);
	sha256_hex((struct slice){ million, sizeof million }, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_parts(void **state)
{
	(void)state;
	static const struct slice rows[][3] = {
		{ SLICE("ab"), SLICE("c"), SLICE("") },
		{ SLICE("a"), SLICE("bc"), SLICE("") },
		{ SLICE("abc"), SLICE(""), SLICE("") },
		{ SLICE(""), SLICE("abc"), SLICE("") },
		{ SLICE(""), SLICE(""), SLICE("") },
	};
	char keys[COUNT(rows) + 2][SHA256_HEX_BYTES];
	for (size_t i = 0; i < COUNT(rows); i++)
		sha256_parts_hex(rows[i], 3, keys[i]);
	sha256_parts_hex(rows[4], 2, keys[5]);
	sha256_parts_hex(NULL, 0, keys[6]);
	for (size_t i = 0; i < COUNT(keys); i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(keys[i], keys[k]);
	/* The length is eight bytes, little end first: a key must not change with the machine or the version. */
	char by_hand[SHA256_HEX_BYTES];
	sha256_hex((struct slice){ "\2\0\0\0\0\0\0\0ab\1\0\0\0\0\0\0\0c\0\0\0\0\0\0\0\0", 27 }, by_hand);
	assert_string_equal(keys[0], by_hand);
	assert_string_equal(keys[6], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
