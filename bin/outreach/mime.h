/* bin/outreach/mime.h - a mail as a message: RFC 5322 headers, RFC 2047 encoded words, RFC 2045/2046 parts, always quoted-printable.
 *
 * Lines end in LF, as in every Maildir, and hold at most 78 bytes; only a Message-ID, an address or a word that cannot be folded may be longer, never
 * past the 998 of RFC 5322 2.1.1. The same mail and date give the same bytes. */
#ifndef OUTREACH_MIME_H
#define OUTREACH_MIME_H
#include "mail.h"

/* The mail has passed mail_check. */
void mime_write(struct buf *out, const struct mail *m, int64_t date_ms);

/* The parts of it, for tests. A header whose text must be encoded comes out as encoded words; `text` holds no control characters. */
void mime_header(struct buf *out, const char *name, struct slice text);
void mime_quoted_printable(struct buf *out, struct slice text);
#endif
