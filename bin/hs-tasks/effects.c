/* The writes of a settled task, each stage in batches: properties of contact and company, notes and mails, follow-ups, at last the status. */
#include <stdio.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "due.h"
#include "lead.h"
#include "record/write.h"
#include "settle.h"

enum {
	MAX_INPUT_BYTES = 4 << 20,
	MAX_PROPERTIES = 256,
	MAX_BODY_CHARACTERS = 65536, /* of a task's or note's body (docs, api/crm/notes) */
};

/* -- keys -- */

/* What is made for one task, one time round, under one name: the same whatever run, attempt or machine makes it. */
static void make_key(const struct settle *s, const struct job *job, const char *effect, int64_t ordinal, char key[SHA256_HEX_BYTES])
{
	char number[24];
	snprintf(number, sizeof number, "%lld", (long long)ordinal);
	const struct slice parts[] = { slice_of(s->context.portal->id), job->task_id, job->generation, slice_of(effect), slice_of(number) };
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], key);
}

/* -- properties of contact and company -- */

struct value_list {
	const struct json *values[MAX_PROPERTIES];
	size_t count;
};

/* null and "" are not written: a workflow never clears what a person has put in. */
static bool is_written(const struct json *value)
{
	return value->type != JSON_NULL && !(value->type == JSON_STRING && value->string.len == 0);
}

static void merge(struct value_list *list, const struct json *values)
{
	for (const struct json *value = values == NULL ? NULL : values->child; value != NULL; value = value->next) {
		size_t at = 0;
		if (!is_written(value))
			continue;
		while (at < list->count && !slice_equal(list->values[at]->name, value->name))
			at++;
		if (at == MAX_PROPERTIES)
			continue;
		list->values[at] = value;
		if (at == list->count)
			list->count++;
	}
}

/* HubSpot's property values are strings. */
static void put_value(struct jsonw *w, const struct json *value)
{
	jsonw_name_slice(w, value->name);
	jsonw_string(w, value->type == JSON_STRING ? value->string : value->raw);
}

static bool is_open(const struct job *job)
{
	return job->state == JOB_OPEN;
}

static struct slice object_id(const struct job *job, enum hubspot_object object)
{
	return object == OBJECT_CONTACTS ? job->contact_id : job->company_id;
}

/* No batch holds an object twice: what several tasks write to one contact is merged, the later wins. */
static void put_properties(struct settle *s, enum hubspot_object object, const char *member)
{
	struct buf input;
	buf_init(&input, MAX_INPUT_BYTES);
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		struct slice id = object_id(job, object);
		struct value_list list = { .count = 0 };
		bool is_first = true;
		if (!is_open(job) || id.len == 0)
			continue;
		for (size_t k = 0; k < s->count; k++)
			if (is_open(&s->jobs[k]) && slice_equal(object_id(&s->jobs[k], object), id)) {
				is_first = is_first && k >= i;
				if (s->jobs[k].verdict == SETTLE_DONE)
					merge(&list, json_get(s->jobs[k].plan, member));
			}
		if (!is_first || list.count == 0)
			continue;
		struct jsonw w;
		buf_reset(&input);
		jsonw_init(&w, &input);
		jsonw_object(&w);
		jsonw_put_string(&w, "id", id);
		jsonw_put_string(&w, "objectWriteTraceId", id);
		jsonw_name(&w, "properties");
		jsonw_object(&w);
		for (size_t k = 0; k < list.count; k++)
			put_value(&w, list.values[k]);
		jsonw_object_end(&w);
		jsonw_object_end(&w);
		settle_put(s, object, BATCH_UPDATE, id, buf_slice(&input), NULL);
	}
	settle_send(s);
	buf_release(&input);
}

void effect_properties(struct settle *s)
{
	put_properties(s, OBJECT_CONTACTS, "contact");
	put_properties(s, OBJECT_COMPANIES, "company");
}

/* -- creates -- */

/* An input of batch/create from its properties, with associations inline: one call, and never an object that nobody sees. */
struct create {
	struct jsonw w;
	struct buf input;
	char key[SHA256_HEX_BYTES];
};

