/* bin/hs-tasks/setup.h - the task properties that hs-tasks goes by, besides leadpipe_lease and leadpipe_key. */
#ifndef HS_TASKS_SETUP_H
#define HS_TASKS_SETUP_H

/* Ended by a NULL name. */
extern const struct own_property {
	const char *name, *label, *type, *field_type, *description;
} own_properties[];
#endif
