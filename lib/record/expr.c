#include "record/expr.h"

#include <jq.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct expr {
	jq_state *jq;
	char *message; /* where the compiler's first complaint goes while compiling; borrowed */
	size_t message_bytes;
};

/* Puts a message behind `out` as one line: newlines become blanks. */
static void put_line(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_putc(out, (unsigned char)text[i] < 0x20 ? ' ' : text[i]);
}

/* libjq reports each fault of a program, then their number; the first says most. */
static void keep_complaint(void *data, jv message)
{
	static const char prefix[] = "jq: error: ";
	struct expr *e = data;
	if (e->message != NULL && e->message[0] == '\0' && jv_get_kind(message) == JV_KIND_STRING) {
		const char *text = jv_string_value(message);
		if (strncmp(text, prefix, sizeof prefix - 1) == 0)
			text += sizeof prefix - 1;
		size_t len = strcspn(text, "\n");
		snprintf(e->message, e->message_bytes, "%.*s", (int)(len > INT_MAX ? INT_MAX : len), text);
	}
	jv_free(message);
}

static void say(char *error, size_t error_bytes, const char *message)
{
	if (error_bytes > 0)
		snprintf(error, error_bytes, "%s", message);
}

/* One JSON value. Not jv_parse_sized: its complaint about a bad text quotes what lies behind the text, too, up to a NUL (libjq 1.6). */
static jv parse(struct slice json)
{
	jv_parser *parser = json.len > INT_MAX ? NULL : jv_parser_new(0);
	if (parser == NULL)
		return jv_invalid_with_msg(jv_string("too long for jq"));
	jv_parser_set_buf(parser, json.ptr, (int)json.len, 0);
	jv value = jv_parser_next(parser);
	jv_parser_free(parser);
	if (!jv_is_valid(value) && !jv_invalid_has_msg(jv_copy(value))) {
		jv_free(value);
		return jv_invalid_with_msg(jv_string("no JSON value"));
	}
	return value;
}

/* The variables as libjq wants them; an invalid value when they are no object. */
static jv read_variables(struct slice variables)
{
	jv object = variables.ptr == NULL ? jv_object() : parse(variables);
	if (jv_get_kind(object) != JV_KIND_OBJECT) {
		jv_free(object);
		return jv_invalid();
	}
	return object;
}

struct expr *expr_new(const char *source, struct slice variables, char *error, size_t error_bytes)
{
	/* A secret in the environment is not for records. */
	static const char without_environment[] = "{} as $ENV | def env: {}; ";
	struct expr *e = calloc(1, sizeof *e);
	say(error, error_bytes, "");
	if (e == NULL) {
		say(error, error_bytes, "out of memory");
		return NULL;
	}
	jv bound = read_variables(variables);
	size_t source_bytes = sizeof without_environment + strlen(source);
	char *program = malloc(source_bytes);
	e->jq = jq_init();
	if (!jv_is_valid(bound) || program == NULL || e->jq == NULL) {
		say(error, error_bytes, jv_is_valid(bound) ? "out of memory" : "the variables are no JSON object");
		jv_free(bound);
		free(program);
		expr_free(e);
		return NULL;
	}
	snprintf(program, source_bytes, "%s%s", without_environment, source);
	e->message = error_bytes > 0 ? error : NULL;
	e->message_bytes = error_bytes;
	jq_set_error_cb(e->jq, keep_complaint, e);
	int compiled = jq_compile_args(e->jq, program, bound);
	e->message = NULL;
	free(program);
	if (!compiled) {
		if (error_bytes > 0 && error[0] == '\0')
			say(error, error_bytes, "not a jq program");
		expr_free(e);
		return NULL;
	}
	say(error, error_bytes, "");
	return e;
}

void expr_free(struct expr *e)
{
	if (e == NULL)
		return;
	if (e->jq != NULL)
		jq_teardown(&e->jq);
	free(e);
}

/* The reason in an invalid value, which is consumed. */
static enum expr_result put_error(jv invalid, struct buf *out)
{
	jv message = jv_invalid_get_msg(invalid);
	if (jv_get_kind(message) != JV_KIND_STRING)
		message = jv_dump_string(message, 0);
	put_line(out, jv_string_value(message), (size_t)jv_string_length_bytes(jv_copy(message)));
	jv_free(message);
	return EXPR_ERROR;
}

static void put_json(jv value, struct buf *out)
{
	jv text = jv_dump_string(value, 0);
	buf_put(out, jv_string_value(text), (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
}

/* False: *fault is the reason, to be freed. */
static bool start(struct expr *e, struct slice json, jv *fault)
{
	jv input = parse(json);
	if (!jv_is_valid(input)) {
		*fault = input;
		return false;
	}
	jq_start(e->jq, input, 0);
	return true;
}

/* Whether an invalid value is an error and not just the end; `halt_error` counts, too. */
static bool is_error(jv invalid)
{
	return jv_invalid_has_msg(jv_copy(invalid));
}

enum expr_result expr_eval(struct expr *e, struct slice json, struct buf *out)
{
	jv value;
	if (!start(e, json, &value))
		return put_error(value, out);
	value = jq_next(e->jq);
	if (jv_is_valid(value)) {
		put_json(value, out);
		return EXPR_VALUE;
	}
	if (is_error(value))
		return put_error(value, out);
	jv_free(value);
	return EXPR_EMPTY;
}

enum expr_result expr_eval_all(struct expr *e, struct slice json, struct buf *out)
{
	jv value;
	size_t from = out->len, count = 0;
	if (!start(e, json, &value))
		return put_error(value, out);
	buf_putc(out, '[');
	while (jv_is_valid(value = jq_next(e->jq))) {
		if (count++ > 0)
			buf_putc(out, ',');
		put_json(value, out);
	}
	if (is_error(value)) {
		if (out->len > from)
			out->len = from;
		return put_error(value, out);
	}
	jv_free(value);
	buf_putc(out, ']');
	return count == 0 ? EXPR_EMPTY : EXPR_VALUE;
}

bool expr_test(struct expr *e, struct slice json, bool *failed)
{
	jv value;
	bool is_true = false, has_failed = false;
	if (!start(e, json, &value)) {
		has_failed = true;
	} else {
		value = jq_next(e->jq);
		if (jv_is_valid(value))
			is_true = jv_get_kind(value) != JV_KIND_FALSE && jv_get_kind(value) != JV_KIND_NULL;
		else
			has_failed = is_error(value);
	}
	jv_free(value);
	if (failed != NULL)
		*failed = has_failed;
	return is_true;
}
