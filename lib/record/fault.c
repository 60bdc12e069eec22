#include "record/fault.h"

#include "record/write.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 section 4, with padding. */
static void put_base64(struct buf *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t three = 0;
		for (size_t k = 0; k < 3; k++)
			three = three << 8 | (k < left ? (unsigned char)bytes.ptr[i + k] : 0);
		char four[4];
		for (size_t k = 0; k < 4; k++)
			four[k] = k <= left ? base64_digits[three >> (18 - 6 * k) & 63] : '=';
		buf_put(out, four, sizeof four);
	}
}

/* False where the text is no base64. */
static bool decode_base64(struct slice text, struct buf *out)
{
	if (text.len % 4 != 0)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		uint32_t three = 0;
		size_t padding = 0;
		for (size_t k = 0; k < 4; k++) {
			char c = text.ptr[i + k];
			const char *digit = c == '\0' ? NULL : strchr(base64_digits, c);
			if (c == '=' && k >= 2 && i + 4 == text.len)
				padding++;
			else if (digit == NULL || padding > 0)
				return false;
			three = three << 6 | (digit == NULL ? 0 : (uint32_t)(digit - base64_digits));
		}
		char bytes[3] = { (char)(three >> 16), (char)(three >> 8), (char)three };
		buf_put(out, bytes, sizeof bytes - padding);
	}
	return true;
}

void fault_write(
	struct buf *out, const char *tool, const char *code, const char *message, struct fault_place place, struct slice input, uint64_t input_bytes)
{
	enum { LONGEST_CHARACTER = 4 };
	struct jsonw w;
	bool is_cut = input_bytes > FAULT_INPUT_BYTES;
	if (is_cut)
		input.len = FAULT_INPUT_BYTES;
	size_t valid = slice_utf8_prefix(input);
	/* A cut may fall into a character. */
	bool is_text = valid == input.len || (is_cut && input.len - valid < LONGEST_CHARACTER);
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_name(&w, "error");
	jsonw_object(&w);
	jsonw_put_text(&w, "tool", tool);
	jsonw_put_text(&w, "code", code);
	jsonw_put_text(&w, "message", message);
	jsonw_put_bool(&w, "retryable", false);
	jsonw_put_int(&w, "line", (int64_t)place.line);
	jsonw_put_int(&w, "offset", (int64_t)place.offset);
	if (is_text) {
		jsonw_put_string(&w, "input", (struct slice){ input.ptr, valid });
	} else {
		/* The writer sees an empty text and puts the quotes around it. */
		jsonw_put_text(&w, "input_base64", "");
		out->len -= out->len > 0;
		put_base64(out, input);
		buf_putc(out, '"');
	}
	if (is_cut)
		jsonw_put_int(&w, "input_bytes", (int64_t)input_bytes);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
}

enum fault_input fault_read(const struct record *r, struct buf *out)
{
	struct value error, text, length;
	if (!record_path(r, &error, "error", NULL))
		return FAULT_HAS_NO_INPUT;
	bool is_plain = record_member(r, error, slice_of("input"), &text) && text.type == JSON_STRING;
	if (!is_plain && !(record_member(r, error, slice_of("input_base64"), &text) && text.type == JSON_STRING))
		return FAULT_HAS_NO_INPUT;
	if (record_member(r, error, slice_of("input_bytes"), &length))
		return FAULT_INPUT_IS_CUT;
	struct slice inside = { text.raw.ptr + 1, text.raw.len - 2 };
	size_t at;
	if (is_plain)
		return json_unescape(inside, out, &at) ? FAULT_INPUT : FAULT_HAS_NO_INPUT;
	struct buf plain;
	buf_init(&plain, inside.len);
	bool is_base64 = json_unescape(inside, &plain, &at) && !plain.failed && decode_base64(buf_slice(&plain), out);
	buf_release(&plain);
	return is_base64 ? FAULT_INPUT : FAULT_HAS_NO_INPUT;
}
