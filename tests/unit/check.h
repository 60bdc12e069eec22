/* tests/unit/check.h - what every unit test includes: cmocka, and slices in its checks. A failing row names itself. */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Stops the test with the row's name, both texts in quotes. */
static inline void check_text(const char *row, struct slice got, struct slice want)
{
	if (!slice_equal(got, want))
		fail_msg("%s: \"%.*s\" (%zu bytes), not \"%.*s\" (%zu bytes)", row, (int)got.len, got.len == 0 ? "" : got.ptr, got.len, (int)want.len,
			want.len == 0 ? "" : want.ptr, want.len);
}

static inline void check_int(const char *row, int64_t got, int64_t want)
{
	if (got != want)
		fail_msg("%s: %lld, not %lld", row, (long long)got, (long long)want);
}
#endif
