#include "wall.h"

/* A page with a purpose has more text than this, in bytes. */
enum { LITTLE_TEXT_BYTES = 2500 };

static const char *const parking_hosts[] = { "sedoparking.com", "parkingcrew.net", "bodis.com", "parklogic.com", "above.com", "dan.com",
	"hugedomains.com", "afternic.com", "sedo.com", "domainmarket.com", "cashparking.com", "undeveloped.com", "parkweb.io", "domainactive.co",
	"namebright.com", "buydomains.com", "domainnamesales.com", "dsparking.com", "parking.godaddy.com", "skenzo.com" };

static const char *const parked_phrases[] = { "domain is for sale", "domain name is for sale", "domain may be for sale", "buy this domain",
	"this domain is parked", "domain is parked", "parked domain", "domain parking", "parked free, courtesy of", "domain has been registered",
	"domain has expired", "future home of something quite cool", "domain steht zum verkauf", "domain ist zu verkaufen", "domain kaufen",
	"domaine est à vendre", "domaine est a vendre", "dominio está en venta", "dominio esta en venta", "domeinnaam is te koop",
	"domein is te koop" };

static const char *const not_found_titles[] = { "page not found", "404 not found", "error 404", "404 error", "not found", "seite nicht gefunden",
	"seite wurde nicht gefunden", "page introuvable", "page non trouvée", "página no encontrada", "pagina no encontrada", "pagina niet gevonden",
	"page can't be found", "page cannot be found", "page does not exist" };

static const char *const bot_titles[] = { "just a moment...", "attention required! | cloudflare", "access denied",
	"access to this page has been denied", "ddos-guard", "security check", "are you a robot", "robot check", "bot verification",
	"pardon our interruption", "one moment, please" };

static const char *const bot_phrases[] = { "verify you are human", "verifying you are human", "checking your browser before",
	"enable javascript and cookies to continue", "are you a robot", "unusual traffic from your", "prove you are human", "press & hold to confirm",
	"complete the security check" };

static const char *const bot_scripts[] = { "/cdn-cgi/challenge-platform/h/", "captcha-delivery.com/", "_incapsula_resource", ".awswaf.com/",
	"/px/captcha", "ddos-guard.net/", "validate.perfdrive.com" };

static bool contains(struct slice text, const char *phrase)
{
	return slice_find_nocase(text, slice_of(phrase)) != NULL;
}

/* The first phrase of the list that occurs; NULL where none does. */
static const char *first_of(struct slice text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (contains(text, list[i]))
			return list[i];
	return NULL;
}
#define FIRST_OF(text, list) first_of((text), (list), sizeof(list) / sizeof((list)[0]))

/* The host of a script or frame: "//www.bodis.com/x" ends like bodis.com. */
static bool is_on_host(struct slice url, const char *host)
{
	const char *start = url.len < 2 ? NULL : memmem(url.ptr, url.len, "//", 2);
	if (start == NULL)
		return false;
	struct slice rest = { start + 2, url.len - (size_t)(start + 2 - url.ptr) };
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] == '/' || rest.ptr[i] == ':' || rest.ptr[i] == '?')
			rest.len = i;
	size_t len = strlen(host);
	return rest.len >= len && slice_equal_nocase((struct slice){ rest.ptr + rest.len - len, len }, slice_of(host)) &&
		(rest.len == len || rest.ptr[rest.len - len - 1] == '.');
}

static bool is_code(const struct page_item *item)
{
	return item->kind == PAGE_SCRIPT || item->kind == PAGE_FRAME;
}

static struct slice parked(const struct page *page, const char *domain, struct arena *arena)
{
	const size_t hosts = sizeof parking_hosts / sizeof parking_hosts[0];
	for (size_t i = 0; i < hosts; i++)
		if (strcmp(domain, parking_hosts[i]) == 0)
			return arena_printf(arena, "leads to %s", domain);
	if (page->text_bytes > LITTLE_TEXT_BYTES)
		return (struct slice){ "", 0 };
	for (size_t k = 0; k < page->count; k++)
		for (size_t i = 0; is_code(&page->items[k]) && i < hosts; i++)
			if (is_on_host(page->items[k].value, parking_hosts[i]))
				return arena_printf(arena, "script from %s", parking_hosts[i]);
	const char *phrase = FIRST_OF(page->title, parked_phrases);
	if (phrase == NULL)
		phrase = FIRST_OF(page->text, parked_phrases);
	return phrase == NULL ? (struct slice){ "", 0 } : arena_printf(arena, "page says \"%s\"", phrase);
}

static struct slice bot_wall(const struct page *page, struct slice headers, struct arena *arena)
{
	if (contains(headers, "\ncf-mitigated: challenge"))
		return arena_copy(arena, slice_of("header cf-mitigated: challenge"));
	if (page->text_bytes > LITTLE_TEXT_BYTES)
		return (struct slice){ "", 0 };
	const char *title = FIRST_OF(page->title, bot_titles);
	if (title != NULL)
		return arena_printf(arena, "title says \"%s\"", title);
	for (size_t k = 0; k < page->count; k++) {
		const char *script = is_code(&page->items[k]) ? FIRST_OF(page->items[k].value, bot_scripts) : NULL;
		if (script != NULL)
			return arena_printf(arena, "script %s", script);
	}
	const char *phrase = FIRST_OF(page->text, bot_phrases);
	return phrase == NULL ? (struct slice){ "", 0 } : arena_printf(arena, "page says \"%s\"", phrase);
}

static struct slice soft_404(const struct page *page, struct arena *arena)
{
	const char *title = FIRST_OF(page->title, not_found_titles);
	if (title == NULL && page->text_bytes <= LITTLE_TEXT_BYTES && (slice_is(page->title, "404") || slice_starts(page->title, "404 ")))
		title = "404";
	return title == NULL ? (struct slice){ "", 0 } : arena_printf(arena, "title says \"%s\"", title);
}

enum wall wall_detect(const struct page *page, const char *domain, struct slice headers, struct arena *arena, struct slice *evidence)
{
	*evidence = bot_wall(page, headers, arena);
	if (evidence->len > 0)
		return WALL_BOT;
	*evidence = parked(page, domain, arena);
	if (evidence->len > 0)
		return WALL_PARKED;
	*evidence = soft_404(page, arena);
	return evidence->len > 0 ? WALL_SOFT_404 : WALL_NONE;
}
