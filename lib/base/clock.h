/* lib/base/clock.h - time as milliseconds since 1970-01-01T00:00:00Z, and RFC 3339 text.
 *
 * Content and due dates take their time from a struct clock, which --now fixes; leases, limits and time-outs take real time (DESIGN rule 4). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include "base/slice.h"

enum { CLOCK_TEXT_BYTES = 32 }; /* "2026-11-23T09:00:00.123Z" and a NUL */
enum { MS_PER_SECOND = 1000, MS_PER_MINUTE = 60000, MS_PER_HOUR = 3600000, MS_PER_DAY = 86400000 };

struct clock {
	bool is_fixed;
	int64_t fixed_ms;
};

/* The injected time, or the real one. */
int64_t clock_now_ms(const struct clock *clock);

/* Real time, and time that never jumps (CLOCK_BOOTTIME), for durations. */
int64_t clock_real_ms(void);
int64_t clock_steady_us(void);

/* Which boot that time counts from, with a NUL; "" where the kernel does not say. */
enum { CLOCK_BOOT_ID_BYTES = 40 };
void clock_boot_id(char boot_id[CLOCK_BOOT_ID_BYTES]);

/* RFC 3339 date-time ("2026-11-23T09:00:00.5+01:00", "T" or a space), or a full-date alone (midnight UTC), or digits alone
 * (milliseconds since 1970, as HubSpot sends dates). False where it is none of these or no such day. Years 1 to 9999. */
bool clock_parse(struct slice text, int64_t *ms);

/* "2026-11-23T09:00:00.123Z"; what lies outside the years 1 to 9999 becomes the first or last moment of them. */
void clock_format(int64_t ms, char text[CLOCK_TEXT_BYTES]);

/* "2026-11-23". */
void clock_format_date(int64_t ms, char text[CLOCK_TEXT_BYTES]);

/* "90s", "10m", "2h", "1d", "500ms"; digits alone are seconds. */
bool clock_parse_span(struct slice text, int64_t *ms);
#endif
