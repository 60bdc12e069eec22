/* outreach send - delivers rendered mails that a person approved, each once.
 *
 * A filter: records that are no rendered mails pass. A Maildir or outbox that cannot be written makes every mail an error record that can be tried again,
 * never a lost line; the status then is 74. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/config.h"

#include "approved.h"
#include "choose.h"
#include "deliver.h"
#include "outreach.h"

enum { OPT_MAILDIR = CLI_LONG, OPT_APPROVED, OPT_UNATTENDED };

const struct cli_option send_options[] = {
	{ OPT_MAILDIR, "maildir", "DIR", "deliver into this Maildir; made where it is missing" },
	{ OPT_APPROVED, "approved", "FILE", "send only what outreach approve listed in FILE" },
	{ OPT_UNATTENDED, "unattended", NULL, "send what nobody has read" },
	{ 0 },
};

const char send_schema[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"outreach send: members of a record, lead(5)\",\"type\":\"object\",\n"
	"\"properties\":{\n"
	" \"task\":{\"type\":\"object\",\"description\":\"read: hs_task_subject\"},\n"
	" \"contact\":{\"type\":\"object\",\"description\":\"read: hs_email_optout, outreach_status\"},\n"
	" \"outreach\":{\"type\":\"object\",\"description\":\"read; written: at, state, reason\",\n"
	"  \"required\":[\"message_id\",\"from\",\"to\",\"subject\",\"text\",\"state\"],\"properties\":{\n"
	"  \"at\":{\"type\":\"string\",\"format\":\"date-time\"},\n"
	"  \"state\":{\"enum\":[\"rendered\",\"sent\",\"suppressed\",\"unknown\"]},\"reason\":{\"type\":\"string\"}}}}}\n";

struct sending {
	const char *maildir_path, *approved_path;
	bool is_unattended;
	struct approved approved;
	struct deliverer deliverer;
	char broken[DELIVER_MESSAGE_BYTES]; /* why nothing can be delivered at all; "" while it can */
	bool has_io_failed;
	struct arena scratch;
	struct buf json;
};

static void parse_options(struct sending *s, int argc, char **argv)
{
	const char *value;
	*s = (struct sending){ .maildir_path = NULL };
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		switch (key) {
		case OPT_MAILDIR: s->maildir_path = value; break;
		case OPT_APPROVED: s->approved_path = value; break;
		case OPT_UNATTENDED: s->is_unattended = true; break;
		}
	if (s->maildir_path == NULL)
		cli_usage("--maildir DIR says where the mails go");
	if (s->approved_path == NULL && !s->is_unattended)
		cli_usage(
			"nobody has approved these mails: \"outreach approve FILE > mails.ok\", read it, then --approved mails.ok; or --unattended");
	if (s->approved_path != NULL && s->is_unattended)
		cli_usage("--approved and --unattended exclude each other");
}

