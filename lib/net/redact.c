#include "net/redact.h"

#include <stdlib.h>

static const char word[] = "REDACTED";

bool redact_add(struct redact *r, struct slice secret)
{
	size_t at = 0;
	if (secret.len < REDACT_MIN_BYTES)
		return true;
	while (at < REDACT_SECRETS && r->secrets[at] != NULL)
		at++;
	if (at == REDACT_SECRETS)
		return false;
	r->secrets[at] = strndup(secret.ptr, secret.len);
	return r->secrets[at] != NULL;
}

void redact_release(struct redact *r)
{
	for (size_t i = 0; i < REDACT_SECRETS; i++) {
		if (r->secrets[i] != NULL)
			explicit_bzero(r->secrets[i], strlen(r->secrets[i]));
		free(r->secrets[i]);
		r->secrets[i] = NULL;
	}
}

/* -- by their look -- */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* How many bytes from the start are letters, digits or among `others`. */
static size_t span(struct slice text, const char *others)
{
	size_t len = 0;
	while (len < text.len && (is_alnum(text.ptr[len]) || (text.ptr[len] != '\0' && strchr(others, text.ptr[len]) != NULL)))
		len++;
	return len;
}

static struct slice after(struct slice text, size_t len)
{
	return (struct slice){ text.ptr + len, text.len - len };
}

static bool starts_nocase(struct slice text, const char *prefix)
{
	size_t len = strlen(prefix);
	return text.len >= len && slice_equal_nocase((struct slice){ text.ptr, len }, slice_of(prefix));
}

/* So many bytes that stay, then so many that are a secret; none where `len` is 0. */
struct hit {
	size_t skip, len;
};

static struct hit known(const struct redact *r, struct slice text)
{
	for (size_t i = 0; i < REDACT_SECRETS && r->secrets[i] != NULL; i++)
		if (slice_starts(text, r->secrets[i]))
			return (struct hit){ 0, strlen(r->secrets[i]) };
	return (struct hit){ 0, 0 };
}

static struct hit token(struct slice text)
{
	static const struct {
		const char *prefix, *others; /* what it holds beside letters and digits */
		size_t min_bytes; /* after the prefix: shorter ones are words */
	} makers[] = { { "pat-", "-", 20 }, { "sk-", "_-", 16 }, { "xoxb-", "-", 10 }, { "xoxp-", "-", 10 }, { "xoxa-", "-", 10 }, { "ghp_", "", 20 },
		{ "gho_", "", 20 }, { "ghs_", "", 20 }, { "github_pat_", "_", 20 }, { "AKIA", "", 16 }, { "eyJ", "_-.", 40 } };
	for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++)
		if (slice_starts(text, makers[i].prefix)) {
			size_t prefix = strlen(makers[i].prefix), len = span(after(text, prefix), makers[i].others);
			return (struct hit){ 0, len >= makers[i].min_bytes ? prefix + len : 0 };
		}
	return (struct hit){ 0, 0 };
}

/* RFC 6750 section 2.1, RFC 7617. */
static struct hit credentials(struct slice text)
{
	static const char *const schemes[] = { "Bearer ", "Basic " };
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (starts_nocase(text, schemes[i])) {
			size_t skip = strlen(schemes[i]), len = span(after(text, skip), "-._~+/=");
			return (struct hit){ skip, len >= 8 ? len : 0 };
		}
	return (struct hit){ 0, 0 };
}

/* Behind the name in a URL or a form: up to its next separator. */
static size_t form_value(struct slice text)
{
	size_t len = 0;
	while (len < text.len && strchr("&#\"'<> \t\r\n", text.ptr[len]) == NULL)
		len++;
	return len;
}

/* Behind the name in JSON: its quote, the colon, the value in quotes; inside a string of JSON the quotes have backslashes. */
static struct hit json_value(struct slice text)
{
	size_t at = 0, len = 0, escapes = 0;
	while (at < text.len && text.ptr[at] == '\\')
		at++;
	escapes = at;
	if (at == text.len || text.ptr[at++] != '"')
		return (struct hit){ 0, 0 };
	while (at < text.len && (text.ptr[at] == ':' || text.ptr[at] == ' ' || text.ptr[at] == '\\'))
		at++;
	if (at == text.len || text.ptr[at++] != '"')
		return (struct hit){ 0, 0 };
	while (at + len < text.len && text.ptr[at + len] != '"' && !(escapes > 0 && text.ptr[at + len] == '\\'))
		len += text.ptr[at + len] == '\\' && at + len + 1 < text.len ? 2 : 1;
	return (struct hit){ at, len };
}

static struct hit named(struct slice text)
{
	static const char *const names[] = { "access_token", "refresh_token", "id_token", "session_token", "client_secret", "api_key", "api-key",
		"apikey", "hapikey", "password", "passwd", "private_key", "authorization" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (starts_nocase(text, names[i])) {
			size_t name = strlen(names[i]);
			struct slice rest = after(text, name);
			if (slice_starts(rest, "="))
				return (struct hit){ name + 1, form_value(after(rest, 1)) };
			struct hit hit = json_value(rest);
			return (struct hit){ name + hit.skip, hit.len };
		}
	return (struct hit){ 0, 0 };
}

static struct hit find(const struct redact *r, struct slice text, bool is_word_start)
{
	struct hit hit = known(r, text);
	if (hit.len > 0 || !is_word_start)
		return hit;
	hit = token(text);
	if (hit.len == 0)
		hit = credentials(text);
	return hit.len > 0 ? hit : named(text);
}

void redact_put(const struct redact *r, struct buf *out, struct slice text)
{
	size_t start = 0; /* of what is not put yet */
	for (size_t i = 0; i < text.len;) {
		struct hit hit = find(r, after(text, i), is_alnum(text.ptr[i]) && (i == 0 || !is_alnum(text.ptr[i - 1])));
		if (hit.len == 0) {
			i++;
			continue;
		}
		buf_put(out, text.ptr + start, i + hit.skip - start);
		buf_puts(out, word);
		i += hit.skip + hit.len;
		start = i;
	}
	buf_put(out, text.ptr + start, text.len - start);
}
