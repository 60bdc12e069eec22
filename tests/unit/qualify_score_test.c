// uses: bin/qualify/match.c
// uses: bin/qualify/unicode.c
// uses: bin/qualify/rules.c
// uses: bin/qualify/inputs.c
// uses: bin/qualify/conditions.c
// uses: bin/qualify/score.c

#include "check.h"

#include "../../bin/qualify/score.h"
#include "base/config.h"

static void load(struct rules *rules, const char *path)
{
	char error[RULES_ERROR_BYTES];
	struct buf text;
	buf_init(&text, RULES_MAX_BYTES);
	assert_true(config_read_file(path, RULES_MAX_BYTES, &text, error));
	bool ok = rules_compile(rules, path, buf_slice(&text), RECORD_AS_CONTACT, error);
	check_text(path, slice_of(ok ? "" : error), slice_of(""));
	buf_release(&text);
}

static void decide(const struct rules *rules, const char *line, int64_t *score, char tier[32])
{
	struct json_error error;
	struct verdict verdict;
	struct record *r = record_new();
	struct scorer *s = scorer_new(rules);
	assert_non_null(r);
	assert_non_null(s);
	assert_true(record_parse(r, slice_of(line), &error));
	assert_true(scorer_decide(s, r, &verdict));
	int64_t sum = 0;
	for (size_t i = 0; i < verdict.reason_count; i++)
		sum += verdict.reasons[i].points;
	assert_int_equal(sum, verdict.score);
	*score = verdict.score;
	snprintf(tier, 32, "%.*s", (int)verdict.tier->name_json.len, verdict.tier->name_json.ptr);
	scorer_free(s);
	record_free(r);
}

struct row {
	const char *contact;
	int want;
};

