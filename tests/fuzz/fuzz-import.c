/*
 * For libFuzzer: a file as fl-import reads it, of the kind that its first byte
 * names. The output has to be lines of JSON; the number of bad lines must not
 * depend on the kind of output; and a document laid out over several lines has
 * to be read as one on a single line.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "json/json.h"
#include "io/out.h"
#include "io/source.h"
#include "io/spill.h"
#include "import/import.h"
#include "import/outputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void
wrong(const char *what, struct buf *a, struct buf *b)
{
	fprintf(stderr, "fuzz-import: %s\n%s\n%s\n", what, buf_str(a),
	    b ? buf_str(b) : "");
	abort();
}

static void
ignore(const char *msg)
{
	(void)msg;
}

static int
spilled(const void *p, size_t n)
{
	int fd = spill_open();

	if (fd < 0 || spill_write(fd, p, n, 0))
		abort();
	return fd;
}

static const struct import_kind *kind;	/* of the input */

/* Imports n bytes, and appends the output. Returns the number of bad lines. */
static size_t
import(const void *p, size_t n, enum import_output what, struct buf *b)
{
	int from = spilled(p, n), to = spilled("", 0);
	char name[32];
	char *const files[] = { name };
	struct source s;
	struct out o;
	size_t bad;
	off_t end;

	snprintf(name, sizeof(name), "/dev/fd/%d", from);
	source_init(&s, files, 1, ignore);
	out_init(&o, dup(to), 0);
	if (import_run(kind, &s, &o, what) || s.failed || out_close(&o))
		abort();
	bad = s.bad;
	source_release(&s);
	end = lseek(to, 0, SEEK_END);
	if (end < 0 || spill_read(to, buf_room(b, (size_t)end), (size_t)end, 0))
		abort();
	b->len += (size_t)end;
	close(from);
	close(to);
	return bad;
}

static void
check_lines(struct buf *b)
{
	const char *p = buf_str(b), *end = p + b->len, *nl;
	struct json_fault f;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl || json_scan(p, (size_t)(nl - p), 0, NULL, NULL, 0,
		    &f) < 0)
			wrong("not JSON", b, NULL);
	}
}

/* Lays a document out over several lines. */
static void
check_layout(const uint8_t *data, size_t size, struct buf *one)
{
	struct json_span v = { (const char *)data, size };
	struct buf text = { 0 }, pretty = { 0 }, compact = { 0 }, line = { 0 };
	struct json_fault f;

	buf_add(&text, data, size);
	v.p = buf_str(&text);
	if (json_scan(v.p, size, 0, NULL, NULL, 0, &f) < 0)
		return buf_release(&text);
	v.p += strspn(v.p, " \t\r\n");
	json_pretty(&pretty, v, 0);
	v.p = buf_str(&pretty);
	v.n = pretty.len;
	json_compact(&compact, v);
	one->len = 0;
	import(pretty.p, pretty.len, IMPORT_TRACES, one);
	import(compact.p, compact.len, IMPORT_TRACES, &line);
	if (line.len != one->len || memcmp(buf_str(&line), buf_str(one),
	    line.len) != 0)
		wrong("it depends on the layout", one, &line);
	buf_release(&text);
	buf_release(&pretty);
	buf_release(&compact);
	buf_release(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = { 0 };
	enum import_output what;
	size_t bad = 0, again;

	/* a file begins with its kind, as a digit; others are OTLP */
	kind = import_kinds;
	if (size && *data >= '1' && *data < '0' + import_nkinds) {
		kind = &import_kinds[*data - '0'];
		data++;
		size--;
	}
	for (what = IMPORT_TRACES; what <= IMPORT_INPUTS; what++) {
		b.len = 0;
		again = import(data, size, what, &b);
		if (what && again != bad)
			wrong("it depends on the output", &b, NULL);
		bad = again;
		check_lines(&b);
	}
	check_layout(data, size, &b);
	buf_release(&b);
	return 0;
}
