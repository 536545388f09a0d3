#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/unicode.h"
#include "base/util.h"
#include "analysis.h"
#include "edit.h"
#include "kept.h"
#include "phrases.h"
#include "span.h"
#include "strategy.h"
#include "when.h"
#include "words.h"

/* What an agent looks up or computes with, as bits for the table of changes. */
enum entity_kind {
	ENTITY_NONE, ENTITY_NUMBER = 1, ENTITY_AMOUNT = 2, ENTITY_DATE = 4,
	ENTITY_ID = 8, ENTITY_MAIL = 16, ENTITY_NAME = 32
};

#define ENTITIES_MAX 24

struct entity {
	enum entity_kind kind;
	struct span s;
};

/* --- finding ------------------------------------------------------------ */

/* Signs and words of currencies, and the other that replaces each. */
static const struct {
	const char *word, *other;
} currencies[] = {
	{ "$", "€" }, { "€", "$" }, { "£", "€" }, { "¥", "$" },
	{ "eur", "USD" }, { "usd", "EUR" }, { "gbp", "EUR" }, { "chf", "EUR" },
	{ "jpy", "USD" }, { "euros", "dollars" }, { "euro", "dollars" },
	{ "dollars", "euros" }, { "dollar", "euro" }, { "pounds", "euros" }
};

/* Finds a currency in s, and its row; returns 0 if there is none. */
static int
find_currency(struct span s, struct span *at, size_t *row)
{
	size_t i, n;

	for (; s.n; s = span_from(s, 1))
		for (i = 0; i < LEN(currencies); i++)
			if ((n = span_prefix(s, currencies[i].word)) &&
			    (n < 3 || span_is_edge(s, n))) {
				*at = span_of(s.p, n);
				*row = i;
				return 1;
			}
	return 0;
}

/* Whether s is digits, with one decimal mark at most. */
static int
is_plain_number(struct span s)
{
	size_t i, marks = 0;

	for (i = 0; i < s.n; i++)
		if (!span_is_digit((unsigned char)s.p[i]) && (!i || marks++ ||
		    !span_char_in(".,", s.p[i])))
			return 0;
	return s.n > 0;
}

/* Whether s is letters and digits, as numbers of orders and parcels are. */
static int
is_code_number(struct span s)
{
	size_t i;

	if (*s.p == '#')
		s = span_from(s, 1);
	for (i = 0; i < s.n; i++)
		if (!span_is_digit((unsigned char)s.p[i]) && s.p[i] != '-' &&
		    !unicode_is_letter((unsigned char)s.p[i]))
			return 0;
	return span_count_digits(s) >= 2 && (s.p[s.n - 1] != 'm' ||
	    span_count_digits(s) > 3);
}

/* The kind of a part of the text that is kept. */
static enum entity_kind
piece_kind(struct span s)
{
	struct when date;
	struct span at;
	size_t row, i;

	if (s.n > 60 || memchr(s.p, '\n', s.n) || span_is_quote(span_first(s)))
		return ENTITY_NONE;
	if (memchr(s.p, '@', s.n))
		return *s.p != '@' && memchr(s.p, '.', s.n) ? ENTITY_MAIL :
		    ENTITY_NONE;
	for (i = 0; i < s.n; i++)
		if (span_char_in("\\_=<>{}[]&*|~^?:", s.p[i]))
			return ENTITY_NONE;
	if (!span_count_digits(s))
		return ENTITY_NONE;
	if (when_read(s, &date))
		return ENTITY_DATE;
	if (memchr(s.p, '/', s.n))
		return ENTITY_NONE;
	if (find_currency(s, &at, &row))
		return ENTITY_AMOUNT;
	if (is_plain_number(s) && span_count_digits(s) < 4)
		return ENTITY_NUMBER;
	return is_code_number(s) ? ENTITY_ID : ENTITY_NONE;
}

/*
 * Whether a word looks like a name: a capital within a sentence, in a language
 * that gives none to nouns.
 */
static int
is_entity_name(const struct work *w, struct word_token t, struct span before)
{
	struct span bare = span_bare(t.s);
	size_t next, at;
	uint32_t c;

	if (!t.plain || bare.n < 4 || w->t.lang == LANG_DE ||
	    w->t.lang >= LANG_LATIN || !before.n)
		return 0;
	c = span_char(bare, 0, &next);
	return unicode_lower(c) != c && !span_is_stop(span_last(before, &at)) &&
	    span_last(before, &at) != ',' && bare.p == t.s.p &&
	    unicode_upper(span_char(bare, next, &at)) !=
	    span_char(bare, next, &at) && !span_in_list(bare, small_words) &&
	    !span_in_list(bare, hello_words) && !when_is_word(bare);
}

