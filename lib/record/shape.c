#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/util.h"
#include "shape.h"
#include "shapelogin.h"
#include "shapetoken.h"
#include "shapevalue.h"

/*
 * A search looks for characters that are rare in prose. One of these is a place
 * if its neighbours are like those in a secret; only places are examined
 * further. So a text without secrets is read at the speed of the search.
 */

#define URL_MOST 2048		/* bytes of a URL after the user: no text may
    take quadratic time */

/* bit 0: the character may be a place; bit 1: secret.c examines it */
static unsigned char stops[256];

static void
prepare(void)
{
	static const char other[] = ":=,Bbp", json[] = ":=[-\\";
	size_t i;

	chars_prepare();
	shapetoken_prepare(stops);
	for (i = 0; other[i]; i++)
		stops[(unsigned char)other[i]] = 1;
	for (i = 0; json[i]; i++)
		stops[(unsigned char)json[i]] |= 2;
}

/* Whether the text before s[i] ends in end. */
static int
follows(const char *s, size_t i, const char *end)
{
	size_t len = strlen(end);

	return i >= len && !memcmp(s + i - len, end, len);
}

/* --- other shapes --------------------------------------------------------- */

/* The end of a line "-----BEGIN ... PRIVATE KEY-----" at s[i], or 0. */
static size_t
key_line(const char *s, size_t n, size_t i, const char *word)
{
	static const char name[] = "PRIVATE KEY";
	size_t from, k;

	if (!chars_begin(s, n, i, word))
		return 0;
	from = i + strlen(word);
	for (k = from; k <= from + 40 && k < n; k++) {
		if (chars_begin(s, n, k, name)) {
			k += strlen(name);
			if (chars_begin(s, n, k, " BLOCK"))
				k += 6;
			if (chars_begin(s, n, k, "-----"))
				return k + 5;
			k -= strlen(name);
		}
		if (!chars_is(s[k], CHARS_UPPER) && s[k] != ' ')
			break;
	}
	return 0;
}

static int
find_key_block(const char *s, size_t n, size_t at, struct shape *f)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	size_t to = key_line(s, n, at - 4, begin), i, last;

	if (!to)
		return 0;
	*f = (struct shape){ at - 4, to };
	for (i = to; i < n; i++)
		if (s[i] == '-' && (last = key_line(s, n, i, end))) {
			f->to = last;
			return 1;
		}
	while (f->to < n && (chars_is(s[f->to], CHARS_SPACE | CHARS_ALNUM) ||
	    chars_one_of(s[f->to], "+/=\\:,-")))
		f->to++;
	return 1;
}

static int
find_hook(const char *s, size_t n, size_t at, struct shape *f)
{
	static const char *const bases[] = {
		"hooks.slack.com/services/", "hooks.slack.com/workflows/",
		"hooks.slack.com/triggers/", "discord.com/api/webhooks/",
		"discordapp.com/api/webhooks/",
		"webhook.office.com/webhookb2/"
	};
	size_t i, from, to;

	for (i = 0; i < LEN(bases); i++) {
		from = strcspn(bases[i], ".");
		if (at < from || !chars_begin(s, n, at - from, bases[i]))
			continue;
		from = to = at - from + strlen(bases[i]);
		while (to < n && (chars_is(s[to], CHARS_WORD) || s[to] == '/' ||
		    s[to] == '@'))
			to++;
		*f = (struct shape){ from, to };
		return to - from >= 16;
	}
	return 0;
}

/* The password in Go's user:password@tcp(host)/database. */
static int
find_socket(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t len = chars_run_until(s, n, at + 1, "\"'@/:");

	*f = (struct shape){ at + 1, at + 1 + len };
	return len && len <= 200 && (chars_begin(s, n, f->to, "@tcp(") ||
	    chars_begin(s, n, f->to, "@unix(")) &&
	    !chars_placeholder(s + f->from, len);
}

