#include "previous.h"

#include "mail.h"

enum { MAX_STEP = 99 };

static bool is_tag_start(char c)
{
	return c == '/' || c == '!' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* HubSpot keeps a task's body as HTML: tags are line ends, and the five entities stand for their characters. */
static struct slice to_text(struct slice body, struct arena *scratch)
{
	static const struct {
		const char *entity;
		char c;
	} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&#39;", '\'' }, { "&#x27;", '\'' }, { "&amp;", '&' },
		{ "&nbsp;", ' ' } };
	char *text = arena_alloc(scratch, body.len + 1);
	size_t len = 0;
	if (text == NULL)
		return (struct slice)SLICE("");
	for (size_t i = 0; i < body.len;) {
		struct slice rest = { body.ptr + i, body.len - i };
		if (rest.ptr[0] == '<' && rest.len > 2 && is_tag_start(rest.ptr[1])) {
			const char *end = memchr(rest.ptr, '>', rest.len), *at = memchr(rest.ptr, '@', rest.len);
			/* "<deadbeef@example.com>" is a Message-ID, not a tag. */
			if (end != NULL && (at == NULL || at > end)) {
				text[len++] = '\n';
				i += (size_t)(end - rest.ptr) + 1;
				continue;
			}
		}
		size_t k = 0;
		while (k < sizeof entities / sizeof entities[0] && !slice_starts(rest, entities[k].entity))
			k++;
		bool is_entity = k < sizeof entities / sizeof entities[0];
		text[len++] = is_entity ? entities[k].c : rest.ptr[0];
		i += is_entity ? strlen(entities[k].entity) : 1;
	}
	return (struct slice){ text, len };
}

static struct slice without_re(struct slice subject)
{
	if (subject.len >= 3 && slice_equal_nocase((struct slice){ subject.ptr, 3 }, (struct slice)SLICE("re:")))
		return slice_trim((struct slice){ subject.ptr + 3, subject.len - 3 });
	return subject;
}

static bool take(struct slice line, const char *name, struct slice *value)
{
	struct slice wanted = slice_of(name);
	if (line.len < wanted.len || !slice_equal_nocase((struct slice){ line.ptr, wanted.len }, wanted))
		return false;
	*value = slice_trim((struct slice){ line.ptr + wanted.len, line.len - wanted.len });
	return true;
}

struct previous previous_from_body(struct slice body, struct arena *scratch)
{
	struct previous p = { .message_id = SLICE(""), .subject = SLICE(""), .step = 0 };
	struct slice rest = to_text(body, scratch), line, value;
	uint64_t step;
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (take(line, "message-id:", &value) && mail_key(value).len > 0)
			p.message_id = value;
		else if (take(line, "subject:", &value))
			p.subject = without_re(value);
		else if (take(line, "step:", &value) && slice_to_u64(value, &step) && step <= MAX_STEP)
			p.step = (unsigned)step;
	}
	return p;
}

struct previous previous_of(const struct record *r, struct slice task_body, struct arena *scratch)
{
	struct previous p = previous_from_body(task_body, scratch);
	struct value v;
	int64_t step;
	if (!slice_is(mail_state(r, scratch), "sent"))
		return p;
	if (p.message_id.len == 0 && record_path(r, &v, "outreach", "message_id", NULL) && mail_key(value_text(v, scratch)).len > 0)
		p.message_id = value_text(v, scratch);
	if (p.subject.len == 0 && record_path(r, &v, "outreach", "subject", NULL))
		p.subject = without_re(value_text(v, scratch));
	if (p.step == 0 && record_path(r, &v, "outreach", "step", NULL) && value_int(v, &step) && step > 0 && step <= MAX_STEP)
		p.step = (unsigned)step;
	return p;
}
