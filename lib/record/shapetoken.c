#include <string.h>

#include "base/util.h"
#include "chars.h"
#include "shapetoken.h"

#define TOKEN_BEFORE 40		/* bytes of a token before its place */
/* limits of a search from a place, so that no text takes quadratic time */
#define KEY_MOST 128		/* bytes of a key up to an opaque part */
#define TOKEN_HEADER_MOST 4096	/* bytes of a web token's header */
#define RARE "-_.~AJKIzp/"		/* the last of these in a prefix is
					   its place */

/*
 * Tokens: prefixes, the class of the characters that follow, and their least
 * number. Prefixes and lengths are those that the issuers document; the least
 * number is below the real one where the prefix is unmistakable.
 */
static const struct token {
	const char *prefixes;	/* separated by spaces */
	int kind;
	size_t least;
} tokens[] = {
	{ "ghp_ gho_ ghu_ ghs_ ghr_", CHARS_ALNUM, 16 },
	{ "github_pat_", CHARS_WORD, 20 },
	{ "glpat- gldt- glrt- glptt- glcbt- glft- glsoat- glimt- glagent- "
	    "gloas- glffct-", CHARS_DOTTED, 16 },
	{ "xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-",
	    CHARS_WORD, 10 },
	{ "xoxe.xoxb- xoxe.xoxp-", CHARS_WORD, 10 },
	{ "AKIA ASIA ABIA ACCA", CHARS_UPPER, 16 },
	{ "AIza", CHARS_WORD, 30 },
	{ "ya29.", CHARS_WORD, 20 },
	{ "GOCSPX-", CHARS_WORD, 20 },
	{ "1//0", CHARS_WORD, 30 },
	{ "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_",
	    CHARS_ALNUM, 8 },
	{ "whsec_", CHARS_BASE64, 16 },
	{ "npm_", CHARS_ALNUM, 30 },
	{ "pypi-", CHARS_WORD, 30 },
	{ "rubygems_", CHARS_HEX, 32 },
	{ "hf_ api_org_", CHARS_ALNUM, 20 },
	{ "dckr_pat_ dckr_oat_", CHARS_WORD, 16 },
	{ "dop_v1_ doo_v1_ dor_v1_", CHARS_HEX, 32 },
	{ "SG.", CHARS_DOTTED, 40 },
	{ "shpat_ shpca_ shppa_ shpss_", CHARS_ALNUM, 20 },
	{ "sq0atp- sq0csp-", CHARS_WORD, 16 },
	{ "lin_api_ lin_oauth_", CHARS_ALNUM, 20 },
	{ "ntn_", CHARS_ALNUM, 30 },
	{ "secret_", CHARS_ALNUM, 32 },
	{ "dp.pt. dp.st. dp.sa. dp.ct.", CHARS_DOTTED, 20 },
	{ "PMAK- CFPAT- HRKU-", CHARS_WORD, 30 },
	{ "figd_", CHARS_WORD, 30 },
	{ "sbp_", CHARS_HEX, 32 },
	{ "nfp_ pnu_", CHARS_ALNUM, 30 },
	{ "pscale_tkn_ pscale_pw_ pscale_oauth_", CHARS_DOTTED, 24 },
	{ "pul-", CHARS_HEX, 32 },
	{ "sntrys_ sntryu_", CHARS_BASE64, 32 },
	{ "glc_", CHARS_BASE64, 24 },
	{ "glsa_", CHARS_WORD, 24 },
	{ "hvs. hvb. hvr.", CHARS_WORD, 20 },
	{ "atlasv1.", CHARS_WORD, 40 },
	{ "NRAK-", CHARS_UPPER, 20 },
	{ "gsk_", CHARS_ALNUM, 20 },
	{ "xai-", CHARS_ALNUM, 40 },
	{ "pplx-", CHARS_ALNUM, 30 },
	{ "tvly-", CHARS_WORD, 16 },
	{ "nvapi-", CHARS_WORD, 30 },
	{ "r8_", CHARS_ALNUM, 30 },
	{ "pcsk_", CHARS_WORD, 30 },
	{ "pa-", CHARS_WORD, 40 },
	{ "fw_", CHARS_ALNUM, 20 },
	{ "lsv2_pt_ lsv2_sk_", CHARS_WORD, 24 },
	{ "ls__ csk-", CHARS_ALNUM, 24 },
	{ "jina_", CHARS_WORD, 30 },
	{ "fc- key-", CHARS_HEX, 32 },
	{ "AGE-SECRET-KEY-", CHARS_UPPER, 50 },
	{ "ATATT3", CHARS_BASE64, 60 },
	{ "LTAI", CHARS_ALNUM, 16 },
	{ "shippo_live_ shippo_test_ sgp_ sgp_local_", CHARS_HEX, 32 },
	{ "SK dapi", CHARS_HEX, 32 },
	{ "EAAA", CHARS_WORD, 40 },
	{ "EAA ABSK", CHARS_BASE64, 60 },
	{ "AKCp", CHARS_ALNUM, 60 },
	{ "EZAK EZTK CLOJARS_", CHARS_ALNUM, 50 },
	{ "API-", CHARS_UPPER, 25 },
	{ "bedrock-api-key-", CHARS_BASE64, 24 },
	{ "v1.0-", CHARS_WORD, 100 },
	{ "duffel_live_ duffel_test_", CHARS_BASE64, 40 },
	{ "dt0c01. pat. sat.", CHARS_DOTTED, 50 },
	{ "FLWSECK- FLWSECK_TEST-", CHARS_WORD, 12 },
	{ "fm1a_ fm1r_ fm2_ ops_eyJ eyJrIjoi", CHARS_BASE64, 60 },
	{ "fo1_ fio-u- tk-us- xkeysib- rdme_", CHARS_WORD, 40 },
	{ "s-s4t2ud- s-s4t2af-", CHARS_HEX, 60 },
	{ "ico- p8e-", CHARS_ALNUM, 32 },
	{ "A3-", CHARS_WORD, 33 },
	{ "sha256~", CHARS_WORD, 40 },
	{ "sm_aat_ sm_pat_ sm_sat_", CHARS_ALNUM, 16 },
};
/* The prefixes of tokens that have a rule of their own. */
static const char other_prefixes[] = "sk- sk_ eyJ";

