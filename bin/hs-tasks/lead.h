/* bin/hs-tasks/lead.h - writes a record of lead(5) from what HubSpot gave. */
#ifndef HS_TASKS_LEAD_H
#define HS_TASKS_LEAD_H
#include "lease.h"
#include "record/write.h"
#include "relate.h"

/* {"task":…,"contact":…,"company":…,"read_at":…} as far as there; no brace at the end, so that more members can follow. False: it has no member yet. */
bool lead_put(struct buf *out, const struct relate_item *item, const char *read_at);

/* The task as it stands once it is claimed: IN_PROGRESS, with its attempt, without the lease properties (they are the record's `lease`). */
void lead_put_claimed_task(struct buf *out, const struct lease *lease);

/* "lease":{"token","expires","attempt","host"} */
void lead_put_lease(struct buf *out, const char *host, const char *token, int64_t expires_ms, int64_t attempt);

/* "error":{"tool","code","message","retryable"} */
void lead_put_error(struct buf *out, const char *code, bool is_retryable, const char *message);
/* An element of "associations" in a create: to the object with that id, of HubSpot's own type; nothing where the id is empty. */
void lead_put_association(struct jsonw *w, struct slice id, int type);
#endif
