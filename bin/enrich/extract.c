#include "extract.h"

#include "jsonld.h"
#include "org.h"

enum { MAX_JSON_LD = 32, MAX_PHONE_BYTES = 40 };

/* How far each kind of source is to be believed, below what the CRM says. */
#define TRUST_OPENGRAPH 0.75
#define TRUST_HTML 0.7
#define TRUST_LINK 0.6

static void offer(const struct extract_page *in, struct findings *out, struct arena *kept, enum fact_id id, struct slice value, const char *method,
	double confidence, struct slice evidence)
{
	facts_offer(&out->facts, kept, id,
		&(struct fact){ .value = value, .source = slice_of(in->url), .evidence = evidence, .method = method, .confidence = confidence });
}

const char *extract_base(const struct extract_page *in, struct arena *scratch)
{
	struct address base;
	return in->page->base.len > 0 && domain_resolve(scratch, in->url, in->page->base, &base) ? base.url : in->url;
}

/* An address on the page, made absolute; empty where it is none that can be fetched. */
static struct slice absolute(const struct extract_page *in, struct slice link, struct arena *scratch)
{
	struct address a;
	bool ok = link.len > 0 && domain_resolve(scratch, extract_base(in, scratch), link, &a);
	return ok ? slice_of(a.url) : (struct slice){ "", 0 };
}

/* "de-AT" is German. */
static struct slice primary_language(struct slice tag, struct arena *scratch)
{
	char text[4];
	size_t len = 0;
	while (len < tag.len && len < sizeof text && ((tag.ptr[len] | 0x20) >= 'a' && (tag.ptr[len] | 0x20) <= 'z')) {
		text[len] = (char)(tag.ptr[len] | 0x20);
		len++;
	}
	bool ends = len == tag.len || (len < tag.len && (tag.ptr[len] == '-' || tag.ptr[len] == '_'));
	return (len == 2 || len == 3) && ends ? arena_copy(scratch, (struct slice){ text, len }) : (struct slice){ "", 0 };
}

static void read_head(const struct extract_page *in, struct findings *out, struct arena *kept, struct arena *scratch)
{
	const struct page *p = in->page;
	struct slice title = slice_trim(p->title), og_title = page_meta(p, "og:title");
	offer(in, out, kept, FACT_PAGE_TITLE, title, "html", TRUST_OPENGRAPH, slice_of("<title>"));
	offer(in, out, kept, FACT_PAGE_TITLE, og_title, "opengraph", TRUST_HTML, slice_of("og:title"));
	offer(in, out, kept, FACT_SITE_NAME, page_meta(p, "og:site_name"), "opengraph", TRUST_OPENGRAPH, slice_of("og:site_name"));
	offer(in, out, kept, FACT_SITE_NAME, page_meta(p, "application-name"), "html", TRUST_HTML, slice_of("meta application-name"));
	offer(in, out, kept, FACT_COMPANY_NAME, page_meta(p, "og:site_name"), "opengraph", TRUST_LINK, slice_of("og:site_name"));
	offer(in, out, kept, FACT_DESCRIPTION, page_meta(p, "description"), "html", TRUST_OPENGRAPH, slice_of("meta description"));
	offer(in, out, kept, FACT_DESCRIPTION, page_meta(p, "og:description"), "opengraph", TRUST_HTML, slice_of("og:description"));
	offer(in, out, kept, FACT_CANONICAL, absolute(in, page_link(p, "canonical"), scratch), "html", TRUST_HTML, slice_of("link rel=canonical"));
	offer(in, out, kept, FACT_CANONICAL, absolute(in, page_meta(p, "og:url"), scratch), "opengraph", TRUST_LINK, slice_of("og:url"));
	offer(in, out, kept, FACT_LANGUAGE, primary_language(p->language, scratch), "html", TRUST_HTML, slice_of("<html lang>"));
	offer(in, out, kept, FACT_LANGUAGE, primary_language(page_meta(p, "og:locale"), scratch), "opengraph", TRUST_LINK, slice_of("og:locale"));
}

