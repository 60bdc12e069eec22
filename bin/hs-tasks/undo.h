/* bin/hs-tasks/undo.h - takes back effects that the journal knows: what belongs to the verb's parts. */
#ifndef HS_TASKS_UNDO_H
#define HS_TASKS_UNDO_H
#include "effect.h"
#include "ledger.h"
#include "restore.h"

enum undo_kind {
	UNDO_PROPERTIES, /* put back */
	UNDO_CREATE, /* archived */
	UNDO_STATUS, /* the task is opened again */
	UNDO_NOTHING, /* left alone, item.reason says why */
};

enum undo_outcome { UNDO_SKIPPED, UNDO_RESTORED, UNDO_ARCHIVED, UNDO_FAILED };

/* An effect that is to be taken back. Its texts lie in the arena of undo. */
struct undo_item {
	int64_t id, run;
	const char *name;
	enum hubspot_object object;
	enum journal_effect_state state;
	bool is_create;
	int64_t sent_ms;
	struct slice object_id; /* of a create whose answer was lost: empty until it is found */
	struct slice key, task, contact, company, route;
	const struct json *input; /* the properties asked for */
	const struct json *before, *after; /* values; after: those asked for where the answer was lost */
	enum undo_kind kind;
	bool is_expected; /* that it is left alone is no failure */
	enum undo_outcome outcome;
	struct slice reason, restored;
	bool is_undone; /* to be entered as such */
	struct undo_item *older; /* on the same object */
};

/* All that concerns one object. */
struct undo_object {
	enum hubspot_object object;
	struct slice id;
	struct undo_item *newest;
	size_t count;
	struct effect effect; /* what is written; input empty: nothing */
	bool is_archived;
};

struct undo {
	struct tool tool;
	struct portal portal;
	struct arena arena;
	struct undo_item *items; /* as they came */
	size_t count, capacity;
	struct undo_object *objects;
	size_t object_count;
	bool reopens;
	const char *reason; /* "undo of run 17" */
};

/* undo_read.c: what each item asks for; a create whose answer was lost is looked for. Then the objects, each once. */
void undo_classify(struct undo *u);
void undo_find_lost(struct undo *u);
void undo_group(struct undo *u);

/* What was made goes first, so that nobody takes it; tasks are opened last, when what their work wrote is put back. */
enum undo_phase { UNDO_MADE, UNDO_CHANGED, UNDO_TASKS, UNDO_PHASES };

/* undo_write.c: reads the objects of a phase, decides, and writes, a hundred in a call; in a dry run it only decides. */
void undo_objects(struct undo *u, enum undo_phase phase);
#endif
