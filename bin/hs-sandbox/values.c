#include "values.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_BYTES = 64, MIDNIGHT_CHECK_MS = MS_PER_DAY };

static const double MAX_PLAIN = 1e21; /* where JavaScript, too, turns to exponents */

static struct slice lower_case(struct call *c, struct slice text)
{
	char *copy = arena_strdup(c->arena, text);
	if (copy == NULL)
		return text;
	for (size_t i = 0; i < text.len; i++)
		copy[i] = (char)tolower((unsigned char)copy[i]);
	return (struct slice){ copy, text.len };
}

/* The shortest decimal text that reads back the same; an integer without an exponent as far as doubles count. */
static struct slice shortest_number(struct call *c, double value)
{
	char text[NUMBER_BYTES];
	int digits = 15;
	if (fabs(value) < MAX_PLAIN && value == trunc(value))
		return arena_printf(c->arena, "%.0f", value + 0.0); /* no -0 */
	do
		snprintf(text, sizeof text, "%.*g", digits, value);
	while (strtod(text, NULL) != value && digits++ < 17);
	return arena_copy(c->arena, slice_of(text));
}

/* Digits stay as they are, for numbers past 2^53; a fraction comes out in its shortest form. */
static bool normalise_number(struct call *c, struct slice text, struct slice *number)
{
	char copy[NUMBER_BYTES], *end;
	size_t digits = text.len > 0 && text.ptr[0] == '-' ? 1 : 0, zeros;
	if (text.len == 0 || text.len >= sizeof copy)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (strspn(copy, "+-.0123456789eE") != text.len)
		return false;
	double value = strtod(copy, &end);
	if (*end != '\0' || value - value != 0)
		return false;
	zeros = digits;
	if (strspn(copy + digits, "0123456789") == text.len - digits) {
		while (zeros + 1 < text.len && copy[zeros] == '0')
			zeros++;
		bool is_negative = digits == 1 && value < 0;
		*number = arena_printf(c->arena, "%s%s", is_negative ? "-" : "", copy + zeros);
	} else {
		*number = shortest_number(c, value);
	}
	return true;
}

static bool normalise_time(struct call *c, struct slice text, bool is_date, struct slice *normal)
{
	char formatted[CLOCK_TEXT_BYTES];
	int64_t ms;
	if (!clock_parse(text, &ms))
		return false;
	if (is_date) {
		if (ms % MIDNIGHT_CHECK_MS != 0)
			return false;
		clock_format_date(ms, formatted);
	} else {
		clock_format(ms, formatted);
	}
	*normal = arena_copy(c->arena, slice_of(formatted));
	return true;
}

static bool is_option(const struct property *p, struct slice value)
{
	for (size_t i = 0; i < p->option_count; i++)
		if (slice_is(value, p->options[i].value))
			return true;
	return false;
}

static bool is_owner(struct call *c, struct slice value)
{
	int64_t id = call_object_id(value);
	return id != 0 && store_number(&c->portal->store, 0, "SELECT count(*) FROM owners WHERE id=?", "i", id) == 1;
}

/* One @, a name before it and a dotted domain behind; HubSpot is about as strict. */
static bool is_email(struct slice text)
{
	const char *at = memchr(text.ptr, '@', text.len);
	if (at == NULL || at == text.ptr || text.len > 254)
		return false;
	struct slice domain = { at + 1, (size_t)(text.ptr + text.len - at - 1) };
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] <= ' ' || strchr("<>()[],;:\\\"", text.ptr[i]) != NULL)
			return false;
	const char *dot = memchr(domain.ptr, '.', domain.len);
	return dot != NULL && dot != domain.ptr && domain.ptr[domain.len - 1] != '.' && memchr(domain.ptr, '@', domain.len) == NULL;
}

static struct slice list_options(struct call *c, const struct property *p)
{
	struct slice list = { "", 0 };
	for (size_t i = 0; i < p->option_count && i < 20; i++)
		list = arena_printf(c->arena, "%.*s%s%s", (int)list.len, list.ptr, i == 0 ? "" : ", ", p->options[i].value);
	return list;
}

static bool has_value(struct slice list, struct slice value)
{
	struct slice part;
	while (slice_split(&list, ';', &part))
		if (slice_equal(part, value))
			return true;
	return false;
}

