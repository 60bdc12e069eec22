#include "reader.h"

#include <stdlib.h>

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

/* -- lookup: all names that matter, found in one pass over the line's members -- */

enum { SLOTS = 128, SCRATCH_MAX_BYTES = 4 << 20 }; /* SLOTS is a power of two */

/* Names that are always looked for, by their place in reader->names; the durations and times come behind them. */
enum fixed_name { NAME_BY, NAME_TIME, NAME_DURATION, NAME_STATUS, NAME_ERROR, NAME_OK, NAME_SUCCESS, NAME_WAIT, FIRST_DURATION };
enum { FIRST_TIME = FIRST_DURATION + DURATION_NAMES, NAMES = FIRST_TIME + TIME_NAMES };
_Static_assert(NAMES <= 64, "the bitmap of names is one word");

struct reader {
	struct reader_options options;
	struct arena scratch; /* keys and times with escapes; reset for each line */
	struct slice names[NAMES];
	unsigned char slots[SLOTS]; /* number of a name, from 1; 0: free */
	unsigned char same[NAMES]; /* another number of the same name, from 1; 0: none */
	struct value values[NAMES];
	uint64_t found; /* bitmap of values */
};

static size_t slot_of(struct slice name)
{
	return (name.len * 31 + (unsigned char)name.ptr[0] * 7U + (unsigned char)name.ptr[name.len - 1]) % SLOTS;
}

/* The number of a name, from 1; 0 where it does not matter. */
static unsigned char number_of(const struct reader *reader, struct slice name)
{
	if (name.len == 0)
		return 0;
	size_t slot = slot_of(name);
	while (reader->slots[slot] != 0 && !slice_equal(reader->names[reader->slots[slot] - 1], name))
		slot = (slot + 1) % SLOTS;
	return reader->slots[slot];
}

static void add_name(struct reader *reader, size_t number, const char *text)
{
	struct slice name = slice_of(text);
	if (name.len == 0)
		return;
	reader->names[number] = name;
	unsigned char twin = number_of(reader, name);
	if (twin != 0) {
		reader->same[number] = reader->same[twin - 1];
		reader->same[twin - 1] = (unsigned char)(number + 1);
		return;
	}
	size_t slot = slot_of(name);
	while (reader->slots[slot] != 0)
		slot = (slot + 1) % SLOTS;
	reader->slots[slot] = (unsigned char)(number + 1);
}

struct reader *reader_new(const struct reader_options *options)
{
	static const char *const fixed[] = {
		[NAME_STATUS] = "status", [NAME_ERROR] = "error", [NAME_OK] = "ok", [NAME_SUCCESS] = "success", [NAME_WAIT] = "wait_ms"
	};
	struct reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return NULL;
	reader->options = *options;
	arena_init(&reader->scratch, SCRATCH_MAX_BYTES);
	add_name(reader, NAME_BY, options->by);
	add_name(reader, NAME_TIME, options->time == NULL ? "" : options->time);
	add_name(reader, NAME_DURATION, options->duration == NULL ? "" : options->duration);
	for (size_t i = NAME_STATUS; i <= NAME_WAIT; i++)
		add_name(reader, i, fixed[i]);
	for (size_t i = 0; i < DURATION_NAMES; i++)
		add_name(reader, FIRST_DURATION + i, duration_names[i]);
	for (size_t i = 0; i < TIME_NAMES; i++)
		add_name(reader, FIRST_TIME + i, time_names[i]);
	return reader;
}

void reader_free(struct reader *reader)
{
	if (reader != NULL)
		arena_release(&reader->scratch);
	free(reader);
}

static void keep(struct reader *reader, unsigned char number, struct value value)
{
	for (; number != 0; number = reader->same[number - 1]) {
		reader->values[number - 1] = value;
		/* The last of several members counts, null too. */
		uint64_t bit = UINT64_C(1) << (number - 1);
		reader->found = value.type == JSON_NULL ? reader->found & ~bit : reader->found | bit;
	}
}

static void look_up(struct reader *reader, const struct record *r)
{
	struct value root = record_root(r);
	struct value_iter it = record_iter(r, root);
	reader->found = 0;
	while (record_iter_next(r, &it)) {
		if (!it.name_has_escape) {
			keep(reader, number_of(reader, it.name), it.value);
			continue;
		}
		/* Rare: ask for each name, which compares them decoded. */
		struct value value;
		for (size_t i = 0; i < NAMES; i++)
			if (reader->names[i].len > 0 && record_member(r, root, reader->names[i], &value))
				keep(reader, (unsigned char)(i + 1), value);
		return;
	}
}

