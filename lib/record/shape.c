#include <string.h>
#include <strings.h>

#include "base/util.h"
#include "secretname.h"
#include "shape.h"

/*
 * A search looks for characters that are rare in prose. A place is one of these
 * that has what a kind of secret has around it there; only then is it looked at
 * as a whole. So a text without secrets is read at the speed of the search.
 */

#define TOKEN_BEFORE 40		/* bytes of a token before its place */
/* limits of a search from a place, so that no text takes quadratic time */
#define KEY_MOST 128		/* bytes of a key up to an opaque part */
#define HEADER_MOST 4096	/* bytes of a web token's header, of a value */
#define URL_MOST 2048		/* bytes of a URL after the user */
#define NAME_LEAST 2		/* bytes of a name before "=" or ":" */
#define NAME_MOST 64
#define RARE "-_.~AJKIzp/"		/* of a prefix,
    the last of these is its place */

/* Classes of characters, as bits. */
enum {
	UPPER = 1,		/* a capital or digit */
	ALNUM = 2,
	HEX = 4,
	WORD = 8,		/* ALNUM, underscore, hyphen */
	DOTTED = 16,		/* WORD and dot */
	BASE64 = 32,		/* WORD, plus, slash, equals sign */
	DIGIT = 64,
	SPACE = 128
};

/*
 * Tokens: prefixes, the class of the characters that follow, and how many there
 * are at least. The prefixes and lengths are those that the issuers document;
 * the least length is below the real one where the prefix is unmistakable.
 */
static const struct token {
	const char *prefixes;	/* separated by spaces */
	int kind;
	size_t least;
} tokens[] = {
	{ "ghp_ gho_ ghu_ ghs_ ghr_", ALNUM, 16 },
	{ "github_pat_", WORD, 20 },
	{ "glpat- gldt- glrt- glptt- glcbt- glft- glsoat- glimt- glagent- "
	    "gloas- glffct-", DOTTED, 16 },
	{ "xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", WORD,
	    10 },
	{ "xoxe.xoxb- xoxe.xoxp-", WORD, 10 },
	{ "AKIA ASIA ABIA ACCA", UPPER, 16 },
	{ "AIza", WORD, 30 },
	{ "ya29.", WORD, 20 },
	{ "GOCSPX-", WORD, 20 },
	{ "1//0", WORD, 30 },
	{ "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", ALNUM, 8 },
	{ "whsec_", BASE64, 16 },
	{ "npm_", ALNUM, 30 },
	{ "pypi-", WORD, 30 },
	{ "rubygems_", HEX, 32 },
	{ "hf_ api_org_", ALNUM, 20 },
	{ "dckr_pat_ dckr_oat_", WORD, 16 },
	{ "dop_v1_ doo_v1_ dor_v1_", HEX, 32 },
	{ "SG.", DOTTED, 40 },
	{ "shpat_ shpca_ shppa_ shpss_", ALNUM, 20 },
	{ "sq0atp- sq0csp-", WORD, 16 },
	{ "lin_api_ lin_oauth_", ALNUM, 20 },
	{ "ntn_", ALNUM, 30 },
	{ "secret_", ALNUM, 32 },
	{ "dp.pt. dp.st. dp.sa. dp.ct.", DOTTED, 20 },
	{ "PMAK- CFPAT- HRKU-", WORD, 30 },
	{ "figd_", WORD, 30 },
	{ "sbp_", HEX, 32 },
	{ "nfp_ pnu_", ALNUM, 30 },
	{ "pscale_tkn_ pscale_pw_ pscale_oauth_", DOTTED, 24 },
	{ "pul-", HEX, 32 },
	{ "sntrys_ sntryu_", BASE64, 32 },
	{ "glc_", BASE64, 24 },
	{ "glsa_", WORD, 24 },
	{ "hvs. hvb. hvr.", WORD, 20 },
	{ "atlasv1.", WORD, 40 },
	{ "NRAK-", UPPER, 20 },
	{ "gsk_", ALNUM, 20 },
	{ "xai-", ALNUM, 40 },
	{ "pplx-", ALNUM, 30 },
	{ "tvly-", WORD, 16 },
	{ "nvapi-", WORD, 30 },
	{ "r8_", ALNUM, 30 },
	{ "pcsk_", WORD, 30 },
	{ "lsv2_pt_ lsv2_sk_", WORD, 24 },
	{ "ls__ csk-", ALNUM, 24 },
	{ "jina_", WORD, 30 },
	{ "fc- key-", HEX, 32 },
	{ "AGE-SECRET-KEY-", UPPER, 50 },
	{ "ATATT3", BASE64, 60 },
	{ "LTAI", ALNUM, 16 },
	{ "shippo_live_ shippo_test_ sgp_ sgp_local_", HEX, 32 },
	{ "SK dapi", HEX, 32 },
	{ "EAAA", WORD, 40 },
	{ "EAA ABSK", BASE64, 60 },
	{ "AKCp", ALNUM, 60 },
	{ "EZAK EZTK CLOJARS_", ALNUM, 50 },
	{ "API-", UPPER, 25 },
	{ "bedrock-api-key-", BASE64, 24 },
	{ "v1.0-", WORD, 100 },
	{ "duffel_live_ duffel_test_", BASE64, 40 },
	{ "dt0c01. pat. sat.", DOTTED, 50 },
	{ "FLWSECK- FLWSECK_TEST-", WORD, 12 },
	{ "fm1a_ fm1r_ fm2_ ops_eyJ eyJrIjoi", BASE64, 60 },
	{ "fo1_ fio-u- tk-us- xkeysib- rdme_", WORD, 40 },
	{ "s-s4t2ud- s-s4t2af-", HEX, 60 },
	{ "ico- p8e-", ALNUM, 32 },
	{ "A3-", WORD, 33 },
	{ "sha256~", WORD, 40 },
	{ "sm_aat_ sm_pat_ sm_sat_", ALNUM, 16 },
};
/* The prefixes of tokens that have a rule of their own. */
static const char other_prefixes[] = "sk- sk_ eyJ";

