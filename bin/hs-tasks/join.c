/* hs-tasks join: reads contact and company of records that have an id or an e-mail, in batches. A filter: one line in, one out, in order. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "joined.h"
#include "record/window.h"
#include "relate.h"
#include "tool.h"
#include "verbs.h"

/* Records in hand: a call's fill of contacts several times over, in little memory. */
enum { MAX_PENDING = 400, LINGER_MS = 200, STEP_MS = 1000, MAX_ARENA_BYTES = 1 << 20 };

enum { OPTION_MAX_AGE = OPTION_OWN };

const struct cli_option join_options[] = { { OPTION_MAX_AGE, "max-age", "TIME", "what was read before, up to this age (default: nothing)" },
	TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

/* What travels with an item. */
struct asked {
	uint64_t ticket;
	char key[SHA256_HEX_BYTES]; /* of what is kept */
};

struct join {
	struct tool tool;
	struct stream *stream;
	struct window *window;
	struct relate *relate;
	struct relate_options options;
	struct cache *cache; /* NULL: neither read nor kept */
	int64_t max_age_ms;
	struct arena scratch;
	bool has_waiting; /* items that have not gone yet */
	int64_t oldest_us;
	char now[CLOCK_TEXT_BYTES];
	size_t read, found;
};

static struct slice text_at(struct join *j, const struct record *r, const char *a, const char *b)
{
	struct value v;
	return record_path(r, &v, a, b, NULL) ? value_text(v, &j->scratch) : (struct slice){ "", 0 };
}

/* An object straight from HubSpot's API names itself at the top. */
static bool is_bare_object(const struct record *r)
{
	struct value v;
	return !record_path(r, &v, "task", NULL) && !record_path(r, &v, "contact", NULL) && !record_path(r, &v, "company", NULL) &&
		record_path(r, &v, "properties", NULL) && v.type == JSON_OBJECT;
}

static void finish(struct join *j, const struct joined *found, struct slice contact_id, uint64_t ticket)
{
	struct record *r = window_record(j->window, ticket);
	struct slice company_id = text_at(j, r, "company", "id");
	if (found->contact.ptr != NULL) {
		char read_at[CLOCK_TEXT_BYTES + 2];
		record_put(r, "contact", found->contact);
		snprintf(read_at, sizeof read_at, "\"%.*s\"", (int)found->read_at.len, found->read_at.ptr);
		record_put(r, "read_at", slice_of(read_at));
		j->found++;
	} else if (contact_id.len > 0) {
		record_put_error(r, "hs-tasks", "not_found", false, "the CRM has no contact %.*s", (int)contact_id.len, contact_id.ptr);
	}
	if (found->company.ptr != NULL)
		record_put(r, "company", found->company);
	else if (company_id.len > 0 && !record_has_error(r, NULL))
		record_put_error(r, "hs-tasks", "not_found", false, "the CRM has no company %.*s", (int)company_id.len, company_id.ptr);
	window_finish(j->window, ticket);
}

static void on_related(struct relate_item *items, size_t count, bool ok, void *arg)
{
	struct join *j = arg;
	const struct hubspot_trouble *trouble = hubspot_trouble(j->tool.api);
	for (size_t i = 0; i < count; i++) {
		struct asked *asked = items[i].arg;
		const struct joined found = { items[i].contact, items[i].company, slice_of(j->now) };
		if (ok) {
			if (j->cache != NULL)
				joined_write(j->cache, asked->key, &found);
			finish(j, &found, items[i].contact_id, asked->ticket);
		} else {
			record_put_error(
				window_record(j->window, asked->ticket), "hs-tasks", trouble->code, trouble->is_retryable, "%s", trouble->message);
			window_finish(j->window, asked->ticket);
		}
		free(asked);
	}
	stream_flush(j->stream);
}

static void take(struct join *j, struct record *r)
{
	uint64_t ticket = window_add(j->window, must(record_copy(r)));
	struct value v;
	struct relate_item item = { .arg = NULL };
	struct joined found;
	arena_reset(&j->scratch);
	j->read++;
	item.contact_id = is_bare_object(r) ? text_at(j, r, "id", NULL) : text_at(j, r, "contact", "id");
	item.company_id = text_at(j, r, "company", "id");
	item.task_id = text_at(j, r, "task", "id");
	if (item.contact_id.len == 0 && record_field(r, RECORD_AS_CONTACT, "contact.email", &v))
		item.email = slice_trim(value_text(v, &j->scratch));
	if (stream_is_passing(j->stream) || item.contact_id.len + item.email.len + item.task_id.len == 0) {
		window_finish(j->window, ticket);
		return;
	}
	struct asked *asked = must(calloc(1, sizeof *asked));
	*asked = (struct asked){ .ticket = ticket };
	if (j->cache != NULL)
		joined_key(j->tool.api, &j->options, &item, asked->key);
	if (j->cache != NULL && joined_read(j->cache, asked->key, j->max_age_ms, &j->scratch, &found)) {
		free(asked);
		finish(j, &found, item.contact_id, ticket);
		return;
	}
	item.arg = asked;
	if (!j->has_waiting)
		j->oldest_us = clock_steady_us();
	j->has_waiting = true;
	relate_add(j->relate, &item);
}

static bool has_room(const struct join *j)
{
	return window_has_room(j->window) && relate_pending(j->relate) < MAX_PENDING;
}

static void run(struct join *j)
{
	bool has_ended = false;
	while (!has_ended || relate_pending(j->relate) > 0) {
		struct record *r;
		enum stream_state state = STREAM_WAIT;
		if (cli_stopping() && hubspot_trouble(j->tool.api)->status == 0) {
			hubspot_interrupt(j->tool.api);
			stream_stop(j->stream);
		}
		while (!has_ended && has_room(j) && (state = stream_try_next(j->stream, &r)) == STREAM_RECORD)
			take(j, r);
		has_ended = has_ended || state == STREAM_END;
		bool is_full = !has_room(j);
		int64_t left_ms = j->oldest_us / 1000 + hubspot_linger_ms(j->tool.api, LINGER_MS) - clock_steady_us() / 1000;
		if (j->has_waiting && (has_ended || is_full || left_ms <= 0)) {
			relate_flush(j->relate);
			j->has_waiting = false;
		}
		int wait_ms = !j->has_waiting || left_ms > STEP_MS ? STEP_MS : left_ms < 1 ? 1 : (int)left_ms;
		if (!has_ended || relate_pending(j->relate) > 0)
			hubspot_step(j->tool.api, has_ended && relate_pending(j->relate) == 0 ? 0 : wait_ms,
				has_ended || is_full ? -1 : stream_fd(j->stream));
	}
}

int run_join(int argc, char **argv)
{
	struct join j = { .max_age_ms = -1 };
	struct tool_options options = { 0 };
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		if (key == OPTION_MAX_AGE)
			j.max_age_ms = cli_span_ms("--max-age", value);
		else
			tool_option(&options, key, value);
	struct expr *if_expr = filter_expr("--if", cli_shared()->if_expr);
	tool_open(&j.tool, "join", &options, 0);
	arena_init(&j.scratch, MAX_ARENA_BYTES);
	j.stream = tool_filter(if_expr);
	j.window = must(window_new(j.stream));
	tool_now(j.now, NULL);
	j.cache = j.max_age_ms < 0 ? NULL : hubspot_cache(j.tool.api);
	j.options = (struct relate_options){
		.contact_properties = j.tool.workflow.read_contact, .company_properties = j.tool.workflow.read_company, .done = on_related, .arg = &j
	};
	j.relate = relate_new(j.tool.api, &j.options);
	run(&j);
	hubspot_drain(j.tool.api);
	relate_free(j.relate);
	window_free(j.window);
	tool_summary(&j.tool, j.read, "records");
	int status = tool_status(&j.tool, stream_close(j.stream));
	expr_free(if_expr);
	arena_release(&j.scratch);
	tool_close(&j.tool);
	return status;
}
