/* What is written for a settled task: properties of contact and company, notes and mails, follow-ups, at last the status. Makes no call. */
#include <stdio.h>

#include "base/clock.h"
#include "due.h"
#include "lead.h"
#include "record/write.h"
#include "settle.h"

enum {
	MAX_INPUT_BYTES = 4 << 20,
	MAX_BODY_CHARACTERS = 65536, /* of a task's or note's body (docs, api/crm/notes) */
};

static struct effect *add_effect(struct settle *s, struct job *job, const char *name, int64_t ordinal, enum hubspot_object object, bool is_create)
{
	struct effect *e = must(arena_new(&s->arena, struct effect));
	*e = (struct effect){ .name = name, .ordinal = ordinal, .object = object, .is_create = is_create, .owner = job };
	effect_make_key(e, s->context.portal->id, job->task_id, job->generation);
	*job->effects_end = e;
	job->effects_end = &e->next;
	return e;
}

static struct slice keep(struct settle *s, struct buf *text)
{
	if (text->failed)
		must(NULL);
	struct slice copy = arena_copy(&s->arena, buf_slice(text));
	buf_release(text);
	return copy;
}

/* -- properties of contact and company -- */

/* null and "" are not written: a workflow never clears what a person has put in. */
static bool is_written(const struct json *value)
{
	return value->type != JSON_NULL && !(value->type == JSON_STRING && value->string.len == 0);
}

/* HubSpot's property values are strings. */
static void put_value(struct jsonw *w, const struct json *value)
{
	jsonw_name_slice(w, value->name);
	jsonw_string(w, value->type == JSON_STRING ? value->string : value->raw);
}

/* The names that the workflow only fills: a person may have put something in since the record was made. */
static void put_fill(struct jsonw *w, const struct settle *s, const struct job *job, const char *member)
{
	const struct route *route = workflow_route_named(s->context.workflow, job->route);
	const struct json *mapping = route == NULL ? NULL : json_get(route->json, member);
	jsonw_name(w, "fill");
	jsonw_array(w);
	for (const struct json *item = mapping == NULL ? NULL : mapping->child; item != NULL; item = item->next)
		if (slice_is(json_string(item, "write", ""), "fill"))
			jsonw_string(w, item->name);
	jsonw_array_end(w);
}

static void build_update(struct settle *s, struct job *job, const char *member, enum hubspot_object object, struct slice id)
{
	const struct json *values = json_get(job->plan, member);
	struct buf input;
	struct jsonw w;
	bool any = false;
	for (const struct json *value = values == NULL ? NULL : values->child; value != NULL; value = value->next)
		any = any || is_written(value);
	if (id.len == 0 || !any)
		return;
	struct effect *e = add_effect(s, job, member, 0, object, false);
	e->object_id = id;
	buf_init(&input, MAX_INPUT_BYTES);
	jsonw_init(&w, &input);
	jsonw_object(&w);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	for (const struct json *value = values->child; value != NULL; value = value->next)
		if (is_written(value))
			put_value(&w, value);
	jsonw_object_end(&w);
	put_fill(&w, s, job, member);
	jsonw_object_end(&w);
	e->input = keep(s, &input);
}

/* -- creates -- */

/* The input of a create, with associations inline: one call, and never an object that nobody sees. */
struct create {
	struct effect *e;
	struct jsonw w;
	struct buf input;
};

static void create_begin(struct create *c, struct settle *s, struct job *job, const char *name, int64_t ordinal, enum hubspot_object object)
{
	c->e = add_effect(s, job, name, ordinal, object, true);
	buf_init(&c->input, MAX_INPUT_BYTES);
	jsonw_init(&c->w, &c->input);
	jsonw_object(&c->w);
	jsonw_name(&c->w, "properties");
	jsonw_object(&c->w);
}

static void create_end(struct create *c, struct settle *s, const struct job *job, int contact_type, int company_type)
{
	jsonw_put_text(&c->w, "leadpipe_key", c->e->key);
	jsonw_object_end(&c->w);
	jsonw_name(&c->w, "associations");
	jsonw_array(&c->w);
	lead_put_association(&c->w, job->contact_id, contact_type);
	lead_put_association(&c->w, job->company_id, company_type);
	jsonw_array_end(&c->w);
	jsonw_object_end(&c->w);
	c->e->contact = job->contact_id;
	c->e->company = job->company_id;
	c->e->input = keep(s, &c->input);
}

/* HTML, with the key in it where the portal has no unique property to hold it. */
static void put_body(struct create *c, const struct settle *s, const char *name, struct slice html)
{
	struct buf text;
	buf_init(&text, MAX_INPUT_BYTES);
	size_t len = slice_utf8_prefix((struct slice){ html.ptr, html.len < MAX_BODY_CHARACTERS - 100 ? html.len : MAX_BODY_CHARACTERS - 100 });
	buf_put(&text, html.ptr, len);
	if (!s->context.portal->has_unique_key[c->e->object]) {
		buf_puts(&text, "<br>");
		effect_put_marker(&text, c->e);
	}
	jsonw_put_string(&c->w, name, buf_slice(&text));
	buf_release(&text);
}

