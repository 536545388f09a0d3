#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "base/unicode.h"
#include "base/util.h"
#include "edit.h"
#include "frame.h"
#include "language.h"
#include "phrases.h"
#include "span.h"
#include "words.h"
#include "typo.h"

static void
say_word(struct work *w, const char *what, struct span word)
{
	size_t i;

	work_note(w, what);
	for (i = 0; i < word.n; i++)
		if (word.p[i] & 0x80)
			return;
	if (word.n > 30)
		return;
	buf_puts(w->note, " in '");
	span_put(w->note, word);
	buf_byte(w->note, '\'');
}

static int
slip_swap(struct work *w, struct span in, struct buf *out)
{
	struct span word;
	size_t at[48], n, i;
	struct buf two = { 0 };

	if (!edit_pick_char(w, in, edit_min_word(w), &word, at, &n, &i) || n <
	    3)
		return 0;
	if (i + 1 >= n)
		i--;
	if (at[i + 2] - at[i + 1] == at[i + 1] - at[i] &&
	    !memcmp(word.p + at[i], word.p + at[i + 1], at[i + 1] - at[i]))
		return 0;
	span_put(&two, span_of(word.p + at[i + 1], at[i + 2] - at[i + 1]));
	span_put(&two, span_of(word.p + at[i], at[i + 1] - at[i]));
	edit_put(out, in, word.p + at[i], at[i + 2] - at[i], span_buf(&two));
	buf_release(&two);
	say_word(w, "swapped two letters", word);
	return 1;
}

static const char *
neighbours(uint32_t c)
{
	static const char *const keys[] = { "qsz", "vnhg", "xvdf", "sfec",
	    "wrd", "dgrv", "fhtb", "gjyn", "uok", "hkum", "jli", "ko", "nk",
	    "bmh", "ipl", "ol", "wa", "etf", "adwx", "ryg", "yij", "cbg",
	    "qes", "zcs", "tuh", "xas" };

	c = unicode_lower(c);
	return c >= 'a' && c <= 'z' ? keys[c - 'a'] : NULL;
}

static int
slip_neighbour(struct work *w, struct span in, struct buf *out)
{
	struct span word;
	size_t at[48], n, i;
	const char *keys;
	uint32_t c;
	char key;

	if (!edit_pick_char(w, in, 4, &word, at, &n, &i))
		return 0;
	c = span_first(span_from(word, at[i]));
	keys = neighbours(c);
	if (!keys || at[i + 1] - at[i] != 1)
		return 0;
	key = keys[rng_below(&w->rng, strlen(keys))];
	if (unicode_lower(c) != c)
		key = (char)unicode_upper((unsigned char)key);
	if (w->k & 1)
		edit_put(out, in, word.p + at[i], 1, span_of(&key, 1));
	else
		edit_put(out, in, word.p + at[i], 0, span_of(&key, 1));
	say_word(w, w->k & 1 ? "hit the next key" : "hit two keys", word);
	return 1;
}

static int
slip_drop(struct work *w, struct span in, struct buf *out)
{
	struct span word;
	size_t at[48], n, i;

	if (!edit_pick_char(w, in, edit_min_word(w) == 2 ? 3 : 4, &word, at,
	    &n, &i))
		return 0;
	edit_put(out, in, word.p + at[i], at[i + 1] - at[i], span_of("", 0));
	say_word(w, "dropped a letter", word);
	return 1;
}

static int
slip_double(struct work *w, struct span in, struct buf *out)
{
	struct span word;
	size_t at[48], n, i;

	if (!edit_pick_char(w, in, edit_min_word(w), &word, at, &n, &i))
		return 0;
	edit_put(out, in, word.p + at[i], 0,
	    span_of(word.p + at[i], at[i + 1] - at[i]));
	say_word(w, "doubled a letter", word);
	return 1;
}

static int
slip_join(struct work *w, struct span in, struct buf *out)
{
	struct span a, b;

	if (!edit_pick_space(w, in, &a, &b))
		return 0;
	edit_put(out, in, span_end(a), 1, span_of("", 0));
	say_word(w, "missed the space after a word", a);
	return 1;
}

static int
slip_shift(struct work *w, struct span in, struct buf *out)
{
	struct span a, b;
	struct buf mid = { 0 };
	size_t at[48], n;

	if (!edit_pick_space(w, in, &a, &b) || !edit_is_loose(span_first(b)))
		return 0;
	n = edit_clusters(a, at, LEN(at));
	if (n > 2 && n < 40 && rng_chance(&w->rng, 60)) {
		buf_byte(&mid, ' ');
		span_put(&mid, span_of(a.p + at[n - 1], a.n - at[n - 1]));
		edit_put(out, in, a.p + at[n - 1], a.n - at[n - 1] + 1,
		    span_buf(&mid));
	} else {
		n = span_cluster(b, 0);
		if (n == b.n) {
			buf_release(&mid);
			return 0;
		}
		span_put(&mid, span_of(b.p, n));
		buf_byte(&mid, ' ');
		edit_put(out, in, b.p - 1, n + 1, span_buf(&mid));
	}
	buf_release(&mid);
	say_word(w, "space in the wrong place", a);
	return 1;
}

static int
slip_homophone(struct work *w, struct span in, struct buf *out)
{
	size_t n;

	n = words_swap_count(w, in, homophones, nhomophones);
	if (!n || !words_swap_some(w, in, out, homophones, nhomophones,
	    rng_below(&w->rng, n), 0))
		return 0;
	work_note(w, "autocorrected to a similar word");
	return 1;
}

