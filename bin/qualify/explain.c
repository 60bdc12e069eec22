/* qualify explain - say in words why a lead has its score.
 *
 * Pure like the filter itself: all that it says stands in the record. Each effect of one record has a line of its own in hs-tasks history, with the same result in it: of lines
 * that follow each other with the same task and result only the first is explained.
 */
#include "explain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/escape.h"
#include "record/filter.h"

enum { PARAGRAPH_MAX_BYTES = 16 << 20, SCRATCH_MAX_BYTES = 16 << 20, MAX_LINE_BYTES = 16 << 20 };

/* -- the words -- */

struct words {
	struct buf *out;
	const struct record *r;
	struct arena *scratch;
	struct value result; /* the qualification */
};

static void put_text(struct words *w, struct slice text)
{
	escape_terminal(w->out, text);
}

static bool member(const struct words *w, struct value object, const char *name, struct value *value)
{
	return record_member(w->r, object, slice_of(name), value) && value->type != JSON_NULL;
}

static struct slice text_of(const struct words *w, struct value object, const char *name)
{
	struct value v;
	return member(w, object, name, &v) ? value_text(v, w->scratch) : (struct slice){ "", 0 };
}

/* The name of an object, by what the record has of it: an id alone in a line of the history. */
static struct slice id_of(const struct words *w, const char *object)
{
	struct value v;
	if (!member(w, record_root(w->r), object, &v))
		return (struct slice){ "", 0 };
	return v.type == JSON_OBJECT ? text_of(w, v, "id") : value_text(v, w->scratch);
}

static struct slice field(const struct words *w, const char *name)
{
	struct value v;
	return record_field(w->r, RECORD_AS_CONTACT, name, &v) ? value_text(v, w->scratch) : (struct slice){ "", 0 };
}

/* "Ann Lee <ann@x.example>, contact 101, task 5001" as far as it is known. */
static void put_who(struct words *w)
{
	const struct {
		const char *before;
		struct slice text;
		const char *after;
	} parts[] = {
		{ "", field(w, "contact.firstname"), "" },
		{ " ", field(w, "contact.lastname"), "" },
		{ " <", field(w, "contact.email"), ">" },
		{ ", contact ", id_of(w, "contact"), "" },
		{ ", task ", id_of(w, "task"), "" },
	};
	size_t start = w->out->len;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].text.len == 0)
			continue;
		const char *before = parts[i].before;
		if (w->out->len == start)
			before += strspn(before, ", ");
		buf_puts(w->out, before);
		put_text(w, parts[i].text);
		buf_puts(w->out, parts[i].after);
	}
	if (w->out->len == start)
		buf_puts(w->out, "A lead");
}

static void put_verdict(struct words *w)
{
	struct slice tier = text_of(w, w->result, "tier"), status = text_of(w, w->result, "status"), at = text_of(w, w->result, "at");
	struct value rules;
	buf_puts(w->out, ": ");
	put_text(w, text_of(w, w->result, "score"));
	buf_puts(w->out, " points");
	if (tier.len > 0) {
		buf_puts(w->out, ", ");
		put_text(w, tier);
	}
	if (status.len > 0) {
		buf_puts(w->out, " (");
		put_text(w, status);
		buf_puts(w->out, ")");
	}
	if (at.len > 0) {
		buf_puts(w->out, ", at ");
		put_text(w, at);
	}
	if (member(w, w->result, "rules", &rules)) {
		buf_puts(w->out, "\n  by the rules ");
		put_text(w, text_of(w, rules, "name"));
		buf_puts(w->out, ", ");
		put_text(w, text_of(w, rules, "digest"));
	}
	buf_puts(w->out, "\n");
}

/* `  +30  VP: contact.jobtitle is "VP Sales"` */
static void put_reason(struct words *w, struct value reason)
{
	struct slice points = text_of(w, reason, "points"), at = text_of(w, reason, "field");
	struct value value;
	bool is_negative = points.len > 0 && points.ptr[0] == '-';
	buf_printf(w->out, "  %s%.*s  ", is_negative ? "" : "+", (int)points.len, points.ptr);
	put_text(w, text_of(w, reason, "rule"));
	if (at.len > 0) {
		buf_puts(w->out, ": ");
		put_text(w, at);
		if (member(w, reason, "value", &value)) {
			buf_puts(w->out, " is ");
			put_text(w, value.raw);
		} else {
			buf_puts(w->out, " is empty");
		}
	}
	buf_puts(w->out, "\n");
}

