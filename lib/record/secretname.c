#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "secretname.h"

/*
 * Names of secrets. Lists are words with a space around each. The lists of
 * lib/python/fluxloop/masking.py are the same.
 */

#define NAME_MAX_BYTES 200	/* a longer name is judged by its start */

static const char alone[] = " token password passwords passwd pwd pw "
    "passphrase passcode passkey secret secrets auth oauth authorization "
    "credential credentials creds cookie cookies bearer apikey apikeys jwt "
    "dsn otp totp ssn cvv cvc ";
/* as one word only: session_id is the name of a conversation */
static const char sessions[] = " sessionid phpsessid jsessionid ";
static const char endings[] = " password passwd passphrase secret secrets "
    "apikey apikeys ";
static const char key_owners[] = " api access private secret signing "
    "encryption decryption master service role account app admin consumer "
    "subscription functions auth session hmac aes jwt ssh rsa pgp gpg deploy "
    "webhook license shared "
    "openai anthropic claude gemini mistral cohere groq huggingface hf "
    "deepseek openrouter together replicate elevenlabs deepgram assemblyai "
    "pinecone tavily serper serpapi langfuse langsmith langchain stripe aws "
    "azure gcp sendgrid twilio mailgun slack github gitlab supabase algolia "
    "datadog cloudflare newrelic ";
static const char pat_owners[] = " gh github gitlab azure devops ado jira "
    "atlassian airtable bitbucket figma ";
static const char code_owners[] = " mfa otp totp verification recovery backup "
    "security login ";
static const char pass_owners[] = " db database sql mysql pg postgres "
    "postgresql redis mongo mongodb rabbitmq amqp smtp imap mail email ftp "
    "sftp ssh ldap proxy user admin root login account http basic wifi auth ";
static const char token_owners[] = " access auth api bearer refresh session "
    "id ";
/* before "token" only if no border divides the words: csrftoken */
static const char joined_tokens[] = " csrf csrfmiddleware xsrf bot user app "
    "client github gitlab slack hf jwt device push personal oauth sso saml "
    "security login verification reset ";
/* after its name these tell something about a secret */
static const char facts[] = " count counts limit limits usage budget length "
    "type types kind method methods scheme provider mode flow status expiry "
    "expires expired expiration ttl lifetime age policy rules strength name "
    "path file url uri endpoint ";
/* before KEY in the name of an environment variable: not secrets */
static const char plain_keys[] = " primary foreign public sort partition "
    "cache hash range row index unique composite natural lookup dict map "
    "object bucket group order join idempotency translation message state "
    "routing registry meta ";

/* Words that may follow the owners in a name of two words. */
static const struct {
	const char *owners;
	const char *things;
	int joined;		/* 1: also if no border divides the words */
} pairs[] = {
	{ key_owners, " key keys ", 1 },
	{ token_owners, " tokens ", 1 },
	{ key_owners, " sk ", 0 },
	{ pat_owners, " pat ", 0 },
	{ code_owners, " code codes ", 0 },
	{ pass_owners, " pass ", 0 },
};

/* A name in lower case, split into words. */
struct words {
	char text[NAME_MAX_BYTES];	/* without the characters between
					   words */
	size_t start[NAME_MAX_BYTES + 1];	/* offset of each word, and of
				   the end */
	size_t n;
};

static int
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static int
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether a word begins at s[i], which follows another word character. */
static int
is_border(const char *s, size_t n, size_t i)
{
	if (is_digit(s[i]) != is_digit(s[i - 1]))
		return 1;
	if (is_upper(s[i]) && is_lower(s[i - 1]))
		return 1;
	/* the last of several capitals begins a word: APIKey */
	return is_upper(s[i]) && is_upper(s[i - 1]) && i + 1 < n &&
	    is_lower(s[i + 1]);
}

static void
split_words(struct words *w, const char *s, size_t n)
{
	size_t i, len = 0;
	int in = 0, letter;

	w->n = 0;
	for (i = 0; i < n; i++) {
		letter = is_upper(s[i]) || is_lower(s[i]) || is_digit(s[i]);
		if (letter && (!in || is_border(s, n, i)))
			w->start[w->n++] = len;
		if (letter)
			w->text[len++] = is_upper(s[i]) ?
			    (char)(s[i] | 0x20) : s[i];
		in = letter;
	}
	w->start[w->n] = len;
}

/* Whether a list has a word of n bytes. */
static int
secretname_is_listed(const char *list, const char *word, size_t n)
{
	const char *p;

	if (!n)
		return 0;
	for (p = list; (p = strchr(p, ' ')) && p[1]; p++)
		if (!strncmp(p + 1, word, n) && p[1 + n] == ' ')
			return 1;
	return 0;
}

