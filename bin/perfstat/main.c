/* perfstat - what spans and other timed lines say about speed.
 *
 * It reads JSON lines in constant memory, and prints no statistic that its sample cannot carry: a percentile of eight requests looks like knowledge and
 * is none.
 */
#include "base/cli.h"

#include "report.h"

static const char report_schema[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"perfstat report --json: one object for each key\",\n"
	"\"type\":\"object\",\"additionalProperties\":false,\n"
	"\"required\":[\"key\",\"n\",\"errors\",\"error_rate\",\"throughput_per_s\",\"mean_ms\",\"min_ms\",\"p50_ms\",\"p90_ms\",\"p95_ms\",\"p99_ms\",\"max_ms\"],\n"
	"\"properties\":{\n"
	" \"key\":{\"type\":\"string\"},\n"
	" \"n\":{\"type\":\"integer\",\"minimum\":1},\n"
	" \"errors\":{\"type\":\"integer\",\"minimum\":0},\n"
	" \"error_rate\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1},\n"
	" \"throughput_per_s\":{\"type\":[\"number\",\"null\"],\"description\":\"null: fewer than two, or a time is missing\"},\n"
	" \"mean_ms\":{\"type\":\"number\"},\n"
	" \"min_ms\":{\"type\":\"number\"},\n"
	" \"p50_ms\":{\"type\":[\"number\",\"null\"],\"description\":\"null: n below 5\"},\n"
	" \"p90_ms\":{\"type\":[\"number\",\"null\"],\"description\":\"null: n below 29\"},\n"
	" \"p95_ms\":{\"type\":[\"number\",\"null\"],\"description\":\"null: n below 59\"},\n"
	" \"p99_ms\":{\"type\":[\"number\",\"null\"],\"description\":\"null: n below 299\"},\n"
	" \"max_ms\":{\"type\":\"number\"}}}\n";

int main(int argc, char **argv)
{
	static const struct cli_verb verbs[] = {
		{
			.name = "report",
			.kind = CLI_SOURCE,
			.synopsis = "[--by FIELD] [--time FIELD] [--duration FIELD] [--unit UNIT] [--json] [FILE...]",
			.summary = "Count, errors, throughput, mean and percentiles of each operation.",
			.options = report_options,
			.examples = "perfstat report trace.jsonl\n"
				    "perfstat report --by tool --json trace.jsonl\n"
				    "perfstat report --by path --duration request_time --unit s access.jsonl\n",
			.schema = report_schema,
			.run = report_run,
		},
		{ 0 },
	};
	return cli_main("perfstat", "what timed operations say about speed", verbs, argc, argv);
}
