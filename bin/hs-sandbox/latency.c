#include "latency.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { MAX_NUMBER_BYTES = 32, MAX_LATENCY_MS = 3600000 };

static const double ROUNDING = 1e-9; /* of a sum of shares such as 33.3 */

static bool parse_number(struct slice text, double *number)
{
	char copy[MAX_NUMBER_BYTES], *end;
	if (text.len == 0 || text.len >= sizeof copy)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	*number = strtod(copy, &end);
	return *end == '\0' && *number >= 0;
}

/* "1.5ms", "2s". */
static bool parse_ms(struct slice text, double *ms)
{
	double unit = 1;
	if (slice_ends(text, "ms")) {
		text.len -= 2;
	} else if (slice_ends(text, "s")) {
		text.len -= 1;
		unit = MS_PER_SECOND;
	} else if (!slice_is(text, "0")) {
		return false;
	}
	if (!parse_number(text, ms))
		return false;
	*ms *= unit;
	return *ms <= MAX_LATENCY_MS;
}

/* The deviate below which the share p of a normal distribution lies, by bisection: it is only needed at the start. */
static double normal_deviate(double p)
{
	double low = -10, high = 10;
	for (int i = 0; i < 80; i++) {
		double middle = (low + high) / 2;
		if (0.5 * erfc(-middle / sqrt(2)) < p)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool parse_anchor(struct latency *l, struct slice part)
{
	struct slice percentile, ms_text = part;
	double share, ms;
	if (l->anchor_count == LATENCY_MAX_ANCHORS || !slice_split(&ms_text, '=', &percentile) || !slice_starts(percentile, "p"))
		return false;
	percentile = (struct slice){ percentile.ptr + 1, percentile.len - 1 };
	if (!parse_number(percentile, &share) || share <= 0 || share >= 100 || !parse_ms(ms_text, &ms) || ms <= 0)
		return false;
	double deviate = normal_deviate(share / 100), log_ms = log(ms);
	if (l->anchor_count > 0 && (deviate <= l->anchors[l->anchor_count - 1].deviate || log_ms < l->anchors[l->anchor_count - 1].log_ms))
		return false;
	l->anchors[l->anchor_count].deviate = deviate;
	l->anchors[l->anchor_count++].log_ms = log_ms;
	return true;
}

bool latency_parse(struct latency *l, struct slice text, char error[DIST_ERROR_BYTES])
{
	const char *dots = memmem(text.ptr, text.len, "..", 2);
	struct slice rest = text, part;
	*l = (struct latency){ .kind = LATENCY_FIXED };
	if (parse_ms(text, &l->low_ms))
		return true;
	if (dots != NULL) {
		struct slice low = { text.ptr, (size_t)(dots - text.ptr) }, high = { dots + 2, (size_t)(text.ptr + text.len - dots - 2) };
		l->kind = LATENCY_UNIFORM;
		if (parse_ms(low, &l->low_ms) && parse_ms(high, &l->high_ms) && l->low_ms <= l->high_ms)
			return true;
	} else if (slice_starts(text, "p")) {
		l->kind = LATENCY_PERCENTILES;
		bool good = true;
		while (good && slice_split(&rest, ',', &part))
			good = parse_anchor(l, part);
		if (good && l->anchor_count >= 2)
			return true;
	}
	snprintf(error, DIST_ERROR_BYTES, "wants 50ms, 50ms..200ms, or two or more rising percentiles such as p50=300ms,p99=1200ms");
	return false;
}

static double draw_deviate(struct random *r)
{
	/* Box and Muller 1958. */
	return sqrt(-2 * log(1 - random_unit(r))) * cos(2 * M_PI * random_unit(r));
}

static double interpolate_ms(const struct latency *l, double deviate)
{
	size_t right = 1;
	while (right + 1 < l->anchor_count && deviate > l->anchors[right].deviate)
		right++;
	double slope = (l->anchors[right].log_ms - l->anchors[right - 1].log_ms) / (l->anchors[right].deviate - l->anchors[right - 1].deviate);
	return exp(l->anchors[right].log_ms + slope * (deviate - l->anchors[right].deviate));
}

int64_t latency_draw_us(const struct latency *l, struct random *r)
{
	double ms = 0;
	switch (l->kind) {
	case LATENCY_NONE: return 0;
	case LATENCY_FIXED: ms = l->low_ms; break;
	case LATENCY_UNIFORM: ms = l->low_ms + random_unit(r) * (l->high_ms - l->low_ms); break;
	case LATENCY_PERCENTILES: ms = interpolate_ms(l, draw_deviate(r)); break;
	}
	return (int64_t)(fmin(ms, MAX_LATENCY_MS) * 1000);
}

static const char *const fault_names[FAULT_COUNT] = {
	[FAULT_NONE] = "none",
	[FAULT_500] = "500",
	[FAULT_502] = "502",
	[FAULT_503] = "503",
	[FAULT_RESET] = "reset",
	[FAULT_LOST] = "lost",
	[FAULT_LATE] = "late",
	[FAULT_STALL] = "stall",
	[FAULT_429] = "429",
};

const char *fault_name(enum fault fault)
{
	return fault_names[fault];
}

/* "500=5%" or "late=1%:30s"; adds its share to *sum. */
static bool parse_fault(struct faults *f, struct slice part, double *sum)
{
	struct slice rest = part, name, percent;
	double share;
	int fault = FAULT_NONE + 1;
	slice_split(&rest, '=', &name);
	while (fault < FAULT_COUNT && !slice_is(name, fault_names[fault]))
		fault++;
	if (fault == FAULT_COUNT || f->chance[fault] > 0)
		return false;
	bool has_time = rest.len > 0 && memchr(rest.ptr, ':', rest.len) != NULL;
	if (has_time != (fault == FAULT_LATE) || !slice_split(&rest, ':', &percent) || !slice_ends(percent, "%"))
		return false;
	percent.len--;
	if (!parse_number(percent, &share) || share > 100 || (has_time && !clock_parse_span(rest, &f->late_ms)))
		return false;
	f->chance[fault] = share / 100;
	*sum += share;
	return true;
}

bool faults_parse(struct faults *f, struct slice text, char error[DIST_ERROR_BYTES])
{
	struct slice rest = text, part;
	double sum = 0;
	bool good = true;
	*f = (struct faults){ .late_ms = 0 };
	while (good && slice_split(&rest, ',', &part))
		good = parse_fault(f, part, &sum);
	if (good && sum > 0 && sum <= 100 + ROUNDING)
		return true;
	snprintf(error, DIST_ERROR_BYTES,
		"wants shares of 500, 502, 503, 429, reset, lost, stall and late, each once, such as 500=5%%,reset=2%%,late=1%%:30s, of 100%% at most together");
	return false;
}

enum fault faults_draw(const struct faults *f, struct random *r)
{
	double x = random_unit(r), sum = 0;
	for (int fault = 1; fault < FAULT_COUNT; fault++) {
		sum += f->chance[fault];
		if (x < sum)
			return (enum fault)fault;
	}
	return FAULT_NONE;
}