/* Makes the first letter of a word small, or its second letter a capital. */
static int
slip_caps(struct work *w, struct span in, struct buf *out)
{
	struct span word;
	size_t at, next, end;
	uint32_t c;

	if (!edit_pick_word(w, in, 1, &word))
		return 0;
	at = out->len + (size_t)(word.p - in.p);
	c = span_first(word);
	if (unicode_lower(c) == c && word.p == span_trim(in).p)
		return 0;
	span_put(out, in);
	if (unicode_lower(c) != c && (word.n < 4 || rng_chance(&w->rng, 50))) {
		frame_set_char(out, at, unicode_lower(c));
		say_word(w, "missed the shift key", word);
		return 1;
	}
	span_char(word, 0, &next);
	c = span_char(word, next, &end);
	if (next == word.n || unicode_upper(c) == c) {
		out->len = at - (size_t)(word.p - in.p);
		return 0;
	}
	frame_set_char(out, at + next, unicode_upper(c));
	say_word(w, "shift key held too long", word);
	return 1;
}

static int
slip_apostrophe(struct work *w, struct span in, struct buf *out)
{
	struct word_scan sc = { in, 0 };
	struct word_token t;
	size_t i;

	while (words_next(&sc, &t)) {
		for (i = 1; t.plain && i + 1 < t.s.n; i++)
			if (t.s.p[i] == '\'' && unicode_is_letter(
			    (unsigned char)t.s.p[i + 1])) {
				edit_put(out, in, t.s.p + i, 1,
				    span_of("", 0));
				say_word(w, "missing apostrophe", t.s);
				return 1;
			}
	}
	return 0;
}

static int
slip_mark(struct work *w, struct span in, struct buf *out)
{
	static const struct swap marks[] = {
		{ LANG_EN, "?", "/" }, { LANG_EN, "?", "?/" },
		{ LANG_EN, "?", "??" }, { LANG_EN, "?", " ?" },
		{ LANG_EN, "?", "" }, { LANG_EN, "?", ">" },
		{ LANG_EN, ".", "," }, { LANG_EN, ".", ".." },
		{ LANG_EN, ".", "" }, { LANG_EN, ".", ".l" },
		{ LANG_EN, "!", "1" }, { LANG_EN, "!", "!1" },
		{ LANG_EN, "？", "?" }, { LANG_EN, "？", "" },
		{ LANG_EN, "。", "" }, { LANG_EN, "。", "、" },
		{ LANG_EN, "！", "!" }, { LANG_EN, "؟", "?" },
		{ LANG_EN, "؟", "" }, { LANG_EN, "।", "" },
		{ LANG_EN, "।", "." }, { LANG_EN, "", ";" },
		{ LANG_EN, "", "]" }, { LANG_EN, "", "\\" },
		{ LANG_EN, "", ".." }, { LANG_EN, "", " ." }
	};
	const struct swap *m = &marks[rng_below(&w->rng, LEN(marks))];
	size_t at, last;
	uint32_t c;

	if (!span_suffix(in, m->from, &at) || !at)
		return 0;
	c = span_last(in, &last);
	if (!*m->from && (span_is_stop(c) || c == ']' || c == ';' || c == '\\'))
		return 0;
	edit_put(out, in, in.p + at, in.n - at, span_str(m->to));
	work_note(w, *m->to ? "wrong punctuation" : "no punctuation");
	return 1;
}

/* Adds a space in the middle of a word, in writing with few or no spaces. */
static int
slip_gap(struct work *w, struct span in, struct buf *out)
{
	struct span word;
	size_t at[48], n, i;
	int narrow = w->t.lang == LANG_KO || language_is_dense(w->t.lang);

	if (!edit_pick_word(w, in, narrow ? 2 : 6, &word) ||
	    language_script(span_first(word)) == LANG_SCRIPT)
		return 0;
	n = edit_clusters(word, at, LEN(at));
	if (n < (narrow ? 2 : 4))
		return 0;
	i = narrow ? 1 + rng_below(&w->rng, n - 1) :
	    2 + rng_below(&w->rng, n - 3);
	edit_put(out, in, word.p + at[i], 0, span_of(" ", 1));
	say_word(w, "stray space", word);
	return 1;
}

static int
slip_emoji(struct work *w, struct span in, struct buf *out)
{
	size_t i = 0, end;
	uint32_t c;

	(void)w;
	while (i < in.n) {
		c = span_char(in, i, &end);
		end = span_cluster(in, i);
		if ((c >= 0x1f000 && c <= 0x1faff) ||
		    (c >= 0x2600 && c <= 0x27bf)) {
			edit_put(out, in, in.p + i, 0,
			    span_of(in.p + i, end - i));
			work_note(w, "doubled an emoji");
			return 1;
		}
		i = end;
	}
	return 0;
}

const struct step typo_slips[] = {
	{ NULL, slip_swap }, { NULL, slip_neighbour }, { NULL, slip_drop },
	{ NULL, slip_double }, { NULL, slip_shift }, { NULL, slip_join },
	{ NULL, slip_homophone }, { NULL, slip_neighbour },
	{ NULL, slip_caps }, { NULL, slip_mark }, { NULL, slip_apostrophe },
	{ NULL, slip_gap }, { NULL, slip_emoji }
};
const size_t typo_nslips = LEN(typo_slips);

int
typo_make(struct work *w)
{
	size_t n;

	n = w->k < LEN(typo_slips) ? 1 : w->k < 30 ? 2 : 2 + rng_below(&w->rng,
	    2);
	return step_run_some(w, typo_slips, LEN(typo_slips), 0, w->k, n);
}
