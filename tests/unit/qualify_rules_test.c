// uses: bin/qualify/match.c
// uses: bin/qualify/unicode.c
// uses: bin/qualify/rules.c
// uses: bin/qualify/inputs.c
// uses: bin/qualify/conditions.c

#include "check.h"

#include "../../bin/qualify/rules.h"

#define HEAD "{\"format\":1,\"name\":\"t\","
#define TIERS "\"tiers\":[{\"tier\":\"COLD\"}]}"
#define RULE(rest) HEAD "\n\"rules\":[{\"rule\":\"r\",\"points\":1," rest "}]," TIERS
#define IF(condition) RULE("\n\"if\":{\"contact.a\":" condition "}")
#define LIST(rules) HEAD "\"rules\":\n" rules "," TIERS
#define TIER(tiers) HEAD "\"rules\":[{\"rule\":\"r\",\"points\":1}],\"tiers\":\n" tiers "}"
#define INPUTS(inputs) HEAD "\"inputs\":\n" inputs ",\"rules\":[{\"rule\":\"r\",\"points\":1}]," TIERS

/* Every mistake that the format knows, and the whole message for it. */
static const struct {
	const char *text, *want;
} mistakes[] = {
	{ "", "t.json:1:1: not JSON: unexpected end" },
	{ "{\"format\":1,}", "t.json:1:13: not JSON: expected a member name" },
	{ "[]", "t.json:1: not an object; write {...} with some of: $schema, format, name, about, inputs, rules, tiers" },
	{ "{}", "t.json:1: has no \"format\"; add it" },
	{ "{\"format\":\n2}", "t.json:2: format: is 2; this program reads format 1" },
	{ "{\"format\":\"1\"}", "t.json:1: \"format\" wants a whole number from -1000000 to 1000000, without quotes" },
	{ "{\"format\":1}", "t.json:1: has no \"name\"; add it" },
	{ "{\"format\":1,\"name\":\"\"}", "t.json:1: \"name\" wants a string in quotes that is not empty" },
	{ "{\"format\":1,\"name\":\"t\",\n\"rule\":[]}",
		"t.json:2: unknown member \"rule\"; known here: $schema, format, name, about, inputs, rules, tiers" },
	{ "{\"format\":1,\n\"format\":1}", "t.json:1: member \"format\" is there twice; remove one" },
	{ HEAD TIERS, "t.json:1: has no \"rules\"; add a list of them" },
	{ HEAD "\"rules\":[{\"rule\":\"r\",\"points\":1}]}", "t.json:1: has no \"tiers\"; add a list, highest first" },
	{ INPUTS("[]"), "t.json:2: inputs: wants an object such as {\"title\": [\"contact.jobtitle\", \"facts.title\"]}" },
	{ INPUTS("{\"a\":[]}"), "t.json:2: inputs.a: wants a name and at least one field, such as [\"contact.jobtitle\", \"facts.title\"]" },
	{ INPUTS("{\"a\":[1]}"), "t.json:2: inputs.a: not a field name in quotes" },
	{ INPUTS("{\"a\":\"title\"}"),
		"t.json:2: inputs.a: \"title\" is no field; write contact.NAME, company.NAME, task.NAME, facts.NAME or technologies.name" },
	{ INPUTS("{\"a\":\"contact.\"}"),
		"t.json:2: inputs.a: \"contact.\" is no field; write contact.NAME, company.NAME, task.NAME, facts.NAME or technologies.name" },
	{ INPUTS("{\"a\":\"contact.b\"}"), "t.json:2: inputs.a: no rule uses it; remove it" },
	{ INPUTS("{\"a\":\"contact.b\",\"a\":\"contact.c\"}"), "t.json:2: inputs.a: is there twice; remove one" },
	{ LIST("{}"), "t.json:2: rules: wants a list with at least one rule" },
	{ LIST("[]"), "t.json:2: rules: wants a list with at least one rule" },
	{ LIST("[1]"), "t.json:2: rules[0]: not an object; write {...} with some of: rule, if, points, about" },
	{ LIST("[{\"points\":1}]"), "t.json:2: rules[0]: has no \"rule\"; add it" },
	{ LIST("[{\"rule\":\"r\"}]"), "t.json:2: rules[0]: has no \"points\"; add it" },
	{ LIST("[{\"rule\":\"r\",\"points\":1.5}]"), "t.json:2: rules[0]: \"points\" wants a whole number, not 1.5" },
	{ LIST("[{\"rule\":\"r\",\"points\":\"1\"}]"),
		"t.json:2: rules[0]: \"points\" wants a whole number from -1000000 to 1000000, without quotes" },
	{ LIST("[{\"rule\":\"r\",\"points\":9999999}]"),
		"t.json:2: rules[0]: \"points\" wants a whole number from -1000000 to 1000000, without quotes" },
	{ LIST("[{\"rule\":\"r\",\"points\":1,\"point\":1}]"), "t.json:2: rules[0]: unknown member \"point\"; known here: rule, if, points, about" },
	{ LIST("[{\"rule\":\"r\",\"points\":1},\n{\"rule\":\"r\",\"points\":1}]"),
		"t.json:3: rules[1]: a second rule is named \"r\"; names tell reasons apart" },
	{ LIST("[{\"first\":[]}]"), "t.json:2: rules[0]: wants a list with at least one rule" },
	{ LIST("[{\"first\":[{\"rule\":\"r\"}]}]"), "t.json:2: rules[0].first[0]: has no \"points\"; add it" },
	{ LIST("[{\"first\":[{\"rule\":\"r\",\"points\":1}],\"points\":1}]"),
		"t.json:2: rules[0]: unknown member \"points\"; known here: first, about" },
	{ LIST("[{\"group\":\"g\",\"cap\":1}]"), "t.json:2: rules[0]: has no \"rules\"; add them" },
	{ LIST("[{\"group\":\"g\",\"rules\":[{\"rule\":\"r\",\"points\":1}]}]"), "t.json:2: rules[0]: has no \"cap\"; add it" },
	{ LIST("[{\"group\":\"g\",\"cap\":1,\"rules\":[{\"group\":\"h\"}]}]"),
		"t.json:2: rules[0].rules[0]: a group in a group; put them side by side" },
	{ RULE("\"if\":[]"), "t.json:2: rules[0].if: wants an object such as {\"email\": {\"exists\": true}}" },
	{ RULE("\"if\":{}"), "t.json:2: rules[0].if: wants an object such as {\"email\": {\"exists\": true}}" },
	{ RULE("\"if\":{\"titel\":{\"exists\":true}}"),
		"t.json:2: rules[0].if.titel: no such input; declare it under \"inputs\", or write a field such as contact.city" },
	{ RULE("\"if\":{\"contact.a\":{\"exists\":true},\n\"contact.a\":{\"exists\":true}}"),
		"t.json:2: rules[0].if.contact.a: is there twice; put all its conditions into one object" },
	{ IF("{}"), "t.json:3: rules[0].if.contact.a: no condition; write {\"exists\": true} to ask for any value" },
	{ IF("true"),
		"t.json:3: rules[0].if.contact.a: not an object; write {...} with some of: exists, equals, in, words, contains, regex, "
		"at_least, above, at_most, below" },
	{ IF("{\"word\":\"x\"}"),
		"t.json:3: rules[0].if.contact.a: unknown member \"word\"; known here: exists, equals, in, words, contains, "
		"regex, at_least, above, at_most, below" },
	{ IF("{\"exists\":1}"), "t.json:3: rules[0].if.contact.a.exists: wants true or false" },
	{ IF("{\"equals\":true}"), "t.json:3: rules[0].if.contact.a.equals: wants a string or a number; for true or false write it as a string" },
	{ IF("{\"words\":[]}"), "t.json:3: rules[0].if.contact.a.words: wants a string or a list of strings, such as [\"ceo\", \"cto\"]" },
	{ IF("{\"words\":[\"a\",\n1]}"), "t.json:4: rules[0].if.contact.a.words[1]: not a string; put it in quotes" },
	{ IF("{\"in\":[\"\"]}"), "t.json:3: rules[0].if.contact.a.in[0]: empty or longer than 128 bytes; shorten it, or use \"regex\"" },
	{ IF("{\"regex\":1}"), "t.json:3: rules[0].if.contact.a.regex: wants a regular expression in quotes" },
	{ IF("{\"at_least\":\"1\"}"), "t.json:3: rules[0].if.contact.a.at_least: wants a number, without quotes" },
	{ IF("{\"at_least\":1,\"above\":1}"), "t.json:3: rules[0].if.contact.a.above: a second bound on the same side; keep one" },
	{ IF("{\"above\":1,\"below\":1}"), "t.json:3: rules[0].if.contact.a: no number lies between these bounds" },
	{ TIER("[]"), "t.json:2: tiers: wants a list, highest first" },
	{ TIER("[{}]"), "t.json:2: tiers[0]: has no \"tier\"; add it" },
	{ TIER("[{\"tier\":\"hot\"}]"),
		"t.json:2: tiers[0]: a tier is HOT, WARM, COLD, DISQUALIFIED or UNKNOWN; a word of your own goes into \"status\"" },
	{ TIER("[{\"tier\":\"HOT\",\"at_least\":1,\"above\":1}]"), "t.json:2: tiers[0]: has both \"at_least\" and \"above\"; keep one" },
	{ TIER("[{\"tier\":\"HOT\",\"at_least\":1}]"),
		"t.json:2: tiers[0]: the last tier takes all other scores; remove its bound, or add one below it" },
	{ TIER("[{\"tier\":\"HOT\"},{\"tier\":\"COLD\"}]"),
		"t.json:2: tiers[0]: has no bound, so nothing below it can be reached; add \"at_least\" or \"above\"" },
	{ TIER("[{\"tier\":\"HOT\",\"at_least\":5},\n{\"tier\":\"WARM\",\"above\":4},{\"tier\":\"COLD\"}]"),
		"t.json:3: tiers[1]: is no lower than the tier before it; put the highest first" },
	{ TIER("[{\"tier\":\"COLD\",\"status\":\"\"}]"), "t.json:2: tiers[0]: \"status\" wants a string in quotes that is not empty" },
};