/* a head is a prefix up to its place; those with equal ends are chained */
static struct head {
	const char *p;
	size_t n;
	const struct head *next;
} heads[192];
static size_t nheads;
static const struct head *chains[256];

/* The chain of the heads that end in the two characters before end. */
static const struct head **
chain_of(const char *end)
{
	unsigned hash = (unsigned char)end[-2] * 31u + (unsigned char)end[-1];

	return &chains[hash % LEN(chains)];
}

static void
add_heads(const char *prefixes, unsigned char *stops)
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

void
shapetoken_prepare(unsigned char *stops)
{
	size_t i;

	for (i = 0; i < LEN(tokens); i++)
		add_heads(tokens[i].prefixes, stops);
	add_heads(other_prefixes, stops);
}

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
			more = chars_run(s, n, i + len, t->kind);
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

	if (!chars_begin(s, n, i, "sk") || n - i < 3 ||
	    (s[i + 2] != '-' && s[i + 2] != '_'))
		return 0;
	end = i + 3 + KEY_MOST < n ? i + 3 + KEY_MOST + 1 : n;
	end = i + 3 + chars_run(s, end, i + 3, CHARS_WORD);
	for (at = i + 3; at < end; at += part + 1) {
		part = chars_run(s, n, at, CHARS_ALNUM);
		for (digits = k = 0; k < part; k++)
			digits += chars_is(s[at + k], CHARS_DIGIT) ? 1 : 0;
		if (part >= (digits ? 8 : 12))
			return at + chars_run(s, n, at, CHARS_WORD);
	}
	return 0;
}

static size_t
web_token(const char *s, size_t n, size_t i)
{
	size_t at, first, second;

	if (!chars_begin(s, n, i, "eyJ"))
		return 0;
	first = chars_run(s, n - i > TOKEN_HEADER_MOST + 4 ?
	    i + TOKEN_HEADER_MOST + 4 : n, i + 3, CHARS_WORD);
	if (first < 8 || first > TOKEN_HEADER_MOST)
		return 0;
	at = i + 3 + first;
	if (at == n || s[at++] != '.')
		return 0;
	second = chars_run(s, n, at, CHARS_WORD);
	if (second >= 4 && at + second < n && s[at + second] == '.')
		return at + chars_run(s, n, at, CHARS_DOTTED);
	return chars_begin(s, n, at, "eyJ") && second >= 7 ? at + second : 0;
}

static size_t
telegram_token(const char *s, size_t n, size_t i)
{
	size_t digits = chars_run(s, n, i, CHARS_DIGIT), more;

	if (digits < 8 || digits > 10 || !chars_begin(s, n, i + digits, ":AA"))
		return 0;
	more = chars_run(s, n, i + digits + 3, CHARS_WORD);
	return more >= 30 ? i + digits + 3 + more : 0;
}

static size_t
discord_token(const char *s, size_t n, size_t i)
{
	size_t first, last;

	if (s[i] != 'M' && s[i] != 'N' && s[i] != 'O')
		return 0;
	first = chars_run(s, n, i + 1, CHARS_WORD);
	i += 1 + first;
	if (first < 22 || first > 27 || i == n || s[i] != '.' ||
	    chars_run(s, n, i + 1, CHARS_WORD) != 6 || i + 7 == n ||
	    s[i + 7] != '.')
		return 0;
	last = chars_run(s, n, i + 8, CHARS_WORD);
	return last >= 27 ? i + 8 + last : 0;
}

/* The token at s[i]. Returns 1 with *f set, or 0. */
static int
token_at(const char *s, size_t n, size_t i, struct shape *f)
{
	static size_t (*const other[])(const char *, size_t, size_t) = {
		secret_key, web_token, telegram_token, discord_token
	};
	size_t end, k;

	if (!chars_free(s, i))
		return 0;
	end = listed_token(s, n, i);
	for (k = 0; !end && k < LEN(other); k++)
		end = other[k](s, n, i);
	*f = (struct shape){ i, end };
	return end != 0;
}

/* Finds the token that contains s[at] and begins before it. */
int
shapetoken_find(const char *s, size_t n, size_t at, struct shape *f)
{
	size_t i = at > TOKEN_BEFORE ? at - TOKEN_BEFORE : 0;

	for (; i <= at; i++)
		if (token_at(s, n, i, f) && f->to > at)
			return 1;
	return 0;
}

/* Whether the head of a prefix ends with s[at]. */
int
shapetoken_ends_head(const char *s, size_t at)
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
int
shapetoken_headed(const char *s, size_t n, size_t at, struct shape *f)
{
	const struct head *h;

	for (h = *chain_of(s + at + 1); h; h = h->next)
		if (h->n <= at + 1 && !memcmp(h->p, s + at + 1 - h->n, h->n) &&
		    token_at(s, n, at + 1 - h->n, f))
			return 1;
	return 0;
}
