#include "record/title.h"

#include "record/title_words.h"

/* U+00C0 to U+00FF without their accents; the signs × and ÷ part words. */
static const char latin1_letters[64][3] = {
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", //
	"d", "n", "o", "o", "o", "o", "o", " ", "o", "u", "u", "u", "u", "y", "th", "ss", //
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", //
	"d", "n", "o", "o", "o", "o", "o", " ", "o", "u", "u", "u", "u", "y", "th", "y", //
};

struct words {
	char text[2 * TITLE_MAX_BYTES + 4]; /* " vp of sales ": one blank at each side of each word */
	size_t len;
};

static void put_blank(struct words *w)
{
	if (w->text[w->len - 1] != ' ')
		w->text[w->len++] = ' ';
}

/* "Leiterin" is read as "Leiter". */
static void end_word(struct words *w)
{
	if (w->len > 5 && memcmp(w->text + w->len - 4, "erin", 4) == 0)
		w->len -= 2;
	put_blank(w);
}

static struct words fold(struct slice title)
{
	struct words w = { .text = " ", .len = 1 };
	for (size_t i = 0; i < title.len && i < TITLE_MAX_BYTES; i++) {
		unsigned char c = (unsigned char)title.ptr[i];
		unsigned char next = i + 1 < title.len ? (unsigned char)title.ptr[i + 1] : 0;
		if (c == 0xc3 && next >= 0x80 && next <= 0xbf) {
			for (const char *letter = latin1_letters[next - 0x80]; *letter != '\0'; letter++)
				w.text[w.len++] = *letter;
			i++;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			w.text[w.len++] = (char)c;
		} else if (c >= 'A' && c <= 'Z') {
			w.text[w.len++] = (char)(c + 32);
		} else {
			end_word(&w);
		}
	}
	end_word(&w);
	w.text[w.len] = '\0';
	return w;
}

/* The place of a phrase; -1 where it is absent. */
static long find(const struct words *w, const char *phrase)
{
	bool open_front = phrase[0] == '*';
	const char *core = phrase + (open_front ? 1 : 0);
	size_t len = strlen(core);
	bool open_back = len > 0 && core[len - 1] == '*';
	len -= open_back ? 1 : 0;
	for (size_t at = 1; at + len < w->len; at++)
		if (w->text[at] == core[0] && memcmp(w->text + at, core, len) == 0 && (open_front || w->text[at - 1] == ' ') && (open_back || w->text[at + len] == ' '))
			return (long)at;
	return -1;
}

struct title_verdict title_read(struct slice title)
{
	struct title_verdict v = { .seniority = NULL };
	struct words w = fold(title);
	for (const struct title_phrase *p = title_seniorities; p->text != NULL; p++)
		if (find(&w, p->text) >= 0) {
			/* What somebody was says nothing about what they decide now. */
			if (p->means == NULL)
				return v;
			v.seniority = p->means;
			v.seniority_word = p->text;
			break;
		}
	long first = -1;
	for (const struct title_phrase *p = title_departments; p->text != NULL; p++) {
		long at = find(&w, p->text);
		if (at >= 0 && (first < 0 || at < first)) {
			first = at;
			v.department = p->means;
			v.department_word = p->text;
		}
	}
	if (v.department == NULL && v.seniority != NULL && strcmp(v.seniority, "c_level") == 0) {
		v.department = "executive";
		v.department_word = v.seniority_word;
	}
	return v;
}
