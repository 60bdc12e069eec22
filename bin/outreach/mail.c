#include "mail.h"

#include "address.h"
#include "control.h"

enum mail_need { NEED_TEXT, MAY_MISS };

static const struct {
	const char *name, *missing;
	enum mail_need need;
	size_t offset;
} members[] = {
	{ "message_id", "outreach.message_id is missing or is no string", NEED_TEXT, offsetof(struct mail, message_id) },
	{ "in_reply_to", "outreach.in_reply_to is no string", MAY_MISS, offsetof(struct mail, in_reply_to) },
	{ "from", "outreach.from is missing or is no string", NEED_TEXT, offsetof(struct mail, from) },
	{ "to", "outreach.to is missing or is no string", NEED_TEXT, offsetof(struct mail, to) },
	{ "list_unsubscribe", "outreach.list_unsubscribe is no string", MAY_MISS, offsetof(struct mail, list_unsubscribe) },
	{ "subject", "outreach.subject is missing or is no string", NEED_TEXT, offsetof(struct mail, subject) },
	{ "text", "outreach.text is missing or is no string", NEED_TEXT, offsetof(struct mail, text) },
	{ "html", "outreach.html is no string", MAY_MISS, offsetof(struct mail, html) },
};
enum { MEMBER_COUNT = sizeof members / sizeof members[0] };

static struct slice *member_of(struct mail *m, size_t i)
{
	return (struct slice *)(void *)((char *)m + members[i].offset);
}

void mail_digest(const struct mail *m, char hex[SHA256_HEX_BYTES])
{
	struct mail copy = *m;
	struct slice parts[1 + MEMBER_COUNT] = { SLICE("leadpipe mail 1") };
	for (size_t i = 0; i < MEMBER_COUNT; i++)
		parts[i + 1] = *member_of(&copy, i);
	sha256_parts_hex(parts, 1 + MEMBER_COUNT, hex);
}

struct slice mail_key(struct slice message_id)
{
	static const struct slice none = SLICE("");
	if (message_id.len < MAIL_KEY_BYTES + 4 || message_id.ptr[0] != '<' || message_id.ptr[MAIL_KEY_BYTES + 1] != '@')
		return none;
	for (size_t i = 1; i <= MAIL_KEY_BYTES; i++)
		if (strchr("0123456789abcdef", message_id.ptr[i]) == NULL || message_id.ptr[i] == '\0')
			return none;
	struct slice address = { message_id.ptr + 1, message_id.len - 2 };
	if (message_id.ptr[message_id.len - 1] != '>' || address_check(address) != NULL)
		return none;
	return (struct slice){ message_id.ptr + 1, MAIL_KEY_BYTES };
}

static bool is_clean_token(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
			return false;
	return text.len == 0 || (text.len < ADDRESS_MAX_BYTES * 2 && text.ptr[0] == '<' && text.ptr[text.len - 1] == '>');
}

const char *mail_check(const struct mail *m)
{
	struct slice name, address;
	if (mail_key(m->message_id).len == 0)
		return "outreach.message_id was not made by outreach render";
	if (!is_clean_token(m->in_reply_to))
		return "outreach.in_reply_to is no Message-ID";
	if (!is_clean_token(m->list_unsubscribe))
		return "outreach.list_unsubscribe is no address in angle brackets";
	if (address_parse(m->from, &name, &address) != NULL)
		return "outreach.from is no mail address";
	if (address_check(m->to) != NULL)
		return "outreach.to is no mail address";
	if (slice_trim(m->subject).len == 0)
		return "outreach.subject is empty";
	if (control_find(m->subject) < m->subject.len)
		return "outreach.subject holds a control character";
	if (control_find_in_body(m->text) < m->text.len || control_find_in_body(m->html) < m->html.len)
		return "outreach.text or outreach.html holds a control character";
	return NULL;
}

struct slice mail_state(const struct record *r, struct arena *scratch)
{
	struct value v;
	if (!record_path(r, &v, "outreach", "state", NULL) || v.type != JSON_STRING)
		return (struct slice)SLICE("");
	return value_text(v, scratch);
}

bool mail_read(const struct record *r, struct arena *scratch, struct mail *m, const char **reason)
{
	*m = (struct mail){ .html = SLICE("") };
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		struct value v;
		bool is_there = record_path(r, &v, "outreach", members[i].name, NULL) && v.type != JSON_NULL;
		*reason = members[i].missing;
		if (is_there && v.type != JSON_STRING)
			return false;
		struct slice text = is_there ? value_text(v, scratch) : (struct slice)SLICE("");
		if (text.len == 0 && members[i].need == NEED_TEXT)
			return false;
		*member_of(m, i) = text;
	}
	*reason = NULL;
	return true;
}

/* A name goes out raw, as it came: it may hold escapes. */
static void put_name(struct buf *out, struct slice raw_name)
{
	if (out->len > 1)
		buf_putc(out, ',');
	buf_printf(out, "\"%.*s\":", (int)raw_name.len, raw_name.ptr);
}

void mail_put_state(struct record *r, struct buf *scratch, const char *at, const char *state, const char *reason)
{
	struct {
		const char *name, *text;
		bool done;
	} set[] = { { "at", at, false }, { "state", state, false }, { "reason", reason, reason == NULL } };
	enum { SET_COUNT = sizeof set / sizeof set[0] };
	struct value outreach;
	buf_reset(scratch);
	buf_putc(scratch, '{');
	if (record_path(r, &outreach, "outreach", NULL) && outreach.type == JSON_OBJECT) {
		struct value_iter it = record_iter(r, outreach);
		while (record_iter_next(r, &it)) {
			size_t i = 0;
			while (i < SET_COUNT && !slice_is(it.name, set[i].name))
				i++;
			if (i < SET_COUNT && set[i].done)
				continue;
			put_name(scratch, it.name);
			if (i == SET_COUNT) {
				buf_put_slice(scratch, it.value.raw);
				continue;
			}
			json_quote(scratch, slice_of(set[i].text));
			set[i].done = true;
		}
	}
	for (size_t i = 0; i < SET_COUNT; i++) {
		if (set[i].done)
			continue;
		put_name(scratch, slice_of(set[i].name));
		json_quote(scratch, slice_of(set[i].text));
	}
	buf_putc(scratch, '}');
	if (!scratch->failed)
		record_put(r, "outreach", buf_slice(scratch));
}

const char *mail_suppressed(const struct record *r, struct arena *scratch, bool is_follow_up)
{
	struct value v;
	if (record_field(r, RECORD_AS_CONTACT, "contact.hs_email_optout", &v) &&
		slice_equal_nocase(value_text(v, scratch), (struct slice)SLICE("true")))
		return "the contact has opted out of e-mail (hs_email_optout)";
	if (!record_field(r, RECORD_AS_CONTACT, "contact.outreach_status", &v))
		return NULL;
	struct slice status = value_text(v, scratch);
	if (slice_equal_nocase(status, (struct slice)SLICE("bounced")))
		return "an earlier mail to this contact bounced (outreach_status)";
	if (is_follow_up && slice_equal_nocase(status, (struct slice)SLICE("responded")))
		return "the contact has answered (outreach_status)";
	return NULL;
}
