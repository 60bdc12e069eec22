#include "record/write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

void jsonw_init(struct jsonw *w, struct buf *out)
{
	*w = (struct jsonw){ .out = out };
}

/* The comma before an item, unless it is the first of its container or the value of a name. */
static void begin_item(struct jsonw *w)
{
	if (w->after_name) {
		w->after_name = false;
		return;
	}
	if (w->has_item[w->depth])
		buf_putc(w->out, ',');
	w->has_item[w->depth] = true;
}

static void begin_container(struct jsonw *w, char open)
{
	begin_item(w);
	buf_putc(w->out, open);
	if (w->depth + 1 == JSONW_MAX_DEPTH) {
		w->out->failed = true;
		return;
	}
	w->has_item[++w->depth] = false;
}

static void end_container(struct jsonw *w, char close)
{
	if (w->depth > 0)
		w->depth--;
	buf_putc(w->out, close);
}

void jsonw_object(struct jsonw *w)
{
	begin_container(w, '{');
}

void jsonw_object_end(struct jsonw *w)
{
	end_container(w, '}');
}

void jsonw_array(struct jsonw *w)
{
	begin_container(w, '[');
}

void jsonw_array_end(struct jsonw *w)
{
	end_container(w, ']');
}

void jsonw_name(struct jsonw *w, const char *name)
{
	jsonw_name_slice(w, slice_of(name));
}

void jsonw_name_slice(struct jsonw *w, struct slice name)
{
	begin_item(w);
	json_quote(w->out, name);
	buf_putc(w->out, ':');
	w->after_name = true;
}

void jsonw_string(struct jsonw *w, struct slice text)
{
	begin_item(w);
	json_quote(w->out, text);
}

void jsonw_text(struct jsonw *w, const char *text)
{
	if (text == NULL)
		jsonw_null(w);
	else
		jsonw_string(w, slice_of(text));
}

void jsonw_int(struct jsonw *w, int64_t number)
{
	/* By hand: this is on qualify's path, once for every rule that gave points, and printf costs ten times as much. */
	char digits[20], *p = digits + sizeof digits;
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do
		*--p = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	begin_item(w);
	if (number < 0)
		buf_putc(w->out, '-');
	buf_put(w->out, p, (size_t)(digits + sizeof digits - p));
}

void jsonw_double(struct jsonw *w, double number)
{
	/* 15 digits always survive the way through text, 17 always suffice. */
	enum { FEWEST_DIGITS = 15, MOST_DIGITS = 17 };
	char text[32];
	if (!isfinite(number)) {
		jsonw_null(w);
		return;
	}
	for (int digits = FEWEST_DIGITS; digits <= MOST_DIGITS; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	begin_item(w);
	buf_puts(w->out, text);
}

void jsonw_bool(struct jsonw *w, bool value)
{
	begin_item(w);
	buf_puts(w->out, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w)
{
	begin_item(w);
	buf_puts(w->out, "null");
}

void jsonw_raw(struct jsonw *w, struct slice json)
{
	begin_item(w);
	buf_put_slice(w->out, json);
}

void jsonw_put_text(struct jsonw *w, const char *name, const char *text)
{
	jsonw_name(w, name);
	jsonw_text(w, text);
}

void jsonw_put_string(struct jsonw *w, const char *name, struct slice text)
{
	jsonw_name(w, name);
	jsonw_string(w, text);
}

void jsonw_put_int(struct jsonw *w, const char *name, int64_t number)
{
	jsonw_name(w, name);
	jsonw_int(w, number);
}

void jsonw_put_bool(struct jsonw *w, const char *name, bool value)
{
	jsonw_name(w, name);
	jsonw_bool(w, value);
}

void jsonw_put_raw(struct jsonw *w, const char *name, struct slice json)
{
	jsonw_name(w, name);
	jsonw_raw(w, json);
}
