#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "base/utf8.h"
#include "yamlbytes.h"

/* Bytes read at a time. */
#define PIECE ((size_t)64 << 10)

void
yamlbytes_init(struct yamlbytes *b, int fd)
{
	memset(b, 0, sizeof(*b));
	b->fd = fd;
	b->line = 1;
}

void
yamlbytes_release(struct yamlbytes *b)
{
	free(b->buf);
	err_release(&b->fault);
}

/* Counts the characters up to the next byte. */
static void
count_column(struct yamlbytes *b)
{
	for (; b->counted < b->pos; b->counted++)
		b->col += ((unsigned char)b->buf[b->counted] & 0xc0) != 0x80;
}

/*
 * Whether the n bytes at s, which are UTF-8, may have a character that YAML
 * forbids. Yes for bytes that begin one and others, too.
 */
static int
is_suspicious(const char *s, size_t n)
{
	unsigned char c;
	unsigned bad = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		c = (unsigned char)s[i];
		bad |= (unsigned)((c < 0x20) & (c != '\n') & (c != '\t') &
		    (c != '\r')) | (unsigned)(c == 0x7f) |
		    (unsigned)(c == 0xc2) | (unsigned)(c == 0xef);
	}
	return bad != 0;
}

/* Whether YAML forbids a character other than in escaped form. */
static int
is_forbidden(uint32_t c)
{
	if (c < 0x20)
		return c != '\n' && c != '\t' && c != '\r';
	return (c >= 0x7f && c < 0xa0 && c != 0x85) || c == 0xfffe ||
	    c == 0xffff;
}

/*
 * The number of bytes of n before the first forbidden character, which *c is
 * set to.
 */
static size_t
count_allowed(const char *s, size_t n, uint32_t *c)
{
	size_t i, len;

	if (!is_suspicious(s, n))
		return n;
	for (i = 0; i < n; i += len) {
		len = utf8_decode(s + i, n - i, c);
		if (is_forbidden(*c))
			return i;
	}
	return n;
}

static void
set_fault(struct yamlbytes *b, uint32_t c)
{
	b->ended = 1;
	if (!c)
		err_set(&b->fault, 1, 0, "NUL byte");
	else
		err_set(&b->fault, 1, 0, "the character U+%04X may only be "
		    "written as an escape in double quotes", (unsigned)c);
}

/* Checks the bytes that were read. */
static void
check_piece(struct yamlbytes *b)
{
	char *s = b->buf + b->len;
	size_t n = b->raw - b->len, good, allowed;
	uint32_t c;

	good = utf8_check(s, n);
	allowed = count_allowed(s, good, &c);
	b->len += allowed;
	if (allowed < good) {
		set_fault(b, c);
	} else if (good < n && (b->ended || !utf8_is_cut(s + good, n - good))) {
		b->ended = 1;
		err_set(&b->fault, 1, 0, "not UTF-8");
	}
}

/* Reads a piece after the bytes that are not consumed. */
static void
read_piece(struct yamlbytes *b)
{
	ssize_t n;

	count_column(b);
	if (b->pos) {
		memmove(b->buf, b->buf + b->pos, b->raw - b->pos);
		b->base += b->pos;
		b->raw -= b->pos;
		b->len -= b->pos;
		b->pos = b->counted = 0;
	}
	if (b->cap - b->raw < PIECE) {
		b->cap = grow(b->cap, b->raw + PIECE);
		b->buf = xrealloc(b->buf, b->cap);
	}
	do
		n = read(b->fd, b->buf + b->raw, PIECE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err_set(&b->fault, 0, 0, "%s", strerror(errno));
	b->ended = n <= 0;
	b->raw += n > 0 ? (size_t)n : 0;
	if (n >= 0)
		check_piece(b);
}

int
yamlbytes_more(struct yamlbytes *b, size_t n)
{
	while (b->len - b->pos < n && !b->ended)
		read_piece(b);
	if (b->len - b->pos >= n)
		return 1;
	b->saw_end = 1;
	return 0;
}

size_t
yamlbytes_break_at(struct yamlbytes *b, size_t i)
{
	switch (yamlbytes_at(b, i)) {
	case '\n':
		return 1;
	case '\r':
		return yamlbytes_at(b, i + 1) == '\n' ? 2 : 1;
	case 0xc2:
		return yamlbytes_at(b, i + 1) == 0x85 ? 2 : 0;
	case 0xe2:
		return yamlbytes_at(b, i + 1) == 0x80 &&
		    (yamlbytes_at(b, i + 2) | 1) == 0xa9 ? 3 : 0;
	default:
		return 0;
	}
}

void
yamlbytes_newline(struct yamlbytes *b, size_t n)
{
	b->pos += n;
	b->line++;
	b->col = 0;
	b->counted = b->pos;
}

size_t
yamlbytes_column(struct yamlbytes *b)
{
	count_column(b);
	return b->col;
}

int
yamlbytes_fault(struct yamlbytes *b, struct err *e)
{
	size_t n;

	if (!b->saw_end || !b->fault.msg)
		return 0;
	if (!b->fault.line)
		return err_set(e, 0, 0, "%s", b->fault.msg);
	while (b->pos < b->len) {
		n = yamlbytes_break_at(b, 0);
		if (n)
			yamlbytes_newline(b, n);
		else
			b->pos++;
	}
	return err_set(e, b->line, yamlbytes_column(b) + 1, "%s",
	    b->fault.msg);
}
