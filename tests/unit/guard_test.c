#include "net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "check.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static union address parse(const char *text)
{
	union address a = { .any = { .sa_family = AF_UNSPEC } };
	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1)
		a.in.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1)
		a.in6.sin6_family = AF_INET6;
	else
		fail_msg("%s is no address", text);
	return a;
}

#define PRIVATE GUARD_PRIVATE
#define NEVER GUARD_NEVER
#define GLOBAL GUARD_GLOBAL

/* First and last address of each block, and their neighbours outside. */
static const struct {
	const char *address;
	enum guard_verdict want;
	const char *reason;
} rows[] = {
	{ "0.0.0.0", NEVER, "this network" },
	{ "0.1.2.3", NEVER, "this network" },
	{ "0.255.255.255", NEVER, "this network" },
	{ "1.0.0.0", GLOBAL, NULL },
	{ "1.1.1.1", GLOBAL, NULL },
	{ "8.8.8.8", GLOBAL, NULL },
	{ "9.255.255.255", GLOBAL, NULL },
	{ "10.0.0.0", PRIVATE, "private network" },
	{ "10.1.2.3", PRIVATE, "private network" },
	{ "10.255.255.255", PRIVATE, "private network" },
	{ "11.0.0.0", GLOBAL, NULL },
	{ "100.63.255.255", GLOBAL, NULL },
	{ "100.64.0.0", NEVER, "shared address space of a carrier" },
	{ "100.100.100.200", NEVER, "shared address space of a carrier" },
	{ "100.127.255.255", NEVER, "shared address space of a carrier" },
	{ "100.128.0.0", GLOBAL, NULL },
	{ "126.255.255.255", GLOBAL, NULL },
	{ "127.0.0.0", PRIVATE, "loopback" },
	{ "127.0.0.1", PRIVATE, "loopback" },
	{ "127.255.255.255", PRIVATE, "loopback" },
	{ "128.0.0.0", GLOBAL, NULL },
	{ "168.63.129.15", GLOBAL, NULL },
	{ "168.63.129.16", NEVER, "platform service of a cloud" },
	{ "168.63.129.17", GLOBAL, NULL },
	{ "169.253.255.255", GLOBAL, NULL },
	{ "169.254.0.0", NEVER, "link-local" },
	{ "169.254.169.254", NEVER, "link-local" },
	{ "169.254.255.255", NEVER, "link-local" },
	{ "169.255.0.0", GLOBAL, NULL },
	{ "172.15.255.255", GLOBAL, NULL },
	{ "172.16.0.0", PRIVATE, "private network" },
	{ "172.31.255.255", PRIVATE, "private network" },
	{ "172.32.0.0", GLOBAL, NULL },
	{ "191.255.255.255", GLOBAL, NULL },
	{ "192.0.0.0", NEVER, "protocol assignments" },
	{ "192.0.0.8", NEVER, "protocol assignments" },
	{ "192.0.0.9", NEVER, "protocol assignments" },
	{ "192.0.0.170", NEVER, "protocol assignments" },
	{ "192.0.0.192", NEVER, "protocol assignments" },
	{ "192.0.1.0", GLOBAL, NULL },
	{ "192.0.2.0", NEVER, "documentation" },
	{ "192.0.2.255", NEVER, "documentation" },
	{ "192.0.3.0", GLOBAL, NULL },
	{ "192.31.195.255", GLOBAL, NULL },
	{ "192.31.196.1", NEVER, "AS112" },
	{ "192.31.197.0", GLOBAL, NULL },
	{ "192.52.193.1", NEVER, "AMT" },
	{ "192.52.194.0", GLOBAL, NULL },
	{ "192.88.99.1", NEVER, "6to4 relay" },
	{ "192.88.100.0", GLOBAL, NULL },
	{ "192.167.255.255", GLOBAL, NULL },
	{ "192.168.0.0", PRIVATE, "private network" },
	{ "192.168.1.1", PRIVATE, "private network" },
	{ "192.168.255.255", PRIVATE, "private network" },
	{ "192.169.0.0", GLOBAL, NULL },
	{ "192.175.48.1", NEVER, "AS112" },
	{ "192.175.49.0", GLOBAL, NULL },
	{ "198.17.255.255", GLOBAL, NULL },
	{ "198.18.0.0", NEVER, "benchmarking" },
	{ "198.19.255.255", NEVER, "benchmarking" },
	{ "198.20.0.0", GLOBAL, NULL },
	{ "198.51.99.255", GLOBAL, NULL },
	{ "198.51.100.7", NEVER, "documentation" },
	{ "198.51.101.0", GLOBAL, NULL },
	{ "203.0.112.255", GLOBAL, NULL },
	{ "203.0.113.1", NEVER, "documentation" },
	{ "203.0.114.0", GLOBAL, NULL },
	{ "223.255.255.255", GLOBAL, NULL },
	{ "224.0.0.0", NEVER, "multicast" },
	{ "224.0.0.251", NEVER, "multicast" },
	{ "239.255.255.255", NEVER, "multicast" },
	{ "240.0.0.0", NEVER, "reserved" },
	{ "255.255.255.254", NEVER, "reserved" },
	{ "255.255.255.255", NEVER, "reserved" },

	{ "::", NEVER, "unspecified" },
	{ "::1", PRIVATE, "loopback" },
	{ "::2", NEVER, "this network" },
	{ "2000::1", GLOBAL, NULL },
	{ "2606:4700::6810:84e5", GLOBAL, NULL },
	{ "2a00:1450:4001:81b::200e", GLOBAL, NULL },
	{ "3ffe:ffff::1", GLOBAL, NULL },
	{ "3fff::", NEVER, "documentation" },
	{ "3fff:0fff:ffff::1", NEVER, "documentation" },
	{ "3fff:1000::", GLOBAL, NULL },
	{ "4000::1", NEVER, "not global unicast" },
	{ "5f00::1", NEVER, "not global unicast" },
	{ "100::1", NEVER, "not global unicast" },
	{ "100:0:0:1::1", NEVER, "not global unicast" },
	{ "1fff:ffff::1", NEVER, "not global unicast" },
	{ "2001:1::1", NEVER, "protocol assignments" },
	{ "2001:2::1", NEVER, "protocol assignments" },
	{ "2001:3::1", NEVER, "protocol assignments" },
	{ "2001:4:112::1", NEVER, "protocol assignments" },
	{ "2001:10::1", NEVER, "protocol assignments" },
	{ "2001:20::1", NEVER, "protocol assignments" },
	{ "2001:30::1", NEVER, "protocol assignments" },
	{ "2001:1ff:ffff::1", NEVER, "protocol assignments" },
	{ "2001:200::1", GLOBAL, NULL },
	{ "2001:db7:ffff::1", GLOBAL, NULL },
	{ "2001:db8::1", NEVER, "documentation" },
	{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", NEVER, "documentation" },
	{ "2001:db9::1", GLOBAL, NULL },
	{ "2620:4f:8000::1", NEVER, "AS112" },
	{ "2620:4f:8001::1", GLOBAL, NULL },
	{ "fbff::1", NEVER, "not global unicast" },
	{ "fc00::1", PRIVATE, "private network" },
	{ "fd00:ec2::254", PRIVATE, "private network" },
	{ "fdff:ffff::1", PRIVATE, "private network" },
	{ "fe00::1", NEVER, "not global unicast" },
	{ "fe80::1", NEVER, "link-local" },
	{ "febf:ffff::1", NEVER, "link-local" },
	{ "fec0::1", NEVER, "not global unicast" },
	{ "ff02::1", NEVER, "multicast" },
	{ "ffff::1", NEVER, "multicast" },

	/* IPv4 inside IPv6: mapped, translated, compatible */
	{ "::ffff:8.8.8.8", GLOBAL, NULL },
	{ "::ffff:127.0.0.1", PRIVATE, "loopback" },
	{ "::ffff:169.254.169.254", NEVER, "link-local" },
	{ "::ffff:0.0.0.0", NEVER, "this network" },
	{ "::ffff:0:8.8.8.8", GLOBAL, NULL },
	{ "::ffff:0:10.0.0.1", PRIVATE, "private network" },
	{ "::8.8.8.8", GLOBAL, NULL },
	{ "::192.168.0.1", PRIVATE, "private network" },
	/* NAT64 */
	{ "64:ff9b::8.8.8.8", GLOBAL, NULL },
	{ "64:ff9b::10.0.0.1", PRIVATE, "private network" },
	{ "64:ff9b::169.254.169.254", NEVER, "link-local" },
	{ "64:ff9b:0:1::8.8.8.8", NEVER, "not global unicast" },
	{ "64:ff9b:1::8.8.8.8", GLOBAL, NULL },
	{ "64:ff9b:1::127.0.0.1", PRIVATE, "loopback" },
	{ "64:ff9b:1:ab:0:0:8.8.8.8", GLOBAL, NULL },
	{ "64:ff9b:1:ab:0:0:169.254.169.254", NEVER, "link-local" },
	{ "64:ff9b:1:0808:8:0800::", GLOBAL, NULL }, /* 8.8.8.8 under a /48, 8.8.8.0 under a /56, 8.8.0.0 under a /64 */
	{ "64:ff9b:1:a00:0:100::", NEVER, "this network" }, /* 10.0.1.0, 0.1.0.0 */
	{ "64:ff9b:1:c0a8:1:100::", PRIVATE, "private network" }, /* 192.168.1.1, 168.1.1.0 */
	{ "64:ff9b:1:0a:8:0808::", PRIVATE, "private network" }, /* under a /56 10.8.8.8 */
	{ "64:ff9b:1:0:7f:0:0100:0", PRIVATE, "loopback" }, /* under a /64 127.0.0.1 */
	{ "64:ff9b:1::", NEVER, "this network" },
	{ "64:ff9b:1:0:100::8.8.8.8", NEVER, "NAT64 address of no known form" },
	{ "64:ff9b:2::8.8.8.8", NEVER, "not global unicast" },
	/* 6to4 */
	{ "2002:808:808::1", GLOBAL, NULL },
	{ "2002:7f00:1::1", PRIVATE, "loopback" },
	{ "2002:a9fe:a9fe::1", NEVER, "link-local" },
	{ "2002:c0a8:101::", PRIVATE, "private network" },
	{ "2003::1", GLOBAL, NULL },
	/* Teredo: server, then client with its bits turned over */
	{ "2001:0:808:808::f7f7:f7f7", GLOBAL, NULL },
	{ "2001:0:808:808::80ff:fffe", PRIVATE, "loopback" },
	{ "2001:0:a00:1::f7f7:f7f7", PRIVATE, "private network" },
	{ "2001:0:808:808::5601:5601", NEVER, "link-local" },
	/* ISATAP */
	{ "2606:4700::5efe:8.8.8.8", GLOBAL, NULL },
	{ "2606:4700::5efe:10.0.0.1", PRIVATE, "private network" },
	{ "2606:4700::200:5efe:127.0.0.1", PRIVATE, "loopback" },
};

static void judges_every_block_and_its_neighbours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		union address a = parse(rows[i].address);
		const char *reason = "untouched";
		enum guard_verdict verdict = guard_judge(&a.any, &reason);
		if (verdict != rows[i].want || (reason == NULL) != (rows[i].reason == NULL) ||
			(reason != NULL && strcmp(reason, rows[i].reason) != 0))
			fail_msg("%s: verdict %d (%s), wanted %d (%s)", rows[i].address, verdict, reason == NULL ? "-" : reason, rows[i].want,
				rows[i].reason == NULL ? "-" : rows[i].reason);
		assert_int_equal(guard_allows(&a.any, NULL), rows[i].want == GLOBAL);
	}
}