/* Whether a word ends in one of a list; it may be longer. */
static int
has_ending(const char *list, const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (secretname_is_listed(list, word + i, n - i))
			return 1;
	return 0;
}

/* Whether a word is an owner and a thing joined, such as accesskey. */
static int
is_joined(const char *word, size_t n)
{
	size_t i, k;

	for (i = 1; i < n; i++) {
		for (k = 0; k < LEN(pairs); k++)
			/* the shorter list first */
			if (pairs[k].joined &&
			    secretname_is_listed(pairs[k].things, word + i,
			    n - i) &&
			    secretname_is_listed(pairs[k].owners, word, i))
				return 1;
		if (secretname_is_listed(" token ", word + i, n - i) &&
		    (secretname_is_listed(token_owners, word, i) ||
		    secretname_is_listed(joined_tokens, word, i)))
			return 1;
	}
	return 0;
}

static int
is_pair(const struct words *w, size_t i)
{
	const char *first = w->text + w->start[i];
	const char *second = w->text + w->start[i + 1];
	size_t k, n = w->start[i + 1] - w->start[i];
	size_t m = w->start[i + 2] - w->start[i + 1];

	for (k = 0; k < LEN(pairs); k++)
		if (secretname_is_listed(pairs[k].things, second, m) &&
		    secretname_is_listed(pairs[k].owners, first, n))
			return 1;
	return 0;
}

static int
is_fact(const struct words *w, size_t i)
{
	return secretname_is_listed(facts, w->text + w->start[i],
	    w->start[i + 1] - w->start[i]);
}

/* Whether word i alone, or with the next one, names a secret. */
static int
secretname_names_secret(const struct words *w, size_t i)
{
	const char *word = w->text + w->start[i];
	size_t n = w->start[i + 1] - w->start[i];
	int last = i + 1 == w->n;

	if (!last && is_fact(w, i + 1))
		return 0;
	return secretname_is_listed(alone, word, n) ||
	    secretname_is_listed(sessions, word, n) ||
	    has_ending(endings, word, n) || is_joined(word, n) ||
	    (!last && is_pair(w, i));
}

/* Whether the name is that of a variable such as VENDOR_KEY or VENDOR_KEY_2. */
static int
is_key_variable(const struct words *w, const char *name, size_t len)
{
	size_t i, n = w->n;
	const char *last, *owner;

	for (i = 0; i < len; i++)
		if (!is_upper(name[i]) && !is_digit(name[i]) && name[i] != '_')
			return 0;
	while (n && is_digit(w->text[w->start[n - 1]]))
		n--;
	if (n < 2)
		return 0;
	last = w->text + w->start[n - 1];
	owner = w->text + w->start[n - 2];
	return secretname_is_listed(" key ", last,
	    w->start[n] - w->start[n - 1]) &&
	    !secretname_is_listed(plain_keys, owner,
	    w->start[n - 1] - w->start[n - 2]);
}

static int
judge(const char *name, size_t n)
{
	struct words w;
	size_t i;

	if (n > NAME_MAX_BYTES)
		n = NAME_MAX_BYTES;
	/* the shell's variable for the working directory */
	if (n == 3 && !memcmp(name, "PWD", 3))
		return 0;
	split_words(&w, name, n);
	if (w.n > 1 && is_fact(&w, w.n - 1))
		return 0;
	for (i = 0; i < w.n; i++)
		if (secretname_names_secret(&w, i))
			return 1;
	if (is_key_variable(&w, name, n))
		return 1;
	/* a border inside a word hides it: PassWord */
	return secretname_is_listed(alone, w.text, w.start[w.n]) ||
	    is_joined(w.text, w.start[w.n]);
}

int
secret_name(const char *name, size_t n)
{
	/* names repeat, and each is judged once */
	static struct {
		unsigned char n;
		unsigned char yes;
		char name[46];
	} cache[1024], *c;
	size_t i, hash = n;

	if (!n || n > sizeof(c->name))
		return judge(name, n);
	for (i = 0; i < n; i++)
		hash = hash * 31 + (unsigned char)name[i];
	c = &cache[(hash ^ hash >> 10) % LEN(cache)];
	if (c->n != n || memcmp(c->name, name, n) != 0) {
		c->yes = (unsigned char)judge(name, n);
		c->n = (unsigned char)n;
		memcpy(c->name, name, n);
	}
	return c->yes;
}
