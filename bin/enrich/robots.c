#include "robots.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_PATTERN_BYTES = 2048, MAX_CRAWL_DELAY_S = 3600 };

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c > 0 && strchr("-._~", c) != NULL);
}

/* Section 2.2.2: paths and patterns are compared after %XX of unreserved octets is decoded and octets outside ASCII are encoded. */
static struct slice normalise(struct slice in, char *out, size_t room)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t len = 0;
	for (size_t i = 0; i < in.len && len + 3 <= room; i++) {
		unsigned char c = (unsigned char)in.ptr[i];
		if (c == '%' && i + 2 < in.len && hex(in.ptr[i + 1]) >= 0 && hex(in.ptr[i + 2]) >= 0) {
			int octet = hex(in.ptr[i + 1]) * 16 + hex(in.ptr[i + 2]);
			i += 2;
			if (is_unreserved(octet)) {
				out[len++] = (char)octet;
				continue;
			}
			c = (unsigned char)octet;
		} else if (c > ' ' && c < 0x7f) {
			out[len++] = (char)c;
			continue;
		}
		out[len++] = '%';
		out[len++] = digits[c >> 4];
		out[len++] = digits[c & 15];
	}
	return (struct slice){ out, len };
}

struct reader {
	struct robots *robots;
	struct arena *arena;
	struct slice token;
	size_t max_rules;
	bool named; /* the rules being kept are of a group that names us, not of "*" */
	bool in_agents; /* the last line that counts was a User-agent */
	bool takes; /* the group being read is for us */
};

/* A group's first User-agent line starts it; the rules of a group that names us displace those of "*". */
static void take_agent(struct reader *rd, struct slice agent)
{
	if (!rd->in_agents)
		rd->takes = false;
	rd->in_agents = true;
	/* "leadpipe/1.0" names the product leadpipe. */
	for (size_t i = 0; i < agent.len; i++)
		if (agent.ptr[i] == '/' || agent.ptr[i] == ' ')
			agent.len = i;
	if (slice_equal_nocase(agent, rd->token)) {
		if (!rd->named) {
			rd->robots->count = 0;
			rd->robots->crawl_delay_ms = 0;
		}
		rd->named = rd->takes = true;
	} else if (slice_is(agent, "*") && !rd->named) {
		rd->takes = true;
	}
}

static void take_rule(struct reader *rd, bool is_allow, struct slice pattern)
{
	char text[MAX_PATTERN_BYTES];
	rd->in_agents = false;
	/* An empty Disallow allows everything, which is so anyhow. A pattern that does not start with "/" or "*" matches no path. */
	if (!rd->takes || pattern.len == 0 || (pattern.ptr[0] != '/' && pattern.ptr[0] != '*') || rd->robots->count == rd->max_rules)
		return;
	struct slice normal = arena_copy(rd->arena, normalise(pattern, text, sizeof text));
	rd->robots->rules[rd->robots->count++] = (struct robots_rule){ is_allow, normal };
}

static void take_delay(struct reader *rd, struct slice value)
{
	char text[32];
	rd->in_agents = false;
	if (!rd->takes || value.len == 0 || value.len >= sizeof text)
		return;
	memcpy(text, value.ptr, value.len);
	text[value.len] = '\0';
	char *end;
	double seconds = strtod(text, &end);
	if (*end == '\0' && isfinite(seconds) && seconds > 0)
		rd->robots->crawl_delay_ms = (int64_t)(fmin(seconds, MAX_CRAWL_DELAY_S) * 1000);
}

static void take_line(struct reader *rd, struct slice line)
{
	const char *comment = line.len == 0 ? NULL : memchr(line.ptr, '#', line.len);
	if (comment != NULL)
		line.len = (size_t)(comment - line.ptr);
	const char *colon = line.len == 0 ? NULL : memchr(line.ptr, ':', line.len);
	if (colon == NULL)
		return;
	struct slice name = slice_trim((struct slice){ line.ptr, (size_t)(colon - line.ptr) });
	struct slice value = slice_trim((struct slice){ colon + 1, line.len - (size_t)(colon + 1 - line.ptr) });
	if (slice_equal_nocase(name, slice_of("user-agent")))
		take_agent(rd, value);
	else if (slice_equal_nocase(name, slice_of("allow")))
		take_rule(rd, true, value);
	else if (slice_equal_nocase(name, slice_of("disallow")))
		take_rule(rd, false, value);
	else if (slice_equal_nocase(name, slice_of("crawl-delay")))
		take_delay(rd, value);
	/* Sitemap and records unknown to us belong to no group and end none (section 2.2.4). */
}

/* Lines end with LF, CR LF or CR alone. */
static struct slice next_line(struct slice *rest)
{
	size_t len = 0;
	while (len < rest->len && rest->ptr[len] != '\n' && rest->ptr[len] != '\r')
		len++;
	struct slice line = { rest->ptr, len };
	size_t skip = len < rest->len ? len + 1 : len;
	rest->ptr += skip;
	rest->len -= skip;
	return line;
}

bool robots_read(struct robots *r, struct arena *arena, struct slice text, const char *token)
{
	struct reader rd = { .robots = r, .arena = arena, .token = slice_of(token) };
	/* No more rules than lines: most files have a handful. */
	size_t lines = 1;
	text.len = text.len < ROBOTS_MAX_BYTES ? text.len : ROBOTS_MAX_BYTES;
	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n' || text.ptr[i] == '\r';
	rd.max_rules = lines < ROBOTS_MAX_RULES ? lines : ROBOTS_MAX_RULES;
	*r = (struct robots){ .rules = arena_alloc(arena, rd.max_rules * sizeof *r->rules) };
	if (r->rules == NULL)
		return false;
	if (slice_starts(text, "\xef\xbb\xbf"))
		text = (struct slice){ text.ptr + 3, text.len - 3 };
	while (text.len > 0)
		take_line(&rd, next_line(&text));
	return !arena->failed;
}

/* Patterns with n stars against a path of m octets in O(n + m) steps: each star takes as little as it can, and only the last one ever takes more. */
static bool matches(struct slice pattern, struct slice path)
{
	bool anchored = pattern.len > 0 && pattern.ptr[pattern.len - 1] == '$';
	pattern.len -= anchored ? 1 : 0;
	size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
	for (;;) {
		if (p == pattern.len && (!anchored || t == path.len))
			return true;
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.len && t < path.len && pattern.ptr[p] == path.ptr[t]) {
			p++;
			t++;
		} else if (star != SIZE_MAX && resume < path.len) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
}

bool robots_allows(const struct robots *r, struct slice path)
{
	char text[3 * MAX_PATTERN_BYTES];
	struct slice normal = normalise(path, text, sizeof text);
	bool allowed = true;
	size_t longest = 0;
	if (slice_is(path, "/robots.txt"))
		return true;
	for (size_t i = 0; i < r->count; i++) {
		const struct robots_rule *rule = &r->rules[i];
		if (rule->pattern.len < longest || !matches(rule->pattern, normal))
			continue;
		bool ties = rule->pattern.len == longest;
		allowed = rule->is_allow || (ties && allowed);
		longest = rule->pattern.len;
	}
	return allowed;
}
