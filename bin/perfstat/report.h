/* bin/perfstat/report.h - the verb report: how long operations took. */
#ifndef PERFSTAT_REPORT_H
#define PERFSTAT_REPORT_H
#include "base/cli.h"

extern const struct cli_option report_options[];
int report_run(int argc, char **argv);
#endif
