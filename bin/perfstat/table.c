#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "record/write.h"

enum { CELL_BYTES = 32, KEY_COLUMN_MAX = 48 };

static const double quantiles[] = { 0.5, 0.9, 0.95, 0.99 };
enum { QUANTILES = sizeof quantiles / sizeof quantiles[0] };

static const char *const heads[] = { "n", "errors", "per s", "mean ms", "min", "p50", "p90", "p95", "p99", "max" };
enum { COLUMNS = sizeof heads / sizeof heads[0], FIRST_QUANTILE = 5, MAX_COLUMN = 9 };

struct row {
	struct buf key;
	char cells[COLUMNS][CELL_BYTES];
};

/* Three digits or more, no exponent. */
static void put_number(char cell[CELL_BYTES], double number)
{
	snprintf(cell, CELL_BYTES,
		number >= 1e15             ? "%.3e"
			: number >= 99.95  ? "%.0f"
			: number >= 9.995  ? "%.1f"
			: number >= 0.9995 ? "%.2f"
					   : "%.3f",
		number);
}

static void fill_row(struct row *row, const struct series *s)
{
	const struct sketch *sketch = &s->sketch;
	double rate = series_rate(s), plain[] = { sketch_mean(sketch), sketch->min_ms };
	snprintf(row->cells[0], CELL_BYTES, "%llu", (unsigned long long)sketch->n);
	snprintf(row->cells[1], CELL_BYTES, "%llu", (unsigned long long)s->errors);
	if (rate < 0)
		snprintf(row->cells[2], CELL_BYTES, "-");
	else
		put_number(row->cells[2], rate);
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
		put_number(row->cells[3 + i], plain[i]);
	for (size_t i = 0; i < QUANTILES; i++) {
		uint64_t least = sketch_least_n(quantiles[i]);
		if (sketch->n < least)
			snprintf(row->cells[FIRST_QUANTILE + i], CELL_BYTES, "n<%llu", (unsigned long long)least);
		else
			put_number(row->cells[FIRST_QUANTILE + i], sketch_quantile(sketch, quantiles[i]));
	}
	put_number(row->cells[MAX_COLUMN], sketch->max_ms);
	buf_init(&row->key, SIZE_MAX);
	escape_terminal(&row->key, s->key);
}

/* Code points, which is what columns are for most of what keys hold. */
static size_t width_of(struct slice text)
{
	size_t width = 0;
	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}

static void put_spaces(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_putc(out, ' ');
}

static void put_row(struct buf *out, struct slice key, size_t key_width, const char *const cells[COLUMNS], const size_t widths[COLUMNS])
{
	size_t width = width_of(key);
	buf_put_slice(out, key);
	put_spaces(out, width < key_width ? key_width - width : 0);
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t len = strlen(cells[i]);
		put_spaces(out, 2 + widths[i] - len);
		buf_puts(out, cells[i]);
	}
	buf_putc(out, '\n');
}

static void put_rows(struct buf *out, const char *by, const struct row *rows, size_t count)
{
	size_t widths[COLUMNS] = { 0 }, key_width = width_of(slice_of(by));
	bool is_short = false;
	for (size_t i = 0; i < COLUMNS; i++)
		widths[i] = strlen(heads[i]);
	for (size_t r = 0; r < count; r++) {
		size_t width = width_of(buf_slice(&rows[r].key));
		if (width > key_width && width <= KEY_COLUMN_MAX)
			key_width = width;
		for (size_t i = 0; i < COLUMNS; i++) {
			size_t len = strlen(rows[r].cells[i]);
			widths[i] = len > widths[i] ? len : widths[i];
			is_short = is_short || rows[r].cells[i][0] == 'n';
		}
	}
	put_row(out, slice_of(by), key_width, heads, widths);
	for (size_t r = 0; r < count; r++) {
		const char *cells[COLUMNS];
		for (size_t i = 0; i < COLUMNS; i++)
			cells[i] = rows[r].cells[i];
		put_row(out, buf_slice(&rows[r].key), key_width, cells, widths);
	}
	buf_puts(out, "\nTimes in ms; percentiles within 1 %.");
	if (is_short)
		buf_puts(out, " n<N: that percentile needs N operations to be bounded with 95 % certainty.");
	buf_putc(out, '\n');
}

void table_put(struct buf *out, const char *by, const struct series *series, size_t count, const struct series *total)
{
	size_t lines = count + (count > 1);
	struct row *rows = calloc(lines, sizeof *rows);
	if (rows == NULL) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		fill_row(&rows[i], &series[i]);
	if (count > 1)
		fill_row(&rows[count], total);
	put_rows(out, by, rows, lines);
	for (size_t i = 0; i < lines; i++) {
		out->failed = out->failed || rows[i].key.failed;
		buf_release(&rows[i].key);
	}
	free(rows);
}

/* An estimate has no more digits than it can have meaning, and still lies between min and max. */
static double round_estimate(const struct sketch *s, double ms)
{
	enum { DIGITS = 5 };
	if (ms <= s->min_ms || ms >= s->max_ms)
		return ms;
	char text[CELL_BYTES];
	snprintf(text, sizeof text, "%.*g", DIGITS, ms);
	double rounded = strtod(text, NULL);
	return rounded < s->min_ms ? s->min_ms : rounded > s->max_ms ? s->max_ms : rounded;
}

void table_put_json(struct buf *out, const struct series *series)
{
	static const char *const names[QUANTILES] = { "p50_ms", "p90_ms", "p95_ms", "p99_ms" };
	const struct sketch *sketch = &series->sketch;
	double rate = series_rate(series);
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_string(&w, "key", series->key);
	jsonw_put_int(&w, "n", (int64_t)sketch->n);
	jsonw_put_int(&w, "errors", (int64_t)series->errors);
	jsonw_name(&w, "error_rate");
	jsonw_double(&w, (double)series->errors / (double)sketch->n);
	jsonw_name(&w, "throughput_per_s");
	/* What JSON cannot say comes out as null. */
	jsonw_double(&w, rate < 0 ? NAN : rate);
	jsonw_name(&w, "mean_ms");
	jsonw_double(&w, sketch_mean(sketch));
	jsonw_name(&w, "min_ms");
	jsonw_double(&w, sketch->min_ms);
	for (size_t i = 0; i < QUANTILES; i++) {
		jsonw_name(&w, names[i]);
		jsonw_double(&w, sketch->n < sketch_least_n(quantiles[i]) ? NAN : round_estimate(sketch, sketch_quantile(sketch, quantiles[i])));
	}
	jsonw_name(&w, "max_ms");
	jsonw_double(&w, sketch->max_ms);
	jsonw_object_end(&w);
	buf_putc(out, '\n');
}
