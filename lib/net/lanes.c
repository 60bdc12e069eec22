#include "net/lanes.h"

#include <stdlib.h>

static struct host *find_host(struct lanes *lanes, const char *origin)
{
	struct host *host = lanes->hosts;
	while (host != NULL && strcmp(host->origin, origin) != 0)
		host = host->next;
	if (host != NULL)
		return host;
	host = calloc(1, sizeof *host);
	if (host == NULL)
		return NULL;
	host->origin = strdup(origin);
	if (host->origin == NULL) {
		free(host);
		return NULL;
	}
	host->next = lanes->hosts;
	lanes->hosts = host;
	return host;
}

static void release_host(struct lanes *lanes, struct host *host)
{
	struct host **at = &lanes->hosts;
	if (host->lanes > 0)
		return;
	while (*at != host)
		at = &(*at)->next;
	*at = host->next;
	free(host->origin);
	free(host);
}

bool lanes_join(struct lanes *lanes, struct http_request *r)
{
	enum governor_class class = r->spec.interactive ? GOVERNOR_INTERACTIVE : GOVERNOR_BACKGROUND;
	struct lane *lane = lanes->first;
	while (lane != NULL && (lane->governor != r->spec.governor || lane->class != class || strcmp(lane->host->origin, r->origin) != 0))
		lane = lane->next;
	if (lane == NULL) {
		struct host *host = find_host(lanes, r->origin);
		if (host == NULL)
			return false;
		lane = calloc(1, sizeof *lane);
		if (lane == NULL) {
			release_host(lanes, host);
			return false;
		}
		*lane = (struct lane){ .host = host, .governor = r->spec.governor, .class = class };
		host->lanes++;
		*(lanes->last == NULL ? &lanes->first : &lanes->last->next) = lane;
		lanes->last = lane;
	}
	lane->requests++;
	r->lane = lane;
	return true;
}

void lanes_leave(struct lanes *lanes, struct http_request *r)
{
	struct lane *lane = r->lane, *before = NULL;
	r->lane = NULL;
	if (lane == NULL || --lane->requests > 0)
		return;
	for (struct lane *l = lanes->first; l != lane; l = l->next)
		before = l;
	*(before == NULL ? &lanes->first : &before->next) = lane->next;
	if (lanes->last == lane)
		lanes->last = before;
	lane->host->lanes--;
	release_host(lanes, lane->host);
	free(lane);
}

void lane_push(struct lane *lane, struct http_request *r)
{
	r->next = NULL;
	*(lane->first == NULL ? &lane->first : &lane->last->next) = r;
	lane->last = r;
}

void lane_push_front(struct lane *lane, struct http_request *r)
{
	r->next = lane->first;
	if (lane->first == NULL)
		lane->last = r;
	lane->first = r;
}

struct http_request *lane_pop(struct lane *lane)
{
	struct http_request *r = lane->first;
	if (r == NULL)
		return NULL;
	lane->first = r->next;
	if (lane->first == NULL)
		lane->last = NULL;
	r->next = NULL;
	return r;
}

void lanes_rotate(struct lanes *lanes)
{
	struct lane *lane = lanes->first;
	if (lane == NULL || lane->next == NULL)
		return;
	lanes->first = lane->next;
	lane->next = NULL;
	lanes->last->next = lane;
	lanes->last = lane;
}

void lanes_ask_again(struct lanes *lanes, const struct governor *governor)
{
	if (governor == NULL)
		return;
	for (struct lane *lane = lanes->first; lane != NULL; lane = lane->next)
		if (lane->governor == governor)
			lane->again_us = 0;
}
