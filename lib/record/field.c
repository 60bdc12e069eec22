/* lib/record/field.c - fields by name, as lead(5) defines them: all that a tool wants, found in one pass over each container. */
#include "record/record.h"

#include <stdlib.h>

#include "record/line.h"

enum { NO_FIELD = -1, NAME_MAX_BYTES = 1 << 16 };

/* A name that is looked for in one container. */
struct entry {
	uint64_t head, tail; /* its first and last eight bytes; head is filled with zeros where there are fewer, tail is then 0 */
	char *name;
	size_t len;
	int field; /* its number, or NO_FIELD */
	struct node *node; /* what is looked for inside it, or NULL */
	struct value found; /* by the pass that is under way */
};

/* The names that are looked for in one container, in a hash table with open addressing. */
struct node {
	struct entry *entries;
	size_t count, cap;
	uint16_t *slots; /* 1 + number of an entry; 0 is empty */
	size_t slot_mask;
};

enum container { CONTACT, COMPANY, TASK, CONTAINERS };
static const char *const container_names[CONTAINERS] = { "contact", "company", "task" };

struct field_set {
	enum container bare; /* what a record without containers is */
	struct node root;
	struct node fields[CONTAINERS];
	size_t count;
};

/* -- names -- */

static inline uint64_t load8(const char *p)
{
	uint64_t word;
	memcpy(&word, p, sizeof word);
	return word;
}

/* Up to seven bytes from memory of which eight may be read. */
static inline uint64_t load_head(const char *p, size_t len)
{
	static const uint64_t keep[8] = { 0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff };
	return len >= 8 ? load8(p) : load8(p) & keep[len];
}

static inline size_t hash(uint64_t head, uint64_t tail, size_t len)
{
	/* Odd constants without pattern: the golden ratio and its successor in splitmix64. */
	uint64_t mixed = (head ^ len) * 0x9e3779b97f4a7c15u + tail * 0xbf58476d1ce4e5b9u;
	return (size_t)(mixed >> 32);
}

static struct entry *look_up(const struct node *node, const char *name, size_t len)
{
	if (node->count == 0)
		return NULL;
	uint64_t head = load_head(name, len), tail = len >= 8 ? load8(name + len - 8) : 0;
	for (size_t slot = hash(head, tail, len);; slot++) {
		uint16_t number = node->slots[slot & node->slot_mask];
		if (number == 0)
			return NULL;
		struct entry *e = &node->entries[number - 1];
		if (e->head == head && e->tail == tail && e->len == len && (len <= 16 || memcmp(e->name + 8, name + 8, len - 16) == 0))
			return e;
	}
}

/* The name as the record wrote it: decoded first where it has escapes. */
static struct entry *look_up_raw(const struct node *node, const struct record *r, struct slice name)
{
	if (!line_has_escape(r, name))
		return look_up(node, name.ptr, name.len);
	for (size_t i = 0; i < node->count; i++)
		if (line_name_is(r, name, (struct slice){ node->entries[i].name, node->entries[i].len }))
			return &node->entries[i];
	return NULL;
}

/* -- building -- */

static void release_node(struct node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		if (node->entries[i].node != NULL) {
			release_node(node->entries[i].node);
			free(node->entries[i].node);
		}
		free(node->entries[i].name);
	}
	free(node->entries);
	free(node->slots);
}

/* Room for one more entry, with at most every fourth slot in use. */
static bool grow(struct node *node)
{
	enum { FEWEST = 8, SLOTS_PER_ENTRY = 4 };
	if (node->count < node->cap)
		return true;
	size_t cap = node->cap == 0 ? FEWEST : 2 * node->cap, slot_count = cap * SLOTS_PER_ENTRY;
	if (cap >= UINT16_MAX)
		return false;
	struct entry *entries = realloc(node->entries, cap * sizeof *entries);
	if (entries == NULL)
		return false;
	node->entries = entries;
	uint16_t *slots = calloc(slot_count, sizeof *slots);
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < node->count; i++) {
		size_t slot = hash(entries[i].head, entries[i].tail, entries[i].len);
		while (slots[slot & (slot_count - 1)] != 0)
			slot++;
		slots[slot & (slot_count - 1)] = (uint16_t)(i + 1);
	}
	free(node->slots);
	node->slots = slots;
	node->slot_mask = slot_count - 1;
	node->cap = cap;
	return true;
}

/* The entry of that name, a new one where there is none; NULL when out of memory. */
static struct entry *add_name(struct node *node, struct slice name)
{
	char *copy = calloc(1, name.len + LINE_SLACK_BYTES);
	if (copy == NULL)
		return NULL;
	if (name.len > 0)
		memcpy(copy, name.ptr, name.len);
	struct entry *e = look_up(node, copy, name.len);
	if (e != NULL || !grow(node)) {
		free(copy);
		return e;
	}
	e = &node->entries[node->count++];
	*e = (struct entry){ .head = load_head(copy, name.len), .name = copy, .len = name.len, .field = NO_FIELD };
	e->tail = name.len >= 8 ? load8(copy + name.len - 8) : 0;
	size_t slot = hash(e->head, e->tail, e->len);
	while (node->slots[slot & node->slot_mask] != 0)
		slot++;
	node->slots[slot & node->slot_mask] = (uint16_t)node->count;
	return e;
}

struct field_set *field_set_new(enum record_as as)
{
	struct field_set *set = calloc(1, sizeof *set);
	if (set == NULL)
		return NULL;
	set->bare = as == RECORD_AS_COMPANY ? COMPANY : as == RECORD_AS_TASK ? TASK : CONTACT;
	/* Always looked for: which of them are objects decides where fields are. */
	for (int i = 0; i < CONTAINERS; i++)
		if (add_name(&set->root, slice_of(container_names[i])) == NULL) {
			field_set_free(set);
			return NULL;
		}
	if (add_name(&set->root, slice_of("properties")) == NULL) {
		field_set_free(set);
		return NULL;
	}
	return set;
}

