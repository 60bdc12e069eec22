#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>

enum { META_WITHIN_BYTES = 1024, MAX_LABEL_BYTES = 40 };

/* Behind "charset=", with or without quotes. */
static struct slice label_in(struct slice text)
{
	const char *at = slice_find_nocase(text, slice_of("charset"));
	if (at == NULL)
		return (struct slice){ NULL, 0 };
	struct slice rest = slice_trim((struct slice){ at + 7, text.len - (size_t)(at + 7 - text.ptr) });
	if (rest.len == 0 || rest.ptr[0] != '=')
		return (struct slice){ NULL, 0 };
	rest = slice_trim((struct slice){ rest.ptr + 1, rest.len - 1 });
	while (rest.len > 0 && (rest.ptr[0] == '"' || rest.ptr[0] == '\''))
		rest = (struct slice){ rest.ptr + 1, rest.len - 1 };
	size_t len = 0;
	while (len < rest.len && len < MAX_LABEL_BYTES && strchr("\"'>; /\t\r\n", rest.ptr[len]) == NULL)
		len++;
	return (struct slice){ rest.ptr, len };
}

static struct slice label_in_meta(struct slice bytes)
{
	struct slice head = { bytes.ptr, bytes.len < META_WITHIN_BYTES ? bytes.len : META_WITHIN_BYTES };
	const char *meta = slice_find_nocase(head, slice_of("<meta"));
	for (; meta != NULL; meta = slice_find_nocase(head, slice_of("<meta"))) {
		head.len -= (size_t)(meta + 5 - head.ptr);
		head.ptr = meta + 5;
		const char *end = memchr(head.ptr, '>', head.len);
		struct slice label = label_in((struct slice){ head.ptr, end == NULL ? head.len : (size_t)(end - head.ptr) });
		/* A <meta> that could be read is in no UTF-16: the standard says UTF-8 then. */
		if (label.len > 0)
			return label.len > 5 && slice_equal_nocase((struct slice){ label.ptr, 6 }, slice_of("utf-16")) ? slice_of("utf-8") : label;
	}
	return (struct slice){ NULL, 0 };
}

/* The Encoding Standard's reading of a label, as iconv spells it; into name. */
static void iconv_name(struct slice label, char name[MAX_LABEL_BYTES + 1])
{
	static const struct {
		const char *label, *name;
	} meanings[] = { { "utf8", "UTF-8" }, { "utf-8", "UTF-8" }, { "unicode-1-1-utf-8", "UTF-8" }, { "iso-8859-1", "WINDOWS-1252" },
		{ "iso8859-1", "WINDOWS-1252" }, { "latin1", "WINDOWS-1252" }, { "ascii", "WINDOWS-1252" }, { "us-ascii", "WINDOWS-1252" },
		{ "iso-8859-9", "WINDOWS-1254" }, { "shift_jis", "CP932" }, { "x-sjis", "CP932" }, { "sjis", "CP932" }, { "gb2312", "GB18030" },
		{ "gbk", "GB18030" }, { "ks_c_5601-1987", "CP949" }, { "euc-kr", "CP949" }, { "utf-16", "UTF-16LE" },
		{ "x-cp1252", "WINDOWS-1252" } };
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		if (slice_equal_nocase(label, slice_of(meanings[i].label))) {
			snprintf(name, MAX_LABEL_BYTES + 1, "%s", meanings[i].name);
			return;
		}
	/* Letters, digits and dashes only: iconv takes "//TRANSLIT" and the like from a name. */
	size_t len = 0;
	for (size_t i = 0; i < label.len && len < MAX_LABEL_BYTES; i++) {
		char c = label.ptr[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
			name[len++] = c;
	}
	name[len] = '\0';
}

static void convert(iconv_t from, struct slice bytes, struct buf *out)
{
	/* iconv takes a pointer to non-const but never writes through it. */
	union {
		const char *in;
		char *iconv_wants;
	} at = { .in = bytes.ptr };
	size_t left = bytes.len;
	while (left > 0 && !out->failed) {
		char piece[4096], *to = piece;
		size_t room = sizeof piece;
		size_t result = iconv(from, &at.iconv_wants, &left, &to, &room);
		buf_put(out, piece, sizeof piece - room);
		if (result == (size_t)-1 && errno != E2BIG) {
			buf_puts(out, "\xef\xbf\xbd");
			at.in++;
			left--;
		}
	}
}

struct slice charset_to_utf8(struct slice bytes, struct slice content_type, struct buf *out)
{
	char name[MAX_LABEL_BYTES + 1] = "";
	if (slice_starts(bytes, "\xef\xbb\xbf"))
		return (struct slice){ bytes.ptr + 3, bytes.len - 3 };
	if (slice_starts(bytes, "\xff\xfe") || slice_starts(bytes, "\xfe\xff")) {
		snprintf(name, sizeof name, "%s", slice_starts(bytes, "\xff\xfe") ? "UTF-16LE" : "UTF-16BE");
		bytes = (struct slice){ bytes.ptr + 2, bytes.len - 2 };
	} else {
		struct slice label = label_in(content_type);
		if (label.len == 0)
			label = label_in_meta(bytes);
		iconv_name(label, name);
	}
	if ((name[0] == '\0' || strcmp(name, "UTF-8") == 0) && slice_utf8_prefix(bytes) == bytes.len)
		return bytes;
	iconv_t from = iconv_open("UTF-8", name[0] == '\0' ? "WINDOWS-1252" : name);
	if (from == (iconv_t)-1)
		from = iconv_open("UTF-8", "WINDOWS-1252");
	if (from == (iconv_t)-1)
		return bytes;
	buf_reset(out);
	convert(from, bytes, out);
	iconv_close(from);
	return buf_slice(out);
}
