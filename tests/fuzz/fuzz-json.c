/*
 * For libFuzzer: lib/json on any bytes. The report of json_tell must not have a
 * contradiction, and must be the same with the portable code; any bytes written
 * as a string must be JSON, and be read back unchanged.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "json/json.h"
#include "json-tell.h"

/* The portable ones, which fuzz.sh renames. */
void portable_json_tell(struct buf *b, const char *s, size_t n);
void portable_json_put_text(struct buf *b, const char *s, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void
wrong(const char *what, struct buf *a, struct buf *b)
{
	fprintf(stderr, "fuzz-json: %s\n%s\n%s\n", what, buf_str(a),
	    buf_str(b));
	abort();
}

static int
same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

/* A verdict may have a '!' in it, and so may the last field. */
static int
has_contradiction(struct buf *told)
{
	const char *s = buf_str(told), *tab = strchr(s, '\t');
	size_t i, n = (size_t)(tab - s) + strcspn(tab + 1, "\t");

	for (i = 0; i < n; i++)
		if (s[i] == '!')
			return 1;
	return tab[1] == 'y' && strchr(strrchr(s, '\t'), '!');
}

static void
check_text(const char *s, size_t n)
{
	struct buf string = { 0 }, other = { 0 }, text = { 0 };
	struct json_span v;
	struct json_fault f;

	json_put_text(&string, s, n);
	portable_json_put_text(&other, s, n);
	if (!same(&string, &other))
		wrong("put_text differs", &string, &other);
	if (json_scan(string.p, string.len, 0, NULL, NULL, 0, &f))
		wrong("put_text writes no JSON", &string, &other);
	v.p = string.p;
	v.n = string.len;
	json_text(&text, v);
	if (utf8_check(s, n) == n && (text.len != n ||
	    (n && memcmp(text.p, s, n) != 0)))
		wrong("text reads otherwise", &string, &text);
	if (utf8_check(buf_str(&text), text.len) < text.len)
		wrong("text is no UTF-8", &string, &text);
	buf_release(&string);
	buf_release(&other);
	buf_release(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf told = { 0 }, other = { 0 };
	const char *s = size ? (const char *)data : "";

	json_tell(&told, s, size);
	portable_json_tell(&other, s, size);
	if (!same(&told, &other))
		wrong("the portable code says something else", &told, &other);
	if (has_contradiction(&told))
		wrong("a contradiction", &told, &other);
	check_text(s, size);
	buf_release(&told);
	buf_release(&other);
	return 0;
}