static unsigned char kinds[256];	/* classes of each character */
/* bit 0: the character may be a place, bit 1: secret.c looks at it */
static unsigned char stops[256];
/* a head is a prefix up to its place; those with equal ends are chained */
static struct head {
	const char *p;
	size_t n;
	const struct head *next;
} heads[192];
static size_t nheads;
static const struct head *chains[256];

static void
classify(const char *characters, int bits)
{
	for (; *characters; characters++)
		kinds[(unsigned char)*characters] |= (unsigned char)bits;
}

/* The chain of the heads that end in the two characters before end. */
static const struct head **
chain_of(const char *end)
{
	unsigned hash = (unsigned char)end[-2] * 31u + (unsigned char)end[-1];

	return &chains[hash % LEN(chains)];
}

static void
add_heads(const char *prefixes)
{
	const struct head **chain;
	struct head *h;
	size_t n, end;

	for (; *prefixes; prefixes += n + (prefixes[n] == ' ')) {
		n = strcspn(prefixes, " ");
		for (end = n; !strchr(RARE, prefixes[end - 1]); end--)
			;
		chain = chain_of(prefixes + end);
		h = &heads[nheads++];
		*h = (struct head){ prefixes, end, *chain };
		*chain = h;
		stops[(unsigned char)prefixes[end - 1]] = 1;
	}
}

static void
prepare(void)
{
	static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	static const char other[] = ":=,Bb", json[] = ":=[-\\";
	int word = WORD | DOTTED | BASE64;
	size_t i;

	classify("0123456789", DIGIT | HEX | UPPER | ALNUM | word);
	classify(capitals, UPPER | ALNUM | word);
	classify(letters, ALNUM | word);
	classify("abcdefABCDEF", HEX);
	classify("-_", word);
	classify(".", DOTTED);
	classify("+/=", BASE64);
	classify(" \t\n\v\f\r", SPACE);
	for (i = 0; i < LEN(tokens); i++)
		add_heads(tokens[i].prefixes);
	add_heads(other_prefixes);
	for (i = 0; other[i]; i++)
		stops[(unsigned char)other[i]] = 1;
	for (i = 0; json[i]; i++)
		stops[(unsigned char)json[i]] |= 2;
}

