#include "signals.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "facts.h"
#include "record/pattern.h"

enum { MAX_VALUE_BYTES = 2048, EVIDENCE_BYTES = 120, VERSION_BYTES = 32 };

enum place { IN_SCRIPT, IN_INLINE, IN_LINK, IN_META, IN_FRAME, IN_FORM, IN_IMAGE, IN_MARK, IN_HEADER, IN_COOKIE, PLACES };

static const struct {
	const char *name;
	enum page_kind kind; /* of places on the page */
	bool is_url;
	const char *says; /* for the evidence */
} places[PLACES] = {
	[IN_SCRIPT] = { "script", PAGE_SCRIPT, true, "script src" },
	[IN_INLINE] = { "inline", PAGE_INLINE, false, "inline script" },
	[IN_LINK] = { "link", PAGE_LINK, true, "link href" },
	[IN_META] = { "meta", PAGE_META, false, "meta" },
	[IN_FRAME] = { "frame", PAGE_FRAME, true, "iframe src" },
	[IN_FORM] = { "form", PAGE_FORM, true, "form action" },
	[IN_IMAGE] = { "image", PAGE_IMAGE, true, "img src" },
	[IN_MARK] = { "mark", PAGE_MARK, false, "attribute" },
	[IN_HEADER] = { "header", PAGE_KINDS, false, "header" },
	[IN_COOKIE] = { "cookie", PAGE_KINDS, false, "cookie" },
};

enum how { HAS, WORD, STARTS };

struct signal {
	enum place place;
	struct slice name; /* of the meta, attribute or header; empty: any */
	enum how how;
	struct slice text; /* empty: being there is enough */
	struct slice version; /* pattern source; empty: none */
	struct pattern *pattern; /* NULL until needed */
	double confidence;
};

struct technology {
	struct slice name, category;
	struct signal signals[SIGNALS_MAX_EACH];
	size_t count;
};

struct signals {
	struct arena arena;
	struct buf text;
	struct technology **list;
	size_t count;
};

/* -- reading -- */

struct complaint {
	char *text;
	size_t bytes;
};

static bool complain(struct complaint *c, const struct json *where, const char *what)
{
	snprintf(c->text, c->bytes, "line %u: %s", where->line, what);
	return false;
}

static bool read_signal(struct signal *s, const struct json *j, struct complaint *c)
{
	static const struct {
		const char *member;
		enum how how;
	} hows[] = { { "has", HAS }, { "word", WORD }, { "starts", STARTS } };
	struct slice place = json_string(j, "in", "");
	size_t at = 0;
	while (at < PLACES && !slice_is(place, places[at].name))
		at++;
	if (at == PLACES)
		return complain(c, j, "\"in\" is none of script, inline, link, meta, frame, form, image, mark, header, cookie");
	*s = (struct signal){
		.place = (enum place)at, .name = json_string(j, "name", ""), .version = json_string(j, "version", ""), .confidence = 0.9
	};
	for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++)
		if (json_get(j, hows[i].member) != NULL) {
			s->how = hows[i].how;
			s->text = json_string(j, hows[i].member, "");
		}
	if (s->text.len == 0 && s->name.len == 0)
		return complain(c, j, "a signal needs \"has\", \"word\" or \"starts\", or a \"name\" whose presence is enough");
	const struct json *confidence = json_get(j, "confidence");
	if (confidence != NULL && (!json_number(confidence, &s->confidence) || !(s->confidence > 0 && s->confidence <= 1)))
		return complain(c, confidence, "\"confidence\" is no number above 0 and up to 1");
	return true;
}

static bool read_technology(struct technology *t, const struct json *j, struct complaint *c)
{
	const struct json *list = json_get(j, "signals");
	t->name = json_string(j, "name", "");
	t->category = json_string(j, "category", "");
	if (t->name.len == 0 || t->category.len == 0)
		return complain(c, j, "a technology needs \"name\" and \"category\"");
	if (list == NULL || list->type != JSON_ARRAY || list->count == 0 || list->count > SIGNALS_MAX_EACH)
		return complain(c, j, "a technology needs \"signals\", an array of 1 to 32");
	for (const struct json *one = list->child; one != NULL; one = one->next)
		if (!read_signal(&t->signals[t->count++], one, c))
			return false;
	return true;
}

