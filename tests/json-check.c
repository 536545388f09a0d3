/*
 * Calls functions of the library for json.bats and yaml.bats. Reads lines
 * from stdin, in which %HH is a byte, and prints a line for each:
 *
 * scan		y: strict JSON, l: lax JSON, n: no JSON
 * tell		all that json-tell.h says
 * pretty	the value with indent 2
 * compact	the value without white space
 * number	a number as it is read, written again
 * canonical	its canonical form
 * get		PATH<tab>VALUE: what is at the path, or "-"
 * set		PATH<tab>VALUE<tab>NEW: VALUE with NEW at the path, or "-"
 * time		microseconds, and whether the time has an offset, or "-"
 * reading	how other YAML readers read a plain scalar, or "-"
 * deep N	(reads nothing) whether N nested arrays are JSON, then objects
 *
 * Built with JSON_ONLY it needs only util, buf, utf8 and json, and no foreign
 * library; it then has only scan, tell, pretty, compact, number and deep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json/json.h"
#include "base/util.h"
#ifndef JSON_ONLY
#include "json/path.h"
#include "json/tree.h"
#include "json/isotime.h"
#include "base/err.h"
#include "yaml/yamltype.h"
#endif
#include "json-tell.h"

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ?
	    c - 'A' + 10 : -1;
}

static size_t
decode(char *s, size_t n)
{
	size_t from, to = 0;

	for (from = 0; from < n; from++) {
		if (s[from] == '%' && from + 2 < n && hex(s[from + 1]) >= 0 &&
		    hex(s[from + 2]) >= 0) {
			s[to++] = (char)(hex(s[from + 1]) * 16 +
			    hex(s[from + 2]));
			from += 2;
		} else {
			s[to++] = s[from];
		}
	}
	return to;
}

/*
 * Scans the text in memory that ends with it, so that a read beyond its end is
 * found.
 */
static int
scan(const char *s, size_t n, unsigned take)
{
	struct json_fault f;
	char *exact = malloc(n ? n : 1);
	int r;

	memcpy(exact, s, n);
	r = json_scan(exact, n, take, NULL, NULL, 0, &f);
	if (r < 0 && f.at > n)
		printf("fault at %zu of %zu ", f.at, n);
	free(exact);
	return r >= 0;
}

static struct json_span
checked(const char *s, size_t n)
{
	struct json_span v = { s, n };

	if (!scan(s, n, JSON_LAX)) {
		fprintf(stderr, "not JSON: %.*s\n", (int)n, s);
		exit(1);
	}
	return v;
}

#ifndef JSON_ONLY
/* Cuts off and returns the text before the next tab. */
static char *
piece(char **rest)
{
	char *start = *rest, *tab = strchr(start, '\t');

	if (tab)
		*tab = '\0';
	*rest = tab ? tab + 1 : start + strlen(start);
	return start;
}

static void
say_of_others(const char *what, char *s, size_t n, struct buf *b)
{
	struct tree t = { 0 };
	struct json_span v;
	char *path, *root;
	const char *reading;
	int64_t us;
	int zoned;

	if (!strcmp(what, "canonical")) {
		if (tree_parse(&t, checked(s, n)))
			exit(1);
		tree_canonical(&t, 0, b);
		tree_release(&t);
	} else if (!strcmp(what, "get")) {
		path = piece(&s);
		v = path_get(checked(s, strlen(s)), path);
		if (v.p)
			buf_add(b, v.p, v.n);
		else
			buf_byte(b, '-');
	} else if (!strcmp(what, "set")) {
		path = piece(&s);
		root = piece(&s);
		v = checked(root, strlen(root));
		if (path_set(b, v, path, checked(s, strlen(s))))
			buf_byte(b, '-');
	} else if (!strcmp(what, "time")) {
		if (isotime_parse(s, n, &us, &zoned))
			buf_printf(b, "%lld %d", (long long)us, zoned);
		else
			buf_byte(b, '-');
	} else if (!strcmp(what, "reading")) {
		reading = yamltype_other_reading(s, n);
		buf_puts(b, reading ? reading : "-");
	} else {
		exit(1);
	}
}
#endif

/* The double is printed in hexadecimal, which shows each bit of it. */
static void
say_number(struct json_span v, struct buf *b)
{
	double d;

	if (!json_double(v, &d))
		return;
	json_add_double(b, NULL, d);
	buf_printf(b, " %a", d);
}

static void
say(const char *what, char *s, size_t n, struct buf *b)
{
	if (!strcmp(what, "scan"))
		buf_byte(b, scan(s, n, 0) ? 'y' : scan(s, n, JSON_LAX) ? 'l' :
		    'n');
	else if (!strcmp(what, "tell"))
		json_tell(b, s, n);
	else if (!strcmp(what, "pretty"))
		json_pretty(b, checked(s, n), 0);
	else if (!strcmp(what, "compact"))
		json_compact(b, checked(s, n));
	else if (!strcmp(what, "number"))
		say_number(checked(s, n), b);
	else
#ifdef JSON_ONLY
		exit(1);
#else
		say_of_others(what, s, n, b);
#endif
}

static void
deep(size_t n)
{
	struct buf b = { 0 };
	size_t i;

	buf_fill(&b, '[', n);
	buf_fill(&b, ']', n);
	printf("%d", scan(b.p, b.len, 0));
	b.len = 0;
	for (i = 0; i < n; i++)
		buf_puts(&b, "{\"a\":");
	buf_byte(&b, '0');
	buf_fill(&b, '}', n);
	printf("%d\n", scan(b.p, b.len, 0));
	buf_release(&b);
}

int
main(int argc, char **argv)
{
	struct buf b = { 0 };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	util_init(argv[0]);
	if (argc == 3) {
		deep((size_t)atol(argv[2]));
		return 0;
	}
	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			n--;
		n = (ssize_t)decode(line, (size_t)n);
		line[n] = '\0';
		b.len = 0;
		say(argv[1], line, (size_t)n, &b);
		buf_byte(&b, '\n');
		fwrite(b.p, 1, b.len, stdout);
		/* if it dies, the output ends before that line */
		fflush(stdout);
	}
	buf_release(&b);
	free(line);
	return 0;
}
