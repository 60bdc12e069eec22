/* lib/record/write.h - writes JSON text into a buffer; commas and colons come by themselves. */
#ifndef RECORD_WRITE_H
#define RECORD_WRITE_H
#include "base/buf.h"

enum { JSONW_MAX_DEPTH = 64 };

struct jsonw {
	struct buf *out; /* borrowed */
	unsigned depth;
	bool has_item[JSONW_MAX_DEPTH];
	bool after_name;
};

void jsonw_init(struct jsonw *w, struct buf *out);
void jsonw_object(struct jsonw *w); /* { */
void jsonw_object_end(struct jsonw *w);
void jsonw_array(struct jsonw *w);
void jsonw_array_end(struct jsonw *w);
void jsonw_name(struct jsonw *w, const char *name);
void jsonw_name_slice(struct jsonw *w, struct slice name);
void jsonw_string(struct jsonw *w, struct slice text);
void jsonw_text(struct jsonw *w, const char *text); /* NULL: null */
void jsonw_int(struct jsonw *w, int64_t number);
void jsonw_double(struct jsonw *w, double number); /* shortest text that reads back the same; null for what JSON cannot say */
void jsonw_bool(struct jsonw *w, bool value);
void jsonw_null(struct jsonw *w);
void jsonw_raw(struct jsonw *w, struct slice json); /* one valid JSON value */

/* name and value in one step */
void jsonw_put_text(struct jsonw *w, const char *name, const char *text);
void jsonw_put_string(struct jsonw *w, const char *name, struct slice text);
void jsonw_put_int(struct jsonw *w, const char *name, int64_t number);
void jsonw_put_bool(struct jsonw *w, const char *name, bool value);
void jsonw_put_raw(struct jsonw *w, const char *name, struct slice json);
#endif
