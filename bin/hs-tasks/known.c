#include "known.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/sha256.h"
#include "record/write.h"

enum { MAX_FILE_BYTES = 1 << 16 };

/* One file per address, token and list of owners: what another token may see is not ours to say. */
static bool file_path(struct buf *path, const struct hubspot *api, const struct workflow *workflow)
{
	char error[CONFIG_ERROR_BYTES], digest[SHA256_HEX_BYTES], identity[SHA256_HEX_BYTES];
	struct slice parts[1 + 2 * WORKFLOW_OWNERS];
	size_t count = 0;
	hubspot_identity(api, identity);
	parts[count++] = slice_of(identity);
	for (size_t i = 0; i < workflow->owner_count; i++) {
		parts[count++] = workflow->owners[i].email;
		parts[count++] = workflow->owners[i].full_name;
	}
	sha256_parts_hex(parts, count, digest);
	if (!config_cache_dir(path, error))
		return false;
	buf_printf(path, "/portal-%.16s.json", digest);
	return !path->failed;
}

static bool take(struct portal *portal, const struct json *known, const struct workflow *workflow)
{
	int64_t read_ms, now_ms = clock_real_ms();
	if (!json_int(json_get(known, "read_ms"), &read_ms) || read_ms > now_ms || now_ms - read_ms > KNOWN_MS)
		return false;
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

bool known_read(struct portal *portal, const struct hubspot *api, const struct workflow *workflow)
{
	char error[CONFIG_ERROR_BYTES];
	struct buf path, text;
	struct arena arena;
	struct json_error where;
	buf_init(&path, 8192);
	buf_init(&text, 2 * (size_t)MAX_FILE_BYTES);
	arena_init(&arena, 1 << 20);
	bool ok = file_path(&path, api, workflow) && config_read_file(buf_text(&path), MAX_FILE_BYTES, &text, error) &&
		take(portal, json_parse(&arena, buf_slice(&text), &where), workflow);
	buf_release(&path);
	buf_release(&text);
	arena_release(&arena);
	return ok;
}

/* Whole or not at all, since others may be reading. */
static void replace_file(const char *path, struct slice text)
{
	char temporary[8300];
	int len = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
	if (len < 0 || (size_t)len >= sizeof temporary)
		return;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	bool ok = write(fd, text.ptr, text.len) == (ssize_t)text.len;
	ok = close(fd) == 0 && ok;
	if (!ok || rename(temporary, path) != 0)
		unlink(temporary);
}

void known_write(const struct portal *portal, const struct hubspot *api, const struct workflow *workflow)
{
	struct buf path, text;
	struct jsonw w;
	if (portal->id[0] == '\0')
		return;
	buf_init(&path, 8192);
	buf_init(&text, MAX_FILE_BYTES);
	jsonw_init(&w, &text);
	jsonw_object(&w);
	jsonw_put_int(&w, "read_ms", clock_real_ms());
	jsonw_put_text(&w, "portal", portal->id);
	jsonw_put_text(&w, "account_type", portal->account_type);
	jsonw_name(&w, "owners");
	jsonw_array(&w);
	for (size_t i = 0; i < workflow->owner_count; i++)
		jsonw_text(&w, portal->owner_ids[i]);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	if (!text.failed && file_path(&path, api, workflow))
		replace_file(buf_text(&path), buf_slice(&text));
	buf_release(&path);
	buf_release(&text);
}
