/* bin/enrich/jsonld: blocks as pages have them, repaired; which organization stands for the site. And what facts amount to: judge. */
// uses: bin/enrich/domain.c
// uses: bin/enrich/facts.c
// uses: bin/enrich/jsonld.c
// uses: bin/enrich/jsonld_repair.c
// uses: bin/enrich/judge.c
// uses: bin/enrich/site.c
// uses: bin/enrich/visit.c
// uses: bin/enrich/result.c
// uses: bin/enrich/origin.c
// uses: bin/enrich/robots.c
// uses: bin/enrich/charset.c
// uses: bin/enrich/extract.c
// uses: bin/enrich/org.c
// uses: bin/enrich/page.c
// uses: bin/enrich/signals.c
// uses: bin/enrich/size.c
// uses: bin/enrich/social.c
// uses: bin/enrich/tame.c
// uses: bin/enrich/wall.c
#include "check.h"

#include <stdlib.h>

#include "../../bin/enrich/jsonld.h"
#include "../../bin/enrich/judge.h"

static struct arena arena;

static void test_repair(void **state)
{
	(void)state;
	/* the name that is read from the block's organization; NULL: the block is lost */
	static const struct {
		const char *block, *name;
	} rows[] = {
		{ "{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"}", "A" },
		{ "<!-- {\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"} -->", "A" },
		{ "//<![CDATA[\n{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"}\n//]]>", "A" },
		{ "<![CDATA[{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"}]]>", "A" },
		{ "/* seo */{\"@type\":\"Organization\",\"url\":\"/\", // it's us\n\"name\":\"A\"}", "A" },
		{ "{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\",};", "A" },
		{ "[{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"},,]", "A" },
		{ "{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\nB\tC\"}", "A\nB\tC" },
		{ "{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\\'s\"}", "A's" },
		{ "{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\\u00e4 \\x\"}", "A\xc3\xa4 x" },
		{ "{&quot;@type&quot;:&quot;Organization&quot;,&quot;url&quot;:&quot;/&quot;,&quot;name&quot;:&quot;A &amp; B&quot;}", "A & B" },
		{ "{\"@type\":\"WebPage\"}{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"}", "A" },
		{ "{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"http://x.example/*y\"},", "http://x.example/*y" },
		{ "{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"}}", "A" },
		{ "{\"@graph\":[{\"@type\":\"WebSite\",\"publisher\":{\"@id\":\"#o\"}},{\"@id\":\"#o\",\"@type\":[\"Thing\",\"Corporation\"],\"name\":\"A\"}]}",
			"A" },
		{ "{\"@type\":\"WebPage\",\"publisher\":{\"@type\":\"schema:Organization\",\"url\":\"/\",\"name\":\"A\"}}", "A" },
		{ "{\"@type\":\"https://schema.org/LocalBusiness\",\"url\":\"/\",\"name\":[\"A\",\"B\"]}", "A" },
		{ "{\"@type\":\"FurnitureStore\",\"url\":\"/\",\"name\":{\"@value\":\"A\",\"@language\":\"en\"}}", "A" },
		/* another's organization is not the site's */
		{ "{\"@type\":\"Review\",\"itemReviewed\":{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"A\"}}", NULL },
		{ "{\"@type\":\"Person\",\"name\":\"A\",\"worksFor\":{\"@type\":\"Organization\",\"url\":\"/\",\"name\":\"B\"}}", NULL },
		{ "{\"@type\":\"Service\",\"url\":\"/\",\"name\":\"A\"}", NULL },
		/* beyond repair */
		{ "", NULL },
		{ "{\"@type\":\"Organization\",\"name\":", NULL },
		{ "{@type:Organization}", NULL },
		{ "null", NULL },
		{ "}{", NULL },
		{ "\"Organization\"", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct json *block = jsonld_read(&arena, slice_of(rows[i].block));
		const struct json *org = block == NULL ? NULL : jsonld_organization(&arena, &block, 1, "https://acme.com/");
		check_int(rows[i].block, org != NULL, rows[i].name != NULL);
		if (org != NULL)
			check_text(rows[i].block, jsonld_text(org, "name"), slice_of(rows[i].name));
	}
}

