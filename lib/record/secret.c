#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "chars.h"
#include "record.h"
#include "secret.h"
#include "secretname.h"
#include "shape.h"
#include "shapelogin.h"
#include "shapevalue.h"

static const char mask[] = "***";

#define KNOWN_LEAST 8		/* bytes of a known value */
#define LINE_MOST 4096		/* bytes of a line that waits for its end */
#define NAME_MOST SHAPELOGIN_REACH	/* bytes before a secret that tell that
					   it is one, and of a word */
#define KEY_MOST 200		/* bytes of a key that are examined */
#define BLOCK_MOST 16384	/* bytes of a private key without its end */

/* --- known values -------------------------------------------------------- */

static int
compare_lengths(const void *a, const void *b)
{
	const struct json_span *x = a, *y = b;

	return (x->n < y->n) - (x->n > y->n);
}

void
secret_values_add(struct secret_values *k, struct json_span text)
{
	if (text.n < KNOWN_LEAST)
		return;
	ALLOC_GROW(k->v, k->n + 1, k->cap);
	k->v[k->n++] = text;
}

int
secret_values_add_header(struct secret_values *k, const char *name,
    const char *value, struct json_span written)
{
	const char *space = strchr(value, ' ');

	if (strcasecmp(name, "cookie") != 0 &&
	    !secret_name(name, strlen(name)) &&
	    (!written.p || !memchr(written.p, '$', written.n)))
		return 0;
	if (space && !strchr(space + 1, ' '))
		value = space + 1;
	secret_values_add(k, (struct json_span){ value, strlen(value) });
	return 1;
}

/* Returns a copy of a value as in a JSON string, without the quotes. */
static struct json_span
json_form(struct json_span value)
{
	struct buf b = { 0 };
	struct json_span form;

	json_put_text(&b, value.p, value.n);
	form.n = b.len - 2;
	form.p = xmemdup(b.p + 1, form.n);
	buf_release(&b);
	return form;
}

void
secret_values_complete(struct secret_values *k)
{
	size_t i;

	if (!k->n)
		return;
	/* one that contains another is replaced as a whole */
	qsort(k->v, k->n, sizeof(*k->v), compare_lengths);
	k->json = xcalloc(k->n, sizeof(*k->json));
	for (i = 0; i < k->n; i++)
		k->json[i] = json_form(k->v[i]);
}

void
secret_values_mask(const struct secret_values *k, struct buf *b, size_t from,
    size_t least)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (k->json[i].n >= least)
			buf_replace(b, from, k->json[i].p, k->json[i].n, mask);
}

void
secret_values_release(struct secret_values *k)
{
	size_t i;

	for (i = 0; k->json && i < k->n; i++)
		free((void *)(uintptr_t)k->json[i].p);
	free(k->json);
	free(k->v);
	memset(k, 0, sizeof(*k));
}

/* --- text ---------------------------------------------------------------- */

static void
mask_shapes(struct buf *b, size_t from)
{
	const char *s = b->p + from;
	size_t n = b->len - from, at = 0, done = 0;
	struct buf masked = { 0 };
	struct shape f;

	while (shape_next(s, n, &at, &f)) {
		if (f.from < done)
			continue;
		buf_add(&masked, s + done, f.from - done);
		buf_puts(&masked, mask);
		done = at = f.to;
	}
	if (done) {
		buf_add(&masked, s + done, n - done);
		b->len = from;
		buf_add(b, masked.p, masked.len);
	}
	buf_release(&masked);
}

void
secret_mask_text(struct buf *b, size_t from, const struct secret_values *known)
{
	size_t i;

	for (i = 0; known && i < known->n && b->len > from; i++)
		buf_replace(b, from, known->v[i].p, known->v[i].n, mask);
	if (b->len > from)
		mask_shapes(b, from);
}

char *
secret_hide(const char *text)
{
	struct buf b = { 0 };

	buf_puts(&b, text);
	secret_mask_text(&b, 0, NULL);
	return buf_detach(&b, NULL);
}

int
secret_next(const char *p, size_t n, size_t *at, struct json_span *found)
{
	struct shape f;

	if (!shape_next(p, n, at, &f))
		return 0;
	*found = (struct json_span){ p + f.from, f.to - f.from };
	*at = f.to > *at ? f.to : *at;
	return 1;
}