static size_t
entity_add_names(const struct work *w, struct entity *list, size_t n)
{
	struct word_scan sc = { w->t.all, 0 };
	struct span before = { "", 0 };
	struct word_token t;

	while (n < ENTITIES_MAX && words_next(&sc, &t)) {
		if (is_entity_name(w, t, before)) {
			list[n].kind = ENTITY_NAME;
			list[n++].s = span_bare(t.s);
		}
		before = t.s;
	}
	return n;
}

static size_t
find_entities(const struct work *w, struct entity *list)
{
	struct analysis *a = w->v->analysis;
	size_t i, n = 0;

	analysis_hidden(a);
	if (a->kept.code)
		return 0;
	for (i = 0; i < a->kept.n && n < ENTITIES_MAX; i++) {
		list[n].s = a->kept.pieces[i];
		list[n].kind = piece_kind(list[n].s);
		n += list[n].kind != ENTITY_NONE;
	}
	return entity_add_names(w, list, n);
}

/* --- changing ------------------------------------------------------------- */

/* Each appends the replacement of s, or returns 0. */

static int
entity_digit_wrong(struct work *w, struct span s, struct buf *by)
{
	size_t i = s.n;

	(void)w;
	while (i && !span_is_digit((unsigned char)s.p[i - 1]))
		i--;
	if (!i)
		return 0;
	span_put(by, s);
	by->p[i - 1] = (char)('0' + (s.p[i - 1] - '0' + 1) % 10);
	return 1;
}

static int
entity_digits_swapped(struct work *w, struct span s, struct buf *by)
{
	size_t i;

	(void)w;
	for (i = s.n; i > 1; i--)
		if (span_is_digit((unsigned char)s.p[i - 1]) &&
		    span_is_digit((unsigned char)s.p[i - 2]) &&
		    s.p[i - 1] != s.p[i - 2])
			break;
	if (i < 2)
		return 0;
	span_put(by, s);
	by->p[i - 1] = s.p[i - 2];
	by->p[i - 2] = s.p[i - 1];
	return 1;
}

static int
entity_digit_missing(struct work *w, struct span s, struct buf *by)
{
	size_t i, n;

	if (span_count_digits(s) < 3)
		return 0;
	/* not the first */
	n = 1 + rng_below(&w->rng, span_count_digits(s) - 1);
	for (i = 0; !span_is_digit((unsigned char)s.p[i]) || n--; )
		i++;
	edit_put(by, s, s.p + i, 1, span_of("", 0));
	return 1;
}

static int
entity_digit_more(struct work *w, struct span s, struct buf *by)
{
	if (!span_is_digit((unsigned char)s.p[s.n - 1]))
		return 0;
	span_put(by, s);
	buf_byte(by, (char)('0' + rng_below(&w->rng, 10)));
	return 1;
}

/* Appends the same number in groups, or without its separators. */
static int
entity_id_format(struct work *w, struct span s, struct buf *by)
{
	size_t i, marks = 0;

	(void)w;
	for (i = 0; i < s.n; i++)
		if (span_char_in("-#", s.p[i]))
			marks++;
		else
			buf_byte(by, span_ascii_lower(s.p[i]));
	if (marks || by->len < 5)
		return marks > 0;
	by->len = 0;
	for (i = 0; i < s.n; i++) {
		if (i && i % 3 == 0)
			buf_byte(by, ' ');
		buf_byte(by, s.p[i]);
	}
	return 1;
}

static int
entity_letter_o(struct work *w, struct span s, struct buf *by)
{
	size_t i, n = 0;

	(void)w;
	for (i = 0; i < s.n; i++) {
		buf_byte(by, s.p[i] == '0' ? 'O' : s.p[i]);
		n += s.p[i] == '0';
	}
	return n > 0;
}

static int
entity_negative(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	buf_byte(by, '-');
	span_put(by, s);
	return *s.p != '-';
}

