#include "limits.h"

#include <stdlib.h>

static bool window_init(struct limit_window *w, const struct limit_settings *settings, int64_t size, int64_t span_us)
{
	*w = (struct limit_window){ .size = (size_t)size, .span_us = span_us };
	if (size == 0 || settings->is_fixed)
		return true;
	w->arrivals_us = calloc((size_t)size, sizeof *w->arrivals_us);
	return w->arrivals_us != NULL;
}

/* Drops what has left the window. */
static void window_roll(struct limit_window *w, int64_t now_us)
{
	while (w->count > 0) {
		size_t oldest = (w->next + w->size - w->count) % w->size;
		if (now_us - w->arrivals_us[oldest] < w->span_us)
			return;
		w->count--;
	}
}

/* Empties it where a new one has begun. Time never steps back, so the number of the window need only differ. */
static void window_turn(struct limit_window *w, int64_t since_seam_us)
{
	int64_t number = since_seam_us / w->span_us - (since_seam_us % w->span_us < 0);
	if (number != w->current)
		w->count = 0;
	w->current = number;
}

static bool window_has_room(struct limit_window *w, int64_t now_us, int64_t seam_us)
{
	if (w->size == 0)
		return true;
	if (w->arrivals_us != NULL)
		window_roll(w, now_us);
	else
		window_turn(w, now_us - seam_us);
	return w->count < w->size;
}

static void window_add(struct limit_window *w, int64_t now_us)
{
	if (w->size == 0)
		return;
	if (w->arrivals_us != NULL)
		w->arrivals_us[w->next] = now_us;
	w->next = (w->next + 1) % w->size;
	w->count++;
}

bool limits_init(struct limits *l, const struct limit_settings *settings)
{
	*l = (struct limits){ .settings = *settings };
	return window_init(&l->search, settings, settings->search_rate, 1000000);
}

void limits_release(struct limits *l)
{
	for (size_t i = 0; i < l->token_count; i++)
		free(l->tokens[i].arrivals_us);
	free(l->search.arrivals_us);
}

/* FNV-1a. */
static uint64_t hash_token(struct slice token)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < token.len; i++)
		hash = (hash ^ (unsigned char)token.ptr[i]) * 0x100000001b3;
	return hash;
}

/* The token's window; when there are too many tokens, or no memory, the last one is shared. NULL only where there is none at all. */
static struct limit_window *token_window(struct limits *l, struct slice token)
{
	uint64_t hash = hash_token(token);
	for (size_t i = 0; i < l->token_count; i++)
		if (l->tokens[i].token_hash == hash)
			return &l->tokens[i];
	if (l->token_count < LIMIT_MAX_TOKENS &&
		window_init(&l->tokens[l->token_count], &l->settings, l->settings.rate, (int64_t)LIMIT_WINDOW_MS * 1000))
		l->tokens[l->token_count++].token_hash = hash;
	return l->token_count == 0 ? NULL : &l->tokens[l->token_count - 1];
}

struct limit_state limits_arrive(struct limits *l, struct slice token, bool is_search, int64_t now_us, int64_t day)
{
	struct limit_window *window = is_search ? &l->search : token_window(l, token);
	struct limit_state state = { .verdict = LIMIT_OK };
	if (day != l->day) {
		l->day = day;
		l->daily_used = 0;
	}
	if (l->settings.daily > 0 && l->daily_used >= l->settings.daily)
		state.verdict = LIMIT_DAILY;
	else if (window != NULL && !window_has_room(window, now_us, l->settings.seam_us))
		state.verdict = is_search ? LIMIT_SECONDLY : LIMIT_TEN_SECONDLY;
	if (state.verdict == LIMIT_OK) {
		l->daily_used++;
		if (window != NULL)
			window_add(window, now_us);
	}
	state.remaining = window == NULL ? 0 : (int64_t)(window->size - window->count);
	state.daily_remaining = l->settings.daily - l->daily_used;
	return state;
}