/* The start of the first value that crosses cut, or cut. */
static size_t
crossing(struct json_span value, const char *p, size_t n, size_t cut)
{
	size_t i = cut >= value.n ? cut - value.n + 1 : 0, most;

	for (; i < cut; i++) {
		most = n - i < value.n ? n - i : value.n;
		if (p[i] == *value.p && !memcmp(p + i, value.p, most))
			return i;
	}
	return cut;
}

static size_t
cut_known(const char *p, size_t n, size_t cut,
    const struct secret_values *known)
{
	size_t longest = known->n ? known->v[0].n : 0, first = cut, at, i = 0;
	size_t least = cut > 2 * longest ? cut - 2 * longest : 0;

	while (i < known->n) {
		at = crossing(known->v[i], p, n, cut);
		/* an earlier cut may cross values that the other did not */
		i = at < cut ? 0 : i + 1;
		if (first == cut)
			first = at;
		/* a value that overlaps itself would be found forever */
		if (at < least)
			return first;
		cut = at;
	}
	return cut;
}

/* The start of a word that is at least NAME_MOST bytes before cut, or 0. */
static size_t
words_before(const char *p, size_t cut)
{
	size_t from = cut > NAME_MOST ? cut - NAME_MOST : 0;
	size_t least = from > NAME_MOST ? from - NAME_MOST : 0, i;

	for (i = from; i > least; i--)
		if (memchr(" \t\n", p[i - 1], 3))
			return i;
	return from;
}

/* Whether a line ends before p[i]: not after a backslash, which continues it. */
static int
is_line_start(const char *p, size_t i)
{
	return !i || (p[i - 1] == '\n' && (i < 2 || p[i - 2] != '\\'));
}

/*
 * Returns the start of the line with cut, as a secret is rarely in several
 * lines; of a long line, a place so far before cut that a name after it is in
 * one part with its value.
 */
static size_t
secret_cut_line(const char *p, size_t cut)
{
	size_t i = cut;

	while (!is_line_start(p, i) && cut - i < LINE_MOST)
		i--;
	return is_line_start(p, i) ? i : words_before(p, cut);
}

/*
 * Returns cut, or a place before a secret that crosses it or is incomplete, and
 * before what tells that it is a secret.
 */
static size_t
cut_shapes(const char *p, size_t n, size_t cut)
{
	size_t at = 0, least = cut > BLOCK_MOST ? cut - BLOCK_MOST : 0;
	struct shape f;

	while (shape_next(p, n, &at, &f) && f.from < cut) {
		if (f.from >= least && (f.to > cut || f.to == n))
			return secret_cut_line(p, f.from);
		if (f.to > at)
			at = f.to;
	}
	return cut;
}

size_t
secret_cut(const char *p, size_t n, size_t cut,
    const struct secret_values *known)
{
	size_t least = cut > BLOCK_MOST ? cut - BLOCK_MOST : 0, before;

	cut = secret_cut_line(p, cut);
	/* an earlier cut may cross what the other did not */
	do {
		before = cut;
		cut = cut_shapes(p, n, cut);
		if (known)
			cut = cut_known(p, n, cut, known);
	} while (cut < before && cut > least);
	return cut;
}

/* --- JSON ---------------------------------------------------------------- */

static int
is_value_name(const char *name, size_t n)
{
	return (n == 4 && !memcmp(name, "name", 4)) ||
	    (n == 3 && !memcmp(name, "key", 3)) ||
	    (n == 6 && !memcmp(name, "header", 6));
}

/* The length of the plain string that begins after the quote at s[i], or 0. */
static size_t
string_length(const char *s, size_t n, size_t i)
{
	const char *end;

	if (i >= n || s[i] != '"')
		return 0;
	end = memchr(s + i + 1, '"', n - i - 1);
	return end ? (size_t)(end - s) - i - 1 : 0;
}

static int
is_secret_string(const char *s, size_t n, size_t i)
{
	size_t len = string_length(s, n, i);

	return len && secret_name(s + i + 1, len);
}

/* Whether the text before an equals sign or a colon may name a secret. */
static int
is_secret_before(const char *s, size_t at)
{
	size_t from, len;

	/* tabs */
	while (at > 1 && s[at - 1] == 't' && s[at - 2] == '\\')
		at -= 2;
	len = shapevalue_name(s, at, &from, NULL);

	if (!len)
		return 0;
	/* after a backslash the first character may belong to an escape */
	return secret_name(s + from, len) || (from && s[from - 1] == '\\' &&
	    secret_name(s + from + 1, len - 1));
}

