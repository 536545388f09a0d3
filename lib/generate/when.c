#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "when.h"

/*
 * Names of the months and the days of the week in English, German, French,
 * Spanish, Portuguese and Italian.
 */
static const char *const month_names[12][10] = {
	{ "january", "jan", "januar", "janvier", "enero", "janeiro",
	    "gennaio" },
	{ "february", "feb", "februar", "février", "febrero", "fevereiro",
	    "febbraio" },
	{ "march", "mar", "märz", "mars", "marzo", "março" },
	{ "april", "apr", "avril", "abril", "aprile" },
	{ "may", "mai", "mayo", "maio", "maggio" },
	{ "june", "jun", "juni", "juin", "junio", "junho", "giugno" },
	{ "july", "jul", "juli", "juillet", "julio", "julho", "luglio" },
	{ "august", "aug", "août", "agosto" },
	{ "september", "sep", "sept", "septembre", "septiembre", "setembro",
	    "settembre" },
	{ "october", "oct", "oktober", "octobre", "octubre", "outubro",
	    "ottobre" },
	{ "november", "nov", "novembre", "noviembre", "novembro" },
	{ "december", "dec", "dezember", "décembre", "diciembre", "dezembro",
	    "dicembre" },
};

static const char *const day_names[] = { "monday", "tuesday", "wednesday",
	"thursday", "friday", "saturday", "sunday", "montag", "dienstag",
	"mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "lundi",
	"mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
	"lunes", "martes", "miércoles", "jueves", "viernes", "sábado",
	"domingo", "segunda", "terça", "quarta", "quinta", "sexta", "lunedì",
	"martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica",
	NULL };

/* The number of the month with this name, or 0. */
static int
month_of(struct span word)
{
	size_t i;

	for (i = 0; i < 12; i++)
		if (span_in_list(word, month_names[i]))
			return (int)i + 1;
	return 0;
}

int
when_is_word(struct span word)
{
	return month_of(word) || span_in_list(word, day_names);
}

/* Takes up to four digits off the front of s; -1 when there are none. */
static int
take_number(struct span *s, size_t *digits)
{
	int n = 0;

	for (*digits = 0; s->n && span_is_digit((unsigned char)*s->p) &&
	    *digits < 5; ++*digits, *s = span_from(*s, 1))
		n = 10 * n + (*s->p - '0');
	return *digits && *digits < 5 ? n : -1;
}

/* "2026-01-31", "31.12.", "31.12.2026", "12/31/2026" */
static int
read_numbers(struct span s, struct when *w)
{
	int part[3] = { 0, 0, 0 };
	size_t digits[3] = { 0, 0, 0 }, n = 0;
	char mark = 0;

	for (; n < 3 && s.n; n++) {
		part[n] = take_number(&s, &digits[n]);
		if (part[n] < 0)
			return 0;
		if (!s.n)
			continue;
		if (!span_char_in("-./", *s.p) || (mark && *s.p != mark))
			return 0;
		mark = *s.p;
		s = span_from(s, 1);
	}
	if (s.n || n < 2 || !mark || (n == 2 && mark != '.' && mark != '/'))
		return 0;
	/* 3.5 is a number, 2.4.1 a version, 31.12. and 4/11 are days */
	if ((n == 2 && mark == '.' && digits[1] < 2) || digits[n - 1] == 3 ||
	    (n == 3 && digits[0] != 4 && digits[2] < 2))
		return 0;
	if (digits[0] == 4)
		*w = (struct when){ part[2], part[1], part[0] };
	else if (mark == '/' && part[1] > 12)
		*w = (struct when){ part[1], part[0], part[2] };
	else
		*w = (struct when){ part[0], part[1], part[2] };
	if (w->year && w->year < 100)
		w->year += 2000;
	return (digits[0] != 4 || n == 3) && w->month >= 1 &&
	    w->month <= 12 && w->day >= 1 && w->day <= 31;
}

/* "3 November", "3rd of March 2026", "March 3, 2026" */
static int
read_words(struct span s, struct when *w)
{
	struct span word, digits;
	size_t n;
	int number;

	*w = (struct when){ 0, 0, 0 };
	while (span_next_word(&s, &word)) {
		word = span_bare(word);
		if (month_of(word)) {
			w->month = month_of(word);
			continue;
		}
		digits = word;
		number = take_number(&digits, &n);
		if (number > 1900 && n == 4)
			w->year = number;
		else if (number >= 1 && number <= 31 && n < 3)
			w->day = number;
		else
			return 0;
	}
	return w->day && w->month;
}

int
when_read(struct span s, struct when *w)
{
	return span_is_digit((unsigned char)*s.p) && s.n > 4 &&
	    !memchr(s.p, ' ', s.n) ? read_numbers(s, w) : read_words(s, w);
}

/*
 * Appends the text with the number of the day replaced: the last match if the
 * year comes first, else the first.
 */
static void
put_day(struct buf *b, struct span s, int old, int day)
{
	struct span rest, at = { "", 0 };
	const char *p;
	size_t n, first;

	take_number(&(struct span){ s.p, s.n }, &first);
	for (rest = s; rest.n; ) {
		p = rest.p;
		if (take_number(&rest, &n) == old && n < 3 &&
		    (first == 4 || !at.n))
			at = span_of(p, n);
		else if (!n)
			rest = span_from(rest, 1);
	}
	span_put(b, span_of(s.p, (size_t)(at.p - s.p)));
	buf_int(b, day);
	p = span_end(at);
	span_put(b, span_of(p, (size_t)(span_end(s) - p)));
}

/* Appends the text with its year, which is added where there is none. */
static void
put_year(struct buf *b, struct span s, int old, int year)
{
	struct span rest;
	size_t n;

	if (!old) {
		span_put(b, s);
		if (memchr(s.p, ' ', s.n))
			buf_byte(b, ' ');
		else if (!span_char_in("./", s.p[s.n - 1]))
			buf_byte(b, memchr(s.p, '.', s.n) ? '.' : '/');
		buf_int(b, year);
		return;
	}
	while (s.n) {
		rest = s;
		if (take_number(&rest, &n) == old) {
			buf_int(b, year);
			span_put(b, rest);
			return;
		}
		n = n ? n : 1;
		span_put(b, span_of(s.p, n));
		s = span_from(s, n);
	}
}

int
when_put(struct buf *b, struct span s, enum when_change change)
{
	struct when w;

	if (!when_read(s, &w))
		return 0;
	switch (change) {
	case WHEN_FUTURE:
		put_year(b, s, w.year, w.year ? w.year + 10 : 2038);
		return 1;
	case WHEN_PAST:
		put_year(b, s, w.year, w.year ? w.year - 100 : 1926);
		return 1;
	case WHEN_NO_DAY:
		put_day(b, s, w.day, w.month == 2 ? 30 : w.month == 4 ||
		    w.month == 6 || w.month == 9 || w.month == 11 ? 31 : 32);
		return 1;
	case WHEN_ISO:
		if (!w.year)
			return 0;
		buf_printf(b, "%d-%02d-%02d", w.year, w.month, w.day);
		return 1;
	default:
		buf_printf(b, "%d/%d", w.month, w.day);
		if (w.year)
			buf_printf(b, "/%02d", w.year % 100);
		return 1;
	}
}
