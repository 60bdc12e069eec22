#include "tally.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cli.h"
#include "base/clock.h"
#include "base/escape.h"
#include "record/write.h"

enum { MAX_ARENA_BYTES = 16 << 20, MAX_TEXT_BYTES = 1 << 20, FIRST_AGES = 256 };

void tally_init(struct tally *t, const struct workflow *workflow)
{
	*t = (struct tally){ .row_count = workflow->route_count + 1 };
	arena_init(&t->arena, MAX_ARENA_BYTES);
	for (size_t i = 0; i < workflow->route_count; i++)
		t->rows[i].name = workflow->routes[i].name;
	t->rows[workflow->route_count].name = slice_of("other");
}

void tally_release(struct tally *t)
{
	for (size_t i = 0; i < t->row_count; i++)
		free(t->rows[i].ages_ms);
	idmap_release(&t->known);
	arena_release(&t->arena);
}

/* -- counting -- */

static void add_age(struct tally_row *row, int64_t age_ms)
{
	if (row->age_count == row->age_capacity) {
		row->age_capacity = row->age_capacity == 0 ? FIRST_AGES : 2 * row->age_capacity;
		row->ages_ms = realloc(row->ages_ms, row->age_capacity * sizeof *row->ages_ms);
		if (row->ages_ms == NULL)
			cli_die(EXIT_IO_FAILED, "out of memory");
	}
	row->ages_ms[row->age_count++] = age_ms;
}

static void add_reason(struct tally *t, size_t row, struct slice text)
{
	text.len = text.len < TALLY_REASON_BYTES ? text.len : slice_utf8_prefix((struct slice){ text.ptr, TALLY_REASON_BYTES });
	struct slice key = arena_printf(&t->arena, "%zu %.*s", row, (int)text.len, text.ptr);
	if (t->arena.failed || (t->reason_count == TALLY_REASONS && idmap_get(&t->known, key) == idmap_none)) {
		t->other_reasons++;
		return;
	}
	size_t at = idmap_add(&t->known, key, t->reason_count);
	if (at == t->reason_count)
		t->reasons[t->reason_count++] = (struct tally_reason){ .row = row, .text = { key.ptr + key.len - text.len, text.len } };
	t->reasons[at].count++;
}

