/* base/config: which file wins, what is refused and in which words, and that no message holds a secret. */
#include "base/config.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[64];

/* A path below the test's folder; good until the fourth call after it. */
static const char *below(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", root, name);
	return path;
}

static void put_bytes(const char *name, const char *bytes, size_t len, mode_t mode)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	put_bytes(name, text, strlen(text), mode);
}

static void make_folder(const char *name)
{
	assert_int_equal(mkdir(below(name), 0700), 0);
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0);
}

static int set_up(void **state)
{
	(void)state;
	static const char *const names[] = { "LEADPIPE_HOME", "LEADPIPE_SHARE", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "HOME",
		"CREDENTIALS_DIRECTORY", "TEST_SECRET", "TEST_URL" };
	const char *tmp = getenv("TMPDIR");
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	snprintf(root, sizeof root, "%.40s/config-XXXXXX", tmp == NULL || strlen(tmp) > 40 ? "/tmp" : tmp);
	return mkdtemp(root) == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	run(command);
	return 0;
}

/* -- settings -- */

static void test_no_file_is_fine(void **state)
{
	(void)state;
	struct config c;
	char error[CONFIG_ERROR_BYTES] = "";
	assert_true(config_load(&c, NULL, error)); /* not even HOME is set */
	assert_null(c.root);
	assert_null(c.path);
	assert_null(config_text(&c, "TEST_URL", "api_url"));
	assert_null(config_member(&c, "api_url"));
	config_release(&c);
	setenv("LEADPIPE_HOME", root, 1);
	assert_true(config_load(&c, NULL, error));
	assert_null(c.path);
	setenv("TEST_URL", "http://from-environment", 1);
	assert_string_equal(config_text(&c, "TEST_URL", "api_url"), "http://from-environment");
	setenv("TEST_URL", "", 1);
	assert_null(config_text(&c, "TEST_URL", "api_url"));
	config_release(&c);
	assert_string_equal(error, "");
}

static void test_settings(void **state)
{
	(void)state;
	struct config c;
	char error[CONFIG_ERROR_BYTES] = "";
	make_folder("config");
	put_file("config/config.json",
		"{\"api_url\":\"http:\\/\\/file\",\"qualify\":{\"rules\":\"mine.json\",\"n\":3,\"deep\":{\"er\":\"yes\"}},\"api\":2026}", 0644);
	setenv("LEADPIPE_HOME", root, 1);
	assert_true(config_load(&c, NULL, error));
	assert_string_equal(c.path, below("config/config.json"));
	assert_string_equal(config_text(&c, "TEST_URL", "api_url"), "http://file");
	assert_string_equal(config_text(&c, NULL, "qualify.rules"), "mine.json");
	assert_string_equal(config_text(&c, NULL, "qualify.deep.er"), "yes");
	assert_null(config_text(&c, NULL, "qualify.n")); /* no string */
	assert_null(config_text(&c, NULL, "qualify"));
	assert_null(config_text(&c, NULL, "qualify.rules.x"));
	assert_null(config_text(&c, NULL, "none.rules"));
	check_text("member", config_member(&c, "qualify.n")->raw, slice_of("3"));
	setenv("TEST_URL", "http://from-environment", 1);
	assert_string_equal(config_text(&c, "TEST_URL", "api_url"), "http://from-environment");
	config_release(&c);
	assert_null(c.root);
	assert_null(c.path);
}

static void test_folders_of_the_settings(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *file, *found;
	} rows[] = {
		{ "HOME", "h", "h/.config/leadpipe/config.json", "home" },
		{ "XDG_CONFIG_HOME", "x", "x/leadpipe/config.json", "xdg" },
		{ "LEADPIPE_HOME", "l", "l/config/config.json", "own" },
	};
	char command[300], error[CONFIG_ERROR_BYTES] = "";
	snprintf(command, sizeof command, "cd '%s' && mkdir -p h/.config/leadpipe x/leadpipe l/config", root);
	run(command);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config c;
		char text[64];
		snprintf(text, sizeof text, "{\"from\":\"%s\"}", rows[i].found);
		put_file(rows[i].file, text, 0600);
		setenv(rows[i].name, below(rows[i].value), 1);
		assert_true(config_load(&c, NULL, error));
		assert_string_equal(config_text(&c, NULL, "from"), rows[i].found);
		config_release(&c);
	}
	/* A relative XDG folder is to be ignored (XDG base directory specification). */
	struct config c;
	unsetenv("LEADPIPE_HOME");
	setenv("XDG_CONFIG_HOME", "x", 1);
	assert_true(config_load(&c, NULL, error));
	assert_string_equal(config_text(&c, NULL, "from"), "home");
	config_release(&c);
	/* --config before all */
	setenv("LEADPIPE_HOME", below("l"), 1);
	assert_true(config_load(&c, below("x/leadpipe/config.json"), error));
	assert_string_equal(config_text(&c, NULL, "from"), "xdg");
	config_release(&c);
}

