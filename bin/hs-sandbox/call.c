#include "call.h"

#include <stdarg.h>
#include <stdio.h>

#include "lag.h"

enum { FIRST_OBJECT_ID = 100000000, ERROR_TEXT_BYTES = 1024 };

/* -- the portal -- */

bool portal_open(struct portal *p, const char *path, const struct clock *clock, int64_t date_offset_ms, char error[STORE_ERROR_BYTES])
{
	char now[CLOCK_TEXT_BYTES];
	struct store *s = &p->store;
	*p = (struct portal){ .clock = *clock, .date_offset_ms = date_offset_ms, .portal_id = 4200001 };
	random_seed_real(&p->random);
	if (!store_open(s, path))
		goto failed;
	portal_now(p, now);
	if (store_number(s, 0, "SELECT count(*) FROM owners", "") == 0) {
		store_begin(s);
		schema_create(s, now);
		if (s->failed || !store_end(s, true))
			goto failed;
	}
	p->next_id = FIRST_OBJECT_ID;
	if (!portal_reload(p))
		goto failed;
	for (int i = 0; i < TYPE_COUNT; i++) {
		char sql[64];
		snprintf(sql, sizeof sql, "SELECT max(hs_object_id) FROM %s", object_types[i].plural);
		int64_t highest = store_number(s, 0, sql, "");
		if (highest > p->next_id)
			p->next_id = highest;
	}
	if (!s->failed)
		return true;
failed:
	snprintf(error, STORE_ERROR_BYTES, "%s", s->error[0] == '\0' ? "out of memory" : s->error);
	portal_close(p, (char[STORE_ERROR_BYTES]){ 0 });
	return false;
}

bool portal_reload(struct portal *p)
{
	bool good = labels_load(&p->labels, &p->store);
	for (int i = 0; i < TYPE_COUNT; i++)
		good &= schema_load(&p->schemas[i], &p->store, &object_types[i]);
	return good;
}

bool portal_close(struct portal *p, char error[STORE_ERROR_BYTES])
{
	labels_release(&p->labels);
	for (int i = 0; i < TYPE_COUNT; i++)
		schema_release(&p->schemas[i]);
	bool good = store_close(&p->store);
	if (!good)
		snprintf(error, STORE_ERROR_BYTES, "%s", p->store.error);
	return good;
}

bool portal_set_lag(struct portal *p, int64_t lag_ms, char error[STORE_ERROR_BYTES])
{
	store_begin(&p->store);
	if (lag_ms > 0)
		lag_start(&p->store, p->schemas);
	else
		lag_stop(&p->store);
	p->lag_ms = lag_ms;
	if (store_end(&p->store, true))
		return true;
	snprintf(error, STORE_ERROR_BYTES, "%s", p->store.error);
	return false;
}

int64_t portal_server_ms(const struct portal *p)
{
	return clock_real_ms() + p->date_offset_ms;
}

void portal_now(const struct portal *p, char text[CLOCK_TEXT_BYTES])
{
	clock_format(p->clock.is_fixed ? p->clock.fixed_ms : portal_server_ms(p), text);
}

/* -- problems -- */

__attribute__((format(printf, 4, 0))) static struct problem make_problem(
	struct call *c, unsigned status, const char *category, const char *format, va_list args)
{
	char text[ERROR_TEXT_BYTES];
	vsnprintf(text, sizeof text, format, args);
	struct slice message = slice_of(text);
	message.len = slice_utf8_prefix(message);
	return (struct problem){ .status = status, .category = category, .message = arena_copy(c->arena, message) };
}

struct problem problem_new(struct call *c, unsigned status, const char *category, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct problem p = make_problem(c, status, category, format, args);
	va_end(args);
	return p;
}

struct problem problem_invalid(struct call *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct problem p = make_problem(c, 400, "VALIDATION_ERROR", format, args);
	va_end(args);
	return p;
}

/* -- answers -- */

void reply_start(struct call *c, unsigned status)
{
	c->status = status;
	buf_reset(c->out);
	jsonw_init(&c->json, c->out);
}

void reply_empty(struct call *c, unsigned status)
{
	c->status = status;
	buf_reset(c->out);
}

