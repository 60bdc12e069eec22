#include "owner.h"

#include <stdio.h>

bool owner_is(const struct json *owner, const struct workflow_owner *wanted)
{
	struct slice first = json_string(owner, "firstName", ""), last = json_string(owner, "lastName", "");
	char name[256];
	if (wanted->id.len > 0)
		return slice_equal(json_text(json_get(owner, "id")), wanted->id);
	if (wanted->email.len > 0)
		return slice_equal_nocase(json_string(owner, "email", ""), wanted->email);
	snprintf(name, sizeof name, "%.*s %.*s", (int)first.len, first.ptr, (int)last.len, last.ptr);
	return slice_equal_nocase(slice_trim(slice_of(name)), wanted->full_name);
}

struct slice owner_given(const struct workflow_owner *wanted)
{
	return wanted->id.len > 0 ? wanted->id : wanted->email.len > 0 ? wanted->email : wanted->full_name;
}
