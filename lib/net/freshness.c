#include "net/freshness.h"

#include "base/clock.h"
#include "net/headers.h"

/* What Cache-Control and its kin say. */
struct control {
	bool no_store, no_cache, must_revalidate;
	int64_t lifetime_ms; /* -1: not said */
};

/* Seconds; what is no number counts as over (section 4.2.1), what is too large as the year 3000. */
static int64_t read_seconds(struct slice text)
{
	uint64_t seconds;
	if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
		text = (struct slice){ text.ptr + 1, text.len - 2 };
	if (!slice_to_u64(text, &seconds))
		return 0;
	return (int64_t)(seconds < INT32_MAX ? seconds : INT32_MAX) * MS_PER_SECOND;
}

static void read_directive(struct control *c, struct slice directive)
{
	struct slice rest = slice_trim(directive), name = { "", 0 };
	slice_split(&rest, '=', &name);
	name = slice_trim(name);
	if (slice_equal_nocase(name, (struct slice)SLICE("no-store")))
		c->no_store = true;
	else if (slice_equal_nocase(name, (struct slice)SLICE("no-cache")))
		c->no_cache = true;
	else if (slice_equal_nocase(name, (struct slice)SLICE("must-revalidate")))
		c->must_revalidate = true;
	else if (slice_equal_nocase(name, (struct slice)SLICE("max-age")) && c->lifetime_ms < 0)
		c->lifetime_ms = read_seconds(slice_trim(rest));
}

static struct control read_control(struct slice headers)
{
	struct control c = { .lifetime_ms = -1 };
	struct slice rest = headers, name, value, directive;
	while (headers_next(&rest, &name, &value))
		if (slice_equal_nocase(name, (struct slice)SLICE("Cache-Control")))
			while (slice_split(&value, ',', &directive))
				read_directive(&c, directive);
	return c;
}

static bool varies_by_all(struct slice headers)
{
	struct slice rest = headers, name, value;
	while (headers_next(&rest, &name, &value))
		if (slice_equal_nocase(name, (struct slice)SLICE("Vary")) && value.len > 0 && memchr(value.ptr, '*', value.len) != NULL)
			return true;
	return false;
}

/* Sections 4.2.1 and 4.2.3: when its lifetime ends, by our clock; INT64_MAX where it has none. */
static int64_t end_of_lifetime(const struct control *c, struct slice headers, int64_t now_ms)
{
	struct slice value;
	int64_t lifetime_ms = c->lifetime_ms, date_ms = now_ms, age_ms = 0, expires_ms;
	bool has_date = headers_find(headers, "Date", &value) && headers_date(value, &date_ms);
	if (lifetime_ms < 0 && headers_find(headers, "Expires", &value))
		lifetime_ms = headers_date(value, &expires_ms) && expires_ms > date_ms ? expires_ms - date_ms : 0;
	if (lifetime_ms < 0)
		return INT64_MAX;
	if (has_date && date_ms < now_ms)
		age_ms = now_ms - date_ms;
	if (headers_find(headers, "Age", &value) && read_seconds(value) > age_ms)
		age_ms = read_seconds(value);
	return now_ms + lifetime_ms - age_ms;
}

static bool is_passing(long status)
{
	switch (status) {
	case 206:
	case 401:
	case 407:
	case 408:
	case 423:
	case 425:
	case 429: return true;
	default: return status < 200 || status == 304 || status >= 500;
	}
}

/* RFC 9110 section 15.1: the others need an explicit lifetime. */
static bool is_heuristic(long status)
{
	switch (status) {
	case 200:
	case 203:
	case 204:
	case 300:
	case 301:
	case 308:
	case 404:
	case 405:
	case 410:
	case 414: return true;
	default: return false;
	}
}

struct freshness freshness_of(long status, struct slice headers, bool is_policy, int64_t now_ms)
{
	struct control c = read_control(headers);
	struct freshness f = { .is_kept = !is_passing(status) && !c.no_store && !varies_by_all(headers), .until_ms = INT64_MAX };
	if (!is_policy) {
		f.until_ms = c.no_cache ? now_ms : end_of_lifetime(&c, headers, now_ms);
		f.is_kept = f.is_kept && (f.until_ms != INT64_MAX || is_heuristic(status));
	}
	if (status >= 400 && f.until_ms > now_ms + FRESHNESS_NEGATIVE_MS)
		f.until_ms = now_ms + FRESHNESS_NEGATIVE_MS;
	return f;
}

bool freshness_may_be_stale(struct slice headers, bool is_policy)
{
	struct control c = read_control(headers);
	return is_policy || (!c.no_cache && !c.must_revalidate);
}

/* -- header lines -- */

static bool is_among(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_equal_nocase(name, slice_of(*names)))
			return true;
	return false;
}

static bool is_of_connection(struct slice name)
{
	static const char *const names[] = { "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Connection", "TE",
		"Trailer", "Transfer-Encoding", "Upgrade", NULL };
	return is_among(name, names);
}

/* Takes the next line off *rest, with its name (empty for a status line) and its value. */
static bool next_line(struct slice *rest, struct slice *line, struct slice *name, struct slice *value)
{
	if (!slice_split(rest, '\n', line))
		return false;
	struct slice one = *line;
	*name = *value = (struct slice){ "", 0 };
	headers_next(&one, name, value);
	*line = slice_trim(*line);
	return true;
}

static void put_line(struct buf *out, struct slice line, struct slice name, struct slice value)
{
	if (line.len == 0 || is_of_connection(name))
		return;
	if (slice_equal_nocase(name, (struct slice)SLICE("Set-Cookie"))) {
		struct slice cookie = { "", 0 };
		slice_split(&value, '=', &cookie);
		buf_printf(out, "%.*s: %.*s=\r\n", (int)name.len, name.ptr, (int)cookie.len, cookie.ptr);
		return;
	}
	buf_put_slice(out, line);
	buf_puts(out, "\r\n");
}

void freshness_put_headers(struct buf *out, struct slice headers)
{
	struct slice rest = headers, line, name, value;
	while (next_line(&rest, &line, &name, &value))
		put_line(out, line, name, value);
	buf_puts(out, "\r\n");
}

/* What a 304 does not change: the body that these describe is the stored one's. */
static bool is_of_body(struct slice name)
{
	static const char *const names[] = { "Content-Encoding", "Content-Length", "Content-Range", "Content-Type", NULL };
	return is_among(name, names);
}

static bool names_header(struct slice headers, struct slice wanted)
{
	struct slice rest = headers, name, value;
	while (headers_next(&rest, &name, &value))
		if (slice_equal_nocase(name, wanted))
			return true;
	return false;
}

void freshness_put_updated(struct buf *out, struct slice stored, struct slice update)
{
	struct slice rest = stored, line, name, value;
	while (next_line(&rest, &line, &name, &value))
		if (name.len == 0 || is_of_body(name) || !names_header(update, name))
			put_line(out, line, name, value);
	rest = update;
	while (next_line(&rest, &line, &name, &value))
		if (name.len > 0 && !is_of_body(name))
			put_line(out, line, name, value);
	buf_puts(out, "\r\n");
}
