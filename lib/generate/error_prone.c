#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "base/util.h"
#include "edit.h"
#include "language.h"
#include "phrases.h"
#include "sentence.h"
#include "span.h"
#include "typo.h"
#include "words.h"
#include "error_prone.h"

static int
err_title(struct work *w, struct span in, struct buf *out)
{
	(void)w;
	return edit_recase(in, out, EDIT_TITLE);
}

static int
err_capslock(struct work *w, struct span in, struct buf *out)
{
	(void)w;
	return edit_recase(in, out, EDIT_INVERT);
}

static int
err_chat(struct work *w, struct span in, struct buf *out)
{
	struct buf b = { 0 };
	int ok;

	edit_lower(w, in, &b);
	ok = words_swap_some(w, span_buf(&b), out, chat_swaps, nchat_swaps,
	    SIZE_MAX, w->k < 40 ? 70 : 40);
	buf_release(&b);
	return ok;
}

static int
err_cut(struct work *w, struct span in, struct buf *out)
{
	static const char *const again[LANG_KO + 5] = { "sorry, ", "sorry, ",
	    "pardon, ", "perdón, ", "desculpa, ", "scusa, ", "아 죄송해요, ",
	    "すみません、", "不好意思，", "извините, ", "عذراً، " };
	size_t at = edit_middle(w, in);

	if (!at || in.n - at < 3)
		return 0;
	span_put(out, span_of(in.p, at));
	buf_byte(out, '\n');
	if (w->t.lang < LEN(again) && again[w->t.lang] && (w->k & 1) == 1)
		buf_puts(out, again[w->t.lang]);
	span_put(out, span_trim(span_from(in, at)));
	return 1;
}

static int
err_twice(struct work *w, struct span in, struct buf *out)
{
	span_put(out, in);
	buf_puts(out, w->k & 1 ? "\n" : "\n\n");
	span_put(out, in);
	return 1;
}

static int
err_quote(struct work *w, struct span in, struct buf *out)
{
	struct span rest = in, line;
	const char *end;

	(void)w;
	if (w->t.lang == LANG_EN && w->k & 1)
		buf_puts(out, "On Tue, 4 Mar 2025 at 09:12, Sam wrote:\n");
	while (rest.n) {
		end = memchr(rest.p, '\n', rest.n);
		line = span_of(rest.p, end ? (size_t)(end - rest.p) : rest.n);
		buf_puts(out, "> ");
		span_put(out, line);
		buf_byte(out, '\n');
		rest = span_from(rest, line.n + (end != NULL));
	}
	if (in.n)
		out->len--;
	return in.n > 0;
}

static int
err_dictated(struct work *w, struct span in, struct buf *out)
{
	static const struct swap spoken[] = {
		{ LANG_EN, "?", " question mark" },
		{ LANG_EN, "!", " exclamation mark" },
		{ LANG_EN, ".", " full stop" }, { LANG_EN, ",", " comma" },
		{ LANG_DE, "?", " Fragezeichen" }, { LANG_DE, ".", " Punkt" },
		{ LANG_DE, ",", " Komma" },
		{ LANG_FR, "?", " point d'interrogation" },
		{ LANG_FR, ".", " point" }, { LANG_FR, ",", " virgule" },
		{ LANG_ES, "?", " signo de interrogación" },
		{ LANG_ES, ",", " coma" }, { LANG_PT, "?", " interrogação" },
		{ LANG_PT, ",", " vírgula" },
		{ LANG_IT, "?", " punto interrogativo" },
		{ LANG_IT, ",", " virgola" }, { LANG_KO, "?", " 물음표" },
		{ LANG_RU, "?", " вопросительный знак" }
	};
	size_t i, j, n = 0;

	for (i = 0; i < in.n; i++) {
		for (j = 0; j < LEN(spoken); j++)
			if (spoken[j].lang == w->t.lang &&
			    in.p[i] == spoken[j].from[0] &&
			    (i + 1 == in.n || in.p[i + 1] == ' ' ||
			    in.p[i + 1] == '\n'))
				break;
		if (j == LEN(spoken)) {
			buf_byte(out, span_ascii_lower(in.p[i]));
			continue;
		}
		buf_puts(out, spoken[j].to);
		n++;
	}
	return n > 0;
}

