/* net/freshness: RFC 9111 by the row, and which header lines are kept. */
#include "net/freshness.h"

#include "check.h"

#define NOW_MS INT64_C(1767604800000) /* 2026-01-05T09:20:00Z */
#define NEVER INT64_MAX

enum { OWN = 0, POLICY = 1 };

static void what_is_kept_and_how_long(void **state)
{
	static const struct {
		long status;
		const char *headers;
		int policy;
		bool kept;
		int64_t for_ms; /* NEVER: not said */
	} rows[] = {
		{ 200, "", OWN, true, NEVER },
		{ 200, "Cache-Control: max-age=60\r\n", OWN, true, 60000 },
		{ 200, "cache-control:public,  MAX-AGE=60 , immutable\r\n", OWN, true, 60000 },
		{ 200, "Cache-Control: max-age=\"60\"\r\n", OWN, true, 60000 },
		{ 200, "Cache-Control: max-age=60, max-age=90\r\n", OWN, true, 60000 },
		{ 200, "Cache-Control: s-maxage=60\r\n", OWN, true, NEVER },
		{ 200, "Cache-Control: max-age=soon\r\n", OWN, true, 0 },
		{ 200, "Cache-Control: max-age=-1\r\n", OWN, true, 0 },
		{ 200, "Cache-Control: max-age=99999999999999999999\r\n", OWN, true, 0 },
		{ 200, "Cache-Control: max-age=9999999999\r\n", OWN, true, INT64_C(2147483647000) },
		{ 200, "Cache-Control: max-age\r\n", OWN, true, 0 },
		{ 200, "Cache-Control: max-age=60\r\nAge: 20\r\n", OWN, true, 40000 },
		{ 200, "Cache-Control: max-age=60\r\nAge: 90\r\n", OWN, true, -30000 },
		{ 200, "Cache-Control: max-age=60\r\nDate: Mon, 05 Jan 2026 09:19:50 GMT\r\n", OWN, true, 50000 },
		{ 200, "Cache-Control: max-age=60\r\nDate: Mon, 05 Jan 2026 09:30:00 GMT\r\n", OWN, true, 60000 },
		{ 200, "Expires: Mon, 05 Jan 2026 09:21:00 GMT\r\n", OWN, true, 60000 },
		{ 200, "Expires: Mon, 05 Jan 2026 09:21:00 GMT\r\nDate: Mon, 05 Jan 2026 09:19:50 GMT\r\n", OWN, true, 60000 },
		{ 200, "Expires: Mon, 05 Jan 2026 09:21:00 GMT\r\nCache-Control: max-age=5\r\n", OWN, true, 5000 },
		{ 200, "Expires: 0\r\n", OWN, true, 0 },
		{ 200, "Cache-Control: no-store\r\n", OWN, false, NEVER },
		{ 200, "Cache-Control: max-age=60\r\nCache-Control: no-store\r\n", OWN, false, 60000 },
		{ 200, "Cache-Control: no-storefront\r\n", OWN, true, NEVER },
		{ 200, "Cache-Control: private\r\n", OWN, true, NEVER },
		{ 200, "Cache-Control: no-cache\r\n", OWN, true, 0 },
		{ 200, "Cache-Control: no-cache=\"Set-Cookie\", max-age=60\r\n", OWN, true, 0 },
		{ 200, "Vary: Accept-Encoding, User-Agent\r\n", OWN, true, NEVER },
		{ 200, "Vary: Accept\r\nVary: *\r\n", OWN, false, NEVER },
		{ 200, "Vary:\r\n", OWN, true, NEVER },
		{ 203, "", OWN, true, NEVER },
		{ 204, "", OWN, true, NEVER },
		{ 206, "Cache-Control: max-age=60\r\n", OWN, false, 60000 },
		{ 301, "", OWN, true, NEVER },
		{ 302, "", OWN, false, NEVER },
		{ 302, "Cache-Control: max-age=60\r\n", OWN, true, 60000 },
		{ 304, "", OWN, false, NEVER },
		{ 307, "", OWN, false, NEVER },
		{ 308, "", OWN, true, NEVER },
		{ 400, "", OWN, false, 3600000 },
		{ 401, "", OWN, false, 3600000 },
		{ 403, "", OWN, false, 3600000 },
		{ 404, "", OWN, true, 3600000 },
		{ 404, "Cache-Control: max-age=60\r\n", OWN, true, 60000 },
		{ 404, "Cache-Control: max-age=86400\r\n", OWN, true, 3600000 },
		{ 410, "", OWN, true, 3600000 },
		{ 429, "Cache-Control: max-age=60\r\n", OWN, false, 60000 },
		{ 500, "Cache-Control: max-age=60\r\n", OWN, false, 60000 },
		{ 200, "Cache-Control: max-age=60\r\n", POLICY, true, NEVER },
		{ 200, "Cache-Control: no-cache, max-age=0, must-revalidate\r\nExpires: 0\r\n", POLICY, true, NEVER },
		{ 200, "Cache-Control: no-store\r\n", POLICY, false, NEVER },
		{ 200, "Vary: *\r\n", POLICY, false, NEVER },
		{ 302, "", POLICY, true, NEVER },
		{ 403, "", POLICY, true, 3600000 },
		{ 404, "", POLICY, true, 3600000 },
		{ 408, "", POLICY, false, 3600000 },
		{ 429, "", POLICY, false, 3600000 },
		{ 503, "", POLICY, false, 3600000 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char name[256];
		struct freshness f = freshness_of(rows[i].status, slice_of(rows[i].headers), rows[i].policy == POLICY, NOW_MS);
		snprintf(name, sizeof name, "%ld %s", rows[i].status, rows[i].headers);
		check_int(name, f.is_kept, rows[i].kept);
		check_int(name, f.until_ms == INT64_MAX ? NEVER : f.until_ms - NOW_MS, rows[i].for_ms);
	}
}

static void what_may_be_stale(void **state)
{
	static const struct {
		const char *headers;
		bool own, policy;
	} rows[] = {
		{ "", true, true },
		{ "Cache-Control: max-age=60\r\n", true, true },
		{ "Cache-Control: max-age=60, must-revalidate\r\n", false, true },
		{ "Cache-Control: no-cache\r\n", false, true },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_int(rows[i].headers, freshness_may_be_stale(slice_of(rows[i].headers), false), rows[i].own);
		check_int(rows[i].headers, freshness_may_be_stale(slice_of(rows[i].headers), true), rows[i].policy);
	}
}

static void header_lines_that_are_kept(void **state)
{
	static const char headers[] =
		"HTTP/1.1 200 OK\r\nServer: x\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\n"
		"Set-Cookie: session=SECRET; Path=/\r\nset-cookie: bare\r\nETag: \"1\"\r\n\r\n";
	static const char kept[] = "HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: session=\r\nset-cookie: bare=\r\nETag: \"1\"\r\n\r\n";
	struct buf out;
	(void)state;
	buf_init(&out, 4096);
	freshness_put_headers(&out, slice_of(headers));
	check_text("kept", buf_slice(&out), slice_of(kept));
	buf_release(&out);
}

static void a_304_updates_what_it_names(void **state)
{
	static const char stored[] = "HTTP/1.1 200 OK\r\nServer: x\r\nDate: old\r\nContent-Type: text/html\r\nETag: \"1\"\r\n\r\n";
	static const char update[] = "HTTP/2 304\r\ndate: new\r\nContent-Type: wrong\r\nContent-Length: 0\r\nConnection: close\r\nX-New: 1\r\n\r\n";
	static const char want[] = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Type: text/html\r\nETag: \"1\"\r\ndate: new\r\nX-New: 1\r\n\r\n";
	struct buf out;
	(void)state;
	buf_init(&out, 4096);
	freshness_put_updated(&out, slice_of(stored), slice_of(update));
	check_text("updated", buf_slice(&out), slice_of(want));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_and_how_long),
		cmocka_unit_test(what_may_be_stale),
		cmocka_unit_test(header_lines_that_are_kept),
		cmocka_unit_test(a_304_updates_what_it_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