static void put_html_text(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.ptr[i]) {
		case '&': buf_puts(out, "&amp;"); break;
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '"': buf_puts(out, "&quot;"); break;
		default: buf_putc(out, text.ptr[i]);
		}
}

static void build_note(struct settle *s, struct job *job, const char *name, struct slice html)
{
	struct create c;
	if (html.len == 0 || job->contact_id.len + job->company_id.len == 0)
		return;
	create_begin(&c, s, job, name, 0, OBJECT_NOTES);
	jsonw_put_string(&c.w, "hs_timestamp", job->now);
	put_body(&c, s, "hs_note_body", html);
	create_end(&c, s, job, ASSOCIATE_NOTE_CONTACT, ASSOCIATE_NOTE_COMPANY);
}

/* Why a task waits or was not worked, for whoever looks at the contact. */
static void build_reason_note(struct settle *s, struct job *job)
{
	struct buf html;
	buf_init(&html, MAX_INPUT_BYTES);
	put_html_text(&html, job->reason);
	build_note(s, job, "reason", buf_slice(&html));
	buf_release(&html);
}

static void build_email(struct settle *s, struct job *job)
{
	struct create c;
	const struct json *email = json_get(job->plan, "email");
	if (email == NULL || email->type != JSON_OBJECT || email->count == 0)
		return;
	create_begin(&c, s, job, "email", 0, OBJECT_EMAILS);
	for (const struct json *value = email->child; value != NULL; value = value->next)
		if (is_written(value))
			put_value(&c.w, value);
	create_end(&c, s, job, ASSOCIATE_EMAIL_CONTACT, ASSOCIATE_EMAIL_COMPANY);
}

/* One line: names come from strangers. */
static void put_line(struct jsonw *w, const char *name, struct slice text, struct settle *s)
{
	char *copy = must(arena_strdup(&s->arena, text));
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
			copy[i] = ' ';
	jsonw_put_string(w, name, (struct slice){ copy, text.len });
}

static void build_follow_up(struct settle *s, struct job *job, const struct json *item)
{
	struct create c;
	char due[CLOCK_TEXT_BYTES];
	int64_t due_ms = 0, ordinal = 0;
	struct slice owner = portal_owner(s->context.portal, s->context.workflow, json_text(json_get(item, "owner"))),
		     body = json_text(json_get(item, "body"));
	due_parse(json_text(json_get(item, "due")), s->context.now_ms, &due_ms);
	json_int(json_get(item, "ordinal"), &ordinal);
	clock_format(due_ms, due);
	create_begin(&c, s, job, "follow_up", ordinal, OBJECT_TASKS);
	put_line(&c.w, "hs_task_subject", json_text(json_get(item, "subject")), s);
	jsonw_put_text(&c.w, "hs_timestamp", due);
	jsonw_put_text(&c.w, "hs_task_status", "NOT_STARTED");
	jsonw_put_string(&c.w, "hs_task_priority", json_text(json_get(item, "priority")));
	jsonw_put_string(&c.w, "hs_task_type", json_text(json_get(item, "type")));
	if (owner.len > 0)
		jsonw_put_string(&c.w, "hubspot_owner_id", owner);
	if (body.len > 0 || !s->context.portal->has_unique_key[OBJECT_TASKS])
		put_body(&c, s, "hs_task_body", body);
	create_end(&c, s, job, ASSOCIATE_TASK_CONTACT, ASSOCIATE_TASK_COMPANY);
}

void effects_build(struct settle *s, struct job *job)
{
	bool is_done = job->verdict == SETTLE_DONE;
	const struct json *follow_ups = json_get(job->plan, "follow_ups");
	job->effects = NULL;
	job->effects_end = &job->effects;
	job->effects_generation = job->generation;
	if (job->state != JOB_OPEN)
		return;
	if (is_done) {
		build_update(s, job, "contact", OBJECT_CONTACTS, job->contact_id);
		build_update(s, job, "company", OBJECT_COMPANIES, job->company_id);
		build_note(s, job, "note", json_text(json_get(job->plan, "note")));
	}
	if (job->reason.len > 0 && (is_done || job->verdict == SETTLE_PARK || job->verdict == SETTLE_SUPPRESSED))
		build_reason_note(s, job);
	if (is_done)
		build_email(s, job);
	/* A task that a park rule holds back has no successor. */
	if (is_done && job->reason.len == 0)
		for (const struct json *item = follow_ups == NULL ? NULL : follow_ups->child; item != NULL; item = item->next)
			build_follow_up(s, job, item);
}

