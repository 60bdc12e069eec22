#include "ledger.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lease.h"

enum { MAX_PATH_BYTES = 8192 };

/* "127.0.0.1-8700" of "http://127.0.0.1:8700/x", in characters that a file name may have. */
static void put_host(struct buf *path, const char *url)
{
	const char *at = strstr(url, "://");
	for (at = at == NULL ? url : at + 3; *at != '\0' && *at != '/'; at++) {
		bool is_plain = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '.';
		buf_putc(path, is_plain ? *at : '-');
	}
}

bool ledger_folder(const struct tool *tool, const struct portal *portal, struct buf *path, char error[CONFIG_ERROR_BYTES])
{
	if (!config_state_dir(path, error))
		return false;
	buf_printf(path, "/portal-%s", portal->id);
	if (hubspot_is_loopback(tool->api_url)) {
		buf_putc(path, '-');
		put_host(path, tool->api_url);
	}
	if (!path->failed && (mkdir(buf_text(path), 0700) == 0 || errno == EEXIST))
		return true;
	snprintf(error, CONFIG_ERROR_BYTES, "%.300s: %s", buf_text(path), path->failed ? "the path is too long" : strerror(errno));
	return false;
}

static struct journal *open_journal(const struct tool *tool, const struct portal *portal, bool read_only, char error[JOURNAL_ERROR_BYTES])
{
	struct buf path;
	struct journal *journal = NULL;
	buf_init(&path, MAX_PATH_BYTES);
	if (ledger_folder(tool, portal, &path, error))
		journal = journal_open(buf_text(&path), read_only, error);
	buf_release(&path);
	return journal;
}

/* A portal that is a copy of another has the other's settings with it. */
static bool is_right_portal(const struct tool *tool, const struct portal *portal)
{
	char message[300];
	if (portal->settings_id[0] == '\0' || strcmp(portal->settings_id, portal->id) == 0)
		return true;
	snprintf(message, sizeof message,
		"the token is of portal %s, but its settings were made for portal %s: nothing is written; run hs-tasks setup if it is a copy",
		portal->id, portal->settings_id);
	hubspot_fail(tool->api, EXIT_NOT_ALLOWED, "not_allowed", false, message);
	return false;
}

bool ledger_join(struct tool *tool, const struct portal *portal)
{
	char error[JOURNAL_ERROR_BYTES];
	char message[JOURNAL_ERROR_BYTES + 32];
	int64_t run;
	if (hubspot_is_dry_run(tool->api) || tool->journal != NULL)
		return hubspot_trouble(tool->api)->status == 0;
	if (!is_right_portal(tool, portal))
		return false;
	tool->journal = open_journal(tool, portal, false, error);
	if (tool->journal != NULL && journal_begin_run(tool->journal, tool->verb, lease_host(), clock_real_ms(), &run) != 0) {
		snprintf(error, sizeof error, "%s", journal_error(tool->journal));
		journal_close(tool->journal);
		tool->journal = NULL;
	}
	if (tool->journal == NULL) {
		snprintf(message, sizeof message, "journal: %s", error);
		hubspot_fail(tool->api, EXIT_IO_FAILED, "io_failed", true, message);
		return false;
	}
	return true;
}

bool ledger_open(struct tool *tool, const struct portal *portal)
{
	if (!ledger_join(tool, portal))
		return false;
	if (tool->journal != NULL) {
		resume_works(tool, portal);
		resume_leases(tool);
	}
	return hubspot_trouble(tool->api)->status == 0;
}

void ledger_read(struct tool *tool, const struct portal *portal)
{
	char error[JOURNAL_ERROR_BYTES];
	tool->journal = open_journal(tool, portal, true, error);
	if (tool->journal == NULL)
		cli_die(EXIT_IO_FAILED, "journal: %s", error);
}