static void put_reasons(struct words *w)
{
	struct value reasons;
	bool any = false;
	if (!member(w, w->result, "reasons", &reasons))
		return; /* --brief */
	struct value_iter it = record_iter(w->r, reasons);
	for (; record_iter_next(w->r, &it); any = true)
		put_reason(w, it.value);
	if (!any)
		buf_puts(w->out, "  no rule held\n");
}

static void put_missing(struct words *w)
{
	struct value missing;
	struct slice coverage = text_of(w, w->result, "coverage");
	const char *before = "  not known: ";
	if (!member(w, w->result, "missing", &missing))
		return;
	for (struct value_iter it = record_iter(w->r, missing); record_iter_next(w->r, &it); before = ", ") {
		buf_puts(w->out, before);
		put_text(w, value_text(it.value, w->scratch));
	}
	if (strcmp(before, ", ") != 0) {
		buf_puts(w->out, "  all that the rules ask for is known\n");
		return;
	}
	if (coverage.len > 0) {
		buf_puts(w->out, "; known is a share of ");
		put_text(w, coverage);
	}
	buf_puts(w->out, "\n");
}

static void put_next(struct words *w)
{
	struct slice next = text_of(w, w->result, "next_action");
	if (next.len == 0)
		return;
	buf_puts(w->out, "  next: ");
	put_text(w, next);
	buf_puts(w->out, "\n");
}

static bool find_result(const struct record *r, struct value *result)
{
	struct value score;
	return record_path(r, result, "qualification", NULL) && record_path(r, &score, "qualification", "score", NULL) && score.type == JSON_NUMBER;
}

bool explain_record(struct buf *out, const struct record *r, struct arena *scratch)
{
	struct words w = { .out = out, .r = r, .scratch = scratch };
	if (!find_result(r, &w.result))
		return false;
	put_who(&w);
	put_verdict(&w);
	put_reasons(&w);
	put_missing(&w);
	put_next(&w);
	return true;
}

/* -- the verb -- */

struct explain {
	struct buf last, subject; /* task and result of the record before, and of this one */
	struct buf paragraph;
	struct arena scratch;
	size_t explained, silent;
};

static bool is_repeated(struct explain *e, const struct record *r)
{
	struct value result, task;
	buf_reset(&e->subject);
	if (find_result(r, &result) && record_path(r, &task, "task", NULL)) {
		buf_put_slice(&e->subject, task.raw);
		buf_put_slice(&e->subject, result.raw);
	}
	bool is_same = e->subject.len > 0 && slice_equal(buf_slice(&e->subject), buf_slice(&e->last));
	struct buf swap = e->last;
	e->last = e->subject;
	e->subject = swap;
	return is_same;
}

static void take(struct explain *e, const struct record *r)
{
	if (is_repeated(e, r))
		return;
	arena_reset(&e->scratch);
	buf_reset(&e->paragraph);
	if (e->explained > 0)
		buf_puts(&e->paragraph, "\n");
	if (!explain_record(&e->paragraph, r, &e->scratch)) {
		e->silent++;
		return;
	}
	if (e->paragraph.failed || e->scratch.failed)
		cli_die(EXIT_TRY_LATER, "out of memory");
	cli_print(buf_slice(&e->paragraph));
	e->explained++;
}

int explain_run(int argc, char **argv)
{
	struct explain e = { .explained = 0 };
	const char *value;
	while (cli_next(argc, argv, &value) != -1)
		continue;
	buf_init(&e.last, MAX_LINE_BYTES);
	buf_init(&e.subject, MAX_LINE_BYTES);
	buf_init(&e.paragraph, PARAGRAPH_MAX_BYTES);
	arena_init(&e.scratch, SCRATCH_MAX_BYTES);
	struct stream *s = filter_open((struct stream_options){ .tool = "qualify", .out_fd = -1, .max_line_bytes = MAX_LINE_BYTES });
	for (struct record *r; (r = stream_next(s)) != NULL;)
		take(&e, r);
	int status = stream_close(s);
	if (e.explained == 0 && e.silent > 0) {
		cli_warn("explain: none of %zu records has a qualification", e.silent);
		status = status == EXIT_OK ? EXIT_SOME_FAILED : status;
	}
	buf_release(&e.last);
	buf_release(&e.subject);
	buf_release(&e.paragraph);
	arena_release(&e.scratch);
	return status;
}
