/* perfstat - what spans and other timed lines say about speed.
 *
 * It reads JSON lines in constant memory, and prints no statistic that its sample cannot carry: a percentile of eight requests looks like knowledge and
 * is none.
 */
#include "base/cli.h"

#include "report.h"

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
			.run = report_run,
		},
		{ 0 },
	};
	return cli_main("perfstat", "what timed operations say about speed", verbs, argc, argv);
}
