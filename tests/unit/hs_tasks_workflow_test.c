// uses: bin/hs-tasks/workflow.c
// uses: bin/hs-tasks/program.c

#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "../../bin/hs-tasks/program.h"

static char path[] = "/tmp/workflow-test-XXXXXX";

static int make_file(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#define HEAD "{\"version\":1,\"owners\":{\"queue\":{\"id\":\"1\"}},\n"
#define ROUTE(more) HEAD "\"routes\":[{\"name\":\"a\",\"subject\":[\"A\"],\"result\":\"r\",\n" more "}]}"

/* What is wrong, and the complaint behind the file's name. */
static const struct {
	const char *text, *want;
} mistakes[] = {
	{ "{", ":1:2: unexpected end" },
	{ "[]", ":1: must be an object" },
	{ "{\n\"version\":2,\"owners\":{},\"routes\":[]}", ":2: version: must be 1: this program knows no other" },
	{ "{\"version\":1,\"routes\":[]}", ":1: \"owners\" is missing" },
	{ "{\"version\":1,\"owners\":{},\"routes\":[]}", ":1: owners: \"queue\" is missing: the owner of the tasks that are claimed" },
	{ "{\"version\":1,\"owners\":{\"queue\":{}},\"routes\":[]}", ":1: owners.queue: wants \"id\", \"email\" or \"name\"" },
	{ HEAD "\"routs\":[]}", ":2: routs: unknown member" },
	{ HEAD "\"routes\":{}}", ":2: routes: must be an array" },
	{ HEAD "\"max_attempts\":0,\"routes\":[]}", ":2: max_attempts: must be 1 or more" },
	{ HEAD "\"routes\":[{}]}", ":2: routes[0]: \"name\" is missing" },
	{ HEAD "\"routes\":[{\"name\":\"other\",\"subject\":[\"A\"],\"result\":\"r\"}]}", ":2: routes.other: the name is taken" },
	{ ROUTE("\"subjet\":1"), ":3: routes.a.subjet: unknown member" },
	{ ROUTE("\"name\":\"b\""), ":2: routes.b.name: stands twice" },
	{ ROUTE("\"contact\":{\"x\":1}"), ":3: routes.a.contact.x: must be an expression, or an object with \"value\" and \"write\"" },
	{ ROUTE("\"contact\":{\"x\":{\"value\":\"1\",\"write\":\"always\"}}"),
		":3: routes.a.contact.x: \"write\" is \"fill\" or \"overwrite\", not \"always\"" },
	{ ROUTE("\"contact\":{\"x\":{\"write\":\"fill\"}}"), ":3: routes.a.contact.x: \"value\" is missing" },
	{ ROUTE("\"note\":[1]"), ":3: routes.a.note: must hold texts" },
	{ ROUTE("\"park\":[{\"when\":\"true\"}]"), ":3: routes.a.park: \"reason\" is missing" },
	{ ROUTE("\"follow_ups\":[{\"subject\":\"s\",\"due\":\"today\",\"owner\":\"boss\"}]"),
		":3: routes.a.follow_ups[0]: no owner \"boss\" under \"owners\"" },
	{ ROUTE("\"follow_ups\":[{\"first\":[{\"subject\":\"s\",\"owner\":\"queue\"}]}]"),
		":3: routes.a.follow_ups[0].first[0]: \"due\" is missing" },
};

static void mistakes_are_refused_with_file_line_and_member(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		struct workflow w;
		char error[WORKFLOW_ERROR_BYTES] = "", want[WORKFLOW_ERROR_BYTES];
		write_file(mistakes[i].text);
		if (workflow_load(&w, path, error))
			fail_msg("taken: %s", mistakes[i].text);
		snprintf(want, sizeof want, "%s%s", path, mistakes[i].want);
		check_text(mistakes[i].text, slice_of(error), slice_of(want));
		workflow_release(&w);
	}
}

/* jq's own words behind the place differ between its versions. */
static const struct {
	const char *text, *want;
} wrong_expressions[] = {
	{ ROUTE("\"contact\":{\"x\":\"1 +\"}"), ":3: routes.a.contact.x: " },
	{ ROUTE("\"contact\":{\"x\":\"1\",\n\"y\":\"$nothing\"}"), ":4: routes.a.contact.y: " },
	{ ROUTE("\"done\":\"if\""), ":3: routes.a.done: " },
	{ ROUTE("\"note\":[\"a\",\n\"{.b\"]"), ":4: routes.a.note: \"{\" without \"}\"" },
	{ ROUTE("\"note\":\"a}\""), ":3: routes.a.note: a single \"}\": write \"}}\"" },
	{ ROUTE("\"follow_ups\":[{\"subject\":\"{.[}\",\"due\":\"today\",\"owner\":\"queue\"}]"), ":3: routes.a.follow_ups[0].subject: " },
};

