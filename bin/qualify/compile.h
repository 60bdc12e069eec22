/* bin/qualify/compile.h - what the parts of the rules compiler share: rules.c reads the document, inputs.c its inputs, conditions.c its conditions. */
#ifndef QUALIFY_COMPILE_H
#define QUALIFY_COMPILE_H
#include "rules.h"

enum { WHERE_BYTES = 256 };

struct compiler {
	struct rules *rules;
	const char *path;
	char *error; /* RULES_ERROR_BYTES */
	bool *is_used; /* by input */
};

/* Writes "PATH:LINE: WHERE: reason" and gives false. */
bool compile_bad(struct compiler *c, const struct json *at, const char *where, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool compile_no_memory(struct compiler *c);

/* The name of a place in the file, such as "rules[3].if"; in the arena, and cut where it is very long. */
const char *compile_place(struct compiler *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether `object` is an object whose members are all known and there once; `known` ends with NULL. */
bool compile_members(struct compiler *c, const struct json *object, const char *where, const char *const *known);

/* A JSON string of the text, in the arena; empty when out of memory. */
struct slice compile_quote(struct compiler *c, struct slice text);

/* All that `inputs` declares. */
bool compile_inputs(struct compiler *c, const struct json *root);

/* To be called after the rules. Coverage counts inputs: one that no rule reads would lower it for nothing, and is refused. */
bool compile_inputs_used(struct compiler *c, const struct json *root);

/* The number of a declared input, or of one made for a field name ("contact.city"); false with a message. */
bool compile_input(struct compiler *c, const struct json *at, const char *where, struct slice name, size_t *input);

/* The conditions of one rule, {"INPUT": {"OPERATOR": ARGUMENT}}; appended to rules->tests and rules->needs. */
bool compile_conditions(struct compiler *c, const struct json *conditions, const char *where, struct step *step);
#endif
