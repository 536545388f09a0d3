#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "chars.h"
#include "secretname.h"
#include "shapevalue.h"

#define HEADER_MOST 4096	/* bytes of a header's value */
#define NAME_LEAST 2		/* bytes of a name before "=" or ":" */
#define NAME_MOST 64

static int
value_is(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !strncasecmp(s, word, n);
}

int
shapevalue_is_name(char c)
{
	return chars_is(c, CHARS_DOTTED) || c == '[' || c == ']';
}

/* The length of an escaped quote at s[i], or 0. */
static size_t
quote_length(const char *s, size_t n, size_t i)
{
	size_t end = i;

	while (end < n && s[end] == '\\')
		end++;
	return end < n && (s[end] == '"' || s[end] == '\'') ? end + 1 - i : 0;
}

/* The start of a quote that ends before s[i], with what escapes it, or i. */
static size_t
quote_before(const char *s, size_t i)
{
	if (!i || (s[i - 1] != '"' && s[i - 1] != '\''))
		return i;
	for (i--; i && s[i - 1] == '\\'; i--)
		;
	return i;
}

size_t
shapevalue_name(const char *s, size_t at, size_t *from, int *spaced)
{
	size_t i = at, blank = 0, len;

	if (!chars_kinds['0'])
		chars_prepare();
	if (i && s[i - 1] == ':')
		i--;
	while (i && blank < 2 && (s[i - 1] == ' ' || s[i - 1] == '\t')) {
		i--;
		blank++;
	}
	if (spaced)
		*spaced = blank > 0;
	i = quote_before(s, i);
	for (len = 0; len < i && len <= NAME_MOST && shapevalue_is_name(
	    s[i - 1 - len]); )
		len++;
	if (len < NAME_LEAST || len > NAME_MOST)
		return 0;
	*from = i - len;
	return len;
}

/* The closing quote, or the end of the line or of the text. */
static size_t
quoted_end(const char *s, size_t n, size_t i, const char *quote, size_t len)
{
	while (i < n && s[i] != '\n' &&
	    (n - i < len || memcmp(s + i, quote, len) != 0))
		i += s[i] == '\\' && len == 1 ? 2 : 1;
	return i < n ? i : n;
}

/*
 * Finds the value in ("NAME", "VALUE"), as Python prints headers, and in
 * "--NAME", "VALUE"; at is the comma.
 */
int
shapevalue_paired(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t end = quote_before(s, at), from = end, i, quote;

	while (from && end - from <= NAME_MOST &&
	    chars_is(s[from - 1], CHARS_DOTTED))
		from--;
	i = quote_before(s, from);
	if (end == at || i == from || end - from < NAME_LEAST ||
	    end - from > NAME_MOST)
		return 0;
	i -= i && s[i - 1] == 'b';
	if (!(i && (s[i - 1] == '(' || s[i - 1] == '[')) &&
	    memcmp(s + from, "--", 2) != 0)
		return 0;
	if (!secret_name(s + from, end - from))
		return 0;
	i = at + 1 + chars_blank(s, n, at + 1, 3);
	i += i < n && s[i] == 'b';
	quote = quote_length(s, n, i);
	if (!quote)
		return 0;
	f->from = i + quote;
	f->to = quoted_end(s, n, f->from, s + i, quote);
	for (i = f->from; i < f->to; i++)
		if ((s[i] < 'a' || s[i] > 'z') && s[i] != '_')
			return !chars_placeholder(s + f->from, f->to - f->from);
	return 0;
}

/* Returns the index after the bracket that closes the one at s[i]. */
static size_t
bracket_end(const char *s, size_t n, size_t i)
{
	char quote = '\0';
	size_t depth = 0;

	for (; i < n; i++) {
		if (s[i] == '\\')
			i++;
		else if (quote)
			quote = s[i] == quote ? '\0' : quote;
		else if (s[i] == '"' || s[i] == '\'')
			quote = s[i];
		else if (chars_one_of(s[i], "{[("))
			depth++;
		else if (chars_one_of(s[i], "}])") && !--depth)
			return i + 1;
	}
	return n;
}