/* A random UUID (RFC 9562, version 4). */
static void make_correlation_id(struct call *c, char id[CORRELATION_BYTES])
{
	uint64_t high = random_next(&c->portal->random), low = random_next(&c->portal->random);
	snprintf(id, CORRELATION_BYTES, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff),
		(unsigned)(high & 0xfff), (unsigned)(0x8000 | (low >> 48 & 0x3fff)), (unsigned long long)(low & 0xffffffffffff));
}

static void put_context(struct jsonw *w, const struct problem *p)
{
	if (p->context_name == NULL)
		return;
	jsonw_name(w, "context");
	jsonw_object(w);
	jsonw_name(w, p->context_name);
	jsonw_array(w);
	jsonw_string(w, p->context_value);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

static void put_details(struct jsonw *w, const struct problem *p)
{
	if (p->details.len > 0) {
		jsonw_put_raw(w, "errors", p->details);
	} else if (p->code != NULL) {
		jsonw_name(w, "errors");
		jsonw_array(w);
		jsonw_object(w);
		jsonw_put_string(w, "message", p->message);
		jsonw_put_text(w, "code", p->code);
		put_context(w, p);
		jsonw_object_end(w);
		jsonw_array_end(w);
	}
}

void reply_problem(struct call *c, const struct problem *p)
{
	char id[CORRELATION_BYTES];
	struct jsonw *w = &c->json;
	make_correlation_id(c, id);
	reply_start(c, p->status);
	jsonw_object(w);
	jsonw_put_text(w, "status", "error");
	jsonw_put_string(w, "message", p->message);
	jsonw_put_text(w, "correlationId", id);
	put_details(w, p);
	if (p->code == NULL && p->details.len == 0)
		put_context(w, p);
	if (p->category != NULL)
		jsonw_put_text(w, "category", p->category);
	if (p->sub_category != NULL)
		jsonw_put_text(w, "subCategory", p->sub_category);
	jsonw_object_end(w);
}

void reply_error(struct call *c, unsigned status, const char *category, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct problem p = make_problem(c, status, category, format, args);
	va_end(args);
	reply_problem(c, &p);
}

void reply_invalid(struct call *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct problem p = make_problem(c, 400, "VALIDATION_ERROR", format, args);
	va_end(args);
	reply_problem(c, &p);
}

void reply_batch_start(struct call *c)
{
	char now[CLOCK_TEXT_BYTES];
	portal_now(c->portal, now);
	reply_start(c, 200);
	jsonw_object(&c->json);
	jsonw_put_text(&c->json, "status", "COMPLETE");
	jsonw_put_text(&c->json, "startedAt", now);
	jsonw_put_text(&c->json, "completedAt", now);
	jsonw_name(&c->json, "results");
	jsonw_array(&c->json);
}

static void put_batch_context(struct jsonw *w, const struct batch_error *error)
{
	bool has_own = error->problem.code == NULL && error->problem.context_name != NULL;
	if (error->trace_id.ptr == NULL && error->id_count == 0 && !has_own)
		return;
	jsonw_name(w, "context");
	jsonw_object(w);
	if (error->trace_id.ptr != NULL) {
		jsonw_name(w, "objectWriteTraceId");
		jsonw_array(w);
		jsonw_string(w, error->trace_id);
		jsonw_array_end(w);
	}
	if (error->id_count > 0) {
		jsonw_name(w, "ids");
		jsonw_array(w);
		for (size_t i = 0; i < error->id_count; i++)
			jsonw_string(w, error->ids[i]);
		jsonw_array_end(w);
	}
	if (has_own) {
		jsonw_name(w, error->problem.context_name);
		jsonw_array(w);
		jsonw_string(w, error->problem.context_value);
		jsonw_array_end(w);
	}
	jsonw_object_end(w);
}

void reply_batch_end(struct call *c, unsigned status, const struct batch_error *errors, size_t error_count)
{
	struct jsonw *w = &c->json;
	jsonw_array_end(w);
	c->status = error_count > 0 ? 207 : status;
	if (error_count > 0) {
		jsonw_put_int(w, "numErrors", (int64_t)error_count);
		jsonw_name(w, "errors");
		jsonw_array(w);
		for (size_t i = 0; i < error_count; i++) {
			jsonw_object(w);
			jsonw_put_text(w, "status", "error");
			jsonw_put_text(w, "category", errors[i].problem.category);
			/* No subCategory: HubSpot's own description makes it an object here, and a text elsewhere. */
			jsonw_put_string(w, "message", errors[i].problem.message);
			put_batch_context(w, &errors[i]);
			put_details(w, &errors[i].problem);
			jsonw_object_end(w);
		}
		jsonw_array_end(w);
	}
	jsonw_object_end(w);
}

void reply_paging(struct call *c, struct slice after)
{
	struct jsonw *w = &c->json;
	jsonw_name(w, "paging");
	jsonw_object(w);
	jsonw_name(w, "next");
	jsonw_object(w);
	jsonw_put_string(w, "after", after);
	jsonw_put_string(
		w, "link", arena_printf(c->arena, "https://api.hubapi.com%.*s?after=%.*s", (int)c->path.len, c->path.ptr, (int)after.len, after.ptr));
	jsonw_object_end(w);
	jsonw_object_end(w);
}

/* -- the question -- */

struct slice call_query(const struct call *c, const char *name, const char *fallback)
{
	for (size_t i = 0; i < c->query_count; i++)
		if (slice_is(c->query[i].name, name))
			return c->query[i].value;
	return slice_of(fallback);
}

bool call_query_true(const struct call *c, const char *name)
{
	return slice_is(call_query(c, name, ""), "true");
}

struct slice *call_query_list(struct call *c, const char *name, size_t *count)
{
	size_t room = 0;
	for (size_t i = 0; i < c->query_count; i++)
		if (slice_is(c->query[i].name, name))
			room += c->query[i].value.len + 1;
	struct slice *list = arena_alloc(c->arena, (room + 1) * sizeof *list);
	*count = 0;
	for (size_t i = 0; list != NULL && i < c->query_count; i++) {
		struct slice rest = c->query[i].value, part;
		if (!slice_is(c->query[i].name, name))
			continue;
		while (slice_split(&rest, ',', &part))
			if ((part = slice_trim(part)).len > 0)
				list[(*count)++] = part;
	}
	return list;
}

bool call_query_limit(struct call *c, int64_t fallback, int64_t max, int64_t *limit)
{
	struct slice text = call_query(c, "limit", NULL);
	uint64_t number;
	*limit = fallback;
	if (text.ptr == NULL)
		return true;
	if (!slice_to_u64(text, &number) || number < 1 || number > (uint64_t)max) {
		reply_invalid(c, "Invalid limit %.*s: it must be a number from 1 to %lld", (int)text.len, text.ptr, (long long)max);
		return false;
	}
	*limit = (int64_t)number;
	return true;
}

const struct json *call_inputs(struct call *c, size_t max)
{
	const struct json *inputs = json_get(c->body, "inputs");
	if (inputs == NULL || inputs->type != JSON_ARRAY) {
		reply_invalid(c, "Invalid input JSON: the member inputs must be an array");
		return NULL;
	}
	if (inputs->count == 0 || inputs->count > max) {
		reply_invalid(c, "The batch holds %zu inputs; it must hold from 1 to %zu", inputs->count, max);
		return NULL;
	}
	for (const struct json *input = inputs->child; input != NULL; input = input->next)
		if (input->type != JSON_OBJECT) {
			reply_invalid(c, "Invalid input JSON: an element of inputs is no object");
			return NULL;
		}
	return inputs;
}

struct slice *call_strings(struct call *c, const struct json *array, size_t *count)
{
	*count = 0;
	struct slice *list = arena_alloc(c->arena, ((array == NULL ? 0 : array->count) + 1) * sizeof *list);
	if (array == NULL || array->type != JSON_ARRAY || list == NULL)
		return list;
	for (const struct json *item = array->child; item != NULL; item = item->next)
		list[(*count)++] = json_text(item);
	return list;
}

int64_t call_object_id(struct slice text)
{
	uint64_t id;
	return slice_to_u64(text, &id) && id <= INT64_MAX ? (int64_t)id : 0;
}