static void each_mistake_is_named_with_line_member_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		char error[RULES_ERROR_BYTES] = "";
		struct rules rules;
		bool ok = rules_compile(&rules, "t.json", slice_of(mistakes[i].text), RECORD_AS_CONTACT, error);
		rules_release(&rules);
		check_int(mistakes[i].text, ok, false);
		check_text(mistakes[i].text, slice_of(error), slice_of(mistakes[i].want));
	}
}

static void a_bad_regular_expression_is_named_with_the_library_s_reason(void **state)
{
	(void)state;
	char error[RULES_ERROR_BYTES] = "";
	struct rules rules;
	assert_false(rules_compile(&rules, "t.json", slice_of(IF("{\"regex\":\"(\"}")), RECORD_AS_CONTACT, error));
	rules_release(&rules);
	assert_non_null(strstr(error, "t.json:3: rules[0].if.contact.a.regex: "));
	assert_non_null(strstr(error, "parenthesis"));
}

static void what_the_format_allows_is_taken(void **state)
{
	(void)state;
	static const char *const texts[] = {
		RULE("\"about\":\"x\""),
		IF("{\"equals\":\"x\"}"),
		IF("{\"equals\":1}"),
		IF("{\"at_least\":1,\"at_most\":1}"),
		INPUTS("{}"),
		TIER("[{\"tier\":\"HOT\",\"above\":5,\"status\":\"a\",\"next_action\":\"b\",\"about\":\"c\"},{\"tier\":\"UNKNOWN\",\"at_least\":5},"
		     "{\"tier\":\"DISQUALIFIED\"}]"),
		LIST("[{\"group\":\"g\",\"cap\":-1,\"about\":\"x\",\"rules\":[{\"first\":[{\"rule\":\"r\",\"points\":-1}],\"about\":\"y\"}]}]"),
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		char error[RULES_ERROR_BYTES] = "";
		struct rules rules;
		bool ok = rules_compile(&rules, "t.json", slice_of(texts[i]), RECORD_AS_CONTACT, error);
		check_text(texts[i], slice_of(error), slice_of(""));
		assert_true(ok);
		rules_release(&rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mistake_is_named_with_line_member_and_remedy),
		cmocka_unit_test(a_bad_regular_expression_is_named_with_the_library_s_reason),
		cmocka_unit_test(what_the_format_allows_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