static void test_the_organization_of_the_site_itself_goes_first(void **state)
{
	(void)state;
	const struct json *blocks[] = {
		jsonld_read(&arena, slice_of("{\"@type\":\"Organization\",\"name\":\"Agency\",\"url\":\"https://agency.example/\"}")),
		jsonld_read(&arena, slice_of("{\"@type\":\"Organization\",\"name\":\"Acme\",\"url\":\"https://www.acme.com/about\"}")),
	};
	check_text("of two", jsonld_text(jsonld_organization(&arena, blocks, 2, "https://acme.com/"), "name"), slice_of("Acme"));
	check_text(
		"of none with its domain", jsonld_text(jsonld_organization(&arena, blocks, 2, "https://other.example/"), "name"), slice_of("Agency"));
	assert_null(jsonld_organization(&arena, blocks, 0, "https://acme.com/"));
}

/* Work that grows with the square of the block would hang here. */
static void test_hostile_blocks(void **state)
{
	(void)state;
	static const char *const units[] = { ",", "[", "/*", "<!--", "\"", "\\", "//", "{\"a\":", "&quot;", "]", "},", "'" };
	enum { BYTES = 400000 };
	char *block = malloc(BYTES);
	assert_non_null(block);
	for (size_t i = 0; i < COUNT(units); i++) {
		size_t len = strlen(units[i]);
		for (size_t at = 0; at < BYTES; at++)
			block[at] = units[i][at % len];
		const struct json *read = jsonld_read(&arena, (struct slice){ block, BYTES });
		if (read != NULL)
			assert_null(jsonld_organization(&arena, &read, 1, "https://acme.com/"));
		arena_reset(&arena);
	}
	assert_null(jsonld_read(&arena, (struct slice){ block, JSONLD_MAX_BLOCK_BYTES + 1 }));
	free(block);
}

/* -- judge -- */

struct known {
	const char *title, *seniority, *department, *size;
	const char *others; /* initials of industry linkedin email phone website */
};

static struct facts facts_of(const struct known *k)
{
	struct facts f = { 0 };
	const struct {
		enum fact_id id;
		const char *value;
	} values[] = {
		{ FACT_TITLE, k->title },
		{ FACT_SENIORITY, k->seniority },
		{ FACT_DEPARTMENT, k->department },
		{ FACT_COMPANY_SIZE, k->size },
		{ FACT_INDUSTRY, strchr(k->others, 'i') },
		{ FACT_LINKEDIN, strchr(k->others, 'l') },
		{ FACT_EMAIL, strchr(k->others, 'e') },
		{ FACT_PHONE, strchr(k->others, 'p') },
		{ FACT_WEBSITE, strchr(k->others, 'w') },
	};
	for (size_t i = 0; i < COUNT(values); i++)
		facts_offer(&f, &arena, values[i].id, &(struct fact){ .value = slice_of(values[i].value), .method = "crm", .confidence = 1 });
	return f;
}

