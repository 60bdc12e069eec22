#include "net/program.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/config.h"

enum { MAX_PATH_BYTES = 8192, MAX_OPTIONS_BYTES = 1 << 20, HOST_BYTES = 256 };

struct cache *cache_begin(void)
{
	char error[CONFIG_ERROR_BYTES];
	struct cache *cache = NULL;
	struct buf path;
	_Static_assert((int)CONFIG_ERROR_BYTES >= (int)CACHE_ERROR_BYTES, "one buffer serves both");
	buf_init(&path, MAX_PATH_BYTES);
	if (config_cache_dir(&path, error)) {
		buf_puts(&path, "/cache.db");
		cache = cache_open(buf_text(&path), 0, error);
	}
	if (cache == NULL)
		cli_note("no cache: %s", error);
	buf_release(&path);
	return cache;
}

struct turns *turns_begin(void)
{
	char error[CONFIG_ERROR_BYTES];
	struct turns *turns = NULL;
	struct buf path;
	_Static_assert((int)CONFIG_ERROR_BYTES >= (int)TURNS_ERROR_BYTES, "one buffer serves both");
	buf_init(&path, MAX_PATH_BYTES);
	if (config_state_dir(&path, error)) {
		buf_puts(&path, "/web.turns");
		turns = turns_open(buf_text(&path), error);
	}
	if (turns == NULL)
		cli_note("other processes that ask the same websites are not waited for: %s", error);
	buf_release(&path);
	return turns;
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static struct cassette *record(struct cassette_run run)
{
	char error[CASSETTE_ERROR_BYTES], host[HOST_BYTES] = "";
	gethostname(host, sizeof host - 1);
	run.now_ms = clock_real_ms();
	run.host = host;
	struct cassette *c = cassette_record(&run, error);
	if (c == NULL)
		cli_die(EXIT_IO_FAILED, "--record: %s", error);
	return c;
}

static struct cassette *replay(struct cassette_run run)
{
	char error[CASSETTE_ERROR_BYTES];
	struct buf state;
	buf_init(&state, MAX_PATH_BYTES);
	if (!config_state_dir(&state, error))
		cli_die(EXIT_USAGE_ERROR, "--replay: %s", error);
	buf_puts(&state, "/replay");
	if (mkdir(buf_text(&state), 0700) != 0 && errno != EEXIST)
		cli_die(EXIT_IO_FAILED, "--replay: %s: %s", buf_text(&state), strerror(errno));
	run.state_dir = buf_text(&state);
	struct cassette *c = cassette_replay(&run, error);
	if (c == NULL)
		cli_die(EXIT_SERVICE_DOWN, "--replay: %s", error);
	buf_release(&state);
	return c;
}

struct cassette *cassette_begin(const char *record_dir, const char *replay_dir)
{
	struct buf program, options;
	if (record_dir == NULL && replay_dir == NULL) {
		record_dir = setting("LEADPIPE_RECORD");
		replay_dir = setting("LEADPIPE_REPLAY");
	}
	if (record_dir != NULL && replay_dir != NULL)
		cli_usage("--record and --replay exclude each other");
	if (record_dir == NULL && replay_dir == NULL)
		return NULL;
	buf_init(&program, MAX_PATH_BYTES);
	buf_init(&options, MAX_OPTIONS_BYTES);
	cli_describe(&program, &options);
	struct cassette_run run = {
		.dir = record_dir != NULL ? record_dir : replay_dir, .program = buf_slice(&program), .options = buf_slice(&options)
	};
	struct cassette *c = record_dir != NULL ? record(run) : replay(run);
	cli_fix_clock(cassette_now_ms(c));
	buf_release(&program);
	buf_release(&options);
	return c;
}

int cassette_end(struct cassette *c, int status)
{
	if (c == NULL)
		return status;
	if (cassette_missing(c) != NULL && status <= EXIT_SOME_FAILED) {
		cli_warn("--replay: not in %s: %s", cassette_dir(c), cassette_missing(c));
		status = EXIT_SERVICE_DOWN;
	}
	if (!cassette_close(c))
		cli_die(EXIT_IO_FAILED, "--record: %s", strerror(errno));
	return status;
}
