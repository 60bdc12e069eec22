#include "answer.h"

#include "record/write.h"

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
	buf_puts(out, "{\"score\":");
	put_number(out, verdict->score);
	buf_puts(out, ",\"tier\":");
	buf_put_slice(out, verdict->tier->name_json);
	buf_putc(out, '}');
}

/* A value as it stands in the line; a long one, or an object, as text that ends in an ellipsis. */
static void put_value(struct jsonw *w, struct value value)
{
	if (value.type == JSON_NULL) {
		jsonw_null(w);
		return;
	}
	if (value.raw.len <= ANSWER_VALUE_BYTES) {
		jsonw_raw(w, value.raw);
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
	jsonw_string(w, buf_slice(&text));
	buf_release(&text);
}

static void put_reasons(struct jsonw *w, const struct verdict *verdict)
{
	jsonw_name(w, "reasons");
	jsonw_array(w);
	for (size_t i = 0; i < verdict->reason_count; i++) {
		const struct reason *reason = &verdict->reasons[i];
		const struct source *source = reason->finding == NULL ? NULL : reason->finding->source;
		jsonw_object(w);
		jsonw_put_raw(w, "rule", reason->step->name_json);
		jsonw_put_int(w, "points", reason->points);
		jsonw_put_raw(w, "field", source == NULL ? slice_of("null") : source->label_json);
		jsonw_name(w, "value");
		put_value(w, reason->value);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

/* Inputs without a usable value, by the field to fill. Gives the number of the others. */
static size_t put_missing(struct jsonw *w, const struct rules *rules, const struct verdict *verdict)
{
	size_t known = 0;
	jsonw_name(w, "missing");
	jsonw_array(w);
	for (size_t i = 0; i < rules->input_count; i++) {
		const struct finding *finding = &verdict->findings[i];
		if (finding->source == NULL)
			jsonw_raw(w, rules->sources[rules->inputs[i].first_source].label_json);
		else if (finding->is_unreadable)
			jsonw_raw(w, finding->source->label_json);
		else
			known++;
	}
	jsonw_array_end(w);
	return known;
}

static void put_optional(struct jsonw *w, const char *name, struct slice json)
{
	if (json.len > 0)
		jsonw_put_raw(w, name, json);
}

void answer_full(struct buf *out, const struct rules *rules, const struct verdict *verdict, const char *at)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_object(&w);
	jsonw_put_text(&w, "at", at);
	jsonw_put_int(&w, "score", verdict->score);
	jsonw_put_raw(&w, "tier", verdict->tier->name_json);
	put_optional(&w, "status", verdict->tier->status_json);
	put_reasons(&w, verdict);
	size_t known = put_missing(&w, rules, verdict);
	/* Cut to two decimals, so that 1 means that nothing is missing. */
	jsonw_name(&w, "coverage");
	jsonw_double(&w, rules->input_count == 0 ? 1 : (double)(known * 100 / rules->input_count) / 100);
	put_optional(&w, "next_action", verdict->tier->next_action_json);
	jsonw_name(&w, "rules");
	jsonw_object(&w);
	jsonw_put_raw(&w, "name", rules->name_json);
	jsonw_name(&w, "digest");
	jsonw_raw(&w, rules->digest_json);
	jsonw_object_end(&w);
	jsonw_object_end(&w);
}
