/* outreach approve - the digests of rendered mails, for a person to read and let through.
 *
 * A digest covers every byte that would be sent (mail.c), so what was approved is what goes out. Deleting a line is a refusal. */
#include "base/escape.h"
#include "record/write.h"

#include "mail.h"
#include "outreach.h"

enum { OPT_SHOW = CLI_LONG, OPT_JSON };

const struct cli_option approve_options[] = {
	{ OPT_SHOW, "show", NULL, "print the mails themselves, to be read" },
	{ OPT_JSON, "json", NULL, "a JSON object a line" },
	{ 0 },
};

enum form { FORM_TABLE, FORM_SHOW, FORM_JSON };

static void put_field(struct buf *out, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	buf_printf(out, "%s: ", name);
	escape_terminal(out, value);
	buf_putc(out, '\n');
}

static void put_shown(struct buf *out, const struct mail *m, const char *digest)
{
	buf_printf(out, "======== %s\n", digest);
	put_field(out, "From", m->from);
	put_field(out, "To", m->to);
	put_field(out, "Subject", m->subject);
	put_field(out, "Message-ID", m->message_id);
	put_field(out, "In-Reply-To", m->in_reply_to);
	put_field(out, "List-Unsubscribe", m->list_unsubscribe);
	buf_putc(out, '\n');
	escape_terminal_lines(out, m->text);
	if (m->html.len > 0) {
		buf_puts(out, "\n-------- HTML part\n");
		escape_terminal_lines(out, m->html);
	}
	buf_putc(out, '\n');
}

static void put_json(struct buf *out, const struct mail *m, const char *digest)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_text(&w, "digest", digest);
	jsonw_put_string(&w, "message_id", m->message_id);
	jsonw_put_string(&w, "to", m->to);
	jsonw_put_string(&w, "subject", m->subject);
	jsonw_object_end(&w);
	buf_putc(out, '\n');
}

static void put_mail(struct buf *out, const struct mail *m, enum form form)
{
	char digest[SHA256_HEX_BYTES];
	mail_digest(m, digest);
	if (form == FORM_SHOW) {
		put_shown(out, m, digest);
	} else if (form == FORM_JSON) {
		put_json(out, m, digest);
	} else {
		buf_printf(out, "%s  %.*s  %.*s  ", digest, (int)m->message_id.len, m->message_id.ptr, (int)m->to.len, m->to.ptr);
		escape_terminal(out, m->subject);
		buf_putc(out, '\n');
	}
}

int approve_run(int argc, char **argv)
{
	enum form form = FORM_TABLE;
	struct tool tool;
	struct arena scratch;
	struct buf out;
	const char *value, *reason;
	bool has_bad = false;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case OPT_SHOW: form = FORM_SHOW; break;
		case OPT_JSON: form = FORM_JSON; break;
		}
	arena_init(&scratch, SCRATCH_MAX_BYTES);
	buf_init(&out, 8 * (size_t)OUTPUT_MAX_BYTES);
	tool_open(&tool, -1);
	for (struct record *r; (r = stream_next(tool.stream)) != NULL;) {
		struct mail m;
		arena_reset(&scratch);
		buf_reset(&out);
		if (!slice_is(mail_state(r, &scratch), "rendered")) {
			cli_note("%s: not a rendered mail", stream_place(tool.stream));
			continue;
		}
		bool is_good = mail_read(r, &scratch, &m, &reason) && (reason = mail_check(&m)) == NULL;
		if (is_good)
			put_mail(&out, &m, form);
		else
			cli_warn("%s: cannot be approved: %s", stream_place(tool.stream), reason);
		has_bad = has_bad || !is_good;
		if (out.failed)
			cli_die(EXIT_IO_FAILED, "%s: too large to show", stream_place(tool.stream));
		cli_print(buf_slice(&out));
	}
	buf_release(&out);
	arena_release(&scratch);
	int status = tool_close(&tool);
	return status == EXIT_OK && has_bad ? EXIT_SOME_FAILED : status;
}
