#include "find.h"

#include <ctype.h>

#include "base/clock.h"

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

/* -- the search -- */

enum { MAX_WORD_BYTES = 100 }; /* a search's body may have 3,000 characters in all */

/* The word of a pattern that is nothing but words and blanks, and so stands for itself; empty where it is more than that. */
static struct slice literal_word(struct slice pattern)
{
	for (size_t i = 0; i < pattern.len; i++)
		if (!isalnum((unsigned char)pattern.ptr[i]) && pattern.ptr[i] != ' ')
			return (struct slice){ "", 0 };
	struct slice word = longest_word(pattern);
	return word.len <= MAX_WORD_BYTES ? word : (struct slice){ "", 0 };
}

/* A filter that narrows, if there is room. */
struct narrowing {
	struct search *s;
	const struct find *find;
	const struct slice *company, *token; /* of this group; NULL: none */
	size_t room; /* filters that the group still takes */
	bool is_exact;
};

static bool take_room(struct narrowing *n)
{
	if (n->room == 0) {
		n->is_exact = false;
		return false;
	}
	n->room--;
	return true;
}

static void add_dates(struct narrowing *n)
{
	const struct find *find = n->find;
	const char *date = find->date_property == NULL ? "hs_timestamp" : find->date_property;
	bool has_from = find->due_from_ms != INT64_MIN, has_to = find->due_to_ms != INT64_MAX;
	if ((!has_from && !has_to && find->due == FIND_DUE_ALL) || !take_room(n))
		return;
	if (has_from && has_to)
		search_filter_between(n->s, date, find->due_from_ms, find->due_to_ms);
	else if (has_from)
		search_filter_int(n->s, date, "GTE", find->due_from_ms);
	else if (has_to)
		search_filter_int(n->s, date, "LTE", find->due_to_ms);
	else
		search_filter_has(n->s, date, find->due == FIND_DUE_ANY);
}

/* Whether a JSON array of texts holds one. */
static bool list_has(struct slice list, struct slice text)
{
	for (const char *at = list.ptr, *end = list.ptr + list.len; at < end; at++) {
		if (*at != '"')
			continue;
		const char *start = ++at;
		while (at < end && *at != '"')
			at += *at == '\\' ? 2 : 1;
		if (at < end && slice_equal((struct slice){ start, (size_t)(at - start) }, text))
			return true;
	}
	return false;
}

static void add_texts(struct narrowing *n)
{
	const struct find *find = n->find;
	struct slice word = literal_word(find->subject);
	if (find->subject.len > 0)
		n->is_exact = false;
	if (n->token != NULL && take_room(n))
		search_filter(n->s, "hs_task_subject", "CONTAINS_TOKEN", *n->token);
	if (word.len > 0 && take_room(n)) {
		struct buf wild;
		/* Anywhere in a word of the subject. */
		buf_init(&wild, 4096);
		buf_printf(&wild, "*%.*s*", (int)word.len, word.ptr);
		search_filter(n->s, "hs_task_subject", "CONTAINS_TOKEN", buf_slice(&wild));
		buf_release(&wild);
	}
}

/* What narrows most comes first. */
static void add_group(struct narrowing *n)
{
	const struct find *find = n->find;
	search_group(n->s);
	if (find->contact.len > 0 && take_room(n))
		search_filter(n->s, "associations.contact", "EQ", find->contact);
	if (n->company != NULL && take_room(n))
		search_filter(n->s, "associations.company", "EQ", *n->company);
	if (find->statuses.len > 0 && take_room(n))
		search_filter_in(n->s, "hs_task_status", "IN", find->statuses);
	if (find->owner.len > 0 && take_room(n))
		search_filter(n->s, "hubspot_owner_id", "EQ", find->owner);
	add_dates(n);
	if (find->queue.len > 0) {
		/* How a search compares one queue with a list of them is written nowhere. */
		n->is_exact = false;
		if (take_room(n))
			search_filter_has(n->s, "hs_queue_membership_ids", true);
	}
	if (find->priorities.len > 0) {
		if (list_has(find->priorities, slice_of("NONE")))
			n->is_exact = false;
		else if (take_room(n))
			search_filter_in(n->s, "hs_task_priority", "IN", find->priorities);
	}
	add_texts(n);
}

