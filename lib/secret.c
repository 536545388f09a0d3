#include <string.h>
#include <strings.h>

#include "util.h"
#include "buf.h"
#include "json.h"
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

/* The word at or after *at: its start, and in *len its length (0: none). */
static size_t
next_word(const char *s, size_t n, size_t at, size_t *len)
{
	size_t i;

	while (at < n && !is_upper(s[at]) && !is_lower(s[at]))
		at++;
	for (i = at; i < n && (is_upper(s[i]) || is_lower(s[i])); i++) {
		if (i > at && is_upper(s[i]) && is_lower(s[i - 1]))
			break;
		/* the last capital of several begins a word: APIKey */
		if (i > at && is_upper(s[i]) && i + 1 < n &&
		    is_lower(s[i + 1]))
			break;
	}
	*len = i - at;
	return at;
}

static int
one_of(const char *const *words, size_t count, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(words[i]) == n && !strncasecmp(words[i], s, n))
			return 1;
	return 0;
}

int
secret_name(const char *name, size_t n)
{
	static const char *const alone[] = {
		"token", "password", "passwords", "passwd", "pwd",
		"passphrase", "secret", "secrets", "auth", "oauth",
		"authorization", "credential", "credentials", "cookie",
		"cookies", "bearer", "apikey", "jwt"
	};
	static const char *const before_key[] = {
		"api", "access", "private", "secret", "signing", "encryption"
	};
	static const char *const key[] = { "key", "keys" };
	/* a token that is counted is a piece of text, no secret */
	static const char *const counts[] = {
		"count", "counts", "limit", "limits", "usage", "budget",
		"length"
	};
	size_t at, len, then, then_len, last = 0, last_len = 0;

	/* the shell's variable for the current folder */
	if (n == 3 && !memcmp(name, "PWD", 3))
		return 0;
	for (at = next_word(name, n, 0, &len); len;
	    at = next_word(name, n, at + len, &len)) {
		then = next_word(name, n, at + len, &then_len);
		if (one_of(alone, LEN(alone), name + at, len) &&
		    !(one_of(alone, 1, name + at, len) &&
		    one_of(counts, LEN(counts), name + then, then_len)))
			return 1;
		if (one_of(key, LEN(key), name + at, len) &&
		    one_of(before_key, LEN(before_key), name + last, last_len))
			return 1;
		last = at;
		last_len = len;
	}
	return 0;
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
