#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/unicode.h"
#include "base/utf8.h"
#include "span.h"

int
span_char_in(const char *set, int c)
{
	return c && strchr(set, c) != NULL;
}

char
span_ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Whether a character joins its two neighbours into one. */
static int
span_is_joiner(uint32_t c)
{
	return c == 0x200d || c == 0x94d || c == 0x9cd || c == 0xa4d ||
	    c == 0xacd || c == 0xb4d || c == 0xbcd || c == 0xc4d ||
	    c == 0xccd || c == 0xd4d || c == 0x1039 || c == 0x17d2;
}

static int
span_is_flag(uint32_t c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

int
span_is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

int
span_is_space(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 ||
	    c == 0x3000 || (c >= 0x2000 && c <= 0x200b) || c == 0xfeff ||
	    c == 0x2028 || c == 0x2029 || c == 0x202f;
}

int
span_is_stop(uint32_t c)
{
	return c == '.' || c == '!' || c == '?' || c == 0x2026 ||
	    c == 0x3002 || c == 0xff01 || c == 0xff1f || c == 0x61f ||
	    c == 0x964 || c == 0x37e;
}

int
span_is_quote(uint32_t c)
{
	return c == '"' || c == '`' || c == 0xab || c == 0xbb ||
	    (c >= 0x201c && c <= 0x201f) || (c >= 0x300c && c <= 0x300f);
}

struct span
span_of(const char *p, size_t n)
{
	struct span s = { p, n };

	return s;
}

struct span
span_str(const char *p)
{
	return span_of(p, strlen(p));
}

struct span
span_buf(const struct buf *b)
{
	return span_of(b->p ? b->p : "", b->len);
}

struct span
span_from(struct span s, size_t at)
{
	return span_of(s.p + at, s.n - at);
}

const char *
span_end(struct span s)
{
	return s.p + s.n;
}

void
span_put(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

uint32_t
span_char(struct span s, size_t at, size_t *next)
{
	uint32_t c;
	size_t n;

	if (at >= s.n) {
		*next = s.n;
		return 0;
	}
	if (!(s.p[at] & 0x80)) {
		*next = at + 1;
		return (uint32_t)s.p[at];
	}
	n = utf8_decode(s.p + at, s.n - at, &c);
	*next = at + n;
	return c;
}

uint32_t
span_first(struct span s)
{
	size_t next;

	return span_char(s, 0, &next);
}

uint32_t
span_last(struct span s, size_t *at)
{
	size_t i = s.n, next;

	*at = 0;
	if (!s.n)
		return 0;
	do
		i--;
	while (i && s.n - i < 4 && (s.p[i] & 0xc0) == 0x80);
	*at = i;
	return span_char(s, i, &next);
}

struct span
span_trim(struct span s)
{
	size_t at;

	while (s.n && span_is_space(span_first(s))) {
		span_char(s, 0, &at);
		s = span_from(s, at);
	}
	while (s.n && span_is_space(span_last(s, &at)))
		s.n = at;
	return s;
}

size_t
span_cluster(struct span s, size_t at)
{
	size_t next, i;
	uint32_t c, last;

	last = span_char(s, at, &i);
	if (span_is_flag(last) && span_is_flag(span_char(s, i, &next)))
		i = next;
	while (i < s.n) {
		c = span_char(s, i, &next);
		if (!unicode_is_extending(c) && !(last == '\r' && c == '\n') &&
		    !(span_is_joiner(last) && (unicode_is_letter(c) || c >
		    0x2000)))
			break;
		last = c;
		i = next;
	}
	return i;
}

/* 1 when a text whose first byte is a, in any case, may begin with pat. */
static int
may_begin(char a, const char *pat)
{
	return span_ascii_lower(a) == *pat || (a & 0x80);
}

size_t
span_prefix(struct span s, const char *pat)
{
	const unsigned char *t = (const unsigned char *)pat;
	size_t i, j;
	uint32_t a, b;

	/* most texts and patterns are ASCII, at least at the start */
	for (i = 0; i < s.n && t[i] && t[i] < 0x80 &&
	    !(s.p[i] & 0x80); i++)
		if ((unsigned char)span_ascii_lower(s.p[i]) != t[i])
			return 0;
	if (!t[i])
		return i;
	for (j = i; t[j]; ) {
		if (i >= s.n)
			return 0;
		a = span_char(s, i, &i);
		if (a < 0x80)
			a = unicode_lower(a);
		b = t[j];
		if (b < 0x80)
			j++;
		else
			j += utf8_decode(pat + j, strlen(pat + j), &b);
		if (a == 0x2019)
			a = '\'';
		if (a != b && (a < 0x80 || unicode_lower(a) !=
		    unicode_lower(b)))
			return 0;
	}
	return i;
}

int
span_suffix(struct span s, const char *pat, size_t *at)
{
	size_t n = strlen(pat);

	/* most do not even end alike */
	if (n > s.n || (n && !may_begin(s.p[s.n - 1], pat + n - 1) &&
	    !(pat[n - 1] & 0x80)))
		return 0;
	*at = s.n - n;
	return !n || span_prefix(span_from(s, *at), pat) == n;
}

int
span_equals(struct span word, const char *pat)
{
	return word.n && span_prefix(word, pat) == word.n;
}

int
span_in_list(struct span word, const char *const *list)
{
	if (!word.n)
		return 0;
	for (; *list; list++)
		if (may_begin(*word.p, *list) && span_equals(word, *list))
			return 1;
	return 0;
}

int
span_is_edge(struct span s, size_t at)
{
	size_t next;
	uint32_t c;

	c = span_char(s, at, &next);
	return !unicode_is_letter(c) && !span_is_digit(c) && c != '\'' && c !=
	    0x2019 && c != '-';
}

size_t
span_list_prefix(struct span s, const char *const *list)
{
	size_t n;

	for (; s.n && *list; list++) {
		if (!may_begin(*s.p, *list))
			continue;
		n = span_prefix(s, *list);
		if (n && span_is_edge(s, n))
			return n;
	}
	return 0;
}

int
span_next_word(struct span *rest, struct span *word)
{
	size_t i = 0, next;

	while (i < rest->n && span_is_space(span_char(*rest, i, &next)))
		i = next;
	word->p = rest->p + i;
	while (i < rest->n && !span_is_space(span_char(*rest, i, &next)))
		i = next;
	word->n = (size_t)(rest->p + i - word->p);
	*rest = span_from(*rest, i);
	return word->n > 0;
}

size_t
span_words(struct span s, struct span *words, size_t max, struct span *rest)
{
	size_t n = 0;

	*rest = s;
	while (n < max && span_next_word(rest, &words[n]))
		n++;
	*rest = span_trim(*rest);
	return n;
}

struct span
span_bare(struct span w)
{
	size_t at;
	uint32_t c;

	while (w.n && (c = span_first(w)) && !unicode_is_letter(c) &&
	    !span_is_digit(c)) {
		span_char(w, 0, &at);
		w = span_from(w, at);
	}
	while (w.n && (c = span_last(w, &at)) && !unicode_is_letter(c) &&
	    !span_is_digit(c) && !unicode_is_extending(c))
		w.n = at;
	return w;
}

size_t
span_count_words(struct span s)
{
	struct span w;
	size_t n = 0;

	while (span_next_word(&s, &w))
		n++;
	return n;
}

size_t
span_count_digits(struct span s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += span_is_digit((unsigned char)s.p[i]) != 0;
	return n;
}