/* -- status -- */

/* The task's own text, with the reason below it: a task without contact has no other place for a note. */
static const char *body_with_reason(struct settle *s, const struct job *job, struct slice reason)
{
	struct buf html, body;
	const char *result = NULL;
	buf_init(&html, MAX_INPUT_BYTES);
	buf_init(&body, MAX_INPUT_BYTES);
	buf_puts(&html, "<p>Leadpipe: ");
	put_html_text(&html, reason);
	buf_puts(&html, "</p>");
	if (slice_find_nocase(job->body, buf_slice(&html)) == NULL && job->body.len + html.len < MAX_BODY_CHARACTERS) {
		buf_put_slice(&body, job->body);
		buf_put_slice(&body, buf_slice(&html));
		result = must(arena_strdup(&s->arena, buf_slice(&body)));
	}
	buf_release(&html);
	buf_release(&body);
	return result;
}

/* NULL values are left out. */
static void put_status(struct settle *s, struct job *job, const struct lease_property *properties)
{
	struct effect *e = job->status;
	struct buf input;
	struct jsonw w;
	if (e == NULL) {
		e = job->status = must(arena_new(&s->arena, struct effect));
		*e = (struct effect){ .name = "status", .object = OBJECT_TASKS, .owner = job, .object_id = job->task_id };
		effect_make_key(e, s->context.portal->id, job->task_id, job->generation);
	}
	/* The fence has just read it. What an earlier process sent is sent again whatever stands there: the fence has let it pass. */
	e->before = job->task_properties;
	e->is_resumed = false;
	buf_init(&input, MAX_INPUT_BYTES);
	jsonw_init(&w, &input);
	jsonw_object(&w);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	for (; properties->name != NULL; properties++)
		if (properties->value != NULL)
			jsonw_put_text(&w, properties->name, properties->value);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
	e->input = keep(s, &input);
}

/* The token stays on a task that waits: whoever holds the record may still finish it. */
static void put_waiting(struct settle *s, struct job *job, struct slice reason, bool with_body)
{
	const char *text = must(arena_strdup(&s->arena, reason));
	put_status(s, job,
		(struct lease_property[]){ { "hs_task_status", "WAITING" }, { "leadpipe_reason", text }, { "leadpipe_retry_at", "" },
			{ "hs_task_body", with_body ? body_with_reason(s, job, reason) : NULL }, { NULL, NULL } });
}

static void put_back(struct settle *s, struct job *job, int64_t attempt, bool has_due)
{
	char number[24], due[CLOCK_TEXT_BYTES];
	snprintf(number, sizeof number, "%lld", (long long)(attempt < 0 ? 0 : attempt));
	clock_format(has_due ? job->due_ms : 0, due);
	put_status(s, job,
		(struct lease_property[]){ { "hs_task_status", "NOT_STARTED" }, { "hs_timestamp", has_due ? due : NULL }, { "leadpipe_lease", "" },
			{ "leadpipe_expires", "" }, { "leadpipe_retry_at", "" }, { "leadpipe_attempt", number },
			{ "hubspot_owner_id", job->owner.len > 0 ? must(arena_strdup(&s->arena, job->owner)) : NULL },
			{ "leadpipe_reason",
				job->reason.len > 0 || job->verdict == SETTLE_ESCALATE ? must(arena_strdup(&s->arena, job->reason)) : NULL },
			{ NULL, NULL } });
}

static void put_completed(struct settle *s, struct job *job)
{
	const char *token = must(arena_strdup(&s->arena, job->token));
	put_status(s, job,
		(struct lease_property[]){
			{ "hs_task_status", "COMPLETED" }, { "leadpipe_done", token }, { "leadpipe_reason", "" }, { NULL, NULL } });
}

void effects_build_status(struct settle *s, struct job *job)
{
	if (job->state == JOB_FAILED) { /* parked */
		put_waiting(s, job, job->message, true);
		return;
	}
	switch (job->verdict) {
	case SETTLE_DONE:
		if (job->reason.len > 0)
			put_waiting(s, job, job->reason, true);
		else
			put_completed(s, job);
		break;
	case SETTLE_SUPPRESSED: put_completed(s, job); break;
	case SETTLE_PARK: put_waiting(s, job, job->reason, true); break;
	case SETTLE_APPROVAL: put_waiting(s, job, job->reason, false); break;
	case SETTLE_RETRY: put_back(s, job, job->attempt, true); break;
	case SETTLE_DEFERRED: put_back(s, job, job->attempt - 1, true); break;
	case SETTLE_NO_RESULT: put_back(s, job, job->attempt - 1, false); break;
	case SETTLE_ESCALATE: put_back(s, job, 0, false); break;
	}
}
