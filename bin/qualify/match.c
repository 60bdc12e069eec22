#include "match.h"

#include <stdlib.h>

#include "unicode.h"

/* While phrases are added, edges are lists; matcher_compile makes one table of them. A node may have several parents, since both cases of a letter
 * lead to the same one. */
struct edge {
	uint16_t to, next;
	unsigned char byte;
};

struct accept {
	unsigned id;
	enum match_kind kind;
	uint32_t next;
};

struct node {
	uint16_t first_edge; /* 0: none; edges and accepts are numbered from 1 */
	uint32_t first_accept;
};

struct matcher {
	struct node *nodes; /* node 0 is the root */
	struct edge *edges;
	struct accept *accepts;
	size_t node_count, edge_count, accept_count;
	size_t node_cap, edge_cap, accept_cap;
	bool has_anywhere; /* else a match only starts at a word boundary or at the start */
	unsigned class_count;
	unsigned char class_of[256]; /* 0: in no phrase */
	bool is_word[256]; /* ASCII only */
	uint16_t *table; /* [node][class]: the next node, 0 where there is none */
};

static bool grow(void *array, size_t *cap, size_t need, size_t item_bytes)
{
	void **items = array;
	if (need <= *cap)
		return true;
	size_t more = *cap == 0 ? 64 : *cap * 2;
	void *moved = realloc(*items, more * item_bytes);
	if (moved == NULL)
		return false;
	*items = moved;
	*cap = more;
	return true;
}

static uint16_t add_node(struct matcher *m)
{
	if (m->node_count >= MATCH_MAX_NODES || !grow(&m->nodes, &m->node_cap, m->node_count + 1, sizeof *m->nodes))
		return 0;
	m->nodes[m->node_count] = (struct node){ 0 };
	return (uint16_t)m->node_count++;
}

struct matcher *matcher_new(void)
{
	struct matcher *m = calloc(1, sizeof *m);
	if (m == NULL)
		return NULL;
	m->edge_count = m->accept_count = 1;
	for (uint32_t c = 0; c < 0x80; c++)
		m->is_word[c] = unicode_is_word(c);
	/* The root is node 0, which is also what add_node gives on failure: only its memory tells. */
	add_node(m);
	if (m->node_count == 1)
		return m;
	matcher_free(m);
	return NULL;
}

void matcher_free(struct matcher *m)
{
	if (m == NULL)
		return;
	free(m->nodes);
	free(m->edges);
	free(m->accepts);
	free(m->table);
	free(m);
}

static uint16_t follow(const struct matcher *m, uint16_t node, unsigned char byte)
{
	for (uint16_t e = m->nodes[node].first_edge; e != 0; e = m->edges[e].next)
		if (m->edges[e].byte == byte)
			return m->edges[e].to;
	return 0;
}

/* The node behind these bytes; the last edge leads to `target` where that is not 0. 0: no room. */
static uint16_t add_bytes(struct matcher *m, uint16_t node, const char *bytes, size_t len, uint16_t target)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		uint16_t to = follow(m, node, byte);
		if (to == 0) {
			to = i + 1 == len && target != 0 ? target : add_node(m);
			if (to == 0 || m->edge_count >= UINT16_MAX || !grow(&m->edges, &m->edge_cap, m->edge_count + 1, sizeof *m->edges))
				return 0;
			m->edges[m->edge_count] = (struct edge){ to, m->nodes[node].first_edge, byte };
			m->nodes[node].first_edge = (uint16_t)m->edge_count++;
		}
		node = to;
	}
	return node;
}

enum match_add matcher_add(struct matcher *m, struct slice phrase, enum match_kind kind, unsigned id)
{
	uint16_t node = 0;
	if (phrase.len == 0 || phrase.len > MATCH_MAX_PHRASE_BYTES)
		return MATCH_TOO_LONG;
	for (size_t at = 0, len; at < phrase.len; at += len) {
		char other[4];
		uint32_t code = unicode_at(phrase, at, &len), pair = unicode_other_case(code);
		uint16_t next = add_bytes(m, node, phrase.ptr + at, len, 0);
		size_t other_len = unicode_encode(pair, other);
		if (next != 0 && pair != code)
			next = add_bytes(m, node, other, other_len, next);
		if (next == 0)
			return MATCH_TOO_MANY;
		node = next;
	}
	if (!grow(&m->accepts, &m->accept_cap, m->accept_count + 1, sizeof *m->accepts))
		return MATCH_NO_MEMORY;
	m->accepts[m->accept_count] = (struct accept){ id, kind, m->nodes[node].first_accept };
	m->nodes[node].first_accept = (uint32_t)m->accept_count++;
	m->has_anywhere = m->has_anywhere || kind == MATCH_ANYWHERE;
	return MATCH_ADDED;
}

bool matcher_compile(struct matcher *m)
{
	m->class_count = 1;
	for (size_t e = 1; e < m->edge_count; e++)
		if (m->class_of[m->edges[e].byte] == 0)
			m->class_of[m->edges[e].byte] = (unsigned char)m->class_count++;
	/* UTF-8 uses 243 of the 256 bytes, so a byte holds the number of a class. */
	m->table = calloc(m->node_count * m->class_count, sizeof *m->table);
	if (m->table == NULL)
		return false;
	for (size_t node = 0; node < m->node_count; node++)
		for (uint16_t e = m->nodes[node].first_edge; e != 0; e = m->edges[e].next)
			m->table[node * m->class_count + m->class_of[m->edges[e].byte]] = m->edges[e].to;
	return true;
}

/* -- matching -- */

static bool is_word_at(const struct matcher *m, struct slice text, size_t at)
{
	unsigned char byte = (unsigned char)text.ptr[at];
	size_t len;
	return byte < 0x80 ? m->is_word[byte] : unicode_is_word(unicode_at(text, at, &len));
}

static bool is_word_before(const struct matcher *m, struct slice text, size_t at)
{
	at--;
	while (at > 0 && ((unsigned char)text.ptr[at] & 0xc0) == 0x80)
		at--;
	return is_word_at(m, text, at);
}

static bool is_boundary(const struct matcher *m, struct slice text, size_t at)
{
	return at == 0 || at == text.len || !is_word_before(m, text, at) || !is_word_at(m, text, at);
}

static void accept(const struct matcher *m, uint16_t node, struct slice text, size_t start, size_t end, uint64_t *hits)
{
	for (uint32_t a = m->nodes[node].first_accept; a != 0; a = m->accepts[a].next) {
		const struct accept *found = &m->accepts[a];
		bool holds = found->kind == MATCH_ANYWHERE || (found->kind == MATCH_WHOLE && start == 0 && end == text.len) ||
			(found->kind == MATCH_WORD && is_boundary(m, text, start) && is_boundary(m, text, end));
		if (holds)
			hits[found->id / 64] |= UINT64_C(1) << found->id % 64;
	}
}

void matcher_find(const struct matcher *m, struct slice text, uint64_t *hits)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	for (size_t start = 0; start < text.len; start++) {
		uint16_t node = m->table[m->class_of[p[start]]];
		if (node == 0 || (!m->has_anywhere && !is_boundary(m, text, start)))
			continue;
		for (size_t end = start + 1;; end++) {
			if (m->nodes[node].first_accept != 0)
				accept(m, node, text, start, end, hits);
			if (end == text.len)
				break;
			node = m->table[node * m->class_count + m->class_of[p[end]]];
			if (node == 0)
				break;
		}
	}
}
