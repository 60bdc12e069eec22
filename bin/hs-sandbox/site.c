#include "site.h"

#include <stdarg.h>
#include <stdio.h>

#include "demo.h"

enum { MAX_PAGE_BYTES = 256 << 10 };

/* What a site's pages give away about the software behind it. */
struct stack {
	const char *generator, *head, *foot, *server, *powered_by, *cookie;
};
static const struct stack stacks[] = {
	{ "WordPress 6.4.3", "<link rel=\"stylesheet\" href=\"/wp-content/themes/calm/style.css?ver=6.4.3\">",
		"<script src=\"/wp-includes/js/jquery/jquery.min.js?ver=3.7.1\"></script>"
		"<script async src=\"https://www.googletagmanager.com/gtag/js?id=G-4T0000\"></script>",
		"nginx/1.24.0", "PHP/8.2.7", NULL },
	{ NULL, "<script async defer src=\"https://js.hs-scripts.com/4200001.js\" id=\"hs-script-loader\"></script>",
		"<script id=\"__NEXT_DATA__\" type=\"application/json\">{\"buildId\":\"demo\"}</script><script src=\"/_next/static/chunks/main.js\"></script>",
		"Vercel", "Next.js", NULL },
	{ "HubSpot", "<link rel=\"stylesheet\" href=\"/hs-fs/hub/4200001/style.css\">",
		"<script src=\"https://js.hsforms.net/forms/v2.js\"></script><script src=\"https://js.intercomcdn.com/shim.latest.js\"></script>",
		"cloudflare", NULL, "__hstc=demo; Path=/; HttpOnly" },
	{ "Shopify", "<link rel=\"preconnect\" href=\"https://cdn.shopify.com\">",
		"<script src=\"https://cdn.shopify.com/s/files/1/theme.js\"></script><script src=\"https://js.stripe.com/v3/\"></script>",
		"cloudflare", NULL, "_shopify_y=demo; Path=/" },
	{ NULL, "<script src=\"https://cdn.jsdelivr.net/npm/vue@3.4.21/dist/vue.global.prod.js\"></script>",
		"<script src=\"https://plausible.io/js/script.js\" data-domain=\"demo\"></script>", "Apache/2.4.57 (Debian)", NULL,
		"PHPSESSID=demo; Path=/" },
	{ "Drupal 10 (https://www.drupal.org)", "<link rel=\"stylesheet\" href=\"/sites/default/files/css/main.css\">",
		"<script src=\"/core/misc/drupal.js\"></script><script src=\"https://static.zdassets.com/ekr/snippet.js\"></script>", "Apache",
		"PHP/8.1.2", NULL },
};

bool site_name(struct slice host, struct slice *name)
{
	static const struct slice suffix = SLICE(".localhost");
	const char *colon = memrchr(host.ptr == NULL ? "" : host.ptr, ':', host.len);
	if (colon != NULL)
		host.len = (size_t)(colon - host.ptr);
	if (host.len <= suffix.len || !slice_equal_nocase((struct slice){ host.ptr + host.len - suffix.len, suffix.len }, suffix))
		return false;
	host.len -= suffix.len;
	if (slice_starts(host, "www."))
		host = (struct slice){ host.ptr + 4, host.len - 4 };
	*name = host;
	return true;
}

/* The host that the moved company is reached under now: its name and this. */
static const char moved_suffix[] = "-group";

static bool find(struct slice name, struct demo_company *company, bool *is_new_host)
{
	*is_new_host = false;
	if (demo_find(name, company))
		return true;
	if (!slice_ends(name, moved_suffix))
		return false;
	name.len -= sizeof moved_suffix - 1;
	*is_new_host = true;
	return demo_find(name, company) && company->manner == DEMO_REDIRECTS;
}

int64_t site_delay_ms(struct slice name, struct slice path)
{
	struct demo_company company;
	bool is_new_host;
	return slice_is(path, "/") && find(name, &company, &is_new_host) && company.manner == DEMO_SLOW ? SITE_SLOW_MS : 0;
}

