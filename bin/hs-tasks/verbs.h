/* bin/hs-tasks/verbs.h - the verbs, one file each, and what several of them read from the command line. */
#ifndef HS_TASKS_VERBS_H
#define HS_TASKS_VERBS_H
#include "base/cli.h"
#include "due.h"
#include "workflow.h"

extern const struct cli_option list_options[], claim_options[], complete_options[], join_options[], create_options[], setup_options[],
	check_options[], status_options[];
extern const struct cli_option contacts_options[];

int run_list(int argc, char **argv);
int run_contacts(int argc, char **argv);
int run_claim(int argc, char **argv);
int run_complete(int argc, char **argv);
int run_join(int argc, char **argv);
int run_create(int argc, char **argv);
int run_setup(int argc, char **argv);
int run_check(int argc, char **argv);
int run_status(int argc, char **argv);

/* The route of --type; NULL for all. "other" sets *only_other: tasks that are no route's. Usage error where the file has none of that name. */
const struct route *take_route(const struct workflow *w, const char *name, bool *only_other);

/* Usage error where there are operands. */
void no_operands(void);
#endif