static void load_approved(struct sending *s)
{
	char error[CONFIG_ERROR_BYTES];
	struct buf text;
	if (s->approved_path == NULL)
		return;
	buf_init(&text, APPROVED_MAX_BYTES + 1);
	if (!config_read_file(s->approved_path, APPROVED_MAX_BYTES, &text, error) ||
		!approved_parse(&s->approved, s->approved_path, buf_slice(&text), error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	buf_release(&text);
}

static void open_outbox(struct sending *s)
{
	char error[CONFIG_ERROR_BYTES];
	struct buf path;
	_Static_assert((int)CONFIG_ERROR_BYTES >= (int)OUTBOX_ERROR_BYTES, "one buffer serves both");
	buf_init(&path, PATH_MAX_BYTES);
	if (!config_state_dir(&path, error))
		cli_die(EXIT_USAGE_ERROR, "%s", error);
	buf_puts(&path, "/outbox.db");
	s->deliverer.outbox = outbox_open(buf_text(&path), cli_shared()->dry_run, error);
	if (s->deliverer.outbox == NULL)
		snprintf(s->broken, sizeof s->broken, "outbox: %s", error);
	buf_release(&path);
}

static void open_maildir(struct sending *s)
{
	char real[PATH_MAX_BYTES];
	s->deliverer.maildir = maildir_open(s->maildir_path);
	if (s->deliverer.maildir == NULL && errno == ENOTDIR)
		cli_die(EXIT_USAGE_ERROR, "%s: holds other things and is no Maildir (a folder with tmp, new and cur)", s->maildir_path);
	if (s->deliverer.maildir == NULL || realpath(s->maildir_path, real) == NULL)
		snprintf(s->broken, sizeof s->broken, "%s: %s", s->maildir_path, strerror(errno));
	else
		snprintf(s->deliverer.target, sizeof s->deliverer.target, "maildir:%s", real);
}

static const char *io_failed(struct sending *s, struct record *r, const char *reason)
{
	if (!s->has_io_failed)
		cli_warn("%s", reason);
	s->has_io_failed = true;
	record_put_error(r, "outreach", "io_failed", true, "%s", reason);
	return "io_failed";
}

static const char *deliver(struct sending *s, struct record *r, const struct mail *m)
{
	char at[CLOCK_TEXT_BYTES], reason[DELIVER_MESSAGE_BYTES];
	int64_t at_ms = clock_now_ms(&cli_shared()->clock);
	if (s->broken[0] != '\0')
		return io_failed(s, r, s->broken);
	enum delivered result = deliver_mail(&s->deliverer, m, &at_ms, reason);
	clock_format(at_ms, at);
	switch (result) {
	case DELIVER_SENT: mail_put_state(r, &s->json, at, "sent", NULL); return NULL;
	case DELIVER_UNKNOWN: mail_put_state(r, &s->json, at, "unknown", reason); return "unknown";
	case DELIVER_ALREADY: record_put_error(r, "outreach", "already_sent", false, "%s", reason); return "already_sent";
	case DELIVER_INTERRUPTED: record_put_error(r, "outreach", "interrupted", true, "%s", reason); return "interrupted";
	case DELIVER_FAILED: break;
	}
	return io_failed(s, r, reason);
}

static void show_dry_run(struct sending *s, const struct mail *m)
{
	struct outbox_entry entry = { .state = OUTBOX_NONE };
	char key[MAIL_KEY_BYTES + 1];
	struct slice text = mail_key(m->message_id);
	snprintf(key, sizeof key, "%.*s", (int)text.len, text.ptr);
	bool is_known = s->deliverer.outbox != NULL && outbox_get(s->deliverer.outbox, key, &entry) == 0;
	cli_warn("%s %.*s to %.*s: %.*s", is_known && entry.state == OUTBOX_SENT ? "was sent already:" : "would send", (int)m->message_id.len,
		m->message_id.ptr, (int)m->to.len, m->to.ptr, (int)m->subject.len, m->subject.ptr);
}

/* The error's code, or NULL. */
static const char *send_record(struct sending *s, struct record *r)
{
	struct value v;
	struct mail m;
	const char *reason;
	char digest[SHA256_HEX_BYTES], at[CLOCK_TEXT_BYTES];
	struct slice subject = record_field(r, RECORD_AS_CONTACT, "task.hs_task_subject", &v) ? value_text(v, &s->scratch) : (struct slice)SLICE("");
	const char *suppressed = mail_suppressed(r, &s->scratch, choose_is_follow_up(subject));
	if (suppressed != NULL) {
		clock_format(clock_now_ms(&cli_shared()->clock), at);
		mail_put_state(r, &s->json, at, "suppressed", suppressed);
		return NULL;
	}
	if (!mail_read(r, &s->scratch, &m, &reason) || (reason = mail_check(&m)) != NULL) {
		record_put_error(r, "outreach", "bad_outreach", false, "%s", reason);
		return "bad_outreach";
	}
	mail_digest(&m, digest);
	if (!s->is_unattended && !approved_has(&s->approved, digest)) {
		record_put_error(r, "outreach", "not_approved", false, "%s is not in %s: nobody has approved these bytes", digest, s->approved_path);
		return "not_approved";
	}
	if (cli_shared()->dry_run) {
		show_dry_run(s, &m);
		return NULL;
	}
	return deliver(s, r, &m);
}

static void process(struct sending *s, struct tool *tool, struct record *r)
{
	int64_t due_ms = clock_real_ms(), start_us = clock_steady_us();
	struct value id;
	arena_reset(&s->scratch);
	if (!slice_is(mail_state(r, &s->scratch), "rendered"))
		return;
	const char *code = send_record(s, r);
	struct slice task = record_path(r, &id, "task", "id", NULL) ? value_text(id, &s->scratch) : (struct slice)SLICE("");
	tool_span(tool, "mail.send", due_ms, start_us, code, task);
}

int send_run(int argc, char **argv)
{
	struct sending s;
	struct tool tool;
	parse_options(&s, argc, argv);
	load_approved(&s);
	open_outbox(&s);
	if (!cli_shared()->dry_run)
		open_maildir(&s);
	arena_init(&s.scratch, SCRATCH_MAX_BYTES);
	buf_init(&s.json, OUTPUT_MAX_BYTES);
	/* Quoted-printable makes three bytes of one at most. */
	buf_init(&s.deliverer.message, 4 * (size_t)OUTPUT_MAX_BYTES);
	tool_open(&tool, STDOUT_FILENO);
	for (struct record *r; (r = stream_next(tool.stream)) != NULL;) {
		process(&s, &tool, r);
		stream_put(tool.stream, r);
	}
	int status = tool_close(&tool);
	buf_release(&s.deliverer.message);
	buf_release(&s.json);
	arena_release(&s.scratch);
	maildir_close(s.deliverer.maildir);
	outbox_close(s.deliverer.outbox);
	approved_release(&s.approved);
	return s.has_io_failed && status <= EXIT_SOME_FAILED ? EXIT_IO_FAILED : status;
}
