#include "judge.h"

#include <stdlib.h>

enum { SMALL_COMPANY = 50, LARGE_COMPANY = 1000, DECIDES = 7 };

static const enum fact_id core[JUDGE_GAPS] = { FACT_TITLE, FACT_COMPANY_SIZE, FACT_INDUSTRY, FACT_LINKEDIN, FACT_EMAIL, FACT_PHONE, FACT_WEBSITE };

static void give(struct verdict *v, const char *rule, int points)
{
	v->reasons[v->reason_count++] = (struct judge_reason){ rule, points };
	v->decision_maker_score += points;
}

static bool is_value(const struct facts *f, enum fact_id id, const char *value)
{
	return slice_is(f->list[id].value, value);
}

/* Where a seniority starts. */
static const struct {
	const char *seniority, *rule;
	int points;
} levels[] = { { "c_level", "seniority c_level", 8 }, { "vp", "seniority vp", 7 }, { "director", "seniority director", 6 },
	{ "manager", "seniority manager", 5 }, { "individual", "seniority individual", 3 } };

/* Departments that spend a budget on what vendors sell. */
static const char *const buyers[] = { "executive", "it", "engineering", "operations", "finance", "sales", "marketing", "procurement", "product" };

static void score(struct verdict *v, const struct facts *f)
{
	const bool leads = is_value(f, FACT_SENIORITY, "c_level") || is_value(f, FACT_SENIORITY, "vp") || is_value(f, FACT_SENIORITY, "director") ||
		is_value(f, FACT_SENIORITY, "manager");
	uint64_t size = 0;
	for (size_t i = 0; i < sizeof levels / sizeof levels[0] && v->reason_count == 0; i++)
		if (is_value(f, FACT_SENIORITY, levels[i].seniority))
			give(v, levels[i].rule, levels[i].points);
	if (v->reason_count == 0)
		give(v, facts_has(f, FACT_TITLE) ? "title of unknown seniority" : "no title", facts_has(f, FACT_TITLE) ? 2 : 1);
	for (size_t i = 0; leads && i < sizeof buyers / sizeof buyers[0]; i++)
		if (is_value(f, FACT_DEPARTMENT, buyers[i])) {
			give(v, "department that buys", 1);
			break;
		}
	if (!leads || !slice_to_u64(f->list[FACT_COMPANY_SIZE].value, &size))
		return;
	if (size < SMALL_COMPANY)
		give(v, "company below 50 employees", 1);
	if (size >= LARGE_COMPANY && is_value(f, FACT_SENIORITY, "manager"))
		give(v, "manager in a company of 1000 or more", -1);
}

/* The domain leads nowhere, or to what is no company: something in the record is wrong or out of date. */
static bool casts_doubt(enum site_status status)
{
	switch (status) {
	case SITE_UNREACHABLE:
	case SITE_HTTP_ERROR:
	case SITE_PARKED:
	case SITE_SOFT_404:
	case SITE_BOT_WALL: return true;
	default: return false;
	}
}

struct verdict judge(const struct facts *facts, enum site_status status)
{
	struct verdict v = { .quality = QUALITY_LOW };
	for (size_t i = 0; i < JUDGE_GAPS; i++)
		if (!facts_has(facts, core[i]))
			v.gaps[v.gap_count++] = fact_name(core[i]);
	size_t known = JUDGE_GAPS - v.gap_count;
	if (known >= 6 && facts_has(facts, FACT_TITLE))
		v.quality = QUALITY_HIGH;
	else if (known >= 3)
		v.quality = QUALITY_MEDIUM;
	if (casts_doubt(status) && v.quality > QUALITY_LOW)
		v.quality--;
	score(&v, facts);
	return v;
}

const char *quality_name(enum quality quality)
{
	static const char *const names[] = { [QUALITY_LOW] = "LOW", [QUALITY_MEDIUM] = "MEDIUM", [QUALITY_HIGH] = "HIGH" };
	return names[quality];
}

struct slice judge_next_action(const struct verdict *v, enum site_status status, struct slice reason, struct arena *arena)
{
	struct slice missing = { "", 0 };
	for (size_t i = 0; i < v->gap_count; i++)
		missing = arena_printf(arena, "%.*s%s%s", (int)missing.len, missing.ptr, i == 0 ? "" : ", ", v->gaps[i]);
	struct slice site = { "", 0 };
	if (casts_doubt(status))
		site = arena_printf(
			arena, "; check the website (%s%s%.*s)", site_status_name(status), reason.len == 0 ? "" : ": ", (int)reason.len, reason.ptr);
	if (v->quality == QUALITY_LOW)
		return arena_printf(arena, "Review by hand: find %.*s%.*s", (int)missing.len, missing.ptr, (int)site.len, site.ptr);
	const char *what = v->decision_maker_score >= DECIDES && v->quality == QUALITY_HIGH ? "Qualify now: a decision maker" : "Qualify";
	if (missing.len == 0)
		return arena_printf(arena, "%s%.*s", what, (int)site.len, site.ptr);
	return arena_printf(arena, "%s; still missing %.*s%.*s", what, (int)missing.len, missing.ptr, (int)site.len, site.ptr);
}
