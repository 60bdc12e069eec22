/* bin/hs-sandbox/calls.h - what was asked of the sandbox: counts for GET /sandbox/calls, and a line a call for --calls FILE. */
#ifndef SANDBOX_CALLS_H
#define SANDBOX_CALLS_H
#include "record/write.h"

enum { CALLS_MAX_NAMES = 128, CALLS_MAX_STATUS = 600 };

struct calls {
	int fd; /* of the file; -1 for none */
	int64_t total, objects;
	struct {
		const char *operation, *type;
		int64_t count;
	} by[CALLS_MAX_NAMES];
	size_t name_count;
	int error; /* errno of the first line that could not be written; 0 for none */
	int64_t by_status[CALLS_MAX_STATUS]; /* 0: the connection was cut */
};

struct call_line {
	int64_t at_ms; /* of the arrival, real time */
	const char *operation; /* of the route; static */
	const char *type; /* of the objects; static, NULL where there is none */
	const char *method;
	struct slice path;
	unsigned status, objects;
	const char *fault; /* that struck; static, NULL for none */
	unsigned effect; /* the status it would have been answered with, where it was carried out but not answered; else 0 */
	int64_t us;
};

/* NULL: no file. False with errno. */
bool calls_open(struct calls *c, const char *path);
void calls_close(struct calls *c);

/* Counts a call and writes its line. */
void calls_add(struct calls *c, const struct call_line *line);

/* {"total", "objects", "by": {"search tasks": 12}, "status": {"200": 12}, "late": 0}. */
void calls_report(const struct calls *c, int64_t late, struct buf *out);
#endif
