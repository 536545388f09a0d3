#include <stdint.h>
#include <string.h>

#include "base/unicode.h"
#include "base/util.h"
#include "language.h"

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
has_char(struct span s, uint32_t c)
{
	size_t i = 0;

	while (i < s.n)
		if (span_char(s, i, &i) == c)
			return 1;
	return 0;
}

/* How many letters beyond ASCII s has that the language does not. */
static size_t
odd_letters(struct span s, size_t lang)
{
	static const char *const own[LANG_KO] = { "àâäçèéêëïôöüñ", "äöüßé",
	    "àâçéèêëîïôùûüÿœæ", "áéíóúüñ", "áâãàçéêíóôõúü", "àèéìíîòóùú" };
	struct span set = span_str(own[lang]);
	size_t i = 0, n = 0;
	uint32_t c;

	while (i < s.n) {
		c = unicode_lower(span_char(s, i, &i));
		if (c >= 0x80 && unicode_is_letter(c) && !has_char(set, c))
			n++;
	}
	return n;
}

/* How many small words of a language s has, up to a limit. */
static size_t
stop_hits(struct span s, const char *const *list, const char *const *more)
{
	struct span w;
	size_t n = 0, seen = 0;

	while (seen++ < 300 && span_next_word(&s, &w)) {
		w = span_bare(w);
		n += (size_t)span_in_list(w, list);
		if (more)
			n += (size_t)span_in_list(w, more);
	}
	return n;
}

/* Parts of words that tell a language; a word counts once for each. */
static const struct {
	enum lang lang;
	const char *head, *tail;	/* one of them is empty */
} clues[] = {
	{ LANG_DE, "", "ung" }, { LANG_DE, "", "keit" },
	{ LANG_DE, "", "heit" }, { LANG_DE, "", "lich" },
	{ LANG_DE, "ge", "cht" }, { LANG_ES, "", "ción" },
	{ LANG_ES, "", "ciones" }, { LANG_ES, "¿", "" },
	{ LANG_ES, "¡", "" }, { LANG_PT, "", "ção" },
	{ LANG_PT, "", "ções" }, { LANG_PT, "", "ão" },
	{ LANG_IT, "", "zione" }, { LANG_IT, "", "zioni" },
	{ LANG_IT, "dell'", "" }, { LANG_IT, "all'", "" },
	{ LANG_FR, "l'", "" }, { LANG_FR, "d'", "" }, { LANG_FR, "j'", "" },
	{ LANG_FR, "qu'", "" }, { LANG_FR, "n'", "" }, { LANG_FR, "s'", "" },
	{ LANG_FR, "c'", "" }, { LANG_FR, "", "-vous" },
	{ LANG_FR, "", "-moi" }, { LANG_EN, "", "ing" },
};

static size_t
clue_hits(struct span s, size_t lang)
{
	struct span w;
	size_t n = 0, seen = 0, i, at;

	while (seen++ < 300 && span_next_word(&s, &w)) {
		for (i = 0; i < LEN(clues); i++) {
			if (clues[i].lang != (enum lang)lang)
				continue;
			if ((!*clues[i].head || span_prefix(w,
			    clues[i].head)) && (!*clues[i].tail ||
			    (span_suffix(span_bare(w), clues[i].tail, &at) &&
			    at > 1)))
				n++;
		}
	}
	return n;
}

/* Which of the languages in Latin letters s is in; LANG_LATIN when unsure. */
static enum lang
latin_of(struct span s)
{
	size_t l, n, best = 0, second = 0, words;
	enum lang lang = LANG_LATIN;

	for (l = LANG_EN; l <= LANG_IT; l++) {
		n = stop_hits(s, stop_words[l],
		    l == LANG_EN ? verb_words : NULL) + clue_hits(s, l);
		if (n <= odd_letters(s, l))
			continue;
		if (n > best) {
			second = best;
			best = n;
			lang = (enum lang)l;
		} else if (n > second)
			second = n;
	}
	if (second == best ||
	    stop_hits(s, other_words, NULL) >= best + !best)
		return LANG_LATIN;
	words = span_count_words(s);
	if (words > 300)
		words = 300;
	return best * 5 >= words ? lang : LANG_LATIN;
}

enum lang
language_of(struct span s)
{
	size_t count[LANG_NONE + 1] = { 0 }, i = 0, l, best = LANG_NONE;

	if (s.n > LANGUAGE_LOOK)
		s.n = LANGUAGE_LOOK;
	while (i < s.n)
		count[language_script(span_char(s, i, &i))]++;
	count[LANG_NONE] = 0;
	/* a little kana makes Chinese characters Japanese */
	if (count[LANG_JA])
		count[LANG_JA] += count[LANG_ZH];
	for (l = 0; l < LANG_NONE; l++)
		if (count[l] > count[best])
			best = l;
	return best == LANG_EN ? latin_of(s) : (enum lang)best;
}

int
language_is_dense(enum lang l)
{
	return l == LANG_JA || l == LANG_ZH;
}