static void add_header(struct site_answer *a, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add_header(struct site_answer *a, const char *name, const char *format, ...)
{
	va_list args;
	if (a->header_count == SITE_MAX_HEADERS)
		return;
	va_start(args, format);
	vsnprintf(a->headers[a->header_count].value, sizeof a->headers[0].value, format, args);
	va_end(args);
	a->headers[a->header_count++].name = name;
}

/* -- HTML -- */

static void put_escaped(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&': buf_puts(out, "&amp;"); break;
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '"': buf_puts(out, "&quot;"); break;
		default: buf_putc(out, *text);
		}
}

static void put_url(struct buf *out, const struct demo_company *company, bool is_new_host, unsigned port, const char *path)
{
	buf_printf(out, "http://%s%s.localhost:%u%s", company->host, is_new_host ? moved_suffix : "", port, path);
}

/* One site in five has no structured data, as in life. */
static bool has_json_ld(const struct demo_company *company)
{
	return company->index % 5 != 4;
}

/* schema.org/Organization. */
static void put_json_ld(struct buf *out, const struct demo_company *company, bool is_new_host, unsigned port)
{
	struct jsonw w;
	char text[128];
	struct buf url;
	buf_init(&url, sizeof text * 2);
	put_url(&url, company, is_new_host, port, "/");
	buf_puts(out, "<script type=\"application/ld+json\">");
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_text(&w, "@context", "https://schema.org");
	jsonw_put_text(&w, "@type", "Organization");
	jsonw_put_text(&w, "name", company->name);
	snprintf(text, sizeof text, "%s Ltd", company->name);
	jsonw_put_text(&w, "legalName", text);
	jsonw_put_text(&w, "url", buf_text(&url));
	buf_puts(&url, "logo.svg");
	jsonw_put_text(&w, "logo", buf_text(&url));
	snprintf(text, sizeof text, "%s: %s.", company->name, company->offer);
	jsonw_put_text(&w, "description", text);
	snprintf(text, sizeof text, "%u", company->founded);
	jsonw_put_text(&w, "foundingDate", text);
	jsonw_name(&w, "numberOfEmployees");
	jsonw_object(&w);
	jsonw_put_text(&w, "@type", "QuantitativeValue");
	jsonw_put_int(&w, "value", company->employees);
	jsonw_object_end(&w);
	jsonw_put_text(&w, "industry", company->industry);
	jsonw_name(&w, "address");
	jsonw_object(&w);
	jsonw_put_text(&w, "@type", "PostalAddress");
	jsonw_put_text(&w, "streetAddress", company->place->street);
	jsonw_put_text(&w, "addressLocality", company->place->city);
	jsonw_put_text(&w, "addressCountry", company->place->country_code);
	jsonw_object_end(&w);
	snprintf(text, sizeof text, "%s %04zu", company->place->phone_prefix, 1000 + company->index);
	jsonw_put_text(&w, "telephone", text);
	snprintf(text, sizeof text, "hello@%s", company->domain);
	jsonw_put_text(&w, "email", text);
	jsonw_name(&w, "sameAs");
	jsonw_array(&w);
	snprintf(text, sizeof text, "https://www.linkedin.com/company/%s", company->host);
	jsonw_text(&w, text);
	snprintf(text, sizeof text, "https://github.com/%s", company->host);
	jsonw_text(&w, text);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	buf_puts(out, "</script>\n");
	buf_release(&url);
}

/* The page's head; the title is the page's own part before the company's name, "" for the homepage. */
static void put_head(struct buf *out, const struct demo_company *company, bool is_new_host, unsigned port, const char *title, const char *path,
	const struct stack *stack)
{
	buf_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<title>", company->place->language);
	put_escaped(out, title);
	put_escaped(out, company->name);
	buf_puts(out, "</title>\n<meta name=\"description\" content=\"");
	put_escaped(out, company->name);
	buf_printf(out, " in %s: %s.\">\n<link rel=\"canonical\" href=\"", company->place->city, company->offer);
	put_url(out, company, is_new_host, port, path);
	buf_puts(out, "\">\n<meta property=\"og:type\" content=\"website\">\n<meta property=\"og:site_name\" content=\"");
	put_escaped(out, company->name);
	buf_puts(out, "\">\n<meta property=\"og:title\" content=\"");
	put_escaped(out, title);
	put_escaped(out, company->name);
	buf_printf(out, "\">\n<meta property=\"og:description\" content=\"We offer %s.\">\n<meta property=\"og:image\" content=\"", company->offer);
	put_url(out, company, is_new_host, port, "/logo.svg");
	buf_puts(out, "\">\n<meta property=\"og:url\" content=\"");
	put_url(out, company, is_new_host, port, path);
	buf_puts(out, "\">\n");
	if (stack->generator != NULL)
		buf_printf(out, "<meta name=\"generator\" content=\"%s\">\n", stack->generator);
	buf_printf(out, "%s\n", stack->head);
	if (path[1] == '\0' && has_json_ld(company))
		put_json_ld(out, company, is_new_host, port);
	buf_puts(out,
		"</head>\n<body>\n<nav><a href=\"/\">Home</a> <a href=\"/about\">About</a> <a href=\"/team\">Team</a>"
		" <a href=\"/careers\">Careers</a> <a href=\"/contact\">Contact</a></nav>\n<h1>");
	put_escaped(out, title[0] == '\0' ? company->name : title);
	buf_puts(out, "</h1>\n");
}

