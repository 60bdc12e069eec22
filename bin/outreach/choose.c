#include "choose.h"

#include <stdio.h>

bool choose_is_follow_up(struct slice subject)
{
	static const struct slice words[] = { SLICE("follow-up outreach"), SLICE("follow up") };
	return slice_find_nocase(subject, words[0]) != NULL || slice_find_nocase(subject, words[1]) != NULL;
}

/* Upper case and whole: "Shot" is no tier, and neither is Ms Hot. */
static struct slice tier_in(struct slice subject)
{
	static const struct slice tiers[] = { SLICE("HOT"), SLICE("WARM"), SLICE("COLD") };
	struct slice rest = subject, before, word;
	slice_split(&rest, ':', &before);
	while (slice_split(&before, ' ', &word))
		for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
			if (slice_equal(word, tiers[i]))
				return tiers[i];
	return (struct slice)SLICE("");
}

void choose_template(struct slice subject, struct slice tier, unsigned previous_step, char name[CHOOSE_NAME_BYTES])
{
	struct slice named = subject.len > 0 ? tier_in(subject) : (struct slice)SLICE("");
	if (named.len > 0)
		tier = named;
	if (choose_is_follow_up(subject))
		snprintf(name, CHOOSE_NAME_BYTES, "follow-up-%u", previous_step == 0 ? 2 : previous_step + 1);
	else
		snprintf(name, CHOOSE_NAME_BYTES, "%s", slice_is(tier, "HOT") ? "direct" : slice_is(tier, "COLD") ? "nurture" : "educational");
}
