#include "mime.h"

#include <time.h>

#include "address.h"
#include "base/clock.h"

enum {
	LINE_BYTES = 78, /* RFC 5322 2.1.1, what it asks for */
	WORD_BYTES = 900, /* a longer word is encoded, for the 998 of the same section */
	ENCODED_LINE_BYTES = 76, /* RFC 2047 2, with the blank before it */
	ENCODED_WORD_BYTES = 75,
	QP_LINE_BYTES = 76, /* RFC 2045 6.7, with the "=" of a soft line break */
};

static const char hex_digits[] = "0123456789ABCDEF";

static size_t character_bytes(struct slice text)
{
	unsigned char lead = (unsigned char)text.ptr[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	return len < text.len ? len : text.len;
}

/* -- headers -- */

/* The characters that stand for themselves in an encoded word, even in a phrase (RFC 2047 5, rule 3). */
static bool is_plain_in_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t q_bytes(struct slice text)
{
	size_t sum = 0;
	for (size_t i = 0; i < text.len; i++)
		sum += is_plain_in_word(text.ptr[i]) || text.ptr[i] == ' ' ? 1 : 3;
	return sum;
}

static size_t b_bytes(size_t bytes)
{
	return (bytes + 2) / 3 * 4;
}

static void put_q(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (is_plain_in_word((char)c))
			buf_putc(out, (char)c);
		else if (c == ' ')
			buf_putc(out, '_');
		else
			buf_printf(out, "=%c%c", hex_digits[c >> 4], hex_digits[c & 15]);
	}
}

static void put_b(struct buf *out, struct slice text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < text.len; i += 3) {
		unsigned bits = 0;
		size_t n = text.len - i < 3 ? text.len - i : 3;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (unsigned char)text.ptr[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_putc(out, k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
	}
}

/* Encoded words of whole characters, one a line; `column` bytes are on the line already. Readers drop the blanks between them. */
static void put_encoded(struct buf *out, struct slice text, size_t column)
{
	enum { FRAME = 12 }; /* "=?UTF-8?Q?" and "?=" */
	bool use_q = q_bytes(text) <= b_bytes(text.len);
	while (text.len > 0) {
		size_t room = ENCODED_LINE_BYTES > column ? ENCODED_LINE_BYTES - column : 0, len = 0;
		if (room > ENCODED_WORD_BYTES)
			room = ENCODED_WORD_BYTES;
		while (len < text.len) {
			size_t next = len + character_bytes((struct slice){ text.ptr + len, text.len - len });
			if (FRAME + (use_q ? q_bytes((struct slice){ text.ptr, next }) : b_bytes(next)) > room)
				break;
			len = next;
		}
		if (len > 0) {
			buf_printf(out, "=?UTF-8?%c?", use_q ? 'Q' : 'B');
			(use_q ? put_q : put_b)(out, (struct slice){ text.ptr, len });
			buf_puts(out, "?=");
		}
		text.ptr += len;
		text.len -= len;
		if (text.len > 0)
			buf_puts(out, "\n ");
		column = 1;
	}
}

/* The length up to the next place where a line may be folded: before a single blank between two characters. */
static size_t fold_bytes(struct slice text)
{
	for (size_t i = 1; i + 1 < text.len; i++)
		if (text.ptr[i] == ' ' && text.ptr[i - 1] != ' ' && text.ptr[i + 1] != ' ')
			return i;
	return text.len;
}

/* Plain text would be changed by readers if it held an encoded word, a byte that is not ASCII, a blank at an end, or a word too long for a line. */
static bool must_encode(struct slice text)
{
	if (text.len == 0 || text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ' || memmem(text.ptr, text.len, "=?", 2) != NULL)
		return text.len > 0;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || (unsigned char)text.ptr[i] >= 0x7f)
			return true;
	while (text.len > 0) {
		size_t len = fold_bytes(text);
		if (len > WORD_BYTES)
			return true;
		text.ptr += len;
		text.len -= len;
	}
	return false;
}

static void put_folded(struct buf *out, struct slice text, size_t column)
{
	for (bool is_first = true; text.len > 0; is_first = false) {
		size_t len = fold_bytes(text);
		if (!is_first && column + len > LINE_BYTES) {
			buf_putc(out, '\n');
			column = 0;
		}
		buf_put(out, text.ptr, len);
		column += len;
		text.ptr += len;
		text.len -= len;
	}
}

void mime_header(struct buf *out, const char *name, struct slice text)
{
	size_t column = strlen(name) + 2;
	buf_printf(out, "%s: ", name);
	(must_encode(text) ? put_encoded : put_folded)(out, text, column);
	buf_putc(out, '\n');
}

/* Atoms, or a quoted string, or encoded words: a display name (RFC 5322 3.4). */
static void put_name(struct buf *out, struct slice name, size_t column)
{
	enum { QUOTED_BYTES = 2 * ADDRESS_MAX_NAME_BYTES + 2 };
	char quoted[QUOTED_BYTES];
	size_t len = 0;
	bool is_atoms = true;
	for (size_t i = 0; i < name.len; i++)
		is_atoms = is_atoms && (is_plain_in_word(name.ptr[i]) || name.ptr[i] == ' ');
	if (must_encode(name)) {
		put_encoded(out, name, column);
		return;
	}
	if (is_atoms) {
		put_folded(out, name, column);
		return;
	}
	quoted[len++] = '"';
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] == '"' || name.ptr[i] == '\\')
			quoted[len++] = '\\';
		quoted[len++] = name.ptr[i];
	}
	quoted[len++] = '"';
	put_folded(out, (struct slice){ quoted, len }, column);
}