/* The digits of s, with their points and commas, replaced by another text. */
static int
entity_put_digits(struct buf *by, struct span s, const char *with)
{
	size_t i = 0, end;

	while (i < s.n && !span_is_digit((unsigned char)s.p[i]))
		i++;
	for (end = s.n; end > i && !span_is_digit((unsigned char)s.p[end - 1]);
	    )
		end--;
	if (i == end)
		return 0;
	edit_put(by, s, s.p + i, end - i, span_str(with));
	return 1;
}

static int
entity_zero(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return entity_put_digits(by, s, "0");
}

static int
entity_huge(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return entity_put_digits(by, s, "1000000");
}

static int
entity_fraction(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return !memchr(s.p, '.', s.n) && !memchr(s.p, ',', s.n) &&
	    entity_put_digits(by, s, "2.5");
}

static int
entity_currency(struct work *w, struct span s, struct buf *by)
{
	struct span at;
	size_t row;

	(void)w;
	if (!find_currency(s, &at, &row))
		return 0;
	edit_put(by, s, at.p, at.n, span_str(currencies[row].other));
	return 1;
}

static int
entity_no_currency(struct work *w, struct span s, struct buf *by)
{
	struct buf b = { 0 };
	struct span at;
	size_t row;

	(void)w;
	if (!find_currency(s, &at, &row))
		return 0;
	edit_put(&b, s, at.p, at.n, span_of("", 0));
	span_put(by, span_trim(span_buf(&b)));
	buf_release(&b);
	return 1;
}

/* Appends a comma for the decimal point, or a point for the comma. */
static int
entity_decimal(struct work *w, struct span s, struct buf *by)
{
	size_t i, n = 0;

	(void)w;
	for (i = 0; i < s.n; i++)
		if (s.p[i] == '.' || s.p[i] == ',') {
			buf_byte(by, s.p[i] == '.' ? ',' : '.');
			n++;
		} else
			buf_byte(by, s.p[i]);
	return n > 0;
}

static int
entity_no_point(struct work *w, struct span s, struct buf *by)
{
	size_t i, n = 0;

	(void)w;
	for (i = 0; i < s.n; i++)
		if (s.p[i] == '.' || s.p[i] == ',')
			n++;
		else
			buf_byte(by, s.p[i]);
	return n > 0;
}

static int
entity_future(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return when_put(by, s, WHEN_FUTURE);
}

static int
entity_past(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return when_put(by, s, WHEN_PAST);
}

static int
entity_no_day(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return when_put(by, s, WHEN_NO_DAY);
}

static int
entity_date_slashes(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return when_put(by, s, WHEN_SLASHES);
}

static int
entity_date_iso(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return when_put(by, s, WHEN_ISO);
}

static int
entity_no_at(struct work *w, struct span s, struct buf *by)
{
	const char *at = memchr(s.p, '@', s.n);

	(void)w;
	edit_put(by, s, at, 1, span_of("", 0));
	return 1;
}

static int
entity_mail_space(struct work *w, struct span s, struct buf *by)
{
	const char *at = memchr(s.p, '@', s.n);

	(void)w;
	edit_put(by, s, at, 1, span_str(" @ "));
	return 1;
}

/* Appends s with two different letters swapped, at a random place. */
static int
entity_misspelt(struct work *w, struct span s, struct buf *by)
{
	size_t at[48], n = edit_clusters(s, at, LEN(at)), i, j;

	if (n < 4 || n > 40)
		return 0;
	j = rng_below(&w->rng, n - 2);
	for (i = 0; i < n - 2; i++, j = (j + 1) % (n - 2)) {
		by->len = 0;
		span_put(by, span_of(s.p, at[j + 1]));
		span_put(by, span_of(s.p + at[j + 2], at[j + 3] - at[j + 2]));
		span_put(by, span_of(s.p + at[j + 1], at[j + 2] - at[j + 1]));
		span_put(by, span_from(s, at[j + 3]));
		if (memcmp(by->p, s.p, s.n))
			return 1;
	}
	return 0;
}

static int
entity_small(struct work *w, struct span s, struct buf *by)
{
	(void)w;
	return edit_recase(s, by, EDIT_LOWER);
}

/* --- dropping and exchanging --------------------------------------------- */

