#include <stdint.h>
#include <string.h>

#include "base/unicode.h"
#include "base/utf8.h"
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

/* Which of the languages in Latin letters s is in. */
static enum lang
latin_of(struct span s)
{
	size_t l, n, best = 0, words;
	enum lang lang = LANG_LATIN;

	for (l = LANG_EN; l <= LANG_IT; l++) {
		n = stop_hits(s, stop_words[l],
		    l == LANG_EN ? verb_words : NULL);
		if (n > best && n > odd_letters(s, l)) {
			best = n;
			lang = (enum lang)l;
		}
	}
	if (stop_hits(s, other_words, NULL) >= best + !best)
		return LANG_LATIN;
	words = span_count_words(s);
	if (words > 300)
		words = 300;
	if (words <= 2 && !best && utf8_len(s.p, s.n) == s.n)
		return LANG_EN;
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