static bool read_all(struct signals *s, const struct json *root, struct complaint *c)
{
	const struct json *list = json_get(root, "technologies");
	if (list == NULL || list->type != JSON_ARRAY || list->count > SIGNALS_MAX_TECHNOLOGIES)
		return complain(c, root, "\"technologies\" is no array of at most 512");
	s->list = arena_alloc(&s->arena, (list->count + 1) * sizeof *s->list);
	for (const struct json *one = list->child; one != NULL && s->list != NULL; one = one->next) {
		struct technology *t = arena_new(&s->arena, struct technology);
		if (t == NULL)
			break;
		s->list[s->count++] = t;
		if (!read_technology(t, one, c))
			return false;
	}
	return !s->arena.failed || complain(c, root, "out of memory");
}

struct signals *signals_new(struct slice file, char *error, size_t error_bytes)
{
	struct json_error problem;
	struct complaint c = { error, error_bytes };
	struct signals *s = calloc(1, sizeof *s);
	if (s == NULL) {
		snprintf(error, error_bytes, "out of memory");
		return NULL;
	}
	arena_init(&s->arena, 8 << 20);
	buf_init(&s->text, file.len + 1);
	buf_put_slice(&s->text, file);
	const struct json *root = json_parse(&s->arena, buf_slice(&s->text), &problem);
	if (root == NULL)
		snprintf(error, error_bytes, "line %u: %s", problem.line, problem.message);
	if (root == NULL || !read_all(s, root, &c)) {
		signals_free(s);
		return NULL;
	}
	return s;
}

void signals_free(struct signals *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; k < s->list[i]->count; k++)
			pattern_free(s->list[i]->signals[k].pattern);
	arena_release(&s->arena);
	buf_release(&s->text);
	free(s);
}

size_t signals_count(const struct signals *s)
{
	return s->count;
}

/* -- matching -- */

/* A URL's query and fragment may hold anything, another site's script among it. */
static struct slice without_query(struct slice url)
{
	for (size_t i = 0; i < url.len; i++)
		if (url.ptr[i] == '?' || url.ptr[i] == '#')
			return (struct slice){ url.ptr, i };
	return url;
}

static bool has_word(struct slice text, struct slice word)
{
	struct slice part;
	while (slice_split(&text, ' ', &part))
		if (slice_equal_nocase(part, word))
			return true;
	return false;
}

static bool text_matches(const struct signal *s, struct slice value)
{
	if (s->text.len == 0)
		return true;
	/* Program text is long and its names are exact. */
	if (s->place == IN_INLINE)
		return memmem(value.ptr, value.len, s->text.ptr, s->text.len) != NULL;
	value.len = value.len < MAX_VALUE_BYTES ? value.len : MAX_VALUE_BYTES;
	if (places[s->place].is_url)
		value = without_query(value);
	switch (s->how) {
	case WORD: return has_word(value, s->text);
	case STARTS: return value.len >= s->text.len && slice_equal_nocase((struct slice){ value.ptr, s->text.len }, s->text);
	default: return slice_find_nocase(value, s->text) != NULL;
	}
}

static void take_version(struct signal *s, struct slice value, struct signal_hit *hit, struct arena *arena)
{
	char error[128];
	struct slice groups[2] = { { NULL, 0 }, { NULL, 0 } };
	if (s->version.len == 0 || hit->version.len > 0)
		return;
	if (s->pattern == NULL)
		s->pattern = pattern_new(s->version, PATTERN_NOCASE, error, sizeof error);
	value.len = value.len < PATTERN_SUBJECT_BYTES ? value.len : PATTERN_SUBJECT_BYTES;
	if (s->pattern != NULL && pattern_match(s->pattern, value, groups, 2) == PATTERN_YES && groups[1].ptr != NULL)
		hit->version = facts_clean(arena, groups[1], VERSION_BYTES);
}