/* A checkbox takes several values, "a;b"; what starts with ";" is put behind those there are. Each stands there once. */
static bool normalise_checkbox(struct call *c, const struct property *p, struct slice given, struct slice old, struct slice *value)
{
	struct slice rest = given, part;
	*value = given.ptr[0] == ';' ? old : (struct slice){ "", 0 };
	while (slice_split(&rest, ';', &part)) {
		part = slice_trim(part);
		if (part.len > 0 && !is_option(p, part))
			return false;
		if (part.len > 0 && !has_value(*value, part))
			*value =
				arena_printf(c->arena, "%.*s%s%.*s", (int)value->len, value->ptr, value->len > 0 ? ";" : "", (int)part.len, part.ptr);
	}
	return true;
}

size_t value_chars(struct slice text)
{
	size_t chars = 0;
	for (size_t i = 0; i < text.len; i++)
		chars += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return chars;
}

const struct slice *value_normalise(struct call *c, const struct object_type *type, const struct property *p, struct slice given, struct slice old,
	const char **code, struct slice *message)
{
	struct slice *value = arena_new(c->arena, struct slice);
	int shown = given.len > 200 ? 200 : (int)given.len;
	if (value == NULL)
		return NULL;
	*value = given = slice_trim(given);
	if (given.len == 0)
		return value;
	*code = "INVALID_LENGTH";
	*message = arena_printf(c->arena, "%s was longer than %d characters", p->name, VALUE_MAX_CHARS);
	if (given.len > VALUE_MAX_CHARS && value_chars(given) > VALUE_MAX_CHARS)
		return NULL;
	switch (p->type) {
	case VALUE_NUMBER:
		*code = "INVALID_INTEGER";
		*message = arena_printf(c->arena, "%.*s was not a valid number.", shown, given.ptr);
		return normalise_number(c, given, value) ? value : NULL;
	case VALUE_BOOL:
		*code = "INVALID_OPTION";
		*message = arena_printf(c->arena, "%.*s was not one of the allowed options: [true, false]", shown, given.ptr);
		*value = lower_case(c, given);
		return slice_is(*value, "true") || slice_is(*value, "false") ? value : NULL;
	case VALUE_DATE:
	case VALUE_DATETIME:
		*code = "INVALID_DATE";
		*message = arena_printf(
			c->arena, "%.*s was not a valid %s.", shown, given.ptr, p->type == VALUE_DATE ? "date at midnight UTC" : "date and time");
		return normalise_time(c, given, p->type == VALUE_DATE, value) ? value : NULL;
	case VALUE_ENUMERATION:
		if (strcmp(p->name, "hubspot_owner_id") == 0) {
			*code = "INVALID_OWNER_ID";
			*message = arena_printf(c->arena, "Owner %.*s does not exist", shown, given.ptr);
			return is_owner(c, given) ? value : NULL;
		}
		*code = "INVALID_OPTION";
		struct slice options = list_options(c, p);
		*message = arena_printf(c->arena, "%.*s was not one of the allowed options: [%.*s]", shown, given.ptr, (int)options.len, options.ptr);
		if (strcmp(p->field_type, "checkbox") == 0)
			return normalise_checkbox(c, p, given, old, value) ? value : NULL;
		return is_option(p, given) ? value : NULL;
	default: break;
	}
	if (type->index == TYPE_CONTACT && strcmp(p->name, "email") == 0) {
		*code = "INVALID_EMAIL";
		*message = arena_printf(c->arena, "Email address %.*s is invalid", shown, given.ptr);
		*value = lower_case(c, given);
		return is_email(*value) ? value : NULL;
	}
	if (type->index == TYPE_COMPANY && strcmp(p->name, "domain") == 0)
		*value = lower_case(c, given);
	return value;
}

bool value_for_search(struct call *c, const struct property *p, struct slice given, struct slice *value)
{
	char text[CLOCK_TEXT_BYTES];
	int64_t ms;
	*value = given;
	switch (p->type) {
	case VALUE_NUMBER: return normalise_number(c, given, value);
	case VALUE_BOOL: *value = lower_case(c, given); return true;
	case VALUE_DATETIME: return normalise_time(c, given, false, value);
	case VALUE_DATE: /* any time of the day stands for it */
		if (!clock_parse(given, &ms))
			return false;
		clock_format_date(ms, text);
		*value = arena_copy(c->arena, slice_of(text));
		return true;
	default: return true;
	}
}
