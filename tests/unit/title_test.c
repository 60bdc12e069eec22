/* lib/record/title: seniority and department out of job titles, and the numbers of employees. */
// uses: bin/enrich/size.c
#include "check.h"

#include "record/title.h"

#include "../../bin/enrich/size.h"

static const char *or_none(const char *text)
{
	return text == NULL ? "-" : text;
}

static void test_titles(void **state)
{
	(void)state;
	static const struct {
		const char *title, *seniority, *department;
	} rows[] = {
		/* the levels */
		{ "CEO", "c_level", "executive" },
		{ "C.E.O.", "c_level", "executive" },
		{ "Chief Technology Officer", "c_level", "engineering" },
		{ "Chief Executive Officer", "c_level", "executive" },
		{ "CTO", "c_level", "engineering" },
		{ "CFO & Co-Founder", "c_level", "finance" },
		{ "Founder", "c_level", "executive" },
		{ "Owner", "c_level", "executive" },
		{ "Managing Director", "c_level", "executive" },
		{ "President", "c_level", "executive" },
		{ "Vice President, Sales", "vp", "sales" },
		{ "VP of Engineering", "vp", "engineering" },
		{ "SVP Marketing", "vp", "marketing" },
		{ "General Manager", "vp", "executive" },
		{ "Director of Product", "director", "product" },
		{ "Head of Procurement", "director", "procurement" },
		{ "Marketing Manager", "manager", "marketing" },
		{ "Team Lead Customer Support", "manager", "customer_service" },
		{ "Software Engineer", "individual", "engineering" },
		{ "Data Scientist", "individual", "research" },
		{ "Legal Counsel", NULL, "legal" },
		/* words that take the weight away */
		{ "Executive Assistant to the CEO", "individual", "executive" },
		{ "Product Owner", "individual", "product" },
		{ "HR Business Partner", "individual", "human_resources" },
		{ "Managing Partner", "c_level", "executive" },
		{ "Account Manager", "individual", "sales" },
		{ "Assistant Director", "manager", NULL },
		{ "Assistant Vice President", "director", NULL },
		{ "Former CTO", NULL, NULL },
		{ "ex-Head of Sales", NULL, NULL },
		{ "Chief of Staff", "director", NULL },
		/* substrings of other words are no words */
		{ "MVP developer", "individual", "engineering" },
		{ "Director", "director", NULL },
		{ "Victor", NULL, NULL },
		{ "Italian chef", NULL, NULL },
		/* German */
		{ "Gesch\xc3\xa4"
		  "ftsf\xc3\xbchrer",
			"c_level", "executive" },
		{ "Gesch\xc3\xa4"
		  "ftsf\xc3\xbchrerin",
			"c_level", "executive" },
		{ "Vorstand Finanzen", "c_level", "finance" },
		{ "Vertriebsleiter", "director", "sales" },
		{ "Leiterin Einkauf", "director", "procurement" },
		{ "Teamleiter Produktion", "manager", "operations" },
		{ "Projektmanager", "manager", NULL },
		{ "Softwareentwickler", "individual", "engineering" },
		{ "Assistenz der Gesch\xc3\xa4"
		  "ftsf\xc3\xbchrung",
			"individual", NULL },
		{ "Prokurist", "director", NULL },
		/* French */
		{ "Directeur g\xc3\xa9n\xc3\xa9ral", "c_level", "executive" },
		{ "PDG", "c_level", "executive" },
		{ "Directrice marketing", "director", "marketing" },
		{ "Responsable achats", "manager", "procurement" },
		{ "D\xc3\xa9veloppeur", "individual", "engineering" },
		/* Spanish */
		{ "Consejero Delegado", "c_level", "executive" },
		{ "Director General", "c_level", "executive" },
		{ "Jefe de ventas", "manager", "sales" },
		{ "Due\xc3\xb1"
		  "a",
			"c_level", "executive" },
		/* Dutch */
		{ "Algemeen directeur", "c_level", "executive" },
		{ "Eigenaar", "c_level", "executive" },
		{ "Hoofd Inkoop", "director", "procurement" },
		{ "Medewerker verkoop", "individual", "sales" },
		/* nothing to go by */
		{ "", NULL, NULL },
		{ "   ", NULL, NULL },
		{ "\xe6\xa0\xaa\xe5\xbc\x8f\xe4\xbc\x9a\xe7\xa4\xbe", NULL, NULL },
		{ "\xc3", NULL, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct title_verdict v = title_read(slice_of(rows[i].title));
		check_text(rows[i].title, slice_of(or_none(v.seniority)), slice_of(or_none(rows[i].seniority)));
		check_text(rows[i].title, slice_of(or_none(v.department)), slice_of(or_none(rows[i].department)));
		assert_int_equal(v.seniority == NULL, v.seniority_word == NULL);
		assert_int_equal(v.department == NULL, v.department_word == NULL);
	}
}

static void test_long_titles_are_cut(void **state)
{
	(void)state;
	char title[5000];
	memset(title, 'x', sizeof title);
	memcpy(title + sizeof title - 4, " CEO", 4);
	assert_null(title_read((struct slice){ title, sizeof title }).seniority);
	memcpy(title, "CEO ", 4);
	assert_string_equal(title_read((struct slice){ title, sizeof title }).seniority, "c_level");
	/* each letter may become two */
	for (size_t i = 0; i + 1 < sizeof title; i += 2)
		memcpy(title + i, "\xc3\x86", 2);
	assert_null(title_read((struct slice){ title, sizeof title }).seniority);
}

static void test_sizes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t want; /* 0: refused */
	} rows[] = {
		{ "250", 250 },
		{ "1,200", 1200 },
		{ "1.200", 1200 },
		{ "1 200 000", 1200000 },
		{ "11-50", 11 },
		{ "500+", 500 },
		{ "about 40 people", 40 },
		{ "51 to 200", 51 },
		{ "12.5", 12 },
		{ "1,20", 1 },
		{ "10000000", 10000000 },
		{ "10000001", 0 },
		{ "99999999999999999999999", 0 },
		{ "0", 0 },
		{ "", 0 },
		{ "many", 0 },
		{ "1200,500", 1200 },
		{ "-5", 5 },
		{ "007", 7 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t got = 0;
		bool ok = size_read(slice_of(rows[i].text), &got);
		check_int(rows[i].text, ok, rows[i].want > 0);
		if (ok)
			check_int(rows[i].text, (long long)got, (long long)rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_titles), cmocka_unit_test(test_long_titles_are_cut), cmocka_unit_test(test_sizes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
