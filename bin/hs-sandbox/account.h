/* bin/hs-sandbox/account.h - the endpoints of owners and of the account itself. */
#ifndef SANDBOX_ACCOUNT_H
#define SANDBOX_ACCOUNT_H
#include "call.h"

void owner_list(struct call *c);
void owner_get(struct call *c);
void account_details(struct call *c);
void account_usage(struct call *c);
#endif
