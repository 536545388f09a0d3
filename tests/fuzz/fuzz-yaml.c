/*
 * For libFuzzer: the YAML reader on any bytes. Its result must be JSON, with a
 * mark within the text for each key and value, and must be read back after
 * yamlout has written it. The entries of a document must be those of its list.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/out.h"
#include "json/json.h"
#include "json/tree.h"
#include "yaml/yamlin.h"
#include "yaml/yamlmark.h"
#include "yaml/yamlout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void
wrong(const char *what, struct buf *b)
{
	fprintf(stderr, "fuzz-yaml: %s\n%s\n", what, buf_str(b));
	abort();
}

/* Fills a file with these bytes; returns its descriptor, at the start. */
static int
file_of(FILE *f, const void *p, size_t n)
{
	int fd = fileno(f);

	if (ftruncate(fd, 0) || pwrite(fd, p, n, 0) != (ssize_t)n ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

static void
check_marks(const struct yamlin_reader *r, struct buf *json, size_t size)
{
	const struct yamlmark *m;
	struct tree t = { 0 };
	size_t i, n;

	m = yamlin_marks(r, &n);
	if (tree_parse(&t, json_buf(json)) || t.n != n)
		wrong("marks are missing or left over", json);
	for (i = 0; i < n; i++)
		if (m[i].start > m[i].end || m[i].end > size ||
		    !m[i].line || !m[i].col)
			wrong("a mark is outside the text", json);
	tree_release(&t);
}

/* Writes the JSON text, reads it back and compares. */
static void
check_written(FILE *f, struct buf *json)
{
	struct yamlin_reader *r;
	struct yamlout *y;
	struct out o;
	struct buf back = { 0 }, a = { 0 }, b = { 0 };
	struct tree t = { 0 };
	struct err e = { 0 };
	size_t line;

	out_init(&o, dup(file_of(f, "", 0)), 0);
	y = yamlout_new(&o, '[');
	buf_str(json);
	yamlout_value(y, json_buf(json));
	yamlout_bracket(y, ']');
	if (yamlout_close(y) || out_close(&o) || lseek(fileno(f), 0,
	    SEEK_SET) < 0)
		abort();
	r = yamlin_new(fileno(f), YAMLIN_ENTRIES, NULL, NULL);
	if (yamlin_next(r, &back, &line, &e) != 1)
		wrong(e.msg ? e.msg : "nothing is read back", json);
	tree_parse(&t, json_buf(json));
	tree_canonical(&t, 0, &a);
	tree_parse(&t, json_buf(&back));
	tree_canonical(&t, 0, &b);
	if (a.len != b.len || memcmp(a.p, b.p, a.len) != 0)
		wrong("something else is read back", json);
	tree_release(&t);
	buf_release(&a);
	buf_release(&b);
	buf_release(&back);
	yamlin_free(r);
}

/* Appends the units of a file as one JSON array. Returns yamlin_next's last. */
static int
read_units(int fd, enum yamlin_unit unit, struct buf *all, size_t size,
    FILE *again)
{
	struct yamlin_reader *r = yamlin_new(fd, unit, NULL, NULL);
	struct buf json = { 0 };
	struct json_fault f;
	struct err e = { 0 };
	size_t line;
	int got;

	json_open(all, NULL, '[');
	while ((got = yamlin_next(r, &json, &line, &e)) > 0) {
		if (json_scan(json.p, json.len, 0, NULL, NULL, 0, &f))
			wrong("not JSON", &json);
		if (unit == YAMLIN_DOCUMENTS) {
			check_marks(r, &json, size);
			check_written(again, &json);
		}
		json_add(all, NULL, json_buf(&json));
	}
	json_close(all, ']');
	if (got < 0 && !e.line)
		wrong("an error without a line", all);
	yamlin_free(r);
	buf_release(&json);
	err_release(&e);
	return got;
}

/*
 * Whether an object has several keys "inputs": only the last one is read here,
 * but all are read by entries.
 */
static int
is_ambiguous(struct json_span v)
{
	struct json_span key, value;
	struct json_iter it;
	int n = 0;

	if (json_type(v) == JSON_OBJECT)
		for (it = json_each(v); json_next(&it, &key, &value); )
			n += json_is_str(key, "inputs");
	return n > 1;
}

/* Appends the entries of the documents. Returns 0 if they are ambiguous. */
static int
put_entries(struct json_span documents, struct buf *b)
{
	struct json_span key, v, list;
	struct json_iter it, items;

	json_open(b, NULL, '[');
	for (it = json_each(documents); json_next(&it, &key, &v); ) {
		if (is_ambiguous(v))
			return 0;
		list = json_type(v) == JSON_OBJECT ? json_get(v, "inputs") : v;
		if (!json_is(list, JSON_ARRAY)) {
			json_add(b, NULL, v);
			continue;
		}
		for (items = json_each(list); json_next(&items, &key, &v); )
			json_add(b, NULL, v);
	}
	json_close(b, ']');
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *files[2];
	struct buf documents = { 0 }, entries = { 0 }, wanted = { 0 };
	int whole, parts;

	if (!files[0]) {
		files[0] = tmpfile();
		files[1] = tmpfile();
	}
	whole = read_units(file_of(files[0], data, size), YAMLIN_DOCUMENTS,
	    &documents, size, files[1]);
	parts = read_units(file_of(files[0], data, size), YAMLIN_ENTRIES,
	    &entries, size, NULL);
	if (whole == 0 && parts == 0 && put_entries(json_buf(&documents),
	    &wanted) && (wanted.len != entries.len ||
	    memcmp(wanted.p, entries.p, wanted.len) != 0))
		wrong("entries are not those of the document", &entries);
	buf_release(&documents);
	buf_release(&entries);
	buf_release(&wanted);
	return 0;
}
