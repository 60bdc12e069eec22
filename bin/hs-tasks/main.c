/* hs-tasks - tasks of a HubSpot portal as a work queue: claims them, prints them as records, writes back what became of them.
 *
 * The only program that talks to the CRM: all others add members to records. Each verb is a file of its own; what they share is tool.h. */
#include <malloc.h>

#include "portal.h"
#include "verbs.h"

/* The JSON Schema of what the record verbs read and write, lead(5). */
static const char schema[] = "{\n"
			     "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
			     "  \"title\": \"hs-tasks: the members that it reads and writes\",\n"
			     "  \"type\": \"object\",\n"
			     "  \"$defs\": {\n"
			     "    \"object\": {\n"
			     "      \"type\": \"object\",\n"
			     "      \"properties\": {\n"
			     "        \"id\": { \"type\": \"string\" },\n"
			     "        \"properties\": { \"type\": \"object\", \"additionalProperties\": { \"type\": [\"string\", \"null\"] } }\n"
			     "      },\n"
			     "      \"required\": [\"id\", \"properties\"]\n"
			     "    }\n"
			     "  },\n"
			     "  \"properties\": {\n"
			     "    \"task\": { \"$ref\": \"#/$defs/object\" },\n"
			     "    \"contact\": { \"$ref\": \"#/$defs/object\" },\n"
			     "    \"company\": { \"$ref\": \"#/$defs/object\" },\n"
			     "    \"read_at\": { \"type\": \"string\", \"format\": \"date-time\" },\n"
			     "    \"lease\": {\n"
			     "      \"type\": \"object\",\n"
			     "      \"properties\": {\n"
			     "        \"token\": { \"type\": \"string\" },\n"
			     "        \"expires\": { \"type\": \"string\", \"format\": \"date-time\" },\n"
			     "        \"attempt\": { \"type\": \"integer\", \"minimum\": 1 },\n"
			     "        \"host\": { \"type\": \"string\" }\n"
			     "      },\n"
			     "      \"required\": [\"token\", \"expires\", \"attempt\", \"host\"]\n"
			     "    },\n"
			     "    \"error\": {\n"
			     "      \"type\": \"object\",\n"
			     "      \"properties\": {\n"
			     "        \"tool\": { \"type\": \"string\" },\n"
			     "        \"code\": { \"type\": \"string\" },\n"
			     "        \"message\": { \"type\": \"string\" },\n"
			     "        \"retryable\": { \"type\": \"boolean\" }\n"
			     "      },\n"
			     "      \"required\": [\"tool\", \"code\"]\n"
			     "    }\n"
			     "  }\n"
			     "}\n";

