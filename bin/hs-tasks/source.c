#include "source.h"

#include "lead.h"
#include "verbs.h"

enum { MAX_LINE_BYTES = 64 << 20 };

void source_init(struct source *s, struct tool *tool)
{
	no_operands();
	*s = (struct source){ .tool = tool, .wanted = SIZE_MAX };
	if (cli_shared()->count >= 0)
		s->wanted = (size_t)cli_shared()->count;
	s->where = filter_expr("--where", cli_shared()->where_expr);
	buf_init(&s->line, MAX_LINE_BYTES);
}

bool source_wants_more(const struct source *s)
{
	return s->printed < s->wanted && !cli_stopping() && hubspot_trouble(s->tool->api)->status == 0;
}

static size_t less(size_t a, size_t b)
{
	return a > b ? a - b : 0;
}

size_t source_room(const struct source *s)
{
	size_t pending = relate_pending(s->relate), room = less(SOURCE_PENDING, pending), missing = less(s->wanted, s->printed + pending);
	return s->where == NULL && missing < room ? missing : room;
}

static void print_item(struct source *s, const struct relate_item *item)
{
	buf_reset(&s->line);
	/* Gone since it was found, or no longer what was asked for. */
	if ((s->accept != NULL && !s->accept(item, s->arg)) || !lead_put(&s->line, item, s->now))
		return;
	buf_putc(&s->line, '}');
	if (s->line.failed)
		must(NULL);
	if (s->where != NULL && !expr_test(s->where, buf_slice(&s->line), NULL))
		return;
	stream_put_line(s->out, buf_slice(&s->line));
	s->printed++;
}

void source_flush(struct source *s)
{
	if (source_wants_more(s))
		relate_flush(s->relate);
}

static void feed_by_id(struct source *s)
{
	char id[BYTIME_ID_BYTES];
	while (source_wants_more(s) && source_room(s) > 0 && bytime_next(&s->by_id, id)) {
		struct relate_item item = { .arg = NULL };
		*(s->by_id_object == OBJECT_TASKS ? &item.task_id : &item.contact_id) = slice_of(id);
		relate_add(s->relate, &item);
	}
	if (source_room(s) == 0 || s->by_id.next == s->by_id.count)
		source_flush(s);
}

static void on_related(struct relate_item *items, size_t count, bool ok, void *arg)
{
	struct source *s = arg;
	for (size_t i = 0; ok && i < count && s->printed < s->wanted; i++)
		print_item(s, &items[i]);
	stream_flush(s->out);
	if (s->takes_by_id)
		feed_by_id(s);
	if (s->has_room != NULL && (source_room(s) > 0 || !source_wants_more(s)))
		s->has_room(s->arg);
}

void source_start(struct source *s)
{
	s->out = tool_source();
	tool_now(s->now, NULL);
	s->related.done = on_related;
	s->related.arg = s;
	s->relate = relate_new(s->tool->api, &s->related);
}

void source_add(struct source *s, const struct relate_item *item)
{
	relate_add(s->relate, item);
}

void source_page(struct source *s)
{
	if (s->wanted <= SEARCH_PAGE || s->related.company_properties.len == 0 || source_room(s) == 0)
		source_flush(s);
}

bool source_take_page(struct source *s, struct search *search)
{
	source_page(s);
	if (!source_wants_more(s))
		return false;
	if (source_room(s) == 0) {
		search_hold(search);
		s->held = search;
	}
	return true;
}

void source_go_on(struct source *s)
{
	struct search *search = s->held;
	s->held = NULL;
	if (search != NULL)
		(source_wants_more(s) ? search_go_on : search_end)(search);
}

void source_end_search(struct source *s, const struct hubspot_answer *failed)
{
	if (failed != NULL)
		hubspot_give_up(s->tool->api, failed, "searching tasks");
	s->held = NULL; /* its last page may have left no room */
	source_flush(s);
}

void source_take_by_id(struct source *s, enum hubspot_object object)
{
	bytime_sort(&s->by_id);
	s->by_id_object = object;
	s->takes_by_id = true;
	feed_by_id(s);
}

void source_drain(struct source *s)
{
	source_flush(s);
	hubspot_drain(s->tool->api);
}

int source_finish(struct source *s, const char *what)
{
	if (hubspot_trouble(s->tool->api)->status != 0)
		tool_break_off(s->tool, s->out);
	tool_summary(s->tool, s->printed, what);
	int status = tool_status(s->tool, stream_close(s->out));
	relate_free(s->relate);
	expr_free(s->where);
	bytime_release(&s->by_id);
	buf_release(&s->line);
	return status;
}

void put_properties(struct buf *out, struct slice names, const char *more)
{
	bool is_empty = names.len <= strlen("[]");
	buf_printf(out, "%.*s%s\"%s\"]", (int)names.len - 1, names.ptr, is_empty ? "" : ",", more);
}
