/*
 * scan FILE: measures the bytes of JSONL per second that are checked: by
 * json_scan, by json_scan and then json_pretty, by jsmn's tokenizer alone, and
 * by it with the checks that it leaves to its caller. Each is the median of
 * five times half a second or more, over all lines of the file in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#define JSMN_STATIC
#include <jsmn.h>

#include "base/util.h"
#include "base/warn.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "json/json.h"

#ifdef JSON_PORTABLE
#define BUILT "portable "
#else
#define BUILT ""
#endif
#define ROUNDS 5
#define SECONDS 0.5

/* Checks a line. Returns 1 if it is accepted. */
typedef int check_line(const char *s, size_t n);

static struct buf text;		/* the file */
static struct buf out;
static jsmntok_t *tokens;
static unsigned capacity;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
scan(const char *s, size_t n)
{
	static const char *const names[] = {
		"trace_id", "type", "input", "output"
	};
	struct json_span values[LEN(names)];
	struct json_fault f;

	return json_scan(s, n, JSON_LAX, names, values, LEN(names), &f) >= 0;
}

static int
scan_and_lay_out(const char *s, size_t n)
{
	struct json_span v = { s, n };

	if (!scan(s, n))
		return 0;
	out.len = 0;
	json_pretty(&out, v, 0);
	return 1;
}

/* Returns the number of tokens in a line, or a negative number. */
static int
tokenize(const char *s, size_t n)
{
	jsmn_parser p;
	int count;

	jsmn_init(&p);
	for (;;) {
		count = tokens ? jsmn_parse(&p, s, n, tokens, capacity) :
		    JSMN_ERROR_NOMEM;
		if (count != JSMN_ERROR_NOMEM)
			return count;
		/* the parser continues where it stopped */
		capacity = capacity ? capacity * 2 : 64;
		tokens = xreallocarray(tokens, capacity, sizeof(*tokens));
	}
}

static int
jsmn(const char *s, size_t n)
{
	return tokenize(s, n) > 0;
}

static const char *
digits(const char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* jsmn checks only the first character of a primitive. */
static int
is_primitive(const char *p, const char *end)
{
	const char *q;

	if (*p == 't' || *p == 'n')
		return end - p == 4 && !memcmp(p, *p == 't' ? "true" : "null",
		    4);
	if (*p == 'f')
		return end - p == 5 && !memcmp(p, "false", 5);
	if (*p == '-')
		p++;
	q = digits(p);
	if (q == p || (*p == '0' && q - p > 1))
		return 0;
	if (*q == '.') {
		p = q + 1;
		if ((q = digits(p)) == p)
			return 0;
	}
	if (*q == 'e' || *q == 'E') {
		p = q + 1 + (q[1] == '+' || q[1] == '-');
		if ((q = digits(p)) == p)
			return 0;
	}
	return q == end;
}

/* jsmn accepts control characters in a string. */
static int
is_string(const char *p, const char *end)
{
	for (; p < end; p++)
		if ((unsigned char)*p < 0x20)
			return 0;
	return 1;
}

static int
is_key(const jsmntok_t *t)
{
	return t->parent >= 0 && tokens[t->parent].type == JSMN_OBJECT;
}

/*
 * jsmn, and the mistakes that its tokens show. They do not show missing and
 * extra commas, and lone surrogates are not checked: json_scan finds more.
 */
static int
jsmn_and_check(const char *s, size_t n)
{
	const jsmntok_t *t;
	int i, count;

	if (utf8_check(s, n) < n || (count = tokenize(s, n)) < 1)
		return 0;
	for (i = 0; i < count; i++) {
		t = &tokens[i];
		if (is_key(t) && (t->type != JSMN_STRING || t->size != 1))
			return 0;
		if (t->type == JSMN_STRING && ((!is_key(t) && t->size) ||
		    !is_string(s + t->start, s + t->end)))
			return 0;
		if (t->type == JSMN_PRIMITIVE &&
		    !is_primitive(s + t->start, s + t->end))
			return 0;
	}
	return 1;
}

/* Checks all lines. Returns the number of those that were accepted. */
static size_t
pass(check_line *check)
{
	const char *p = text.p, *end = text.p + text.len, *q;
	size_t taken = 0;

	for (; p < end; p = q + 1) {
		q = memchr(p, '\n', (size_t)(end - p));
		taken += (size_t)check(p, (size_t)(q - p));
	}
	return taken;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(const char *name, check_line *check)
{
	double speed[ROUNDS], begin, took;
	size_t i, passes, taken = 0;

	for (i = 0; i < ROUNDS; i++) {
		begin = now();
		passes = 0;
		do {
			taken = pass(check);
			passes++;
			took = now() - begin;
		} while (took < SECONDS);
		speed[i] = (double)text.len * (double)passes / took;
	}
	qsort(speed, ROUNDS, sizeof(*speed), by_size);
	printf("%-32s %13.0f bytes/s  %zu lines taken\n", name,
	    speed[ROUNDS / 2], taken);
}

static int
any(const char *s, size_t n)
{
	return !n || *s;
}

static void
read_file(const char *name)
{
	FILE *f = fopen(name, "r");
	size_t n;

	if (!f)
		die("cannot open '%s'", name);
	while ((n = fread(buf_room(&text, 1 << 20), 1, 1 << 20, f)) > 0)
		text.len += n;
	fclose(f);
	if (!text.len || text.p[text.len - 1] != '\n')
		buf_byte(&text, '\n');
	/* a NUL, since a number at the end is read beyond it */
	buf_str(&text);
}

int
main(int argc, char **argv)
{
	util_init(argv[0]);
	if (argc != 2)
		die("usage: scan FILE");
	read_file(argv[1]);
	measure("line ends alone", any);
	measure(BUILT "json_scan", scan);
	measure(BUILT "json_scan, json_pretty", scan_and_lay_out);
	measure("jsmn", jsmn);
	measure("jsmn, checked", jsmn_and_check);
	buf_release(&text);
	buf_release(&out);
	free(tokens);
	return 0;
}
