#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "base/util.h"
#include "lexicon.h"
#include "language.h"
#include "ngrams.h"

struct script {
	enum lang lang;
	uint32_t from, to;
};

static const struct script scripts[] = {
	{ LANG_EN, 'A', 'Z' }, { LANG_EN, 'a', 'z' }, { LANG_EN, 0xc0, 0x24f },
	{ LANG_EN, 0x1e00, 0x1eff }, { LANG_EL, 0x370, 0x3ff },
	{ LANG_EL, 0x1f00, 0x1fff }, { LANG_RU, 0x400, 0x52f },
	{ LANG_HE, 0x590, 0x5ff }, { LANG_AR, 0x600, 0x6ff },
	{ LANG_HI, 0x900, 0x97f }, { LANG_TH, 0xe00, 0xe7f },
	{ LANG_KO, 0x1100, 0x11ff }, { LANG_KO, 0x3130, 0x318f },
	{ LANG_KO, 0xac00, 0xd7a3 }, { LANG_JA, 0x3041, 0x30ff },
	{ LANG_ZH, 0x3400, 0x9fff }
};

enum lang
language_script(uint32_t c)
{
	size_t i;

	if (!unicode_is_letter(c))
		return LANG_NONE;
	for (i = 0; i < LEN(scripts); i++)
		if (c >= scripts[i].from && c <= scripts[i].to)
			return scripts[i].lang;
	return LANG_SCRIPT;
}

static int
has_char(const char *set, uint32_t c)
{
	struct span s = span_str(set);
	size_t i = 0;

	while (i < s.n)
		if (span_char(s, i, &i) == c)
			return 1;
	return 0;
}

/* --- words -------------------------------------------------------------- */

/* A word of more bytes is not looked up. */
#define WORD_MAX 24
#define WORDS_CAP 8192	/* twice the number of words */

/* The words of all lists, by their hash, each with the languages it is of. */
static struct {
	const char *p;
	unsigned char n;
	unsigned char langs;	/* a bit for each */
} words[WORDS_CAP];

static size_t
word_slot(const char *p, size_t n)
{
	size_t i = hash_word(p, n) % WORDS_CAP;

	for (; words[i].n; i = (i + 1) % WORDS_CAP)
		if (words[i].n == n && !memcmp(words[i].p, p, n))
			break;
	return i;
}

static void
add_words(void)
{
	struct span rest, w;
	size_t l, i;

	for (l = 0; l < LEXICON_LATIN; l++)
		for (rest = span_str(lexicon_words[l]);
		    span_next_word(&rest, &w); ) {
			i = word_slot(w.p, w.n);
			words[i].p = w.p;
			words[i].n = (unsigned char)w.n;
			words[i].langs |= (unsigned char)(1U << l);
		}
}

/* The languages that have the word in their lists, a bit for each. */
static unsigned
word_langs(struct span w)
{
	char small[WORD_MAX + 4];
	size_t i = 0, n = 0;
	uint32_t c;

	if (!words[word_slot("the", 3)].n)
		add_words();
	while (i < w.n && n < WORD_MAX) {
		c = span_char(w, i, &i);
		c = c == 0x2019 ? '\'' : unicode_lower(c);
		n += utf8_encode(small + n, c);
	}
	return i < w.n ? 0 : words[word_slot(small, n)].langs;
}

/* --- languages in Latin letters ------------------------------------------ */

/* What speaks for each language: the lists, and the sequences of letters. */
struct evidence {
	unsigned points[LEXICON_LATIN];
	int sums[LEXICON_LATIN];	/* in units of ngrams.h */
};

/*
 * Weights in units of ngrams.h, fitted on sentences that stand in no test:
 * one point of the lists, what is added for the row for others, what the
 * best must have, and by how much it must be ahead of the second.
 */
enum { POINT = 4, OTHERS = -4, LEAST = 20, AHEAD = 5 };

