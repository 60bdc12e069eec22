/* hs-tasks - tasks of a HubSpot portal as a work queue: claims them, prints them as records, writes back what became of them.
 *
 * The only program that talks to the CRM: all others add members to records. Each verb is a file of its own; what they share is tool.h. */
#include <malloc.h>

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
	{ "contacts", CLI_SOURCE, "[--since TIME] [--until TIME] [--no-join] [-n N] [--where EXPR]", "print contacts with their company",
		contacts_options, "hs-tasks contacts --since yesterday | qualify", schema, run_contacts },
	{ "claim", CLI_EFFECT, "[--type ROUTE] [-n N] [--lease TIME] [--dry-run]", "take due tasks for this run alone, and print them", claim_options,
		"hs-tasks claim --type enrich | enrich | hs-tasks complete", schema, run_claim },
	{ "complete", CLI_FILTER | CLI_EFFECT, "[--pass] [--linger TIME] [--if EXPR] [--retry] [--dry-run] [FILE...]",
		"write back what became of claimed tasks", complete_options,
		"hs-tasks complete --dry-run < worked.jsonl\nhs-tasks complete < worked.jsonl >> dead.jsonl", schema, run_complete },
	{ "join", CLI_FILTER, "[--if EXPR] [--retry] [FILE...]", "add contact and company to records that have an id or an e-mail", join_options,
		"mlr --icsv --ojsonl cat leads.csv | hs-tasks join | enrich", schema, run_join },
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