static bool has(const struct reader *reader, size_t number)
{
	return (reader->found >> number & 1) != 0;
}

/* A member of the name given as an option, else a field as lead(5) names them. */
static bool find_option(const struct reader *reader, const struct record *r, size_t number, const char *name, struct value *value)
{
	*value = reader->values[number];
	return has(reader, number) || (strchr(name, '.') != NULL && record_field(r, RECORD_AS_CONTACT, name, value));
}

/* The first of these names that the line has; 0 for none. */
static size_t find_any(const struct reader *reader, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++)
		if (has(reader, i))
			return i;
	return 0;
}

/* -- reading -- */

/* Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size (years 1973 to 5138 in each). Smaller ones are
 * no times: some logs have a duration under such a name. */
static bool read_time(struct value value, struct arena *scratch, double *ms)
{
	double number;
	int64_t parsed;
	if (value_number(value, &number)) {
		if (number < 1e8)
			return false;
		*ms = number < 1e11 ? number * 1e3 : number < 1e14 ? number : number < 1e17 ? number / 1e3 : number / 1e6;
		return true;
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
static bool is_error(struct reader *reader)
{
	static const char *const bad_words[] = { "error", "failed", "failure", "fail", "timeout", NULL };
	enum { HTTP_ERRORS_FROM = 400, HTTP_END = 600 };
	const struct value *status = &reader->values[NAME_STATUS], *error = &reader->values[NAME_ERROR];
	double number;
	if (has(reader, NAME_STATUS) && !slice_is(status->raw, "\"ok\"")) {
		if (is_one_of(value_text(*status, &reader->scratch), bad_words))
			return true;
		if (value_number(*status, &number) && number >= HTTP_ERRORS_FROM && number < HTTP_END)
			return true;
	}
	if (has(reader, NAME_ERROR) && (error->type == JSON_TRUE || error->type == JSON_OBJECT || (error->type == JSON_STRING && error->raw.len > 2)))
		return true;
	return (has(reader, NAME_OK) && reader->values[NAME_OK].type == JSON_FALSE) ||
		(has(reader, NAME_SUCCESS) && reader->values[NAME_SUCCESS].type == JSON_FALSE);
}

static const char *read_duration(const struct reader *reader, const struct record *r, double *ms)
{
	struct value value;
	const char *name = reader->options.duration;
	if (name == NULL) {
		size_t number = find_any(reader, FIRST_DURATION, DURATION_NAMES);
		if (number == 0)
			return "no duration";
		name = duration_names[number - FIRST_DURATION];
		value = reader->values[number];
	} else if (!find_option(reader, r, NAME_DURATION, name, &value)) {
		return "no duration";
	}
	if (!value_number(value, ms))
		return "the duration is no number";
	*ms *= reader->options.unit_ms != 0 ? reader->options.unit_ms : unit_of_name(slice_of(name));
	return sketch_takes(*ms) ? NULL : "the duration is negative or out of range";
}

static const char *find_time(struct reader *reader, const struct record *r, struct operation *op)
{
	struct value value;
	if (reader->options.time != NULL) {
		if (!find_option(reader, r, NAME_TIME, reader->options.time, &value))
			return "no time";
		op->has_time = read_time(value, &reader->scratch, &op->start_ms);
		return op->has_time ? NULL : "the time cannot be read";
	}
	size_t number = find_any(reader, FIRST_TIME, TIME_NAMES);
	op->has_time = number != 0 && read_time(reader->values[number], &reader->scratch, &op->start_ms);
	return NULL;
}

const char *reader_read(struct reader *reader, const struct record *r, struct operation *op)
{
	struct value value;
	double wait_ms = 0;
	*op = (struct operation){ .key = SLICE("(none)") };
	arena_reset(&reader->scratch);
	look_up(reader, r);
	const char *reason = read_duration(reader, r, &op->ms);
	if (reason == NULL)
		reason = find_time(reader, r, op);
	if (reason != NULL)
		return reason;
	/* A span's time is when it was due: waiting comes before the service time. */
	if (has(reader, NAME_WAIT) && (!value_number(reader->values[NAME_WAIT], &wait_ms) || !sketch_takes(wait_ms)))
		wait_ms = 0;
	op->end_ms = op->start_ms + wait_ms + op->ms;
	if (find_option(reader, r, NAME_BY, reader->options.by, &value)) {
		struct slice key = value_text(value, &reader->scratch);
		if (key.len > 0)
			op->key = key;
	}
	op->is_error = is_error(reader);
	return NULL;
}