static int
is(char c, int bits)
{
	return (kinds[(unsigned char)c] & bits) != 0;
}

static int
shape_is_one_of(char c, const char *list)
{
	return c && strchr(list, c);
}

/* The number of characters of a class at s[i]. */
static size_t
run(const char *s, size_t n, size_t i, int bits)
{
	size_t from = i;

	while (i < n && is(s[i], bits))
		i++;
	return i - from;
}

/* The number of characters at s[i] that are neither white space nor listed. */
static size_t
run_until(const char *s, size_t n, size_t i, const char *not)
{
	size_t from = i;

	while (i < n && !is(s[i], SPACE) && !shape_is_one_of(s[i], not))
		i++;
	return i - from;
}

static size_t
run_blank(const char *s, size_t n, size_t i, size_t most)
{
	size_t k = 0;

	while (k < most && i + k < n && (s[i + k] == ' ' || s[i + k] == '\t'))
		k++;
	return k;
}

static int
shape_begins(const char *s, size_t n, size_t i, const char *with)
{
	size_t len = strlen(with);

	return i <= n && n - i >= len && !memcmp(s + i, with, len);
}

/* Whether the text before s[i] ends in end. */
static int
follows(const char *s, size_t i, const char *end)
{
	size_t len = strlen(end);

	return i >= len && !memcmp(s + i - len, end, len);
}

static int
equals_lower(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !strncasecmp(s, word, n);
}

/*
 * Whether no word is going on before s[i]: the character there is neither a
 * letter nor a digit, or it is a part of an escape such as \n or %3D.
 */
static int
is_free(const char *s, size_t i)
{
	if (!i || !is(s[i - 1], ALNUM))
		return 1;
	if (i >= 2 && s[i - 2] == '\\' && shape_is_one_of(s[i - 1], "bfnrt"))
		return 1;
	return i >= 3 && s[i - 3] == '%' && is(s[i - 2], HEX) &&
	    is(s[i - 1], HEX);
}

static int
is_placeholder(const char *s, size_t n)
{
	return !n || shape_is_one_of(*s, "$<{%*[") || (n == 3 && !memcmp(s,
	    "...", 3));
}

/* Whether it is no word of a language: digits, symbols, capitals inside. */
static int
is_opaque(const char *s, size_t n)
{
	int lower = 0, upper = 0;
	size_t i;

	while (n && shape_is_one_of(s[n - 1], ".:!?"))
		n--;
	if (n < 4)
		return 0;
	for (i = 0; i < n; i++) {
		if (is(s[i], DIGIT) || shape_is_one_of(s[i], "!@#$%^&*+=/~"))
			return 1;
		lower |= s[i] >= 'a' && s[i] <= 'z';
		upper |= i && s[i] >= 'A' && s[i] <= 'Z';
	}
	return lower && upper;
}

/* --- tokens --------------------------------------------------------------- */

/* The end of one of the tokens of the table at s[i], or 0. */
static size_t
listed_token(const char *s, size_t n, size_t i)
{
	const struct token *t;
	const char *p;
	size_t len, more;

	for (t = tokens; t < tokens + LEN(tokens); t++)
		for (p = t->prefixes; *p; p += len + (p[len] == ' ')) {
			len = strcspn(p, " ");
			if (*p != s[i] || n - i < len ||
			    memcmp(p, s + i, len) != 0)
				continue;
			more = run(s, n, i + len, t->kind);
			if (more >= t->least)
				return i + len + more;
		}
	return 0;
}

/*
 * Keys of OpenAI, Anthropic and many others: sk-. The name of a package has
 * neither 8 letters and digits with a digit nor 12 letters without a border.
 */
static size_t
secret_key(const char *s, size_t n, size_t i)
{
	size_t end, at, part, digits, k;

	if (!shape_begins(s, n, i, "sk") || n - i < 3 ||
	    (s[i + 2] != '-' && s[i + 2] != '_'))
		return 0;
	end = i + 3 + KEY_MOST < n ? i + 3 + KEY_MOST + 1 : n;
	end = i + 3 + run(s, end, i + 3, WORD);
	for (at = i + 3; at < end; at += part + 1) {
		part = run(s, n, at, ALNUM);
		for (digits = k = 0; k < part; k++)
			digits += is(s[at + k], DIGIT) ? 1 : 0;
		if (part >= (digits ? 8 : 12))
			return at + run(s, n, at, WORD);
	}
	return 0;
}

