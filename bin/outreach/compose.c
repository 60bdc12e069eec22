#include "compose.h"

#include <stdarg.h>
#include <stdio.h>

#include "address.h"
#include "choose.h"

static struct slice field(const struct record *r, const char *name, struct arena *scratch)
{
	struct value v;
	return record_field(r, RECORD_AS_CONTACT, name, &v) ? value_text(v, scratch) : (struct slice)SLICE("");
}

static struct slice path(const struct record *r, const char *container, const char *name, struct arena *scratch)
{
	struct value v;
	return record_path(r, &v, container, name, NULL) ? value_text(v, scratch) : (struct slice)SLICE("");
}

struct task_view compose_view(const struct record *r, struct arena *scratch)
{
	struct task_view view = { .subject = field(r, "task.hs_task_subject", scratch), .tier = path(r, "qualification", "tier", scratch) };
	if (view.tier.len == 0)
		view.tier = field(r, "contact.lead_tier", scratch);
	view.is_follow_up = choose_is_follow_up(view.subject);
	if (view.is_follow_up)
		view.previous = previous_of(r, field(r, "task.hs_task_body", scratch), scratch);
	return view;
}

static enum composed stop(struct composition *c, enum composed verdict, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static enum composed stop(struct composition *c, enum composed verdict, const char *code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(c->message, sizeof c->message, format, args);
	va_end(args);
	c->code = code;
	return verdict;
}

enum composed compose_recipient(const struct record *r, const struct task_view *view, struct arena *scratch, struct composition *c)
{
	*c = (struct composition){ .mail.to = field(r, "contact.email", scratch) };
	const char *reason = mail_suppressed(r, scratch, view->is_follow_up);
	if (reason != NULL)
		return stop(c, COMPOSE_SUPPRESSED, NULL, "%s", reason);
	if (c->mail.to.len == 0)
		return stop(c, COMPOSE_FAILED, "no_recipient", "the contact has no e-mail address");
	reason = address_check(c->mail.to);
	if (reason != NULL)
		return stop(c, COMPOSE_FAILED, "bad_address", "contact.email is no mail address: %s", reason);
	return COMPOSED;
}

/* One mail for a task, its generation and the step: whatever template, portal, machine or run. A completed task that a person opened again is a new
 * generation; the mark of its last completion tells them apart. Without a task it is one mail for a contact and a template. */
static void make_key(const struct record *r, const struct letter *letter, struct slice to, struct arena *scratch, char hex[SHA256_HEX_BYTES])
{
	char step[16];
	snprintf(step, sizeof step, "%u", template_step(letter->template));
	struct slice task = path(r, "task", "id", scratch), contact = path(r, "contact", "id", scratch), done = SLICE("");
	if (!slice_is(field(r, "task.hs_task_status", scratch), "COMPLETED"))
		done = field(r, "task.leadpipe_done", scratch);
	if (task.len > 0) {
		struct slice parts[] = { SLICE("leadpipe mail key 1"), SLICE("task"), task, done, slice_of(step) };
		sha256_parts_hex(parts, sizeof parts / sizeof parts[0], hex);
		return;
	}
	struct slice parts[] = { SLICE("leadpipe mail key 1"), SLICE("contact"), contact.len > 0 ? contact : to, slice_of(letter->name),
		slice_of(step) };
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], hex);
}

/* The offsets of the parts in `text`; it moves while it grows. */
static enum composed run_parts(
	const struct letter *letter, const struct slice *values, struct buf *text, size_t ends[TEMPLATE_PARTS], struct composition *c)
{
	static const char *const part_names[TEMPLATE_PARTS] = { "subject", "text part", "HTML part" };
	buf_reset(text);
	for (size_t part = 0; part < TEMPLATE_PARTS; part++) {
		size_t variable = 0, start = text->len;
		if (!template_has(letter->template, (enum template_part)part)) {
			ends[part] = start;
			continue;
		}
		enum template_result result = template_run(letter->template, (enum template_part)part, values, text, &variable);
		struct slice name = result == TEMPLATE_OK ? (struct slice)SLICE("") : template_variable(letter->template, variable);
		if (result == TEMPLATE_MISSING)
			return stop(c, COMPOSE_FAILED, "missing_variable", "%.*s has no value, and the %s of template %s has no default for it",
				(int)name.len, name.ptr, part_names[part], letter->name);
		if (result == TEMPLATE_CONTROL)
			return stop(c, COMPOSE_FAILED, "control_character", "%.*s holds a control character that cannot go into the %s",
				(int)name.len, name.ptr, part_names[part]);
		if (text->failed || text->len - start > MAIL_MAX_PART_BYTES)
			return stop(c, COMPOSE_FAILED, "mail_too_large", "the %s is larger than %d bytes", part_names[part], MAIL_MAX_PART_BYTES);
		ends[part] = text->len;
	}
	return COMPOSED;
}

enum composed compose_mail(const struct record *r, const struct task_view *view, const struct letter *letter, const struct sender *sender,
	struct arena *scratch, struct buf *text, struct composition *c)
{
	char key[SHA256_HEX_BYTES];
	size_t ends[TEMPLATE_PARTS] = { 0 };
	struct slice values[TEMPLATE_MAX_VARIABLES], domain = address_domain(sender->address);
	struct outside outside = { .from = sender->name.len > 0 ? sender->name : sender->address,
		.from_name = sender->name,
		.from_address = sender->address,
		.signature = sender->signature,
		.previous_subject = view->previous.subject,
		.previous_message_id = view->previous.message_id };
	variables_get(letter->variables, r, &outside, scratch, values);
	enum composed verdict = run_parts(letter, values, text, ends, c);
	if (verdict != COMPOSED)
		return verdict;
	struct mail *m = &c->mail;
	m->subject = slice_trim((struct slice){ text->ptr, ends[TEMPLATE_SUBJECT] });
	m->text = (struct slice){ text->ptr + ends[TEMPLATE_SUBJECT], ends[TEMPLATE_TEXT] - ends[TEMPLATE_SUBJECT] };
	m->html = (struct slice){ text->ptr + ends[TEMPLATE_TEXT], ends[TEMPLATE_HTML] - ends[TEMPLATE_TEXT] };
	if (m->subject.len == 0)
		return stop(c, COMPOSE_FAILED, "missing_variable", "the subject of template %s comes out empty", letter->name);
	make_key(r, letter, m->to, scratch, key);
	m->message_id = arena_printf(scratch, "<%.*s@%.*s>", MAIL_KEY_BYTES, key, (int)domain.len, domain.ptr);
	m->in_reply_to = view->previous.message_id;
	m->from = sender->from;
	if (sender->unsubscribe.len > 0)
		m->list_unsubscribe = arena_printf(scratch, "<mailto:%.*s?subject=unsubscribe%%20%.*s>", (int)sender->unsubscribe.len,
			sender->unsubscribe.ptr, MAIL_KEY_BYTES, key);
	if (scratch->failed)
		return stop(c, COMPOSE_FAILED, "mail_too_large", "the record needs more memory than a record may");
	return COMPOSED;
}