/* Each word, field and bound of the description, alone, with its nearest refusals. */
static const struct row v1[] = {
	{ "", 0 },
	{ "\"jobtitle\":\"CEO\"", 30 },
	{ "\"jobtitle\":\"cto\"", 30 },
	{ "\"jobtitle\":\"Cfo\"", 30 },
	{ "\"jobtitle\":\"COO\"", 30 },
	{ "\"jobtitle\":\"CMO\"", 30 },
	{ "\"jobtitle\":\"CIO\"", 30 },
	{ "\"jobtitle\":\"CISO\"", 30 },
	{ "\"jobtitle\":\"CRO\"", 30 },
	{ "\"jobtitle\":\"Chief of Staff\"", 30 },
	{ "\"jobtitle\":\"Founder\"", 30 },
	{ "\"jobtitle\":\"CoFounder\"", 30 },
	{ "\"jobtitle\":\"co-founder\"", 30 },
	{ "\"jobtitle\":\"CEOs\"", 0 },
	{ "\"jobtitle\":\"Doctor\"", 0 },
	{ "\"jobtitle\":\"Chiefly\"", 0 },
	{ "\"jobtitle\":\"VP\"", 25 },
	{ "\"jobtitle\":\"SVP, Sales\"", 25 },
	{ "\"jobtitle\":\"EVP\"", 25 },
	{ "\"jobtitle\":\"Vice President\"", 25 },
	{ "\"jobtitle\":\"vice-president\"", 25 },
	{ "\"jobtitle\":\"President\"", 0 },
	{ "\"jobtitle\":\"MVP\"", 0 },
	{ "\"jobtitle\":\"Director\"", 20 },
	{ "\"jobtitle\":\"Head of IT\"", 20 },
	{ "\"jobtitle\":\"Headof IT\"", 0 },
	{ "\"jobtitle\":\"Directory editor\"", 0 },
	{ "\"jobtitle\":\"manager\"", 15 },
	{ "\"jobtitle\":\"Team Lead\"", 15 },
	{ "\"jobtitle\":\"Team Leader\"", 0 },
	{ "\"jobtitle\":\"Management\"", 0 },
	{ "\"jobtitle\":\"Manager, ex CEO\"", 30 },
	{ "\"jobtitle\":\"Director, VP\"", 25 },
	{ "\"jobtitle\":\"Manager and Director\"", 20 },
	{ "\"jobtitle\":\"\\u0043EO\"", 30 },
	{ "\"jobtitle\":\"x\\nCEO\\ty\"", 30 },
	{ "\"jobtitle\":\"\"", 0 },
	{ "\"jobtitle\":null", 0 },
	{ "\"jobtitle\":42", 0 },
	{ "\"jobtitle\":{\"a\":\"CEO\"}", 0 },
	{ "\"numberofemployees\":\"1000\"", 25 },
	{ "\"numberofemployees\":1000", 25 },
	{ "\"numberofemployees\":\"99999999999999999999999\"", 25 },
	{ "\"numberofemployees\":\"999\"", 20 },
	{ "\"numberofemployees\":\"100\"", 20 },
	{ "\"numberofemployees\":\"99\"", 15 },
	{ "\"numberofemployees\":\"1\"", 15 },
	{ "\"numberofemployees\":\"007\"", 15 },
	{ "\"numberofemployees\":\"0100\"", 20 },
	{ "\"numberofemployees\":\"000\"", 0 },
	{ "\"numberofemployees\":\"00-1\"", 0 },
	{ "\"numberofemployees\":\"0\"", 0 },
	{ "\"numberofemployees\":\"-5\"", 0 },
	{ "\"numberofemployees\":\" 250 \"", 20 },
	{ "\"numberofemployees\":\"2.5e2\"", 20 },
	{ "\"numberofemployees\":\"1,000\"", 0 },
	{ "\"numberofemployees\":\"500+\"", 0 },
	{ "\"numberofemployees\":\"51-200\"", 0 },
	{ "\"numberofemployees\":\"many\"", 0 },
	{ "\"numberofemployees\":true", 0 },
	{ "\"industry\":\"Biotechnology\"", 20 },
	{ "\"industry\":\"SaaS\"", 20 },
	{ "\"industry\":\"COMPUTER_SOFTWARE\"", 20 },
	{ "\"industry\":\"Financial Technology\"", 20 },
	{ "\"industry\":\"FINANCIAL_SERVICES\"", 15 },
	{ "\"industry\":\"Microfinance\"", 15 },
	{ "\"industry\":\"Retail\"", 10 },
	{ "\"industry\":\" \"", 10 },
	{ "\"industry\":\"\"", 0 },
	{ "\"email\":\"a@b.co\"", 10 },
	{ "\"email\":\"\"", 0 },
	{ "\"email\":null", 0 },
	{ "\"phone\":\"+1\"", 5 },
	{ "\"phone\":5551234", 5 },
	{ "\"hs_linkedin_url\":\"https://x\"", 5 },
	{ "\"hs_analytics_num_visits\":\"1\"", 10 },
	{ "\"hs_analytics_num_visits\":3", 10 },
	{ "\"hs_analytics_num_visits\":\"0\"", 0 },
	{ "\"hs_analytics_num_visits\":-1", 0 },
	{ "\"hs_analytics_num_visits\":\"yes\"", 0 },
	{ "\"hs_email_open\":\"2\"", 5 },
	{ "\"hs_email_open\":0", 0 },
	{ "\"jobtitle\":\"CEO\",\"jobtitle\":\"Manager\"", 15 },
};

static const struct row v2[] = {
	{ "", 0 },
	{ "\"email\":\"a@b.co\"", 10 },
	{ "\"email\":\"a@gmail.com\"", 5 },
	{ "\"email\":\"A@GMAIL.COM\"", 5 },
	{ "\"email\":\"a@yahoo.co.uk\"", 5 },
	{ "\"email\":\"gmail@b.co\"", 10 },
	{ "\"email\":\"a@notgmail.com\"", 10 },
	{ "\"company\":\"X\"", 20 },
	{ "\"jobtitle\":\"Buyer\"", 15 },
	{ "\"jobtitle\":\"MVP\"", 15 },
	{ "\"jobtitle\":\"VP\"", 40 },
	{ "\"jobtitle\":\"Director of Sales\"", 40 },
	{ "\"jobtitle\":\"CTO\"", 40 },
	{ "\"jobtitle\":\"ceo\"", 40 },
	{ "\"jobtitle\":\"CFO\"", 15 },
	{ "\"website\":\"x.example\"", 10 },
	{ "\"email\":\"a@b.co\",\"company\":\"X\",\"jobtitle\":\"VP\",\"website\":\"x\"", 80 },
};

