#include <stdint.h>
#include <string.h>

#include "base/unicode.h"
#include "sentence.h"
#include "when.h"

/* Whether a word is a day, "3" or "24.12", before more of its sentence. */
static int
is_ordinal(struct span word, struct span rest)
{
	uint32_t c = span_first(rest);
	struct span first;
	size_t i;

	for (i = 0; i < word.n; i++)
		if (!span_is_digit((unsigned char)word.p[i]) &&
		    word.p[i] != '.')
			return 0;
	return i && i < 6 && ((unicode_is_letter(c) && unicode_lower(c) == c) ||
	    (span_next_word(&rest, &first) && when_is_word(span_bare(first))));
}

/* Whether a letter after s is the size of a shirt, not "Monsieur". */
static int
is_size(struct span s)
{
	static const char *const names[] = { "size", "größe", "taille", "talla",
	    "tamanho", "taglia", NULL };
	struct span w, last = { "", 0 };

	while (span_next_word(&s, &w))
		last = w;
	return span_in_list(last, names);
}

/* Whether the full stop at offset `at` ends an abbreviation, not a sentence. */
static int
is_abbreviation(struct span s, size_t at)
{
	static const char *const list[] = { "mr", "mrs", "ms", "dr", "prof",
	    "st", "vs", "etc", "e.g", "i.e", "nr", "no", "z.b", "bzw", "usw",
	    "ca", "approx", "inc", "ltd", "sr", "sra", "m", "mme", "p", NULL };
	size_t i = at, next;

	while (i && !span_is_space((unsigned char)s.p[i - 1]) && at - i < 8)
		i--;
	if (is_ordinal(span_of(s.p + i, at - i), span_trim(span_from(s, at +
	    1))))
		return 1;
	if (!span_in_list(span_of(s.p + i, at - i), list) ||
	    (at - i == 1 && is_size(span_of(s.p, i))))
		return 0;
	/* "no." may well end a sentence */
	for (i = at + 1; i < s.n && span_is_space(span_char(s, i, &next)); )
		i = next;
	if (span_equals(span_of(s.p + at - 2, 2), "no"))
		return span_is_digit(span_char(s, i, &next));
	return i < s.n;
}

/* Returns the end of the stop at offset `at`, and of quotes after it. */
static size_t
stop_end(struct span s, size_t at)
{
	size_t next;
	uint32_t c;

	while (at < s.n && span_is_stop(span_char(s, at, &next)))
		at = next;
	while (at < s.n) {
		c = span_char(s, at, &next);
		if (c != ')' && c != 0x2019 && !span_is_quote(c))
			break;
		at = next;
	}
	return at;
}

/* Returns the length of the first sentence of s, with its stop. */
static size_t
sentence_len(struct span s)
{
	size_t i = 0, next, end;
	int quoted = 0;
	uint32_t c;

	for (; i < s.n; i = next) {
		c = span_char(s, i, &next);
		if (c == '\n')
			return i ? i : next;
		quoted ^= c == '"';
		if (quoted || !span_is_stop(c) ||
		    (c == '.' && is_abbreviation(s, i)))
			continue;
		end = stop_end(s, i);
		/* full-width stops need no space after them */
		if (end == s.n || c > 0x2fff || span_is_space(span_char(s, end,
		    &i)))
			return end;
		next = end;
	}
	return s.n;
}

int
sentence_next(struct span *rest, struct span *one)
{
	size_t n;

	while (rest->n) {
		n = sentence_len(*rest);
		*one = span_trim(span_of(rest->p, n));
		*rest = span_from(*rest, n);
		if (one->n)
			return 1;
	}
	return 0;
}

struct span
sentence_without_stop(struct span s, int *query)
{
	size_t at;
	uint32_t c;

	s = span_trim(s);
	while (s.n && (span_is_stop(c = span_last(s, &at)) || c == ';')) {
		if (c == '?' || c == 0xff1f || c == 0x61f || c == ';' ||
		    c == 0x37e)
			*query = 1;
		s.n = at;
		s = span_trim(s);
	}
	return s;
}
