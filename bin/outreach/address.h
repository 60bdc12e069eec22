/* bin/outreach/address.h - mail addresses: dot-atom "@" domain (RFC 5322 3.4.1) within the lengths of RFC 5321 4.5.3.1.
 *
 * Left out on purpose: quoted local parts, address literals, comments, domains of one label, and addresses that are not ASCII (they need
 * SMTPUTF8, RFC 6531). A contact that has one of these is reported, never mailed by guess. */
#ifndef OUTREACH_ADDRESS_H
#define OUTREACH_ADDRESS_H
#include "base/slice.h"

/* RFC 5321: 64 bytes before the "@", a path of 256 with its brackets, labels of 63 (RFC 1035). */
enum { ADDRESS_MAX_BYTES = 254, ADDRESS_MAX_LOCAL_BYTES = 64, ADDRESS_MAX_LABEL_BYTES = 63, ADDRESS_MAX_NAME_BYTES = 256 };

/* NULL where it is one address, else the reason why not (static). */
const char *address_check(struct slice address);

/* What comes after the "@"; the address has been checked. */
struct slice address_domain(struct slice address);

/* "Name <address>", "\"Name\" <address>" or an address alone (then *name is empty). NULL, or the reason why not (static). */
const char *address_parse(struct slice text, struct slice *name, struct slice *address);
#endif
