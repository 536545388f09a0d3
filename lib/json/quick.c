#include <string.h>

#include "block.h"
#include "quick.h"

/* A longer string is not searched. */
#define PLAIN_MAX 512

/* White space before p, but not before start. */
static const char *
skip_back(const char *start, const char *p)
{
	while (p > start && json_is_space(p[-1]))
		p--;
	return p;
}

/*
 * The start of the plain string that ends before p, or NULL. A quotation mark
 * after no backslash is not escaped.
 */
static const char *
string_start(const char *start, const char *p)
{
	const char *q = p - 1;

	if (p == start || *q != '"')
		return NULL;
	while (q > start && p - q < PLAIN_MAX && json_is_plain(q[-1]) &&
	    (unsigned char)q[-1] < 0x80)
		q--;
	return q - start < 2 || q[-1] != '"' || q[-2] == '\\' ? NULL : q - 1;
}

int
quick_last(struct json_span text, const char *name, struct json_span *v)
{
	size_t n = strlen(name);
	const char *start = text.p;
	const char *p = skip_back(start, start + text.n), *q;

	if (p == start || *--p != '}')
		return 0;
	p = skip_back(start, p);
	if (!(q = string_start(start, p)))
		return 0;
	v->p = q;
	v->n = (size_t)(p - q);
	q = skip_back(start, q);
	if (q == start || *--q != ':')
		return 0;
	q = skip_back(start, q);
	p = string_start(start, q);
	return p && (size_t)(q - p) == n + 2 && !memcmp(p + 1, name, n);
}

/* The end of the plain string at p, or NULL. */
static const char *
string_end(const char *p, const char *end)
{
	const char *start = p;

	if (p == end || *p != '"')
		return NULL;
	for (p++; p < end && p - start < PLAIN_MAX && json_is_plain(*p); p++)
		;
	return p < end && *p == '"' ? p + 1 : NULL;
}

int
quick_begins(struct json_span text, const char *name)
{
	const char *p = text.p, *end = p + text.n, *key;
	size_t n = strlen(name);

	while (p < end && (*p == '{' || *p == ',')) {
		key = json_skip_space(p + 1, end);
		if (!(p = string_end(key, end)))
			return 0;
		if ((size_t)(p - key) == n + 2 && !memcmp(key + 1, name, n))
			return 1;
		p = json_skip_space(p, end);
		if (p == end || *p != ':')
			return 0;
		p = string_end(json_skip_space(p + 1, end), end);
		p = p ? json_skip_space(p, end) : end;
	}
	return 0;
}
