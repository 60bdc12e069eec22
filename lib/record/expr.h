/* lib/record/expr.h - jq expressions (libjq) on a record: --if, --where, workflow files, the rules' escape hatch.
 *
 * libjq is initialised by the first expr_new only. Its numbers are doubles, so an expression's result is never spliced over bytes it read.
 * libjq 1.6 reads no value nested deeper than 256 levels: an error. `env` and $ENV are empty objects; `import` and `include` are not available. As with jq
 * itself, definitions in ~/.jq are known. */
#ifndef RECORD_EXPR_H
#define RECORD_EXPR_H
#include "base/buf.h"
#include "base/slice.h"

struct expr;

/* Compiles. `variables` (may be NULL) is JSON text of an object: each member is bound as $NAME. NULL: the reason is in `error`, one line. */
struct expr *expr_new(const char *source, struct slice variables, char *error, size_t error_bytes);
void expr_free(struct expr *e);

enum expr_result { EXPR_VALUE, EXPR_EMPTY, EXPR_ERROR };

/* The first output for one JSON value, as JSON text behind `out`. EXPR_ERROR: the reason is put behind `out` instead. */
enum expr_result expr_eval(struct expr *e, struct slice json, struct buf *out);

/* All outputs, as a JSON array. */
enum expr_result expr_eval_all(struct expr *e, struct slice json, struct buf *out);

/* Whether the first output is neither false nor null; no output, and an error, are false (then *failed is set; it may be NULL). */
bool expr_test(struct expr *e, struct slice json, bool *failed);
#endif
