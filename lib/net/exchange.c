#include "net/exchange.h"

#include <math.h>
#include <stdio.h>

#include "net/freshness.h"
#include "net/transfer.h"
#include "record/write.h"

enum { MAX_TEXT_BYTES = 256 << 20 };

/* -- texts -- */

static void put_latin1(struct buf *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		if (c >= 0x80)
			buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(c < 0x80 ? c : 0x80 | (c & 0x3f)));
	}
}

/* False where the text has a character past U+00FF. */
static bool take_latin1(struct slice text, struct arena *arena, struct slice *bytes)
{
	char *to = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	if (to == NULL)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c >= 0xc4 || (c >= 0x80 && i + 1 == text.len))
			return false;
		to[len++] = (char)(c < 0x80 ? c : (c & 3) << 6 | (text.ptr[++i] & 0x3f));
	}
	*bytes = (struct slice){ to, len };
	return true;
}

static void put_text(struct jsonw *w, const struct redact *redact, const char *name, struct slice text)
{
	struct buf clean, latin1;
	char other[32];
	if (text.len == 0)
		return;
	buf_init(&clean, w->out->max_bytes);
	redact_put(redact, &clean, text);
	if (clean.failed) {
		w->out->failed = true;
	} else if (slice_utf8_prefix(buf_slice(&clean)) == clean.len) {
		jsonw_put_string(w, name, buf_slice(&clean));
	} else {
		buf_init(&latin1, w->out->max_bytes);
		put_latin1(&latin1, buf_slice(&clean));
		snprintf(other, sizeof other, "%s_latin1", name);
		jsonw_put_string(w, other, buf_slice(&latin1));
		w->out->failed = w->out->failed || latin1.failed;
		buf_release(&latin1);
	}
	buf_release(&clean);
}

/* A missing one is empty. */
static bool take_text(const struct json *line, const char *name, struct arena *arena, struct slice *text)
{
	char other[32];
	snprintf(other, sizeof other, "%s_latin1", name);
	const struct json *plain = json_get(line, name), *latin1 = json_get(line, other);
	*text = (struct slice){ "", 0 };
	if (latin1 != NULL)
		return latin1->type == JSON_STRING && take_latin1(latin1->string, arena, text);
	if (plain != NULL)
		*text = plain->string;
	return plain == NULL || plain->type == JSON_STRING;
}

/* -- header lines, each a string -- */

static void put_headers(struct jsonw *w, const struct redact *redact, struct slice headers)
{
	struct buf kept, clean;
	struct slice rest, line;
	buf_init(&kept, w->out->max_bytes);
	buf_init(&clean, w->out->max_bytes);
	freshness_put_headers(&kept, headers);
	jsonw_name(w, "headers");
	jsonw_array(w);
	rest = buf_slice(&kept);
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (line.len == 0)
			continue;
		buf_reset(&clean);
		redact_put(redact, &clean, line);
		jsonw_string(w, buf_slice(&clean)); /* what is no UTF-8 in them is lost */
	}
	jsonw_array_end(w);
	w->out->failed = w->out->failed || kept.failed || clean.failed;
	buf_release(&kept);
	buf_release(&clean);
}

static bool take_headers(const struct json *list, struct arena *arena, struct slice *headers)
{
	size_t len = 2, at = 0;
	for (const struct json *line = list == NULL ? NULL : list->child; line != NULL; line = line->next)
		len += line->string.len + 2;
	char *text = arena_alloc(arena, len + 1);
	if (text == NULL)
		return false;
	for (const struct json *line = list == NULL ? NULL : list->child; line != NULL; line = line->next) {
		if (line->string.len > 0)
			memcpy(text + at, line->string.ptr, line->string.len);
		at += line->string.len;
		memcpy(text + at, "\r\n", 2);
		at += 2;
	}
	memcpy(text + at, "\r\n", 2);
	*headers = (struct slice){ text, at == 0 ? 0 : len };
	return true;
}

/* -- the line -- */

void exchange_put(struct buf *out, const struct redact *redact, const struct exchange *x)
{
	const struct http_response *from = &x->response;
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_text(&w, "method", x->method);
	put_text(&w, redact, "url", slice_of(x->url));
	put_text(&w, redact, "body", x->body);
	jsonw_put_text(&w, "result", transfer_result_name(from->result));
	if (from->status != 0)
		jsonw_put_int(&w, "status", from->status);
	jsonw_name(&w, "ms");
	jsonw_double(&w, round(from->ms * 1000) / 1000);
	if (from->retry_after_ms >= 0)
		jsonw_put_int(&w, "retry_after_ms", from->retry_after_ms);
	if (from->effective_url != NULL && strcmp(from->effective_url, x->url) != 0)
		put_text(&w, redact, "effective_url", slice_of(from->effective_url));
	put_text(&w, redact, "address", slice_of(from->address));
	put_text(&w, redact, "error", slice_of(from->error));
	if (from->headers.len > 0)
		put_headers(&w, redact, from->headers);
	put_text(&w, redact, "content", from->body);
	jsonw_object_end(&w);
	buf_putc(out, '\n');
}

bool exchange_key(const struct redact *redact, const struct exchange *x, char key[SHA256_HEX_BYTES])
{
	struct buf url, body;
	buf_init(&url, MAX_TEXT_BYTES);
	buf_init(&body, MAX_TEXT_BYTES);
	redact_put(redact, &url, slice_of(x->url));
	redact_put(redact, &body, x->body);
	const struct slice parts[] = { slice_of(x->method), buf_slice(&url), buf_slice(&body) };
	bool ok = !url.failed && !body.failed;
	sha256_parts_hex(parts, sizeof parts / sizeof parts[0], key);
	buf_release(&url);
	buf_release(&body);
	return ok;
}

static bool take_result(struct slice name, enum http_result *result)
{
	for (int i = 0; i <= HTTP_OUT_OF_BUDGET; i++)
		if (slice_is(name, transfer_result_name((enum http_result)i))) {
			*result = (enum http_result)i;
			return true;
		}
	return false;
}

bool exchange_take(struct exchange *x, const struct json *line, struct arena *arena)
{
	struct slice url, effective_url, address, error;
	struct http_response *to = &x->response;
	int64_t status = 0;
	*x = (struct exchange){ .response = { .retry_after_ms = -1, .attempts = 1 } };
	if (!take_text(line, "url", arena, &url) || !take_text(line, "body", arena, &x->body) ||
		!take_text(line, "effective_url", arena, &effective_url) || !take_text(line, "address", arena, &address) ||
		!take_text(line, "error", arena, &error) || !take_text(line, "content", arena, &to->body) ||
		!take_headers(json_get(line, "headers"), arena, &to->headers) || !take_result(json_string(line, "result", ""), &to->result))
		return false;
	x->method = arena_strdup(arena, json_string(line, "method", ""));
	x->url = arena_strdup(arena, url);
	to->effective_url = effective_url.len == 0 ? NULL : arena_strdup(arena, effective_url);
	snprintf(to->address, sizeof to->address, "%.*s", (int)address.len, address.ptr);
	snprintf(to->error, sizeof to->error, "%.*s", (int)error.len, error.ptr);
	json_int(json_get(line, "status"), &status);
	json_int(json_get(line, "retry_after_ms"), &to->retry_after_ms);
	json_number(json_get(line, "ms"), &to->ms);
	to->status = (long)status;
	return x->method != NULL && x->method[0] != '\0' && url.len > 0 && !arena->failed;
}
