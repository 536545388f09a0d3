#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "chars.h"
#include "shapelogin.h"

#define GAP_MOST 8		/* bytes between an option and its value */
#define NETRC_REACH 600		/* bytes before a password in a netrc file */
#define NETRC_WORDS 4		/* words before a password that are examined */

/*
 * Options and the programs that take them; lists are words with a space around
 * each. The password follows the first character "after" in the value; '\0': it
 * is the value. Letters may be joined with their value if joined is set, and
 * need not be if apart is.
 */
static const struct row {
	const char *programs;
	const char *options;
	char after;
	char joined;
	char apart;
} rows[] = {
	{ " curl ", " -u --user -U --proxy-user -E --cert ", ':', 1, 1 },
	{ " curl ", " --pass --proxy-pass ", '\0', 0, 1 },
	{ " http https xh ", " -a --auth ", ':', 0, 1 },
	{ " lftp ", " -u --user ", ',', 0, 1 },
	{ " smbclient rpcclient ", " -U --user ", '%', 0, 1 },
	{ " openssl ", " -passin -passout -pass ", ':', 0, 1 },
	{ " sshpass ", " -p ", '\0', 1, 1 },
	{ " mysql mysqldump mysqladmin mariadb mariadb-dump mariadb-admin ",
	    " -p ", '\0', 1, 0 },
	{ " mongosh mongo mongodump mongorestore mongoexport mongoimport ",
	    " -p ", '\0', 0, 1 },
	{ " redis-cli ", " -a --pass ", '\0', 0, 1 },
	{ " ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ",
	    " -w ", '\0', 0, 1 },
	/* docker login, podman login, az login */
	{ " login ", " -p ", '\0', 0, 1 },
};

/* Whether a list has a word. */
static int
shapelogin_is_listed(const char *list, const char *word, size_t n)
{
	const char *p;
	size_t len;

	for (p = list + 1; *p; p += len + 1) {
		len = strcspn(p, " ");
		if (len == n && !memcmp(word, p, n))
			return 1;
	}
	return 0;
}

/* The length of white space at s[i], which may be an escape such as \n. */
static size_t
space_at(const char *s, size_t n, size_t i)
{
	if (i >= n)
		return 0;
	if (chars_is(s[i], CHARS_SPACE))
		return 1;
	return i + 1 < n && s[i] == '\\' && chars_one_of(s[i + 1], "nrt") ?
	    2 : 0;
}

/* The end of a word at s[i], or of a text in quotes. */
static size_t
word_end(const char *s, size_t n, size_t i, char quote)
{
	size_t end = i;

	while (end < n && s[end] != '\n' && (quote ? s[end] != quote :
	    !space_at(s, n, end) && !chars_one_of(s[end], "\"'")))
		end++;
	/* what escapes the quote */
	while (end < n && chars_one_of(s[end], "\"'") && end > i &&
	    s[end - 1] == '\\')
		end--;
	return end;
}

/* --- options -------------------------------------------------------------- */

/* The start of the line with s[at], which a backslash may continue. */
static size_t
shapelogin_line(const char *s, size_t at)
{
	size_t least = at > SHAPELOGIN_REACH ? at - SHAPELOGIN_REACH : 0, i;

	for (i = at; i > least; i--)
		if (s[i - 1] == '\n' && !(i - least > 1 && s[i - 2] == '\\') &&
		    !(i - least > 2 && s[i - 2] == '\r' && s[i - 3] == '\\'))
			break;
	return i;
}

/* Whether a name is one of a list of programs, perhaps with ".exe". */
static int
is_program(const char *list, const char *name, size_t n)
{
	if (n > 4 && !memcmp(name + n - 4, ".exe", 4))
		n -= 4;
	return shapelogin_is_listed(list, name, n);
}

/* Whether a program of a list precedes s[at] in its line. */
static int
follows_program(const char *s, size_t at, const char *list)
{
	size_t i = shapelogin_line(s, at), len;

	while (i < at) {
		len = chars_run(s, at, i, CHARS_DOTTED);
		i += len;
		if (is_program(list, s + i - len, len) &&
		    !(i < at && chars_one_of(s[i], "/:=")))
			return 1;
		if (!len)
			i += i + 1 < at && space_at(s, at, i) == 2 ? 2 : 1;
	}
	return 0;
}

/* The password in the value at s[i], after a quote if there is one. */
static int
find_password(const struct row *r, const char *s, size_t n, size_t i,
    char quote, struct shape *f)
{
	size_t to = word_end(s, n, i, quote);
	const char *p;

	*f = (struct shape){ i, to };
	if (!r->after)
		return i < to && s[i] != '-' && chars_opaque(s + i, to - i) &&
		    !chars_placeholder(s + i, to - i);
	p = memchr(s + i, r->after, to - i);
	if (!p)
		return 0;
	f->from = (size_t)(p - s) + 1;
	return !chars_placeholder(s + f->from, to - f->from) &&
	    !chars_begin(s, to, f->from, "//");
}

/* Whether a row has an option whose value is the next argument. */
static int
has_option(const struct row *r, const char *word, size_t n)
{
	char last[2] = { '-', word[n - 1] };

	if (shapelogin_is_listed(r->options, word, n))
		return 1;
	/* several letters, the last of which takes a value */
	return n > 2 && word[1] != '-' && shapelogin_is_listed(r->options,
	    last, 2);
}

/* The password in the argument after the option that ends at s[i]. */
static int
find_apart(const struct row *r, const char *s, size_t n, size_t i,
    struct shape *f)
{
	size_t from = i;
	char quote = '\0';

	while (i < n && i - from < GAP_MOST && chars_one_of(s[i],
	    " \t\r\n,=\\\"'"))
		quote = s[i++];
	return i > from && find_password(r, s, n, i,
	    quote == '"' || quote == '\'' ? quote : '\0', f);
}