static size_t
web_token(const char *s, size_t n, size_t i)
{
	size_t at, first, second;

	if (!shape_begins(s, n, i, "eyJ"))
		return 0;
	first = run(s, n - i > HEADER_MOST + 4 ? i + HEADER_MOST + 4 : n,
	    i + 3, WORD);
	if (first < 8 || first > HEADER_MOST)
		return 0;
	at = i + 3 + first;
	if (at == n || s[at++] != '.')
		return 0;
	second = run(s, n, at, WORD);
	if (second >= 4 && at + second < n && s[at + second] == '.')
		return at + run(s, n, at, DOTTED);
	return shape_begins(s, n, at, "eyJ") && second >= 7 ? at + second : 0;
}

static size_t
telegram_token(const char *s, size_t n, size_t i)
{
	size_t digits = run(s, n, i, DIGIT), more;

	if (digits < 8 || digits > 10 || !shape_begins(s, n, i + digits, ":AA"))
		return 0;
	more = run(s, n, i + digits + 3, WORD);
	return more >= 30 ? i + digits + 3 + more : 0;
}

static size_t
discord_token(const char *s, size_t n, size_t i)
{
	size_t first, last;

	if (s[i] != 'M' && s[i] != 'N' && s[i] != 'O')
		return 0;
	first = run(s, n, i + 1, WORD);
	i += 1 + first;
	if (first < 22 || first > 27 || i == n || s[i] != '.' ||
	    run(s, n, i + 1, WORD) != 6 || i + 7 == n || s[i + 7] != '.')
		return 0;
	last = run(s, n, i + 8, WORD);
	return last >= 27 ? i + 8 + last : 0;
}

/* The token at s[i]. Returns 1 with *f set, or 0. */
static int
is_token(const char *s, size_t n, size_t i, struct shape *f)
{
	static size_t (*const other[])(const char *, size_t, size_t) = {
		secret_key, web_token, telegram_token, discord_token
	};
	size_t end, k;

	if (!is_free(s, i))
		return 0;
	end = listed_token(s, n, i);
	for (k = 0; !end && k < LEN(other); k++)
		end = other[k](s, n, i);
	*f = (struct shape){ i, end };
	return end != 0;
}

/* The token that begins before s[at], which is in it. */
static int
find_token(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t i = at > TOKEN_BEFORE ? at - TOKEN_BEFORE : 0;

	for (; i <= at; i++)
		if (is_token(s, n, i, f) && f->to > at)
			return 1;
	return 0;
}

/* --- other shapes --------------------------------------------------------- */

