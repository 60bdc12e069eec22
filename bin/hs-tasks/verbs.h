/* bin/hs-tasks/verbs.h - the verbs, one file each, and what several of them read from the command line. */
#ifndef HS_TASKS_VERBS_H
#define HS_TASKS_VERBS_H
#include "base/cli.h"
#include "tool.h"

extern const struct cli_option list_options[], claim_options[], complete_options[], join_options[], create_options[], setup_options[],
	check_options[], status_options[], keep_options[], fail_options[], snooze_options[], release_options[], escalate_options[], dead_options[],
	run_options[], limits_options[], history_options[], undo_options[], pause_options[], resume_options[], upsert_options[], contacts_options[];

int run_list(int argc, char **argv);
int run_contacts(int argc, char **argv);
int run_claim(int argc, char **argv);
int run_complete(int argc, char **argv);
int run_join(int argc, char **argv);
int run_create(int argc, char **argv);
int run_setup(int argc, char **argv);
int run_check(int argc, char **argv);
int run_status(int argc, char **argv);
int run_keep(int argc, char **argv);
int run_fail(int argc, char **argv);
int run_snooze(int argc, char **argv);
int run_release(int argc, char **argv);
int run_escalate(int argc, char **argv);
int run_dead(int argc, char **argv);
int run_run(int argc, char **argv);
int run_upsert(int argc, char **argv);
int run_limits(int argc, char **argv);

/* dead retry: the records of standard input or the operands are worked again from the first attempt. */
int dispose_retry(const struct tool_options *options, bool passes_all);
int run_history(int argc, char **argv);
int run_undo(int argc, char **argv);
int run_pause(int argc, char **argv);
int run_resume(int argc, char **argv);

/* The route of --type; NULL for all. "other" sets *only_other: tasks that are no route's. Usage error where the file has none of that name. */
const struct route *take_route(const struct workflow *w, const char *name, bool *only_other);

/* The value of --portal: digits. */
const char *take_portal(const char *value);

/* Usage error where there are operands. */
void no_operands(void);
#endif