static int
err_hesitate(struct work *w, struct span in, struct buf *out)
{
	static const char *const um[] = { ", um,", ", uh,", " um", " uh",
	    "... um," };
	struct span a, b;

	if (w->t.lang != LANG_EN || !edit_pick_space(w, in, &a, &b))
		return 0;
	edit_put(out, in, span_end(a), 0,
	    span_str(um[rng_below(&w->rng, LEN(um))]));
	return 1;
}

static int
err_lost_word(struct work *w, struct span in, struct buf *out)
{
	struct span a, b;

	if (!edit_pick_space(w, in, &a, &b) || span_bare(b).n != b.n || b.n > 5
	    || !span_in_list(b, w->t.lang == LANG_EN ? filler_words :
	    small_words))
		return 0;
	edit_put(out, in, b.p - 1, b.n + 1, span_of("", 0));
	return 1;
}

static int
err_word_twice(struct work *w, struct span in, struct buf *out)
{
	struct span a, b;

	if (!edit_pick_space(w, in, &a, &b))
		return 0;
	edit_put(out, in, b.p, 0, span_of(a.p, (size_t)(b.p - a.p)));
	return 1;
}

static int
err_spaces(struct work *w, struct span in, struct buf *out)
{
	static const char *const odd[] = { "  ", "   ", "\t", " \r\n", "\n",
	    "\302\240" };
	size_t i, n = 0;

	for (i = 0; i < in.n; i++) {
		if (in.p[i] != ' ' || !rng_chance(&w->rng, 45)) {
			buf_byte(out, in.p[i]);
			continue;
		}
		buf_puts(out, odd[rng_below(&w->rng, LEN(odd))]);
		n++;
	}
	return n > 0;
}

/* Broken into short lines, as text copied from a narrow window is. */
static int
err_wrapped(struct work *w, struct span in, struct buf *out)
{
	size_t i, column = 0, width = 14 + rng_below(&w->rng, 16), n = 0;

	for (i = 0; i < in.n; i++) {
		column++;
		if (in.p[i] == ' ' && column >= width) {
			buf_byte(out, '\n');
			column = 0;
			n++;
		} else
			buf_byte(out, in.p[i]);
	}
	return n > 0;
}

static int
err_smart(struct work *w, struct span in, struct buf *out)
{
	size_t i, n = 0, quotes = 0;

	(void)w;
	for (i = 0; i < in.n; i++) {
		if (in.p[i] == '\'' && ++n)
			buf_puts(out, "\342\200\231");
		else if (in.p[i] == '"')
			buf_puts(out, quotes++ & 1 ? "\342\200\235" :
			    "\342\200\234");
		else
			buf_byte(out, in.p[i]);
	}
	if (n + quotes)
		return 1;
	/* nobody quotes one word that he asks with */
	if (span_count_words(in) < 2)
		return 0;
	out->len -= in.n;
	buf_puts(out, "\342\200\234");
	span_put(out, in);
	buf_puts(out, "\342\200\235");
	return 1;
}

static int
err_paste(struct work *w, struct span in, struct buf *out)
{
	static const char *const stray[] = { "\n\nSent from my iPhone",
	    "\n[image001.png]", " https://example.com/?utm_source=mail",
	    "v", "\n\nGet Outlook for Android",
	    "\n--\nThis mail is confidential.", " asdf", "\n(no subject)",
	    "\n09:41", " 📎 screenshot_2025-03-04.png" };

	span_put(out, in);
	buf_puts(out, stray[rng_below(&w->rng, LEN(stray))]);
	return 1;
}

static int
err_loud(struct work *w, struct span in, struct buf *out)
{
	static const char *const marks[] = { "???", "!!!", "?!?!", "!!!1",
	    "??????", "...", "?!" };
	struct span core;
	int query = 0;
	size_t i;

	core = sentence_without_stop(in, &query);
	span_put(out, core);
	i = rng_below(&w->rng, LEN(marks));
	buf_puts(out, marks[query && i == 1 ? 0 : i]);
	return core.n > 0;
}

static int
err_gaps(struct work *w, struct span in, struct buf *out)
{
	size_t i, n = 0, mode = rng_below(&w->rng, 2);

	for (i = 0; i < in.n; i++) {
		if (span_char_in(",.?!", in.p[i]) && in.p[i] && i &&
		    (i + 1 == in.n || in.p[i + 1] == ' ')) {
			n++;
			if (!mode)
				buf_byte(out, ' ');
			buf_byte(out, in.p[i]);
			if (mode && i + 1 < in.n)
				i++;
			continue;
		}
		buf_byte(out, in.p[i]);
	}
	return n > 0;
}

