#include "domain.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <idn2.h>
#include <libpsl.h>
#include <stdlib.h>

enum { MAX_HOST_BYTES = 253 };

/* Other people's profiles, link collections and shops of shops. A shop or blog below its own name is no platform: the Public Suffix List parts those. */
static const char *const platforms[] = { "linkedin.com", "lnkd.in", "facebook.com", "fb.com", "fb.me", "instagram.com", "x.com", "twitter.com",
	"t.co", "youtube.com", "youtu.be", "xing.com", "tiktok.com", "pinterest.com", "github.com", "gitlab.com", "medium.com", "linktr.ee",
	"google.com", "g.page", "goo.gl", "bit.ly", "yelp.com", "crunchbase.com", "wikipedia.org", "amazon.com", "ebay.com", "etsy.com",
	"whatsapp.com", "wa.me", "t.me", "calendly.com" };

bool domain_is_platform(const char *domain)
{
	for (size_t i = 0; i < sizeof platforms / sizeof platforms[0]; i++)
		if (strcmp(domain, platforms[i]) == 0)
			return true;
	return domain_is_linkedin(domain);
}

bool domain_is_linkedin(const char *domain)
{
	return strcmp(domain, "lnkd.in") == 0 || strcmp(domain, "licdn.com") == 0 || strncmp(domain, "linkedin.", strlen("linkedin.")) == 0;
}

static bool is_ip(const char *host)
{
	struct in_addr four;
	return host[0] == '[' || inet_pton(AF_INET, host, &four) == 1;
}

const char *domain_registrable(struct arena *arena, const char *host)
{
	if (is_ip(host))
		return arena_strdup(arena, slice_of(host));
	const psl_ctx_t *psl = psl_builtin();
	const char *found = psl == NULL ? NULL : psl_registrable_domain(psl, host);
	return arena_strdup(arena, slice_of(found == NULL ? host : found));
}

/* Lower case and IDNA 2008 with the mapping of UTS 46; NULL where the name is none. */
static const char *ascii_host(struct arena *arena, struct slice host)
{
	char *ascii = NULL, *copy = NULL;
	while (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	const char *text = arena_strdup(arena, host);
	if (text == NULL || host.len == 0 || strlen(text) != host.len)
		return NULL;
	if (text[0] == '[')
		return text;
	if (idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	size_t len = strlen(ascii);
	bool clean = len > 0 && len <= MAX_HOST_BYTES && strspn(ascii, "abcdefghijklmnopqrstuvwxyz0123456789-._") == len &&
		strstr(ascii, "..") == NULL && ascii[0] != '.';
	if (clean)
		copy = arena_strdup(arena, slice_of(ascii));
	idn2_free(ascii);
	return copy;
}

/* One part of a parsed URL into the arena; NULL where it is absent. */
static const char *part(struct arena *arena, CURLU *url, CURLUPart what, unsigned flags)
{
	char *text = NULL;
	if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
		return NULL;
	const char *copy = arena_strdup(arena, slice_of(text));
	curl_free(text);
	return copy;
}

/* Normalises what is in `url` and fills the address from it. */
static bool take(struct arena *arena, CURLU *url, struct address *a)
{
	const char *scheme = part(arena, url, CURLUPART_SCHEME, 0);
	const char *host = part(arena, url, CURLUPART_HOST, 0);
	if (scheme == NULL || host == NULL || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		return false;
	host = ascii_host(arena, slice_of(host));
	if (host == NULL || curl_url_set(url, CURLUPART_HOST, host, 0) != CURLUE_OK)
		return false;
	curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	curl_url_set(url, CURLUPART_USER, NULL, 0);
	curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
	const char *port = part(arena, url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
	a->host = host;
	a->url = part(arena, url, CURLUPART_URL, CURLU_NO_DEFAULT_PORT);
	a->origin = arena_printf(arena, "%s://%s%s%s", scheme, host, port == NULL ? "" : ":", port == NULL ? "" : port).ptr;
	a->domain = domain_registrable(arena, host);
	return a->url != NULL && strlen(a->url) <= DOMAIN_MAX_URL_BYTES && a->domain != NULL && !arena->failed;
}

/* A scheme is letters before "://"; "acme.com:8080" has none, and "mailto:a@b" is none of ours. */
static bool names_scheme(struct slice text)
{
	for (size_t i = 0; i + 2 < text.len; i++) {
		char c = text.ptr[i];
		if (c == ':')
			return i > 0 && text.ptr[i + 1] == '/' && text.ptr[i + 2] == '/';
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return false;
	}
	return false;
}

static bool is_typed_address(struct slice text)
{
	if (text.len == 0 || text.len > DOMAIN_MAX_URL_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7f || text.ptr[i] == '\\')
			return false;
	return true;
}

bool domain_read(struct arena *arena, struct slice text, struct address *address)
{
	*address = (struct address){ .url = NULL };
	text = slice_trim(text);
	if (!is_typed_address(text))
		return false;
	address->has_scheme = names_scheme(text);
	if (slice_starts(text, "//"))
		text = (struct slice){ text.ptr + 2, text.len - 2 };
	const char *full = arena_printf(arena, "%s%.*s", address->has_scheme ? "" : "https://", (int)text.len, text.ptr).ptr;
	CURLU *url = curl_url();
	/* A user name before the host is an e-mail address in the wrong field, or a trick. */
	bool ok = url != NULL && full != NULL && curl_url_set(url, CURLUPART_URL, full, CURLU_URLENCODE) == CURLUE_OK &&
		part(arena, url, CURLUPART_USER, 0) == NULL && take(arena, url, address);
	curl_url_cleanup(url);
	if (!ok)
		return false;
	return strchr(address->host, '.') != NULL || strcmp(address->host, "localhost") == 0 || address->host[0] == '[';
}

bool domain_resolve(struct arena *arena, const char *base, struct slice link, struct address *address)
{
	*address = (struct address){ .has_scheme = true };
	link = slice_trim(link);
	if (link.len > DOMAIN_MAX_URL_BYTES || memchr(link.ptr, '\0', link.len) != NULL)
		return false;
	if (link.len > 0 && link.ptr[0] == '#')
		link.len = 0; /* the page itself, which libcurl 7.88 takes for its folder */
	const char *text = arena_strdup(arena, link);
	CURLU *url = curl_url();
	bool ok = url != NULL && text != NULL && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
		(link.len == 0 || curl_url_set(url, CURLUPART_URL, text, CURLU_URLENCODE) == CURLUE_OK) && take(arena, url, address);
	curl_url_cleanup(url);
	return ok;
}

bool domain_plain_http(struct arena *arena, const struct address *from, struct address *address)
{
	*address = (struct address){ .has_scheme = from->has_scheme };
	CURLU *url = curl_url();
	bool ok = url != NULL && curl_url_set(url, CURLUPART_URL, from->url, 0) == CURLUE_OK &&
		curl_url_set(url, CURLUPART_SCHEME, "http", 0) == CURLUE_OK && take(arena, url, address);
	curl_url_cleanup(url);
	return ok;
}

const char *domain_of_mail(struct arena *arena, struct slice email)
{
	email = slice_trim(email);
	const char *at = email.len == 0 ? NULL : memrchr(email.ptr, '@', email.len);
	if (at == NULL || at == email.ptr)
		return NULL;
	struct slice host = { at + 1, email.len - (size_t)(at + 1 - email.ptr) };
	const char *ascii = is_typed_address(host) ? ascii_host(arena, host) : NULL;
	return ascii != NULL && strchr(ascii, '.') != NULL ? ascii : NULL;
}