/* The password after a letter and maybe a quote, which s[i] is. */
static int
find_joined(const struct row *r, const char *s, size_t n, size_t i,
    struct shape *f)
{
	char quote = i < n && (s[i] == '"' || s[i] == '\'') ? s[i] : '\0';

	return find_password(r, s, n, i + (quote != '\0'), quote, f);
}

int
shapelogin_option(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t start = at, len = at + 1, k;
	const struct row *r;

	start -= at && s[at - 1] == '-';
	while (len < n && chars_is(s[len], CHARS_ALNUM) && !chars_is(s[len],
	    CHARS_DIGIT))
		len++;
	while (start < at && len < n && (s[len] == '-' ||
	    (chars_is(s[len], CHARS_ALNUM) && !chars_is(s[len], CHARS_DIGIT))))
		len++;
	len -= start;
	for (k = 0; len > 1 && k < LEN(rows); k++) {
		r = &rows[k];
		if (!(r->apart && has_option(r, s + start, len) &&
		    find_apart(r, s, n, start + len, f)) &&
		    !(r->joined && shapelogin_is_listed(r->options, s + start,
		    2) && find_joined(r, s, n, start + 2, f)))
			continue;
		if (follows_program(s, start, r->programs))
			return 1;
	}
	return 0;
}

size_t
shapelogin_program(const char *s, size_t n)
{
	size_t from = n, k;

	while (from && s[from - 1] != '/' && s[from - 1] != '\\')
		from--;
	for (k = 0; k < LEN(rows); k++)
		if (is_program(rows[k].programs, s + from, n - from))
			return from;
	return n;
}

int
shapelogin_argument(struct buf *line, const char *argument, size_t n)
{
	size_t at = line->len;
	const char *option;
	struct shape f;

	if (!chars_kinds['0'])
		chars_prepare();
	/* the option itself may be joined with its value */
	if (n > 1 && argument[0] == '-') {
		buf_byte(line, ' ');
		buf_add(line, argument, n);
		at++;
		at += argument[1] == '-';
		return shapelogin_option(line->p, line->len, at, &f);
	}
	option = memchr(line->p, ' ', line->len);
	at = option ? (size_t)(option - line->p) + 1 : line->len;
	if (at + 1 >= line->len || line->p[at] != '-')
		return 0;
	at += line->p[at + 1] == '-';
	buf_puts(line, " \"");
	buf_add(line, argument, n);
	return shapelogin_option(line->p, line->len, at, &f);
}

/* --- netrc ---------------------------------------------------------------- */

/* The words before a place, the last first, from the last quote in each. */
struct netrc {
	struct shape word[NETRC_WORDS];
	const char *s;
};

/* The start of the white space that ends before s[i]. */
static size_t
netrc_space(const char *s, size_t i, size_t least)
{
	for (;;) {
		if (i > least && chars_is(s[i - 1], CHARS_SPACE))
			i--;
		else if (i > least + 1 && space_at(s, i, i - 2) == 2)
			i -= 2;
		else
			return i;
	}
}

static void
netrc_words(struct netrc *w, const char *s, size_t at)
{
	size_t least = at > NETRC_REACH ? at - NETRC_REACH : 0, i = at, k, to;

	memset(w, 0, sizeof(*w));
	w->s = s;
	for (k = 0; k < NETRC_WORDS; k++) {
		to = netrc_space(s, i, least);
		if (to == i || to == least)
			return;
		for (i = to; i > least && netrc_space(s, i, least) == i; )
			i--;
		w->word[k] = (struct shape){ to, to };
		while (w->word[k].from > i && !chars_one_of(
		    s[w->word[k].from - 1], "\"'"))
			w->word[k].from--;
	}
}

/* Whether word k, from 1, is one of a list. */
static int
netrc_is(const struct netrc *w, int k, const char *list)
{
	const struct shape *f = &w->word[k - 1];

	return shapelogin_is_listed(list, w->s + f->from, f->to - f->from);
}

/* Whether "password" at s[at] and the value *f are a line of their own. */
static int
is_own_line(const char *s, size_t n, size_t at, const struct shape *f)
{
	size_t to = f->to + chars_blank(s, n, f->to, n);

	while (at && (s[at - 1] == ' ' || s[at - 1] == '\t'))
		at--;
	return (!at || chars_one_of(s[at - 1], "\n\"'") ||
	    (at > 1 && space_at(s, at, at - 2) == 2)) &&
	    (to == n || chars_one_of(s[to], "\r\n\"'") ||
	    space_at(s, n, to) == 2);
}

int
shapelogin_netrc(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t i = at + strlen("password"), k;
	struct netrc w;
	char quote;

	while ((k = space_at(s, n, i)))
		i += k;
	if (i == at + strlen("password"))
		return 0;
	quote = i < n && (s[i] == '"' || s[i] == '\'') ? s[i++] : '\0';
	*f = (struct shape){ i, word_end(s, n, i, quote) };
	if (chars_placeholder(s + i, f->to - i))
		return 0;
	netrc_words(&w, s, at);
	if (netrc_is(&w, 2, " login account ") &&
	    (netrc_is(&w, 4, " machine ") || netrc_is(&w, 3, " default ")))
		return 1;
	i = f->to;
	while ((k = space_at(s, n, i)))
		i += k;
	if (netrc_is(&w, 2, " machine ") && i > f->to &&
	    chars_begin(s, n, i, "login "))
		return 1;
	return chars_opaque(s + f->from, f->to - f->from) &&
	    (netrc_is(&w, 2, " machine login account ") ||
	    is_own_line(s, n, at, f));
}
