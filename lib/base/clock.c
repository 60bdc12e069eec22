#include "base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z */
static const int64_t FIRST_MS = -62135596800000, LAST_MS = 253402300799999;

int64_t clock_now_ms(const struct clock *clock)
{
	return clock->is_fixed ? clock->fixed_ms : clock_real_ms();
}

int64_t clock_real_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

int64_t clock_steady_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_boot_id(char boot_id[CLOCK_BOOT_ID_BYTES])
{
	memset(boot_id, 0, CLOCK_BOOT_ID_BYTES);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, boot_id, 36) != 36) /* with dashes, without the LF */
		memset(boot_id, 0, CLOCK_BOOT_ID_BYTES);
	close(fd);
}

/* Days since 1970-01-01 of a Gregorian date, by counting in eras of 400 years from 1 March. */
static int64_t days_from_date(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = year / 400, year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

/* Takes exactly `digits` decimal digits off the text. */
static bool take_digits(struct slice *text, size_t digits, int *value)
{
	uint64_t number;
	if (text->len < digits || !slice_to_u64((struct slice){ text->ptr, digits }, &number))
		return false;
	*value = (int)number;
	text->ptr += digits;
	text->len -= digits;
	return true;
}

static bool take_char(struct slice *text, const char *any_of)
{
	if (text->len == 0 || text->ptr[0] == '\0' || strchr(any_of, text->ptr[0]) == NULL)
		return false;
	text->ptr++;
	text->len--;
	return true;
}

/* "Z", "+01:00", "-0230": what is to be subtracted from local time, in ms. */
static bool take_offset(struct slice *text, int64_t *offset_ms)
{
	int hours, minutes;
	*offset_ms = 0;
	if (take_char(text, "Zz"))
		return true;
	bool negative = text->len > 0 && text->ptr[0] == '-';
	if (!take_char(text, "+-") || !take_digits(text, 2, &hours))
		return false;
	take_char(text, ":");
	if (!take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_ms = (hours * (int64_t)MS_PER_HOUR + minutes * (int64_t)MS_PER_MINUTE) * (negative ? -1 : 1);
	return true;
}

static bool take_time(struct slice *text, int64_t *ms)
{
	int hour, minute, second;
	if (!take_digits(text, 2, &hour) || !take_char(text, ":") || !take_digits(text, 2, &minute) || !take_char(text, ":") ||
		!take_digits(text, 2, &second) || hour > 23 || minute > 59 || second > 60)
		return false;
	*ms = hour * (int64_t)MS_PER_HOUR + minute * (int64_t)MS_PER_MINUTE + second * (int64_t)MS_PER_SECOND;
	if (!take_char(text, "."))
		return true;
	int64_t unit = 100;
	int digit;
	if (!take_digits(text, 1, &digit))
		return false;
	do {
		*ms += digit * unit;
		unit /= 10;
	} while (take_digits(text, 1, &digit));
	return true;
}

bool clock_parse(struct slice text, int64_t *ms)
{
	uint64_t plain;
	int year, month, day;
	int64_t time_ms = 0, offset_ms = 0;
	text = slice_trim(text);
	if (slice_to_u64(text, &plain)) {
		if (plain > (uint64_t)LAST_MS)
			return false;
		*ms = (int64_t)plain;
		return true;
	}
	if (!take_digits(&text, 4, &year) || !take_char(&text, "-") || !take_digits(&text, 2, &month) || !take_char(&text, "-") ||
		!take_digits(&text, 2, &day) || year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	if (text.len > 0 && (!take_char(&text, "Tt ") || !take_time(&text, &time_ms) || !take_offset(&text, &offset_ms) || text.len > 0))
		return false;
	*ms = days_from_date(year, month, day) * MS_PER_DAY + time_ms - offset_ms;
	/* An offset may lead out of these years. */
	return *ms >= FIRST_MS && *ms <= LAST_MS;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
	days += 719468;
	int64_t era = floor_div(days, 146097), day_of_era = days - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = (int)(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
	int shifted = (5 * day_of_year + 2) / 153;
	*day = day_of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted < 10 ? shifted + 3 : shifted - 9;
	*year = year_of_era + era * 400 + (*month <= 2);
}

static void put_digits(char *at, int digits, int64_t value)
{
	while (digits-- > 0) {
		at[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

void clock_format(int64_t ms, char text[CLOCK_TEXT_BYTES])
{
	ms = ms < FIRST_MS ? FIRST_MS : ms > LAST_MS ? LAST_MS : ms;
	int64_t days = floor_div(ms, MS_PER_DAY), rest = ms - days * MS_PER_DAY, year;
	int month, day;
	date_from_days(days, &year, &month, &day);
	memcpy(text, "0000-00-00T00:00:00.000Z", sizeof "0000-00-00T00:00:00.000Z");
	put_digits(text, 4, year);
	put_digits(text + 5, 2, month);
	put_digits(text + 8, 2, day);
	put_digits(text + 11, 2, rest / MS_PER_HOUR);
	put_digits(text + 14, 2, rest / MS_PER_MINUTE % 60);
	put_digits(text + 17, 2, rest / MS_PER_SECOND % 60);
	put_digits(text + 20, 3, rest % MS_PER_SECOND);
}

void clock_format_date(int64_t ms, char text[CLOCK_TEXT_BYTES])
{
	clock_format(ms, text);
	text[10] = '\0';
}

bool clock_parse_span(struct slice text, int64_t *ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", MS_PER_SECOND }, { "m", MS_PER_MINUTE }, { "h", MS_PER_HOUR }, { "d", MS_PER_DAY }, { "", MS_PER_SECOND } };
	uint64_t count;
	size_t digits = 0;
	while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
		digits++;
	struct slice unit = { text.ptr + digits, text.len - digits };
	if (!slice_to_u64((struct slice){ text.ptr, digits }, &count))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (slice_is(unit, units[i].name)) {
			if (count > (uint64_t)(INT64_MAX / units[i].ms))
				return false;
			*ms = (int64_t)count * units[i].ms;
			return true;
		}
	return false;
}
