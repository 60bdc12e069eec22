/* hs-tasks upsert: writes what the workflow file maps under "upsert" to contacts, found by their e-mail address; those that are not there are made.
 *
 * What has a value stays, unless the mapping or --overwrite says otherwise: good data is not overwritten by a list. How a group is written stands in upsert_group.c. */
#include "feed.h"
#include "program.h"
#include "record/write.h"
#include "verbs.h"

enum { MAX_INPUT_BYTES = 4 << 20 };
enum { OPTION_PASS = OPTION_OWN, OPTION_LINGER, OPTION_OVERWRITE };

const struct cli_option upsert_options[] = {
	{ OPTION_OVERWRITE, "overwrite", NULL, "replace values that are there" },
	{ OPTION_PASS, "pass", NULL, "print every record, not only those that could not be handled" },
	{ OPTION_LINGER, "linger", "TIME", "the longest a record waits for its batch to fill (default 2s)" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

struct upsert {
	struct feed feed;
	struct program *program;
	bool overwrites;
};

/* The body of the work, upsert_plan.h. null and "" are not written: a list never clears what is there. The address itself is never changed. */
static void put_body(const struct upsert *u, struct slice email, const struct json *values, struct buf *out)
{
	const struct json *mapping = json_get(u->feed.tool.workflow.upsert, "contact");
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_string(&w, "email", email);
	jsonw_name(&w, "properties");
	jsonw_object(&w);
	for (const struct json *value = values == NULL ? NULL : values->child; value != NULL; value = value->next) {
		bool is_empty = value->type == JSON_NULL || (value->type == JSON_STRING && value->string.len == 0);
		if (is_empty || slice_is(value->name, "email"))
			continue;
		jsonw_name_slice(&w, value->name);
		jsonw_string(&w, value->type == JSON_STRING ? value->string : value->raw);
	}
	jsonw_object_end(&w);
	jsonw_name(&w, "fill");
	jsonw_array(&w);
	for (const struct json *item = mapping->child; item != NULL && !u->overwrites; item = item->next)
		if (!slice_is(item->name, "comment") && !slice_is(json_string(item, "write", "fill"), "overwrite"))
			jsonw_string(&w, item->name);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

/* HubSpot keeps addresses in small letters, and answers so. */
static struct slice small_letters(struct arena *arena, struct slice text)
{
	char *copy = must(arena_strdup(arena, text));
	for (size_t i = 0; i < text.len; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] = (char)(copy[i] - 'A' + 'a');
	return (struct slice){ copy, text.len };
}

/* What the mapping says of the record. False: the reason is in *reason. */
static bool run_mapping(struct upsert *u, const struct record *r, const struct json **values, struct slice *reason)
{
	struct arena *scratch = &u->feed.scratch;
	struct buf out;
	struct json_error error;
	buf_init(&out, MAX_INPUT_BYTES);
	bool ok = program_run(u->program, NULL, u->feed.now, record_root(r).raw, &out);
	struct slice copy = arena_copy(scratch, buf_slice(&out));
	buf_release(&out);
	if (ok)
		*values = json_get(json_parse(scratch, copy, &error), "contact");
	else
		*reason = copy;
	return ok;
}

static bool make(struct feed *feed, const struct record *r, struct group_item *item, const char **code, struct slice *reason)
{
	struct upsert *u = feed->arg;
	const struct json *values;
	struct buf body;
	struct value v;
	*code = "workflow_failed";
	if (!run_mapping(u, r, &values, reason))
		return false;
	struct slice email = slice_trim(json_text(json_get(values, "email")));
	if (email.len == 0 && record_field(r, RECORD_AS_CONTACT, "contact.email", &v))
		email = slice_trim(value_text(v, &feed->scratch));
	*code = "no_email";
	*reason = slice_of("the record has no e-mail address to find its contact by");
	if (email.len == 0)
		return false;
	item->subject = small_letters(&feed->scratch, email);
	buf_init(&body, MAX_INPUT_BYTES);
	put_body(u, item->subject, values, &body);
	item->body = arena_copy(&feed->scratch, buf_slice(&body));
	if (body.failed || feed->scratch.failed)
		must(NULL);
	buf_release(&body);
	return true;
}

static const struct feed_verb verb = { .kind = "upsert", .make = make, .start = upsert_start };

int run_upsert(int argc, char **argv)
{
	struct upsert u = { .feed = { .verb = &verb, .linger_ms = FEED_LINGER_MS } };
	struct feed *feed = &u.feed;
	struct tool_options options = { 0 };
	char error[WORKFLOW_ERROR_BYTES];
	const char *value;
	feed->arg = &u;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;) {
		switch (key) {
		case OPTION_PASS: feed->passes_all = true; break;
		case OPTION_OVERWRITE: u.overwrites = true; break;
		case OPTION_LINGER: feed->linger_ms = cli_span_ms("--linger", value); break;
		default: tool_option(&options, key, value);
		}
	}
	tool_open(&feed->tool, "upsert", &options, TOOL_WRITES | (cli_shared()->dry_run ? TOOL_OFFLINE : 0));
	if (feed->tool.workflow.upsert == NULL)
		cli_usage("%s has no \"upsert\": it does not say what to write", feed->tool.workflow.path);
	u.program = program_new_upsert(&feed->tool.workflow, error);
	if (u.program == NULL)
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	tool_now(feed->now, NULL);
	int status = feed_run(feed, "records");
	program_free(u.program);
	tool_close(&feed->tool);
	return status;
}
