#include "control.h"

static bool is_control(const unsigned char *p, size_t len)
{
	if (p[0] < 0x20 || p[0] == 0x7f)
		return true;
	if (p[0] == 0xc2 && len > 1)
		return p[1] < 0xa0;
	return p[0] == 0xe2 && len > 2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9);
}

size_t control_find(struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	for (size_t i = 0; i < text.len; i++)
		if (is_control(p + i, text.len - i))
			return i;
	return text.len;
}

size_t control_find_in_body(struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	for (size_t i = 0; i < text.len; i++)
		if (p[i] != '\n' && p[i] != '\t' && is_control(p + i, text.len - i))
			return i;
	return text.len;
}
