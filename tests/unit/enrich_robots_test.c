/* bin/enrich/robots: RFC 9309 by tables: groups, longest match, wildcards, encodings, broken files. */
// uses: bin/enrich/robots.c
#include "check.h"

#include "../../bin/enrich/robots.h"

static bool allows(const char *file, const char *path, int64_t *delay_ms)
{
	struct arena arena;
	struct robots robots;
	arena_init(&arena, 4 << 20);
	assert_true(robots_read(&robots, &arena, slice_of(file), "leadpipe"));
	bool allowed = robots_allows(&robots, slice_of(path));
	if (delay_ms != NULL)
		*delay_ms = robots.crawl_delay_ms;
	arena_release(&arena);
	return allowed;
}

static void test_rules(void **state)
{
	(void)state;
	static const struct {
		const char *file, *path;
		bool allowed;
	} rows[] = {
		/* nothing to say */
		{ "", "/", true },
		{ "User-agent: *\nDisallow:\n", "/a", true },
		{ "<html>not a robots file</html>", "/", true },
		{ "Disallow: /\n", "/", true }, /* a rule before any group belongs to nobody */
		/* plain */
		{ "User-agent: *\nDisallow: /\n", "/", false },
		{ "User-agent: *\nDisallow: /\n", "/robots.txt", true },
		{ "User-agent: *\nDisallow: /private\n", "/private/x", false },
		{ "User-agent: *\nDisallow: /private\n", "/privately", false },
		{ "User-agent: *\nDisallow: /private/\n", "/private", true },
		{ "User-agent: *\nDisallow: /Private\n", "/private", true }, /* paths have case */
		/* line ends, comments, blanks, letter case of names */
		{ "USER-AGENT: *\r\ndisallow : /a # not for robots\r\n", "/a", false },
		{ "user-agent:*\rdisallow:/a\r", "/a", false },
		{ "\xef\xbb\xbfUser-agent: *\nDisallow: /a", "/a", false },
		{ "# User-agent: *\nDisallow: /a", "/a", true },
		/* the group that names us, and no other */
		{ "User-agent: *\nDisallow: /\nUser-agent: leadpipe\nDisallow: /x\n", "/a", true },
		{ "User-agent: *\nDisallow: /\nUser-agent: leadpipe\nDisallow: /x\n", "/x", false },
		{ "User-agent: leadpipe\nDisallow: /x\nUser-agent: *\nDisallow: /\n", "/a", true },
		{ "User-agent: LeadPipe\nDisallow: /x\n", "/x", false },
		{ "User-agent: leadpipe/2.0\nDisallow: /x\n", "/x", false },
		{ "User-agent: leadpipes\nDisallow: /x\n", "/x", true },
		{ "User-agent: lead\nDisallow: /x\n", "/x", true },
		{ "User-agent: other\nDisallow: /\n", "/x", true },
		/* several agents of one group; several groups of one agent; what stands between */
		{ "User-agent: other\nUser-agent: leadpipe\nDisallow: /x\n", "/x", false },
		{ "User-agent: leadpipe\nDisallow: /x\n\nUser-agent: other\nDisallow: /\n\nUser-agent: leadpipe\nDisallow: /y\n", "/y", false },
		{ "User-agent: leadpipe\nDisallow: /x\n\nUser-agent: other\nDisallow: /\n\nUser-agent: leadpipe\nDisallow: /y\n", "/x", false },
		{ "User-agent: leadpipe\nDisallow: /x\n\nUser-agent: other\nDisallow: /\n\nUser-agent: leadpipe\nDisallow: /y\n", "/z", true },
		{ "User-agent: *\nSitemap: https://e.example/s.xml\nDisallow: /x\n", "/x", false },
		{ "User-agent: leadpipe\nSitemap: s.xml\nUser-agent: *\nDisallow: /x\n", "/x", false },
		{ "User-agent: leadpipe\nAllow: /\nUser-agent: *\nDisallow: /x\n", "/x", true },
		/* the longest wins; Allow where two are equal */
		{ "User-agent: *\nDisallow: /a\nAllow: /a/b\n", "/a/b/c", true },
		{ "User-agent: *\nAllow: /a/b\nDisallow: /a\n", "/a/b/c", true },
		{ "User-agent: *\nAllow: /a\nDisallow: /a/b\n", "/a/b/c", false },
		{ "User-agent: *\nDisallow: /a\nAllow: /a\n", "/a", true },
		{ "User-agent: *\nAllow: /a\nDisallow: /a\n", "/a", true },
		{ "User-agent: *\nDisallow: /\nAllow: /$\n", "/", true },
		{ "User-agent: *\nDisallow: /\nAllow: /$\n", "/x", false },
		/* wildcards */
		{ "User-agent: *\nDisallow: /*.pdf$\n", "/a/b.pdf", false },
		{ "User-agent: *\nDisallow: /*.pdf$\n", "/a/b.pdf?x=1", true },
		{ "User-agent: *\nDisallow: /*.pdf\n", "/a/b.pdf?x=1", false },
		{ "User-agent: *\nDisallow: /*?\n", "/a?b", false },
		{ "User-agent: *\nDisallow: /*?\n", "/a", true },
		{ "User-agent: *\nDisallow: *secret\n", "/a/secret/b", false },
		{ "User-agent: *\nDisallow: /a*b*c$\n", "/a1b2c3c", false },
		{ "User-agent: *\nDisallow: /a*b*c$\n", "/a1b2c3", true },
		{ "User-agent: *\nDisallow: /a*****\n", "/a", false },
		{ "User-agent: *\nDisallow: private\n", "/private", true }, /* not a path */
		/* octets: RFC 9309 section 2.2.2 */
		{ "User-agent: *\nDisallow: /foo/bar?baz=quz\n", "/foo/bar?baz=quz", false },
		{ "User-agent: *\nDisallow: /foo/bar/%62%61%7A\n", "/foo/bar/baz", false },
		{ "User-agent: *\nDisallow: /foo/bar/baz\n", "/foo/bar/%62%61%7a", false },
		{ "User-agent: *\nDisallow: /\xe3\x83\x84\n", "/%E3%83%84", false },
		{ "User-agent: *\nDisallow: /a%3cd.html\n", "/a%3Cd.html", false },
		{ "User-agent: *\nDisallow: /a%2fb\n", "/a/b", true },
		/* broken lines do not end a group */
		{ "User-agent: *\nnonsense\nDisallow: /a\n", "/a", false },
		{ "User-agent: *\n: x\nDisallow: /a\n", "/a", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		check_int(rows[i].file, allows(rows[i].file, rows[i].path, NULL), rows[i].allowed);
}

static void test_crawl_delay(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		int64_t delay_ms;
	} rows[] = {
		{ "User-agent: *\nCrawl-delay: 5\n", 5000 },
		{ "User-agent: *\nCrawl-delay: 0.5\n", 500 },
		{ "User-agent: *\nCrawl-delay: 1e9\n", 3600000 },
		{ "User-agent: *\nCrawl-delay: -3\n", 0 },
		{ "User-agent: *\nCrawl-delay: nan\n", 0 },
		{ "User-agent: *\nCrawl-delay: soon\n", 0 },
		{ "User-agent: other\nCrawl-delay: 5\n", 0 },
		{ "User-agent: *\nCrawl-delay: 9\nUser-agent: leadpipe\nDisallow: /x\n", 0 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t delay_ms = -1;
		allows(rows[i].file, "/", &delay_ms);
		check_int(rows[i].file, delay_ms, rows[i].delay_ms);
	}
}

/* Many stars against a long path must not take exponential, or even quadratic, time in the number of stars. */
static void test_hostile_pattern(void **state)
{
	(void)state;
	char file[2100], path[2001];
	size_t len = (size_t)snprintf(file, sizeof file, "User-agent: *\nDisallow: /");
	for (size_t i = 0; i < 1000; i++) {
		file[len++] = '*';
		file[len++] = 'a';
	}
	memcpy(file + len, "b$", 3);
	memset(path, 'a', sizeof path - 1);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	assert_true(allows(file, path, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rules), cmocka_unit_test(test_crawl_delay),
		cmocka_unit_test(test_hostile_pattern) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