/* The end of a line "-----BEGIN ... PRIVATE KEY-----" at s[i], or 0. */
static size_t
key_line(const char *s, size_t n, size_t i, const char *word)
{
	static const char name[] = "PRIVATE KEY";
	size_t from, k;

	if (!shape_begins(s, n, i, word))
		return 0;
	from = i + strlen(word);
	for (k = from; k <= from + 40 && k < n; k++) {
		if (shape_begins(s, n, k, name)) {
			k += strlen(name);
			if (shape_begins(s, n, k, " BLOCK"))
				k += 6;
			if (shape_begins(s, n, k, "-----"))
				return k + 5;
			k -= strlen(name);
		}
		if (!is(s[k], UPPER) && s[k] != ' ')
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
	while (f->to < n && (is(s[f->to], SPACE | ALNUM) ||
	    shape_is_one_of(s[f->to], "+/=\\:,-")))
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
		if (at < from || !shape_begins(s, n, at - from, bases[i]))
			continue;
		from = to = at - from + strlen(bases[i]);
		while (to < n && (is(s[to], WORD) || s[to] == '/' ||
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
	size_t len = run_until(s, n, at + 1, "\"'@/:");

	*f = (struct shape){ at + 1, at + 1 + len };
	return len && len <= 200 && (shape_begins(s, n, f->to, "@tcp(") ||
	    shape_begins(s, n, f->to, "@unix(")) &&
	    !is_placeholder(s + f->from, len);
}

static int
shape_base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Whether a text is "user:password" in base64. */
static int
is_basic(const char *s, size_t n)
{
	unsigned bits = 0, have = 0, byte;
	int digit, colon = 0;
	size_t i;

	while (n && s[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return 0;
	for (i = 0; i < n; i++) {
		digit = shape_base64_digit(s[i]);
		if (digit < 0)
			return 0;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		byte = bits >> have & 0xff;
		if (byte < 32 || byte == 127)
			return 0;
		colon |= byte == ':';
	}
	return colon;
}

static int
find_scheme(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t space;
	int bearer;

	bearer = shape_begins(s, n, at + 1, "earer") || shape_begins(s, n, at,
	    "BEARER");
	if (!is_free(s, at))
		return 0;
	at += bearer ? 6 : 5;
	space = shape_begins(s, n, at, "%20") ? 3 : run_blank(s, n, at, 3);
	if (!space)
		return 0;
	f->from = f->to = at + space;
	while (f->to < n && (is(s[f->to], DOTTED | BASE64) || s[f->to] == '~'))
		f->to++;
	if (f->to - f->from < 6)
		return 0;
	return bearer ? is_opaque(s + f->from, f->to - f->from) :
	    is_basic(s + f->from, f->to - f->from);
}

/* The value in "--password VALUE"; at is the second hyphen. */
static int
find_flag(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t name = run(s, n, at + 1, WORD), from = at + 1 + name, space;

	if (name < 3 || name > 40)
		return 0;
	space = run_blank(s, n, from, 3);
	from += space;
	if (!space || from == n || s[from] == '-')
		return 0;
	*f = (struct shape){ from, from + run_until(s, n, from, "\"'<>") };
	return f->to > f->from && secret_name(s + at + 1, name) &&
	    is_opaque(s + from, f->to - from) &&
	    !is_placeholder(s + from, f->to - from);
}

/* --- URLs ----------------------------------------------------------------- */

/* Whether s[i] begins a port that a path or the end of the URL follows. */
static int
is_port(const char *s, size_t n, size_t i)
{
	i += run(s, n, i, DIGIT);
	return i == n || shape_is_one_of(s[i], "/?#");
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

	end = from + run_until(s, n, from, "\"'<>/?#@:\\`");
	if (end < n && s[end] == '@') {
		*f = (struct shape){ from, end };
		for (i = from; i < end; i++)
			digits += is(s[i], DIGIT) ? 1 : 0;
		return end - from >= 16 && digits &&
		    run(s, end, from, WORD) == end - from;
	}
	if (end == n || s[end] != ':')
		return 0;
	from = end + 1;
	if (n - from > URL_MOST)
		n = from + URL_MOST;
	end = from + run_until(s, n, from, "\"'<>\\`");
	authority = from + run_until(s, end, from, "/?#");
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
	return f->to > from && !is_placeholder(s + from, f->to - from);
}

/* --- values after names --------------------------------------------------- */

static int
shape_is_name(char c)
{
	return is(c, DOTTED) || c == '[' || c == ']';
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
shape_name(const char *s, size_t at, size_t *from, int *spaced)
{
	size_t i = at, blank = 0, len;

	if (!nheads)
		prepare();
	if (i && s[i - 1] == ':')
		i--;
	while (i && blank < 2 && (s[i - 1] == ' ' || s[i - 1] == '\t')) {
		i--;
		blank++;
	}
	if (spaced)
		*spaced = blank > 0;
	i = quote_before(s, i);
	for (len = 0; len < i && len <= NAME_MOST && shape_is_name(
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
 * The value in ("NAME", "VALUE"), as programs print headers, and in "--NAME",
 * "VALUE"; at is the comma.
 */
static int
find_paired(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t end = quote_before(s, at), from = end, i, quote;

	while (from && end - from <= NAME_MOST && is(s[from - 1], DOTTED))
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
	i = at + 1 + run_blank(s, n, at + 1, 3);
	i += i < n && s[i] == 'b';
	quote = quote_length(s, n, i);
	if (!quote)
		return 0;
	f->from = i + quote;
	f->to = quoted_end(s, n, f->from, s + i, quote);
	for (i = f->from; i < f->to; i++)
		if ((s[i] < 'a' || s[i] > 'z') && s[i] != '_')
			return !is_placeholder(s + f->from, f->to - f->from);
	return 0;
}

/* The end of what an opening bracket at s[i] begins. */
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
		else if (shape_is_one_of(s[i], "{[("))
			depth++;
		else if (shape_is_one_of(s[i], "}])") && !--depth)
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
		if (s[i] == '-' || !is(s[i], WORD) ||
		    (start && is(s[i], DIGIT)))
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
 * Whether a value is an expression of a program: a call, an attribute, the name
 * of a variable between the arguments of a call.
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
		if (equals_lower(v, len, literals[i]))
			return 1;
	if (len == name->to - name->from &&
	    !strncasecmp(v, s + name->from, len))
		return 1;
	for (i = name->from; i && shape_is_one_of(s[i - 1], " \t\n"); i--)
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
		blank = run_blank(s, n, i + len, n);
		i += len + blank;
		if (!blank)
			return 0;
		for (len = i; i < n && !shape_is_one_of(s[i], "\r\n\"'\\"); i++)
			;
		/* one of the blanks may be the value */
		return i > len || blank > 1 ? i : 0;
	}
	return 0;
}

/* The end of the value of a header with cookies at s[i], or 0. */
static size_t
cookie_end(const char *s, size_t n, size_t i)
{
	size_t name = run(s, n, i, DOTTED), from;

	if (!name || i + name == n || s[i + name] != '=')
		return 0;
	for (i = from = i + name + 1; i < n &&
	    !shape_is_one_of(s[i], "\r\n\"'\\"); i++)
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
		if (equals_lower(s + name->from, name->to - name->from,
		    headers[k].name))
			f->to = headers[k].end(s, n, i);
	if (!f->to) {
		len = run_until(s, n - i > HEADER_MOST ? i + HEADER_MOST : n,
		    i, not);
		f->to = i + len;
		for (k = i; k + 3 <= f->to; k++)
			if (!memcmp(s + k, "://", 3))
				return 0;
		if (!is_opaque(s + i, len) || is_called(s, n, f->to) ||
		    (is_identifier(s + i, len, &dotted) && dotted))
			return 0;
		f->to = i + run_until(s, n, i, not);
	}
	return !is_placeholder(s + i, f->to - i);
}

/* The value after NAME and an equals sign; before is what NAME follows. */
static int
find_value(const char *s, size_t n, const struct shape *name, char before,
    size_t i, struct shape *f)
{
	const char *not = "\"'&;<>,\\(){}[]";

	*f = (struct shape){ i, i };
	if (before == ';') {
		while (f->to < n && !shape_is_one_of(s[f->to], "\"'&;<>\\\n"))
			f->to++;
	} else {
		if (before == '?' || before == '&')
			not = "\"'&;#<>\\";
		f->to += run_until(s, n, i, not);
	}
	if (is_placeholder(s + i, f->to - i))
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
		if (equals_lower(s, n, names[i]))
			return 1;
	return 0;
}

/* The value in NAME=VALUE and NAME: VALUE. */
static int
find_assigned(const char *s, size_t n, size_t at, struct shape *f)
{
	struct shape name;
	size_t len, i = at + 1, blank, quote;
	char before;
	int spaced, quoted;

	len = shape_name(s, at, &name.from, &spaced);
	if (!len)
		return 0;
	name.to = name.from + len;
	quoted = shape_is_one_of(s[name.to], "\"'\\");
	before = name.from ? s[name.from - 1] : '\n';
	if (before == '\\' && shape_is_one_of(s[name.from], "bfnrt")) {
		/* an escape, not a part of the name */
		name.from++;
		before = '\n';
	}
	if (!secret_name(s + name.from, name.to - name.from) &&
	    !is_signature(s + name.from, name.to - name.from, before))
		return 0;
	i += i < n && s[i] == '>';
	blank = run_blank(s, n, i, 3);
	i += blank;
	quote = quote_length(s, n, i);
	if (quote) {
		f->from = i + quote;
		f->to = quoted_end(s, n, f->from, s + i, quote);
		return !is_placeholder(s + f->from, f->to - f->from);
	}
	if (quoted && i < n && shape_is_one_of(s[i], "{[(")) {
		*f = (struct shape){ i, bracket_end(s, n, i) };
		return f->to > i + 2;
	}
	if (s[at] == ':')
		return find_header(s, n, &name, i, f);
	if ((spaced || blank) && before != '\n')
		return 0;
	return find_value(s, n, &name, before, i, f);
}

/* --- places --------------------------------------------------------------- */

typedef int check(const char *s, size_t n, size_t at, struct shape *f);

/* Whether the head of a prefix ends with s[at]. */
static int
ends_head(const char *s, size_t at)
{
	const struct head *h;

	if (!at)
		return 0;
	for (h = *chain_of(s + at + 1); h; h = h->next)
		if (h->n <= at + 1 && !memcmp(h->p, s + at + 1 - h->n, h->n))
			return 1;
	return 0;
}

/* The token of a prefix whose head ends with s[at]. */
static int
find_headed(const char *s, size_t n, size_t at, struct shape *f)
{
	const struct head *h;

	for (h = *chain_of(s + at + 1); h; h = h->next)
		if (h->n <= at + 1 && !memcmp(h->p, s + at + 1 - h->n, h->n) &&
		    is_token(s, n, at + 1 - h->n, f))
			return 1;
	return 0;
}

static check *
check_hyphen(const char *s, size_t n, size_t at)
{
	if (at >= 4 && shape_begins(s, n, at - 4, "-----BEGIN "))
		return find_key_block;
	if (at && s[at - 1] == '-' && (at == 1 || !shape_is_name(s[at - 2])) &&
	    at + 1 < n && is(s[at + 1], WORD))
		return find_flag;
	return NULL;
}

static check *
check_dot(const char *s, size_t n, size_t at)
{
	if (run(s, n, at + 1, WORD) == 6 && at + 7 < n && s[at + 7] == '.' &&
	    run(s, n, at + 8, WORD) >= 27)
		return find_token;
	if ((follows(s, at, "hooks") && shape_begins(s, n, at,
	    ".slack.com/")) ||
	    shape_begins(s, n, at, ".com/api/webhooks/") ||
	    shape_begins(s, n, at, ".office.com/webhookb2/"))
		return find_hook;
	return NULL;
}

static check *
check_colon(const char *s, size_t n, size_t at)
{
	struct shape f;
	size_t i;

	if (shape_begins(s, n, at, "://"))
		return find_in_url;
	if (shape_begins(s, n, at, ":AA") && run(s, n, at + 3, WORD) >= 30)
		return find_token;
	if (find_socket(s, n, at, &f))
		return find_socket;
	i = at + 1 + run_blank(s, n, at + 1, 3);
	return i < n && !is(s[i], SPACE) ? find_assigned : NULL;
}

static check *
check_b(const char *s, size_t n, size_t at)
{
	if (shape_begins(s, n, at + 1, "earer") || shape_begins(s, n, at + 1,
	    "asic"))
		return find_scheme;
	if (s[at] == 'B' && (shape_begins(s, n, at, "BEARER") ||
	    shape_begins(s, n, at, "BASIC")))
		return find_scheme;
	return NULL;
}

/* How to look at the place s[at], or NULL if it is none. */
static check *
check_at(const char *s, size_t n, size_t at)
{
	if (ends_head(s, at))
		return find_headed;
	switch (s[at]) {
	case '-':
		return check_hyphen(s, n, at);
	case '.':
		return check_dot(s, n, at);
	case ':':
		return check_colon(s, n, at);
	case ',':
		return at && (s[at - 1] == '"' || s[at - 1] == '\'') ?
		    find_paired : NULL;
	case '=':
		return at + 1 == n || s[at + 1] != '=' ? find_assigned : NULL;
	case 'B':
	case 'b':
		return check_b(s, n, at);
	default:
		return NULL;
	}
}

size_t
shape_seek(const char *s, size_t n, size_t i, int json)
{
	const unsigned char *p = (const unsigned char *)s;
	int wanted = json ? 3 : 1;

	if (!nheads)
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
