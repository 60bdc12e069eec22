/* lib/record/title_words.h - the words of job titles, and what they mean; read by title.c. */
#ifndef RECORD_TITLE_WORDS_H
#define RECORD_TITLE_WORDS_H

/* A phrase in lower case without accents. A star at an end lets more letters stand there: "*leiter" is also Vertriebsleiter. */
struct title_phrase {
	const char *text; /* NULL ends the list */
	const char *means; /* NULL: what somebody was, not what they are */
};

/* The first that occurs counts, so what takes a word's weight away ("assistant to", "product owner") stands before it. */
extern const struct title_phrase title_seniorities[];

/* The one that stands first in the title counts; of two at one place, the earlier row. */
extern const struct title_phrase title_departments[];
#endif