/* Whether text is an identifier, or several that dots join. */
static int
is_identifier(const char *s, size_t n, int *dotted)
{
	size_t i;
	int start = 1;

	*dotted = 0;
	for (i = 0; i < n; i++) {
		if (s[i] == '.') {
			if (start)
				return 0;
			start = *dotted = 1;
			continue;
		}
		if (s[i] == '-' || !chars_is(s[i], CHARS_WORD) ||
		    (start && chars_is(s[i], CHARS_DIGIT)))
			return 0;
		start = 0;
	}
	return n && !start;
}

static int
is_called(const char *s, size_t n, size_t i)
{
	return i < n && (s[i] == '(' || s[i] == '[');
}

/*
 * Whether a value is source code: a call, an attribute, a literal, or a
 * variable among the arguments of a call.
 */
static int
is_code(const char *s, size_t n, const struct shape *name,
    const struct shape *value)
{
	static const char *const literals[] = {
		"none", "null", "true", "false", "undefined", "nil"
	};
	const char *v = s + value->from;
	size_t len = value->to - value->from, i;
	int dotted, identifier = is_identifier(v, len, &dotted);

	if (is_called(s, n, value->to) || (identifier && dotted))
		return 1;
	for (i = 0; i < LEN(literals); i++)
		if (value_is(v, len, literals[i]))
			return 1;
	if (len == name->to - name->from &&
	    !strncasecmp(v, s + name->from, len))
		return 1;
	for (i = name->from; i && chars_one_of(s[i - 1], " \t\n"); i--)
		;
	return i && (s[i - 1] == '(' || s[i - 1] == ',') && identifier;
}

/* The end of a value of the header Authorization at s[i], or 0. */
static size_t
authorization_end(const char *s, size_t n, size_t i)
{
	static const char *const schemes[] = {
		"bearer", "basic", "token", "digest", "apikey", "negotiate",
		"bot", "key", "aws4-hmac-sha256"
	};
	size_t k, len, blank;

	for (k = 0; k < LEN(schemes); k++) {
		len = strlen(schemes[k]);
		if (n - i < len || strncasecmp(s + i, schemes[k], len) != 0)
			continue;
		blank = chars_blank(s, n, i + len, n);
		i += len + blank;
		if (!blank)
			return 0;
		for (len = i; i < n && !chars_one_of(s[i], "\r\n\"'\\"); i++)
			;
		/* a second blank counts as the value */
		return i > len || blank > 1 ? i : 0;
	}
	return 0;
}

/* The end of the value of a header with cookies at s[i], or 0. */
static size_t
cookie_end(const char *s, size_t n, size_t i)
{
	size_t name = chars_run(s, n, i, CHARS_DOTTED), from;

	if (!name || i + name == n || s[i + name] != '=')
		return 0;
	for (i = from = i + name + 1; i < n &&
	    !chars_one_of(s[i], "\r\n\"'\\"); i++)
		;
	return i > from ? i : 0;
}

/* The value after NAME and a colon. */
static int
find_header(const char *s, size_t n, const struct shape *name, size_t i,
    struct shape *f)
{
	static const struct {
		const char *name;
		size_t (*end)(const char *, size_t, size_t);
	} headers[] = {
		{ "authorization", authorization_end },
		{ "proxy-authorization", authorization_end },
		{ "cookie", cookie_end }, { "set-cookie", cookie_end }
	};
	static const char not[] = "\"'&;<>,\\(){}[]";
	size_t k, len;
	int dotted;

	*f = (struct shape){ i, 0 };
	for (k = 0; k < LEN(headers) && !f->to; k++)
		if (value_is(s + name->from, name->to - name->from,
		    headers[k].name))
			f->to = headers[k].end(s, n, i);
	if (!f->to) {
		len = chars_run_until(s, n - i > HEADER_MOST ?
		    i + HEADER_MOST : n, i, not);
		f->to = i + len;
		for (k = i; k + 3 <= f->to; k++)
			if (!memcmp(s + k, "://", 3))
				return 0;
		if (!chars_opaque(s + i, len) || is_called(s, n, f->to) ||
		    (is_identifier(s + i, len, &dotted) && dotted))
			return 0;
		f->to = i + chars_run_until(s, n, i, not);
	}
	return !chars_placeholder(s + i, f->to - i);
}