static void read_json_ld(const struct extract_page *in, struct findings *out, struct arena *kept, struct arena *scratch)
{
	const struct json *blocks[MAX_JSON_LD];
	size_t count = 0;
	for (size_t i = 0; i < in->page->count && count < MAX_JSON_LD; i++) {
		const struct json *block = in->page->items[i].kind == PAGE_JSON_LD ? jsonld_read(scratch, in->page->items[i].value) : NULL;
		if (block != NULL)
			blocks[count++] = block;
	}
	const struct json *org = jsonld_organization(scratch, blocks, count, in->url);
	if (org != NULL)
		org_read(org, in, out, kept, scratch);
}

/* -- links -- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "mailto:" or "tel:", up to the query, percent-decoded. */
static struct slice link_content(struct slice link, size_t scheme_bytes, struct arena *scratch)
{
	char *text = arena_alloc(scratch, link.len + 1);
	size_t len = 0;
	for (size_t i = scheme_bytes; text != NULL && i < link.len && link.ptr[i] != '?' && link.ptr[i] != ';'; i++) {
		bool coded = link.ptr[i] == '%' && i + 2 < link.len && hex(link.ptr[i + 1]) >= 0 && hex(link.ptr[i + 2]) >= 0;
		text[len++] = coded ? (char)(hex(link.ptr[i + 1]) * 16 + hex(link.ptr[i + 2])) : link.ptr[i];
		i += coded ? 2 : 0;
	}
	return slice_trim((struct slice){ text == NULL ? "" : text, len });
}

/* Addresses that stand for the company, not for a person. */
static bool is_role(struct slice email)
{
	static const char *const roles[] = { "info@", "contact@", "hello@", "office@", "sales@", "mail@", "kontakt@", "contacto@", "hallo@",
		"bonjour@", "hola@", "vertrieb@", "enquiries@", "team@" };
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (email.len > strlen(roles[i]) && slice_equal_nocase((struct slice){ email.ptr, strlen(roles[i]) }, slice_of(roles[i])))
			return true;
	return false;
}

static void read_mailto(const struct extract_page *in, struct slice link, struct findings *out, struct arena *kept, struct arena *scratch)
{
	struct slice email = link_content(link, strlen("mailto:"), scratch);
	const char *domain = domain_of_mail(scratch, email);
	if (domain == NULL || memchr(email.ptr, ',', email.len) != NULL || memchr(email.ptr, ' ', email.len) != NULL)
		return;
	bool own = strcmp(domain_registrable(scratch, domain), in->domain) == 0;
	offer(in, out, kept, FACT_EMAIL, email, "link", (own ? TRUST_LINK : 0.3) + (is_role(email) ? 0.05 : 0), link);
}

static void read_tel(const struct extract_page *in, struct slice link, struct findings *out, struct arena *kept, struct arena *scratch)
{
	struct slice phone = link_content(link, strlen("tel:"), scratch);
	size_t digits = 0;
	for (size_t i = 0; i < phone.len; i++)
		digits += phone.ptr[i] >= '0' && phone.ptr[i] <= '9';
	if (digits >= 5 && phone.len <= MAX_PHONE_BYTES)
		offer(in, out, kept, FACT_PHONE, phone, "link", TRUST_LINK, link);
}

static bool has_scheme(struct slice link, const char *scheme)
{
	size_t len = strlen(scheme);
	return link.len > len && slice_equal_nocase((struct slice){ link.ptr, len }, slice_of(scheme));
}

static void read_anchor(const struct extract_page *in, struct slice link, struct findings *out, struct arena *kept, struct arena *scratch)
{
	struct address target;
	enum social_id id;
	struct slice url;
	link = slice_trim(link);
	if (has_scheme(link, "mailto:")) {
		read_mailto(in, link, out, kept, scratch);
	} else if (has_scheme(link, "tel:")) {
		read_tel(in, link, out, kept, scratch);
	} else if (memmem(link.ptr, link.len, "//", 2) != NULL && domain_resolve(scratch, in->url, link, &target) &&
		social_read(scratch, &target, &id, &url)) {
		struct social_profile profile = { facts_clean(kept, url, FACT_VALUE_BYTES), facts_clean(kept, slice_of(in->url), FACT_SOURCE_BYTES),
			"link" };
		social_offer(&out->social, id, &profile);
		if (id == SOCIAL_LINKEDIN_COMPANY)
			offer(in, out, kept, FACT_LINKEDIN, url, "link", TRUST_LINK, link);
	}
}

