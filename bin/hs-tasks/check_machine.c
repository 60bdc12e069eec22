/* What hs-tasks check looks at on this machine: the workflow file, and the folder that state lies in, the journal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "check.h"
#include "ledger.h"
#include "program.h"

/* A full disk ends every write verb; below this it is near. */
enum { MIN_FREE_MIB = 64, MAX_PATH_BYTES = 8192 };

void check_workflow(struct check *c)
{
	char error[WORKFLOW_ERROR_BYTES];
	const struct workflow *w = &c->tool.workflow;
	struct program *routes = program_new(w, error);
	struct program *upsert = routes == NULL || w->upsert == NULL ? NULL : program_new_upsert(w, error);
	if (routes == NULL || (upsert == NULL && w->upsert != NULL))
		check_fail(c, "workflow", "", "%s", error);
	else
		check_pass(c, "workflow", "%s, %zu routes, %zu owners", w->path, w->route_count, w->owner_count);
	program_free(routes);
	program_free(upsert);
}

/* Writes and removes a file there; false with errno. */
static bool can_write(const char *folder)
{
	char path[MAX_PATH_BYTES];
	snprintf(path, sizeof path, "%s/check-XXXXXX", folder);
	int fd = mkstemp(path);
	if (fd < 0)
		return false;
	bool ok = write(fd, "check\n", 6) == 6 && fsync(fd) == 0;
	int saved = errno;
	ok = close(fd) == 0 && ok;
	unlink(path);
	errno = ok ? errno : saved;
	return ok;
}

void check_state(struct check *c)
{
	char error[CONFIG_ERROR_BYTES];
	struct statvfs fs;
	struct buf path;
	buf_init(&path, MAX_PATH_BYTES - 64);
	if (!config_state_dir(&path, error)) {
		check_fail(c, "state", "", "%s", error);
	} else if (!can_write(buf_text(&path))) {
		check_fail(c, "state", "let this user write there, or let LEADPIPE_HOME name another folder", "%s: %s", buf_text(&path),
			strerror(errno));
	} else if (statvfs(buf_text(&path), &fs) != 0) {
		check_fail(c, "state", "let LEADPIPE_HOME name another folder", "%s: %s", buf_text(&path), strerror(errno));
	} else {
		double free_mib = (double)fs.f_bavail * (double)fs.f_frsize / (1 << 20);
		if (free_mib < MIN_FREE_MIB)
			check_fail(c, "state", "make room, or let LEADPIPE_HOME name another folder", "%s: only %.0f MiB are free", buf_text(&path),
				free_mib);
		else
			check_pass(c, "state", "%s, %.0f MiB free", buf_text(&path), free_mib);
	}
	buf_release(&path);
}

/* What dead runs have left, as far as the portal is known without asking. */
void check_journal(struct check *c)
{
	struct portal portal = { .id = "" };
	struct journal_totals totals;
	if (!ledger_find_portal(&c->tool, NULL, &portal))
		return;
	ledger_read(&c->tool, &portal);
	if (journal_totals(c->tool.journal, &totals) != 0)
		check_fail(c, "journal", "", "%s", journal_error(c->tool.journal));
	else if (totals.pending_works > 0)
		check_pass(c, "journal", "%zu records pending (%zu effects): the next verb that writes finishes them", totals.pending_works,
			totals.pending_effects);
	else
		check_pass(c, "journal", "nothing pending");
}
