#include "score.h"

#include <stdlib.h>

enum { TEXT_MAX_BYTES = 16 << 20, BITS = 64 };

struct scorer {
	const struct rules *rules;
	struct arena text; /* decoded strings; reset after each record */
	struct value *values; /* by field */
	struct finding *findings; /* by input */
	uint64_t *hits; /* by test */
	uint64_t *element_hits; /* of one element of a list */
	struct value *matched; /* by test: the element of a list that it held for */
	struct reason *reasons;
	size_t words; /* of hits */
	uint64_t given_up;
};

struct scorer *scorer_new(const struct rules *rules)
{
	struct scorer *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->rules = rules;
	s->words = rules->test_count / BITS + 1;
	arena_init(&s->text, TEXT_MAX_BYTES);
	s->values = calloc(field_set_count(rules->fields) + 1, sizeof *s->values);
	s->findings = calloc(rules->input_count + 1, sizeof *s->findings);
	s->hits = calloc(s->words, sizeof *s->hits);
	s->element_hits = calloc(s->words, sizeof *s->element_hits);
	s->matched = calloc(rules->test_count + 1, sizeof *s->matched);
	s->reasons = calloc(rules->step_count + 1, sizeof *s->reasons);
	if (s->values != NULL && s->findings != NULL && s->hits != NULL && s->element_hits != NULL && s->matched != NULL && s->reasons != NULL)
		return s;
	scorer_free(s);
	return NULL;
}

void scorer_free(struct scorer *s)
{
	if (s == NULL)
		return;
	arena_release(&s->text);
	free(s->values);
	free(s->findings);
	free(s->hits);
	free(s->element_hits);
	free(s->matched);
	free(s->reasons);
	free(s);
}

uint64_t scorer_given_up(const struct scorer *s)
{
	return s->given_up;
}

static void set_hit(uint64_t *hits, size_t test)
{
	hits[test / BITS] |= UINT64_C(1) << test % BITS;
}

static bool has_hit(const uint64_t *hits, size_t test)
{
	return (hits[test / BITS] >> test % BITS & 1) != 0;
}

static bool is_in_range(const struct test *test, double number)
{
	return (test->is_above ? number > test->min : number >= test->min) && (test->is_below ? number < test->max : number <= test->max);
}

/* Digits alone count as well when zeros lead them ("007"), which a JSON number may not have. */
static bool read_number(struct value value, double *number)
{
	if (value_number(value, number))
		return true;
	if (value.type != JSON_STRING)
		return false;
	struct slice digits = slice_trim((struct slice){ value.raw.ptr + 1, value.raw.len - 2 });
	while (digits.len > 1 && digits.ptr[0] == '0') {
		digits.ptr++;
		digits.len--;
	}
	return digits.len > 0 && digits.ptr[0] >= '0' && digits.ptr[0] <= '9' && json_number_value(digits, number);
}

/* Sets the bits of all tests of this input that hold for one value. */
static void test_value(struct scorer *s, const struct input *input, struct finding *finding, struct value value, uint64_t *hits)
{
	struct slice text = { NULL, 0 };
	bool has_number = false;
	double number = 0;
	if (input->phrases != NULL) {
		text = value_text(value, &s->text);
		matcher_find(input->phrases, text, hits);
	}
	for (size_t i = input->first_test; i != RULES_NONE; i = s->rules->tests[i].next) {
		const struct test *test = &s->rules->tests[i];
		switch (test->kind) {
		case TEST_PRESENT: set_hit(hits, i); break;
		case TEST_RANGE:
			has_number = has_number || read_number(value, &number);
			if (!has_number)
				finding->is_unreadable = true;
			else if (is_in_range(test, number))
				set_hit(hits, i);
			break;
		case TEST_PATTERN: {
			if (text.ptr == NULL)
				text = value_text(value, &s->text);
			enum pattern_result result = pattern_match(test->pattern, text, NULL, 0);
			if (result == PATTERN_YES)
				set_hit(hits, i);
			s->given_up += result == PATTERN_LIMIT;
			break;
		}
		default: break;
		}
	}
}

static bool is_missing(struct value value)
{
	return value.type == JSON_NULL || (value.type == JSON_STRING && value.raw.len == 2);
}

