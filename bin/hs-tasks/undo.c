/* hs-tasks undo: takes back what a run wrote, or what lines of hs-tasks history name, as far as nobody else has changed it since.
 *
 * The choice that a reader would question: a property is put back only where the value that we left still stands. So undo is safe to run late, and safe to run
 * again, and what it could not take back is named. It is a run like any other: its own writes are in the journal, and can be undone. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "idmap.h"
#include "perform.h"
#include "record/write.h"
#include "undo.h"
#include "verbs.h"

enum { OPTION_REOPEN = OPTION_OWN };

enum { MAX_ARENA_BYTES = 1 << 30, MAX_SCRATCH_BYTES = 64 << 20, MAX_LINE_BYTES = 16 << 20, MAX_RUNS_SAID = 3, REASON_BYTES = 96 };

const struct cli_option undo_options[] = {
	{ OPTION_REOPEN, "reopen", NULL, "set the tasks NOT_STARTED, so that they are worked anew" },
	TOOL_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

/* What is read, and where it goes. */
struct intake {
	struct undo *u;
	struct arena scratch;
	struct idmap seen; /* effects that are taken up */
	size_t refused;
};

/* -- which effects -- */

static const struct json *parse(struct undo *u, struct slice text)
{
	struct json_error error;
	return text.len == 0 ? NULL : json_parse(&u->arena, arena_copy(&u->arena, text), &error);
}

static struct slice copy(struct undo *u, struct slice text)
{
	return arena_copy(&u->arena, text);
}

static void add_item(struct intake *in, const struct journal_work *work, const struct journal_effect *effect)
{
	struct undo *u = in->u;
	char id[24];
	enum hubspot_object object;
	snprintf(id, sizeof id, "%lld", (long long)effect->id);
	size_t before = in->seen.count;
	idmap_add(&in->seen, copy(u, slice_of(id)), 1);
	if (in->seen.count == before || !hubspot_object_find(slice_of(effect->object), &object))
		return;
	if (u->count == u->capacity) {
		u->capacity = 2 * u->capacity + 256;
		u->items = must(realloc(u->items, u->capacity * sizeof *u->items));
	}
	struct undo_item *item = &u->items[u->count++];
	*item = (struct undo_item){
		.id = effect->id,
		.run = work->run,
		.name = copy(u, slice_of(effect->name)).ptr,
		.object = object,
		.state = effect->state,
		.is_create = effect->is_create,
		.sent_ms = effect->sent_ms,
		.object_id = copy(u, effect->object_id),
		.key = copy(u, effect->key),
		.task = copy(u, work->task),
		.contact = copy(u, work->contact),
		.company = copy(u, work->company),
		.route = copy(u, work->route),
		.input = json_get(parse(u, effect->input), "properties"),
		.before = parse(u, effect->before),
		.after = parse(u, effect->after),
	};
	/* Where the answer was lost, what was asked for is the best guess. */
	if (item->after == NULL)
		item->after = item->input;
	if (u->arena.failed)
		must(NULL);
}

static bool take_effect(const struct journal_work *work, const struct journal_effect *effect, const char *verb, void *arg)
{
	(void)verb;
	add_item(arg, work, effect);
	return !cli_stopping();
}

static void take_run(struct intake *in, int64_t run)
{
	size_t before = in->u->count;
	struct journal_filter filter = { .run = run, .since_ms = INT64_MIN, .contact = SLICE(""), .task = SLICE("") };
	if (!journal_ok(in->u->tool.api, in->u->tool.journal, journal_history(in->u->tool.journal, &filter, take_effect, in)))
		return;
	if (in->u->count == before) {
		cli_warn("undo: the journal has nothing that run %lld wrote", (long long)run);
		in->refused++;
	}
}

/* NULL, or what is wrong with the line: an id alone could be another journal's. */
static const char *take_line(struct intake *in, const struct record *r)
{
	struct undo *u = in->u;
	struct value id, other;
	int64_t number;
	struct journal_effect effect;
	struct journal_work work;
	bool found;
	arena_reset(&in->scratch);
	if (!record_path(r, &id, "id", NULL) || !value_int(id, &number) || !record_path(r, &other, "effect", NULL))
		return "the line is none of hs-tasks history";
	if (record_path(r, &other, "portal", NULL) && !slice_is(value_text(other, &in->scratch), u->portal.id))
		return "the effect is another portal's";
	if (!journal_ok(u->tool.api, u->tool.journal, journal_find_effect(u->tool.journal, number, &in->scratch, &effect, &work, &found)))
		return "the journal cannot be read";
	if (!found || effect.state == JOURNAL_INTENDED || effect.state == JOURNAL_REFUSED)
		return "the journal has no such effect";
	if (record_path(r, &other, "object", "id", NULL) && effect.object_id.len > 0 &&
		!slice_equal(value_text(other, &in->scratch), effect.object_id))
		return "the effect is of another object in this journal";
	add_item(in, &work, &effect);
	return NULL;
}