void field_set_free(struct field_set *set)
{
	if (set == NULL)
		return;
	release_node(&set->root);
	for (int i = 0; i < CONTAINERS; i++)
		release_node(&set->fields[i]);
	free(set);
}

/* Splits "contact.job title" at its first dot; false where it has none. */
static bool split_field(struct slice name, struct slice *first, struct slice *rest)
{
	*rest = name;
	return slice_split(rest, '.', first) && rest->ptr != NULL;
}

static int container_of(struct slice first)
{
	for (int i = 0; i < CONTAINERS; i++)
		if (slice_is(first, container_names[i]))
			return i;
	return CONTAINERS;
}

/* The last step of a path of member names, made where it is missing. */
static struct entry *add_path(struct node *node, struct slice path)
{
	struct slice part;
	struct entry *e = NULL;
	while (slice_split(&path, '.', &part)) {
		if ((e = add_name(node, part)) == NULL)
			return NULL;
		if (path.ptr == NULL)
			break;
		if (e->node == NULL && (e->node = calloc(1, sizeof *e->node)) == NULL)
			return NULL;
		node = e->node;
	}
	return e;
}

int field_set_add(struct field_set *set, struct slice name)
{
	struct slice first, rest;
	if (name.len > NAME_MAX_BYTES || set->count >= INT16_MAX || !split_field(name, &first, &rest))
		return -1;
	int container = container_of(first);
	struct entry *e = container == CONTAINERS ? add_path(&set->root, name) : add_name(&set->fields[container], rest);
	if (e == NULL)
		return -1;
	if (e->field == NO_FIELD)
		e->field = (int)set->count++;
	return e->field;
}

size_t field_set_count(const struct field_set *set)
{
	return set->count;
}

/* -- finding -- */

static inline bool is_missing(struct value v)
{
	return v.type == JSON_NULL || (v.type == JSON_STRING && v.raw.len == 2);
}

/* One pass over an object: what it holds of the node's names. The last occurrence counts. */
static void search(const struct node *node, const struct record *r, struct value object)
{
	uint32_t end = r->jump[object.at], next;
	for (size_t i = 0; i < node->count; i++)
		node->entries[i].found = (struct value){ JSON_NULL, { "", 0 }, 0 };
	for (uint32_t at = object.at + 1; at < end; at = line_skip_comma(next)) {
		struct entry *e = look_up_raw(node, r, line_name(r, at));
		struct value v = line_value(r, at + 3, &next);
		if (e != NULL)
			e->found = v;
	}
}

static void collect(const struct node *node, const struct record *r, struct value *values)
{
	for (size_t i = 0; i < node->count; i++) {
		struct entry *e = &node->entries[i];
		if (e->field != NO_FIELD && !is_missing(e->found))
			values[e->field] = e->found;
		if (e->node != NULL && e->found.type == JSON_OBJECT) {
			search(e->node, r, e->found);
			collect(e->node, r, values);
		}
	}
}

/* Where the fields of a container are; false: nowhere. `member` are the root's containers, `properties` its member of that name. */
static bool choose_container(const struct record *r, const struct value member[CONTAINERS], struct value properties, enum container bare,
	enum container wanted, struct value *container)
{
	if (member[wanted].type == JSON_OBJECT) {
		if (!record_member(r, member[wanted], slice_of("properties"), container) || container->type != JSON_OBJECT)
			*container = member[wanted];
		return true;
	}
	for (int i = 0; i < CONTAINERS; i++)
		if (member[i].type == JSON_OBJECT)
			return false;
	*container = properties.type == JSON_OBJECT ? properties : record_root(r);
	return wanted == bare;
}

void field_set_get(const struct field_set *set, const struct record *r, struct value *values)
{
	struct value root = record_root(r), member[CONTAINERS], container;
	for (size_t i = 0; i < set->count; i++)
		values[i] = (struct value){ JSON_NULL, { "", 0 }, 0 };
	if (root.type != JSON_OBJECT)
		return;
	search(&set->root, r, root);
	for (int i = 0; i < CONTAINERS; i++)
		member[i] = set->root.entries[i].found;
	struct value properties = set->root.entries[CONTAINERS].found;
	collect(&set->root, r, values);
	for (int i = 0; i < CONTAINERS; i++)
		if (set->fields[i].count > 0 && choose_container(r, member, properties, set->bare, (enum container)i, &container)) {
			search(&set->fields[i], r, container);
			collect(&set->fields[i], r, values);
		}
}

bool record_field(const struct record *r, enum record_as as, const char *name, struct value *value)
{
	struct slice first, rest, part;
	struct value root = record_root(r), member[CONTAINERS] = { 0 }, properties = { 0 }, v;
	enum container bare = as == RECORD_AS_COMPANY ? COMPANY : as == RECORD_AS_TASK ? TASK : CONTACT;
	if (!split_field(slice_of(name), &first, &rest))
		return false;
	int wanted = container_of(first);
	if (wanted != CONTAINERS) {
		for (int i = 0; i < CONTAINERS; i++)
			record_member(r, root, slice_of(container_names[i]), &member[i]);
		record_member(r, root, slice_of("properties"), &properties);
		if (root.type != JSON_OBJECT || !choose_container(r, member, properties, bare, (enum container)wanted, &v) ||
			!record_member(r, v, rest, &v))
			return false;
	} else {
		rest = slice_of(name);
		v = root;
		while (slice_split(&rest, '.', &part))
			if (!record_member(r, v, part, &v))
				return false;
	}
	if (is_missing(v))
		return false;
	*value = v;
	return true;
}
