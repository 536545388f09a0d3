#include <stdint.h>
#include <string.h>

#include "sentence.h"

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
	if (!span_in_list(span_of(s.p + i, at - i), list))
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
