#include "known.h"

#include <stdio.h>

#include "base/clock.h"
#include "record/write.h"

enum { MAX_TEXT_BYTES = 1 << 16 };

/* One entry for each address, token and list of owners: what another token may see is not ours to say. */
static void make_key(const struct hubspot *api, const struct workflow *workflow, char key[SHA256_HEX_BYTES])
{
	char identity[SHA256_HEX_BYTES];
	struct slice parts[2 + 2 * WORKFLOW_OWNERS];
	size_t count = 0;
	hubspot_identity(api, identity);
	parts[count++] = slice_of("crm.portal");
	parts[count++] = slice_of(identity);
	for (size_t i = 0; i < workflow->owner_count; i++) {
		parts[count++] = workflow->owners[i].email;
		parts[count++] = workflow->owners[i].full_name;
	}
	sha256_parts_hex(parts, count, key);
}

static bool take(struct portal *portal, const struct json *known, const struct workflow *workflow)
{
	struct slice id = json_string(known, "portal", ""), type = json_string(known, "account_type", "");
	const struct json *owner = json_get(known, "owners");
	if (id.len == 0 || owner == NULL || owner->count != workflow->owner_count)
		return false;
	snprintf(portal->id, sizeof portal->id, "%.*s", (int)id.len, id.ptr);
	snprintf(portal->account_type, sizeof portal->account_type, "%.*s", (int)type.len, type.ptr);
	owner = owner->child;
	for (size_t i = 0; i < workflow->owner_count; i++, owner = owner->next)
		snprintf(portal->owner_ids[i], PORTAL_TEXT_BYTES, "%.*s", (int)json_text(owner).len, json_text(owner).ptr);
	return true;
}

bool known_read(struct portal *portal, struct hubspot *api, const struct workflow *workflow)
{
	char key[SHA256_HEX_BYTES];
	struct cache *cache = hubspot_cache(api);
	struct cache_entry entry;
	struct arena arena;
	struct json_error where;
	int64_t now_ms = clock_real_ms();
	make_key(api, workflow, key);
	if (cache == NULL || !cache_get(cache, key, now_ms, &entry) || entry.stored_ms > now_ms || now_ms >= entry.fresh_until_ms)
		return false;
	arena_init(&arena, 1 << 20);
	bool ok = take(portal, json_parse(&arena, entry.body, &where), workflow);
	arena_release(&arena);
	return ok;
}

void known_write(const struct portal *portal, struct hubspot *api, const struct workflow *workflow)
{
	char key[SHA256_HEX_BYTES];
	struct cache *cache = hubspot_cache(api);
	struct buf text;
	struct jsonw w;
	if (cache == NULL || portal->id[0] == '\0')
		return;
	make_key(api, workflow, key);
	buf_init(&text, MAX_TEXT_BYTES);
	jsonw_init(&w, &text);
	jsonw_object(&w);
	jsonw_put_text(&w, "portal", portal->id);
	jsonw_put_text(&w, "account_type", portal->account_type);
	jsonw_name(&w, "owners");
	jsonw_array(&w);
	for (size_t i = 0; i < workflow->owner_count; i++)
		jsonw_text(&w, portal->owner_ids[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	int64_t now_ms = clock_real_ms();
	if (!text.failed)
		cache_put(cache, key,
			&(struct cache_entry){
				.kind = SLICE("crm.portal"), .stored_ms = now_ms, .fresh_until_ms = now_ms + KNOWN_MS, .body = buf_slice(&text) });
	buf_release(&text);
}
