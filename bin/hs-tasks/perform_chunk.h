/* bin/hs-tasks/perform_chunk.h - a hundred objects on their way, and what updates and creates share. Inside perform only. */
#ifndef HS_TASKS_PERFORM_CHUNK_H
#define HS_TASKS_PERFORM_CHUNK_H
#include "perform.h"

struct perform {
	struct perform_context context;
	struct arena arena;
	struct effect **effects;
	size_t count;
	unsigned open;
	void (*ended)(struct effect *effect, enum row_outcome outcome, struct slice message, void *arg);
	void (*done)(void *arg);
	void *arg;
};

enum { PERFORM_INPUT_BYTES = 4 << 20 };

/* Up to a hundred objects to be changed, each once, or to be made. */
struct chunk {
	struct perform *p;
	enum hubspot_object object;
	bool is_repeatable;
	size_t count;
	struct target {
		struct slice id;
		struct effect *first, **end; /* linked by peer, in order */
		const struct json *current; /* properties as read just before; NULL: not read */
		bool is_ended;
	} targets[BATCH_ROWS];
};

/* A new chunk counts as open until chunk_done. */
struct chunk *chunk_new(struct perform *p, enum hubspot_object object, bool is_repeatable);
struct target *chunk_add(struct chunk *c, struct slice id, struct effect *e);
void chunk_end_target(struct chunk *c, struct target *t, enum row_outcome outcome, struct slice message);
void chunk_done(struct chunk *c);

/* Starts it. Creates that a process sent that died are looked for first, once no request sent then can take effect any more. */
void chunk_update(struct chunk *c);
void chunk_create(struct chunk *c);
void chunk_look(struct chunk *c);

const struct json *perform_parse(struct perform *p, struct slice text);

/* The properties of an effect's input. */
const struct json *perform_properties(struct perform *p, const struct effect *e);

/* The values of an effect's properties as `values` has them, else as `other` has; null where neither knows one. */
struct slice perform_values(struct perform *p, const struct effect *e, const struct json *values, const struct json *other);

/* The journal: a chunk goes out now; an effect has ended, between begin and commit. In a dry run they do nothing. */
void perform_enter_sending(struct chunk *c);
int perform_begin(const struct perform *p);
int perform_enter_end(const struct perform *p, struct effect *e, enum journal_effect_state state, struct slice object_id, struct slice after);
void perform_commit(const struct perform *p, int result);
#endif