static void test_settings_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{ "", ":1:1: unexpected end" },
		{ "{\n  \"a\": tru\n}", ":2:8: not a JSON value" },
		{ "\n[1]", ":2: settings are a JSON object" },
		{ "\"text\"", ":1: settings are a JSON object" },
		{ "{} {}", ":1:4: text after the value" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config c;
		char error[CONFIG_ERROR_BYTES] = "", want[CONFIG_ERROR_BYTES];
		put_file("bad.json", rows[i].text, 0600);
		assert_false(config_load(&c, below("bad.json"), error));
		snprintf(want, sizeof want, "%s%s", below("bad.json"), rows[i].complaint);
		assert_string_equal(error, want);
	}
	struct config c;
	char error[CONFIG_ERROR_BYTES] = "", want[CONFIG_ERROR_BYTES];
	assert_false(config_load(&c, below("none.json"), error));
	snprintf(want, sizeof want, "%s: No such file or directory", below("none.json"));
	assert_string_equal(error, want);
	assert_false(config_load(&c, root, error));
	snprintf(want, sizeof want, "%s: Is a directory", root);
	assert_string_equal(error, want);
}

/* -- files -- */

static void test_read_file(void **state)
{
	(void)state;
	struct buf text;
	char error[CONFIG_ERROR_BYTES] = "", want[CONFIG_ERROR_BYTES];
	buf_init(&text, 100000);
	put_bytes("ten",
		"0123\0"
		"56789",
		10, 0600);
	assert_true(config_read_file(below("ten"), 10, &text, error));
	check_text("ten", buf_slice(&text),
		(struct slice){ "0123\0"
				"56789",
			10 });
	buf_reset(&text);
	assert_false(config_read_file(below("ten"), 9, &text, error));
	snprintf(want, sizeof want, "%s: larger than 9 bytes, or out of memory", below("ten"));
	assert_string_equal(error, want);
	buf_reset(&text);
	/* What never ends is left after the limit. */
	assert_false(config_read_file("/dev/zero", 50000, &text, error));
	assert_string_equal(error, "/dev/zero: larger than 50000 bytes, or out of memory");
	buf_reset(&text);
	assert_false(config_read_file(below("none"), 10, &text, error));
	assert_int_equal(text.len, 0);
	buf_release(&text);
}

static void test_state_folders(void **state)
{
	(void)state;
	struct buf path;
	struct stat info;
	char error[CONFIG_ERROR_BYTES] = "";
	buf_init(&path, 4096);
	assert_false(config_state_dir(&path, error));
	assert_string_equal(error, "no folder for state: set LEADPIPE_HOME or HOME");
	assert_int_equal(path.len, 0);

	setenv("HOME", below("home"), 1);
	assert_true(config_state_dir(&path, error));
	assert_string_equal(buf_text(&path), below("home/.local/state/leadpipe"));
	assert_int_equal(stat(buf_text(&path), &info), 0);
	assert_true(S_ISDIR(info.st_mode));
	assert_int_equal(info.st_mode & 0777, 0700);
	buf_reset(&path);
	assert_true(config_cache_dir(&path, error));
	assert_string_equal(buf_text(&path), below("home/.cache/leadpipe"));

	setenv("XDG_STATE_HOME", below("xdg"), 1);
	buf_reset(&path);
	assert_true(config_state_dir(&path, error));
	assert_string_equal(buf_text(&path), below("xdg/leadpipe"));

	setenv("LEADPIPE_HOME", below("own"), 1);
	buf_reset(&path);
	assert_true(config_state_dir(&path, error));
	assert_true(config_state_dir(&path, error)); /* there already; put behind what is in the buffer */
	char want[300];
	snprintf(want, sizeof want, "%s%s", below("own/state"), below("own/state"));
	assert_string_equal(buf_text(&path), want);

	/* A file in its place, as the folder or on the way to it. */
	put_file("own/cache", "", 0600);
	buf_reset(&path);
	assert_false(config_cache_dir(&path, error));
	snprintf(want, sizeof want, "%s: Not a directory", below("own/cache"));
	assert_string_equal(error, want);
	put_file("blocked", "", 0600);
	setenv("LEADPIPE_HOME", below("blocked/home"), 1);
	assert_false(config_cache_dir(&path, error));
	snprintf(want, sizeof want, "%s: Not a directory", below("blocked/home"));
	assert_string_equal(error, want);
	assert_int_equal(path.len, 0);
	buf_release(&path);
}