/* The filters that each of so many groups takes, that of a search by id left free. */
static size_t group_room(const struct search *s, size_t groups)
{
	size_t for_id = s->sort == NULL ? 1 : 0;
	size_t room = (SEARCH_ALL_FILTERS - s->filter_count - for_id * s->group_count) / groups;
	return (room < SEARCH_FILTERS ? room : SEARCH_FILTERS) - for_id;
}

bool find_add(struct search *s, const struct find *find)
{
	struct slice tokens[FIND_TOKENS];
	size_t token_count = find->company_count > 1 ? 0 : find_tokens(find->route, tokens);
	size_t groups = find->company_count > 1 ? find->company_count : token_count > 0 ? token_count : 1;
	bool is_exact = find->route == NULL && !find->only_other;
	for (size_t i = 0; i < groups; i++) {
		struct narrowing n = { .s = s,
			.find = find,
			.company = find->company_count == 0 ? NULL : &find->companies[find->company_count > 1 ? i : 0],
			.token = token_count == 0 ? NULL : &tokens[i],
			.room = group_room(s, groups - i),
			.is_exact = true };
		add_group(&n);
		is_exact = is_exact && n.is_exact;
	}
	return is_exact;
}

/* -- the judgement -- */

static bool fits_date(const struct find *find, const struct json *properties)
{
	int64_t ms;
	const char *date = find->date_property == NULL ? "hs_timestamp" : find->date_property;
	bool has_date = clock_parse(json_text(json_get(properties, date)), &ms);
	if (find->due == FIND_DUE_NONE)
		return !has_date;
	if (find->due == FIND_DUE_ALL && find->due_from_ms == INT64_MIN && find->due_to_ms == INT64_MAX)
		return true;
	return has_date && ms >= find->due_from_ms && ms <= find->due_to_ms;
}

static bool fits_priority(const struct find *find, const struct json *properties)
{
	struct slice priority = json_text(json_get(properties, "hs_task_priority"));
	return find->priorities.len == 0 || list_has(find->priorities, priority.len == 0 ? slice_of("NONE") : priority);
}

/* "1;2": several separators are told of. */
static bool fits_queue(const struct find *find, const struct json *properties)
{
	struct slice rest = json_text(json_get(properties, "hs_queue_membership_ids")), part, id;
	if (find->queue.len == 0)
		return true;
	while (slice_split(&rest, ';', &part))
		while (slice_split(&part, ',', &id))
			if (slice_equal(slice_trim(id), find->queue))
				return true;
	return false;
}

enum find_verdict find_judge(const struct find *find, const struct workflow *workflow, const struct json *properties)
{
	struct slice subject = json_text(json_get(properties, "hs_task_subject"));
	if (find->statuses.len > 0 && !list_has(find->statuses, json_text(json_get(properties, "hs_task_status"))))
		return FIND_NO;
	if (find->owner.len > 0 && !slice_equal(json_text(json_get(properties, "hubspot_owner_id")), find->owner))
		return FIND_NO;
	if (!fits_priority(find, properties) || !fits_date(find, properties) || !fits_queue(find, properties))
		return FIND_NO;
	if (find->route != NULL || find->only_other) {
		const struct route *route = workflow_route(workflow, subject);
		if (find->only_other ? route != NULL : route != find->route)
			return FIND_NO;
	}
	if (find->subject_pattern == NULL)
		return FIND_YES;
	switch (pattern_match(find->subject_pattern, subject, NULL, 0)) {
	case PATTERN_YES: return FIND_YES;
	case PATTERN_NO: return FIND_NO;
	default: return FIND_GAVE_UP;
	}
}
