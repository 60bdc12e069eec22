#include "labels.h"

enum { MAX_LABELS_BYTES = 1 << 20, LAST_ID_OF_HUBSPOT = 1000 };

bool labels_load(struct labels *l, struct store *s)
{
	labels_release(l);
	arena_init(&l->arena, MAX_LABELS_BYTES);
	int64_t count = store_number(s, 0, "SELECT count(*) FROM association_labels", "");
	l->list = arena_alloc(&l->arena, (size_t)(count + 1) * sizeof *l->list);
	if (l->list == NULL)
		return false;
	sqlite3_stmt *stmt =
		store_query(s, "SELECT type_id, from_type, to_type, label, inverse_id, name FROM association_labels ORDER BY type_id", "");
	while (l->count < (size_t)count && store_next(s, stmt))
		l->list[l->count++] = (struct association_type){
			.type_id = sqlite3_column_int(stmt, 0),
			.from = (enum type_index)sqlite3_column_int(stmt, 1),
			.to = (enum type_index)sqlite3_column_int(stmt, 2),
			.label = arena_strdup(&l->arena, store_text(stmt, 3)),
			.inverse_id = sqlite3_column_int(stmt, 4),
			.name = arena_strdup(&l->arena, store_text(stmt, 5)),
		};
	sqlite3_reset(stmt);
	return !l->arena.failed && !s->failed;
}

void labels_release(struct labels *l)
{
	arena_release(&l->arena);
	*l = (struct labels){ .count = 0 };
}

const struct association_type *labels_find(const struct labels *l, int64_t type_id)
{
	for (size_t i = 0; i < association_type_count; i++)
		if (association_types[i].type_id == type_id)
			return &association_types[i];
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].type_id == type_id)
			return &l->list[i];
	return NULL;
}

int64_t labels_insert(struct store *s, const struct object_type *from, const struct object_type *to, struct slice name, struct slice label,
	struct slice inverse_label)
{
	/* The sequence remembers the ids of labels that are gone: none comes twice. */
	int64_t id = 1 + store_number(s, LAST_ID_OF_HUBSPOT, "SELECT seq FROM sqlite_sequence WHERE name='association_labels'", "");
	store_run(
		s, "INSERT INTO association_labels VALUES(?,?,?,?,?,?)", "iiissi", id, (int64_t)from->index, (int64_t)to->index, name, label, id + 1);
	store_run(s, "INSERT INTO association_labels VALUES(?,?,?,?,?,?)", "iiissi", id + 1, (int64_t)to->index, (int64_t)from->index, name,
		inverse_label, id);
	return id;
}

void labels_rename(struct store *s, int64_t type_id, struct slice label)
{
	store_run(s, "UPDATE association_labels SET label=? WHERE type_id=?", "si", label, type_id);
}

void labels_delete(struct store *s, const struct association_type *type)
{
	const int64_t id = type->type_id, inverse_id = type->inverse_id;
	store_run(s, "DELETE FROM associations WHERE type_id IN (?, ?)", "ii", id, inverse_id);
	store_run(s, "DELETE FROM association_labels WHERE type_id IN (?, ?)", "ii", id, inverse_id);
}