static void create_begin(struct create *c, const struct settle *s, const struct job *job, const char *effect, int64_t ordinal)
{
	buf_init(&c->input, MAX_INPUT_BYTES);
	make_key(s, job, effect, ordinal, c->key);
	jsonw_init(&c->w, &c->input);
	jsonw_object(&c->w);
	jsonw_put_text(&c->w, "objectWriteTraceId", c->key);
	jsonw_name(&c->w, "properties");
	jsonw_object(&c->w);
}

static void create_end(struct create *c, struct settle *s, struct job *job, enum hubspot_object object, int contact_type, int company_type)
{
	jsonw_put_text(&c->w, "leadpipe_key", c->key);
	jsonw_object_end(&c->w);
	jsonw_name(&c->w, "associations");
	jsonw_array(&c->w);
	lead_put_association(&c->w, job->contact_id, contact_type);
	lead_put_association(&c->w, job->company_id, company_type);
	jsonw_array_end(&c->w);
	jsonw_object_end(&c->w);
	job->has_effects = true;
	settle_put(s, object, BATCH_CREATE, slice_of(c->key), buf_slice(&c->input), job);
	buf_release(&c->input);
}

/* HTML, with the key in it where the portal has no unique property to hold it. */
static void put_body(struct create *c, const struct settle *s, enum hubspot_object object, const char *name, struct slice html)
{
	struct buf text;
	buf_init(&text, MAX_INPUT_BYTES);
	size_t len = slice_utf8_prefix((struct slice){ html.ptr, html.len < MAX_BODY_CHARACTERS - 100 ? html.len : MAX_BODY_CHARACTERS - 100 });
	buf_put(&text, html.ptr, len);
	if (!s->context.portal->has_unique_key[object])
		buf_printf(&text, "<br>[leadpipe %.16s]", c->key);
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

static void create_note(struct settle *s, struct job *job, const char *effect, struct slice html)
{
	struct create c;
	if (html.len == 0 || job->contact_id.len + job->company_id.len == 0)
		return;
	create_begin(&c, s, job, effect, 0);
	jsonw_put_text(&c.w, "hs_timestamp", s->context.now);
	put_body(&c, s, OBJECT_NOTES, "hs_note_body", html);
	create_end(&c, s, job, OBJECT_NOTES, ASSOCIATE_NOTE_CONTACT, ASSOCIATE_NOTE_COMPANY);
}

/* Why a task waits or was not worked, for whoever looks at the contact. */
static void create_reason_note(struct settle *s, struct job *job)
{
	struct buf html;
	buf_init(&html, MAX_INPUT_BYTES);
	put_html_text(&html, job->reason);
	create_note(s, job, "reason", buf_slice(&html));
	buf_release(&html);
}

static void create_email(struct settle *s, struct job *job, const struct json *email)
{
	struct create c;
	if (email == NULL || email->type != JSON_OBJECT || email->count == 0)
		return;
	create_begin(&c, s, job, "email", 0);
	for (const struct json *value = email->child; value != NULL; value = value->next)
		if (is_written(value))
			put_value(&c.w, value);
	create_end(&c, s, job, OBJECT_EMAILS, ASSOCIATE_EMAIL_CONTACT, ASSOCIATE_EMAIL_COMPANY);
}

void effect_notes(struct settle *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		if (!is_open(job))
			continue;
		if (job->verdict == SETTLE_DONE)
			create_note(s, job, "note", json_text(json_get(job->plan, "note")));
		if (job->reason.len > 0 && (job->verdict == SETTLE_PARK || job->verdict == SETTLE_SUPPRESSED || job->verdict == SETTLE_DONE))
			create_reason_note(s, job);
	}
	settle_send(s);
	for (size_t i = 0; i < s->count; i++)
		if (is_open(&s->jobs[i]) && s->jobs[i].verdict == SETTLE_DONE)
			create_email(s, &s->jobs[i], json_get(s->jobs[i].plan, "email"));
	settle_send(s);
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

static void create_follow_up(struct settle *s, struct job *job, const struct json *item)
{
	struct create c;
	char due[CLOCK_TEXT_BYTES];
	int64_t due_ms = 0, ordinal = 0;
	struct slice owner = portal_owner(s->context.portal, s->context.workflow, json_text(json_get(item, "owner"))),
		     body = json_text(json_get(item, "body"));
	due_parse(json_text(json_get(item, "due")), s->context.now_ms, &due_ms);
	json_int(json_get(item, "ordinal"), &ordinal);
	clock_format(due_ms, due);
	create_begin(&c, s, job, "follow_up", ordinal);
	put_line(&c.w, "hs_task_subject", json_text(json_get(item, "subject")), s);
	jsonw_put_text(&c.w, "hs_timestamp", due);
	jsonw_put_text(&c.w, "hs_task_status", "NOT_STARTED");
	jsonw_put_string(&c.w, "hs_task_priority", json_text(json_get(item, "priority")));
	jsonw_put_string(&c.w, "hs_task_type", json_text(json_get(item, "type")));
	if (owner.len > 0)
		jsonw_put_string(&c.w, "hubspot_owner_id", owner);
	if (body.len > 0 || !s->context.portal->has_unique_key[OBJECT_TASKS])
		put_body(&c, s, OBJECT_TASKS, "hs_task_body", body);
	create_end(&c, s, job, OBJECT_TASKS, ASSOCIATE_TASK_CONTACT, ASSOCIATE_TASK_COMPANY);
}

void effect_follow_ups(struct settle *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		/* A task that a park rule holds back has no successor. */
		if (!is_open(job) || job->verdict != SETTLE_DONE || job->reason.len > 0)
			continue;
		const struct json *list = json_get(job->plan, "follow_ups");
		for (const struct json *item = list == NULL ? NULL : list->child; item != NULL; item = item->next)
			create_follow_up(s, job, item);
	}
	settle_send(s);
}

