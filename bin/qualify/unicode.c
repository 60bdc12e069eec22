#include "unicode.h"

uint32_t unicode_at(struct slice text, size_t at, size_t *len)
{
	const unsigned char *p = (const unsigned char *)text.ptr + at;
	if (p[0] < 0x80) {
		*len = 1;
		return p[0];
	}
	size_t need = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (need > text.len - at) {
		*len = 1;
		return 0xfffd;
	}
	*len = need;
	uint32_t code = p[0] & (0x7fU >> need);
	for (size_t i = 1; i < need; i++)
		code = code << 6 | (p[i] & 0x3fU);
	return code;
}

size_t unicode_encode(uint32_t code, char bytes[4])
{
	if (code < 0x80) {
		bytes[0] = (char)code;
		return 1;
	}
	size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = len - 1; i > 0; i--, code >>= 6)
		bytes[i] = (char)(0x80 | (code & 0x3f));
	bytes[0] = (char)(leads[len] | code);
	return len;
}

/* Unicode 15 case pairs (UnicodeData.txt, simple mappings) of the scripts that have case and are written in CRMs. */
static const struct {
	uint32_t first, last; /* upper case */
	uint32_t add; /* 0: neighbours pair up, the first of each pair being upper case */
} case_ranges[] = {
	{ 'A', 'Z', 0x20 },
	{ 0xc0, 0xd6, 0x20 },
	{ 0xd8, 0xde, 0x20 },
	{ 0x100, 0x12f, 0 },
	{ 0x132, 0x137, 0 },
	{ 0x139, 0x148, 0 },
	{ 0x14a, 0x177, 0 },
	{ 0x179, 0x17e, 0 },
	{ 0x218, 0x21b, 0 },
	{ 0x386, 0x386, 0x26 },
	{ 0x388, 0x38a, 0x25 },
	{ 0x38c, 0x38c, 0x40 },
	{ 0x38e, 0x38f, 0x3f },
	{ 0x391, 0x3a1, 0x20 },
	{ 0x3a3, 0x3ab, 0x20 },
	{ 0x400, 0x40f, 0x50 },
	{ 0x410, 0x42f, 0x20 },
	{ 0x460, 0x481, 0 },
	{ 0x48a, 0x4bf, 0 },
	{ 0x4d0, 0x52f, 0 },
	{ 0x531, 0x556, 0x30 },
	{ 0x1e00, 0x1e95, 0 },
	{ 0x1ea0, 0x1eff, 0 },
};

uint32_t unicode_other_case(uint32_t code)
{
	enum { Y_DIAERESIS = 0xff, UPPER_Y_DIAERESIS = 0x178 };
	if (code == Y_DIAERESIS || code == UPPER_Y_DIAERESIS)
		return code ^ Y_DIAERESIS ^ UPPER_Y_DIAERESIS;
	for (size_t i = 0; i < sizeof case_ranges / sizeof case_ranges[0]; i++) {
		uint32_t first = case_ranges[i].first, last = case_ranges[i].last, add = case_ranges[i].add;
		if (code < first || code > last + add)
			continue;
		if (add == 0)
			return ((code - first) & 1) == 0 ? code + 1 : code - 1;
		if (code <= last)
			return code + add;
		if (code >= first + add)
			return code - add;
	}
	return code;
}

/* What is no word character from U+0080 on. Symbol blocks are taken whole: their few letters (such as U+2122) are signs to a reader. */
static const struct {
	uint32_t first, last;
} separators[] = {
	{ 0x80, 0xa9 },
	{ 0xab, 0xb4 },
	{ 0xb6, 0xb9 },
	{ 0xbb, 0xbf },
	{ 0xd7, 0xd7 },
	{ 0xf7, 0xf7 },
	{ 0x37e, 0x37e },
	{ 0x387, 0x387 },
	{ 0x55a, 0x55f },
	{ 0x589, 0x58a },
	{ 0x5be, 0x5be },
	{ 0x5c0, 0x5c0 },
	{ 0x5c3, 0x5c3 },
	{ 0x5f3, 0x5f4 },
	{ 0x60c, 0x60d },
	{ 0x61b, 0x61f },
	{ 0x66a, 0x66d },
	{ 0x6d4, 0x6d4 },
	{ 0x964, 0x965 },
	{ 0x970, 0x970 },
	{ 0x2000, 0x2bff },
	{ 0x2e00, 0x2e7f },
	{ 0x3000, 0x3004 },
	{ 0x3008, 0x3020 },
	{ 0x3030, 0x3030 },
	{ 0x303d, 0x303f },
	{ 0x30fb, 0x30fb },
	{ 0xe000, 0xf8ff },
	{ 0xfe10, 0xfe1f },
	{ 0xfe30, 0xfe6f },
	{ 0xfeff, 0xfeff },
	{ 0xff01, 0xff0f },
	{ 0xff1a, 0xff20 },
	{ 0xff3b, 0xff40 },
	{ 0xff5b, 0xff65 },
	{ 0xffe0, 0xffff },
	{ 0x1f000, 0x1faff },
};

bool unicode_is_word(uint32_t code)
{
	if (code < 0x80)
		return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z') || code == '_';
	for (size_t i = 0; i < sizeof separators / sizeof separators[0] && code >= separators[i].first; i++)
		if (code <= separators[i].last)
			return false;
	return true;
}