/* Groups digits with commas, points or spaces. */
static int
err_digits(struct work *w, struct span in, struct buf *out)
{
	static const char sep[] = { ',', '.', ' ', '-', '\'' };
	size_t i, j, run, n = 0;
	char by = sep[rng_below(&w->rng, LEN(sep))];

	for (i = 0; i < in.n; i += run) {
		for (run = 0; i + run < in.n &&
		    span_is_digit((unsigned char)in.p[i + run]); )
			run++;
		for (j = 0; j < run; j++) {
			if (j && run > 3 && (run - j) % 3 == 0) {
				buf_byte(out, by);
				n++;
			}
			buf_byte(out, in.p[i + j]);
		}
		if (!run)
			buf_byte(out, in.p[i + run++]);
	}
	return n > 0;
}

static int
err_runon(struct work *w, struct span in, struct buf *out)
{
	static const char *const tails[] = { " and also it doesnt work on my "
	    "phone and i tried everything already", " and i dont know what "
	    "else to do so can you look", " and my friend said to ask here "
	    "so im asking here", " or is that not possible because i read "
	    "somewhere it isnt", " and if not then who can i ask about it" };

	if (w->t.lang != LANG_EN)
		return 0;
	edit_lower(w, in, out);
	buf_puts(out, tails[rng_below(&w->rng, LEN(tails))]);
	return 1;
}

/* Appends a typing mistake, and the corrected word after it. */
static int
err_corrected(struct work *w, struct span in, struct buf *out)
{
	struct span word;
	size_t at[48], n, i;

	if (!edit_pick_char(w, in, edit_min_word(w), &word, at, &n, &i))
		return 0;
	edit_put(out, in, word.p + at[i], at[i + 1] - at[i], span_of("", 0));
	buf_puts(out, "\n*");
	span_put(out, word);
	return 1;
}

/*
 * Appends UTF-8 read as Windows-1252 or, where that has no character, Latin-1.
 */
static int
err_mojibake(struct work *w, struct span in, struct buf *out)
{
	static const uint32_t cp1252[32] = { 0x20ac, 0x81, 0x201a, 0x192,
	    0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
	    0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d,
	    0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d,
	    0x17e, 0x178 };
	size_t i, n = 0;
	unsigned char c;

	(void)w;
	for (i = 0; i < in.n; i++) {
		c = (unsigned char)in.p[i];
		utf8_put(out, c >= 0x80 && c < 0xa0 ? cp1252[c - 0x80] : c);
		n += c >= 0x80;
	}
	return n > 0;
}

static int
err_entities(struct work *w, struct span in, struct buf *out)
{
	size_t i, n = 0;

	(void)w;
	for (i = 0; i < in.n; i++, n++) {
		if (in.p[i] == '\'')
			buf_puts(out, "&#39;");
		else if (in.p[i] == '"')
			buf_puts(out, "&quot;");
		else if (in.p[i] == '&')
			buf_puts(out, "&amp;");
		else if (in.p[i] == ' ' && rng_chance(&w->rng, 50))
			buf_puts(out, "&nbsp;");
		else {
			buf_byte(out, in.p[i]);
			n--;
		}
	}
	return n > 0;
}

/* Appends the beginning of the text, and then all of it. */
static int
err_restart(struct work *w, struct span in, struct buf *out)
{
	size_t at = edit_middle(w, in);

	if (!at)
		return 0;
	span_put(out, span_of(in.p, at));
	if (!language_is_dense(w->t.lang))
		buf_byte(out, ' ');
	span_put(out, in);
	return 1;
}

/* Cyrillic typed with the keyboard still set to Latin letters. */
static int
err_layout(struct work *w, struct span in, struct buf *out)
{
	static const char keys[] = "f,dult;pbqrkvyjghcnea[wxio]sm'.z";
	size_t i = 0, n = 0;
	uint32_t c, l;

	(void)w;
	while (i < in.n) {
		c = span_char(in, i, &i);
		l = unicode_lower(c);
		if (l >= 0x430 && l <= 0x44f && ++n)
			utf8_put(out, (uint32_t)keys[l - 0x430]);
		else if (l == 0x451)
			buf_byte(out, '`');
		else
			utf8_put(out, c);
	}
	return n > 0;
}

