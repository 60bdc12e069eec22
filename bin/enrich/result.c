#include "result.h"

#include <stdlib.h>

/* Walks all texts of a result: first to add up their lengths, then to move them. */
typedef void each_text(struct slice *text, void *arg);

static void each(struct site_result *r, each_text *fn, void *arg)
{
	fn(&r->reason, arg);
	fn(&r->url, arg);
	fn(&r->redirected_to, arg);
	fn(&r->technologies, arg);
	for (enum fact_id id = 0; id < FACT_COUNT; id++) {
		fn(&r->facts.list[id].value, arg);
		fn(&r->facts.list[id].source, arg);
		fn(&r->facts.list[id].evidence, arg);
	}
	for (enum social_id id = 0; id < SOCIAL_COUNT; id++) {
		fn(&r->social.list[id].url, arg);
		fn(&r->social.list[id].source, arg);
	}
}

static void add_length(struct slice *text, void *arg)
{
	size_t *bytes = arg;
	*bytes += text->len;
}

static void move(struct slice *text, void *arg)
{
	char **to = arg;
	if (text->len > 0)
		memcpy(*to, text->ptr, text->len);
	text->ptr = *to;
	*to += text->len;
}

struct site_result *result_pack(const struct site_result *loose)
{
	struct site_result copy = *loose;
	size_t bytes = sizeof copy;
	each(&copy, add_length, &bytes);
	struct site_result *packed = malloc(bytes + 1);
	if (packed == NULL)
		return NULL;
	*packed = copy;
	char *to = (char *)(packed + 1);
	each(packed, move, &to);
	return packed;
}
