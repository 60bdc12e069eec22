/* tests/fault/governor_load.c - one of many processes that call a server as fast as the shared governor lets them: governor_load FOLDER URL SECONDS [interactive]
 *
 * Background: four calls wait or fly at any time. Interactive: one call a second, its waiting time in ms on a line of standard output. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http.h"

enum { OPEN_CALLS = 4, STEP_MS = 1000 };

struct load {
	struct http *http;
	struct governor *governor;
	const char *url;
	bool is_interactive;
	int64_t end_us, sent_us;
	unsigned open;
};

static void submit(struct load *load);

static void on_done(const struct http_response *response, void *arg)
{
	struct load *load = arg;
	load->open--;
	if (response->result != HTTP_ANSWERED)
		fprintf(stderr, "governor_load: %s\n", response->error);
	if (load->is_interactive)
		printf("%.1f\n", response->wait_ms);
	else if (clock_steady_us() < load->end_us)
		submit(load);
}

static void submit(struct load *load)
{
	const char *headers[] = { "Authorization: Bearer load", "Accept: application/json", NULL };
	struct http_spec spec = { .method = "GET",
		.url = load->url,
		.headers = headers,
		.retry = HTTP_RETRY_NEVER,
		.interactive = load->is_interactive,
		.governor = load->governor,
		.done = on_done,
		.arg = load };
	if (!http_submit(load->http, &spec))
		exit(1);
	load->open++;
}

int main(int argc, char **argv)
{
	struct load load = { .url = argc > 2 ? argv[2] : "", .is_interactive = argc > 4 && strcmp(argv[4], "interactive") == 0 };
	struct governor_limits limits = { .max = 190, .window_us = 10000000, .burst = 40, .reserved = 4 };
	char error[GOVERNOR_ERROR_BYTES];
	if (argc < 4)
		return 2;
	load.governor = governor_open(argv[1], "hubspot", &limits, clock_steady_us(), error);
	load.http = http_new(&(struct http_options){ .user_agent = "load" });
	if (load.governor == NULL || load.http == NULL) {
		fprintf(stderr, "governor_load: %s\n", error);
		return 1;
	}
	load.end_us = clock_steady_us() + strtoll(argv[3], NULL, 10) * 1000000;
	for (int i = 0; i < (load.is_interactive ? 1 : OPEN_CALLS); i++)
		submit(&load);
	for (int64_t next_us = clock_steady_us() + 1000000; clock_steady_us() < load.end_us;) {
		http_step(load.http, load.is_interactive ? 20 : STEP_MS, NULL, 0);
		if (load.is_interactive && clock_steady_us() >= next_us && load.open == 0) {
			next_us += 1000000;
			submit(&load);
		}
	}
	http_free(load.http);
	governor_free(load.governor);
	return 0;
}
