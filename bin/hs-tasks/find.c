#include "find.h"

#include <ctype.h>

/* The longest run of letters and digits: the word that says most. HubSpot cuts words there too. */
static struct slice longest_word(struct slice text)
{
	struct slice best = { text.ptr, 0 }, word = { text.ptr, 0 };
	for (size_t i = 0; i < text.len; i++) {
		if (!isalnum((unsigned char)text.ptr[i])) {
			word = (struct slice){ text.ptr + i + 1, 0 };
			continue;
		}
		word.len++;
		if (word.len > best.len)
			best = word;
	}
	return best;
}

size_t find_tokens(const struct route *route, struct slice tokens[FIND_TOKENS])
{
	size_t count = 0;
	if (route == NULL)
		return 0;
	for (size_t i = 0; i < route->pattern_count; i++) {
		struct slice word = longest_word(route->patterns[i]);
		bool is_known = false;
		for (size_t k = 0; k < count; k++)
			is_known = is_known || slice_equal_nocase(tokens[k], word);
		if (is_known)
			continue;
		if (word.len == 0 || count == FIND_TOKENS)
			return 0;
		tokens[count++] = word;
	}
	return count;
}

static void add_group(struct search *s, const struct find *find, struct slice token)
{
	const char *date = find->date_property == NULL ? "hs_timestamp" : find->date_property;
	search_group(s);
	if (find->statuses.len > 0)
		search_filter_in(s, "hs_task_status", "IN", find->statuses);
	if (find->owner.len > 0)
		search_filter(s, "hubspot_owner_id", "EQ", find->owner);
	if (find->due_from_ms != INT64_MIN && find->due_to_ms != INT64_MAX)
		search_filter_between(s, date, find->due_from_ms, find->due_to_ms);
	else if (find->due_from_ms != INT64_MIN)
		search_filter_int(s, date, "GTE", find->due_from_ms);
	else if (find->due_to_ms != INT64_MAX)
		search_filter_int(s, date, "LTE", find->due_to_ms);
	if (find->priorities.len > 0)
		search_filter_in(s, "hs_task_priority", "IN", find->priorities);
	if (token.len > 0)
		search_filter(s, "hs_task_subject", "CONTAINS_TOKEN", token);
}

void find_add(struct search *s, const struct find *find)
{
	struct slice tokens[FIND_TOKENS];
	size_t count = find_tokens(find->route, tokens);
	if (count == 0)
		add_group(s, find, (struct slice){ "", 0 });
	for (size_t i = 0; i < count; i++)
		add_group(s, find, tokens[i]);
}