static void take_lines(struct intake *in, struct stream *s)
{
	for (struct record *r; (r = stream_next(s)) != NULL;) {
		const char *wrong = take_line(in, r);
		if (wrong == NULL)
			continue;
		record_put_error(r, "hs-tasks", "not_found", false, "%s", wrong);
		stream_put(s, r);
	}
}

/* -- paused routes -- */

static void note_route(bool is_concerned[WORKFLOW_ROUTES], const struct workflow *workflow, const struct route *route)
{
	if (route != NULL)
		is_concerned[route - workflow->routes] = true;
}

/* The routes that made the effects, and those whose tasks they made. */
static void find_routes(const struct undo *u, bool is_concerned[WORKFLOW_ROUTES])
{
	const struct workflow *workflow = &u->tool.workflow;
	for (size_t i = 0; i < u->count; i++) {
		const struct undo_item *item = &u->items[i];
		if (item->kind == UNDO_NOTHING)
			continue;
		note_route(is_concerned, workflow, workflow_route_named(workflow, item->route));
		if (item->is_create && item->object == OBJECT_TASKS)
			note_route(is_concerned, workflow, workflow_route(workflow, json_string(item->input, "hs_task_subject", "")));
	}
}

/* Nobody is to take what goes away, nor to make more of it. A route that is paused already keeps its reason. */
static void pause_routes(struct undo *u)
{
	bool is_concerned[WORKFLOW_ROUTES] = { false };
	bool is_dry_run = hubspot_is_dry_run(u->tool.api);
	find_routes(u, is_concerned);
	struct ledger_view view = ledger_look(&u->tool, &u->portal);
	for (size_t i = 0; i < u->tool.workflow.route_count; i++) {
		struct slice name = u->tool.workflow.routes[i].name;
		if (!is_concerned[i] || view.is_paused[i])
			continue;
		if (!is_dry_run &&
			!journal_ok(u->tool.api, u->tool.journal, journal_pause(u->tool.journal, name, slice_of(u->reason), clock_real_ms())))
			return;
		if (!cli_shared()->quiet)
			cli_warn("undo: route %.*s %s paused; hs-tasks resume %.*s ends that", (int)name.len, name.ptr,
				is_dry_run ? "would be" : "is", (int)name.len, name.ptr);
	}
}

/* "undo of run 17", "undo of runs 17, 18, …" */
static void put_reason(const struct undo *u, char text[REASON_BYTES])
{
	struct buf list;
	int64_t last = 0;
	size_t count = 0;
	buf_init(&list, REASON_BYTES);
	for (size_t i = 0; i < u->count; i++) {
		if (u->items[i].run == last)
			continue;
		last = u->items[i].run;
		if (++count <= MAX_RUNS_SAID)
			buf_printf(&list, "%s%lld", count == 1 ? "" : ", ", (long long)last);
	}
	snprintf(text, REASON_BYTES, "undo of run%s %s%s", count == 1 ? "" : "s", buf_text(&list), count > MAX_RUNS_SAID ? " and others" : "");
	buf_release(&list);
}

/* -- what became of it -- */

static void put_item(struct buf *line, const struct undo_item *item)
{
	static const char *const outcomes[] = {
		[UNDO_SKIPPED] = "skipped", [UNDO_RESTORED] = "restored", [UNDO_ARCHIVED] = "archived", [UNDO_FAILED] = "failed"
	};
	char id[24];
	struct jsonw w;
	snprintf(id, sizeof id, "%lld", (long long)item->id);
	jsonw_init(&w, line);
	jsonw_object(&w);
	jsonw_put_text(&w, "id", id);
	jsonw_put_text(&w, "effect", item->name);
	jsonw_name(&w, "object");
	jsonw_object(&w);
	jsonw_put_text(&w, "type", hubspot_object_name(item->object));
	if (item->object_id.len > 0)
		jsonw_put_string(&w, "id", item->object_id);
	jsonw_object_end(&w);
	jsonw_put_text(&w, "outcome", outcomes[item->outcome]);
	if (item->reason.len > 0)
		jsonw_put_string(&w, "reason", item->reason);
	if (item->restored.len > 0 && item->outcome == UNDO_RESTORED)
		jsonw_put_raw(&w, "properties", item->restored);
	jsonw_object_end(&w);
}

/* Whether all was taken back that could have been meant. */
static bool is_whole(const struct undo_item *item)
{
	return item->is_expected ||
		((item->outcome == UNDO_RESTORED || item->outcome == UNDO_ARCHIVED) && (item->reason.len == 0 || item->is_undone));
}

/* The reason without what it names: "changed since". */
static struct slice cause_of(const struct undo_item *item)
{
	const char *colon = item->reason.len == 0 ? NULL : memchr(item->reason.ptr, ':', item->reason.len);
	return (struct slice){ item->reason.ptr, colon == NULL ? item->reason.len : (size_t)(colon - item->reason.ptr) };
}

