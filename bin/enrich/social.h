/* bin/enrich/social.h - profiles on social networks: told apart from share buttons, plugins and posts, and written in one way.
 *
 * By the address alone: none of them is ever fetched. */
#ifndef ENRICH_SOCIAL_H
#define ENRICH_SOCIAL_H
#include "domain.h"
#include "record/write.h"

/* In the order in which they are written. */
enum social_id {
	SOCIAL_LINKEDIN_COMPANY,
	SOCIAL_LINKEDIN_PERSON,
	SOCIAL_X,
	SOCIAL_FACEBOOK,
	SOCIAL_YOUTUBE,
	SOCIAL_GITHUB,
	SOCIAL_INSTAGRAM,
	SOCIAL_XING,
	SOCIAL_COUNT
};

/* One link. False where it is no profile: another site, a share or login link, a post. *url is the profile's address in the arena. */
bool social_read(struct arena *arena, const struct address *link, enum social_id *id, struct slice *url);

struct social_profile {
	struct slice url, source;
	const char *method; /* "crm", "json-ld", "link" */
};

/* The member `social`. The first profile offered of each network stays, but one that the site declares (json-ld) displaces one that is only linked. */
struct social {
	struct social_profile list[SOCIAL_COUNT];
};
void social_offer(struct social *s, enum social_id id, const struct social_profile *profile);
void social_write(const struct social *s, struct jsonw *w);
#endif
