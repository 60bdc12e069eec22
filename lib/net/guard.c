#include "net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block {
	uint8_t bytes[16];
	unsigned prefix_bits;
	enum guard_verdict verdict;
	const char *reason;
};

static const struct block ipv4_blocks[] = {
	{ { 0 }, 8, GUARD_NEVER, "this network" },
	{ { 10 }, 8, GUARD_PRIVATE, "private network" },
	{ { 100, 64 }, 10, GUARD_NEVER, "shared address space of a carrier" },
	{ { 127 }, 8, GUARD_PRIVATE, "loopback" },
	{ { 168, 63, 129, 16 }, 32, GUARD_NEVER, "platform service of a cloud" }, /* Azure's; the one such address outside the registries */
	{ { 169, 254 }, 16, GUARD_NEVER, "link-local" },
	{ { 172, 16 }, 12, GUARD_PRIVATE, "private network" },
	{ { 192, 0, 0 }, 24, GUARD_NEVER, "protocol assignments" },
	{ { 192, 0, 2 }, 24, GUARD_NEVER, "documentation" },
	{ { 192, 31, 196 }, 24, GUARD_NEVER, "AS112" },
	{ { 192, 52, 193 }, 24, GUARD_NEVER, "AMT" },
	{ { 192, 88, 99 }, 24, GUARD_NEVER, "6to4 relay" },
	{ { 192, 168 }, 16, GUARD_PRIVATE, "private network" },
	{ { 192, 175, 48 }, 24, GUARD_NEVER, "AS112" },
	{ { 198, 18 }, 15, GUARD_NEVER, "benchmarking" },
	{ { 198, 51, 100 }, 24, GUARD_NEVER, "documentation" },
	{ { 203, 0, 113 }, 24, GUARD_NEVER, "documentation" },
	{ { 224 }, 4, GUARD_NEVER, "multicast" },
	{ { 240 }, 4, GUARD_NEVER, "reserved" },
};

/* What is named here; all else outside 2000::/3 is refused too. Teredo is judged before its block, 2001::/23. */
static const struct block ipv6_blocks[] = {
	{ { 0 }, 128, GUARD_NEVER, "unspecified" },
	{ { [15] = 1 }, 128, GUARD_PRIVATE, "loopback" },
	{ { 0x20, 0x01 }, 23, GUARD_NEVER, "protocol assignments" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, GUARD_NEVER, "documentation" },
	{ { 0x26, 0x20, 0x00, 0x4f, 0x80, 0x00 }, 48, GUARD_NEVER, "AS112" },
	{ { 0x3f, 0xff }, 20, GUARD_NEVER, "documentation" },
	{ { 0xfc }, 7, GUARD_PRIVATE, "private network" },
	{ { 0xfe, 0x80 }, 10, GUARD_NEVER, "link-local" },
	{ { 0xff }, 8, GUARD_NEVER, "multicast" },
};

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(address, prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static enum guard_verdict judge_blocks(const uint8_t *address, const struct block *blocks, size_t count, const char **reason)
{
	for (size_t i = 0; i < count; i++)
		if (has_prefix(address, blocks[i].bytes, blocks[i].prefix_bits)) {
			*reason = blocks[i].reason;
			return blocks[i].verdict;
		}
	return GUARD_GLOBAL;
}

static enum guard_verdict judge_ipv4(const uint8_t a[4], const char **reason)
{
	return judge_blocks(a, ipv4_blocks, sizeof ipv4_blocks / sizeof ipv4_blocks[0], reason);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	while (len > 0 && bytes[len - 1] == 0)
		len--;
	return len == 0;
}

/* NAT64 with a prefix of the network's own under 64:ff9b:1::/48. RFC 6052 section 2.2 has one place for the IPv4 address for each prefix length, and the
 * length cannot be seen: every reading that the zeros at the end permit must be harmless. */
static enum guard_verdict judge_local_nat64(const uint8_t a[16], const char **reason)
{
	static const struct {
		uint8_t at[4], end;
	} readings[] = { { { 6, 7, 9, 10 }, 11 }, { { 7, 9, 10, 11 }, 12 }, { { 9, 10, 11, 12 }, 13 }, { { 12, 13, 14, 15 }, 16 } };
	enum guard_verdict worst = GUARD_GLOBAL;
	if (a[8] != 0) {
		*reason = "NAT64 address of no known form";
		return GUARD_NEVER;
	}
	for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
		const uint8_t *at = readings[i].at, inside[4] = { a[at[0]], a[at[1]], a[at[2]], a[at[3]] };
		const char *why = NULL;
		if (!all_zero(a + readings[i].end, 16u - readings[i].end) || (readings[i].end == 16 && all_zero(inside, 4) && !all_zero(a + 6, 6)))
			continue;
		enum guard_verdict verdict = judge_ipv4(inside, &why);
		if (verdict > worst) {
			worst = verdict;
			*reason = why;
		}
	}
	return worst;
}

static enum guard_verdict judge_teredo(const uint8_t a[16], const char **reason)
{
	uint8_t client[4];
	for (size_t i = 0; i < 4; i++)
		client[i] = a[12 + i] ^ 0xff;
	enum guard_verdict verdict = judge_ipv4(a + 4, reason);
	return verdict != GUARD_GLOBAL ? verdict : judge_ipv4(client, reason);
}

static enum guard_verdict judge_ipv6(const uint8_t a[16], const char **reason)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff }, translated[12] = { [8] = 0xff, [9] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b }, local_nat64[6] = { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 };
	static const uint8_t six_to_four[2] = { 0x20, 0x02 }, teredo[4] = { 0x20, 0x01, 0x00, 0x00 };
	if (has_prefix(a, mapped, 96) || has_prefix(a, translated, 96) || has_prefix(a, nat64, 96))
		return judge_ipv4(a + 12, reason);
	if (has_prefix(a, local_nat64, 48))
		return judge_local_nat64(a, reason);
	if (has_prefix(a, six_to_four, 16))
		return judge_ipv4(a + 2, reason);
	if (has_prefix(a, teredo, 32))
		return judge_teredo(a, reason);
	enum guard_verdict verdict = judge_blocks(a, ipv6_blocks, sizeof ipv6_blocks / sizeof ipv6_blocks[0], reason);
	if (verdict != GUARD_GLOBAL)
		return verdict;
	if (all_zero(a, 12)) /* IPv4-compatible */
		return judge_ipv4(a + 12, reason);
	if (a[0] >> 5 != 1) {
		*reason = "not global unicast";
		return GUARD_NEVER;
	}
	if ((a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe) /* ISATAP */
		return judge_ipv4(a + 12, reason);
	return GUARD_GLOBAL;
}

enum guard_verdict guard_judge(const struct sockaddr *address, const char **reason)
{
	const char *unused;
	if (reason == NULL)
		reason = &unused;
	*reason = NULL;
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;
		uint8_t bytes[4];
		memcpy(&in, address, sizeof in);
		memcpy(bytes, &in.sin_addr, sizeof bytes);
		return judge_ipv4(bytes, reason);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, address, sizeof in6);
		return judge_ipv6(in6.sin6_addr.s6_addr, reason);
	}
	*reason = "no internet address";
	return GUARD_NEVER;
}

bool guard_allows(const struct sockaddr *address, const char **reason)
{
	return guard_judge(address, reason) == GUARD_GLOBAL;
}