/* Adds the points of a word: more for a word of fewer languages. */
static void
weigh_word(unsigned *points, struct span w)
{
	static const unsigned char by_count[LEXICON_LATIN + 1] = { 0, 6, 3, 2,
	    1, 1, 1, 1 };
	unsigned langs = word_langs(w), n = 0;
	size_t l;

	for (l = 0; l < LEXICON_LATIN; l++)
		n += langs >> l & 1;
	for (l = 0; l < LEXICON_LATIN; l++)
		if (langs >> l & 1)
			points[l] += by_count[n];
}

static void
weigh_clues(unsigned *points, struct span w, struct span bare)
{
	const struct lexicon_clue *c;
	size_t i, at;

	for (i = 0, c = lexicon_clues; i < lexicon_nclues; i++, c++)
		if (*c->head ? span_prefix(w, c->head) > 0 :
		    span_suffix(bare, c->tail, &at) && at > 1)
			points[c->lang] += c->weight;
}

/*
 * Adds the points of a letter to the languages that have it: fewer if they are
 * many. Returns a bit for each of the other languages.
 */
static unsigned
weigh_letter(unsigned *points, uint32_t c)
{
	unsigned without = 0, n = 0;
	size_t l;

	for (l = 0; l < LANG_KO; l++)
		if (has_char(lexicon_letters[l], c))
			n++;
		else
			without |= 1U << l;
	for (l = 0; l < LANG_KO && n < 3; l++)
		if (!(without >> l & 1))
			points[l] += n == 1 ? 3 : 1;
	if (!n)
		points[LEXICON_OTHER] += 6;
	else if (has_char(lexicon_nordic, c))
		points[LEXICON_OTHER] += 3;
	return without;
}

/* Whether a word has no vowel, as "npm" and "VPN" do, or a digit. */
static int
looks_like_code(struct span w)
{
	size_t i, vowels = 0;

	for (i = 0; i < w.n; i++) {
		if (w.p[i] >= '0' && w.p[i] <= '9')
			return 1;
		vowels += (unsigned char)w.p[i] >= 0x80 ||
		    span_char_in("aeiouyAEIOUY", w.p[i]);
	}
	return !vowels;
}

/* Adds the evidence of a word; of a name, only that for German nouns. */
static void
weigh(struct evidence *e, struct span w, struct span bare, int is_name)
{
	unsigned points[LEXICON_LATIN] = { 0 }, without = 0;
	size_t i = 0, l;
	uint32_t c;

	weigh_word(points, bare);
	weigh_clues(points, w, bare);
	while (i < w.n) {
		c = unicode_lower(span_char(w, i, &i));
		if (c >= 0x80 && unicode_is_letter(c))
			without |= weigh_letter(points, c);
	}
	for (l = 0; l < LEXICON_LATIN; l++) {
		if (is_name && l != LANG_DE)
			continue;
		e->points[l] += points[l];
		if (without >> l & 1)
			e->points[l] -= e->points[l] < 6 ? e->points[l] : 6;
	}
	if (!is_name && !looks_like_code(w))
		ngrams_weigh(bare, e->sums);
}

/* Whether a word within a sentence has a capital, then small letters. */
static int
looks_like_name(struct span w, struct span before)
{
	size_t next, at;
	uint32_t a = span_char(w, 0, &next), b = span_char(w, next, &at);

	return before.n && !span_is_stop(span_last(before, &at)) &&
	    unicode_lower(a) != a && unicode_is_letter(b) &&
	    unicode_lower(b) == b;
}

/* The language that most speaks for, if it is far enough ahead of the others. */
static enum lang
best_of(const struct evidence *e)
{
	int sum, best = 0, second = 0;
	size_t l, found = LEXICON_OTHER;

	for (l = 0; l < LEXICON_LATIN; l++) {
		sum = (int)e->points[l] * POINT + e->sums[l] +
		    (l == LEXICON_OTHER ? OTHERS : 0);
		if (sum > best) {
			second = best;
			best = sum;
			found = l;
		} else if (sum > second)
			second = sum;
	}
	return found == LEXICON_OTHER || best < LEAST ||
	    best - second < AHEAD ? LANG_LATIN : (enum lang)found;
}