static void put_foot(struct buf *out, const struct demo_company *company, const struct stack *stack)
{
	buf_printf(out, "<footer><a href=\"https://www.linkedin.com/company/%s\">LinkedIn</a> <a href=\"https://x.com/%s\">X</a>", company->host,
		company->host);
	if (company->index % 2 == 0)
		buf_printf(out, " <a href=\"https://www.facebook.com/%s\">Facebook</a> <a href=\"https://www.youtube.com/@%s\">YouTube</a>",
			company->host, company->host);
	buf_printf(out, " <a href=\"/private/intranet\">Staff</a></footer>\n%s\n</body>\n</html>\n", stack->foot);
}

static void put_about(struct buf *out, const struct demo_company *company)
{
	buf_puts(out, "<p>");
	put_escaped(out, company->name);
	buf_printf(out, " was founded in %u in %s. Today %u people work here. We offer %s.</p>\n", company->founded, company->place->city,
		company->employees, company->offer);
}

static void put_contact(struct buf *out, const struct demo_company *company)
{
	buf_printf(out, "<address>%s, %s, %s</address>\n<p><a href=\"mailto:hello@%s\">hello@%s</a> <a href=\"tel:%s %04zu\">%s %04zu</a></p>\n",
		company->place->street, company->place->city, company->place->country, company->domain, company->domain, company->place->phone_prefix,
		1000 + company->index, company->place->phone_prefix, 1000 + company->index);
}

static void put_team(struct buf *out, const struct demo_company *company)
{
	buf_puts(out, "<ul>\n");
	for (size_t i = 0; i < 4; i++) {
		const struct demo_stem *first = &demo_firsts[(company->index * 3 + i * 11) % DEMO_FIRSTS];
		const struct demo_stem *last = &demo_lasts[(company->index * 7 + i * 13) % DEMO_LASTS];
		buf_puts(out, "<li>");
		put_escaped(out, first->shown);
		buf_putc(out, ' ');
		put_escaped(out, last->shown);
		buf_puts(out, ", ");
		put_escaped(out, demo_titles[(company->index + i * 5) % DEMO_TITLES]);
		buf_puts(out, "</li>\n");
	}
	buf_puts(out, "</ul>\n");
}

static void put_careers(struct buf *out, const struct demo_company *company)
{
	buf_printf(out, "<p>We are hiring in %s: two engineers, one account executive.</p>\n", company->place->city);
}

static void put_home(struct buf *out, const struct demo_company *company)
{
	buf_printf(out, "<p>We offer %s. Read <a href=\"/about\">about us</a> or <a href=\"/contact\">get in touch</a>.</p>\n", company->offer);
}

static const struct page {
	const char *path, *title;
	void (*put)(struct buf *out, const struct demo_company *company);
} pages[] = {
	{ "/", "", put_home },
	{ "/about", "About ", put_about },
	{ "/team", "The team of ", put_team },
	{ "/careers", "Careers at ", put_careers },
	{ "/contact", "Contact ", put_contact },
	{ "/private/intranet", "Staff of ", put_careers },
};
enum { PAGE_COUNT = sizeof pages / sizeof pages[0] };

/* -- answers -- */

