#include "lead.h"

#include <stdio.h>

#include "base/clock.h"
#include "record/write.h"
#include "tool.h"

static void put_member(struct buf *out, const char *name, struct slice json, bool *first)
{
	buf_printf(out, "%s\"%s\":", *first ? "" : ",", name);
	put_one_line(out, json);
	*first = false;
}

bool lead_put(struct buf *out, const struct relate_item *item, const char *read_at)
{
	bool first = true;
	buf_putc(out, '{');
	if (item->task.ptr != NULL)
		put_member(out, "task", item->task, &first);
	if (item->contact.ptr != NULL)
		put_member(out, "contact", item->contact, &first);
	if (item->company.ptr != NULL)
		put_member(out, "company", item->company, &first);
	if (item->contact.ptr != NULL)
		buf_printf(out, ",\"read_at\":\"%s\"", read_at);
	return !first;
}

static void put_task_properties(struct jsonw *w, const struct json *properties, const struct lease *lease)
{
	static const char *const left_out[] = { "leadpipe_lease", "leadpipe_expires", "leadpipe_retry_at", "leadpipe_attempt", "hs_task_status" };
	char attempt[24];
	jsonw_object(w);
	for (const struct json *property = properties == NULL ? NULL : properties->child; property != NULL; property = property->next) {
		bool is_left_out = false;
		for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
			is_left_out = is_left_out || slice_is(property->name, left_out[i]);
		if (is_left_out)
			continue;
		jsonw_name_slice(w, property->name);
		jsonw_raw(w, property->raw);
	}
	jsonw_put_text(w, "hs_task_status", "IN_PROGRESS");
	snprintf(attempt, sizeof attempt, "%lld", (long long)lease->attempt);
	jsonw_put_text(w, "leadpipe_attempt", attempt);
	jsonw_object_end(w);
}

void lead_put_claimed_task(struct buf *out, const struct lease *lease)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	for (const struct json *member = lease->task->child; member != NULL; member = member->next) {
		jsonw_name_slice(&w, member->name);
		if (slice_is(member->name, "properties"))
			put_task_properties(&w, member, lease);
		else
			jsonw_raw(&w, member->raw);
	}
	jsonw_object_end(&w);
}

void lead_put_lease(struct buf *out, const char *host, const char *token, int64_t expires_ms, int64_t attempt)
{
	char expires[CLOCK_TEXT_BYTES];
	clock_format(expires_ms, expires);
	buf_printf(out, "\"lease\":{\"token\":\"%s\",\"expires\":\"%s\",\"attempt\":%lld,\"host\":", token, expires, (long long)attempt);
	json_quote(out, slice_of(host));
	buf_putc(out, '}');
}

void lead_put_error(struct buf *out, const char *code, bool is_retryable, const char *message)
{
	buf_printf(out, "\"error\":{\"tool\":\"hs-tasks\",\"code\":\"%s\",\"message\":", code);
	json_quote(out, slice_of(message));
	buf_printf(out, ",\"retryable\":%s}", is_retryable ? "true" : "false");
}

void lead_put_association(struct jsonw *w, struct slice id, int type)
{
	if (id.len == 0)
		return;
	jsonw_object(w);
	jsonw_name(w, "to");
	jsonw_object(w);
	jsonw_put_string(w, "id", id);
	jsonw_object_end(w);
	jsonw_name(w, "types");
	jsonw_array(w);
	jsonw_object(w);
	jsonw_put_text(w, "associationCategory", "HUBSPOT_DEFINED");
	jsonw_put_int(w, "associationTypeId", type);
	jsonw_object_end(w);
	jsonw_array_end(w);
	jsonw_object_end(w);
}