/* Words dropped with an entity: "on 3 November", "> 500 EUR". */
static const char *const led_by[] = { "on", "at", "of", "in", "by", "since",
	"until", "till", "from", "to", "for", "before", "after", "dated", "am",
	"um", "vom", "bis", "zum", "seit", "ab", "über", "von", "du", "au",
	"le", "de", "d'ici", "depuis", "el", "del", "al", "desde", "hasta",
	"il", "dal", "entro", "di", "em", "do", "no", "até", "от", "до", "с",
	"на", ">", "<", ">=", "<=", "=", "no.", "nr.", "number", NULL };

/* What a number counts; "mg" goes with it, "customers" does not. */
static const char *const units[] = { "mg", "g", "kg", "ml", "l", "cm", "mm",
	"m", "km", "%", "gb", "mb", "tb", "kb", "mbit/s", "min", "seconds",
	"minutes", "hours", "days", "weeks", "months", "years", "sekunden",
	"minuten", "stunden", "tagen", "tage", "wochen", "monaten", "monate",
	"jahren", "jahre", "secondes", "heures", "jours", "semaines", "mois",
	"ans", "segundos", "minutos", "horas", "días", "dias", "semanas",
	"meses", "años", "anos", "minuti", "ore", "giorni", "settimane",
	"mesi", "anni", NULL };

/* Copies the text without an entity. */
static int
entity_put_dropped(struct work *w, struct span s, struct buf *out)
{
	struct span all = w->t.all, rest, one, before = { "", 0 };
	const char *from = s.p, *to = span_end(s), *p;

	rest = span_of(to, (size_t)(span_end(all) - to));
	if (rest.n && *rest.p == ' ' && span_next_word(&rest, &one) &&
	    span_in_list(span_bare(one), units))
		to = span_end(span_bare(one));
	rest = span_of(all.p, (size_t)(s.p - all.p));
	while (span_next_word(&rest, &one))
		before = one;
	if (before.n && span_end(before) + 1 == from &&
	    span_in_list(before, led_by))
		from = before.p;
	/* "(customer number 4711)" as a whole */
	if (from < s.p && to < span_end(all) && *to == ')') {
		for (p = from; p > all.p && s.p - p < 40 && p[-1] != '(' &&
		    !span_is_digit((unsigned char)p[-1]); )
			p--;
		from = p > all.p && p[-1] == '(' ? p : from;
	}
	if (from > all.p && to < span_end(all) && from[-1] == '(' &&
	    *to == ')') {
		from--;
		to++;
	}
	if (from > all.p && from[-1] == ' ')
		from--;
	else if (to < span_end(all) && *to == ' ')
		to++;
	span_put(out, span_of(all.p, (size_t)(from - all.p)));
	span_put(out, span_of(to, (size_t)(span_end(all) - to)));
	return span_trim(span_buf(out)).n > 0;
}

/* Copies the text with two entities of a kind exchanged. */
static int
entity_put_swapped(struct work *w, struct span a, struct span b,
    struct buf *out)
{
	struct span all = w->t.all;

	if (a.n == b.n && !memcmp(a.p, b.p, a.n))
		return 0;
	span_put(out, span_of(all.p, (size_t)(a.p - all.p)));
	span_put(out, b);
	span_put(out, span_of(span_end(a), (size_t)(b.p - span_end(a))));
	span_put(out, a);
	span_put(out, span_of(span_end(b), (size_t)(span_end(all) -
	    span_end(b))));
	return 1;
}

/* --- the strategy ------------------------------------------------------- */

enum { DROPS = 1, SWAPS };

