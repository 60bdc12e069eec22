/* bin/qualify/explain.h - a verdict in words, from the member `qualification` of a record or of a line of hs-tasks history. */
#ifndef QUALIFY_EXPLAIN_H
#define QUALIFY_EXPLAIN_H
#include "record/record.h"

/* A paragraph behind out: who, score and tier, the reasons, what is missing, what to do next, and by which rules. Control bytes come out as \xNN. False: the record has no
 * qualification with a score, and nothing is put. */
bool explain_record(struct buf *out, const struct record *r, struct arena *scratch);

/* The verb: reads records, prints a paragraph for each result. */
int explain_run(int argc, char **argv);
#endif