/*
 * Finds the value after NAME and an equals sign; before is the character before
 * NAME.
 */
static int
find_value(const char *s, size_t n, const struct shape *name, char before,
    size_t i, struct shape *f)
{
	const char *not = "\"'&;<>,\\(){}[]";

	*f = (struct shape){ i, i };
	if (before == ';') {
		while (f->to < n && !chars_one_of(s[f->to], "\"'&;<>\\\n"))
			f->to++;
	} else {
		if (before == '?' || before == '&')
			not = "\"'&;#<>\\";
		f->to += chars_run_until(s, n, i, not);
	}
	if (chars_placeholder(s + i, f->to - i))
		return 0;
	return before == ';' || before == '?' || before == '&' ||
	    !is_code(s, n, name, f);
}

/* Whether a parameter of this name in a query is a secret in itself. */
static int
is_signature(const char *s, size_t n, char before)
{
	static const char *const names[] = {
		"sig", "signature", "x-amz-signature", "x-goog-signature"
	};
	size_t i;

	if (before != '?' && before != '&' && before != ';')
		return 0;
	for (i = 0; i < LEN(names); i++)
		if (value_is(s, n, names[i]))
			return 1;
	return 0;
}

/* The value in NAME=VALUE and NAME: VALUE. */
int
shapevalue_assigned(const char *s, size_t n, size_t at, struct shape *f)
{
	struct shape name;
	size_t len, i = at + 1, blank, quote;
	char before;
	int spaced, quoted;

	len = shapevalue_name(s, at, &name.from, &spaced);
	if (!len)
		return 0;
	name.to = name.from + len;
	quoted = chars_one_of(s[name.to], "\"'\\");
	before = name.from ? s[name.from - 1] : '\n';
	if (before == '\\' && chars_one_of(s[name.from], "bfnrt")) {
		/* an escape, not a part of the name */
		name.from++;
		before = '\n';
	}
	if (!secret_name(s + name.from, name.to - name.from) &&
	    !is_signature(s + name.from, name.to - name.from, before))
		return 0;
	i += i < n && s[i] == '>';
	blank = chars_blank(s, n, i, 3);
	i += blank;
	quote = quote_length(s, n, i);
	if (quote) {
		f->from = i + quote;
		f->to = quoted_end(s, n, f->from, s + i, quote);
		return !chars_placeholder(s + f->from, f->to - f->from);
	}
	if (quoted && i < n && chars_one_of(s[i], "{[(")) {
		*f = (struct shape){ i, bracket_end(s, n, i) };
		return f->to > i + 2;
	}
	if (s[at] == ':')
		return find_header(s, n, &name, i, f);
	if ((spaced || blank) && before != '\n')
		return 0;
	return find_value(s, n, &name, before, i, f);
}

/* The value in "--password VALUE"; at is the second hyphen. */
int
shapevalue_flag(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t name = chars_run(s, n, at + 1, CHARS_WORD);
	size_t from = at + 1 + name, space, quote;

	if (name < 3 || name > 40)
		return 0;
	space = chars_blank(s, n, from, 3);
	from += space;
	if (!space || from == n || s[from] == '-')
		return 0;
	quote = quote_length(s, n, from);
	*f = (struct shape){ from + quote, from + quote };
	if (quote)
		f->to = quoted_end(s, n, f->from, s + from, quote);
	else
		f->to += chars_run_until(s, n, from, "\"'<>");
	from = f->from;
	return f->to > f->from && secret_name(s + at + 1, name) &&
	    chars_opaque(s + from, f->to - from) &&
	    !chars_placeholder(s + from, f->to - from);
}