/* A list is a list of values: a test holds where it holds for one of them. False where no element has a value. */
static bool test_list(
	struct scorer *s, const struct record *r, const struct input *input, const struct source *source, struct value list, struct finding *finding)
{
	struct value_iter it = record_iter(r, list);
	while (record_iter_next(r, &it)) {
		struct value value = it.value;
		if (source->element.len > 0 && !record_member(r, value, source->element, &value))
			continue;
		if (is_missing(value))
			continue;
		if (finding->source == NULL)
			*finding = (struct finding){ .source = source, .value = value, .is_list = true };
		memset(s->element_hits, 0, s->words * sizeof *s->element_hits);
		test_value(s, input, finding, value, s->element_hits);
		for (size_t word = 0; word < s->words; word++) {
			uint64_t fresh = s->element_hits[word] & ~s->hits[word];
			s->hits[word] |= fresh;
			for (; fresh != 0; fresh &= fresh - 1)
				s->matched[word * BITS + (size_t)__builtin_ctzll(fresh)] = value;
		}
	}
	return finding->source != NULL;
}

static void test_input(struct scorer *s, const struct record *r, const struct input *input, struct finding *finding)
{
	const struct rules *rules = s->rules;
	*finding = (struct finding){ 0 };
	for (size_t i = 0; i < input->source_count; i++) {
		const struct source *source = &rules->sources[input->first_source + i];
		struct value value = s->values[source->field];
		if (is_missing(value) || (source->element.len > 0 && value.type != JSON_ARRAY))
			continue;
		if (value.type == JSON_ARRAY) {
			if (test_list(s, r, input, source, value, finding))
				return;
			continue;
		}
		finding->source = source;
		finding->value = value;
		test_value(s, input, finding, value, s->hits);
		return;
	}
	for (size_t i = input->first_test; i != RULES_NONE; i = rules->tests[i].next)
		if (rules->tests[i].kind == TEST_ABSENT)
			set_hit(s->hits, i);
}

/* -- the program -- */

static bool holds(const struct scorer *s, const struct step *step)
{
	for (size_t i = 0; i < step->need_count; i++)
		if (!has_hit(s->hits, s->rules->needs[step->first_need + i]))
			return false;
	return true;
}

static struct reason reason_of(const struct scorer *s, const struct step *step)
{
	struct reason reason = { .step = step, .points = step->points };
	if (step->input == RULES_NONE)
		return reason;
	reason.finding = &s->findings[step->input];
	reason.value = reason.finding->value;
	if (reason.finding->is_list)
		reason.value = s->matched[s->rules->needs[step->first_need]];
	return reason;
}

static void run_steps(struct scorer *s, struct verdict *verdict)
{
	const struct rules *rules = s->rules;
	int64_t before_group = 0;
	for (size_t i = 0; i < rules->step_count;) {
		const struct step *step = &rules->steps[i++];
		switch (step->kind) {
		case STEP_GROUP: before_group = verdict->score; break;
		case STEP_GROUP_END: {
			int64_t over = verdict->score - before_group - step->points;
			if (over > 0) {
				s->reasons[verdict->reason_count++] = (struct reason){ .step = step, .points = -over };
				verdict->score -= over;
			}
			break;
		}
		case STEP_RULE:
			if (!holds(s, step))
				break;
			s->reasons[verdict->reason_count++] = reason_of(s, step);
			verdict->score += step->points;
			i = step->next;
			break;
		}
	}
}

static const struct tier *tier_of(const struct rules *rules, int64_t score)
{
	const struct tier *tier = rules->tiers;
	while (tier->has_bound && (tier->is_above ? score <= tier->bound : score < tier->bound))
		tier++;
	return tier;
}

bool scorer_decide(struct scorer *s, const struct record *r, struct verdict *verdict)
{
	const struct rules *rules = s->rules;
	arena_reset(&s->text);
	memset(s->hits, 0, s->words * sizeof *s->hits);
	field_set_get(rules->fields, r, s->values);
	for (size_t i = 0; i < rules->input_count; i++)
		test_input(s, r, &rules->inputs[i], &s->findings[i]);
	*verdict = (struct verdict){ .reasons = s->reasons, .findings = s->findings };
	run_steps(s, verdict);
	verdict->tier = tier_of(rules, verdict->score);
	return !s->text.failed;
}
