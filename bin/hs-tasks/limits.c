/* hs-tasks limits: what all processes of this machine together have used of HubSpot's limits. Asks nobody. */
#include <stdio.h>

#include "record/write.h"
#include "tool.h"
#include "verbs.h"

enum { OPTION_JSON = OPTION_OWN, MAX_LINE_BYTES = 1 << 16 };

const struct cli_option limits_options[] = { { OPTION_JSON, "json", NULL, "an object a line" }, TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

static double seconds_until(int64_t until_us, int64_t now_us)
{
	return until_us > now_us ? (double)(until_us - now_us) / 1e6 : 0;
}

static const char *breaker_word(const struct governor_state *s)
{
	return s->breaker_open ? "open" : s->is_probing ? "probing" : "closed";
}

static bool knows_day(const struct governor_state *s)
{
	return s->daily_ms != 0 && s->daily_max >= 0 && s->daily_remaining >= 0;
}

static void put_json(struct buf *out, enum budget_part part, const char *key, const struct governor_state *s, int64_t now_us)
{
	char said_at[CLOCK_TEXT_BYTES];
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_text(&w, "key", key);
	if (part != BUDGET_DAY) {
		jsonw_put_int(&w, "max", s->max);
		jsonw_put_int(&w, "window_ms", s->window_us / 1000);
		jsonw_put_int(&w, "used", s->busy);
		jsonw_put_int(&w, "in_flight", s->in_flight);
		jsonw_put_int(&w, "waiting", s->waiting);
		jsonw_put_int(&w, "waiting_interactive", s->waiting_interactive);
		jsonw_put_int(&w, "processes", s->members);
		jsonw_put_int(&w, "retry_tokens", s->retry_tokens);
		jsonw_put_text(&w, "breaker", breaker_word(s));
	} else if (knows_day(s)) {
		clock_format(s->daily_ms, said_at);
		jsonw_put_int(&w, "max", s->daily_max);
		jsonw_put_int(&w, "used", s->daily_max - s->daily_remaining);
		jsonw_put_int(&w, "remaining", s->daily_remaining);
		jsonw_put_text(&w, "said_at", said_at);
	}
	jsonw_put_int(&w, "hold_ms", (int64_t)(seconds_until(s->hold_until_us, now_us) * 1000));
	jsonw_object_end(&w);
	buf_putc(out, '\n');
}

static void put_day(struct buf *out, const struct governor_state *s)
{
	char said_at[CLOCK_TEXT_BYTES];
	if (!knows_day(s)) {
		buf_puts(out, "not known yet");
		return;
	}
	clock_format(s->daily_ms, said_at);
	buf_printf(
		out, "%lld of %lld used today, said HubSpot at %s", (long long)(s->daily_max - s->daily_remaining), (long long)s->daily_max, said_at);
}

static void put_text(struct buf *out, enum budget_part part, const char *key, const struct governor_state *s, int64_t now_us)
{
	double hold = seconds_until(s->hold_until_us, now_us);
	buf_printf(out, "%-15s ", key);
	if (part == BUDGET_DAY)
		put_day(out, s);
	else
		buf_printf(out, "%u of %u used in %lld s, %u in flight, %u waiting (%u for a person), %u processes", s->busy, s->max,
			(long long)(s->window_us / 1000000), s->in_flight, s->waiting + s->waiting_interactive, s->waiting_interactive, s->members);
	if (hold > 0)
		buf_printf(out, ", held for another %.0f s", hold);
	if (s->breaker_open)
		buf_printf(out, ", down: nobody asks for another %.0f s", seconds_until(s->breaker_until_us, now_us));
	else if (s->is_probing)
		buf_puts(out, ", was down: a few calls try it");
	if (s->retry_tokens < GOVERNOR_RETRY_TOKENS)
		buf_printf(out, ", %u of %d retry tokens left", s->retry_tokens, GOVERNOR_RETRY_TOKENS);
	buf_putc(out, '\n');
}

int run_limits(int argc, char **argv)
{
	struct tool_options options = { 0 };
	struct tool tool;
	struct buf out;
	bool as_json = false;
	const char *value;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		if (key == OPTION_JSON)
			as_json = true;
		else
			tool_option(&options, key, value);
	no_operands();
	tool_open(&tool, "limits", &options, 0);
	buf_init(&out, MAX_LINE_BYTES);
	int64_t now_us = clock_steady_us();
	for (int i = 0; i < BUDGET_PARTS; i++) {
		struct governor *g = hubspot_budget(tool.api)->parts[i];
		struct governor_state state = governor_state(g, now_us);
		state.members -= 1; /* this process */
		(as_json ? put_json : put_text)(&out, (enum budget_part)i, governor_key(g), &state, now_us);
	}
	cli_print(buf_slice(&out));
	buf_release(&out);
	tool_close(&tool);
	return EXIT_OK;
}