static const struct cli_verb verbs[] = {
	{ "list", CLI_SOURCE,
		"[--type ROUTE] [--status LIST] [--priority LIST] [--owner WHO] [--queue ID] [--due-before TIME] [--due-after TIME] [--due WHICH] [--subject REGEX] [--contact WHO] [--company WHO] [--no-join] [-n N] [--where EXPR]",
		"print tasks with contact and company", list_options,
		"hs-tasks list -n 5\nhs-tasks list --type qualify --status NOT_STARTED --due-before today", schema, run_list },
	{ "claim", CLI_EFFECT, "[--type ROUTE] [-n N] [--lease TIME] [--max-lease TIME] [--window N] [--every TIME] [--dry-run]",
		"take due tasks for this run alone, and print them", claim_options, "hs-tasks claim --type enrich | enrich | hs-tasks complete",
		schema, run_claim },
	{ "contacts", CLI_SOURCE, "[--since TIME] [--until TIME] [--no-join] [-n N] [--where EXPR]", "print contacts with their company",
		contacts_options, "hs-tasks contacts --since yesterday | qualify", schema, run_contacts },
	{ "complete", CLI_FILTER | CLI_EFFECT, "[--pass] [--linger TIME] [--if EXPR] [--retry] [--dry-run] [FILE...]",
		"write back what became of claimed tasks", complete_options,
		"hs-tasks complete --dry-run < worked.jsonl\nhs-tasks complete < worked.jsonl >> dead.jsonl", schema, run_complete },
	{ "run", CLI_REPORT, "[--type ROUTE] [--once | --watch] [--every TIME] [--lease TIME] [--max-lease TIME]",
		"claim, work by each route's filter, and complete: once or for good", run_options,
		"hs-tasks run --once\nhs-tasks run --watch --every 30s >> dead.jsonl", NULL, run_run },
	{ "fail", CLI_FILTER | CLI_EFFECT, "[--reason TEXT] [--pass] [--if EXPR] [--retry] [--dry-run] [FILE...]", "set tasks WAITING with a reason",
		fail_options, "hs-tasks fail --reason 'No budget this year' < worked.jsonl", schema, run_fail },
	{ "snooze", CLI_FILTER | CLI_EFFECT, "--until WHEN [--reason TEXT] [--pass] [--if EXPR] [--retry] [--dry-run] [FILE...]",
		"put tasks off to a later day", snooze_options, "hs-tasks snooze --until 'in 3 days' < records.jsonl", schema, run_snooze },
	{ "release", CLI_FILTER | CLI_EFFECT, "[--pass] [--if EXPR] [--retry] [--dry-run] [FILE...]", "give claimed tasks back unworked",
		release_options, "hs-tasks release < records.jsonl", schema, run_release },
	{ "escalate", CLI_FILTER | CLI_EFFECT, "--owner NAME [--reason TEXT] [--pass] [--if EXPR] [--retry] [--dry-run] [FILE...]",
		"hand tasks to another owner", escalate_options, "hs-tasks dead list | hs-tasks escalate --owner human", schema, run_escalate },
	{ "dead", CLI_FILTER | CLI_SOURCE | CLI_EFFECT,
		"list [--type ROUTE] [-n N] [--where EXPR] | retry [--pass] [--if EXPR] [--retry] [--dry-run] [FILE...]",
		"list what was given up, or have it worked again", dead_options,
		"hs-tasks dead list | jq -r .task.properties.leadpipe_reason\nhs-tasks dead list --type enrich | hs-tasks dead retry", schema,
		run_dead },
	{ "join", CLI_FILTER, "[--max-age TIME] [--if EXPR] [--retry] [FILE...]", "add contact and company to records that have an id or an e-mail",
		join_options, "mlr --icsv --ojsonl cat leads.csv | hs-tasks join | enrich", schema, run_join },
	{ "upsert", CLI_FILTER | CLI_EFFECT, "[--overwrite] [--pass] [--linger TIME] [--if EXPR] [--retry] [--dry-run] [FILE...]",
		"write records to their contacts, found by e-mail", upsert_options,
		"mlr --icsv --ojsonl cat leads.csv | hs-tasks join | enrich | qualify | hs-tasks upsert --dry-run\nhs-tasks upsert < scored.jsonl >> dead.jsonl",
		schema, run_upsert },
	{ "create", CLI_FILTER | CLI_EFFECT,
		"--subject TEXT [--body TEXT] [--due WHEN] [--priority PRIORITY] [--owner NAME] [--task-type TYPE] [--key TEXT] [--contact ID] [--company ID] [--pass] [--dry-run] [FILE...]",
		"make tasks, from records or for one contact", create_options,
		"hs-tasks create --subject 'Enrich Data for {$name}' < contacts.jsonl\nhs-tasks create --subject 'Call back' --contact 101 --owner human",
		schema, run_create },
	{ "setup", CLI_EFFECT, "[--dry-run]", "make the properties that leases and workflow need", setup_options,
		"hs-tasks setup --dry-run\nhs-tasks setup", NULL, run_setup },
	{ "check", CLI_REPORT, "[--json]", "see whether all is ready: token, scopes, clock, properties, workflow", check_options, "hs-tasks check",
		NULL, run_check },
	{ "status", CLI_REPORT, "[--json]", "count tasks by route and state", status_options, "hs-tasks status\nhs-tasks status --json | jq .due",
		NULL, run_status },
	{ "limits", CLI_REPORT, "[--json]", "what all processes together have used of HubSpot's limits", limits_options, "hs-tasks limits", NULL,
		run_limits },
	{ "history", CLI_SOURCE, "[--since TIME] [--run RUN] [--contact WHO] [--task ID] [--portal ID] [-n N] [--where EXPR]",
		"print what was written, from the journal: one line an effect", history_options,
		"hs-tasks history --since 18:00\nhs-tasks history --contact ann@acme.example | qualify explain", NULL, run_history },
	{ "undo", CLI_EFFECT, "[--reopen] [--dry-run] [RUN] [FILE...]", "take back a run, or what lines of history name", undo_options,
		"hs-tasks undo --dry-run 17\nhs-tasks history --since 18:00 | jq -c 'select(.route == \"qualify\")' | hs-tasks undo", NULL,
		run_undo },
	{ "pause", CLI_REPORT, "[--reason TEXT] [--portal ID] [ROUTE...]", "let claim leave routes alone; without ROUTE list them", pause_options,
		"hs-tasks pause outreach --reason 'template under review'\nhs-tasks pause", NULL, run_pause },
	{ "resume", CLI_REPORT, "[--portal ID] ROUTE...", "end that", resume_options, "hs-tasks resume outreach", NULL, run_resume },
	{ "keep", CLI_REPORT, "--run RUN [--lease TIME] [--max-lease TIME] [--readers LIST]",
		"keep the leases of a claim while its records are worked; claim starts it", keep_options, NULL, NULL, run_keep },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL },
};

const struct route *take_route(const struct workflow *w, const char *name, bool *only_other)
{
	*only_other = name != NULL && strcmp(name, "other") == 0;
	if (name == NULL || *only_other)
		return NULL;
	const struct route *route = workflow_route_named(w, slice_of(name));
	if (route == NULL)
		cli_usage("--type: %s has no route \"%s\"", w->path, name);
	return route;
}

const char *take_portal(const char *value)
{
	uint64_t id;
	if (!slice_to_u64(slice_of(value), &id) || strlen(value) >= PORTAL_TEXT_BYTES)
		cli_usage("--portal wants a portal's id, a number, not \"%s\"", value);
	return value;
}

void no_operands(void)
{
	int count;
	char **operands = cli_operands(&count);
	if (count > 0)
		cli_usage("unexpected operand \"%s\"", operands[0]);
}

enum { LARGE_BLOCK_BYTES = 128 << 10 };

int main(int argc, char **argv)
{
	/* Without this glibc moves the bound up with each large block that is freed, and answers of some 100 KiB each stay in a heap full of holes. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
	return cli_main("hs-tasks", "Tasks of a HubSpot portal as a work queue.", verbs, argc, argv);
}
