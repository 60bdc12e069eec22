/* lib/net/tape.h - one recorded session of a cassette, read back: its first line, its exchanges by request, and its events. Inside the cassette only. */
#ifndef NET_TAPE_H
#define NET_TAPE_H
#include "net/exchange.h"

enum { TAPE_FORMAT = 1, TAPE_ERROR_BYTES = 512 };

struct tape_entry {
	char key[SHA256_HEX_BYTES]; /* exchange_key, tape_event_key */
	struct exchange x; /* of an event: nothing */
	uint64_t turn; /* from 1, in the order of delivery */
	bool is_used;
};

struct tape {
	struct buf text;
	struct arena arena;
	const struct json *head; /* the first line */
	struct tape_entry *entries; /* by key, then by turn */
	size_t count, room;
	bool is_loaded;
};

/* Reads the file; a last line without its end is one whose program was killed while it wrote, and is left out. False with a message that names file and line. */
bool tape_load(struct tape *t, const char *path, char error[TAPE_ERROR_BYTES]);
void tape_release(struct tape *t);

void tape_event_key(struct slice event, char key[SHA256_HEX_BYTES]);

/* The first of that key that is not used yet; NULL: none. */
struct tape_entry *tape_find(struct tape *t, const char *key);
#endif