static void test_share_file(void **state)
{
	(void)state;
	char command[300];
	struct buf path;
	buf_init(&path, 4096);
	snprintf(command, sizeof command,
		"cd '%s' && mkdir -p config/rules share/rules && touch share/rules/a.json share/rules/b.json config/rules/b.json plain.json", root);
	run(command);
	assert_false(config_share_file("rules/only-in-a-test.json", &path));
	setenv("LEADPIPE_SHARE", below("share"), 1);
	setenv("LEADPIPE_HOME", root, 1);
	assert_true(config_share_file("rules/a.json", &path));
	assert_string_equal(buf_text(&path), below("share/rules/a.json"));
	/* One's own before the shared one of that name. */
	assert_true(config_share_file("rules/b.json", &path));
	assert_string_equal(buf_text(&path), below("config/rules/b.json"));
	assert_false(config_share_file("rules/only-in-a-test.json", &path));
	/* A path is a path. */
	assert_true(config_share_file(below("plain.json"), &path));
	assert_string_equal(buf_text(&path), below("plain.json"));
	assert_int_equal(chdir(root), 0);
	assert_true(config_share_file("./plain.json", &path));
	assert_string_equal(buf_text(&path), "./plain.json");
	assert_false(config_share_file("./rules/a.json", &path));
	assert_false(config_share_file("plain.json/none", &path));
	assert_int_equal(chdir("/"), 0);
	buf_release(&path);
}

/* -- secrets -- */

static void test_secret_order(void **state)
{
	(void)state;
	char error[CONFIG_ERROR_BYTES] = "", command[300];
	struct buf secret;
	buf_init(&secret, 8192);
	assert_false(config_secret(NULL, "test.token", "TEST_SECRET", &secret, error));
	assert_string_equal(error,
		"no test.token: set TEST_SECRET, or put it into a folder that LEADPIPE_HOME names (mode 600), or name a file with --token-file");

	setenv("LEADPIPE_HOME", root, 1);
	char want[CONFIG_ERROR_BYTES];
	assert_false(config_secret(NULL, "test.token", "TEST_SECRET", &secret, error));
	snprintf(want, sizeof want, "no test.token: set TEST_SECRET, or put it into %s (mode 600), or name a file with --token-file",
		below("config/test.token"));
	assert_string_equal(error, want);

	setenv("TEST_SECRET", "from-environment", 1);
	assert_true(config_secret(NULL, "test.token", "TEST_SECRET", &secret, error));
	assert_string_equal(buf_text(&secret), "from-environment");

	snprintf(command, sizeof command, "cd '%s' && mkdir -p config managed", root);
	run(command);
	put_file("config/test.token", "from-config\n", 0600);
	assert_true(config_secret(NULL, "test.token", "TEST_SECRET", &secret, error));
	assert_string_equal(buf_text(&secret), "from-config");

	put_file("managed/test.token", "from-manager", 0640); /* the service manager's business */
	setenv("CREDENTIALS_DIRECTORY", below("managed"), 1);
	assert_true(config_secret(NULL, "test.token", "TEST_SECRET", &secret, error));
	assert_string_equal(buf_text(&secret), "from-manager");

	put_file("named", "  from-flag \r\n", 0400);
	assert_true(config_secret(below("named"), "test.token", "TEST_SECRET", &secret, error));
	assert_string_equal(buf_text(&secret), "from-flag");
	/* A file that was named is not replaced by another source. */
	assert_false(config_secret(below("none"), "test.token", "TEST_SECRET", &secret, error));
	snprintf(want, sizeof want, "%s: No such file or directory", below("none"));
	assert_string_equal(error, want);
	buf_release(&secret);
}

