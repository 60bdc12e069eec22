#include "facts.h"

static const char *const names[FACT_COUNT] = {
	[FACT_TITLE] = "title",
	[FACT_COMPANY_SIZE] = "company_size",
	[FACT_INDUSTRY] = "industry",
	[FACT_LINKEDIN] = "linkedin",
	[FACT_COMPANY_NAME] = "company_name",
	[FACT_LEGAL_NAME] = "legal_name",
	[FACT_DESCRIPTION] = "description",
	[FACT_WEBSITE] = "website",
	[FACT_CANONICAL] = "canonical",
	[FACT_LOGO] = "logo",
	[FACT_PHONE] = "phone",
	[FACT_EMAIL] = "email",
	[FACT_ADDRESS] = "address",
	[FACT_COUNTRY] = "country",
	[FACT_LANGUAGE] = "language",
	[FACT_FOUNDED] = "founded",
	[FACT_SENIORITY] = "seniority",
	[FACT_DEPARTMENT] = "department",
	[FACT_PAGE_TITLE] = "page_title",
	[FACT_SITE_NAME] = "site_name",
	[FACT_MAIL_CLASS] = "mail_class",
};

const char *fact_name(enum fact_id id)
{
	return names[id];
}

bool facts_has(const struct facts *f, enum fact_id id)
{
	return f->list[id].value.len > 0;
}

static bool is_blank(unsigned char c)
{
	return c <= ' ' || c == 0x7f;
}

/* Length of a no-break space (U+00A0) at text[i], as pages have many; 0 for anything else. */
static size_t blank_length(struct slice text, size_t i)
{
	unsigned char c = (unsigned char)text.ptr[i];
	if (is_blank(c))
		return 1;
	return c == 0xc2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] == 0xa0 ? 2 : 0;
}

/* Cuts at most to max bytes without splitting a character. */
static size_t whole_characters(struct slice text, size_t max)
{
	if (text.len <= max)
		return text.len;
	while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
		max--;
	return max;
}

struct slice facts_clean(struct arena *arena, struct slice text, size_t max_bytes)
{
	/* Blanks only shrink, so nothing past some multiple of the cap can matter, however long a hostile page makes it. */
	text.len = whole_characters(text, max_bytes * 4);
	char *out = arena_alloc(arena, text.len + 1);
	struct slice clean = { out == NULL ? "" : out, 0 };
	bool owed = false;
	for (size_t i = 0; out != NULL && i < text.len;) {
		size_t blank = blank_length(text, i);
		if (blank > 0) {
			owed = clean.len > 0;
			i += blank;
			continue;
		}
		if (owed)
			out[clean.len++] = ' ';
		owed = false;
		out[clean.len++] = text.ptr[i++];
	}
	clean.len = whole_characters(clean, max_bytes);
	return clean;
}

void facts_offer(struct facts *f, struct arena *arena, enum fact_id id, const struct fact *fact)
{
	struct fact *slot = &f->list[id];
	if (fact->value.len == 0 || (slot->value.len > 0 && slot->confidence >= fact->confidence))
		return;
	struct fact kept = *fact;
	kept.value = facts_clean(arena, fact->value, FACT_VALUE_BYTES);
	kept.source = facts_clean(arena, fact->source, FACT_SOURCE_BYTES);
	kept.evidence = facts_clean(arena, fact->evidence, FACT_EVIDENCE_BYTES);
	if (kept.value.len > 0)
		*slot = kept;
}

void facts_write(const struct facts *f, struct jsonw *w)
{
	jsonw_object(w);
	for (enum fact_id id = 0; id < FACT_COUNT; id++) {
		const struct fact *fact = &f->list[id];
		if (fact->value.len == 0)
			continue;
		jsonw_name(w, names[id]);
		jsonw_object(w);
		jsonw_put_string(w, "value", fact->value);
		jsonw_put_string(w, "source", fact->source);
		jsonw_put_text(w, "method", fact->method);
		jsonw_put_string(w, "evidence", fact->evidence);
		jsonw_name(w, "confidence");
		jsonw_double(w, fact->confidence);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
}
