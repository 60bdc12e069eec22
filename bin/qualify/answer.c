#include "answer.h"

/* Not through record/write.h: this runs for each record, and half of what it writes is the same each time. */
static inline void put(struct buf *out, const char *literal)
{
	buf_put(out, literal, strlen(literal));
}

static void put_number(struct buf *out, int64_t number)
{
	char digits[24], *at = digits + sizeof digits;
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0)
		*--at = '-';
	buf_put(out, at, (size_t)(digits + sizeof digits - at));
}

void answer_brief(struct buf *out, const struct verdict *verdict)
{
	put(out, "{\"score\":");
	put_number(out, verdict->score);
	put(out, ",\"tier\":");
	buf_put_slice(out, verdict->tier->name_json);
	put(out, "}");
}

/* A value as it stands in the line; a long one, or an object, as text that ends in an ellipsis. */
static void put_value(struct buf *out, struct value value)
{
	if (value.type == JSON_NULL) {
		put(out, "null");
		return;
	}
	if (value.raw.len <= ANSWER_VALUE_BYTES) {
		buf_put_slice(out, value.raw);
		return;
	}
	size_t bad, quote = value.type == JSON_STRING;
	struct slice inside = { value.raw.ptr + quote, ANSWER_VALUE_BYTES };
	struct buf text;
	buf_init(&text, 2 * (size_t)ANSWER_VALUE_BYTES);
	/* Decoding ends at an escape that the cut went through, and half a character at the end is dropped. */
	if (quote)
		json_unescape(inside, &text, &bad);
	else
		buf_put_slice(&text, inside);
	text.len = slice_utf8_prefix(buf_slice(&text));
	buf_puts(&text, "\xe2\x80\xa6");
	json_quote(out, buf_slice(&text));
	buf_release(&text);
}

static void put_reasons(struct buf *out, const struct verdict *verdict)
{
	put(out, ",\"reasons\":[");
	for (size_t i = 0; i < verdict->reason_count; i++) {
		const struct reason *reason = &verdict->reasons[i];
		const struct source *source = reason->finding == NULL ? NULL : reason->finding->source;
		if (i > 0)
			put(out, ",");
		put(out, "{\"rule\":");
		buf_put_slice(out, reason->step->name_json);
		put(out, ",\"points\":");
		put_number(out, reason->points);
		put(out, ",\"field\":");
		if (source == NULL)
			put(out, "null");
		else
			buf_put_slice(out, source->label_json);
		put(out, ",\"value\":");
		put_value(out, reason->value);
		put(out, "}");
	}
	put(out, "]");
}

/* Inputs without a usable value, by the field to fill. Gives the number of the others. */
static size_t put_missing(struct buf *out, const struct rules *rules, const struct verdict *verdict)
{
	size_t known = 0;
	put(out, ",\"missing\":[");
	for (size_t i = 0; i < rules->input_count; i++) {
		const struct finding *finding = &verdict->findings[i];
		const struct source *source = finding->source;
		if (source != NULL && !finding->is_unreadable) {
			known++;
			continue;
		}
		if (i > known)
			put(out, ",");
		buf_put_slice(out, (source != NULL ? source : &rules->sources[rules->inputs[i].first_source])->label_json);
	}
	put(out, "]");
	return known;
}

/* A share cut to two decimals, so that 1 means all. */
static void put_share(struct buf *out, size_t part, size_t whole)
{
	size_t percent = whole == 0 ? 100 : part * 100 / whole;
	char text[] = { '0', '.', (char)('0' + percent / 10 % 10), (char)('0' + percent % 10) };
	if (percent == 100)
		text[0] = '1';
	buf_put(out, text, percent % 100 == 0 ? 1 : percent % 10 == 0 ? 3 : 4);
}

void answer_full(struct buf *out, const struct rules *rules, const struct verdict *verdict, const char *at)
{
	const struct tier *tier = verdict->tier;
	put(out, "{\"at\":\"");
	buf_puts(out, at);
	put(out, "\",\"score\":");
	put_number(out, verdict->score);
	put(out, ",\"tier\":");
	buf_put_slice(out, tier->name_json);
	if (tier->status_json.len > 0) {
		put(out, ",\"status\":");
		buf_put_slice(out, tier->status_json);
	}
	put_reasons(out, verdict);
	size_t known = put_missing(out, rules, verdict);
	put(out, ",\"coverage\":");
	put_share(out, known, rules->input_count);
	if (tier->next_action_json.len > 0) {
		put(out, ",\"next_action\":");
		buf_put_slice(out, tier->next_action_json);
	}
	put(out, ",\"rules\":{\"name\":");
	buf_put_slice(out, rules->name_json);
	put(out, ",\"digest\":");
	buf_put_slice(out, rules->digest_json);
	put(out, "}}");
}
