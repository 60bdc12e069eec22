#include "base/escape.h"

static size_t character_length(struct slice text)
{
	unsigned char lead = (unsigned char)text.ptr[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	return len <= text.len && slice_utf8_prefix((struct slice){ text.ptr, len }) == len ? len : 0;
}

static bool is_harmless(const char *at, size_t len)
{
	const unsigned char *p = (const unsigned char *)at;
	if (len == 1)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (len == 2 && p[0] == 0xc2)
		return p[1] >= 0xa0;
	if (len == 3 && p[0] == 0xe2 && p[1] == 0x80)
		return p[2] < 0xaa || p[2] > 0xae;
	if (len == 3 && p[0] == 0xe2 && p[1] == 0x81)
		return p[2] < 0xa6 || p[2] > 0xa9;
	return len > 0;
}

static void escape(struct buf *out, struct slice text, bool keep_lines)
{
	while (text.len > 0) {
		size_t len = character_length(text);
		bool keep = is_harmless(text.ptr, len) || (keep_lines && (text.ptr[0] == '\n' || text.ptr[0] == '\t'));
		if (len == 0)
			len = 1;
		if (keep)
			buf_put(out, text.ptr, len);
		for (size_t i = 0; !keep && i < len; i++)
			buf_printf(out, "\\x%02x", (unsigned char)text.ptr[i]);
		text.ptr += len;
		text.len -= len;
	}
}

void escape_terminal(struct buf *out, struct slice text)
{
	escape(out, text, false);
}

void escape_terminal_lines(struct buf *out, struct slice text)
{
	escape(out, text, true);
}