/* Every form that carries an IPv4 address inside says of it what the address itself is said to be. */
static void wrapping_changes_nothing(void **state)
{
	static const char *const forms[] = { "::ffff:%d.%d.%d.%d", "::ffff:0:%d.%d.%d.%d", "64:ff9b::%d.%d.%d.%d", "64:ff9b:1:7:0:0:%d.%d.%d.%d",
		"2606:4700::5efe:%d.%d.%d.%d" };
	unsigned checked = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(rows) && strchr(rows[i].address, ':') == NULL; i++)
		for (size_t form = 0; form < COUNT(forms); form++) {
			int a, b, c, d;
			char text[64];
			assert_int_equal(sscanf(rows[i].address, "%d.%d.%d.%d", &a, &b, &c, &d), 4);
			if (form == 3 && b + c + d == 0)
				continue; /* could be under another prefix length too, and is judged by that as well */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof text, forms[form], a, b, c, d);
#pragma GCC diagnostic pop
			union address address = parse(text);
			const char *reason;
			if (guard_judge(&address.any, &reason) != rows[i].want)
				fail_msg("%s: %s", text, reason == NULL ? "let through" : reason);
			checked++;
		}
	assert_true(checked > 300);
}

static void refuses_what_is_no_internet_address(void **state)
{
	union address a = { .un = { .sun_family = AF_UNIX, .sun_path = "/tmp/x" } };
	const char *reason;
	(void)state;
	assert_false(guard_allows(&a.any, &reason));
	assert_string_equal(reason, "no internet address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_every_block_and_its_neighbours),
		cmocka_unit_test(wrapping_changes_nothing),
		cmocka_unit_test(refuses_what_is_no_internet_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
