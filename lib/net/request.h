/* lib/net/request.h - one request from submission to delivery: inside the engine only (http.c, lanes.c, transfer.c). */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H
#include <curl/curl.h>

#include "net/http.h"
#include "net/reuse.h"

struct lane;

struct http_request {
	struct http_request *next; /* in the list it stands in: its lane's, the delayed, the active or the finished ones */
	struct http_spec spec; /* its numbers and borrowed parts; the texts are those below */
	char *method, *url, *body, *task;
	char *origin; /* "https://host:port"; NULL where the URL is bad */
	bool is_local; /* localhost or below it */
	struct curl_slist *headers, *resolve;
	struct lane *lane; /* NULL where `refused` */
	const char *refused; /* why it cannot be sent at all: static; NULL for good ones */

	/* the attempts so far */
	unsigned attempts, failed_attempts, limited_attempts;
	int64_t again_us; /* steady; while delayed */

	/* the attempt in hand */
	CURL *easy;
	int slot; /* of the governor */
	int64_t due_ms, due_us, start_us; /* when it was due by real and by steady time, and when it began */
	bool is_sent; /* the request went out on a connection */
	bool has_answer; /* a header line came since then */
	bool is_resend; /* libcurl was about to send it again by itself */
	bool is_too_large, is_refused_address, is_stacked;
	bool has_coding; /* the body is compressed */
	size_t decoded_bytes;
	struct buf header_lines, content;
	char curl_error[CURL_ERROR_SIZE];

	struct reuse reuse;
	bool has_turn; /* the host is ours (net/turns.h) */
	uint64_t turn; /* among the answers of a replayed cassette; 0: none of it */
	struct http_response response;
	char *effective_url; /* NULL: url */
};

/* Copies the spec. NULL when out of memory; a bad URL or header is noted in `refused`. */
struct http_request *request_new(const struct http_spec *spec, const char *const *resolve);
void request_free(struct http_request *r);
#endif
