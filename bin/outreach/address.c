#include "address.h"

#include "control.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_atext(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static const char *check_local(struct slice local)
{
	struct slice rest = local, atom;
	if (local.len == 0 || local.len > ADDRESS_MAX_LOCAL_BYTES)
		return local.len == 0 ? "nothing before the @" : "more than 64 bytes before the @";
	if (local.ptr[0] == '.' || local.ptr[local.len - 1] == '.')
		return "a dot at an end of the part before the @";
	while (slice_split(&rest, '.', &atom)) {
		if (atom.len == 0)
			return "two dots in a row";
		for (size_t i = 0; i < atom.len; i++)
			if (!is_atext(atom.ptr[i]))
				return "a character before the @ that an address does not have";
	}
	return NULL;
}

static const char *check_domain(struct slice domain)
{
	struct slice rest = domain, label = SLICE("");
	size_t labels = 0;
	bool has_letter = false;
	if (domain.len == 0 || domain.ptr[domain.len - 1] == '.')
		return domain.len == 0 ? "nothing after the @" : "a dot at the end";
	while (slice_split(&rest, '.', &label)) {
		labels++;
		has_letter = false;
		if (label.len == 0 || label.len > ADDRESS_MAX_LABEL_BYTES)
			return label.len == 0 ? "an empty label in the domain" : "a label of more than 63 bytes in the domain";
		if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
			return "a hyphen at an end of a label in the domain";
		for (size_t i = 0; i < label.len; i++) {
			if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-')
				return "a character in the domain that a domain does not have";
			has_letter = has_letter || label.ptr[i] < '0' || label.ptr[i] > '9';
		}
	}
	if (labels < 2)
		return "a domain without a dot";
	return has_letter ? NULL : "a number where the top-level domain should be";
}

const char *address_check(struct slice address)
{
	if (address.len > ADDRESS_MAX_BYTES)
		return "more than 254 bytes";
	for (size_t i = 0; i < address.len; i++) {
		unsigned char c = (unsigned char)address.ptr[i];
		if (c < 0x20 || c == 0x7f)
			return "a control character";
		if (c == ' ')
			return "a blank";
		if (c >= 0x80)
			return "a character that is not ASCII";
	}
	const char *at = address.len == 0 ? NULL : memrchr(address.ptr, '@', address.len);
	if (at == NULL)
		return "no @";
	size_t local_len = (size_t)(at - address.ptr);
	const char *reason = check_local((struct slice){ address.ptr, local_len });
	return reason != NULL ? reason : check_domain((struct slice){ at + 1, address.len - local_len - 1 });
}

struct slice address_domain(struct slice address)
{
	const char *at = memrchr(address.ptr, '@', address.len);
	return (struct slice){ at + 1, address.len - (size_t)(at + 1 - address.ptr) };
}

const char *address_parse(struct slice text, struct slice *name, struct slice *address)
{
	*name = (struct slice)SLICE("");
	*address = text;
	if (control_find(text) < text.len)
		return "a control character";
	if (text.len == 0 || text.ptr[text.len - 1] != '>')
		return address_check(text);
	const char *open = memrchr(text.ptr, '<', text.len);
	if (open == NULL)
		return "a > without its <";
	*name = slice_trim((struct slice){ text.ptr, (size_t)(open - text.ptr) });
	if (name->len >= 2 && name->ptr[0] == '"' && name->ptr[name->len - 1] == '"')
		*name = (struct slice){ name->ptr + 1, name->len - 2 };
	if (name->len > ADDRESS_MAX_NAME_BYTES)
		return "a name of more than 256 bytes";
	if (slice_utf8_prefix(*name) < name->len)
		return "broken UTF-8 in the name";
	*address = (struct slice){ open + 1, (size_t)(text.ptr + text.len - open) - 2 };
	return address_check(*address);
}