/* Whether the key that ends with the quote s[end] may be that of a secret. */
static int
is_secret_key(const char *s, size_t n, size_t end, size_t colon)
{
	size_t from = end, len;

	while (from && s[from - 1] != '"' && end - from < KEY_MOST)
		from--;
	len = end - from;
	if (memchr(s + from, '\\', len) || secret_name(s + from, len))
		return 1;
	colon += colon + 1 < n && s[colon + 1] == ' ';
	return is_value_name(s + from, len) &&
	    is_secret_string(s, n, colon + 1);
}

/* Whether a secret may be named at s[at], a character of JSON. */
static int
is_suspected_at(const char *s, size_t n, size_t at)
{
	size_t i = at;

	switch (s[at]) {
	case ':':
		while (i && (s[i - 1] == ' ' || s[i - 1] == '\t'))
			i--;
		if (i && s[i - 1] == '"' && (i < 2 || s[i - 2] != '\\'))
			return is_secret_key(s, n, i - 1, at);
		return is_secret_before(s, at);
	case '=':
		return is_secret_before(s, at);
	case '[':
		return is_secret_string(s, n, at + 1);
	case '-':
		if (!at || s[at - 1] != '-')
			return 0;
		for (i = at + 1; i < n && i - at < KEY_MOST &&
		    !memchr("\"\\ \t=", s[i], 5); i++)
			;
		return secret_name(s + at + 1, i - at - 1);
	case '\\':
		/* a tab after "Bearer" or "Basic" */
		if (at + 1 < n && s[at + 1] == 't')
			return at > 4 && chars_one_of(s[at - 1], "rcRC");
		/* an ASCII character that is written as an escape */
		return at + 1 < n && (s[at + 1] == '/' || (at + 4 < n &&
		    !memcmp(s + at, "\\u00", 4) && s[at + 4] >= '2' &&
		    s[at + 4] <= '7'));
	default:
		return 0;
	}
}

static int
has_known(const char *s, size_t n, struct json_span value)
{
	const char *at = s, *end = s + n;

	while ((size_t)(end - at) >= value.n && (at = memchr(at, *value.p,
	    (size_t)(end - at) - value.n + 1))) {
		if (!memcmp(at, value.p, value.n))
			return 1;
		at++;
	}
	return 0;
}

int
secret_suspected(const char *p, size_t n, const struct secret_values *known)
{
	struct shape f;
	size_t i;

	for (i = 0; (i = shape_seek(p, n, i, 1)) < n; i++)
		if (is_suspected_at(p, n, i) || shape_at(p, n, i, &f))
			return 1;
	for (i = 0; known && i < known->n; i++)
		if (has_known(p, n, known->json[i]))
			return 1;
	return 0;
}

/* Whether a value is shown even under the name of a secret. */
static int
is_kept(struct json_span v)
{
	struct json_span name;

	return json_type(v) <= JSON_BOOL || (json_type(v) == JSON_STRING &&
	    record_callable(v, &name));
}

/* Whether a string is the name of a secret. */
static int
names_secret(struct json_span v, struct buf *text)
{
	if (!json_is(v, JSON_STRING))
		return 0;
	text->len = 0;
	json_text(text, v);
	return text->len && secret_name(text->p, text->len);
}

/* Whether an object is {"name":NAME,"value":...} with the name of a secret. */
static int
has_secret_value(struct json_span object)
{
	static const char *const keys[] = { "name", "key", "header" };
	struct buf text = { 0 };
	int yes = 0;
	size_t i;

	for (i = 0; i < LEN(keys) && !yes; i++)
		yes = names_secret(json_get(object, keys[i]), &text);
	buf_release(&text);
	return yes;
}

static void mask_value(struct buf *b, struct json_span v, int in_list,
    const struct secret_values *known);

/* Appends a string with its secrets masked. */
static void
mask_string(struct buf *b, struct json_span v,
    const struct secret_values *known)
{
	struct buf text = { 0 }, masked = { 0 };

	json_text(&text, v);
	buf_add(&masked, text.p, text.len);
	secret_mask_text(&masked, 0, known);
	json_comma(b);
	if (masked.len == text.len && !memcmp(buf_str(&masked), buf_str(&text),
	    text.len))
		buf_add(b, v.p, v.n);
	else
		json_put_text(b, masked.p, masked.len);
	buf_release(&masked);
	buf_release(&text);
}