/* Whether a text is "user:password" in base64. */
static int
is_basic(const char *s, size_t n)
{
	struct buf text = { 0 };
	int colon = 0, plain = 1;
	unsigned char c;
	ssize_t len, i;

	/* no word with a dash is it */
	if (memchr(s, '-', n) || memchr(s, '_', n))
		return 0;
	len = base64_decode(buf_room(&text, n + 2), s, n);
	for (i = 0; i < len && plain; i++) {
		c = (unsigned char)text.p[i];
		plain = c >= 32 && c != 127;
		colon |= c == ':';
	}
	buf_release(&text);
	return plain && colon;
}

static int
find_scheme(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t space;
	int bearer;

	bearer = chars_begin(s, n, at + 1, "earer") || chars_begin(s, n, at,
	    "BEARER");
	if (!chars_free(s, at))
		return 0;
	at += bearer ? 6 : 5;
	space = chars_begin(s, n, at, "%20") ? 3 : chars_blank(s, n, at, 3);
	if (!space)
		return 0;
	f->from = f->to = at + space;
	while (f->to < n && (s[f->to] == '~' ||
	    chars_is(s[f->to], CHARS_DOTTED | CHARS_BASE64)))
		f->to++;
	if (f->to - f->from < 6)
		return 0;
	return bearer ? chars_opaque(s + f->from, f->to - f->from) :
	    is_basic(s + f->from, f->to - f->from);
}

/* --- URLs ----------------------------------------------------------------- */

/* Whether s[i] begins a port that a path or the end of the URL follows. */
static int
is_port(const char *s, size_t n, size_t i)
{
	i += chars_run(s, n, i, CHARS_DIGIT);
	return i == n || chars_one_of(s[i], "/?#");
}

/* The last '@' between two places, or the second of these. */
static size_t
last_at(const char *s, size_t from, size_t to)
{
	size_t i;

	for (i = to; i > from; i--)
		if (s[i - 1] == '@')
			return i - 1;
	return to;
}

/* The password in a URL, or a user that is a token; at is the colon. */
static int
find_in_url(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t from = at + 3, end, authority, i, digits = 0;
	const char *p;

	end = from + chars_run_until(s, n, from, "\"'<>/?#@:\\`");
	if (end < n && s[end] == '@') {
		*f = (struct shape){ from, end };
		for (i = from; i < end; i++)
			digits += chars_is(s[i], CHARS_DIGIT) ? 1 : 0;
		return end - from >= 16 && digits &&
		    chars_run(s, end, from, CHARS_WORD) == end - from;
	}
	if (end == n || s[end] != ':')
		return 0;
	from = end + 1;
	if (n - from > URL_MOST)
		n = from + URL_MOST;
	end = from + chars_run_until(s, n, from, "\"'<>\\`");
	authority = from + chars_run_until(s, end, from, "/?#");
	f->from = from;
	f->to = last_at(s, from, authority);
	if (f->to == authority) {
		if (is_port(s, end, from))
			return 0;
		/* a password that should have been quoted */
		p = memchr(s + from, '@', end - from);
		if (!p)
			return 0;
		f->to = (size_t)(p - s);
	}
	return f->to > from && !chars_placeholder(s + from, f->to - from);
}

/* --- places --------------------------------------------------------------- */

typedef int check(const char *s, size_t n, size_t at, struct shape *f);

/* The value of the option whose last hyphen is s[at]. */
static int
find_option(const char *s, size_t n, size_t at, struct shape *f)
{
	return (at && s[at - 1] == '-' && shapevalue_flag(s, n, at, f)) ||
	    shapelogin_option(s, n, at, f);
}

static check *
check_hyphen(const char *s, size_t n, size_t at)
{
	size_t before = at && s[at - 1] == '-' ? at - 1 : at;

	if (at >= 4 && chars_begin(s, n, at - 4, "-----BEGIN "))
		return find_key_block;
	if ((!before || !shapevalue_is_name(s[before - 1]) || (before > 1 &&
	    s[before - 2] == '\\' && chars_one_of(s[before - 1], "nrt"))) &&
	    at + 1 < n && chars_is(s[at + 1], CHARS_WORD))
		return find_option;
	return NULL;
}

