#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "foreign.h"

static int
ends_in(struct span w, const char *const *endings)
{
	size_t at;

	for (; *endings; endings++)
		if (span_suffix(w, *endings, &at) && at)
			return 1;
	return 0;
}

int
foreign_is_infinitive(enum lang l, struct span s)
{
	static const char *const fr[] = { "er", "ir", "re", "oir", NULL };
	static const char *const es[] = { "ar", "er", "ir", "arme", "erme",
	    "irme", "arlo", "erlo", "irlo", "arla", "erla", "irla", NULL };
	static const char *const it[] = { "are", "ere", "ire", "armi", "ermi",
	    "irmi", "arlo", "erlo", "irlo", "arre", "urre", NULL };
	static const char *const ru[] = { "ть", "ти", "ться", "чь", "тись",
	    NULL };
	static const char *const de[] = { "en", "ern", "eln", "tun", "sein",
	    NULL };
	static const char *const clitics[] = { "me", "le", "la", "les", "y",
	    "en", "lui", "vous", NULL };
	struct span rest = s, w, last;

	if (!span_next_word(&rest, &w))
		return 0;
	for (last = w; span_next_word(&rest, &last); )
		;
	w = span_bare(w);
	switch (l) {
	case LANG_DE:
		rest = span_trim(s);
		while (span_next_word(&rest, &w))
			last = span_bare(w);
		return ends_in(last, de) && !memchr(s.p, ',', s.n);
	case LANG_FR:
		return span_in_list(w, clitics) || ends_in(w, fr) ||
		    span_prefix(w, "m'") || span_prefix(w, "l'");
	case LANG_ES:
	case LANG_PT:
		return ends_in(w, es);
	case LANG_IT:
		return ends_in(w, it);
	case LANG_RU:
		return ends_in(w, ru);
	default:
		return 1;
	}
}

int
foreign_german_clause(struct span s, struct buf *slot)
{
	static const char *const wh[] = { "wie", "was", "wo", "wann", "warum",
	    "wieso", "weshalb", "wohin", "woher", NULL };
	static const char *const who[] = { "ich", "wir", "sie", "es", "man",
	    NULL };
	static const char *const parts[] = { "an", "ab", "auf", "aus", "ein",
	    "um", "zurück", "mit", "vor", "zu", "nach", "her", "hin",
	    "weiter", "los", "fest", "frei", "weg", "herunter", NULL };
	struct span words[3], rest, w, last = { "", 0 }, more;

	if (span_words(s, words, 3, &rest) < 3 || !span_in_list(words[0], wh) ||
	    !span_in_list(words[2], who) || memchr(s.p, ',', s.n) ||
	    span_bare(words[1]).n != words[1].n)
		return 0;
	for (more = rest; span_next_word(&more, &w); )
		last = w;
	if (span_in_list(last, parts))
		rest = span_trim(span_of(rest.p, (size_t)(last.p - rest.p)));
	else
		last.n = 0;
	span_put(slot, words[0]);
	buf_byte(slot, ' ');
	span_put(slot, words[2]);
	buf_byte(slot, ' ');
	span_put(slot, rest);
	if (rest.n)
		buf_byte(slot, ' ');
	span_put(slot, last);
	span_put(slot, words[1]);
	return 1;
}
