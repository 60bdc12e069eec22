#include "net/tape.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/config.h"

static const size_t MAX_FILE_BYTES = (size_t)1 << 30, MAX_ARENA_BYTES = (size_t)8 << 30;

static int by_key_and_turn(const void *a, const void *b)
{
	const struct tape_entry *x = a, *y = b;
	int order = strcmp(x->key, y->key);
	return order != 0 ? order : x->turn < y->turn ? -1 : x->turn > y->turn;
}

/* No request has a method of that name. */
void tape_event_key(struct slice event, char key[SHA256_HEX_BYTES])
{
	const struct slice parts[] = { SLICE("event"), event };
	sha256_parts_hex(parts, 2, key);
}

/* What was redacted when it was written needs no secrets to be redacted again. */
static bool add_entry(struct tape *t, const struct json *line)
{
	static const struct redact no_secrets = { .secrets = { NULL } };
	if (t->count == t->room) {
		size_t room = t->room == 0 ? 64 : 2 * t->room;
		struct tape_entry *more = realloc(t->entries, room * sizeof *more);
		if (more == NULL)
			return false;
		t->entries = more;
		t->room = room;
	}
	struct tape_entry *e = &t->entries[t->count];
	*e = (struct tape_entry){ .turn = t->count + 1 };
	const struct json *event = json_get(line, "event");
	if (event != NULL)
		tape_event_key(json_text(event), e->key);
	else if (!exchange_take(&e->x, line, &t->arena) || !exchange_key(&no_secrets, &e->x, e->key))
		return false;
	t->count++;
	return true;
}

bool tape_load(struct tape *t, const char *path, char error[TAPE_ERROR_BYTES])
{
	struct json_error where;
	struct slice rest, line;
	int64_t format = 0;
	_Static_assert((int)TAPE_ERROR_BYTES >= (int)CONFIG_ERROR_BYTES, "one buffer serves both");
	*t = (struct tape){ .is_loaded = true };
	buf_init(&t->text, MAX_FILE_BYTES + 1);
	arena_init(&t->arena, MAX_ARENA_BYTES);
	if (!config_read_file(path, MAX_FILE_BYTES, &t->text, error))
		return false;
	rest = buf_slice(&t->text);
	for (unsigned number = 1; rest.len > 0 && memchr(rest.ptr, '\n', rest.len) != NULL && slice_split(&rest, '\n', &line); number++) {
		const struct json *value = json_parse(&t->arena, line, &where);
		if (number == 1)
			t->head = value;
		if (value == NULL || (number > 1 && !add_entry(t, value))) {
			snprintf(error, TAPE_ERROR_BYTES, "%.400s:%u: %s", path, number, value == NULL ? where.message : "no exchange");
			t->count = 0;
			return false;
		}
	}
	if (!json_int(json_get(t->head, "cassette"), &format) || format != TAPE_FORMAT) {
		snprintf(error, TAPE_ERROR_BYTES, "%.400s: no cassette that this version can read", path);
		return false;
	}
	if (t->count > 0)
		qsort(t->entries, t->count, sizeof *t->entries, by_key_and_turn);
	return true;
}

void tape_release(struct tape *t)
{
	buf_release(&t->text);
	arena_release(&t->arena);
	free(t->entries);
	*t = (struct tape){ .head = NULL };
}

struct tape_entry *tape_find(struct tape *t, const char *key)
{
	size_t low = 0, high = t->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(t->entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < t->count && strcmp(t->entries[low].key, key) == 0; low++)
		if (!t->entries[low].is_used)
			return &t->entries[low];
	return NULL;
}