static void test_judge(void **state)
{
	(void)state;
	static const struct {
		struct known known;
		enum site_status status;
		int score;
		enum quality quality;
		const char *next;
	} rows[] = {
		{ { "CTO", "c_level", "engineering", "40", "ilepw" }, SITE_OK, 10, QUALITY_HIGH, "Qualify now: a decision maker" },
		{ { "CEO", "c_level", "executive", "400", "ilepw" }, SITE_OK, 9, QUALITY_HIGH, "Qualify now: a decision maker" },
		{ { "CHRO", "c_level", "human_resources", "400", "ilepw" }, SITE_OK, 8, QUALITY_HIGH, "Qualify now: a decision maker" },
		{ { "VP", "vp", NULL, "400", "ilepw" }, SITE_OK, 7, QUALITY_HIGH, "Qualify now: a decision maker" },
		{ { "Director", "director", NULL, "400", "ilepw" }, SITE_OK, 6, QUALITY_HIGH, "Qualify" },
		{ { "Director IT", "director", "it", "49", "ilepw" }, SITE_OK, 8, QUALITY_HIGH, "Qualify now: a decision maker" },
		{ { "Manager", "manager", NULL, "1000", "ilepw" }, SITE_OK, 4, QUALITY_HIGH, "Qualify" },
		{ { "Manager", "manager", NULL, "999", "ilepw" }, SITE_OK, 5, QUALITY_HIGH, "Qualify" },
		{ { "Engineer", "individual", "engineering", "10", "ilepw" }, SITE_OK, 3, QUALITY_HIGH, "Qualify" },
		{ { "Wizard", NULL, NULL, "10", "ilepw" }, SITE_OK, 2, QUALITY_HIGH, "Qualify" },
		{ { NULL, NULL, NULL, "10", "ilepw" }, SITE_OK, 1, QUALITY_MEDIUM, "Qualify; still missing title" },
		{ { "CTO", "c_level", "engineering", NULL, "lepw" }, SITE_OK, 9, QUALITY_MEDIUM, "Qualify; still missing company_size, industry" },
		{ { "CTO", "c_level", "engineering", "40", "ilep" }, SITE_NO_DOMAIN, 10, QUALITY_HIGH,
			"Qualify now: a decision maker; still missing website" },
		{ { "CTO", "c_level", "engineering", "40", "ilepw" }, SITE_PARKED, 10, QUALITY_MEDIUM, "Qualify; check the website (parked: why)" },
		{ { "CTO", "c_level", "engineering", "40", "ilepw" }, SITE_UNREACHABLE, 10, QUALITY_MEDIUM,
			"Qualify; check the website (unreachable: why)" },
		{ { "CTO", "c_level", "engineering", "40", "ilepw" }, SITE_ROBOTS, 10, QUALITY_HIGH, "Qualify now: a decision maker" },
		{ { "CTO", "c_level", "engineering", "40", "ilepw" }, SITE_TIMED_OUT, 10, QUALITY_HIGH, "Qualify now: a decision maker" },
		{ { "CTO", "c_level", "engineering", NULL, "ew" }, SITE_BOT_WALL, 9, QUALITY_LOW,
			"Review by hand: find company_size, industry, linkedin, phone; check the website (bot_wall: why)" },
		{ { "CTO", "c_level", "engineering", NULL, "e" }, SITE_NO_DOMAIN, 9, QUALITY_LOW,
			"Review by hand: find company_size, industry, linkedin, phone, website" },
		{ { NULL, NULL, NULL, NULL, "" }, SITE_NO_DOMAIN, 1, QUALITY_LOW,
			"Review by hand: find title, company_size, industry, linkedin, email, phone, website" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f = facts_of(&rows[i].known);
		struct verdict v = judge(&f, rows[i].status);
		int sum = 0;
		for (size_t k = 0; k < v.reason_count; k++)
			sum += v.reasons[k].points;
		check_int(rows[i].next, v.decision_maker_score, rows[i].score);
		check_int("the reasons add up", sum, v.decision_maker_score);
		check_text(rows[i].next, slice_of(quality_name(v.quality)), slice_of(quality_name(rows[i].quality)));
		check_text("next action", judge_next_action(&v, rows[i].status, slice_of("why"), &arena), slice_of(rows[i].next));
	}
}

static void test_the_surer_fact_wins_whatever_the_order(void **state)
{
	(void)state;
	const struct fact weak = { .value = SLICE("weak"), .method = "html", .confidence = 0.5 };
	const struct fact strong = { .value = SLICE(" str\t\n\xc2\xa0ong\x01 "), .method = "crm", .confidence = 0.9 };
	const struct fact equal = { .value = SLICE("equal"), .method = "html", .confidence = 0.9 };
	const struct fact *const orders[][3] = { { &weak, &strong, &equal }, { &strong, &weak, &equal }, { &strong, &equal, &weak } };
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct facts f = { 0 };
		for (size_t k = 0; k < 3; k++)
			facts_offer(&f, &arena, FACT_TITLE, orders[i][k]);
		check_text("value", f.list[FACT_TITLE].value, slice_of("str ong"));
	}
	/* cut between characters */
	char text[FACT_VALUE_BYTES + 2];
	memset(text, 'x', sizeof text);
	memcpy(text + FACT_VALUE_BYTES - 1, "\xc3\xa9", 2);
	struct slice cut = facts_clean(&arena, (struct slice){ text, FACT_VALUE_BYTES + 1 }, FACT_VALUE_BYTES);
	assert_int_equal(cut.len, FACT_VALUE_BYTES - 1);
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 32 << 20);
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_repair), cmocka_unit_test(test_the_organization_of_the_site_itself_goes_first),
		cmocka_unit_test(test_hostile_blocks), cmocka_unit_test(test_judge), cmocka_unit_test(test_the_surer_fact_wins_whatever_the_order) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
