/* bin/enrich/charset.h - a page's bytes as UTF-8.
 *
 * The order of the HTML standard (section 13.2.3): byte-order mark, the charset of Content-Type, a <meta> within the first 1,024 bytes; without any, UTF-8
 * where the bytes are that, else windows-1252. Labels mean what the WHATWG Encoding Standard says ("iso-8859-1" is windows-1252). */
#ifndef ENRICH_CHARSET_H
#define ENRICH_CHARSET_H
#include "base/buf.h"

/* content_type: the header's value, may be empty. Gives text in UTF-8, which is `bytes` itself where nothing needs converting, else lies in `out`; what is no
 * character becomes U+FFFD. An encoding that iconv does not know is read as windows-1252. */
struct slice charset_to_utf8(struct slice bytes, struct slice content_type, struct buf *out);
#endif
