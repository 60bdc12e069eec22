/* hs-tasks history: what was written to the portal from this machine, one line an effect, from the journal. It needs no network, but to find a contact by its
 * e-mail address. */
#include <stdio.h>
#include <unistd.h>

#include "batch.h"
#include "ledger.h"
#include "record/write.h"
#include "since.h"
#include "verbs.h"

enum { OPTION_SINCE = OPTION_OWN, OPTION_RUN, OPTION_CONTACT, OPTION_TASK, OPTION_PORTAL };

enum { MAX_LINE_BYTES = 64 << 20 };

const struct cli_option history_options[] = {
	{ OPTION_SINCE, "since", "TIME", "from then on: 18:00, today, \"2 hours ago\", or a time" },
	{ OPTION_RUN, "run", "RUN", "of one run" },
	{ OPTION_CONTACT, "contact", "WHO", "of one contact, by id or e-mail" },
	{ OPTION_TASK, "task", "ID", "of one task" },
	{ OPTION_PORTAL, "portal", "ID", "the portal, where that is not known without a call" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct history {
	struct tool tool;
	struct portal portal;
	struct journal_filter filter;
	char contact[PORTAL_TEXT_BYTES];
	struct stream *out;
	struct expr *where;
	struct buf line;
	size_t wanted, printed;
};

static const char *state_name(enum journal_effect_state state)
{
	switch (state) {
	case JOURNAL_EFFECT_DONE: return "done";
	case JOURNAL_UNKNOWN: return "unknown";
	case JOURNAL_UNDONE: return "undone";
	default: return "sent";
	}
}

static void put_if_known(struct jsonw *w, const char *name, struct slice text)
{
	if (text.len > 0)
		jsonw_put_string(w, name, text);
}

static void put_json_if_known(struct jsonw *w, const char *name, struct slice json)
{
	if (json.len > 0)
		jsonw_put_raw(w, name, json);
}

static void put_number_text(struct jsonw *w, const char *name, int64_t number)
{
	char text[24];
	snprintf(text, sizeof text, "%lld", (long long)number);
	jsonw_put_text(w, name, text);
}

static void put_line(struct history *h, const struct journal_work *work, const struct journal_effect *effect, const char *verb)
{
	char at[CLOCK_TEXT_BYTES];
	struct jsonw w;
	bool has_result = work->result.len > 0 && work->member.len > 0;
	clock_format(effect->sent_ms != 0 ? effect->sent_ms : work->at_ms, at);
	buf_reset(&h->line);
	jsonw_init(&w, &h->line);
	jsonw_object(&w);
	put_number_text(&w, "id", effect->id);
	jsonw_put_text(&w, "at", at);
	jsonw_put_text(&w, "portal", h->portal.id);
	put_number_text(&w, "run", work->run);
	jsonw_put_text(&w, "tool", "hs-tasks");
	jsonw_put_text(&w, "verb", verb);
	put_if_known(&w, "task", work->task);
	put_if_known(&w, "contact", work->contact);
	put_if_known(&w, "company", work->company);
	put_if_known(&w, "route", work->route);
	jsonw_put_text(&w, "effect", effect->name);
	jsonw_name(&w, "object");
	jsonw_object(&w);
	jsonw_put_text(&w, "type", effect->object);
	put_if_known(&w, "id", effect->object_id);
	jsonw_object_end(&w);
	put_if_known(&w, "key", effect->key);
	jsonw_put_text(&w, "state", state_name(effect->state));
	put_json_if_known(&w, "before", effect->before);
	put_json_if_known(&w, "after", effect->after);
	if (work->rules.len > 0) {
		jsonw_name(&w, "rules");
		jsonw_object(&w);
		jsonw_put_string(&w, "digest", work->rules);
		jsonw_object_end(&w);
	}
	if (has_result) {
		jsonw_name_slice(&w, work->member);
		jsonw_raw(&w, work->result);
	}
	jsonw_object_end(&w);
}

static bool print(const struct journal_work *work, const struct journal_effect *effect, const char *verb, void *arg)
{
	struct history *h = arg;
	if (h->printed == h->wanted || cli_stopping() || stream_status(h->out) == EXIT_IO_FAILED)
		return false;
	put_line(h, work, effect, verb);
	if (h->line.failed)
		must(NULL);
	if (h->where != NULL && !expr_test(h->where, buf_slice(&h->line), NULL))
		return true;
	stream_put_line(h->out, buf_slice(&h->line));
	h->printed++;
	return true;
}

/* -- a contact by e-mail -- */

static void take_contact(struct batch *batch, void *arg)
{
	struct history *h = arg;
	const struct batch_row *row = &batch->rows[0];
	struct hubspot_answer answer = { .outcome = HUBSPOT_FAILED };
	if (row->outcome == ROW_OK) {
		struct slice id = json_string(row->result, "id", "");
		snprintf(h->contact, sizeof h->contact, "%.*s", (int)id.len, id.ptr);
		return;
	}
	if (row->outcome == ROW_MISSING || row->outcome == ROW_REFUSED)
		answer.outcome = HUBSPOT_REFUSED;
	snprintf(answer.message, sizeof answer.message, "%.*s", (int)row->message.len, row->message.ptr);
	hubspot_give_up(h->tool.api, &answer, "finding the contact");
}

/* HubSpot keeps addresses in small letters, and names the rows of its answer by them. */
static void find_contact(struct history *h, const char *address)
{
	char *email = must(arena_strdup(&h->tool.config.arena, slice_trim(slice_of(address))));
	for (char *c = email; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
	struct batch *batch = batch_new(h->tool.api, OBJECT_CONTACTS, BATCH_READ);
	batch->properties = slice_of("[\"email\"]");
	batch->id_property = "email";
	batch_add(batch, slice_of(email), (struct slice){ NULL, 0 }, NULL);
	batch_send(batch, take_contact, h);
	hubspot_drain(h->tool.api);
	h->filter.contact = slice_of(h->contact);
}

static int64_t take_since(const char *value)
{
	int64_t ms;
	if (!since_parse(slice_of(value), clock_now_ms(&cli_shared()->clock), &ms))
		cli_usage("--since wants 18:00, today, \"2 hours ago\" or a time such as 2026-11-23T09:00:00Z, not \"%s\"", value);
	return ms;
}

static void run(struct history *h, const char *portal_id)
{
	const char *email = memchr(h->filter.contact.ptr, '@', h->filter.contact.len) == NULL ? NULL : h->filter.contact.ptr;
	if (email != NULL)
		find_contact(h, email);
	if (hubspot_trouble(h->tool.api)->status == 0 && !ledger_find_portal(&h->tool, portal_id, &h->portal)) {
		/* Without a token there is nobody to ask. */
		if (h->tool.token.len == 0)
			cli_usage("no portal is known, or more than one: --portal says which, or a token");
		portal_load(&h->portal, h->tool.api, &h->tool.workflow, PORTAL_OWNERS);
	}
	if (hubspot_trouble(h->tool.api)->status != 0)
		return;
	ledger_read(&h->tool, &h->portal);
	if (journal_history(h->tool.journal, &h->filter, print, h) != 0)
		cli_die(EXIT_IO_FAILED, "journal: %s", journal_error(h->tool.journal));
}

int run_history(int argc, char **argv)
{
	struct history h = { .filter = { .since_ms = INT64_MIN, .contact = SLICE(""), .task = SLICE("") }, .wanted = SIZE_MAX };
	struct tool_options options = { 0 };
	const char *portal_id = NULL, *since = NULL, *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_SINCE: since = value; break;
		case OPTION_RUN: h.filter.run = cli_int("--run", value, 1, INT64_MAX); break;
		case OPTION_CONTACT: h.filter.contact = slice_of(value); break;
		case OPTION_TASK: h.filter.task = slice_of(value); break;
		case OPTION_PORTAL: portal_id = take_portal(value); break;
		default: tool_option(&options, key, value);
		}
	}
	no_operands();
	h.where = filter_expr("--where", cli_shared()->where_expr);
	if (cli_shared()->count >= 0)
		h.wanted = (size_t)cli_shared()->count;
	tool_open(&h.tool, "history", &options, TOOL_CHECKS);
	if (since != NULL)
		h.filter.since_ms = take_since(since);
	buf_init(&h.line, MAX_LINE_BYTES);
	h.out = tool_source();
	run(&h, portal_id);
	if (hubspot_trouble(h.tool.api)->status != 0)
		tool_break_off(&h.tool, h.out);
	int status = tool_status(&h.tool, stream_close(h.out));
	expr_free(h.where);
	buf_release(&h.line);
	tool_close(&h.tool);
	return status;
}
