/*
 * For libFuzzer: a line that an agent writes. The fields of a message must lie
 * in the line, and its numbers and texts be what message.h says.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json/json.h"
#include "run/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "fuzz-message: %s\n", what);
	abort();
}

static void
check_field(const struct message *m, enum message_field f, const char *line,
    size_t n)
{
	struct json_span v = m->v[f];
	struct buf text = { 0 }, json = { 0 };
	struct json_fault fault;
	unsigned count;

	if (v.p)
		check(v.p >= line && v.n && v.p + v.n <= line + n,
		    "a field is not in the line");
	message_text(m, f, &text);
	json_put_text(&json, text.p, text.len);
	check(json_scan(buf_str(&json), json.len, 0, NULL, NULL, 0,
	    &fault) >= 0, "a text cannot be written");
	count = message_count(m, f);
	check(count >= 1 && count <= 4096, "a count out of its range");
	buf_release(&text);
	buf_release(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m = { .type = MESSAGE_NONE };
	enum message_field f;
	char *line;

	/* of exactly that size, so that reading beyond its end is noticed */
	line = malloc(size ? size : 1);
	if (!line)
		abort();
	if (size)
		memcpy(line, data, size);
	message_read(&m, line, size);
	check(m.type == MESSAGE_NONE || !m.broken,
	    "a broken line is a message");
	check(!m.is_reply || m.broken, "a whole line is a broken reply");
	if (m.type != MESSAGE_NONE) {
		check(m.id >= MESSAGE_STRANGE, "an id that cannot be");
		check(message_clock(&m) >= 0, "a time before 1970");
		for (f = 0; f < MESSAGE_FIELDS; f++)
			check_field(&m, f, line, size);
	}
	free(line);
	return 0;
}