static const struct change {
	const char *note;
	unsigned kinds;
	int (*run)(struct work *, struct span, struct buf *);
	int whole;		/* DROPS or SWAPS: there is no replacement */
} changes[] = {
	{ "dropped", ENTITY_NUMBER | ENTITY_AMOUNT | ENTITY_DATE | ENTITY_ID |
	    ENTITY_MAIL, NULL, DROPS },
	{ "with a wrong digit", ENTITY_ID, entity_digit_wrong, 0 },
	{ "in another currency", ENTITY_AMOUNT, entity_currency, 0 },
	{ "in the future", ENTITY_DATE, entity_future, 0 },
	{ "negative", ENTITY_NUMBER | ENTITY_AMOUNT, entity_negative, 0 },
	{ "swapped with another", ENTITY_NUMBER | ENTITY_AMOUNT | ENTITY_DATE |
	    ENTITY_ID | ENTITY_NAME, NULL, SWAPS },
	{ "misspelt", ENTITY_NAME, entity_misspelt, 0 },
	{ "with two digits swapped", ENTITY_ID, entity_digits_swapped, 0 },
	{ "on a day that does not exist", ENTITY_DATE, entity_no_day, 0 },
	{ "zero", ENTITY_NUMBER | ENTITY_AMOUNT, entity_zero, 0 },
	{ "with a digit missing", ENTITY_ID, entity_digit_missing, 0 },
	{ "in another format", ENTITY_DATE, entity_date_slashes, 0 },
	{ "with another decimal mark", ENTITY_AMOUNT, entity_decimal, 0 },
	{ "in another format", ENTITY_ID, entity_id_format, 0 },
	{ "without its currency", ENTITY_AMOUNT, entity_no_currency, 0 },
	{ "long ago", ENTITY_DATE, entity_past, 0 },
	{ "in another format", ENTITY_DATE, entity_date_iso, 0 },
	{ "a fraction", ENTITY_NUMBER, entity_fraction, 0 },
	{ "very large", ENTITY_NUMBER | ENTITY_AMOUNT, entity_huge, 0 },
	{ "without its decimal point", ENTITY_AMOUNT, entity_no_point, 0 },
	{ "with a digit too many", ENTITY_ID, entity_digit_more, 0 },
	{ "with the letter O for zero", ENTITY_ID, entity_letter_o, 0 },
	{ "without its @", ENTITY_MAIL, entity_no_at, 0 },
	{ "with spaces around its @", ENTITY_MAIL, entity_mail_space, 0 },
	{ "in small letters", ENTITY_NAME, entity_small, 0 },
};

static const char *
entity_name(enum entity_kind kind)
{
	switch (kind) {
	case ENTITY_NUMBER: return "number";
	case ENTITY_AMOUNT: return "amount";
	case ENTITY_DATE: return "date";
	case ENTITY_ID: return "id";
	case ENTITY_MAIL: return "address";
	default: return "name";
	}
}

static void
entity_put_quoted(struct work *w, const char *before, struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((s.p[i] & 0x80) || s.p[i] < ' ')
			return;
	buf_puts(w->note, before);
	buf_byte(w->note, '\'');
	span_put(w->note, s);
	buf_byte(w->note, '\'');
}

/* Notes the change of an entity: "amount '$5' negative: '-$5'". */
static void
note_change(struct work *w, const struct entity *e, const struct change *c,
    struct span by)
{
	work_note(w, entity_name(e->kind));
	entity_put_quoted(w, " ", e->s);
	buf_byte(w->note, ' ');
	buf_puts(w->note, c->note);
	if (by.n)
		entity_put_quoted(w, ": ", by);
}

/* Makes one change of the i-th of n entities; 0 if it does not apply. */
static int
change_entity(struct work *w, const struct entity *list, size_t n, size_t i,
    const struct change *c)
{
	const struct entity *e = &list[i];
	struct buf by = { 0 };
	size_t j;
	int ok = 0;

	if (!(c->kinds & e->kind))
		return 0;
	if (c->whole == DROPS) {
		ok = entity_put_dropped(w, e->s, w->out);
	} else if (c->whole == SWAPS) {
		for (j = i + 1; j < n && list[j].kind != e->kind; )
			j++;
		ok = j < n && list[j].s.p > e->s.p &&
		    entity_put_swapped(w, e->s, list[j].s, w->out);
		if (ok)
			span_put(&by, list[j].s);
	} else {
		ok = c->run(w, e->s, &by) && (by.len != e->s.n ||
		    memcmp(by.p, e->s.p, by.len));
		if (ok)
			edit_put(w->out, w->t.all, e->s.p, e->s.n,
			    span_buf(&by));
	}
	if (ok)
		note_change(w, e, c, span_buf(&by));
	else
		w->out->len = 0;
	buf_release(&by);
	return ok;
}

int
entity_make(struct work *w)
{
	struct entity list[ENTITIES_MAX];
	size_t n = find_entities(w, list), i, j, k = w->k;

	/* the next entity and the next change each time */
	for (j = 0; j < n * LEN(changes); j++) {
		i = j % n;
		if (!change_entity(w, list, n, i, &changes[(j / n + i * 7) %
		    LEN(changes)]))
			continue;
		if (!k--)
			return 1;
		w->out->len = w->note->len = 0;
	}
	return 0;
}
