#include "joined.h"

#include "base/clock.h"
#include "record/write.h"

enum { MAX_TEXT_BYTES = 4 << 20 };

void joined_key(const struct hubspot *api, const struct relate_options *read, const struct relate_item *item, char key[SHA256_HEX_BYTES])
{
	char identity[SHA256_HEX_BYTES];
	hubspot_identity(api, identity);
	const struct slice parts[] = { slice_of("crm.joined"), slice_of(identity), read->contact_properties, read->company_properties, item->task_id,
		item->contact_id, item->company_id, item->email };
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], key);
}

static struct slice raw_member(const struct json *object, const char *name)
{
	const struct json *value = json_get(object, name);
	return value == NULL ? (struct slice){ NULL, 0 } : value->raw;
}

bool joined_read(struct cache *cache, const char *key, int64_t max_age_ms, struct arena *arena, struct joined *found)
{
	struct cache_entry entry;
	struct json_error where;
	int64_t now_ms = clock_real_ms();
	if (!cache_get(cache, key, now_ms, &entry) || entry.stored_ms > now_ms || now_ms - entry.stored_ms >= max_age_ms)
		return false;
	const struct json *kept = json_parse(arena, arena_copy(arena, entry.body), &where);
	*found = (struct joined){ raw_member(kept, "contact"), raw_member(kept, "company"), json_string(kept, "read_at", "") };
	return kept != NULL && found->read_at.len > 0;
}

void joined_write(struct cache *cache, const char *key, const struct joined *found)
{
	struct buf text;
	struct jsonw w;
	buf_init(&text, MAX_TEXT_BYTES);
	jsonw_init(&w, &text);
	jsonw_object(&w);
	jsonw_put_string(&w, "read_at", found->read_at);
	if (found->contact.ptr != NULL)
		jsonw_put_raw(&w, "contact", found->contact);
	if (found->company.ptr != NULL)
		jsonw_put_raw(&w, "company", found->company);
	jsonw_object_end(&w);
	if (!text.failed)
		cache_put(cache, key,
			&(struct cache_entry){
				.kind = SLICE("crm.joined"), .stored_ms = clock_real_ms(), .fresh_until_ms = INT64_MAX, .body = buf_slice(&text) });
	buf_release(&text);
}