static void put_from(struct buf *out, struct slice from)
{
	struct slice name, address;
	address_parse(from, &name, &address);
	buf_puts(out, "From: ");
	if (name.len > 0) {
		size_t start = out->len;
		put_name(out, name, sizeof "From: " - 1);
		const char *line = out->len > start ? memrchr(out->ptr + start, '\n', out->len - start) : NULL;
		size_t column = line == NULL ? out->len - start + sizeof "From: " - 1 : (size_t)(out->ptr + out->len - line) - 1;
		buf_puts(out, column + address.len + 3 > LINE_BYTES ? "\n " : " ");
		buf_printf(out, "<%.*s>\n", (int)address.len, address.ptr);
	} else {
		buf_printf(out, "%.*s\n", (int)address.len, address.ptr);
	}
}

/* English names whatever the locale: strftime would translate them. */
static void put_date(struct buf *out, int64_t ms)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)((ms - (ms % MS_PER_SECOND + MS_PER_SECOND) % MS_PER_SECOND) / MS_PER_SECOND);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
		tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* -- bodies -- */

/* What is encoded although it is ASCII: "=" itself; a blank that would end the line, which relays drop; and at the start of a line a dot, which SMTP
 * doubles, and the F of "From ", which mbox files quote. */
static bool must_escape(struct slice text, size_t i, bool is_line_start)
{
	unsigned char c = (unsigned char)text.ptr[i];
	bool is_last = i + 1 == text.len || text.ptr[i + 1] == '\n';
	if (c == ' ' || c == '\t')
		return is_last;
	if (is_line_start && (c == '.' || (c == 'F' && slice_starts((struct slice){ text.ptr + i, text.len - i }, "From "))))
		return true;
	return c < 0x20 || c >= 0x7f || c == '=';
}

void mime_quoted_printable(struct buf *out, struct slice text)
{
	size_t column = 0;
	for (size_t i = 0; i < text.len;) {
		if (text.ptr[i] == '\n') {
			buf_putc(out, '\n');
			column = 0;
			i++;
			continue;
		}
		/* A character is never torn apart, so that its line reads on its own. */
		size_t len = (unsigned char)text.ptr[i] < 0x80 ? 1 : character_bytes((struct slice){ text.ptr + i, text.len - i });
		bool escape = must_escape(text, i, column == 0), is_last = i + len == text.len || text.ptr[i + len] == '\n';
		size_t width = escape ? 3 * len : len;
		if (column + width + (is_last ? 0 : 1) > QP_LINE_BYTES) {
			buf_puts(out, "=\n");
			column = 0;
			escape = must_escape(text, i, true);
			width = escape ? 3 * len : len;
		}
		for (size_t k = 0; k < len; k++) {
			unsigned char c = (unsigned char)text.ptr[i + k];
			if (escape)
				buf_printf(out, "=%c%c", hex_digits[c >> 4], hex_digits[c & 15]);
			else
				buf_putc(out, (char)c);
		}
		column += width;
		i += len;
	}
}

static void put_part(struct buf *out, const char *subtype, struct slice text)
{
	buf_printf(out, "Content-Type: text/%s; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n", subtype);
	mime_quoted_printable(out, text);
}

void mime_write(struct buf *out, const struct mail *m, int64_t date_ms)
{
	struct slice key = mail_key(m->message_id);
	put_date(out, date_ms);
	put_from(out, m->from);
	buf_printf(out, "To: %.*s\n", (int)m->to.len, m->to.ptr);
	mime_header(out, "Subject", m->subject);
	buf_printf(out, "Message-ID: %.*s\n", (int)m->message_id.len, m->message_id.ptr);
	if (m->in_reply_to.len > 0) {
		buf_printf(out, "In-Reply-To: %.*s\n", (int)m->in_reply_to.len, m->in_reply_to.ptr);
		buf_printf(out, "References: %.*s\n", (int)m->in_reply_to.len, m->in_reply_to.ptr);
	}
	if (m->list_unsubscribe.len > 0)
		buf_printf(out, "List-Unsubscribe: %.*s\n", (int)m->list_unsubscribe.len, m->list_unsubscribe.ptr);
	buf_puts(out, "MIME-Version: 1.0\n");
	if (m->html.len == 0) {
		put_part(out, "plain", m->text);
		if (m->text.ptr[m->text.len - 1] != '\n')
			buf_putc(out, '\n');
		return;
	}
	/* "=_" never comes out of quoted-printable (RFC 2045 6.7), so no part can hold the boundary. The LF before a boundary belongs to it. */
	buf_printf(out, "Content-Type: multipart/alternative; boundary=\"=_%.*s\"\n\n", (int)key.len, key.ptr);
	buf_printf(out, "--=_%.*s\n", (int)key.len, key.ptr);
	put_part(out, "plain", m->text);
	buf_printf(out, "\n--=_%.*s\n", (int)key.len, key.ptr);
	put_part(out, "html", m->html);
	buf_printf(out, "\n--=_%.*s--\n", (int)key.len, key.ptr);
}
