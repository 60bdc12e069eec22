/* bin/hs-tasks/verbs.h - the verbs, one file each, and what several of them read from the command line. */
#ifndef HS_TASKS_VERBS_H
#define HS_TASKS_VERBS_H
#include "base/cli.h"
#include "due.h"
#include "workflow.h"

extern const struct cli_option list_options[], claim_options[], complete_options[], join_options[], create_options[], setup_options[],
	check_options[], status_options[], keep_options[];
extern const struct cli_option history_options[], undo_options[], pause_options[], resume_options[];

int run_list(int argc, char **argv);
int run_claim(int argc, char **argv);
int run_complete(int argc, char **argv);
int run_join(int argc, char **argv);
int run_create(int argc, char **argv);
int run_setup(int argc, char **argv);
int run_check(int argc, char **argv);
int run_status(int argc, char **argv);
int run_keep(int argc, char **argv);
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
