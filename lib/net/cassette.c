#include "net/cassette.h"

#include <errno.h>
#include <fcntl.h>
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
	MAX_LINE_BYTES = 256 << 20
};

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
	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", c->entropy[i]);
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

/* How many runs of this name were replayed before, this one then counted. -1 with errno set. The cassette itself is only read. */
static int64_t take_number(const struct cassette *c, const char *state_dir, struct slice entropy)
{
	char path[FILE_BYTES], text[32] = "";
	int len = snprintf(path, sizeof path, "%s/%s.%.16s", state_dir, c->name, entropy.ptr);
	int fd = len > 0 && (size_t)len < sizeof path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd < 0)
		return -1;
	int64_t number = -1;
	if (flock(fd, LOCK_EX) == 0 && pread(fd, text, sizeof text - 1, 0) >= 0) {
		number = strtoll(text, NULL, 10);
		len = snprintf(text, sizeof text, "%lld\n", (long long)number + 1);
		if (pwrite(fd, text, (size_t)len, 0) != len)
			number = -1;
	}
	close(fd);
	return number;
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
	c->tapes = calloc(c->tape_count, sizeof *c->tapes);
	if (c->tapes == NULL)
		return fail(c, error, run->dir, "out of memory");
	if (!load(c, 0, error)) {
		cassette_close(c);
		return NULL;
	}
	struct slice entropy = json_string(c->tapes[0].head, "entropy", "");
	int64_t number = entropy.len < 16 ? 0 : take_number(c, run->state_dir, entropy);
	if (number < 0)
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