static void check(const char *path, const struct row *rows, size_t count)
{
	struct rules rules;
	load(&rules, path);
	for (size_t i = 0; i < count; i++) {
		static const char *const shapes[][2] = { { "{\"contact\":{\"id\":\"1\",\"properties\":{", "}}}" }, { "{\"contact\":{", "}}" },
			{ "{\"properties\":{", "}}" }, { "{", "}" } };
		for (size_t shape = 0; shape < COUNT(shapes); shape++) {
			char line[512], tier[32];
			int64_t score;
			snprintf(line, sizeof line, "%s%s%s", shapes[shape][0], rows[i].contact, shapes[shape][1]);
			decide(&rules, line, &score, tier);
			check_int(line, score, rows[i].want);
		}
	}
	rules_release(&rules);
}

static void sf_v1_gives_the_points_of_its_description(void **state)
{
	(void)state;
	check("share/rules/sf-v1.json", v1, COUNT(v1));
}

static void sf_v2_gives_the_points_of_its_description(void **state)
{
	(void)state;
	check("share/rules/sf-v2.json", v2, COUNT(v2));
}

static void facts_fill_what_the_contact_lacks_and_only_that(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "{}", 30 + 20 + 15 + 5 },
		{ "{\"jobtitle\":\"Buyer\"}", 20 + 15 + 5 },
		{ "{\"jobtitle\":\"\"}", 30 + 20 + 15 + 5 },
		{ "{\"numberofemployees\":\"5\"}", 30 + 15 + 15 + 5 },
		{ "{\"numberofemployees\":\"1,000\"}", 30 + 15 + 5 },
		{ "{\"industry\":\"SaaS\"}", 30 + 20 + 20 + 5 },
		{ "{\"hs_linkedin_url\":\"x\"}", 30 + 20 + 15 + 5 },
	};
	struct rules rules;
	load(&rules, "share/rules/sf-v1.json");
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[512], tier[32];
		int64_t score;
		snprintf(line, sizeof line,
			"{\"contact\":{\"properties\":%s},\"enrichment\":{\"facts\":{\"title\":{\"value\":\"CTO\"},\"company_size\":{\"value\":\"120\"},"
			"\"industry\":{\"value\":\"Finance\"},\"linkedin\":{\"value\":\"u\"},\"email\":{\"value\":\"a@b.co\"},\"phone\":{\"value\":\"1\"}}}}",
			rows[i].contact);
		decide(&rules, line, &score, tier);
		assert_int_equal(score, rows[i].want);
	}
	rules_release(&rules);
}

static void tiers_change_at_their_bounds(void **state)
{
	(void)state;
	static const struct {
		const char *rules, *contact, *want;
	} rows[] = {
		{ "share/rules/sf-v1.json", "\"jobtitle\":\"CEO\",\"industry\":\"tech\",\"numberofemployees\":\"1000\",\"phone\":\"1\"",
			"\"HOT\"" }, /* 80 */
		{ "share/rules/sf-v1.json", "\"jobtitle\":\"CEO\",\"industry\":\"tech\",\"numberofemployees\":\"1000\"", "\"WARM\"" }, /* 75 */
		{ "share/rules/sf-v1.json", "\"jobtitle\":\"CEO\",\"industry\":\"tech\"", "\"WARM\"" }, /* 50 */
		{ "share/rules/sf-v1.json", "\"jobtitle\":\"VP\",\"industry\":\"tech\"", "\"COLD\"" }, /* 45 */
		{ "share/rules/sf-v2.json", "\"jobtitle\":\"VP\",\"company\":\"X\",\"website\":\"x\"", "\"WARM\"" }, /* 70 */
		{ "share/rules/sf-v2.json", "\"jobtitle\":\"VP\",\"company\":\"X\",\"website\":\"x\",\"email\":\"a@gmail.com\"", "\"HOT\"" }, /* 75 */
		{ "share/rules/sf-v2.json", "\"jobtitle\":\"VP\"", "\"COLD\"" }, /* 40 */
		{ "share/rules/sf-v2.json", "\"jobtitle\":\"VP\",\"email\":\"a@gmail.com\"", "\"WARM\"" }, /* 45 */
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[512], tier[32];
		int64_t score;
		struct rules rules;
		load(&rules, rows[i].rules);
		snprintf(line, sizeof line, "{\"contact\":{%s}}", rows[i].contact);
		decide(&rules, line, &score, tier);
		assert_string_equal(tier, rows[i].want);
		rules_release(&rules);
	}
}

