#include "size.h"

enum { MAX_EMPLOYEES = 10000000 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "1,200": a separator with exactly three digits behind it. "11.5" is no thousand. */
static bool is_separator(struct slice text, size_t at)
{
	size_t digits = 0;
	if (strchr(",.' ", text.ptr[at]) == NULL || text.ptr[at] == '\0')
		return false;
	while (at + 1 + digits < text.len && is_digit(text.ptr[at + 1 + digits]))
		digits++;
	return digits == 3;
}

bool size_read(struct slice text, uint64_t *employees)
{
	uint64_t number = 0;
	size_t at = 0, digits = 0;
	while (at < text.len && !is_digit(text.ptr[at]))
		at++;
	for (; at < text.len && (is_digit(text.ptr[at]) || (digits > 0 && digits <= 3 && is_separator(text, at))); at++) {
		if (!is_digit(text.ptr[at])) {
			digits = 0;
			continue;
		}
		digits++;
		number = number * 10 + (uint64_t)(text.ptr[at] - '0');
		if (number > MAX_EMPLOYEES)
			return false;
	}
	*employees = number;
	return number > 0;
}
