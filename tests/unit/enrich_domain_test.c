/* bin/enrich/domain and social: addresses as people type them, IDNs, registrable domains, free mail, profiles against share links. */
// uses: bin/enrich/domain.c
// uses: bin/enrich/social.c
#include "check.h"

#include "base/names.h"

#include "../../bin/enrich/social.h"

static struct arena arena;

static void test_websites(void **state)
{
	(void)state;
	static const struct {
		const char *text, *url, *domain; /* url NULL: refused */
		bool has_scheme;
	} rows[] = {
		{ "acme.com", "https://acme.com/", "acme.com", false },
		{ " www.Acme.COM ", "https://www.acme.com/", "acme.com", false },
		{ "http://acme.com", "http://acme.com/", "acme.com", true },
		{ "HTTPS://acme.com/De?x=1#top", "https://acme.com/De?x=1", "acme.com", true },
		{ "//acme.com/de", "https://acme.com/de", "acme.com", false },
		{ "acme.com:8080", "https://acme.com:8080/", "acme.com", false },
		{ "https://acme.com:443/", "https://acme.com/", "acme.com", true },
		{ "http://acme.com:443/", "http://acme.com:443/", "acme.com", true },
		{ "acme.com.", "https://acme.com/", "acme.com", false },
		{ "shop.acme.co.uk", "https://shop.acme.co.uk/", "acme.co.uk", false },
		{ "acme.github.io", "https://acme.github.io/", "acme.github.io", false },
		{ "m\xc3\xbcller.de", "https://xn--mller-kva.de/", "xn--mller-kva.de", false },
		{ "M\xc3\x9cLLER.de/\xc3\xbc", "https://xn--mller-kva.de/%c3%bc", "xn--mller-kva.de", false },
		{ "stra\xc3\x9f"
		  "e.de",
			"https://xn--strae-oqa.de/", "xn--strae-oqa.de", false }, /* nontransitional: not strasse.de */
		{ "http://acme.localhost:4711/", "http://acme.localhost:4711/", "acme.localhost", true },
		{ "localhost", "https://localhost/", "localhost", false },
		{ "http://127.0.0.1:80/x", "http://127.0.0.1/x", "127.0.0.1", true },
		{ "http://[::1]:8080/", "http://[::1]:8080/", "[::1]", true },
		{ "http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1", true }, /* spelled otherwise, still the same address */
		/* no web addresses */
		{ "", NULL, NULL, false },
		{ "n/a", NULL, NULL, false },
		{ "none", NULL, NULL, false },
		{ "Acme Corp", NULL, NULL, false },
		{ "info@acme.com", NULL, NULL, false },
		{ "http://user@acme.com/", NULL, NULL, false },
		{ "ftp://acme.com", NULL, NULL, false },
		{ "javascript:alert(1)", NULL, NULL, false },
		{ "file:///etc/passwd", NULL, NULL, false },
		{ "acme.com\r\nHost: x", NULL, NULL, false },
		{ "http://", NULL, NULL, false },
		{ "http:///x", NULL, NULL, false },
		{ "a..com", NULL, NULL, false },
		{ "http://acme.com\\@evil.example/", NULL, NULL, false },
		{ "acme.com:99999", NULL, NULL, false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;
		bool ok = domain_read(&arena, slice_of(rows[i].text), &a);
		check_int(rows[i].text, ok, rows[i].url != NULL);
		if (!ok)
			continue;
		check_text(rows[i].text, slice_of(a.url), slice_of(rows[i].url));
		check_text(rows[i].text, slice_of(a.domain), slice_of(rows[i].domain));
		check_int(rows[i].text, a.has_scheme, rows[i].has_scheme);
	}
}

static void test_links(void **state)
{
	(void)state;
	static const struct {
		const char *link, *url;
	} rows[] = {
		{ "", "https://acme.com/de/index.html?x=1" },
		{ "kontakt", "https://acme.com/de/kontakt" },
		{ "/kontakt", "https://acme.com/kontakt" },
		{ "../a/./b", "https://acme.com/a/b" },
		{ "?y", "https://acme.com/de/index.html?y" },
		{ "//other.example/x", "https://other.example/x" },
		{ "http://Other.example", "http://other.example/" },
		{ "#top", "https://acme.com/de/index.html?x=1" },
		{ "javascript:void(0)", NULL },
		{ "mailto:a@b.example", NULL },
		{ "https://a b/", NULL },
		{ "\xc3\xbc"
		  "ber",
			"https://acme.com/de/%c3%bcber" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;
		bool ok = domain_resolve(&arena, "https://acme.com/de/index.html?x=1", slice_of(rows[i].link), &a);
		check_int(rows[i].link, ok, rows[i].url != NULL);
		if (ok)
			check_text(rows[i].link, slice_of(a.url), slice_of(rows[i].url));
	}
	struct address a, plain;
	assert_true(domain_read(&arena, slice_of("acme.com/de?x"), &a));
	assert_true(domain_plain_http(&arena, &a, &plain));
	assert_string_equal(plain.url, "http://acme.com/de?x");
	assert_string_equal(plain.origin, "http://acme.com");
}

static void test_mail(void **state)
{
	(void)state;
	static const struct {
		const char *email, *domain;
		bool is_free;
	} rows[] = {
		{ "ann@acme.com", "acme.com", false },
		{ "ann@GMAIL.com ", "gmail.com", true },
		{ "\"a@b\"@web.de", "web.de", true },
		{ "ann@m\xc3\xbcller.de", "xn--mller-kva.de", false },
		{ "ann@notgmail.com", "notgmail.com", false },
		{ "ann@com", NULL, false },
		{ "ann@", NULL, false },
		{ "@acme.com", NULL, false },
		{ "ann", NULL, false },
		{ "", NULL, false },
		{ "ann@a b.com", NULL, false },
	};
	struct names list;
	assert_true(names_read(&list, slice_of("# free\n gmail.com \r\n\nweb.de")));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *domain = domain_of_mail(&arena, slice_of(rows[i].email));
		check_int(rows[i].email, domain != NULL, rows[i].domain != NULL);
		if (domain == NULL)
			continue;
		check_text(rows[i].email, slice_of(domain), slice_of(rows[i].domain));
		check_int(rows[i].email, names_has(&list, slice_of(domain)), rows[i].is_free);
	}
	names_release(&list);
}

static void test_profiles(void **state)
{
	(void)state;
	static const struct {
		const char *link;
		int id; /* -1: no profile */
		const char *url;
	} rows[] = {
		{ "https://www.linkedin.com/company/acme/", SOCIAL_LINKEDIN_COMPANY, "https://www.linkedin.com/company/acme" },
		{ "http://de.linkedin.com/company/acme?trk=x", SOCIAL_LINKEDIN_COMPANY, "https://www.linkedin.com/company/acme" },
		{ "https://linkedin.com/school/mit/people/", SOCIAL_LINKEDIN_COMPANY, "https://www.linkedin.com/school/mit" },
		{ "https://www.linkedin.com/in/ann-lee", SOCIAL_LINKEDIN_PERSON, "https://www.linkedin.com/in/ann-lee" },
		{ "https://www.linkedin.com/shareArticle?url=https://www.linkedin.com/company/acme", -1, NULL },
		{ "https://www.linkedin.com/sharing/share-offsite/?url=x", -1, NULL },
		{ "https://www.linkedin.com/", -1, NULL },
		{ "https://www.linkedin.com/company/", -1, NULL },
		{ "https://twitter.com/acme", SOCIAL_X, "https://x.com/acme" },
		{ "https://x.com/acme?lang=de", SOCIAL_X, "https://x.com/acme" },
		{ "https://twitter.com/intent/tweet?text=x", -1, NULL },
		{ "https://twitter.com/share?url=x", -1, NULL },
		{ "https://x.com/acme/status/123", -1, NULL },
		{ "https://www.facebook.com/acme", SOCIAL_FACEBOOK, "https://www.facebook.com/acme" },
		{ "https://www.facebook.com/pages/Acme/123", SOCIAL_FACEBOOK, "https://www.facebook.com/pages/Acme/123" },
		{ "https://www.facebook.com/sharer/sharer.php?u=x", -1, NULL },
		{ "https://www.facebook.com/dialog/feed", -1, NULL },
		{ "https://www.facebook.com/tr?id=1", -1, NULL },
		{ "https://www.youtube.com/@acme", SOCIAL_YOUTUBE, "https://www.youtube.com/@acme" },
		{ "https://www.youtube.com/channel/UC1", SOCIAL_YOUTUBE, "https://www.youtube.com/channel/UC1" },
		{ "https://www.youtube.com/watch?v=1", -1, NULL },
		{ "https://github.com/acme/repo", SOCIAL_GITHUB, "https://github.com/acme" },
		{ "https://github.com/login", -1, NULL },
		{ "https://www.instagram.com/acme/", SOCIAL_INSTAGRAM, "https://www.instagram.com/acme" },
		{ "https://www.instagram.com/p/abc/", -1, NULL },
		{ "https://www.xing.com/pages/acme", SOCIAL_XING, "https://www.xing.com/pages/acme" },
		{ "https://www.xing.com/companies/acme", SOCIAL_XING, "https://www.xing.com/companies/acme" },
		{ "https://www.xing.com/profile/Ann_Lee", -1, NULL },
		{ "https://notlinkedin.com/company/acme", -1, NULL },
		{ "https://linkedin.com.evil.example/company/acme", -1, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct address a;
		enum social_id id = SOCIAL_COUNT;
		struct slice url = { "", 0 };
		assert_true(domain_read(&arena, slice_of(rows[i].link), &a));
		bool ok = social_read(&arena, &a, &id, &url);
		check_int(rows[i].link, ok ? (int)id : -1, rows[i].id);
		if (ok)
			check_text(rows[i].link, url, slice_of(rows[i].url));
	}
}

static void test_what_a_site_declares_displaces_what_it_only_links(void **state)
{
	(void)state;
	struct social s = { 0 };
	social_offer(&s, SOCIAL_X, &(struct social_profile){ SLICE("a"), SLICE("s"), "link" });
	social_offer(&s, SOCIAL_X, &(struct social_profile){ SLICE("b"), SLICE("s"), "link" });
	check_text("first link", s.list[SOCIAL_X].url, slice_of("a"));
	social_offer(&s, SOCIAL_X, &(struct social_profile){ SLICE("c"), SLICE("s"), "json-ld" });
	social_offer(&s, SOCIAL_X, &(struct social_profile){ SLICE("d"), SLICE("s"), "json-ld" });
	check_text("declared", s.list[SOCIAL_X].url, slice_of("c"));
}

static void test_platforms(void **state)
{
	(void)state;
	assert_true(domain_is_platform("linkedin.com"));
	assert_true(domain_is_platform("linkedin.cn"));
	assert_true(domain_is_platform("facebook.com"));
	assert_false(domain_is_platform("acme.com"));
	assert_true(domain_is_linkedin("lnkd.in"));
	assert_false(domain_is_linkedin("facebook.com"));
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 4 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_websites), cmocka_unit_test(test_links), cmocka_unit_test(test_mail),
		cmocka_unit_test(test_profiles), cmocka_unit_test(test_what_a_site_declares_displaces_what_it_only_links),
		cmocka_unit_test(test_platforms) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
