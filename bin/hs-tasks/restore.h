/* bin/hs-tasks/restore.h - what of an object's properties can be put back: pure decisions by the values from before and after an effect, and those there now.
 *
 * A value is put back only where the one that the effect left still stands: what somebody else has written since is theirs. null, "" and a missing value are the same. */
#ifndef HS_TASKS_RESTORE_H
#define HS_TASKS_RESTORE_H
#include "base/arena.h"
#include "base/json.h"

/* One effect on the object. The results live in the arena. */
struct restore_step {
	const struct json *before, *after; /* objects of values by name; before may be NULL: not known */
	bool is_undone; /* was put back once: a value that is another by now is no longer its own */
	struct slice restored; /* JSON object of what is put back; empty: nothing */
	struct slice left; /* "jobtitle, phone": what somebody else has changed since; empty: nothing */
};

/* A property in the end. */
struct restore_value {
	struct slice name, value;
};

/* Steps are in order, newest first: one may put back what the next has left. Gives the values to be written, which are others than `now` has. False: out of memory. */
bool restore_decide(
	struct arena *arena, struct restore_step *steps, size_t count, const struct json *now, struct restore_value **values, size_t *value_count);

/* Why an object that an effect made must stay, as it is `now`; empty: it is as it was made, and a task's nobody has taken it. */
struct slice restore_why_kept(struct arena *arena, bool is_task, const struct json *made, const struct json *now);

/* What sets a task back to NOT_STARTED, once more without attempts and lease; the values that the effect changed beside come back as by restore_decide. Its leadpipe_done
 * stays, so that what is made of it anew has other keys. *why is set, and there are no values, where the task is no longer as the effect left it. */
bool restore_reopen(struct arena *arena, const struct restore_step *step, const struct json *now, struct restore_value **values, size_t *value_count,
	struct slice *why);
#endif
