/* bin/hs-tasks/budget.h - the calls that HubSpot grants: so many in ten seconds, searches in a second, and in a day. Shared by all processes of this machine that
 * have the same address and token (net/governor.h).
 *
 * The day's calls need no slots: HubSpot says with each answer how many are left. What is shared of them is the news that they are used up. HubSpot's usage guidelines
 * (read in August 2026): the count starts anew at midnight in the account's time zone; no answer says when that is. So one call in ten minutes finds out. */
#ifndef HS_TASKS_BUDGET_H
#define HS_TASKS_BUDGET_H
#include "net/http.h"

enum budget_part { BUDGET_CALLS, BUDGET_SEARCHES, BUDGET_DAY, BUDGET_PARTS };

struct budget {
	struct governor *parts[BUDGET_PARTS];
};

/* folder: of the files; NULL: for this process alone. Ends the program where it cannot be. */
void budget_open(struct budget *b, const char *folder);
void budget_close(struct budget *b);

/* Takes from an answer what it says of the day. */
void budget_note(struct budget *b, const struct http_response *response);

/* True where the day's calls are used up and nobody is to ask now; `message` says so. */
bool budget_is_used_up(struct budget *b, char *message, size_t size);
#endif