/* -- status -- */

/* The task's own text, with the reason below it: a task without contact has no other place for a note. */
static const char *body_with_reason(struct settle *s, const struct job *job)
{
	struct buf html, body;
	const char *result = NULL;
	buf_init(&html, MAX_INPUT_BYTES);
	buf_init(&body, MAX_INPUT_BYTES);
	buf_puts(&html, "<p>Leadpipe: ");
	put_html_text(&html, job->reason);
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

static void put_status(struct settle *s, struct job *job, const struct lease_property *properties)
{
	struct buf input;
	buf_init(&input, MAX_INPUT_BYTES);
	lease_put_update(&input, job->task_id, properties);
	settle_put(s, OBJECT_TASKS, BATCH_UPDATE, job->task_id, buf_slice(&input), job);
	buf_release(&input);
}

/* The token stays on a task that waits: whoever holds the record may still finish it. */
static void put_waiting(struct settle *s, struct job *job, struct slice reason, bool with_body)
{
	const char *text = must(arena_strdup(&s->arena, reason));
	put_status(s, job,
		(struct lease_property[]){ { "hs_task_status", "WAITING" }, { "leadpipe_reason", text }, { "leadpipe_retry_at", "" },
			{ "hs_task_body", with_body ? body_with_reason(s, job) : NULL }, { NULL, NULL } });
}

static void put_back(struct settle *s, struct job *job, int64_t attempt, bool has_due)
{
	char number[24], due[CLOCK_TEXT_BYTES];
	snprintf(number, sizeof number, "%lld", (long long)(attempt < 0 ? 0 : attempt));
	clock_format(has_due ? job->due_ms : 0, due);
	put_status(s, job,
		(struct lease_property[]){ { "hs_task_status", "NOT_STARTED" }, { "hs_timestamp", has_due ? due : NULL }, { "leadpipe_lease", "" },
			{ "leadpipe_expires", "" }, { "leadpipe_retry_at", "" }, { "leadpipe_attempt", number },
			{ "leadpipe_reason", job->reason.len > 0 ? must(arena_strdup(&s->arena, job->reason)) : NULL }, { NULL, NULL } });
}

static void put_completed(struct settle *s, struct job *job)
{
	const char *token = must(arena_strdup(&s->arena, job->token));
	put_status(s, job,
		(struct lease_property[]){
			{ "hs_task_status", "COMPLETED" }, { "leadpipe_done", token }, { "leadpipe_reason", "" }, { NULL, NULL } });
}

void effect_status(struct settle *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct job *job = &s->jobs[i];
		if (job->state == JOB_FAILED && job->is_parked) {
			job->reason = job->message;
			put_waiting(s, job, job->message, true);
		}
		if (!is_open(job))
			continue;
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
		}
	}
	settle_send(s);
}
