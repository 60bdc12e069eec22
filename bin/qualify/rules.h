/* bin/qualify/rules.h - scoring rules: a JSON file (format 1, qualify(1) describes it) compiled to a flat program.
 *
 * Every condition of the file becomes one test with a number, and a test that holds for a record sets the bit of that number. Rules then only look at
 * bits. All text tests of one input share one automaton (match.h), so a field is read once, whatever the number of words. */
#ifndef QUALIFY_RULES_H
#define QUALIFY_RULES_H
#include "base/arena.h"
#include "base/json.h"
#include "record/pattern.h"
#include "record/record.h"

#include "match.h"

enum {
	RULES_FORMAT = 1,
	RULES_MAX_BYTES = 1 << 20,
	RULES_MAX_TESTS = 4096,
	RULES_MAX_POINTS = 1000000,
	RULES_ERROR_BYTES = 512,
};
#define RULES_NONE SIZE_MAX

/* One place that an input is read from. */
struct source {
	struct slice label_json; /* as the file spells it, quoted: "contact.jobtitle", "facts.title", "technologies.name" */
	int field; /* number in the field set */
	struct slice element; /* of a list of objects, the member that is read; empty where elements are read themselves */
};

struct input {
	struct slice name;
	size_t first_source, source_count; /* tried in order */
	size_t first_test; /* of those that the automaton does not do; RULES_NONE at the end */
	struct matcher *phrases; /* NULL where there are none */
};

enum test_kind { TEST_PHRASES, TEST_PRESENT, TEST_ABSENT, TEST_RANGE, TEST_PATTERN };

/* A test's number is the bit that it sets. */
struct test {
	enum test_kind kind;
	size_t input, next; /* the input's next test */
	double min, max; /* TEST_RANGE */
	bool is_above, is_below; /* without the bound itself */
	struct pattern *pattern;
};

enum step_kind { STEP_RULE, STEP_GROUP, STEP_GROUP_END };

struct step {
	enum step_kind kind;
	struct slice name_json; /* of the rule; at a group's end, what a cut is called in the reasons */
	int64_t points; /* at a group's end, the most that it may bring */
	size_t first_need, need_count; /* STEP_RULE: tests that must hold */
	size_t input; /* whose value is the reason; RULES_NONE for a rule without a condition */
	size_t next; /* STEP_RULE: where to go on when it holds */
};

struct tier {
	bool has_bound, is_above; /* the last one has no bound */
	int64_t bound;
	struct slice name_json; /* HOT, WARM, COLD, DISQUALIFIED or UNKNOWN */
	struct slice status_json, next_action_json; /* empty where the file has none */
};

struct rules {
	struct arena arena; /* all that follows */
	struct slice name_json;
	struct slice digest_json; /* "sha256:..." of the file's bytes */
	struct field_set *fields;
	struct source *sources;
	struct input *inputs;
	struct test *tests;
	size_t *needs;
	struct step *steps;
	struct tier *tiers;
	size_t source_count, input_count, test_count, need_count, step_count, tier_count;
};

/* Compiles the text of a rules file; `path` is for messages. False: `error` holds "PATH:LINE: MEMBER: what is wrong; what to do". Nothing of text is
 * needed afterwards. In both cases rules_release frees what there is. */
bool rules_compile(struct rules *rules, const char *path, struct slice text, enum record_as as, char error[RULES_ERROR_BYTES]);
void rules_release(struct rules *rules);
#endif
