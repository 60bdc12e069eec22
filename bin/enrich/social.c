#include "social.h"

enum { MAX_PARTS = 3 };

/* The path's first parts, without empty ones. */
struct path {
	struct slice part[MAX_PARTS];
	size_t count;
};

static struct path split_path(const struct address *link)
{
	struct path p = { .count = 0 };
	const char *start = link->url + strlen(link->origin);
	struct slice rest = { start, strcspn(start, "?#") }, part;
	while (p.count < MAX_PARTS && slice_split(&rest, '/', &part))
		if (part.len > 0)
			p.part[p.count++] = part;
	return p;
}

static bool is_one_of(struct slice word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (slice_equal_nocase(word, slice_of(*list)))
			return true;
	return false;
}

/* Names that the networks keep for themselves: pages, buttons and posts, not profiles. */
static const char *const not_on_x[] = { "intent", "share", "home", "hashtag", "search", "i", "login", "signup", "explore", "settings", "privacy",
	"tos", NULL };
static const char *const not_on_facebook[] = { "sharer", "sharer.php", "share.php", "share", "dialog", "plugins", "tr", "login", "login.php",
	"events", "groups", "hashtag", "watch", "photo.php", "permalink.php", "policies", "help", "policy.php", "legal", "l.php", NULL };
static const char *const not_on_github[] = { "features", "about", "login", "join", "pricing", "topics", "sponsors", "marketplace", "orgs", "search",
	"site", "contact", "security", "enterprise", "collections", "trending", NULL };
static const char *const not_on_instagram[] = { "p", "reel", "reels", "tv", "explore", "accounts", "stories", "share", "about", "legal", NULL };

static bool read_linkedin(const struct path *p, enum social_id *id, size_t *parts)
{
	static const char *const company[] = { "company", "school", "showcase", NULL };
	static const char *const person[] = { "in", "pub", NULL };
	*parts = 2;
	if (p->count >= 2 && is_one_of(p->part[0], company))
		*id = SOCIAL_LINKEDIN_COMPANY;
	else if (p->count >= 2 && is_one_of(p->part[0], person))
		*id = SOCIAL_LINKEDIN_PERSON;
	else
		return false;
	return true;
}

static bool read_youtube(const struct path *p, enum social_id *id, size_t *parts)
{
	static const char *const named[] = { "channel", "user", "c", NULL };
	*id = SOCIAL_YOUTUBE;
	*parts = p->count > 0 && p->part[0].ptr[0] == '@' ? 1 : 2;
	return *parts == 1 || (p->count >= 2 && is_one_of(p->part[0], named));
}

static bool read_xing(const struct path *p, enum social_id *id, size_t *parts)
{
	static const char *const company[] = { "pages", "companies", "company", NULL };
	*id = SOCIAL_XING;
	*parts = 2;
	return p->count >= 2 && is_one_of(p->part[0], company);
}

/* Networks where a profile is the path's first part. */
static bool read_handle(const struct path *p, const char *const *kept, size_t *parts)
{
	*parts = 1;
	return p->count >= 1 && !is_one_of(p->part[0], kept);
}

static bool read_profile(const char *domain, const struct path *p, enum social_id *id, const char **host, size_t *parts)
{
	if (strncmp(domain, "linkedin.", 9) == 0) {
		*host = "www.linkedin.com";
		return read_linkedin(p, id, parts);
	}
	if (strcmp(domain, "twitter.com") == 0 || strcmp(domain, "x.com") == 0) {
		*host = "x.com";
		*id = SOCIAL_X;
		return read_handle(p, not_on_x, parts) && p->count == 1;
	}
	if (strcmp(domain, "facebook.com") == 0 || strcmp(domain, "fb.com") == 0) {
		*host = "www.facebook.com";
		*id = SOCIAL_FACEBOOK;
		if (!read_handle(p, not_on_facebook, parts) || slice_is(p->part[0], "profile.php"))
			return false;
		/* facebook.com/pages/NAME/NUMBER and /people/NAME/NUMBER */
		*parts = slice_is(p->part[0], "pages") || slice_is(p->part[0], "people") ? 3 : 1;
		return p->count >= *parts;
	}
	if (strcmp(domain, "youtube.com") == 0) {
		*host = "www.youtube.com";
		return read_youtube(p, id, parts);
	}
	if (strcmp(domain, "github.com") == 0) {
		*host = "github.com";
		*id = SOCIAL_GITHUB;
		return read_handle(p, not_on_github, parts);
	}
	if (strcmp(domain, "instagram.com") == 0) {
		*host = "www.instagram.com";
		*id = SOCIAL_INSTAGRAM;
		return read_handle(p, not_on_instagram, parts);
	}
	*host = "www.xing.com";
	return strcmp(domain, "xing.com") == 0 && read_xing(p, id, parts);
}

bool social_read(struct arena *arena, const struct address *link, enum social_id *id, struct slice *url)
{
	struct path p = split_path(link);
	const char *host;
	size_t parts;
	if (!read_profile(link->domain, &p, id, &host, &parts))
		return false;
	*url = arena_printf(arena, "https://%s", host);
	for (size_t i = 0; i < parts; i++)
		*url = arena_printf(arena, "%.*s/%.*s", (int)url->len, url->ptr, (int)p.part[i].len, p.part[i].ptr);
	return url->len > 0;
}

void social_offer(struct social *s, enum social_id id, const struct social_profile *profile)
{
	struct social_profile *slot = &s->list[id];
	bool declared = strcmp(profile->method, "json-ld") == 0 && slot->method != NULL && strcmp(slot->method, "link") == 0;
	if (profile->url.len > 0 && (slot->url.len == 0 || declared))
		*slot = *profile;
}

void social_write(const struct social *s, struct jsonw *w)
{
	static const char *const names[SOCIAL_COUNT] = {
		[SOCIAL_LINKEDIN_COMPANY] = "linkedin_company",
		[SOCIAL_LINKEDIN_PERSON] = "linkedin_person",
		[SOCIAL_X] = "x",
		[SOCIAL_FACEBOOK] = "facebook",
		[SOCIAL_YOUTUBE] = "youtube",
		[SOCIAL_GITHUB] = "github",
		[SOCIAL_INSTAGRAM] = "instagram",
		[SOCIAL_XING] = "xing",
	};
	jsonw_object(w);
	for (enum social_id id = 0; id < SOCIAL_COUNT; id++) {
		const struct social_profile *profile = &s->list[id];
		if (profile->url.len == 0)
			continue;
		jsonw_name(w, names[id]);
		jsonw_object(w);
		jsonw_put_string(w, "value", profile->url);
		jsonw_put_string(w, "source", profile->source);
		jsonw_put_text(w, "method", profile->method);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
}