static void put_text(struct site_answer *a, unsigned status, const char *type, const char *body)
{
	a->status = status;
	add_header(a, "Content-Type", "%s", type);
	buf_puts(&a->body, body);
}

static void put_robots(struct site_answer *a, const struct demo_company *company, bool is_new_host, unsigned port)
{
	if (company->manner == DEMO_FORBIDS) {
		put_text(a, 200, "text/plain", "User-agent: *\nDisallow: /\n");
		return;
	}
	put_text(a, 200, "text/plain", "User-agent: *\nDisallow: /private/\n\nSitemap: ");
	put_url(&a->body, company, is_new_host, port, "/sitemap.xml");
	buf_putc(&a->body, '\n');
}

static void put_sitemap(struct site_answer *a, const struct demo_company *company, bool is_new_host, unsigned port)
{
	put_text(a, 200, "application/xml",
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
	for (size_t i = 0; i + 1 < PAGE_COUNT; i++) {
		buf_puts(&a->body, "<url><loc>");
		put_url(&a->body, company, is_new_host, port, pages[i].path);
		buf_puts(&a->body, "</loc></url>\n");
	}
	buf_puts(&a->body, "</urlset>\n");
}

static void put_moved(struct site_answer *a, const struct demo_company *company, unsigned port, struct slice path)
{
	put_text(a, 301, "text/html", "<!doctype html>\n<title>Moved</title>\n");
	add_header(a, "Location", "http://%s%s.localhost:%u%.*s", company->host, moved_suffix, port, path.len > 64 ? 1 : (int)path.len, path.ptr);
}

static const char parked_page[] = "<!doctype html>\n<html lang=\"en\">\n<head><title>This domain is for sale</title>"
				  "<meta name=\"description\" content=\"Buy this domain. Parked free, courtesy of the registrar.\"></head>\n"
				  "<body><h1>This domain may be for sale</h1><p>Related searches: loans, shoes, travel. "
				  "<a href=\"https://sedo.example/offer\">Make an offer</a></p></body>\n</html>\n";

static void put_page(struct site_answer *a, const struct demo_company *company, bool is_new_host, unsigned port, struct slice path)
{
	const struct stack *stack = &stacks[company->index % (sizeof stacks / sizeof stacks[0])];
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		if (!slice_is(path, pages[i].path))
			continue;
		put_text(a, 200, "text/html; charset=utf-8", "");
		add_header(a, "Server", "%s", stack->server);
		if (stack->powered_by != NULL)
			add_header(a, "X-Powered-By", "%s", stack->powered_by);
		if (stack->cookie != NULL)
			add_header(a, "Set-Cookie", "%s", stack->cookie);
		add_header(a, "ETag", "\"%zu-%zu\"", company->index, i);
		put_head(&a->body, company, is_new_host, port, pages[i].title, pages[i].path, stack);
		pages[i].put(&a->body, company);
		put_foot(&a->body, company, stack);
		return;
	}
	put_text(a, 404, "text/html; charset=utf-8", "<!doctype html>\n<title>Page not found</title>\n<h1>Page not found</h1>\n");
}

void site_get(struct slice name, struct slice path, unsigned port, struct site_answer *a)
{
	struct demo_company company;
	bool is_new_host;
	*a = (struct site_answer){ .status = 404 };
	buf_init(&a->body, MAX_PAGE_BYTES);
	if (!find(name, &company, &is_new_host))
		put_text(a, 404, "text/plain", "no such site\n");
	else if (company.manner == DEMO_NOT_FOUND)
		put_text(a, 404, "text/html", "<!doctype html>\n<title>404 Not Found</title>\n");
	else if (company.manner == DEMO_REDIRECTS && !is_new_host)
		put_moved(a, &company, port, path);
	else if (slice_is(path, "/robots.txt"))
		put_robots(a, &company, is_new_host, port);
	else if (company.manner == DEMO_PARKED)
		put_text(a, 200, "text/html; charset=utf-8", parked_page);
	else if (slice_is(path, "/sitemap.xml"))
		put_sitemap(a, &company, is_new_host, port);
	else if (slice_is(path, "/logo.svg"))
		put_text(a, 200, "image/svg+xml",
			"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"><circle cx=\"4\" cy=\"4\" r=\"4\"/></svg>\n");
	else
		put_page(a, &company, is_new_host, port, path);
}
