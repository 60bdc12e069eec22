/* bin/hs-tasks/portal.h - what all claimers of one portal must agree on, and who is who in it.
 *
 * The settings stand in the portal itself, in the description of the task property leadpipe_lease, where setup puts them: no flag can make two
 * claimers differ. */
#ifndef HS_TASKS_PORTAL_H
#define HS_TASKS_PORTAL_H
#include "hubspot.h"
#include "workflow.h"

enum { PORTAL_WINDOW_MS = 5000, PORTAL_SETTLE_MS = 5500, PORTAL_READBACK_MS = 120000, PORTAL_TEXT_BYTES = 64 };

struct portal {
	char id[PORTAL_TEXT_BYTES]; /* portalId */
	char account_type[PORTAL_TEXT_BYTES]; /* STANDARD, DEVELOPER_TEST, SANDBOX, APP_DEVELOPER */
	bool is_set_up; /* the settings were there */
	int64_t window_ms; /* W: a claim's write counts only if it is answered so soon after its read was sent */
	int64_t settle_ms; /* S: the wait before reading back who won */
	int64_t readback_ms; /* after that a create whose answer was lost has taken effect, or never will: HubSpot itself gives up after 100 s */
	char settings_id[PORTAL_TEXT_BYTES]; /* the portal that the settings were made for; another than id in a copy of it */
	bool has_unique_key[OBJECT_COUNT]; /* leadpipe_key is unique there */
	char owner_ids[WORKFLOW_OWNERS][PORTAL_TEXT_BYTES]; /* of the workflow's owners; "" where none is asked for */
};

enum { PORTAL_SETTINGS = 1, PORTAL_ACCOUNT = 2, PORTAL_OWNERS = 4, PORTAL_FRESH = 8 /* not from what is known (known.h) */ };

/* Asks for the parts named, at once, and waits. The portal is all zeroes at first; what was loaded before stays. False: hubspot_trouble says why (bad_config for an owner that is not there, or a portal without setup). */
bool portal_load(struct portal *portal, struct hubspot *api, const struct workflow *workflow, unsigned parts);

/* For a dry run without network: keys count as unique, owners stand as "<name>". */
void portal_assume(struct portal *portal, const struct workflow *workflow);

/* The id of a workflow's owner by its name there; empty where there is none of that name. */
struct slice portal_owner(const struct portal *portal, const struct workflow *workflow, struct slice name);

/* The id of the user with that e-mail address. False: hubspot_trouble says why. */
bool portal_find_owner(struct hubspot *api, const char *email, char id[PORTAL_TEXT_BYTES]);

/* The settings as the property's description; and back. False where the text holds none. */
void portal_put_settings(const struct portal *portal, struct buf *text);
bool portal_take_settings(struct portal *portal, struct slice text);
#endif
