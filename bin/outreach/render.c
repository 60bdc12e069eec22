/* outreach render - from records to mails. A filter without effect: what it writes can be read, cut and approved before anything is sent. */
#include <stdio.h>
#include <unistd.h>

#include "base/config.h"
#include "record/write.h"

#include "address.h"
#include "choose.h"
#include "letters.h"
#include "outreach.h"

enum { OPT_TEMPLATE = CLI_LONG, OPT_FROM };

const struct cli_option render_options[] = {
	{ OPT_TEMPLATE, "template", "NAME|FILE", "this template for all (default: by the task's subject and the lead's tier)" },
	{ OPT_FROM, "from", "ADDRESS", "sender: \"Name <address>\" (default: outreach.from in the settings)" },
	{ 0 },
};

const char render_schema[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"outreach render: members of a record, lead(5)\",\"type\":\"object\",\n"
	"\"properties\":{\n"
	" \"task\":{\"type\":\"object\",\"description\":\"read: id, hs_task_subject, hs_task_body, and what the template names\"},\n"
	" \"contact\":{\"type\":\"object\",\"description\":\"read: email, hs_email_optout, outreach_status, lead_tier, and what the template names\"},\n"
	" \"company\":{\"type\":\"object\",\"description\":\"read: what the template names\"},\n"
	" \"enrichment\":{\"type\":\"object\",\"description\":\"read: facts that the template names\"},\n"
	" \"qualification\":{\"type\":\"object\",\"description\":\"read: tier, and what the template names\"},\n"
	" \"outreach\":{\"type\":\"object\",\"description\":\"written\",\"required\":[\"at\",\"state\"],\"additionalProperties\":false,\"properties\":{\n"
	"  \"at\":{\"type\":\"string\",\"format\":\"date-time\"},\n"
	"  \"message_id\":{\"type\":\"string\",\"pattern\":\"^<[0-9a-f]{40}@[^>]+>$\"},\"in_reply_to\":{\"type\":\"string\"},\n"
	"  \"to\":{\"type\":\"string\"},\"from\":{\"type\":\"string\"},\"list_unsubscribe\":{\"type\":\"string\"},\n"
	"  \"subject\":{\"type\":\"string\"},\"text\":{\"type\":\"string\"},\"html\":{\"type\":\"string\"},\n"
	"  \"template\":{\"type\":\"string\"},\"step\":{\"type\":\"integer\"},\"follow_up_days\":{\"type\":\"integer\"},\n"
	"  \"state\":{\"enum\":[\"rendered\",\"suppressed\"]},\"reason\":{\"type\":\"string\"}}}}}\n";

struct renderer {
	struct config config;
	struct sender sender;
	struct letters letters;
	const char *template_name; /* NULL: chosen for each record */
	struct arena scratch;
	struct buf text, json;
};

static void set_sender(struct renderer *f, const char *from)
{
	if (from == NULL)
		from = config_text(&f->config, "LEADPIPE_OUTREACH_FROM", "outreach.from");
	if (from == NULL)
		cli_die(EXIT_USAGE_ERROR, "no sender: give --from \"Name <address>\", or set outreach.from in the settings");
	f->sender.from = slice_of(from);
	const char *reason = address_parse(f->sender.from, &f->sender.name, &f->sender.address);
	if (reason != NULL)
		cli_die(EXIT_USAGE_ERROR, "the sender \"%s\" is no mail address: %s", from, reason);
	const char *signature = config_text(&f->config, "LEADPIPE_OUTREACH_SIGNATURE", "outreach.signature");
	f->sender.signature = slice_of(signature == NULL ? "" : signature);
	const char *unsubscribe = config_text(&f->config, "LEADPIPE_OUTREACH_UNSUBSCRIBE", "outreach.unsubscribe");
	f->sender.unsubscribe = slice_of(unsubscribe == NULL ? "" : unsubscribe);
	reason = unsubscribe == NULL ? NULL : address_check(f->sender.unsubscribe);
	if (reason != NULL)
		cli_die(EXIT_USAGE_ERROR, "outreach.unsubscribe \"%s\" is no mail address: %s", unsubscribe, reason);
}

static void open_renderer(struct renderer *f, int argc, char **argv)
{
	char error[CONFIG_ERROR_BYTES];
	const char *from = NULL, *value;
	const struct letter *letter;
	*f = (struct renderer){ .template_name = NULL };
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case OPT_TEMPLATE: f->template_name = value; break;
		case OPT_FROM: from = value; break;
		}
	if (!config_load(&f->config, cli_shared()->config_path, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	set_sender(f, from);
	f->letters.folder = config_text(&f->config, "LEADPIPE_OUTREACH_TEMPLATES", "outreach.templates");
	if (f->template_name != NULL) {
		enum letters_result result = letters_get(&f->letters, f->template_name, &letter, error);
		if (result == LETTER_ABSENT)
			cli_die(EXIT_USAGE_ERROR, "no template \"%s\"; a name stands for NAME.mail, a path with a slash for a file",
				f->template_name);
		if (result == LETTER_WRONG)
			cli_die(EXIT_USAGE_ERROR, "%s", error);
	}
	arena_init(&f->scratch, SCRATCH_MAX_BYTES);
	buf_init(&f->text, TEMPLATE_PARTS * (size_t)MAIL_MAX_PART_BYTES * 2);
	buf_init(&f->json, OUTPUT_MAX_BYTES);
}

static void close_renderer(struct renderer *f)
{
	letters_release(&f->letters);
	buf_release(&f->json);
	buf_release(&f->text);
	arena_release(&f->scratch);
	config_release(&f->config);
}

static void put_optional(struct jsonw *w, const char *name, struct slice text)
{
	if (text.len > 0)
		jsonw_put_string(w, name, text);
}

/* `letter` and the mail's parts only where there is a mail; `reason` only where there is none. */
static void put_outreach(struct renderer *f, struct record *r, const struct mail *m, const struct letter *letter, const char *reason)
{
	char at[CLOCK_TEXT_BYTES];
	struct jsonw w;
	clock_format(clock_now_ms(&cli_shared()->clock), at);
	buf_reset(&f->json);
	jsonw_init(&w, &f->json);
	jsonw_object(&w);
	jsonw_put_text(&w, "at", at);
	put_optional(&w, "message_id", m->message_id);
	put_optional(&w, "in_reply_to", m->in_reply_to);
	put_optional(&w, "to", m->to);
	put_optional(&w, "from", m->from);
	put_optional(&w, "list_unsubscribe", m->list_unsubscribe);
	put_optional(&w, "subject", m->subject);
	put_optional(&w, "text", m->text);
	put_optional(&w, "html", m->html);
	if (letter != NULL) {
		jsonw_put_text(&w, "template", letter->name);
		jsonw_put_int(&w, "step", template_step(letter->template));
		jsonw_put_int(&w, "follow_up_days", template_follow_up_days(letter->template));
	}
	jsonw_put_text(&w, "state", reason == NULL ? "rendered" : "suppressed");
	if (reason != NULL)
		jsonw_put_text(&w, "reason", reason);
	jsonw_object_end(&w);
	if (f->json.failed)
		record_put_error(r, "outreach", "mail_too_large", false, "the mail is larger than a record may be");
	else
		record_put(r, "outreach", buf_slice(&f->json));
}

/* The letter for a record; NULL where the sequence has none for its step (the reason is in c->message). */
static const struct letter *choose_letter(struct renderer *f, const struct task_view *view, struct composition *c)
{
	char name[CHOOSE_NAME_BYTES], error[CONFIG_ERROR_BYTES];
	const struct letter *letter = NULL;
	choose_template(view->subject, view->tier, view->previous.step, name);
	const char *wanted = f->template_name != NULL ? f->template_name : name;
	enum letters_result result = letters_get(&f->letters, wanted, &letter, error);
	if (result == LETTER_WRONG)
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	if (result == LETTER_ABSENT && (!view->is_follow_up || view->previous.step < 2))
		cli_die(EXIT_USAGE_ERROR, "no template \"%s\": is the installation whole? LEADPIPE_SHARE names the folder that holds templates/",
			wanted);
	if (result == LETTER_ABSENT)
		snprintf(c->message, sizeof c->message, "the sequence has ended: there is no template %s", wanted);
	return letter;
}

/* The error's code, or NULL. */
static const char *render_record(struct renderer *f, struct record *r)
{
	struct composition c;
	const struct letter *letter = NULL;
	arena_reset(&f->scratch);
	struct task_view view = compose_view(r, &f->scratch);
	enum composed verdict = compose_recipient(r, &view, &f->scratch, &c);
	if (verdict == COMPOSED) {
		letter = choose_letter(f, &view, &c);
		verdict = letter == NULL ? COMPOSE_SUPPRESSED : compose_mail(r, &view, letter, &f->sender, &f->scratch, &f->text, &c);
	}
	if (verdict == COMPOSE_FAILED)
		record_put_error(r, "outreach", c.code, false, "%s", c.message);
	else
		put_outreach(f, r, &c.mail, verdict == COMPOSED ? letter : NULL, verdict == COMPOSED ? NULL : c.message);
	return verdict == COMPOSE_FAILED ? c.code : NULL;
}

int render_run(int argc, char **argv)
{
	struct renderer renderer;
	struct tool tool;
	open_renderer(&renderer, argc, argv);
	tool_open(&tool, STDOUT_FILENO);
	for (struct record *r; (r = stream_next(tool.stream)) != NULL;) {
		int64_t due_ms = clock_real_ms(), start_us = clock_steady_us();
		struct value id;
		const char *code = render_record(&renderer, r);
		struct slice task = record_path(r, &id, "task", "id", NULL) ? value_text(id, &renderer.scratch) : (struct slice)SLICE("");
		tool_span(&tool, "mail.render", due_ms, start_us, code, task);
		stream_put(tool.stream, r);
	}
	close_renderer(&renderer);
	return tool_close(&tool);
}