void tally_add(struct tally *t, size_t row_number, const struct json *properties, int64_t now_ms, int64_t server_ms)
{
	struct tally_row *row = &t->rows[row_number];
	struct task_state task = task_state_of(properties);
	enum claim_verdict verdict = decide_claim(&task, now_ms, server_ms);
	if (verdict == CLAIM_LEASED) {
		row->leased++;
	} else if (task.status == TASK_WAITING) {
		row->waiting++;
		add_reason(t, row_number, slice_trim(json_text(json_get(properties, "leadpipe_reason"))));
	} else if (task.status == TASK_IN_PROGRESS) {
		verdict == CLAIM_PERSONS ? row->people++ : row->expired++;
	} else if (verdict == CLAIM_NOT_DUE) {
		row->later++;
	} else if (task.status == TASK_NOT_STARTED) {
		row->due++;
		if (task.due_ms != INT64_MIN)
			add_age(row, now_ms - task.due_ms);
	}
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* The most first; of the same number, by route and text, so that the output is the same each time. */
static int by_count(const void *a, const void *b)
{
	const struct tally_reason *x = a, *y = b;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	int order = memcmp(x->text.ptr, y->text.ptr, x->text.len < y->text.len ? x->text.len : y->text.len);
	return order != 0 ? order : x->text.len < y->text.len ? -1 : x->text.len > y->text.len;
}

void tally_finish(struct tally *t)
{
	for (size_t i = 0; i < t->row_count; i++)
		if (t->rows[i].age_count > 0)
			qsort(t->rows[i].ages_ms, t->rows[i].age_count, sizeof *t->rows[i].ages_ms, by_size);
	qsort(t->reasons, t->reason_count, sizeof *t->reasons, by_count);
}

/* -- printing -- */

/* One for each number of a row. */
static const struct column {
	const char *title, *member;
	size_t place; /* in struct tally_row, a size_t */
	enum tally_span span; /* SPAN_COUNT: none, it is always exact */
} columns[] = {
	{ "DUE", "due", offsetof(struct tally_row, due), SPAN_COUNT },
	{ "LATER", "later", offsetof(struct tally_row, later), SPAN_COUNT },
	{ "LEASED", "leased", offsetof(struct tally_row, leased), SPAN_COUNT },
	{ "EXPIRED", "expired", offsetof(struct tally_row, expired), SPAN_COUNT },
	{ "PEOPLE", "people", offsetof(struct tally_row, people), SPAN_COUNT },
	{ "WAITING", "waiting", offsetof(struct tally_row, waiting), SPAN_COUNT },
	{ "DONE", "completed", offsetof(struct tally_row, completed[SPAN_EVER]), SPAN_EVER },
	{ "DAY", "completed_day", offsetof(struct tally_row, completed[SPAN_DAY]), SPAN_DAY },
	{ "HOUR", "completed_hour", offsetof(struct tally_row, completed[SPAN_HOUR]), SPAN_HOUR },
};
enum { COLUMNS = sizeof columns / sizeof columns[0], COLUMN_WIDTH = 8 };

/* Ages of those due; all of them are known, so a percentile is a task's own age (nearest rank), not an estimate. */
static const struct age_column {
	const char *title, *member;
	unsigned percent;
} age_columns[] = { { "AGE P50", "age_p50_s", 50 }, { "P95", "age_p95_s", 95 }, { "MAX", "age_max_s", 100 } };
enum { AGE_COLUMNS = sizeof age_columns / sizeof age_columns[0] };

static size_t number_of(const struct tally_row *row, const struct column *column)
{
	size_t number;
	memcpy(&number, (const char *)row + column->place, sizeof number);
	return number;
}

static bool is_estimated(const struct tally *t, const struct column *column)
{
	return column->span != SPAN_COUNT && t->is_estimated[column->span];
}

static int64_t age_of(const struct tally_row *row, const struct age_column *column)
{
	return row->ages_ms[(row->age_count * column->percent + 99) / 100 - 1];
}

static void put_age(struct buf *out, const struct tally_row *row, const struct age_column *column)
{
	char text[24] = "-";
	int64_t ms = row->age_count == 0 ? 0 : age_of(row, column);
	if (row->age_count > 0 && ms < MS_PER_HOUR)
		snprintf(text, sizeof text, "%lldm", (long long)(ms / MS_PER_MINUTE));
	else if (row->age_count > 0 && ms < 2 * MS_PER_DAY)
		snprintf(text, sizeof text, "%lldh", (long long)(ms / MS_PER_HOUR));
	else if (row->age_count > 0)
		snprintf(text, sizeof text, "%lldd", (long long)(ms / MS_PER_DAY));
	buf_printf(out, "%*s", COLUMN_WIDTH, text);
}

static void put_reasons(const struct tally *t, struct buf *out)
{
	size_t rest = t->other_reasons;
	if (t->reason_count == 0)
		return;
	buf_printf(out, "\n%-12s %7s  %s\n", "WAITING", "TASKS", "REASON");
	for (size_t i = 0; i < t->reason_count; i++) {
		const struct tally_reason *reason = &t->reasons[i];
		struct slice name = t->rows[reason->row].name;
		if (i >= TALLY_SHOWN_REASONS) {
			rest += reason->count;
			continue;
		}
		buf_printf(out, "%-12.*s%8zu  ", (int)name.len, name.ptr, reason->count);
		escape_terminal(out, reason->text.len > 0 ? reason->text : slice_of("(none given)"));
		buf_putc(out, '\n');
	}
	if (rest > 0)
		buf_printf(out, "%-12s%8zu  (other reasons)\n", "", rest);
}

void tally_put_table(const struct tally *t, struct buf *out)
{
	buf_printf(out, "%-12s", "ROUTE");
	for (size_t k = 0; k < COLUMNS; k++)
		buf_printf(out, "%*s", COLUMN_WIDTH, columns[k].title);
	for (size_t k = 0; k < AGE_COLUMNS; k++)
		buf_printf(out, "%*s", COLUMN_WIDTH, age_columns[k].title);
	buf_putc(out, '\n');
	for (size_t i = 0; i < t->row_count; i++) {
		const struct tally_row *row = &t->rows[i];
		buf_printf(out, "%-12.*s", (int)row->name.len, row->name.ptr);
		for (size_t k = 0; k < COLUMNS; k++) {
			char text[24];
			snprintf(text, sizeof text, "%s%zu", is_estimated(t, &columns[k]) ? "~" : "", number_of(row, &columns[k]));
			buf_printf(out, "%*s", COLUMN_WIDTH, text);
		}
		for (size_t k = 0; k < AGE_COLUMNS; k++)
			put_age(out, row, &age_columns[k]);
		buf_putc(out, '\n');
	}
	put_reasons(t, out);
}

static void put_row_reasons(const struct tally *t, size_t row, struct jsonw *w)
{
	size_t shown = 0;
	jsonw_name(w, "reasons");
	jsonw_array(w);
	for (size_t i = 0; i < t->reason_count && shown < TALLY_SHOWN_REASONS; i++) {
		if (t->reasons[i].row != row)
			continue;
		shown++;
		jsonw_object(w);
		jsonw_put_string(w, "reason", t->reasons[i].text);
		jsonw_put_int(w, "tasks", (int64_t)t->reasons[i].count);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

void tally_put_json(const struct tally *t, struct buf *out)
{
	for (size_t i = 0; i < t->row_count; i++) {
		const struct tally_row *row = &t->rows[i];
		struct jsonw w;
		jsonw_init(&w, out);
		jsonw_object(&w);
		jsonw_put_string(&w, "route", row->name);
		for (size_t k = 0; k < COLUMNS; k++)
			jsonw_put_int(&w, columns[k].member, (int64_t)number_of(row, &columns[k]));
		jsonw_name(&w, "estimated");
		jsonw_array(&w);
		for (size_t k = 0; k < COLUMNS; k++)
			if (is_estimated(t, &columns[k]))
				jsonw_text(&w, columns[k].member);
		jsonw_array_end(&w);
		for (size_t k = 0; k < AGE_COLUMNS; k++) {
			jsonw_name(&w, age_columns[k].member);
			if (row->age_count > 0)
				jsonw_int(&w, age_of(row, &age_columns[k]) / MS_PER_SECOND);
			else
				jsonw_null(&w);
		}
		put_row_reasons(t, i, &w);
		jsonw_object_end(&w);
		buf_putc(out, '\n');
	}
}
