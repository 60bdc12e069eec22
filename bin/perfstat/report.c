#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "record/expr.h"
#include "record/filter.h"
#include "table.h"

enum {
	REPORT_MAX_BYTES = 8 << 20,
	REASON_BYTES = 256,
	COMPLAINTS = 10, /* bad lines that are named one by one */
	PROGRESS_EVERY = 65536, /* lines */
};

enum { OPT_BY = CLI_LONG, OPT_TIME, OPT_DURATION, OPT_UNIT, OPT_JSON };

const struct cli_option report_options[] = {
	{ OPT_BY, "by", "FIELD", "one line for each value of this field (default op)" },
	{ OPT_TIME, "time", "FIELD", "when an operation began (default: ts, time, timestamp, ...)" },
	{ OPT_DURATION, "duration", "FIELD", "how long it took (default: ms, duration_ms, elapsed_ms, ...)" },
	{ OPT_UNIT, "unit", "UNIT", "of the duration: ns us ms s m h (default: as its name says, else ms)" },
	{ OPT_JSON, "json", NULL, "a JSON object a line" },
	{ 0 },
};

struct options {
	struct reader_options reader;
	bool json;
};

static struct options parse_options(int argc, char **argv)
{
	struct options opt = { .reader = { .by = "op" } };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case OPT_BY: opt.reader.by = value; break;
		case OPT_TIME: opt.reader.time = value; break;
		case OPT_DURATION: opt.reader.duration = value; break;
		case OPT_UNIT:
			opt.reader.unit_ms = reader_unit_ms(slice_of(value));
			if (opt.reader.unit_ms == 0)
				cli_usage("--unit wants ns, us, ms, s, m or h, not \"%s\"", value);
			break;
		case OPT_JSON: opt.json = true; break;
		}
	return opt;
}

struct counts {
	uint64_t used, bad, left_out;
};

static void complain(struct counts *counts, const struct stream *s, const char *reason)
{
	if (counts->bad++ < COMPLAINTS)
		cli_warn("%s: %s", stream_place(s), reason);
}

/* Whether --where wants this line; one on which it fails is bad. */
static bool is_wanted(struct expr *where, const struct record *r, struct counts *counts, const struct stream *s)
{
	bool failed = false;
	if (where == NULL || expr_test(where, record_line(r), &failed))
		return true;
	if (failed)
		complain(counts, s, "--where failed on this line");
	else
		counts->left_out++;
	return false;
}

static void take_record(
	struct series_set *set, struct reader *reader, struct expr *where, struct stream *s, const struct record *r, struct counts *counts)
{
	struct operation op;
	/* The stream has made an error record of a line that was no JSON object, and said so. */
	if (stream_is_passing(s)) {
		counts->bad++;
		return;
	}
	if (!is_wanted(where, r, counts, s))
		return;
	const char *reason = reader_read(reader, r, &op);
	if (reason != NULL) {
		complain(counts, s, reason);
		return;
	}
	counts->used++;
	if (!series_set_add(set, &op))
		cli_die(EXIT_TRY_LATER, "out of memory");
}

static void print_report(const struct options *opt, const struct series *series, size_t count)
{
	struct buf out;
	struct series total = { .key = SLICE("(all)") };
	buf_init(&out, REPORT_MAX_BYTES);
	bool ok = true;
	for (size_t i = 0; i < count; i++)
		if (opt->json)
			table_put_json(&out, &series[i]);
		else
			ok = ok && series_merge(&total, &series[i]);
	if (!opt->json)
		table_put(&out, opt->reader.by, series, count, &total);
	if (!ok || out.failed)
		cli_die(EXIT_TRY_LATER, "out of memory");
	cli_print(buf_slice(&out));
	sketch_release(&total.sketch);
	buf_release(&out);
}

/* Reads all there is, or -n operations; gives the stream's status. */
static int read_all(const struct options *opt, struct series_set *set, struct counts *counts)
{
	struct expr *where = filter_expr("--where", cli_shared()->where_expr);
	struct stream *s = filter_open((struct stream_options){ .tool = "perfstat", .out_fd = -1, .hand_out_all = true });
	int64_t most = cli_shared()->count;
	struct reader *reader = reader_new(&opt->reader);
	if (reader == NULL)
		cli_die(EXIT_TRY_LATER, "out of memory");
	for (struct record *r; (most < 0 || counts->used < (uint64_t)most) && (r = stream_next(s)) != NULL;) {
		take_record(set, reader, where, s, r, counts);
		if (stream_count(s) % PROGRESS_EVERY == 0)
			cli_progress(stream_count(s), 0, 0, NULL);
	}
	cli_progress_end();
	reader_free(reader);
	expr_free(where);
	return stream_close(s);
}

int report_run(int argc, char **argv)
{
	struct options opt = parse_options(argc, argv);
	struct counts counts = { 0 };
	size_t count;
	struct series_set *set = series_set_new();
	if (set == NULL)
		cli_die(EXIT_TRY_LATER, "out of memory");
	int status = read_all(&opt, set, &counts);
	const struct series *series = series_set_sorted(set, &count);
	if (count > 0)
		print_report(&opt, series, count);
	if (count > 0 && series[count - 1].is_rest)
		cli_warn("more than %d keys: the rest is counted as one, \"(other keys)\"", SERIES_MAX_KEYS);
	if (counts.bad > 0)
		cli_warn("%llu of %llu lines could not be used", (unsigned long long)counts.bad,
			(unsigned long long)(counts.bad + counts.used + counts.left_out));
	series_set_free(set);
	if (status > EXIT_SOME_FAILED)
		return status;
	if (count == 0) {
		cli_warn("no data: %s", counts.left_out > 0 ? "--where left no line" : "no line has a duration");
		return EXIT_NO_VERDICT;
	}
	return counts.bad > 0 ? EXIT_SOME_FAILED : EXIT_OK;
}
