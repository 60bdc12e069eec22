#include "ledger.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "known.h"
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

static void put_suffix(const struct tool *tool, struct buf *path)
{
	if (!hubspot_is_loopback(tool->api_url))
		return;
	buf_putc(path, '-');
	put_host(path, tool->api_url);
}

bool ledger_folder(const struct tool *tool, const struct portal *portal, struct buf *path, char error[CONFIG_ERROR_BYTES])
{
	if (!tool_state_dir(tool, path, error))
		return false;
	buf_printf(path, "/portal-%s", portal->id);
	put_suffix(tool, path);
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

/* A person at the terminal is asked; nobody else can be. A job in the background would be stopped by reading from it. */
static bool ask_for_writes(void *arg)
{
	const struct portal *portal = arg;
	char answer[16] = "";
	FILE *terminal = isatty(STDERR_FILENO) == 1 ? fopen("/dev/tty", "r+e") : NULL;
	if (terminal == NULL)
		return false;
	if (tcgetpgrp(fileno(terminal)) != getpgrp()) {
		fclose(terminal);
		return false;
	}
	cli_progress_end();
	fprintf(terminal, "hs-tasks: more than %d writes to the STANDARD account %s. Go on? [y/N] ", HUBSPOT_FREE_WRITES, portal->id);
	fflush(terminal);
	bool is_yes = fgets(answer, sizeof answer, terminal) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
	fclose(terminal);
	return is_yes;
}

/* A real account, not one to test in. */
static void guard_writes(struct tool *tool, const struct portal *portal)
{
	static struct portal guarded; /* outlives the verb's */
	char refusal[300];
	if (tool->may_write_much || strcmp(portal->account_type, "STANDARD") != 0 || json_is_true(config_member(&tool->config, "unattended")))
		return;
	guarded = *portal;
	snprintf(refusal, sizeof refusal, "more than %d writes to the STANDARD account %s want --yes, or \"unattended\": true in the settings",
		HUBSPOT_FREE_WRITES, portal->id);
	hubspot_guard_writes(tool->api, ask_for_writes, &guarded, refusal);
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
	if (tool->journal != NULL && journal_begin_run(tool->journal, tool->verb, hubspot_host(tool->api), clock_real_ms(), &run) != 0) {
		snprintf(error, sizeof error, "%s", journal_error(tool->journal));
		journal_close(tool->journal);
		tool->journal = NULL;
	}
	if (tool->journal == NULL) {
		snprintf(message, sizeof message, "journal: %s", error);
		hubspot_fail(tool->api, EXIT_IO_FAILED, "io_failed", true, message);
		return false;
	}
	guard_writes(tool, portal);
	return true;
}

bool ledger_open(struct tool *tool, const struct portal *portal)
{
	if (!ledger_join(tool, portal))
		return false;
	if (tool->journal != NULL) {
		resume_works(tool, portal);
		const struct hubspot_trouble *refusal = hubspot_refusal(tool->api);
		/* What earlier runs left is finished first, or nothing is done. */
		if (refusal != NULL)
			hubspot_fail(tool->api, refusal->status, refusal->code, refusal->is_retryable, refusal->message);
		resume_leases(tool);
	}
	return hubspot_trouble(tool->api)->status == 0;
}

static void open_or_die(struct tool *tool, const struct portal *portal, bool read_only)
{
	char error[JOURNAL_ERROR_BYTES];
	tool->journal = open_journal(tool, portal, read_only, error);
	if (tool->journal == NULL)
		cli_die(EXIT_IO_FAILED, "journal: %s", error);
}

void ledger_read(struct tool *tool, const struct portal *portal)
{
	open_or_die(tool, portal, true);
}

void ledger_edit(struct tool *tool, const struct portal *portal)
{
	open_or_die(tool, portal, false);
}

/* -- which portal -- */

/* The id in a folder's name, where it is one of a portal at this address. */
static bool take_folder(const struct tool *tool, const char *name, char id[PORTAL_TEXT_BYTES])
{
	struct buf suffix;
	size_t prefix = strlen("portal-"), digits = strspn(name + (strncmp(name, "portal-", prefix) == 0 ? prefix : 0), "0123456789");
	buf_init(&suffix, MAX_PATH_BYTES);
	put_suffix(tool, &suffix);
	bool ok = strncmp(name, "portal-", prefix) == 0 && digits > 0 && digits < PORTAL_TEXT_BYTES &&
		strcmp(name + prefix + digits, buf_text(&suffix)) == 0;
	if (ok)
		snprintf(id, PORTAL_TEXT_BYTES, "%.*s", (int)digits, name + prefix);
	buf_release(&suffix);
	return ok;
}

static bool find_only_folder(const struct tool *tool, char id[PORTAL_TEXT_BYTES])
{
	char error[CONFIG_ERROR_BYTES];
	struct buf path;
	size_t found = 0;
	buf_init(&path, MAX_PATH_BYTES);
	DIR *folder = tool_state_dir(tool, &path, error) ? opendir(buf_text(&path)) : NULL;
	for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
		found += take_folder(tool, entry->d_name, id);
	if (folder != NULL)
		closedir(folder);
	buf_release(&path);
	return found == 1;
}

bool ledger_find_portal(const struct tool *tool, const char *id, struct portal *portal)
{
	if (id != NULL) {
		snprintf(portal->id, sizeof portal->id, "%s", id);
		return true;
	}
	return (tool->token.len > 0 && known_read(portal, tool->api, &tool->workflow)) || find_only_folder(tool, portal->id);
}

/* -- a look at it -- */

struct note {
	const struct workflow *workflow;
	struct ledger_view *view;
};

static void note_paused(struct slice name, struct slice reason, int64_t at_ms, void *arg)
{
	const struct note *note = arg;
	const struct route *route = workflow_route_named(note->workflow, name);
	(void)reason;
	(void)at_ms;
	if (route != NULL)
		note->view->is_paused[route - note->workflow->routes] = true;
}

struct ledger_view ledger_look(const struct tool *tool, const struct portal *portal)
{
	char error[JOURNAL_ERROR_BYTES];
	struct ledger_view view = { .has_pending = false };
	struct note note = { &tool->workflow, &view };
	struct journal_totals totals;
	bool has_dead_leases;
	struct journal *journal = tool->journal != NULL ? tool->journal : open_journal(tool, portal, true, error);
	if (journal == NULL)
		cli_die(EXIT_IO_FAILED, "journal: %s", error);
	if (journal_totals(journal, &totals) != 0 || journal_each_paused(journal, note_paused, &note) != 0 ||
		journal_has_dead_leases(journal, &has_dead_leases) != 0)
		cli_die(EXIT_IO_FAILED, "journal: %s", journal_error(journal));
	view.has_pending = totals.pending_works > 0 || has_dead_leases;
	if (journal != tool->journal)
		journal_close(journal);
	return view;
}