/* Korean typed with the keyboard still set to Latin letters. */
static int
err_hangul(struct work *w, struct span in, struct buf *out)
{
	static const char *const first[] = { "r", "R", "s", "e", "E", "f", "a",
	    "q", "Q", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g" };
	static const char *const vowel[] = { "k", "o", "i", "O", "j", "p", "u",
	    "P", "h", "hk", "ho", "hl", "y", "n", "nj", "np", "nl", "b", "m",
	    "ml", "l" };
	static const char *const final[] = { "", "r", "R", "rt", "s", "sw",
	    "sg", "e", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a",
	    "q", "qt", "t", "T", "d", "w", "c", "z", "x", "v", "g" };
	size_t i = 0, n = 0;
	uint32_t c;

	(void)w;
	while (i < in.n) {
		c = span_char(in, i, &i);
		if (c < 0xac00 || c > 0xd7a3) {
			utf8_put(out, c);
			continue;
		}
		c -= 0xac00;
		buf_puts(out, first[c / 588]);
		buf_puts(out, vowel[c % 588 / 28]);
		buf_puts(out, final[c % 28]);
		n++;
	}
	return n > 0;
}

/* Without any space, as in an address. */
static int
err_nospace(struct work *w, struct span in, struct buf *out)
{
	size_t i, n = 0;

	(void)w;
	for (i = 0; i < in.n; i++) {
		if (in.p[i] == ' ' && in.n < 200 && ++n)
			continue;
		buf_byte(out, in.p[i]);
	}
	return n > 1;
}

int
error_prone_slip(struct work *w, struct span in, struct buf *out)
{
	struct buf text = { 0 };
	size_t n = 0, most = 1 + span_count_words(in) / 4, tries;

	span_put(&text, in);
	for (tries = 0; n < 3 && n < most && tries < 12; tries++)
		n += (size_t)step_run(w, &typo_slips[rng_below(&w->rng, 7)],
		    &text);
	span_put(out, span_buf(&text));
	buf_release(&text);
	return n > 0;
}

/* The last ERRORS_LATE shape the message as a whole. */
#define ERRORS_LATE 8
static const struct step errors[] = {
	{ "no capitals and no punctuation", edit_lower },
	{ "all capitals", edit_caps },
	{ "chat spellings", err_chat },
	{ "dictated punctuation", err_dictated },
	{ "missing articles", edit_drop_articles },
	{ "run-on sentence", err_runon },
	{ "digits grouped oddly", err_digits },
	{ "too much punctuation", err_loud },
	{ "hesitation", err_hesitate },
	{ "a word missing", err_lost_word },
	{ "a word twice", err_word_twice },
	{ "began twice", err_restart },
	{ "spaces around punctuation", err_gaps },
	{ "caps lock on", err_capslock },
	{ "Every Word Capitalised", err_title },
	{ NULL, error_prone_slip },
	{ "text in the wrong encoding", err_mojibake },
	{ "keyboard set to another language", err_layout },
	{ "keyboard set to another language", err_hangul },
	{ "no spaces at all", err_nospace },
	{ "HTML entities", err_entities },
	{ "typographic quotes", err_smart },
	{ "sent too early, then the rest", err_cut },
	{ "sent twice", err_twice },
	{ "quoted as in a mail", err_quote },
	{ "stray paste at the end", err_paste },
	{ "corrected in a second line", err_corrected },
	{ "odd spaces and line breaks", err_spaces },
	{ "hard line breaks", err_wrapped }
};

/* The order of the steps: the most different ones first. */
static const unsigned char error_order[] = { 0, 22, 1, 2, 23, 3, 24, 4, 5, 25,
    16, 17, 18, 27, 26, 7, 6, 8, 21, 28, 9, 10, 11, 12, 13, 20, 14, 15, 19 };

int
error_prone_make(struct work *w)
{
	static const char *const nothing[] = { " ", "\n", ".", "?", "asdf",
	    "sorry, sent by accident", "\n\n", "v", "...", "hello?" };

	if (!w->t.all.n) {
		if (w->k >= LEN(nothing))
			return 0;
		buf_puts(w->out, nothing[w->k]);
		work_note(w, "sent by accident");
		return 1;
	}
	if (w->k < LEN(error_order))
		return step_run_some(w, errors, LEN(errors), ERRORS_LATE,
		    error_order[w->k], 1);
	return step_run_some(w, errors, LEN(errors), ERRORS_LATE, LEN(errors),
	    2);
}