/* Returns the language of s in Latin letters; LANG_LATIN if unsure. */
static enum lang
latin_of(struct span s)
{
	struct evidence e = { { 0 }, { 0 } };
	struct span w, bare, before = { "", 0 };
	size_t seen;

	for (seen = 0; seen < 300 && span_next_word(&s, &w); seen++) {
		bare = span_bare(w);
		if (language_script(span_first(bare)) == LANG_EN)
			weigh(&e, w, bare, looks_like_name(bare, before));
		before = w;
	}
	return best_of(&e);
}

/* --- other scripts ------------------------------------------------------- */

/* Whether the word is one of a list, in any case. */
static int
is_word(struct span w, struct span one)
{
	size_t i = 0, j = 0;

	if (w.n != one.n)
		return 0;
	while (i < w.n && j < one.n)
		if (unicode_lower(span_char(w, i, &i)) != span_char(one, j, &j))
			return 0;
	return 1;
}

/* Returns the number of words of a list in s. */
static size_t
list_hits(struct span s, const char *list)
{
	struct span w, all, one;
	size_t n = 0, seen = 0;

	while (seen++ < 300 && span_next_word(&s, &w)) {
		w = span_bare(w);
		for (all = span_str(list); span_next_word(&all, &one); )
			if (is_word(w, one)) {
				n++;
				break;
			}
	}
	return n;
}

/* Returns the language, or another one of the same script that s looks like. */
static enum lang
script_of(struct span s, enum lang lang)
{
	const struct lexicon_script *l = lexicon_scripts;
	uint32_t c, last = 0;
	size_t i = 0, foreign;

	while (i < lexicon_nscripts && l->lang != lang)
		i++, l++;
	if (i == lexicon_nscripts)
		return lang;
	for (i = 0; i < s.n; last = c) {
		c = unicode_lower(span_char(s, i, &i));
		/* Russian has a hard sign before some vowels only */
		if (has_char(l->foreign_letters, c) || (last == 0x44a &&
		    unicode_is_letter(c) && !has_char("еёюя", c)))
			return LANG_SCRIPT;
	}
	foreign = list_hits(s, l->foreign_words);
	return foreign && foreign >= list_hits(s, l->own_words) ? LANG_SCRIPT :
	    lang;
}

/* Chinese characters alone are Japanese if some have its forms. */
static enum lang
han_of(struct span s)
{
	size_t i = 0;

	while (i < s.n)
		if (has_char(lexicon_japanese, span_char(s, i, &i)))
			return LANG_JA;
	return LANG_ZH;
}

/* Counts the letters of each script; Latin words with a capital apart. */
static size_t
count_letters(struct span s, size_t count[LANG_NONE + 1])
{
	size_t i = 0, names = 0;
	int within = 0, capital = 0;
	enum lang l;
	uint32_t c;

	while (i < s.n) {
		c = span_char(s, i, &i);
		l = language_script(c);
		if (!within)
			capital = unicode_lower(c) != c;
		within = l == LANG_EN;
		if (within && capital)
			names++;
		else
			count[l]++;
	}
	count[LANG_NONE] = 0;
	return names;
}

enum lang
language_of(struct span s)
{
	size_t count[LANG_NONE + 1] = { 0 }, l, best = LANG_NONE, names;

	if (s.n > LANGUAGE_LOOK)
		s.n = LANGUAGE_LOOK;
	names = count_letters(s, count);
	/* a little kana makes Chinese characters Japanese */
	if (count[LANG_JA])
		count[LANG_JA] += count[LANG_ZH];
	/* one character of these counts more than a letter */
	count[LANG_ZH] *= 2;
	count[LANG_JA] *= 2;
	count[LANG_KO] *= 2;
	/* texts of all scripts have names in Latin letters */
	count[LANG_EN] /= 2;
	for (l = 0; l < LANG_NONE; l++)
		if (count[l] > count[best])
			best = l;
	if (best == LANG_EN || (best == LANG_NONE && names))
		return latin_of(s);
	return best == LANG_ZH ? han_of(s) : script_of(s, (enum lang)best);
}

int
language_is_dense(enum lang l)
{
	return l == LANG_JA || l == LANG_ZH;
}
