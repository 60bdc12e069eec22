/* net/redact: what is a secret goes, what only looks like one stays, byte for byte. */
#include "net/redact.h"

#include "check.h"

#define PAT "pat-eu1-12345678-90ab-cdef-1234-567890abcdef"

static void secrets_go_and_the_rest_stays(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: the same */
	} rows[] = {
		{ "", NULL },
		{ "nothing of the kind", NULL },
		{ "known: s3cr3t-token.", "known: REDACTED." },
		{ "xs3cr3t-tokenx", "xREDACTEDx" },
		{ "s3cr3t-token", "REDACTED" },
		{ "s3cr3t-toke", NULL },
		{ PAT, "REDACTED" },
		{ "\"" PAT "\"", "\"REDACTED\"" },
		{ "a " PAT " b " PAT, "a REDACTED b REDACTED" },
		{ "pat-a-cake, pat-a-cake", NULL },
		{ "spat-eu1-12345678-90ab-cdef-1234-567890abcdef", NULL },
		{ "sk-ant-api03-abcdefghijklmnop_qrst", "REDACTED" },
		{ "risk-averse-and-task-oriented-people", NULL },
		{ "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "REDACTED" },
		{ "AKIAIOSFODNN7EXAMPLE", "REDACTED" },
		{ "AKIA", NULL },
		{ "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc-def_", "REDACTED" },
		{ "Authorization: Bearer abcdef.ghijkl=", "Authorization: Bearer REDACTED" },
		{ "Bearer of bad news", NULL },
		{ "https://a.example/?hapikey=12-34&x=1", "https://a.example/?hapikey=REDACTED&x=1" },
		{ "https://a.example/?x=1&ACCESS_TOKEN=zzz#top", "https://a.example/?x=1&ACCESS_TOKEN=REDACTED#top" },
		{ "https://a.example/?access_token=", NULL },
		{ "{\"refresh_token\": \"a\\\"b\",\"n\":1}", "{\"refresh_token\": \"REDACTED\",\"n\":1}" },
		{ "{\"password\":null,\"client_secret\":\"x\"}", "{\"password\":null,\"client_secret\":\"REDACTED\"}" },
		{ "{\"body\":\"{\\\"api_key\\\":\\\"x\\\",\\\"n\\\":1}\"}", "{\"body\":\"{\\\"api_key\\\":\\\"REDACTED\\\",\\\"n\\\":1}\"}" },
		{ "{\"leadpipe_lease\":\"0123456789abcdef0123456789abcdef\"}", NULL },
		{ "{\"token\":\"0123456789abcdef\"}", NULL },
		{ "\"password", NULL },
		{ "\"password\":", NULL },
		{ "\"password\":\"", NULL },
		{ "password=", NULL },
	};
	struct redact r = { .secrets = { NULL } };
	struct buf out;
	(void)state;
	assert_true(redact_add(&r, slice_of("s3cr3t-token")));
	assert_true(redact_add(&r, slice_of("abc"))); /* too short to be one */
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_reset(&out);
		redact_put(&r, &out, slice_of(rows[i].text));
		check_text(rows[i].text, buf_slice(&out), slice_of(rows[i].want == NULL ? rows[i].text : rows[i].want));
	}
	buf_release(&out);
	redact_release(&r);
	assert_null(r.secrets[0]);
}

static void nul_bytes_are_text(void **state)
{
	static const char text[] = "a\0" PAT "\0s3cr3t-token\0password=\0x";
	struct redact r = { .secrets = { NULL } };
	struct buf out;
	(void)state;
	assert_true(redact_add(&r, slice_of("s3cr3t-token")));
	buf_init(&out, 4096);
	redact_put(&r, &out, (struct slice){ text, sizeof text - 1 });
	check_text("NUL", buf_slice(&out), (struct slice)SLICE("a\0REDACTED\0REDACTED\0password=\0x"));
	buf_release(&out);
	redact_release(&r);
}

static void no_more_than_fit(void **state)
{
	struct redact r = { .secrets = { NULL } };
	(void)state;
	for (int i = 0; i < REDACT_SECRETS; i++)
		assert_true(redact_add(&r, slice_of("secret")));
	assert_false(redact_add(&r, slice_of("secret")));
	redact_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_go_and_the_rest_stays),
		cmocka_unit_test(nul_bytes_are_text),
		cmocka_unit_test(no_more_than_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
