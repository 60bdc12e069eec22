/* bin/hs-sandbox/lag.h - a search index that is behind the writes, as HubSpot's is.
 *
 * With a lag, searches judge by the table TYPE_index in place of TYPE: the same columns, each record as it was a lag ago. Triggers copy a written
 * record, with the time of the write, into TYPE_pending; lag_catch_up moves into the index what is old enough. So a write costs one copy, and a search
 * only what became visible since the one before. Links between records go the same way.
 *
 * All of it lies in the portal's file: what was under way when the sandbox ended becomes visible a lag after it was written, as if nothing had
 * happened. A portal without a lag has none of these tables. */
#ifndef SANDBOX_LAG_H
#define SANDBOX_LAG_H
#include "schema.h"

/* Makes the index and its triggers where they are missing, with what is there now visible; or removes them. In a transaction. */
void lag_start(struct store *s, const struct schema schemas[TYPE_COUNT]);
void lag_stop(struct store *s);

/* Makes visible what was written at or before that time (real time, milliseconds since 1970). */
void lag_catch_up(struct store *s, int64_t written_ms);
#endif