static check *
check_p(const char *s, size_t n, size_t at)
{
	return chars_begin(s, n, at, "password") && at + 8 < n &&
	    (chars_is(s[at + 8], CHARS_SPACE) || s[at + 8] == '\\') ?
	    shapelogin_netrc : NULL;
}

static check *
check_dot(const char *s, size_t n, size_t at)
{
	if (chars_run(s, n, at + 1, CHARS_WORD) == 6 && at + 7 < n &&
	    s[at + 7] == '.' &&
	    chars_run(s, n, at + 8, CHARS_WORD) >= 27)
		return shapetoken_find;
	if ((follows(s, at, "hooks") && chars_begin(s, n, at,
	    ".slack.com/")) ||
	    chars_begin(s, n, at, ".com/api/webhooks/") ||
	    chars_begin(s, n, at, ".office.com/webhookb2/"))
		return find_hook;
	return NULL;
}

static check *
check_colon(const char *s, size_t n, size_t at)
{
	struct shape f;
	size_t i;

	if (chars_begin(s, n, at, "://"))
		return find_in_url;
	if (chars_begin(s, n, at, ":AA") &&
	    chars_run(s, n, at + 3, CHARS_WORD) >= 30)
		return shapetoken_find;
	if (find_socket(s, n, at, &f))
		return find_socket;
	i = at + 1 + chars_blank(s, n, at + 1, 3);
	return i < n && !chars_is(s[i], CHARS_SPACE) ?
	    shapevalue_assigned : NULL;
}

static check *
check_b(const char *s, size_t n, size_t at)
{
	if (chars_begin(s, n, at + 1, "earer") || chars_begin(s, n, at + 1,
	    "asic"))
		return find_scheme;
	if (s[at] == 'B' && (chars_begin(s, n, at, "BEARER") ||
	    chars_begin(s, n, at, "BASIC")))
		return find_scheme;
	return NULL;
}

/* Returns the check for the place s[at], or NULL if it is not a place. */
static check *
check_at(const char *s, size_t n, size_t at)
{
	if (shapetoken_ends_head(s, at))
		return shapetoken_headed;
	switch (s[at]) {
	case '-':
		return check_hyphen(s, n, at);
	case '.':
		return check_dot(s, n, at);
	case ':':
		return check_colon(s, n, at);
	case ',':
		return at && (s[at - 1] == '"' || s[at - 1] == '\'') ?
		    shapevalue_paired : NULL;
	case '=':
		return at + 1 == n || s[at + 1] != '=' ?
		    shapevalue_assigned : NULL;
	case 'B':
	case 'b':
		return check_b(s, n, at);
	case 'p':
		return check_p(s, n, at);
	default:
		return NULL;
	}
}

size_t
shape_seek(const char *s, size_t n, size_t i, int json)
{
	const unsigned char *p = (const unsigned char *)s;
	int wanted = json ? 3 : 1;

	if (!stops[':'])
		prepare();
	/* eight at a time, which takes a third of the time */
	for (; i + 8 <= n; i += 8)
		if ((stops[p[i]] | stops[p[i + 1]] | stops[p[i + 2]] |
		    stops[p[i + 3]] | stops[p[i + 4]] | stops[p[i + 5]] |
		    stops[p[i + 6]] | stops[p[i + 7]]) & wanted)
			break;
	while (i < n && !(stops[p[i]] & wanted))
		i++;
	return i;
}

int
shape_at(const char *s, size_t n, size_t i, struct shape *found)
{
	check *looks = stops[(unsigned char)s[i]] & 1 ? check_at(s, n, i) :
	    NULL;

	return looks && looks(s, n, i, found) && found->from < found->to;
}

int
shape_next(const char *s, size_t n, size_t *at, struct shape *found)
{
	size_t i;

	for (i = *at; (i = shape_seek(s, n, i, 0)) < n; i++)
		if (shape_at(s, n, i, found)) {
			*at = i + 1;
			return 1;
		}
	*at = n;
	return 0;
}
