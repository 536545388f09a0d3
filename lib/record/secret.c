#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "secret.h"

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

/* Appends the words of a name in lower case, with a space around each. */
static void
put_words(struct buf *b, const char *s, size_t n)
{
	size_t i;
	int in = 0, letter;

	buf_byte(b, ' ');
	for (i = 0; i < n; i++) {
		letter = is_upper(s[i]) || is_lower(s[i]) || is_digit(s[i]);
		if (in && (!letter || is_border(s, n, i)))
			buf_byte(b, ' ');
		if (letter)
			buf_byte(b, is_upper(s[i]) ? (char)(s[i] | 0x20) :
			    s[i]);
		in = letter;
	}
	buf_byte(b, ' ');
}

static int
has_any(const char *words, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strstr(words, list[i]))
			return 1;
	return 0;
}

/* Whether there is a word "token" that is not followed by a word of count. */
static int
has_token(const char *words)
{
	static const char *const counts[] = {
		"count ", "counts ", "limit ", "limits ", "usage ", "budget ",
		"length "
	};
	const char *p;
	size_t i;

	for (p = words; (p = strstr(p, " token ")); p += 6) {
		for (i = 0; i < LEN(counts); i++)
			if (!strncmp(p + 7, counts[i], strlen(counts[i])))
				break;
		if (i == LEN(counts))
			return 1;
	}
	return 0;
}

/* Whether two words, also if joined to one, are the name of a secret. */
static int
has_pair(const char *words, const char *joined)
{
	static const struct {
		const char *owner;
		const char *thing;
	} pairs[] = {
		{ "api", "key" }, { "access", "key" }, { "private", "key" },
		{ "secret", "key" }, { "signing", "key" },
		{ "encryption", "key" }, { "access", "token" },
		{ "auth", "token" }, { "api", "token" },
		{ "bearer", "token" }, { "refresh", "token" },
		{ "session", "token" }, { "id", "token" },
	};
	char text[64];
	size_t i, plural;

	for (i = 0; i < LEN(pairs); i++)
		for (plural = 0; plural < 2; plural++) {
			snprintf(text, sizeof(text), " %s %s%s ",
			    pairs[i].owner, pairs[i].thing, plural ? "s" : "");
			/* has_token has decided on a single token */
			if ((plural || *pairs[i].thing == 'k') &&
			    strstr(words, text))
				return 1;
			snprintf(text, sizeof(text), " %s%s%s ",
			    pairs[i].owner, pairs[i].thing, plural ? "s" : "");
			if (strstr(words, text) || !strcmp(joined, text))
				return 1;
		}
	return 0;
}

int
secret_name(const char *name, size_t n)
{
	static const char *const alone[] = {
		" password ", " passwords ", " passwd ", " pwd ",
		" passphrase ", " secret ", " secrets ", " auth ", " oauth ",
		" authorization ", " credential ", " credentials ",
		" cookie ", " cookies ", " bearer ", " apikey ", " apikeys ",
		" jwt "
	};
	struct buf words = { 0 }, joined = { 0 };
	size_t i;
	int yes;

	/* the shell's variable for the working directory */
	if (n == 3 && !memcmp(name, "PWD", 3))
		return 0;
	put_words(&words, name, n);
	buf_str(&words);
	/* without borders, for words with a capital inside: passWord */
	buf_byte(&joined, ' ');
	for (i = 0; i < words.len; i++)
		if (words.p[i] != ' ')
			buf_byte(&joined, words.p[i]);
	buf_byte(&joined, ' ');
	buf_str(&joined);
	yes = has_any(words.p, alone, LEN(alone)) || has_token(words.p) ||
	    has_pair(words.p, joined.p) ||
	    has_any(joined.p, alone, LEN(alone)) ||
	    !strcmp(joined.p, " token ");
	buf_release(&words);
	buf_release(&joined);
	return yes;
}

void
secret_mask(struct buf *b, struct json_span v)
{
	struct json_span key = { 0 }, value;
	struct json_iter it;
	int object = json_type(v) == JSON_OBJECT;

	if (json_type(v) < JSON_ARRAY) {
		json_add(b, NULL, v);
		return;
	}
	json_open(b, NULL, object ? '{' : '[');
	for (it = json_each(v); json_next(&it, &key, &value); ) {
		if (object) {
			json_add(b, NULL, key);
			buf_byte(b, ':');
		}
		if (object && secret_name(key.p + 1, key.n - 2) &&
		    !json_is(value, JSON_NULL))
			json_add_str(b, NULL, "***");
		else
			secret_mask(b, value);
	}
	json_close(b, object ? '}' : ']');
}
