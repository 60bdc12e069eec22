/* bin/enrich/domain.h - from what a CRM holds (a website as people type it, an e-mail address) to an address that can be fetched and to the company's
 * domain: IDNA 2008 through libidn2, the registrable domain by the Public Suffix List through libpsl, URLs (RFC 3986) through libcurl. */
#ifndef ENRICH_DOMAIN_H
#define ENRICH_DOMAIN_H
#include "base/arena.h"
#include "base/buf.h"

enum { DOMAIN_MAX_URL_BYTES = 2048 };

/* An absolute http or https URL, taken apart. The texts lie in the arena given. */
struct address {
	const char *url; /* normalised: host in lower-case ASCII, path at least "/", no fragment, no user name */
	const char *origin; /* "https://www.example.com:8443", without the scheme's own port */
	const char *host; /* "www.example.com" */
	const char *domain; /* registrable: "example.com"; the host itself for an IP address or a name of one label */
	bool has_scheme; /* the text named the scheme; else url has "https" */
};

/* Reads a website as people type it: "www.acme.com", "http://acme.com/de", "//acme.com", "müller.de:8080". False where it is no web address: blanks
 * inside, a user name, another scheme, no host, a name without a dot that is not "localhost". */
bool domain_read(struct arena *arena, struct slice text, struct address *address);

/* A link or a Location header, taken relative to base. */
bool domain_resolve(struct arena *arena, const char *base, struct slice link, struct address *address);

/* The same address with "http" in place of "https". */
bool domain_plain_http(struct arena *arena, const struct address *from, struct address *address);

/* The domain part of an e-mail address, in ASCII; NULL where the text is no address. */
const char *domain_of_mail(struct arena *arena, struct slice email);

/* The registrable domain of a host in ASCII ("a.b.co.uk" gives "b.co.uk"). */
const char *domain_registrable(struct arena *arena, const char *host);

/* A page of a network that hosts other people's profiles (LinkedIn, Facebook, X, ...): never a company's own site. */
bool domain_is_platform(const char *domain);

/* LinkedIn is never fetched, on no host name of it. */
bool domain_is_linkedin(const char *domain);
#endif
