#include "reader.h"

#include "base/clock.h"

/* The first of these that a line has, in this order. Those without a unit in their name are in the unit that the caller gives. */
static const char *const duration_names[] = { "ms", "duration_ms", "elapsed_ms", "latency_ms", "took_ms", "time_ms", "response_time_ms",
	"duration_us", "elapsed_us", "latency_us", "duration_ns", "elapsed_ns", "latency_ns", "duration_s", "elapsed_s", "latency_s",
	"duration_seconds", "elapsed_seconds", "duration", "elapsed", "latency", "took", "response_time", "request_time" };
static const char *const time_names[] = { "ts", "time", "timestamp", "@timestamp", "start", "start_time", "started_at", "at", "date" };

enum { DURATION_NAMES = sizeof duration_names / sizeof duration_names[0], TIME_NAMES = sizeof time_names / sizeof time_names[0] };

static const struct {
	const char *name;
	double ms;
} units[] = { { "ns", 1e-6 }, { "us", 1e-3 }, { "ms", 1 }, { "s", MS_PER_SECOND }, { "seconds", MS_PER_SECOND }, { "m", MS_PER_MINUTE },
	{ "h", MS_PER_HOUR } };
enum { UNITS = sizeof units / sizeof units[0] };

double reader_unit_ms(struct slice name)
{
	for (size_t i = 0; i < UNITS; i++)
		if (slice_is(name, units[i].name))
			return units[i].ms;
	return 0;
}

/* What the name says behind its last underscore, or as a whole ("ms"). */
static double unit_of_name(struct slice name)
{
	size_t start = name.len;
	while (start > 0 && name.ptr[start - 1] != '_' && name.ptr[start - 1] != '.')
		start--;
	double unit_ms = reader_unit_ms((struct slice){ name.ptr + start, name.len - start });
	return unit_ms == 0 ? 1 : unit_ms;
}

/* A member of that very name, else a field as lead(5) names them. */
static bool find(const struct record *r, const char *name, struct value *value)
{
	if (record_member(r, record_root(r), slice_of(name), value))
		return value->type != JSON_NULL;
	return strchr(name, '.') != NULL && record_field(r, RECORD_AS_CONTACT, name, value);
}

static const char *find_any(const struct record *r, const char *const *names, size_t count, struct value *value)
{
	for (size_t i = 0; i < count; i++)
		if (record_member(r, record_root(r), slice_of(names[i]), value) && value->type != JSON_NULL)
			return names[i];
	return NULL;
}

/* Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size (years 1973 to 5138 in each). Smaller ones are
 * no times: some logs have a duration under such a name. */
static bool read_time(struct value value, struct arena *scratch, double *ms)
{
	double number;
	int64_t parsed;
	if (value_number(value, &number)) {
		*ms = number < 1e11 ? number * 1e3 : number < 1e14 ? number : number < 1e17 ? number / 1e3 : number / 1e6;
		return number >= 1e8;
	}
	if (value.type != JSON_STRING || !clock_parse(value_text(value, scratch), &parsed))
		return false;
	*ms = (double)parsed;
	return true;
}

static bool is_one_of(struct slice text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (slice_equal_nocase(text, slice_of(*words)))
			return true;
	return false;
}

/* status "error" as in a span, or an HTTP status from 400 on; an error member that says something; ok or success false. */
static bool is_error(const struct record *r, struct arena *scratch)
{
	static const char *const bad_words[] = { "error", "failed", "failure", "fail", "timeout", NULL };
	static const char *const flags[] = { "ok", "success" };
	enum { HTTP_ERRORS_FROM = 400, HTTP_END = 600 };
	struct value value, root = record_root(r);
	double number;
	if (record_member(r, root, (struct slice)SLICE("status"), &value)) {
		if (value_number(value, &number)) {
			if (number >= HTTP_ERRORS_FROM && number < HTTP_END)
				return true;
		} else if (is_one_of(value_text(value, scratch), bad_words)) {
			return true;
		}
	}
	if (record_member(r, root, (struct slice)SLICE("error"), &value) &&
		(value.type == JSON_TRUE || value.type == JSON_OBJECT || (value.type == JSON_STRING && value.raw.len > 2)))
		return true;
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (record_member(r, root, slice_of(flags[i]), &value) && value.type == JSON_FALSE)
			return true;
	return false;
}

const char *reader_read(struct reader *reader, const struct record *r, struct operation *op)
{
	struct value value;
	double wait_ms = 0;
	*op = (struct operation){ .key = SLICE("(none)") };
	arena_reset(&reader->scratch);
	const char *duration = reader->duration;
	if (duration == NULL)
		duration = find_any(r, duration_names, DURATION_NAMES, &value);
	else if (!find(r, duration, &value))
		duration = NULL;
	if (duration == NULL)
		return "no duration";
	if (!value_number(value, &op->ms))
		return "the duration is no number";
	op->ms *= reader->unit_ms != 0 ? reader->unit_ms : unit_of_name(slice_of(duration));
	if (!sketch_takes(op->ms))
		return "the duration is negative or out of range";

	if (reader->time != NULL && !find(r, reader->time, &value))
		return "no time";
	op->has_time = reader->time != NULL || find_any(r, time_names, TIME_NAMES, &value) != NULL;
	if (op->has_time && !read_time(value, &reader->scratch, &op->start_ms)) {
		if (reader->time != NULL)
			return "the time cannot be read";
		op->has_time = false;
	}
	/* A span's time is when it was due: waiting comes before the service time. */
	if (record_member(r, record_root(r), (struct slice)SLICE("wait_ms"), &value) && (!value_number(value, &wait_ms) || !sketch_takes(wait_ms)))
		wait_ms = 0;
	op->end_ms = op->start_ms + wait_ms + op->ms;

	if (find(r, reader->by, &value)) {
		struct slice key = value_text(value, &reader->scratch);
		if (key.len > 0)
			op->key = key;
	}
	op->is_error = is_error(r, &reader->scratch);
	return NULL;
}