static void test_secret_modes(void **state)
{
	(void)state;
	static const struct {
		mode_t mode;
		bool ok;
	} rows[] = { { 0600, true }, { 0400, true }, { 0700, true }, { 0640, false }, { 0604, false }, { 0620, false }, { 0601, false },
		{ 0644, false }, { 0666, false } };
	struct buf secret;
	buf_init(&secret, 8192);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char error[CONFIG_ERROR_BYTES] = "", want[CONFIG_ERROR_BYTES];
		put_file("token", "s3cret", rows[i].mode);
		check_int("mode", config_secret(below("token"), "test.token", "TEST_SECRET", &secret, error), rows[i].ok);
		if (!rows[i].ok) {
			snprintf(want, sizeof want, "%s: others may read it (mode %04o); chmod 600 it", below("token"), rows[i].mode);
			assert_string_equal(error, want);
		}
		unlink(below("token"));
	}
	buf_release(&secret);
}

static void test_secret_contents(void **state)
{
	(void)state;
	static const struct {
		const char *text, *complaint; /* NULL: fine */
	} rows[] = {
		{ "pat-na1-0000", NULL },
		{ "~!@#$%^&*()", NULL },
		{ "", "is empty" },
		{ " \n", "is empty" },
		{ "s3cret two", "holds a blank, a control byte or a byte that is not ASCII" },
		{ "s3cret\nX-Header: 1", "holds a blank, a control byte or a byte that is not ASCII" },
		{ "s3cret\x7f", "holds a blank, a control byte or a byte that is not ASCII" },
		{ "s3cret\xc3\xa9", "holds a blank, a control byte or a byte that is not ASCII" },
		{ "s3cret\x1b[2J", "holds a blank, a control byte or a byte that is not ASCII" },
	};
	struct buf secret;
	buf_init(&secret, 8192);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char error[CONFIG_ERROR_BYTES] = "", want[CONFIG_ERROR_BYTES] = "";
		put_file("token", rows[i].text, 0600);
		check_int(rows[i].text, config_secret(below("token"), "test.token", "TEST_SECRET", &secret, error), rows[i].complaint == NULL);
		if (rows[i].complaint != NULL)
			snprintf(want, sizeof want, "%s: %s", below("token"), rows[i].complaint);
		check_text(rows[i].text, slice_of(error), slice_of(want));
		assert_null(strstr(error, "s3cret"));
		if (rows[i].text[0] == '\0')
			continue;
		setenv("TEST_SECRET", rows[i].text, 1);
		check_int(rows[i].text, config_secret(NULL, "test.token", "TEST_SECRET", &secret, error), rows[i].complaint == NULL);
		assert_null(strstr(error, "s3cret"));
	}
	static char large[5000];
	char error[CONFIG_ERROR_BYTES] = "";
	memset(large, 'a', sizeof large);
	put_bytes("token", large, sizeof large, 0600);
	assert_false(config_secret(below("token"), "test.token", "TEST_SECRET", &secret, error));
	assert_non_null(strstr(error, "larger than 4096 bytes"));
	put_bytes("token", "a\0b", 3, 0600);
	assert_false(config_secret(below("token"), "test.token", "TEST_SECRET", &secret, error));
	buf_release(&secret);
}

static void test_protect_memory(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		struct rlimit core;
		config_protect_memory();
		_exit(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0 ? 7 : 8);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_file_is_fine),
		TEST(test_settings),
		TEST(test_folders_of_the_settings),
		TEST(test_settings_refused),
		TEST(test_read_file),
		TEST(test_state_folders),
		TEST(test_share_file),
		TEST(test_secret_order),
		TEST(test_secret_modes),
		TEST(test_secret_contents),
		TEST(test_protect_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