/* "script src https://…", "meta generator: WordPress 6.4"; of program text only what was looked for. */
static struct slice evidence(const struct signal *s, struct slice name, struct slice value, struct arena *arena)
{
	struct slice shown = s->place == IN_INLINE ? s->text : facts_clean(arena, value, EVIDENCE_BYTES);
	const char *says = places[s->place].says;
	if (s->place == IN_META || s->place == IN_MARK || s->place == IN_HEADER) {
		struct slice label = facts_clean(arena, name, 64);
		return arena_printf(arena, "%s %.*s: %.*s", says, (int)label.len, label.ptr, (int)shown.len, shown.ptr);
	}
	return arena_printf(arena, "%s %.*s", says, (int)shown.len, shown.ptr);
}

static void try_value(struct signal *s, unsigned number, struct slice name, struct slice value, struct signal_hit *hit, struct arena *arena)
{
	if ((s->name.len > 0 && !slice_equal_nocase(s->name, name)) || !text_matches(s, value))
		return;
	if (hit->mask == 0)
		hit->evidence = evidence(s, name, value, arena);
	hit->mask |= UINT32_C(1) << number;
	take_version(s, value, hit, arena);
}

/* One header line; a cookie's place is the name in Set-Cookie. Cookie values stay out of the evidence. */
static void try_header(struct signal *s, unsigned number, struct slice line, struct signal_hit *hit, struct arena *arena)
{
	const char *colon = line.len == 0 ? NULL : memchr(line.ptr, ':', line.len);
	if (colon == NULL)
		return;
	struct slice name = { line.ptr, (size_t)(colon - line.ptr) };
	struct slice value = slice_trim((struct slice){ colon + 1, line.len - name.len - 1 });
	if (s->place == IN_HEADER) {
		try_value(s, number, name, value, hit, arena);
	} else if (slice_equal_nocase(name, slice_of("set-cookie"))) {
		const char *equals = value.len == 0 ? NULL : memchr(value.ptr, '=', value.len);
		if (equals != NULL)
			try_value(s, number, (struct slice){ "", 0 }, (struct slice){ value.ptr, (size_t)(equals - value.ptr) }, hit, arena);
	}
}

static void try_signal(struct signal *s, unsigned number, const struct page *page, struct slice headers, struct signal_hit *hit, struct arena *arena)
{
	enum page_kind kind = places[s->place].kind;
	if (kind == PAGE_KINDS) {
		struct slice line;
		while (slice_split(&headers, '\n', &line))
			try_header(s, number, line, hit, arena);
		return;
	}
	for (size_t i = 0; page->counts[kind] > 0 && i < page->count; i++)
		if (page->items[i].kind == kind)
			try_value(s, number, page->items[i].name, page->items[i].value, hit, arena);
}

void signals_match(struct signals *s, const struct page *page, struct slice headers, struct signal_hit *hits, struct arena *arena)
{
	for (size_t i = 0; i < s->count; i++)
		for (size_t k = 0; k < s->list[i]->count; k++)
			try_signal(&s->list[i]->signals[k], (unsigned)k, page, headers, &hits[i], arena);
}

static double confidence(const struct technology *t, uint32_t mask)
{
	double wrong = 1;
	for (size_t k = 0; k < t->count; k++)
		if ((mask >> k & 1) != 0)
			wrong *= 1 - t->signals[k].confidence;
	return fmin(round((1 - wrong) * 100) / 100, 0.99);
}

void signals_write(const struct signals *s, const struct signal_hit *hits, struct jsonw *w)
{
	jsonw_array(w);
	for (size_t i = 0; i < s->count; i++) {
		if (hits[i].mask == 0)
			continue;
		jsonw_object(w);
		jsonw_put_string(w, "name", s->list[i]->name);
		jsonw_put_string(w, "category", s->list[i]->category);
		jsonw_name(w, "version");
		if (hits[i].version.len > 0)
			jsonw_string(w, hits[i].version);
		else
			jsonw_null(w);
		jsonw_name(w, "confidence");
		jsonw_double(w, confidence(s->list[i], hits[i].mask));
		jsonw_put_string(w, "evidence", hits[i].evidence);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}