/* How many were left alone, in whole or in part, by each cause. */
static void say_causes(const struct undo *u)
{
	enum { MAX_CAUSES = 16 };
	struct slice causes[MAX_CAUSES];
	size_t counts[MAX_CAUSES], count = 0;
	for (size_t i = 0; i < u->count; i++) {
		const struct undo_item *item = &u->items[i];
		struct slice cause = cause_of(item);
		size_t at = 0;
		if (is_whole(item) && item->outcome != UNDO_SKIPPED)
			continue;
		while (at < count && !slice_equal(causes[at], cause))
			at++;
		if (at == MAX_CAUSES)
			continue;
		causes[at] = cause;
		counts[at] = at == count ? 1 : counts[at] + 1;
		count += at == count;
	}
	for (size_t i = 0; i < count; i++)
		cli_warn("undo: %zu: %.*s", counts[i], (int)causes[i].len, causes[i].ptr);
}

static size_t report(const struct undo *u, struct stream *out)
{
	size_t counts[UNDO_FAILED + 1] = { 0 }, partly = 0, open = 0;
	struct buf line;
	buf_init(&line, MAX_LINE_BYTES);
	for (size_t i = 0; i < u->count; i++) {
		const struct undo_item *item = &u->items[i];
		buf_reset(&line);
		put_item(&line, item);
		if (line.failed)
			must(NULL);
		stream_put_line(out, buf_slice(&line));
		counts[item->outcome]++;
		open += !is_whole(item);
		partly += !is_whole(item) && item->outcome == UNDO_RESTORED;
	}
	buf_release(&line);
	if (!cli_shared()->quiet) {
		cli_warn("undo: %s%zu restored (%zu in part), %zu archived, %zu left alone, %zu failed",
			hubspot_is_dry_run(u->tool.api) ? "would be: " : "", counts[UNDO_RESTORED], partly, counts[UNDO_ARCHIVED],
			counts[UNDO_SKIPPED], counts[UNDO_FAILED]);
		say_causes(u);
	}
	return open;
}

/* -- the run -- */

/* A number is a run, anything else a file. */
static bool is_run(const char *operand, int64_t *run)
{
	uint64_t number;
	bool ok = slice_to_u64(slice_of(operand), &number) && number > 0 && number <= INT64_MAX;
	*run = ok ? (int64_t)number : 0;
	return ok;
}

static bool begin(struct undo *u)
{
	if (!portal_load(&u->portal, u->tool.api, &u->tool.workflow, PORTAL_SETTINGS | PORTAL_OWNERS))
		return false;
	if (!hubspot_is_dry_run(u->tool.api))
		return ledger_open(&u->tool, &u->portal);
	ledger_read(&u->tool, &u->portal);
	return true;
}

static void take_operands(struct intake *in, char **operands)
{
	int64_t run;
	for (; *operands != NULL; operands++)
		if (is_run(*operands, &run))
			take_run(in, run);
}

static void work(struct undo *u)
{
	char reason[REASON_BYTES];
	put_reason(u, reason);
	u->reason = reason;
	undo_classify(u);
	pause_routes(u);
	undo_find_lost(u);
	undo_group(u);
	for (int phase = 0; phase < UNDO_PHASES; phase++)
		undo_objects(u, (enum undo_phase)phase);
}

/* The operands that are files; NULL where there are only runs. */
static char **files_of(char **operands, int count)
{
	char **paths = must(calloc((size_t)count + 1, sizeof *paths));
	size_t files = 0;
	int64_t run;
	for (int i = 0; i < count; i++)
		if (!is_run(operands[i], &run))
			paths[files++] = operands[i];
	if (files > 0 || count == 0)
		return paths;
	free(paths);
	return NULL;
}

int run_undo(int argc, char **argv)
{
	struct undo u = { .count = 0 };
	struct intake in = { .u = &u };
	struct tool_options options = { 0 };
	const char *value;
	int operand_count;
	size_t open = 0;
	for (int key; (key = cli_next(argc, argv, &value)) != -1;)
		if (key == OPTION_REOPEN)
			u.reopens = true;
		else
			tool_option(&options, key, value);
	char **operands = cli_operands(&operand_count), **paths = files_of(operands, operand_count);
	tool_open(&u.tool, "undo", &options, TOOL_WRITES);
	arena_init(&u.arena, MAX_ARENA_BYTES);
	arena_init(&in.scratch, MAX_SCRATCH_BYTES);
	struct stream_options lines = { .tool = "hs-tasks",
		.paths = paths,
		.out_fd = STDOUT_FILENO,
		.max_line_bytes = MAX_LINE_BYTES,
		.is_sink = true,
		.warn = cli_warn,
		.stopping = cli_stopping };
	struct stream *s = paths == NULL ? tool_source() : must(stream_open(&lines));
	if (begin(&u)) {
		take_operands(&in, operands);
		if (paths != NULL)
			take_lines(&in, s);
		work(&u);
		open = report(&u, s);
	}
	tool_summary(&u.tool, u.count, "effects");
	int status = tool_status(&u.tool, stream_close(s));
	if (status == EXIT_OK && open + in.refused > 0)
		status = EXIT_SOME_FAILED;
	free(paths);
	free(u.items);
	free(u.objects);
	idmap_release(&in.seen);
	arena_release(&in.scratch);
	arena_release(&u.arena);
	tool_close(&u.tool);
	return status;
}
