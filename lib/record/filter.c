#include "record/filter.h"

#include <errno.h>

#include "base/cli.h"
#include "record/expr.h"

enum { REASON_BYTES = 512 };

struct expr *filter_expr(const char *option, const char *source)
{
	char reason[REASON_BYTES];
	if (source == NULL)
		return NULL;
	struct expr *expr = expr_new(source, (struct slice){ NULL, 0 }, reason, sizeof reason);
	if (expr == NULL)
		cli_usage("%s: %s", option, reason);
	return expr;
}

enum record_as filter_as(const char *value)
{
	static const char *const names[] = { [RECORD_AS_CONTACT] = "contact", [RECORD_AS_COMPANY] = "company", [RECORD_AS_TASK] = "task" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(value, names[i]) == 0)
			return (enum record_as)i;
	cli_usage("--as wants contact, company or task, not \"%s\"", value);
}

struct stream *filter_open(struct stream_options options)
{
	options.paths = cli_operands(NULL);
	options.retry = cli_shared()->retry;
	options.stopping = cli_stopping;
	options.warn = cli_warn;
	struct stream *s = stream_open(&options);
	if (s == NULL)
		cli_die(EXIT_TRY_LATER, "%s", strerror(errno));
	cli_catch_stop();
	return s;
}
