/* bin/perfstat/table.h - a report as a table for readers, or as a JSON object a line for programs. */
#ifndef PERFSTAT_TABLE_H
#define PERFSTAT_TABLE_H
#include "base/buf.h"

#include "series.h"

/* `by` heads the first column. A line "(all)" ends it where there are two series or more; `total` is that line. */
void table_put(struct buf *out, const char *by, const struct series *series, size_t count, const struct series *total);

/* One line: key n errors error_rate throughput_per_s mean_ms min_ms p50_ms p90_ms p95_ms p99_ms max_ms; null for what the sample cannot carry. */
void table_put_json(struct buf *out, const struct series *series);
#endif
