#include "net/cassette.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "net/tape.h"
#include "record/write.h"

enum {
	DIR_BYTES = 4096,
	NAME_BYTES = 128,
	FILE_BYTES = DIR_BYTES + NAME_BYTES + 32,
	HOST_BYTES = 256,
	MAX_SESSIONS = 100000,
	MAX_LINE_BYTES = 256 << 20,
	ID_BYTES = 33, /* 128 bits in hexadecimal */
	OPEN_FOLDERS = 8,
};

static const char id_file[] = "cassette.id";

/* How often a token was drawn under a key. */
struct draw {
	struct draw *next;
	char key[SHA256_HEX_BYTES];
	unsigned count;
};

struct cassette {
	char dir[DIR_BYTES], name[NAME_BYTES]; /* of the sessions, without ordinal */
	struct redact redact;
	struct draw *draws;
	unsigned char entropy[SHA256_BYTES];
	char host[HOST_BYTES];
	int64_t now_ms;

	int fd; /* recording; -1: replaying */
	int error; /* errno of the first line that could not be written */
	struct buf line;

	char state_dir[FILE_BYTES]; /* replaying: the pass's */
	struct tape *tapes; /* of all sessions of the name */
	size_t tape_count, own;
	char *missing;
};

/* -- sessions and their files -- */

/* "hs-tasks-claim.1f2e3d4c" */
static void make_name(const struct cassette_run *run, char name[NAME_BYTES])
{
	char digest[SHA256_HEX_BYTES];
	sha256_hex(run->options, digest);
	snprintf(name, NAME_BYTES, "%.*s.%.8s", (int)(run->program.len < 64 ? run->program.len : 64), run->program.ptr, digest);
	for (char *at = name; *at != '\0'; at++)
		if (*at == ' ' || *at == '/')
			*at = '-';
}

static void session_path(const struct cassette *c, size_t ordinal, char path[FILE_BYTES])
{
	snprintf(path, FILE_BYTES, "%s/%s.%zu.jsonl", c->dir, c->name, ordinal);
}

static struct cassette *fail(struct cassette *c, char error[CASSETTE_ERROR_BYTES], const char *what, const char *why)
{
	snprintf(error, CASSETTE_ERROR_BYTES, "%.300s: %.200s", what, why);
	if (c != NULL)
		cassette_close(c);
	return NULL;
}

static struct cassette *new_cassette(const struct cassette_run *run, char error[CASSETTE_ERROR_BYTES])
{
	struct cassette *c = calloc(1, sizeof *c);
	if (c == NULL)
		return fail(NULL, error, run->dir, "out of memory");
	c->fd = -1;
	buf_init(&c->line, MAX_LINE_BYTES);
	make_name(run, c->name);
	if ((size_t)snprintf(c->dir, sizeof c->dir, "%s", run->dir) >= sizeof c->dir)
		return fail(c, error, run->dir, strerror(ENAMETOOLONG));
	return c;
}

/* -- recording -- */

