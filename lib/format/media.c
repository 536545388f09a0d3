#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/eight.h"
#include "base/util.h"
#include "media.h"

/*
 * The least bytes of base64 of a file: MEDIA_LOOK bytes are looked at every
 * MEDIA_STEP bytes.
 */
#define MEDIA_STEP 64
#define MEDIA_LOOK 16
#define MEDIA_MIN (MEDIA_STEP + MEDIA_LOOK)

/* How far from a string its type is searched for, in bytes. */
#define MEDIA_NEAR 200

/* 1 for each character of base64, of either alphabet. */
static const unsigned char base64[256] = {
	['+'] = 1, ['-'] = 1, ['/'] = 1, ['_'] = 1,
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1,
	['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1,
	['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1,
	['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1,
	['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1,
	['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
	['Y'] = 1, ['Z'] = 1,
	['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
	['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1,
	['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1,
	['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1,
	['y'] = 1, ['z'] = 1
};

static int
is_base64(char c)
{
	return base64[(unsigned char)c];
}

/* Sets the type if these n bytes can be one: "image/svg+xml". */
static int
set_type(struct media *m, const char *s, size_t n)
{
	size_t i;

	if (n < 3 || n >= sizeof(m->type) || !memchr(s, '/', n))
		return 0;
	for (i = 0; i < n; i++)
		if (!(s[i] >= 'a' && s[i] <= 'z') &&
		    !(s[i] >= '0' && s[i] <= '9') && !strchr("/+.-", s[i]))
			return 0;
	memcpy(m->type, s, n);
	m->type[n] = '\0';
	return 1;
}

/* The type of a data URL whose base64 is at m->at. */
static int
type_of_url(struct media *m, const char *s)
{
	static const char mark[] = ";base64,";
	const char *begin = s + m->from, *end = s + m->at;
	size_t n = sizeof(mark) - 1, most;

	if ((size_t)(end - begin) < n + 5 || memcmp(begin, "data:", 5) ||
	    memcmp(end - n, mark, n))
		return 0;
	begin += 5;
	most = (size_t)(end - n - begin);
	/* parameters such as charset are not part of the type */
	if (memchr(begin, ';', most))
		most = (size_t)((const char *)memchr(begin, ';', most) -
		    begin);
	return set_type(m, begin, most);
}

/* The place after the key at p, which is a quote, if it says a type; or NULL. */
static const char *
after_key(const char *p, const char *end)
{
	static const char *const keys[] = {
		"\"media_type\"", "\"mime_type\"", "\"mimeType\"",
		"\"mediaType\""
	};
	size_t i, n;

	if (end - p < 2 || p[1] != 'm')
		return NULL;
	for (i = 0; i < LEN(keys); i++) {
		n = strlen(keys[i]);
		if ((size_t)(end - p) >= n && !memcmp(p, keys[i], n))
			return p + n;
	}
	return NULL;
}

/* The type that the text from begin to end gives as a member. */
static int
type_of_member(struct media *m, const char *begin, const char *end)
{
	const char *p, *q, *quote;

	for (p = begin; p < end && (p = memchr(p, '"', (size_t)(end - p)));
	    p++) {
		q = after_key(p, end);
		if (!q)
			continue;
		while (q < end && (*q == ' ' || *q == ':' || *q == '\n'))
			q++;
		if (q == end || *q++ != '"')
			continue;
		quote = memchr(q, '"', (size_t)(end - q));
		if (quote && set_type(m, q, (size_t)(quote - q)))
			return 1;
	}
	return 0;
}

/* The type by the first bytes of the file. */
static int
type_of_content(struct media *m, const char *s)
{
	static const struct {
		const char *begin;	/* beginning of the file in base64 */
		const char *type;
	} kinds[] = {
		{ "iVBORw0KGgo", "image/png" }, { "iVBORw", "image/png" },
		{ "/9j/", "image/jpeg" }, { "R0lGODdh", "image/gif" },
		{ "R0lGODlh", "image/gif" }, { "JVBERi0", "application/pdf" },
		{ "SUQz", "audio/mpeg" }, { "T2dnUw", "audio/ogg" }
	};
	size_t i;

	for (i = 0; i < LEN(kinds); i++)
		if (!strncmp(s + m->at, kinds[i].begin,
		    strlen(kinds[i].begin)))
			return set_type(m, kinds[i].type,
			    strlen(kinds[i].type));
	/* "RIFF", four bytes of size, and what it is */
	if (strncmp(s + m->at, "UklGR", 5))
		return 0;
	if (!strncmp(s + m->at + 10, "XRUJQ", 5))
		return set_type(m, "image/webp", 10);
	return !strncmp(s + m->at + 10, "XQVZF", 5) &&
	    set_type(m, "audio/wav", 9);
}

/* Finds the type of the string that m has the extent of. */
static int
media_find_type(struct media *m, const char *s, size_t n)
{
	size_t from = m->from > MEDIA_NEAR ? m->from - MEDIA_NEAR : 0;
	size_t end = n - m->end > MEDIA_NEAR ? m->end + MEDIA_NEAR : n;

	if (m->from < m->at)
		return type_of_url(m, s);
	return type_of_content(m, s) ||
	    type_of_member(m, s + from, s + m->from) ||
	    type_of_member(m, s + m->end, s + end);
}

/* Finds the string around a base64 character; 0 if it is not all of a file. */
static int
find_string(struct media *m, const char *s, size_t n, size_t i)
{
	size_t from, end;

	for (from = i; from && is_base64(s[from - 1]); from--)
		;
	for (end = i; end < n && is_base64(s[end]); end++)
		;
	m->at = from;
	while (end < n && s[end] == '=')
		end++;
	m->n = end - from;
	m->end = end;
	if (m->n < MEDIA_MIN || end == n || s[end] != '"' || !from)
		return 0;
	/* the rest of a data URL is short */
	while (from && m->at - from < sizeof(m->type) + 32 &&
	    s[from - 1] != '"')
		from--;
	m->from = from;
	return from && s[from - 1] == '"' && media_find_type(m, s, n);
}

/*
 * 1 if a space, quote, or other character below '+' is among the MEDIA_LOOK
 * bytes at s. Bytes of other scripts never are.
 */
static int
has_space(const char *s)
{
	return (eight_below(eight_load(s), '+') |
	    eight_below(eight_load(s + 8), '+')) != 0;
}

int
media_next(const char *s, size_t n, size_t from, struct media *m)
{
	size_t i;

	/* a run holds MEDIA_LOOK bytes from one of these places on */
	for (i = from; i + MEDIA_LOOK <= n; i += MEDIA_STEP) {
		/* a word of natural language ends soon */
		if (has_space(s + i) || !is_base64(s[i]) ||
		    !is_base64(s[i + MEDIA_LOOK - 1]))
			continue;
		if (find_string(m, s, n, i))
			return 1;
		/* skip the rest of what is not a file */
		while (i < n && is_base64(s[i]))
			i++;
	}
	return 0;
}

int
media_is_image(const struct media *m)
{
	static const char *const shown[] = {
		"image/png", "image/jpeg", "image/jpg", "image/gif",
		"image/webp", "image/avif", "image/bmp", "image/svg+xml"
	};
	size_t i;

	for (i = 0; i < LEN(shown); i++)
		if (!strcmp(m->type, shown[i]))
			return 1;
	return 0;
}

void
media_put_note(struct buf *b, const struct media *m)
{
	size_t bytes = m->n / 4 * 3;

	if (bytes < 1000)
		buf_printf(b, "[%s, %zu bytes]", m->type, bytes);
	else if (bytes < 1000000)
		buf_printf(b, "[%s, %.1f kB]", m->type, (double)bytes / 1e3);
	else
		buf_printf(b, "[%s, %.1f MB]", m->type, (double)bytes / 1e6);
}

void
media_replace(struct buf *b, size_t at)
{
	struct buf text = { 0 };
	size_t from = at;
	struct media m;

	if (!media_next(b->p, b->len, from, &m))
		return;
	do {
		buf_add(&text, b->p + from, m.from - from);
		media_put_note(&text, &m);
		from = m.end;
	} while (media_next(b->p, b->len, from, &m));
	buf_add(&text, b->p + from, b->len - from);
	b->len = at;
	buf_add(b, text.p, text.len);
	buf_release(&text);
}