void extract_page(const struct extract_page *in, struct signals *signals, struct findings *out, struct arena *kept, struct arena *scratch)
{
	if (in->is_home)
		read_head(in, out, kept, scratch);
	read_json_ld(in, out, kept, scratch);
	for (size_t i = 0; i < in->page->count; i++)
		if (in->page->items[i].kind == PAGE_ANCHOR)
			read_anchor(in, in->page->items[i].value, out, kept, scratch);
	if (signals != NULL)
		signals_match(signals, in->page, in->headers, out->hits, kept);
}

/* -- which page next -- */

/* In the order of what they tell. Compared without case with a link's text and with its path. */
static const struct {
	const char *word;
	unsigned worth;
} next_words[] = { { "impressum", 9 }, { "imprint", 9 }, { "legal notice", 8 }, { "legal-notice", 8 }, { "mentions legales", 8 },
	{ "mentions-legales", 8 }, { "mentions légales", 8 }, { "aviso legal", 8 }, { "aviso-legal", 8 }, { "about", 7 }, { "über uns", 7 },
	{ "ueber-uns", 7 }, { "uber-uns", 7 }, { "unternehmen", 6 }, { "a propos", 7 }, { "à propos", 7 }, { "a-propos", 7 }, { "qui sommes", 7 },
	{ "qui-sommes", 7 }, { "sobre nosotros", 7 }, { "sobre-nosotros", 7 }, { "quienes", 7 }, { "quiénes", 7 }, { "over ons", 7 },
	{ "over-ons", 7 }, { "company", 6 }, { "contact", 5 }, { "kontakt", 5 }, { "contacto", 5 }, { "contatti", 5 } };

static unsigned worth_of(struct slice text)
{
	unsigned best = 0;
	for (size_t i = 0; i < sizeof next_words / sizeof next_words[0]; i++)
		if (next_words[i].worth > best && slice_find_nocase(text, slice_of(next_words[i].word)) != NULL)
			best = next_words[i].worth;
	return best;
}

struct next_page {
	const char *url;
	unsigned worth;
};

/* Keeps the best, earlier ones first among equals. */
static void keep_best(struct next_page *best, size_t room, size_t *count, struct next_page page)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(best[i].url, page.url) == 0)
			return;
	size_t at = *count;
	while (at > 0 && best[at - 1].worth < page.worth)
		at--;
	if (at == room)
		return;
	*count += *count < room ? 1 : 0;
	memmove(best + at + 1, best + at, (*count - at - 1) * sizeof *best);
	best[at] = page;
}

size_t extract_links(const struct extract_page *in, const char *origin, const char **urls, size_t room, struct arena *kept, struct arena *scratch)
{
	struct next_page *best = arena_alloc(scratch, (room + 1) * sizeof *best);
	const char *base = extract_base(in, scratch);
	size_t count = 0;
	for (size_t i = 0; best != NULL && room > 0 && i < in->page->count; i++) {
		const struct page_item *item = &in->page->items[i];
		struct address target;
		/* What is long is an article's headline, not a way through the site. */
		if (item->kind != PAGE_ANCHOR || item->value.len > 200 || item->name.len > 40)
			continue;
		unsigned worth = worth_of(item->name), by_path = worth_of(item->value);
		worth = worth > by_path ? worth : by_path;
		if (worth > 0 && domain_resolve(scratch, base, item->value, &target) && strcmp(target.origin, origin) == 0 &&
			strcmp(target.url, in->url) != 0)
			keep_best(best, room, &count, (struct next_page){ target.url, worth });
	}
	for (size_t i = 0; i < count; i++)
		urls[i] = arena_strdup(kept, slice_of(best[i].url));
	return count;
}