static void expressions_that_jq_refuses_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong_expressions); i++) {
		struct workflow w;
		char error[WORKFLOW_ERROR_BYTES] = "", want[WORKFLOW_ERROR_BYTES];
		write_file(wrong_expressions[i].text);
		bool loaded = workflow_load(&w, path, error);
		check_text(wrong_expressions[i].text, slice_of(loaded ? "" : error), slice_of(""));
		if (program_new(&w, error) != NULL)
			fail_msg("taken: %s", wrong_expressions[i].text);
		int len = snprintf(want, sizeof want, "%s%s", path, wrong_expressions[i].want);
		check_text(wrong_expressions[i].text, (struct slice){ error, strlen(error) < (size_t)len ? strlen(error) : (size_t)len },
			slice_of(want));
		workflow_release(&w);
	}
}

static void load_default(struct workflow *w)
{
	char error[WORKFLOW_ERROR_BYTES] = "";
	bool ok = workflow_load(w, "share/workflow.json", error);
	check_text("share/workflow.json", slice_of(ok ? "" : error), slice_of(""));
}

static const struct {
	const char *subject, *route;
} subjects[] = {
	{ "Enrich Data for Ann", "enrich" },
	{ "enrich data - COLD Lead: Ann", "enrich" },
	{ "Qualify Lead - High Value: Ann", "qualify" },
	{ "Send Outreach - HOT Lead: Ann", "outreach" },
	{ "Send Outreach to Contact 5", "outreach" },
	{ "Follow-up Outreach: Ann at B", "outreach" },
	{ "please FOLLOW UP", "outreach" },
	{ "Call about renewal", NULL },
	{ "Enrich  Data", NULL },
	{ "", NULL },
};

static void subjects_find_their_route(void **state)
{
	struct workflow w;
	(void)state;
	load_default(&w);
	for (size_t i = 0; i < COUNT(subjects); i++) {
		const struct route *route = workflow_route(&w, slice_of(subjects[i].subject));
		check_text(subjects[i].subject, route == NULL ? slice_of("none") : route->name,
			slice_of(subjects[i].route == NULL ? "none" : subjects[i].route));
	}
	workflow_release(&w);
}

#define CONTACT(more) "\"contact\":{\"id\":\"7\",\"properties\":{\"firstname\":\"Ann\",\"lastname\":\"Lee\"" more "}}"
#define ENRICHED(score, quality, gaps)                                                                                                               \
	"{" CONTACT("") ",\"enrichment\":{\"quality\":\"" quality "\",\"decision_maker_score\":" score ",\"gaps\":" gaps "}}"
#define QUALIFIED(score, tier) "{" CONTACT("") ",\"qualification\":{\"score\":" score ",\"tier\":\"" tier "\"}}"

