/* lib/net/guard.h - which addresses a fetcher may connect to: only global unicast, judged after name resolution, at connect time.
 *
 * Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries; RFC 6890, 6598 (100.64.0.0/10), 6052 and 8215 (NAT64: the IPv4 inside is
 * judged), 3056 (6to4), 4380 (Teredo), 5214 (ISATAP). All blocks of the registries are refused, also the few that are globally reachable (AS112, AMT,
 * anycast of a local service): no company's page lies there. */
#ifndef NET_GUARD_H
#define NET_GUARD_H
#include <stdbool.h>
#include <sys/socket.h>

enum guard_verdict {
	GUARD_GLOBAL,
	GUARD_PRIVATE, /* loopback and private networks: a caller may choose to let them through */
	GUARD_NEVER, /* everything else, among it link-local with the cloud's metadata service */
};

/* *reason (may be NULL) is a few words, static; NULL for GUARD_GLOBAL. */
enum guard_verdict guard_judge(const struct sockaddr *address, const char **reason);

/* Whether a connection may be made; *reason (may be NULL) is a few words, static, where not. */
bool guard_allows(const struct sockaddr *address, const char **reason);
#endif