static void
mask_object(struct buf *b, struct json_span v,
    const struct secret_values *known)
{
	int whole = json_get(v, "value").p && has_secret_value(v), secret;
	struct json_span key = { 0 }, value;
	struct buf name = { 0 };
	struct json_iter it;

	json_open(b, NULL, '{');
	for (it = json_each(v); json_next(&it, &key, &value); ) {
		mask_string(b, key, known);
		buf_byte(b, ':');
		secret = names_secret(key, &name) ||
		    (whole && json_is_str(key, "value"));
		if (secret && !is_kept(value))
			json_add_str(b, NULL, mask);
		else
			mask_value(b, value, 0, known);
	}
	json_close(b, '}');
	buf_release(&name);
}

/* Whether a string is a word in small letters, as names of fields are. */
static int
is_plain_word(struct json_span v)
{
	size_t i;

	if (json_type(v) != JSON_STRING)
		return 0;
	for (i = 1; i + 1 < v.n; i++)
		if ((v.p[i] < 'a' || v.p[i] > 'z') && v.p[i] != '_')
			return 0;
	return 1;
}

/*
 * Whether a list is a pair whose second element is a secret. Two names, such as
 * ["password","email"], are not a pair, unless they are in a list, as headers
 * are.
 */
static int
is_secret_pair(struct json_span list, int in_list)
{
	struct json_span key, first, second, third;
	struct json_iter it = json_each(list);
	struct buf name = { 0 };
	int yes;

	if (!json_next(&it, &key, &first) || !json_next(&it, &key, &second) ||
	    json_next(&it, &key, &third))
		return 0;
	yes = names_secret(first, &name) &&
	    (in_list || !is_plain_word(second));
	buf_release(&name);
	return yes;
}

/* The arguments of a program, which a list may be, up to one of them. */
struct arguments {
	struct buf line;	/* the program, and the last argument */
	size_t program;		/* bytes of the program, or 0 */
};

/* Whether an element is a password, as one that follows "curl", "-u". */
static int
is_secret_argument(struct arguments *a, struct json_span v)
{
	struct buf text = { 0 };
	size_t from;
	int secret;

	if (json_type(v) != JSON_STRING) {
		a->line.len = a->program;
		return 0;
	}
	json_text(&text, v);
	secret = a->program && shapelogin_argument(&a->line, buf_str(&text),
	    text.len);
	a->line.len = a->program;
	from = shapelogin_program(buf_str(&text), text.len);
	if (from < text.len) {
		a->line.len = 0;
		buf_add(&a->line, text.p + from, text.len - from);
		a->program = a->line.len;
	} else if (a->program && text.len && *text.p == '-') {
		buf_byte(&a->line, ' ');
		buf_add(&a->line, text.p, text.len);
	}
	buf_release(&text);
	return secret;
}

static void
mask_array(struct buf *b, struct json_span v, int in_list,
    const struct secret_values *known)
{
	int pair = is_secret_pair(v, in_list), secret = 0;
	struct json_span key, value;
	struct arguments a = { 0 };
	struct buf name = { 0 };
	struct json_iter it;
	size_t i = 0;

	json_open(b, NULL, '[');
	for (it = json_each(v); json_next(&it, &key, &value); i++) {
		secret |= is_secret_argument(&a, value);
		if ((secret || (pair && i)) && !is_kept(value))
			json_add_str(b, NULL, mask);
		else
			mask_value(b, value, 1, known);
		/* the next one is the value of this option */
		secret = names_secret(value, &name) && name.len > 2 &&
		    !memcmp(name.p, "--", 2) && !memchr(name.p, '=', name.len);
	}
	json_close(b, ']');
	buf_release(&name);
	buf_release(&a.line);
}

static void
mask_value(struct buf *b, struct json_span v, int in_list,
    const struct secret_values *known)
{
	switch (json_type(v)) {
	case JSON_OBJECT:
		mask_object(b, v, known);
		break;
	case JSON_ARRAY:
		mask_array(b, v, in_list, known);
		break;
	case JSON_STRING:
		mask_string(b, v, known);
		break;
	default:
		json_add(b, NULL, v);
	}
}

void
secret_mask(struct buf *b, struct json_span v,
    const struct secret_values *known)
{
	mask_value(b, v, 0, known);
}