/* One rule with 7 points and this condition, in otherwise plain rules. */
static int64_t score_with(const char *condition, const char *line)
{
	char text[1024], error[RULES_ERROR_BYTES], tier[32];
	int64_t score;
	struct rules rules;
	snprintf(text, sizeof text,
		"{\"format\":1,\"name\":\"t\",\"rules\":[{\"rule\":\"r\",\"points\":7,\"if\":%s}],\"tiers\":[{\"tier\":\"COLD\"}]}", condition);
	bool ok = rules_compile(&rules, "t.json", slice_of(text), RECORD_AS_CONTACT, error);
	check_text(condition, slice_of(ok ? "" : error), slice_of(""));
	decide(&rules, line, &score, tier);
	rules_release(&rules);
	return score;
}

static void each_operator_holds_and_fails(void **state)
{
	(void)state;
	static const struct {
		const char *condition, *line;
		bool want;
	} rows[] = {
		{ "{\"contact.a\":{\"exists\":true}}", "{\"a\":0}", true },
		{ "{\"contact.a\":{\"exists\":true}}", "{\"a\":false}", true },
		{ "{\"contact.a\":{\"exists\":true}}", "{\"a\":[]}", false },
		{ "{\"contact.a\":{\"exists\":true}}", "{\"a\":[null,\"\"]}", false },
		{ "{\"contact.a\":{\"exists\":true}}", "{\"a\":{}}", true },
		{ "{\"contact.a\":{\"exists\":false}}", "{\"a\":\"\"}", true },
		{ "{\"contact.a\":{\"exists\":false}}", "{\"a\":\"x\"}", false },
		{ "{\"contact.a\":{\"equals\":\"Ab\"}}", "{\"a\":\"aB\"}", true },
		{ "{\"contact.a\":{\"equals\":\"ab\"}}", "{\"a\":\"abc\"}", false },
		{ "{\"contact.a\":{\"equals\":\"true\"}}", "{\"a\":true}", true },
		{ "{\"contact.a\":{\"equals\":5}}", "{\"a\":\"5.0\"}", true },
		{ "{\"contact.a\":{\"equals\":5}}", "{\"a\":6}", false },
		{ "{\"contact.a\":{\"in\":[\"de\",\"at\"]}}", "{\"a\":\"AT\"}", true },
		{ "{\"contact.a\":{\"in\":[\"de\",\"at\"]}}", "{\"a\":\"CH\"}", false },
		{ "{\"contact.a\":{\"words\":\"vp\"}}", "{\"a\":\"the VP\"}", true },
		{ "{\"contact.a\":{\"contains\":\"vp\"}}", "{\"a\":\"MVPs\"}", true },
		{ "{\"contact.a\":{\"regex\":\"^v.$\"}}", "{\"a\":\"VP\"}", true },
		{ "{\"contact.a\":{\"regex\":\"^v.$\"}}", "{\"a\":\"MVP\"}", false },
		{ "{\"contact.a\":{\"at_least\":1,\"below\":3}}", "{\"a\":\"1\"}", true },
		{ "{\"contact.a\":{\"at_least\":1,\"below\":3}}", "{\"a\":3}", false },
		{ "{\"contact.a\":{\"above\":1,\"at_most\":3}}", "{\"a\":3}", true },
		{ "{\"contact.a\":{\"above\":1,\"at_most\":3}}", "{\"a\":1}", false },
		{ "{\"contact.a\":{\"below\":3}}", "{}", false },
		{ "{\"contact.a\":{\"contains\":\"x\",\"regex\":\"y\"}}", "{\"a\":\"xy\"}", true },
		{ "{\"contact.a\":{\"contains\":\"x\",\"regex\":\"y\"}}", "{\"a\":\"x\"}", false },
		{ "{\"contact.a\":{\"exists\":true},\"contact.b\":{\"exists\":true}}", "{\"a\":1}", false },
		{ "{\"contact.a\":{\"in\":[\"x\"]}}", "{\"a\":[\"y\",null,\"X\"]}", true },
		{ "{\"contact.a\":{\"at_least\":2,\"at_most\":3}}", "{\"a\":[1,4]}", false },
		{ "{\"contact.a\":{\"at_least\":2,\"at_most\":3}}", "{\"a\":[1,3]}", true },
		{ "{\"company.city\":{\"equals\":\"bonn\"}}", "{\"contact\":{},\"company\":{\"properties\":{\"city\":\"Bonn\"}}}", true },
		{ "{\"enrichment.quality\":{\"equals\":\"HIGH\"}}", "{\"enrichment\":{\"quality\":\"HIGH\"}}", true },
		{ "{\"facts.seniority\":{\"in\":[\"vp\"]}}", "{\"enrichment\":{\"facts\":{\"seniority\":{\"value\":\"vp\"}}}}", true },
		{ "{\"technologies.name\":{\"in\":[\"shopify\"]}}",
			"{\"enrichment\":{\"technologies\":[{\"name\":\"nginx\"},{\"name\":\"Shopify\"}]}}", true },
		{ "{\"technologies.category\":{\"in\":[\"shopify\"]}}", "{\"enrichment\":{\"technologies\":[{\"name\":\"Shopify\"}]}}", false },
		{ "{\"technologies.name\":{\"in\":[\"shopify\"]}}", "{\"enrichment\":{\"technologies\":\"Shopify\"}}", false },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t score = score_with(rows[i].condition, rows[i].line);
		check_int(rows[i].condition, score, rows[i].want ? 7 : 0);
	}
}

