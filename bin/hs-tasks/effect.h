/* bin/hs-tasks/effect.h - one change to one object of the CRM, with what the journal knows of it.
 *
 * Its key is the same whatever run, attempt, machine or content makes it (QUEUE.md, Effects), and goes into what is created: as leadpipe_key, and where the
 * portal does not keep that unique also as a marker in the text. */
#ifndef HS_TASKS_EFFECT_H
#define HS_TASKS_EFFECT_H
#include "base/arena.h"
#include "base/sha256.h"
#include "hubspot.h"
#include "store/journal.h"

enum { EFFECT_MARKER_KEY_BYTES = 16 }; /* of the key, in a marker */

struct effect {
	const char *name; /* "contact", "note", "follow_up", "status" */
	int64_t ordinal;
	enum hubspot_object object;
	bool is_create;
	bool is_repeatable; /* a create that can be sent again: something in it is unique */
	char key[SHA256_HEX_BYTES];
	struct slice object_id; /* of a create: empty until it is done */
	struct slice contact, company; /* of a create: what it is associated with; empty: none */
	struct slice input; /* {"properties":{NAME:TEXT},"fill":[NAME],"associations":[…]}; what is named under fill keeps a value that is there */
	void *owner; /* the caller's */

	int64_t id; /* in the journal; 0: not entered */
	enum journal_effect_state state;
	int64_t sent_ms; /* real time of the last sending; 0: never */
	struct slice before; /* JSON object of values before the first sending; empty: not read yet */
	bool is_resumed; /* sent before by a process that died */
	bool is_shared; /* no lease keeps our other processes from making it too */
	bool is_others; /* shared, and one of them is at it: to be entered again later */
	struct effect *next, *peer; /* the caller's list; perform's */
};

/* sha256 over portal, subject (a task's id, an e-mail address), generation, name and ordinal. */
void effect_make_key(struct effect *e, const char *portal_id, struct slice subject, struct slice generation);

/* Enters it, as a part of that work. 0 or -1 as the journal's functions. */
int effect_enter(struct effect *e, struct journal *journal, int64_t work);

/* From the journal's row; borrows its texts. False: the row names no object that we know. */
bool effect_from_row(struct effect *e, const struct journal_effect *row);

/* Puts "[leadpipe KEY]", which tells a text of ours. */
void effect_put_marker(struct buf *out, const struct effect *e);
#endif
