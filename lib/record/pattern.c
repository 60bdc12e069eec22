#include "record/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATTERN_MAX_BYTES = 16 << 10, JIT_STACK_FIRST_BYTES = 32 << 10, JIT_STACK_MAX_BYTES = 512 << 10 };

struct pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack; /* NULL without JIT */
};

static void say(char *error, size_t error_bytes, int number, size_t offset)
{
	char reason[128] = "";
	pcre2_get_error_message(number, (PCRE2_UCHAR *)reason, sizeof reason);
	if (error_bytes > 0)
		snprintf(error, error_bytes, "%s at offset %zu", reason, offset);
}

static pcre2_code *compile(struct slice source, unsigned flags, int *number, size_t *offset)
{
	/* Text that is no UTF-8 matches nowhere instead of failing; \C would see single bytes. */
	uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	*number = PCRE2_ERROR_NOMEMORY;
	*offset = 0;
	if (context == NULL)
		return NULL;
	if (flags & PATTERN_NOCASE)
		options |= PCRE2_CASELESS;
	if (flags & PATTERN_WORDS)
		pcre2_set_compile_extra_options(context, PCRE2_EXTRA_MATCH_WORD);
	pcre2_set_max_pattern_length(context, PATTERN_MAX_BYTES);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)source.ptr, source.len, options, number, offset, context);
	pcre2_compile_context_free(context);
	return code;
}

struct pattern *pattern_new(struct slice source, unsigned flags, char *error, size_t error_bytes)
{
	int number = PCRE2_ERROR_NOMEMORY;
	size_t offset = 0;
	struct pattern *p = calloc(1, sizeof *p);
	if (p == NULL)
		goto failed;
	p->code = compile(source, flags, &number, &offset);
	if (p->code == NULL)
		goto failed;
	number = PCRE2_ERROR_NOMEMORY;
	p->match = pcre2_match_data_create_from_pattern(p->code, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (p->match == NULL || p->limits == NULL)
		goto failed;
	pcre2_set_match_limit(p->limits, PATTERN_MATCH_LIMIT);
	pcre2_set_depth_limit(p->limits, PATTERN_DEPTH_LIMIT);
	pcre2_set_heap_limit(p->limits, PATTERN_HEAP_KIB);
	/* Without JIT (a kernel that refuses writable code, a processor it does not know) the interpreter does the same under the same limits. */
	if (pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0) {
		p->stack = pcre2_jit_stack_create(JIT_STACK_FIRST_BYTES, JIT_STACK_MAX_BYTES, NULL);
		if (p->stack == NULL)
			goto failed;
		pcre2_jit_stack_assign(p->limits, NULL, p->stack);
	}
	return p;
failed:
	say(error, error_bytes, number, offset);
	pattern_free(p);
	return NULL;
}

void pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	pcre2_jit_stack_free(p->stack);
	pcre2_match_context_free(p->limits);
	pcre2_match_data_free(p->match);
	pcre2_code_free(p->code);
	free(p);
}

enum pattern_result pattern_match(struct pattern *p, struct slice subject, struct slice *groups, size_t group_count)
{
	for (size_t i = 0; i < group_count; i++)
		groups[i] = (struct slice){ NULL, 0 };
	if (subject.len > PATTERN_SUBJECT_BYTES)
		return PATTERN_LIMIT;
	int count = pcre2_match(p->code, (PCRE2_SPTR)(subject.ptr == NULL ? "" : subject.ptr), subject.len, 0, 0, p->match, p->limits);
	if (count == PCRE2_ERROR_NOMATCH)
		return PATTERN_NO;
	/* Every other fault is a limit, or memory that ran out: no verdict either way. */
	if (count < 0)
		return PATTERN_LIMIT;
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(p->match);
	for (size_t i = 0; i < group_count && i < (size_t)count; i++)
		if (ends[2 * i] != PCRE2_UNSET && ends[2 * i] <= ends[2 * i + 1])
			groups[i] = (struct slice){ subject.ptr + ends[2 * i], ends[2 * i + 1] - ends[2 * i] };
	return PATTERN_YES;
}