/* The follow-up tables of the system that this workflow replaces: "SUBJECT|DUE|PRIORITY|OWNER" of each, a line each. */
static const struct {
	const char *route, *record, *want;
} follow_ups[] = {
	{ "enrich", ENRICHED("7", "HIGH", "[]"), "Qualify Lead - High Value: Ann Lee|today|HIGH|queue\n" },
	{ "enrich", ENRICHED("6", "HIGH", "[]"), "Qualify Lead: Ann Lee|tomorrow|MEDIUM|queue\n" },
	{ "enrich", ENRICHED("10", "MEDIUM", "[]"), "Qualify Lead: Ann Lee|tomorrow|MEDIUM|queue\n" },
	{ "enrich", ENRICHED("10", "LOW", "[]"), "Manual Review Needed: Ann Lee|in a week|LOW|human\n" },
	{ "enrich", ENRICHED("1", "MEDIUM", "[\"phone\"]"), "Qualify Lead: Ann Lee|tomorrow|MEDIUM|queue\n" },
	{ "qualify", QUALIFIED("80", "HOT"), "Send Outreach - HOT Lead: Ann Lee|today|HIGH|queue\n" },
	{ "qualify", QUALIFIED("85", "HOT"), "Send Outreach - HOT Lead: Ann Lee|today|HIGH|queue\n" },
	{ "qualify", QUALIFIED("86", "HOT"),
		"Send Outreach - HOT Lead: Ann Lee|today|HIGH|queue\nReview high-value lead Ann Lee - Score: 86|in 60 minutes|HIGH|human\n" },
	{ "qualify", QUALIFIED("50", "WARM"), "Send Outreach - WARM Lead: Ann Lee|tomorrow|MEDIUM|queue\n" },
	{ "qualify", QUALIFIED("49", "COLD"), "Enrich Data - COLD Lead: Ann Lee|in a week|LOW|queue\n" },
	{ "qualify", "{" CONTACT("") ",\"qualification\":{\"score\":71,\"tier\":\"HOT\",\"status\":\"qualified\"}}",
		"Send Outreach to Contact 7|today|MEDIUM|queue\n" },
	{ "qualify", "{" CONTACT("") ",\"qualification\":{\"score\":41,\"tier\":\"WARM\",\"status\":\"nurture\"}}",
		"Nurture Contact 7|tomorrow|LOW|human\n" },
	{ "qualify", "{" CONTACT("") ",\"qualification\":{\"score\":40,\"tier\":\"COLD\",\"status\":\"unqualified\"}}", "" },
	{ "outreach",
		"{" CONTACT(
			"") ",\"task\":{\"properties\":{\"hs_task_subject\":\"Send Outreach - HOT Lead: Ann\"}},\"company\":{\"properties\":{\"name\":\"Co\"}},"
			    "\"outreach\":{\"state\":\"sent\",\"follow_up_days\":3}}",
		"Follow-up Outreach: Ann Lee at Co|in 3 days|HIGH|queue\n" },
	{ "outreach",
		"{" CONTACT(
			",\"lead_score\":\"86\"") ",\"task\":{\"properties\":{\"hs_task_subject\":\"Send Outreach: HOTZ\"}},\"outreach\":{\"state\":\"sent\",\"follow_up_days\":5}}",
		"Follow-up Outreach: Ann Lee|in 5 days|MEDIUM|queue\nCall high-value lead Ann Lee - Score: 86|tomorrow|HIGH|human\n" },
};

static const struct json *run(struct arena *arena, struct program *p, const struct workflow *w, const char *route, const char *record)
{
	struct buf out;
	struct json_error error;
	buf_init(&out, 1 << 20);
	if (!program_run(p, workflow_route_named(w, slice_of(route)), "2026-01-05T09:00:00.000Z", slice_of(record), &out))
		fail_msg("%s: %s", record, buf_text(&out));
	const struct json *plan = json_parse(arena, arena_copy(arena, buf_slice(&out)), &error);
	buf_release(&out);
	return plan;
}

static void follow_ups_are_those_of_the_replaced_system(void **state)
{
	struct workflow w;
	struct arena arena;
	char error[WORKFLOW_ERROR_BYTES];
	(void)state;
	load_default(&w);
	arena_init(&arena, 16 << 20);
	struct program *p = program_new(&w, error);
	assert_non_null(p);
	for (size_t i = 0; i < COUNT(follow_ups); i++) {
		const struct json *plan = run(&arena, p, &w, follow_ups[i].route, follow_ups[i].record), *list = json_get(plan, "follow_ups");
		char text[512] = "";
		assert_true(json_is_true(json_get(plan, "done")));
		for (const struct json *item = list->child; item != NULL; item = item->next) {
			static const char *const members[] = { "subject", "due", "priority", "owner" };
			for (size_t k = 0; k < COUNT(members); k++) {
				struct slice value = json_text(json_get(item, members[k]));
				snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s%s", (int)value.len, value.ptr,
					k + 1 < COUNT(members) ? "|" : "\n");
			}
		}
		check_text(follow_ups[i].record, slice_of(text), slice_of(follow_ups[i].want));
	}
	program_free(p);
	arena_release(&arena);
	workflow_release(&w);
}

/* Rounds of a contact that stays COLD: written, and the park rule's reason ("" for none). */
static const struct {
	const char *rounds, *written, *park;
} rounds[] = {
	{ "", "1", "" },
	{ ",\"leadpipe_rounds\":null", "1", "" },
	{ ",\"leadpipe_rounds\":\"2\"", "3", "" },
	{ ",\"leadpipe_rounds\":\"3\"", "", "Still COLD after 3 rounds, needs human review" },
};