static void a_group_is_cut_at_its_cap_and_the_cut_is_a_reason(void **state)
{
	(void)state;
	static const char text[] =
		"{\"format\":1,\"name\":\"t\",\"rules\":[{\"rule\":\"base\",\"points\":3},{\"group\":\"g\",\"cap\":10,\"rules\":["
		"{\"rule\":\"a\",\"points\":8,\"if\":{\"contact.a\":{\"exists\":true}}},"
		"{\"first\":[{\"rule\":\"b\",\"points\":8,\"if\":{\"contact.b\":{\"exists\":true}}},{\"rule\":\"c\",\"points\":1}]}]},"
		"{\"rule\":\"minus\",\"points\":-4,\"if\":{\"contact.bad\":{\"exists\":true}}}],"
		"\"tiers\":[{\"tier\":\"HOT\",\"at_least\":13},{\"tier\":\"DISQUALIFIED\"}]}";
	static const struct {
		const char *line, *tier;
		int want;
	} rows[] = {
		{ "{}", "\"DISQUALIFIED\"", 4 },
		{ "{\"a\":1}", "\"DISQUALIFIED\"", 12 },
		{ "{\"a\":1,\"b\":1}", "\"HOT\"", 13 },
		{ "{\"a\":1,\"b\":1,\"bad\":1}", "\"DISQUALIFIED\"", 9 },
		{ "{\"bad\":1}", "\"DISQUALIFIED\"", 0 },
	};
	char error[RULES_ERROR_BYTES], tier[32];
	struct rules rules;
	assert_true(rules_compile(&rules, "t.json", slice_of(text), RECORD_AS_CONTACT, error));
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t score;
		decide(&rules, rows[i].line, &score, tier);
		assert_int_equal(score, rows[i].want);
		assert_string_equal(tier, rows[i].tier);
	}
	rules_release(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sf_v1_gives_the_points_of_its_description),
		cmocka_unit_test(sf_v2_gives_the_points_of_its_description),
		cmocka_unit_test(facts_fill_what_the_contact_lacks_and_only_that),
		cmocka_unit_test(tiers_change_at_their_bounds),
		cmocka_unit_test(each_operator_holds_and_fails),
		cmocka_unit_test(a_group_is_cut_at_its_cap_and_the_cut_is_a_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
