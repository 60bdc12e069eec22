/* outreach - mails from leads: rendered from templates, read and approved by a person, delivered each once.
 *
 * Three verbs because there are three powers: render has no effect, approve belongs to a person, and only send sends. What goes from one to the next is
 * plain records and plain digests, so that a mail can be reviewed like any other text.
 */
#include "outreach.h"

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{
			.name = "render",
			.kind = CLI_FILTER,
			.synopsis = "[--template NAME|FILE] [--from ADDRESS] [FILE...]",
			.summary = "Render a mail for each record: adds the member outreach.",
			.options = render_options,
			.examples = "hs-tasks claim --type outreach | outreach render > mails.jsonl\n"
				    "outreach render --template ./launch.mail --from 'Ada <ada@example.com>' leads.jsonl\n",
			.schema = render_schema,
			.run = render_run,
		},
		{
			.name = "approve",
			.kind = CLI_REPORT,
			.synopsis = "[--show] [--json] [FILE...]",
			.summary = "Print the digests of rendered mails, for outreach send --approved.",
			.options = approve_options,
			.examples = "outreach approve --show mails.jsonl | less\n"
				    "outreach approve mails.jsonl > mails.ok\n",
			.run = approve_run,
		},
		{
			.name = "send",
			.kind = CLI_FILTER | CLI_EFFECT,
			.synopsis = "--maildir DIR (--approved FILE | --unattended) [FILE...]",
			.summary = "Deliver rendered mails into a Maildir, each once.",
			.options = send_options,
			.examples = "outreach send --approved mails.ok --maildir ~/sent mails.jsonl | hs-tasks complete\n",
			.schema = send_schema,
			.run = send_run,
		},
		{ .run = NULL },
	};
	return cli_main("outreach", "Mails from leads: rendered from templates, approved by a person, delivered each once.", verbs, argc, argv);
}