static void write_line(struct cassette *c)
{
	size_t done = 0;
	if (c->line.failed)
		c->error = c->error != 0 ? c->error : ENOMEM;
	while (c->error == 0 && done < c->line.len) {
		ssize_t n = write(c->fd, c->line.ptr + done, c->line.len - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			c->error = errno;
	}
}

static void put_head(struct cassette *c, const struct cassette_run *run)
{
	char now[CLOCK_TEXT_BYTES], hex[2 * SHA256_BYTES + 1];
	struct buf options;
	struct slice rest, option;
	struct jsonw w;
	buf_init(&options, MAX_LINE_BYTES);
	redact_put(&c->redact, &options, run->options);
	rest = buf_slice(&options);
	clock_format(c->now_ms, now);
	slice_hex((struct slice){ (const char *)c->entropy, SHA256_BYTES }, hex);
	buf_reset(&c->line);
	jsonw_init(&w, &c->line);
	jsonw_object(&w);
	jsonw_put_int(&w, "cassette", TAPE_FORMAT);
	jsonw_put_string(&w, "program", run->program);
	jsonw_name(&w, "options");
	jsonw_array(&w);
	while (slice_split(&rest, '\n', &option))
		if (option.len > 0)
			jsonw_string(&w, option);
	jsonw_array_end(&w);
	jsonw_put_text(&w, "now", now);
	jsonw_put_text(&w, "host", c->host);
	jsonw_put_text(&w, "entropy", hex);
	jsonw_object_end(&w);
	buf_putc(&c->line, '\n');
	buf_release(&options);
}

/* What tells a cassette from one recorded anew in the same place. The first run makes it, whole or not at all. */
static bool make_id(const struct cassette *c)
{
	char path[FILE_BYTES], draft[FILE_BYTES + 16], text[ID_BYTES + 1] = "";
	snprintf(path, sizeof path, "%s/%s", c->dir, id_file);
	snprintf(draft, sizeof draft, "%s.%ld", path, (long)getpid());
	if (access(path, F_OK) == 0)
		return true;
	slice_hex((struct slice){ (const char *)c->entropy, ID_BYTES / 2 }, text);
	text[ID_BYTES - 1] = '\n';
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool ok = write(fd, text, ID_BYTES) == ID_BYTES && (link(draft, path) == 0 || errno == EEXIST);
	int why = errno;
	close(fd);
	unlink(draft);
	errno = why;
	return ok;
}

struct cassette *cassette_record(const struct cassette_run *run, char error[CASSETTE_ERROR_BYTES])
{
	char path[FILE_BYTES];
	struct cassette *c = new_cassette(run, error);
	if (c == NULL)
		return NULL;
	c->now_ms = run->now_ms;
	snprintf(c->host, sizeof c->host, "%s", run->host);
	if (mkdir(run->dir, 0700) != 0 && errno != EEXIST)
		return fail(c, error, run->dir, strerror(errno));
	if (getrandom(c->entropy, sizeof c->entropy, 0) != (ssize_t)sizeof c->entropy)
		return fail(c, error, run->dir, "no random numbers from the kernel");
	if (!make_id(c))
		return fail(c, error, run->dir, strerror(errno));
	/* The name is taken by making the file: runs may begin at the same time. */
	for (size_t ordinal = 1; c->fd < 0 && ordinal <= MAX_SESSIONS; ordinal++) {
		session_path(c, ordinal, path);
		c->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (c->fd < 0 && errno != EEXIST)
			return fail(c, error, path, strerror(errno));
	}
	put_head(c, run);
	write_line(c);
	return c->fd >= 0 && c->error == 0 ? c : fail(c, error, path, strerror(c->error != 0 ? c->error : EEXIST));
}

void cassette_put(struct cassette *c, const struct exchange *x)
{
	buf_reset(&c->line);
	exchange_put(&c->line, &c->redact, x);
	write_line(c);
}

/* -- replaying -- */

static size_t count_sessions(const struct cassette *c)
{
	char path[FILE_BYTES];
	size_t count = 0;
	for (; count < MAX_SESSIONS; count++) {
		session_path(c, count + 1, path);
		if (access(path, R_OK) != 0)
			break;
	}
	return count;
}

static bool take_id(const struct cassette *c, char id[ID_BYTES])
{
	char path[FILE_BYTES];
	snprintf(path, sizeof path, "%s/%s", c->dir, id_file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && read(fd, id, ID_BYTES) == ID_BYTES && id[ID_BYTES - 1] == '\n';
	if (fd >= 0)
		close(fd);
	id[ID_BYTES - 1] = '\0';
	return ok && strspn(id, "0123456789abcdef") == ID_BYTES - 1;
}

/* Path below the state folder, which names the cassette. False with errno set where it is too long. */
static bool state_path(const char *state_dir, const char *id, const char *name, char path[FILE_BYTES])
{
	if ((size_t)snprintf(path, FILE_BYTES, "%s/%s%s%s", state_dir, id, *name == '\0' ? "" : "/", name) < FILE_BYTES)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* How many runs of this name were replayed before, this one then counted. -1 with errno set. The cassette itself is only read. */
static int64_t take_number(const struct cassette *c, const char *state_dir, const char *id)
{
	char path[FILE_BYTES], text[32] = "";
	if (!state_path(state_dir, id, "", path) || (mkdir(path, 0700) != 0 && errno != EEXIST) || !state_path(state_dir, id, c->name, path))
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	int64_t number = -1;
	if (flock(fd, LOCK_EX) == 0 && pread(fd, text, sizeof text - 1, 0) >= 0) {
		number = strtoll(text, NULL, 10);
		int len = snprintf(text, sizeof text, "%lld\n", (long long)number + 1);
		if (pwrite(fd, text, (size_t)len, 0) != len)
			number = -1;
	}
	close(fd);
	return number;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *place)
{
	(void)about;
	(void)kind;
	(void)place;
	remove(path);
	return 0;
}

static bool make_pass(struct cassette *c, const char *state_dir, const char *id, int64_t pass)
{
	char name[32], old[FILE_BYTES];
	snprintf(name, sizeof name, "pass-%lld", (long long)pass);
	if (!state_path(state_dir, id, name, c->state_dir) || (mkdir(c->state_dir, 0700) != 0 && errno != EEXIST))
		return false;
	/* Runs of the pass before may be at work still. */
	snprintf(name, sizeof name, "pass-%lld", (long long)pass - 2);
	if (pass >= 2 && state_path(state_dir, id, name, old))
		nftw(old, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	return true;
}

static bool load(struct cassette *c, size_t number, char error[CASSETTE_ERROR_BYTES])
{
	char path[FILE_BYTES];
	_Static_assert((int)CASSETTE_ERROR_BYTES >= (int)TAPE_ERROR_BYTES, "one buffer serves both");
	session_path(c, number + 1, path);
	return c->tapes[number].is_loaded || tape_load(&c->tapes[number], path, error);
}

static bool take_head(struct cassette *c, const struct json *head)
{
	struct slice host = json_string(head, "host", ""), hex = json_string(head, "entropy", "");
	if (!clock_parse(json_string(head, "now", ""), &c->now_ms) || hex.len != 2 * SHA256_BYTES)
		return false;
	snprintf(c->host, sizeof c->host, "%.*s", (int)host.len, host.ptr);
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		char two[3] = { hex.ptr[2 * i], hex.ptr[2 * i + 1], '\0' }, *end;
		c->entropy[i] = (unsigned char)strtoul(two, &end, 16);
		if (*end != '\0')
			return false;
	}
	return true;
}

struct cassette *cassette_replay(const struct cassette_run *run, char error[CASSETTE_ERROR_BYTES])
{
	char id[ID_BYTES] = "";
	struct cassette *c = new_cassette(run, error);
	if (c == NULL)
		return NULL;
	c->tape_count = count_sessions(c);
	if (c->tape_count == 0) {
		snprintf(error, CASSETTE_ERROR_BYTES, "%.200s: holds no run of %.*s with these options (%s)", run->dir, (int)run->program.len,
			run->program.ptr, c->name);
		cassette_close(c);
		return NULL;
	}
	if (!take_id(c, id))
		return fail(c, error, run->dir, "is no whole cassette: its cassette.id is missing or damaged");
	c->tapes = calloc(c->tape_count, sizeof *c->tapes);
	if (c->tapes == NULL)
		return fail(c, error, run->dir, "out of memory");
	int64_t number = take_number(c, run->state_dir, id);
	if (number < 0 || !make_pass(c, run->state_dir, id, number / (int64_t)c->tape_count))
		return fail(c, error, run->state_dir, strerror(errno));
	c->own = (size_t)number % c->tape_count;
	if (!load(c, c->own, error)) {
		cassette_close(c);
		return NULL;
	}
	return take_head(c, c->tapes[c->own].head) ? c : fail(c, error, run->dir, "its first line is damaged");
}

/* In its own session; else in the others of its name, for runs that began side by side may have got each other's. */
static struct tape_entry *find(struct cassette *c, const char *key)
{
	char error[CASSETTE_ERROR_BYTES];
	struct tape_entry *e = tape_find(&c->tapes[c->own], key);
	for (size_t i = 0; i < c->tape_count && e == NULL; i++)
		if (i != c->own && load(c, i, error))
			e = tape_find(&c->tapes[i], key);
	return e;
}

bool cassette_get(struct cassette *c, struct exchange *x, uint64_t *turn)
{
	char key[SHA256_HEX_BYTES];
	struct tape_entry *e = exchange_key(&c->redact, x, key) ? find(c, key) : NULL;
	if (e == NULL) {
		if (c->missing == NULL && asprintf(&c->missing, "%s %s", x->method, x->url) < 0)
			c->missing = NULL;
		return false;
	}
	e->is_used = true;
	x->response = e->x.response;
	*turn = e->turn;
	return true;
}

const char *cassette_missing(const struct cassette *c)
{
	return c->missing;
}

/* -- both -- */

bool cassette_is_replay(const struct cassette *c)
{
	return c->fd < 0;
}

bool cassette_hide(struct cassette *c, struct slice secret)
{
	return redact_add(&c->redact, secret);
}

const char *cassette_dir(const struct cassette *c)
{
	return c->dir;
}

int64_t cassette_now_ms(const struct cassette *c)
{
	return c->now_ms;
}

const char *cassette_host(const struct cassette *c)
{
	return c->host;
}

const char *cassette_state_dir(const struct cassette *c)
{
	return cassette_is_replay(c) ? c->state_dir : NULL;
}

bool cassette_event(struct cassette *c, struct slice key, bool happened)
{
	char digest[SHA256_HEX_BYTES];
	if (cassette_is_replay(c)) {
		tape_event_key(key, digest);
		struct tape_entry *e = tape_find(&c->tapes[c->own], digest);
		if (e != NULL)
			e->is_used = true;
		return e != NULL;
	}
	if (happened) {
		struct jsonw w;
		buf_reset(&c->line);
		jsonw_init(&w, &c->line);
		jsonw_object(&w);
		jsonw_put_string(&w, "event", key);
		jsonw_object_end(&w);
		buf_putc(&c->line, '\n');
		write_line(c);
	}
	return happened;
}

/* 0: out of memory. */
static unsigned count_draw(struct cassette *c, const char *key)
{
	struct draw *d = c->draws;
	while (d != NULL && strcmp(d->key, key) != 0)
		d = d->next;
	if (d == NULL) {
		d = calloc(1, sizeof *d);
		if (d == NULL)
			return 0;
		memcpy(d->key, key, sizeof d->key);
		d->next = c->draws;
		c->draws = d;
	}
	return ++d->count;
}

bool cassette_random(struct cassette *c, struct slice key, unsigned char bytes[SHA256_BYTES])
{
	char hex[SHA256_HEX_BYTES], number[16];
	sha256_hex(key, hex);
	unsigned count = count_draw(c, hex);
	snprintf(number, sizeof number, "%u", count);
	const struct slice parts[] = { { (const char *)c->entropy, sizeof c->entropy }, key, slice_of(number) };
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], hex);
	sha256(slice_of(hex), bytes);
	return count > 0;
}

bool cassette_close(struct cassette *c)
{
	int error = c->error;
	if (c->fd >= 0 && close(c->fd) != 0 && error == 0)
		error = errno;
	for (size_t i = 0; c->tapes != NULL && i < c->tape_count; i++)
		tape_release(&c->tapes[i]);
	for (struct draw *d; (d = c->draws) != NULL; free(d))
		c->draws = d->next;
	free(c->tapes);
	free(c->missing);
	redact_release(&c->redact);
	buf_release(&c->line);
	free(c);
	errno = error;
	return error == 0;
}