static void a_cold_contact_is_enriched_three_times_then_waits(void **state)
{
	struct workflow w;
	struct arena arena;
	char error[WORKFLOW_ERROR_BYTES];
	(void)state;
	load_default(&w);
	arena_init(&arena, 16 << 20);
	struct program *p = program_new(&w, error);
	assert_non_null(p);
	for (size_t i = 0; i < COUNT(rounds); i++) {
		char record[512];
		snprintf(record, sizeof record,
			"{\"contact\":{\"id\":\"7\",\"properties\":{\"firstname\":\"A\"%s}},\"qualification\":{\"score\":5,\"tier\":\"COLD\"}}",
			rounds[i].rounds);
		const struct json *plan = run(&arena, p, &w, "qualify", record);
		check_text(record, json_text(json_path(plan, "contact", "leadpipe_rounds", NULL)), slice_of(rounds[i].written));
		check_text(record, json_text(json_get(plan, "park")), slice_of(rounds[i].park));
	}
	program_free(p);
	arena_release(&arena);
	workflow_release(&w);
}

/* Templates: text, and what comes out for contact {"firstname":"A<b>\"&"}. */
static const struct {
	const char *text;
	bool is_html;
	const char *want;
} templates[] = {
	{ "", false, "" },
	{ "plain \"quoted\" \\ text", false, "plain \"quoted\" \\ text" },
	{ "{$name}", false, "A<b>\"&" },
	{ "<i>{$name}</i>", true, "<i>A&lt;b&gt;&quot;&amp;</i>" },
	{ "{{x}}", false, "{x}" },
	{ "{{}}{$name}{{", false, "{}A<b>\"&{" },
	{ "{null}|{1}|{true}|{empty}|{\"a\",\"b\"}", false, "|1|true||a" },
	{ "{ {a: \"}\"}.a }", false, "}" },
	{ "{\"x\" # a comment\n}!", false, "x!" },
	{ "{$now}", false, "2026-01-05T09:00:00.000Z" },
	{ "{.n}", false, "2" },
};

static void templates_hold_expressions(void **state)
{
	struct workflow w;
	struct arena arena;
	(void)state;
	load_default(&w);
	arena_init(&arena, 16 << 20);
	for (size_t i = 0; i < COUNT(templates); i++) {
		char error[WORKFLOW_ERROR_BYTES] = "";
		struct program *p = program_new_template(&w, templates[i].text, templates[i].is_html, error);
		check_text(templates[i].text, slice_of(error), slice_of(""));
		const struct json *got = run(&arena, p, &w, "none", "{\"contact\":{\"firstname\":\"A<b>\\\"&\"},\"n\":2}");
		check_text(templates[i].text, json_text(got), slice_of(templates[i].want));
		program_free(p);
	}
	arena_release(&arena);
	workflow_release(&w);
}

static void a_failing_expression_is_named_and_only_it(void **state)
{
	struct workflow w;
	struct buf out;
	char error[WORKFLOW_ERROR_BYTES];
	(void)state;
	write_file(ROUTE("\"contact\":{\"x\":\"first(1, 2)\",\"y\":\".a // .b? // 3\",\"z\":\"{} + 1\",\"zz\":\"4\"}"));
	assert_true(workflow_load(&w, path, error));
	struct program *p = program_new(&w, error);
	assert_non_null(p);
	buf_init(&out, 1 << 16);
	assert_false(program_run(p, &w.routes[0], "2026-01-05T09:00:00.000Z", slice_of("{\"r\":1}"), &out));
	check_text("error", (struct slice){ out.ptr, strlen("routes.a.contact.z: ") }, slice_of("routes.a.contact.z: "));
	assert_null(strstr(buf_text(&out), "contact.x"));
	buf_release(&out);
	program_free(p);
	workflow_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_refused_with_file_line_and_member),
		cmocka_unit_test(expressions_that_jq_refuses_are_named),
		cmocka_unit_test(subjects_find_their_route),
		cmocka_unit_test(follow_ups_are_those_of_the_replaced_system),
		cmocka_unit_test(a_cold_contact_is_enriched_three_times_then_waits),
		cmocka_unit_test(templates_hold_expressions),
		cmocka_unit_test(a_failing_expression_is_named_and_only_it),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
