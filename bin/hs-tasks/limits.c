/* hs-tasks limits: what all processes of this machine together have used of HubSpot's limits. Asks nobody. */
#include <stdio.h>

#include "record/write.h"
#include "verbs.h"

enum { OPTION_JSON = OPTION_OWN, MAX_LINE_BYTES = 1 << 16 };

const struct cli_option limits_options[] = { { OPTION_JSON, "json", NULL, "an object a line" }, TOOL_OPTIONS, { 0, NULL, NULL, NULL } };

static double seconds_until(int64_t until_us, int64_t now_us)
{
	return until_us > now_us ? (double)(until_us - now_us) / 1e6 : 0;
}

static void put_json(struct buf *out, const char *key, const struct governor_state *s, int64_t now_us)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_text(&w, "key", key);
	jsonw_put_int(&w, "max", s->max);
	jsonw_put_int(&w, "window_ms", s->window_us / 1000);
	jsonw_put_int(&w, "used", s->busy);
	jsonw_put_int(&w, "in_flight", s->in_flight);
	jsonw_put_int(&w, "waiting", s->waiting);
	jsonw_put_int(&w, "waiting_interactive", s->waiting_interactive);
	jsonw_put_int(&w, "processes", s->members);
	jsonw_put_int(&w, "hold_ms", (int64_t)(seconds_until(s->hold_until_us, now_us) * 1000));
	jsonw_put_int(&w, "retry_tokens", s->retry_tokens);
	jsonw_put_text(&w, "breaker", s->breaker_open ? "open" : "closed");
	if (s->daily_ms != 0) {
		jsonw_put_int(&w, "daily_max", s->daily_max);
		jsonw_put_int(&w, "daily_remaining", s->daily_remaining);
	}
	jsonw_object_end(&w);
	buf_putc(out, '\n');
}

static void put_text(struct buf *out, const char *key, const struct governor_state *s, int64_t now_us)
{
	double hold = seconds_until(s->hold_until_us, now_us);
	buf_printf(out, "%-15s %u of %u used in %lld s, %u in flight, %u waiting (%u for a person), %u processes", key, s->busy, s->max,
		(long long)(s->window_us / 1000000), s->in_flight, s->waiting + s->waiting_interactive, s->waiting_interactive, s->members);
	if (hold > 0)
		buf_printf(out, ", held for another %.0f s", hold);
	if (s->breaker_open)
		buf_printf(out, ", down: nobody asks for another %.0f s", seconds_until(s->breaker_until_us, now_us));
	if (s->retry_tokens < 500)
		buf_printf(out, ", %u of 500 retry tokens left", s->retry_tokens);
	if (s->daily_ms != 0 && s->daily_max >= 0)
		buf_printf(out, "; today %lld of %lld left", (long long)s->daily_remaining, (long long)s->daily_max);
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
	for (int of_search = 0; of_search < 2; of_search++) {
		struct governor *g = hubspot_governor(tool.api, of_search != 0);
		struct governor_state state = governor_state(g, now_us);
		state.members -= 1; /* this process */
		(as_json ? put_json : put_text)(&out, governor_key(g), &state, now_us);
	}
	cli_print(buf_slice(&out));
	buf_release(&out);
	tool_close(&tool);
	return EXIT_OK;
}
